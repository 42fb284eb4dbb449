"""Conditions on documents: what may be asked, and how it reaches the database.

A condition becomes a `jsonpath`, a parameter of one statement like any other. Values never stand in
it: they are its variables. Names do, as JSON writes strings.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from folkmoot.kit.fields import Moment
from folkmoot.kit.schema import Schema
from folkmoot.knowledge.storable import storable

DEEPEST: Final = 5
MOST: Final = 50
"""Conditions in all."""
OWN: Final = ("kind", "language", "title", "external_id")
MOMENTS: Final = ("created_at", "updated_at")
COMPARED: Final = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}
ONE: Final[dict[str, JsonValue]] = {
    "oneOf": [
        {"required": [name], "properties": {name: {"type": kind}}}
        for name, kind in {
            "field": "string",
            "all": "array",
            "any": "array",
            "not": "object",
        }.items()
    ]
}
"""What a condition is about: a field, or other conditions, and those in one way."""
FIELDS: Final = rf"^({'|'.join((*OWN, *MOMENTS))}|metadata\.[^\x00]+)$"

Text = Annotated[StrictStr, Field(max_length=1_000), AfterValidator(storable)]
Value = StrictBool | StrictInt | StrictFloat | Text
FieldName = Annotated[str, Field(max_length=200, pattern=FIELDS), AfterValidator(storable)]
Bound = StrictInt | StrictFloat | Text


class Condition(Schema):
    """What a document has to be like: a field compared with values, or other conditions joined."""

    model_config = ConfigDict(extra="forbid", serialize_by_alias=True, json_schema_extra=ONE)

    field: FieldName | None = Field(
        default=None,
        description="`metadata.` and a key of the documents' metadata, or one of `kind`,"
        " `language`, `title`, `external_id`, `created_at` and `updated_at`.",
        examples=["metadata.year"],
    )
    equals: Value | None = Field(
        default=None, description="The value, or one of the values where it is a list."
    )
    any_of: Annotated[list[Value], Field(min_length=1, max_length=200)] | None = None
    at_least: Bound | None = Field(
        default=None,
        description="Numbers are compared with numbers and texts with texts, letter by letter, so"
        " that dates written as ISO 8601 come in order.",
        examples=[2020],
    )
    above: Bound | None = None
    at_most: Bound | None = None
    below: Bound | None = None
    exists: StrictBool | None = Field(default=None, description="Whether there is any value.")
    all: Annotated[list["Condition"], Field(min_length=1, max_length=MOST)] | None = None
    any: Annotated[list["Condition"], Field(min_length=1, max_length=MOST)] | None = None
    not_: "Condition | None" = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _is_one(self) -> "Condition":
        joined = [each for each in (self.all, self.any, self.not_) if each is not None]
        compared = self.exactly or any(getattr(self, each) is not None for each in COMPARED)
        if len(joined) + (self.field is not None) != 1 or compared != (self.field is not None):
            raise PydanticCustomError(
                "condition", "A condition is a field with what it is compared with, or one of all,"
                " any and not"
            )  # fmt: skip
        if self.field is not None:
            _check_field(self, self.field)
        return self

    @property
    def exactly(self) -> bool:
        """Whether a value is looked for; to be equal to null is something to look for, too."""
        looked_for = "equals" in self.model_fields_set
        return looked_for or self.any_of is not None or self.exists is not None

    def inner(self) -> "Sequence[Condition]":
        """The conditions that this one joins."""
        return [*(self.all or ()), *(self.any or ()), *([self.not_] if self.not_ else ())]


def bounded(condition: Condition) -> Condition:
    """Refuse what is too deep or too much."""
    count, level = 0, [condition]
    for _ in range(DEEPEST):
        count += len(level)
        level = [inner for each in level for inner in each.inner()]
    if level or count > MOST:
        raise PydanticCustomError(
            "condition",
            "Conditions may be {deepest} deep and {most} in all",
            {"deepest": DEEPEST, "most": MOST},
        )
    return condition


Where = Annotated[Condition, AfterValidator(bounded)]


def _check_field(condition: Condition, name: str) -> None:
    if name in MOMENTS:
        if condition.exactly:
            raise PydanticCustomError("condition", "A moment is compared with bounds alone")
        for each in COMPARED:
            if (value := getattr(condition, each)) is not None:
                _seconds(value)


def _seconds(value: object) -> float:
    """Return a moment, or the day that it begins, in seconds."""
    try:
        return _MOMENT.validate_python(value).timestamp()
    except ValidationError:
        pass
    try:
        return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise PydanticCustomError("condition", "A date or a moment in ISO 8601 is needed") from None


_MOMENT: Final = TypeAdapter[datetime](Moment)


@dataclass(slots=True)
class Path:
    """A condition as PostgreSQL understands it: a path, and the variables in it."""

    text: str = ""
    variables: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, condition: Condition) -> "Path":
        """Translate a condition."""
        path = cls()
        path.text = path.said(condition)
        return path

    def said(self, condition: Condition) -> str:
        """Return a predicate that is true or false, and never unknown."""
        if condition.not_ is not None:
            return f"!({self.said(condition.not_)})"
        if condition.field is None:
            sign = " && " if condition.all is not None else " || "
            return "(" + sign.join(self.said(each) for each in condition.inner()) + ")"
        return "(" + " && ".join(self._compared(condition, condition.field)) + ")"

    def _compared(self, condition: Condition, name: str) -> Iterator[str]:
        own, _, key = name.partition(".")
        place = f"$.{own}" if name in (*OWN, *MOMENTS) else f"$.metadata.{json.dumps(key)}"
        if "equals" in condition.model_fields_set:
            yield _known(f"{place} == {self._variable(condition.equals)}")
        if condition.any_of is not None:
            yield _known(f"{place} == {self._variable(condition.any_of)}[*]")
        for each, sign in COMPARED.items():
            value = getattr(condition, each)
            if value is not None:
                bound = _seconds(value) if name in MOMENTS else value
                yield _known(f"{place} {sign} {self._variable(bound)}")
        if condition.exists is not None:
            yield f"{'' if condition.exists else '!'}(exists({place} ? (@ != null)))"

    def _variable(self, value: object) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = value
        return f"${name}"


def _known(predicate: str) -> str:
    """What cannot be compared is not alike."""
    return f"(({predicate}) && !(({predicate}) is unknown))"
