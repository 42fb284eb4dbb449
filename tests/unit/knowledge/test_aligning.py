import pytest

from folkmoot.knowledge.viewing.aligning import aligned

WADING = "heronswadeinshallowwater"
FLYING = "storksflytoafricainautumn"


@pytest.mark.parametrize(
    ("lines", "text", "places"),
    [
        ([[WADING], [FLYING]], WADING + FLYING, [[0], [24]]),
        ([[FLYING], [WADING]], WADING + FLYING, [[24], [0]]),
        ([["storks", "flytoafricainautumn"], ["a"]], FLYING + "ba", [[0, 6], [26]]),
        ([[FLYING], [FLYING], [FLYING]], FLYING * 2, [[0], [25], [None]]),
        ([["birds"], [WADING], ["birds"]], "birds" + WADING + "birds", [[0], [5], [29]]),
        ([["herons", "africa"], [FLYING]], "x" + FLYING + "herons", [[None, None], [1]]),
        ([["quantity", "delivery"]], "deliveryandquantity", [[11, 0]]),
        ([], "herons", []),
        ([["herons"]], "", [[None]]),
    ],
    ids=[
        "in order",
        "columns",
        "words",
        "thrice",
        "short ones",
        "no room",
        "cells",
        "-",
        "no text",
    ],
)
def test_lines_are_found_where_they_are_read(
    lines: list[list[str]], text: str, places: list[list[int | None]]
) -> None:
    assert aligned(lines, text) == places
