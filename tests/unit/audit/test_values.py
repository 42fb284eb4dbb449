"""Values of an event: no secret stays in them, whatever they are."""

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import orjson
import pytest

from folkmoot.audit import values

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "apiKey", "API_KEY", "client_secret", "refreshToken", "tokens"],
)
def test_what_is_a_secret_by_its_name_is_hidden_whatever_it_looks_like(name: str) -> None:
    shown = values.written({name: "harmless", "nested": {name: ["harmless", {"a": "b"}]}})
    assert shown is not None
    assert orjson.loads(shown) == {name: "[redacted]", "nested": {name: "[redacted]"}}


def test_what_looks_like_a_secret_is_hidden_wherever_it_stands() -> None:
    shown = values.written({"note": f"use {KEY}", "list": [f"and {KEY}"], KEY: 1})
    assert shown is not None
    assert KEY not in shown
    assert "use [redacted" in shown


@pytest.mark.parametrize(
    "name", ["max_tokens", "max_output_tokens", "maxOutputTokens", "tokens_used", "MAX_TOKENS"]
)
def test_how_many_tokens_a_model_may_write_is_no_secret(name: str) -> None:
    for value in (4096, "4096", {"from": 1024, "to": 4096}, ["4096", "unset"]):
        shown = values.written({name: value})
        assert shown is not None
        assert orjson.loads(shown) == {name: value}


@pytest.mark.parametrize(
    "name", ["pin_secret", "password", "refresh_tokens", "tokens", "max_tokens_secret", "input_key"]
)
def test_a_secret_that_is_a_number_is_hidden_too(name: str) -> None:
    for value in (4096, 0.25, "4096"):
        assert values.written({name: value}) == f'{{"{name}":"[redacted]"}}'


def test_whether_there_is_a_secret_is_none() -> None:
    given = {"has_secret": True, "password": None, "temperature": 0.5, "count": 3}
    shown = values.written(given)
    assert shown is not None
    assert orjson.loads(shown) == given


def test_anything_can_be_recorded() -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    number = UUID(int=7)
    shown = values.written(
        {
            "colour": Colour.RED,
            "at": moment,
            "id": number,
            "set": frozenset({"a"}),
            "huge": 2**70,
            "broken": "a\x00b\ud800",
            "infinite": float("nan"),
        }
    )
    assert shown is not None
    assert orjson.loads(shown) == {
        "colour": "red",
        "at": str(moment),
        "id": str(number),
        "set": ["a"],
        "huge": str(2**70),
        "broken": "a�b?",
        "infinite": None,
    }


def test_nothing_stays_nothing() -> None:
    assert values.written(None) is None
    assert values.written({}) == "{}"


def test_what_is_too_long_too_many_or_too_deep_is_cut() -> None:
    deep: dict[str, object] = {"end": "here"}
    for _ in range(50):
        deep = {"in": deep}
    shown = values.written({"long": "x" * 100_000, "many": list(range(1000)), "deep": deep})
    assert shown is not None
    assert len(shown) < 8_000
    assert orjson.loads(shown)["many"] == list(range(200))


def test_of_what_is_too_large_altogether_the_names_stay() -> None:
    shown = values.written({f"part {number}": "x" * 1_900 for number in range(30)})
    assert shown is not None
    assert list(orjson.loads(shown)) == [f"part {number}" for number in range(30)]
    assert len(shown) < 2_000
