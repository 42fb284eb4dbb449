"""What JSON becomes."""

import io
import json

import pytest

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import records
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed


def read(text: str) -> Parsed:
    return records.parse(io.BytesIO(text.encode()), Limits(), lambda _done, _total: None)


def test_paths_become_headings_and_values_stand_behind_their_names() -> None:
    many = {f"n{n}": n for n in range(20)}
    text = '{"name": "Heron", "legs": 2.50, "wild": true, "eggs": null, "tags": ["a", "b"],'
    text += f'"at": {{"sea": {{"salt": 1}}}}, "counts": {json.dumps(many)},'
    text += '"tail": {"long": "yes"}}'
    parsed = read(text)
    assert parsed.text.split("\n\n") == [
        "name: Heron\nlegs: 2.50\nwild: true\neggs: null\ntags: a, b\nat.sea.salt: 1",
        "# counts",
        "\n".join(f"n{n}: {n}" for n in range(20)),
        "tail.long: yes",
    ]


def test_like_records_are_a_table_and_others_stand_one_by_one() -> None:
    like = read('{"birds": [{"name": "Heron", "n": 4}, {"name": "a|b", "at": "x"}]}')
    assert "| name | n | at |\n| --- | --- | --- |\n| Heron | 4 |  |\n| a\\|b |  | x |" in like.text
    long = {"title": "Herons", "parts": [{"text": "word " * 60}] * 13}
    other = read(json.dumps([long, {"text": "x" * 300}, 7, [8, 9]]))
    assert [each.title for each in other.headings] == ["[0]: Herons", "parts"]
    assert other.text.endswith("text: " + "x" * 300 + "\n\n- 7\n\n8, 9")


def test_a_long_table_tells_that_it_goes_on() -> None:
    reports: list[int] = []
    rows = json.dumps([{"a": number, "b": "x"} for number in range(30_000)])
    parsed = records.parse(
        io.BytesIO(rows.encode()), Limits(), lambda done, _total: reports.append(done)
    )
    assert parsed.text.count("\n") == 30_001
    assert {10_000, 20_000} <= set(reports)


def test_one_value_a_line_is_read_too() -> None:
    assert read('{"a": 1}\n\n{"a": 2}\n{"b": [1]}\n').text == "a: 1\n\na: 2\n\nb: 1"


def test_a_name_that_is_there_twice_and_what_is_no_number_are_told() -> None:
    assert read('{"a": 1, "a": 2, "b": NaN, "c": 1e999}').text == "a: 1\na: 2\nb: NaN\nc: 1e999"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1,\n "b" 2}', r"expecting ':' delimiter \(line 2, column 6\)"),
        ('{"a": 1}\n{"a": 2}\n{"a"', "Line 3 is no JSON"),
        ('{"a":' * 70 + "1" + "}" * 70, "more than 64 levels"),
        ("[" * 70 + "]" * 70, "more than 64 levels"),
    ],
)
def test_what_is_damaged_or_too_deep_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ParseFailed, match=reason):
        read(text)
