"""The text of web pages."""

import time

from folkmoot.tools.plain import text_of


def test_a_page_is_read_without_what_is_not_for_reading() -> None:
    page = """<html><head><title>News &amp; more</title><style>p { color: red }</style>
    <script>alert("no")</script></head><body><h1>Whales</h1><p>They   are <b>large</b>.</p>
    <template>no</template><svg><text>no</text></svg><ul><li>One</li><li>Two</li></ul></body>"""
    assert text_of(page) == "News & more\nWhales\nThey are large.\nOne\nTwo"


def test_what_is_not_closed_hides_the_rest() -> None:
    assert text_of("<p>a<script>b") == "a"
    assert text_of("<p>a<!-- b") == "a"
    assert text_of("a <p class=") == "a"


def test_what_is_no_tag_is_text() -> None:
    assert text_of("1 < 2 <3 &lt;b&gt;") == "1 < 2 <3 <b>"
    assert text_of("no page at all <") == "no page at all <"
    assert text_of("<!DOCTYPE html><?xml?>a<B>b</B>c<SCRIPT>d</Script >e") == "abc\ne"
    assert text_of("\u0130<STYLE>a</STYLE>b") == "\u0130"  # its small letter is two


def test_a_hostile_page_takes_no_longer_than_its_size() -> None:
    begun = time.monotonic()
    for part in ("<", "<a ", "<!--", "&#", "<svg>", "</svg", "<script", "&amp", "\n ", "<a>"):
        text_of(part * (1024 * 1024 // len(part)))
    assert time.monotonic() - begun < 60
