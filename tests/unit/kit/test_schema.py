"""JSON is taken for what it is: no number for a text, nor either for true or false."""

from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from folkmoot.kit.fields import Moment, Once
from folkmoot.kit.schema import Change, Schema


class Leaf(Schema):
    """Has fields whose names are words of Pydantic's own, too."""

    type: bool | None = None
    default: int | None = None
    metadata: dict[int, float] = Field(default={})
    either: int | str = 0
    leaf: "Leaf | None" = None


class Tree(Schema):
    leaves: list[Leaf]
    first: Leaf | None = None
    words: Annotated[list[str], Field(max_length=3), Once()] | None = None


class Renamed(Change):
    name: str | None = None


@pytest.mark.parametrize(
    "leaf",
    [
        {"type": 0},
        {"type": "true"},
        {"default": "1"},
        {"default": True},
        {"metadata": {"1": "2"}},
        {"metadata": {"1": False}},
        {"leaf": {"default": "1"}},
    ],
)
def test_nothing_is_taken_for_what_it_is_not_however_deep_it_stands(leaf: dict[str, Any]) -> None:
    for tree in ({"leaves": [leaf]}, {"leaves": [], "first": leaf}):
        with pytest.raises(ValidationError):
            Tree.model_validate(tree)


def test_what_is_the_same_in_json_is_taken() -> None:
    leaf = Leaf.model_validate(
        {"type": True, "default": 2.0, "metadata": {"1": 2}, "either": "3", "leaf": {}}
    )
    assert leaf == Leaf(type=True, default=2, metadata={1: 2.0}, either="3", leaf=Leaf())


def test_what_stands_twice_is_refused_and_the_description_says_so() -> None:
    with pytest.raises(ValidationError, match="Nothing may be named twice"):
        Tree.model_validate({"leaves": [], "words": ["a", "b", "a"]})
    words = Tree.model_json_schema()["properties"]["words"]["anyOf"][0]
    assert (words["uniqueItems"], words["maxItems"]) == (True, 3)


def test_a_change_changes_something() -> None:
    assert Renamed.model_validate({"name": None}).name is None
    with pytest.raises(ValidationError, match="Give something"):
        Renamed.model_validate({})
    assert Renamed.model_json_schema()["minProperties"] == 1


@pytest.mark.parametrize(
    "given", [0.5, "0.5", "1577836800", True, "2020-01-01", "2020-01-01T00:00"]
)
def test_a_moment_is_a_date_and_a_time_in_writing_with_an_offset(given: object) -> None:
    moments = TypeAdapter[object](Moment)
    assert str(moments.validate_python("2020-01-01T00:00:00Z")) == "2020-01-01 00:00:00+00:00"
    with pytest.raises(ValidationError):
        moments.validate_python(given)
