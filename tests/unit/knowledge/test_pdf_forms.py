"""What is filled into the fields of a PDF's form."""

import io

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import libraries
from folkmoot.knowledge.parsing.kinds import Kind
from pdfs import form

TICK = b"/FT /Btn /AP << /N << /Member 3 0 R /Off 3 0 R >> >>"


def test_what_is_filled_into_a_form_is_read_at_its_page() -> None:
    fields = [
        b"/FT /Tx /T (n1) /TU (Your name) /V (Ada\\nLovelace)",
        b"/FT /Tx /T (n1b) /V (unnamed to people)",
        b"/FT /Tx /T (empty)",
        b"/FT /Ch /Ff 131072 /T (bird) /Opt [[(h) (Heron)] [(e) (Egret)]] /V (h)",
        b"/FT /Ch /Ff 2097152 /T (places) /Opt [(Marsh) (River) (Sea)] /V [(Marsh) (Sea)]",
        TICK + b" /T (state) /V /Member /AS /Member",
        TICK + b" /T (other) /V /Off /AS /Off",
        b"/FT /Btn /Ff 65536 /T (send) /V (not read)",
    ]
    parse = libraries.parser(Kind.PDF)
    parsed = parse(io.BytesIO(form(fields)), Limits(), lambda _done, _total: None)
    assert parsed.text.split("\n") == [
        "Who are you?",
        "",
        "Your name: Ada Lovelace",
        "n1b: unnamed to people",
        "bird: Heron",
        "places: Marsh, Sea",
        "state: Member",
    ]
    assert [(page.start, page.end) for page in parsed.pages] == [(0, len(parsed.text))]
