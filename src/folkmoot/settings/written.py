"""What values of settings are written as."""

from typing import Annotated, Final

from pydantic import Field

WRITTEN: Final = r"^[^\x00]*[^\s\x00-\x1f\x7f-\x9f\ufeff][^\x00]*$"
"""Text that is more than blanks, whatever a regular expression's dialect counts as one."""

ModelName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}:[A-Za-z0-9/~.][A-Za-z0-9_./:@+~-]{0,255}$",
        examples=["openai:gpt-5"],
    ),
]

ToolPattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:*/-]{1,128}$")]
CallWritten = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_.:*/-]{1,128}"
        r"(\([A-Za-z0-9_-]{1,64}=[^(),=\x00-\x1f]{1,200}"
        r"(,[A-Za-z0-9_-]{1,64}=[^(),=\x00-\x1f]{1,200}){0,9}\))?$"
    ),
]
HostPattern = Annotated[str, Field(pattern=r"^[a-z0-9*.-]{1,253}$")]
