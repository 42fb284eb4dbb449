"""What models take, where neither their providers nor their names say so."""

from typing import Annotated

from pydantic import ConfigDict, Field

from folkmoot.kit.schema import Schema


class ModelAbilities(Schema):
    """What a model is shown as it is; what is not said here is found out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}:[^\s*]{0,255}\*?$")] = (
        Field(description="`provider:name`; with a `*` at its end, every name that begins so.")
    )
    images: bool | None = Field(default=None, description="Whether it is shown pictures.")
    files: bool | None = Field(default=None, description="Whether it reads PDF files itself.")
