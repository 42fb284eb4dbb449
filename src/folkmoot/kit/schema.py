"""The base of what requests, answers and stored documents look like."""

import warnings
from contextlib import suppress
from typing import Any, Final, Self, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic.warnings import UnsupportedFieldAttributeWarning
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

# FastAPI gives the names of parameters where Pydantic has no use for them. It silences that while
# it puts a route together; the validators here are made later.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)

SAID_BESIDES: Final = frozenset({"metadata", "serialization", "default", "expected", "keys_schema"})
"""Parts of a validator's plan in which no values are described; the names of JSON are texts."""


class Schema(BaseModel):
    """A model of JSON, in which a number is no text, and neither is true or false.

    Its validator is made when it is first needed. There are hundreds, and each of their routes has
    its own: made at once, they take a second of the start of every process and 4 MB for good.
    """

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the plan of the validator, in which nothing is taken for what it is not."""
        made = handler(source)
        # It may stand within itself, and its plan is being made further up.
        with suppress(LookupError):
            _distinguish(handler.resolve_ref_schema(made))
        return made


class Change(Schema):
    """What may be changed of something, of which something has to be given."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("change", "Give something that is to be changed")
        return self


def _counted(value: object) -> object:
    """Refuse what Pydantic would take for a number and JSON does not."""
    if isinstance(value, bool | str):
        raise PydanticCustomError("number_type", "Input should be a valid number")
    return value


COUNTED: Final = {"type": "no-info", "function": _counted}
"""What stands before a number that is looked at already."""


def _distinguish(plan: object) -> None:
    """Have a validator refuse texts as numbers, and both as true or false, in place."""
    if isinstance(plan, list | tuple):
        for each in cast(list[object], plan):
            _distinguish(each)
    elif isinstance(plan, dict):
        part = cast(dict[str, Any], plan)
        kind = part.get("type")
        if kind == "bool":
            part["strict"] = True
        elif kind in ("int", "float"):
            inner = cast(CoreSchema, part.copy())
            part.clear()
            part.update(core_schema.no_info_before_validator_function(_counted, inner))
        elif part.get("function") != COUNTED:
            # Where the kind is no word these are names, each with a plan.
            besides = SAID_BESIDES if isinstance(kind, str) else frozenset[str]()
            _distinguish([part[name] for name in part if name not in besides])
