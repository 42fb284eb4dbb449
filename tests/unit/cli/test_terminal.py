"""Text that came from elsewhere cannot steer a terminal."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.cli import terminal

ORDERS = (
    "\x1b[2J",  # clear the screen
    "\x1b]0;title\x07",  # rename the window
    "\x9b31m",  # the same as ESC [ in one character
    "\x08\x08\x08",  # go back over what is there
    "\x7f",
    "\u202egnp.exe",  # read the rest backwards
)


@pytest.mark.parametrize("order", ORDERS)
def test_orders_to_the_terminal_are_shown_and_not_obeyed(order: str) -> None:
    shown = terminal.inert(f"before{order}after")
    assert not set(shown) & set("\x1b\x07\x08\x7f\x9b\u202e")
    assert shown.startswith("before")
    assert shown.endswith("after")


def test_lines_tabs_and_letters_stay_what_they_are() -> None:
    text = "Zażółć\tgęślą\n日本語 👍 שלום"
    assert terminal.inert(text) == text


def test_a_carriage_return_cannot_hide_the_beginning_of_a_line() -> None:
    assert terminal.inert("rm -rf /\recho hi  \r\nnext") == "rm -rf /echo hi  \nnext"


@given(st.text())
def test_json_says_the_same_and_holds_no_control_characters(text: str) -> None:
    written = terminal.as_json({"text": text})
    assert json.loads(written) == {"text": text}
    assert all(terminal.inert(character) == character for character in written)


def test_json_of_lone_surrogates_can_be_written() -> None:
    assert terminal.as_json("\ud800").encode() == b'"\\ud800"'


def test_columns_stand_under_their_names_whatever_the_width_of_the_letters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows: list[terminal.Row] = [
        {"name": "日本", "size": 1},
        {"name": "e\u0301te", "size": None},
        {"name": "a\nb"},
    ]
    terminal.show_table(rows, ("name", "size"), empty="")
    assert capsys.readouterr().out == "name  size\n日本  1\ne\u0301te\na b\n"


def test_an_empty_table_is_a_remark_and_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_table([], ("name",), empty="There is nothing.")
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "There is nothing.\n")


def test_moments_are_told_in_local_time() -> None:
    assert len(terminal.moment("2026-11-21T11:00:34.662662Z")) == len("2026-11-21 11:00:34")
    assert terminal.moment(None) == ""


def test_moments_are_written_into_json_as_the_api_writes_them() -> None:
    moment = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
    assert json.loads(terminal.as_json({"at": moment})) == {"at": "2026-07-01T12:30:00+00:00"}
