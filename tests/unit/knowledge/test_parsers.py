"""What files of each kind become, without the process they are read in."""

import io
import time
from importlib import import_module

import pytest

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import libraries
from folkmoot.knowledge.parsing.kinds import Kind
from folkmoot.knowledge.parsing.parsed import Parsed


def read(kind: str, text: str) -> Parsed:
    parse = libraries.parser(Kind(kind))
    return parse(io.BytesIO(text.encode()), Limits(), lambda _done, _total: None)


def test_front_matter_is_left_out() -> None:
    front = "---\ntitle: A: b\ntags:\n  - one\n- two\n\n# a comment\nlast edited: 2024\n...\n"
    assert read("markdown", front + "Text").text == "Text"


@pytest.mark.parametrize("first", ["", "Words, and more: words", "- a", "key: value\nWords\n"])
def test_a_rule_at_the_beginning_takes_nothing_away(first: str) -> None:
    text = f"---\n{first}\nBetween two rules\n\n---\n\nText"
    assert "Between two rules" in read("markdown", text).text


@pytest.mark.parametrize("kind", ["markdown", "html"])
def test_a_long_heading_stays_whole_in_the_text(kind: str) -> None:
    words = " ".join(f"word-{n}" for n in range(100))
    text = f"# {words}\n" if kind == "markdown" else f"<h1>{words}</h1>"
    parsed = read(kind, text)
    assert parsed.text == f"# {words}"
    (heading,) = parsed.headings
    assert len(heading.title) <= 300
    assert parsed.text.startswith(f"# {heading.title}", heading.start)


def test_a_page_that_is_one_form_is_read() -> None:
    page = "<body><form><div>Seen<input value=no></div><button>Send</button></form></body>"
    assert read("html", page).text == "Seen"


def test_nothing_in_a_table_gets_lost() -> None:
    page = """<table><caption>Herons|1</caption><tr><th>Name<th>Food
    <tr><td>Grey<td><ul><li>fish<li>frogs</ul>and<p>more</p>
    <tr>stray<td>before<table><caption>inner</caption><tr><td>in</table>after<td>right</table>end"""
    assert read("html", page).text.split("\n") == [
        "Herons|1",
        "",
        "| Name | Food |",
        "| --- | --- |",
        "| Grey | fish frogs and more |",
        "| stray | before |",
        "| inner |",
        "| in |",
        "| after | right |",
        "",
        "end",
    ]


def test_a_quoted_cell_may_have_several_lines() -> None:
    table = 'name,text\r\nAda,"one\r\ntwo, three"\r\nAlan,a\x0bb\n'
    assert read("csv", table).text == "name: Ada; text: one two, three\nname: Alan; text: a b"


def test_old_line_ends_separate_rows() -> None:
    assert read("csv", "name,born\rAda,1815\r").text == "name: Ada; born: 1815"


def test_every_kind_has_its_parser() -> None:
    assert all(callable(import_module(path).parse) for path in libraries.PARSERS.values())


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("## Herons ##", "Herons"),
        ("# Herons", "Herons"),
        ("# Learning C#", "Learning C#"),
        ("# C# and F# #", "C# and F#"),
    ],
)
def test_marks_that_close_a_heading_are_no_part_of_it(line: str, title: str) -> None:
    assert [each.title for each in read("markdown", f"{line}\n\nThey wade.").headings] == [title]


def test_a_heading_of_marks_is_soon_read() -> None:
    """One of five megabytes took the square of that."""
    marks = "#" * 5_000_000
    begun = time.process_time()
    assert marks in read("markdown", f"# {marks}x").text
    assert time.process_time() - begun < 10


def test_lists_in_a_hundred_lists_make_no_line_longer_than_some() -> None:
    text = read("html", f"<html><body>{'<ul>' * 100}<li>{'x<br>' * 1_000}").text
    assert text.count("x") == 1_000
    assert len(text) < 50_000
