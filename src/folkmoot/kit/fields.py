"""Fields that several of our models have, and query parameters."""

import re
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

DATED: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


class Once:
    """Marks a list in which nothing may stand twice."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Look when everything in the list is known to fit."""
        return core_schema.no_info_after_validator_function(once, handler(source))

    def __get_pydantic_json_schema__(
        self, made: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell it in the description, too."""
        return {**handler(made), "uniqueItems": True}


def once(values: list[str]) -> list[str]:
    """Fail if something stands twice in a list."""
    if len(set(values)) < len(values):
        raise PydanticCustomError("twice", "Nothing may be named twice")
    return values


def _written(moment: object) -> object:
    """Refuse a number, which Pydantic would take for a moment."""
    if isinstance(moment, int | float) or (isinstance(moment, str) and not DATED.match(moment)):
        raise PydanticCustomError("datetime_type", "Input should be a date and time in writing")
    return moment


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
"""A moment as it comes in, with its offset from UTC."""
