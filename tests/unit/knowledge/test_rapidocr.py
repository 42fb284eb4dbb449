"""RapidOCR behind the port for what recognises text. Its models are played, its answers are not."""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from folkmoot.knowledge.parsing import recognizing
from folkmoot.knowledge.parsing.recognizing import Recognized

BOX = [[98.0, 65.0], [755.0, 66.0], [755.0, 95.0], [98.0, 94.0]]


class Engine:
    """Answers as version 3 does: three lists, or none if there is nothing."""

    def __init__(self, params: dict[str, Any]) -> None:
        assert {value for name, value in params.items() if name.endswith("num_threads")} == {1}

    def __call__(self, pixels: Any) -> SimpleNamespace:
        if pixels.min() == pixels.max():
            return SimpleNamespace(txts=None, boxes=None, scores=None)
        return SimpleNamespace(txts=("Herons", "~"), boxes=[BOX, BOX], scores=(0.99, 0.2))


def test_lines_have_the_box_around_their_corners_and_guesses_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[str] = []
    vision = SimpleNamespace(
        setNumThreads=lambda _count: None,
        FONT_HERSHEY_SIMPLEX=0,
        putText=lambda _pixels, text, *_how: drawn.append(text),
    )
    monkeypatch.setitem(sys.modules, "cv2", vision)
    monkeypatch.setitem(sys.modules, "rapidocr", SimpleNamespace(RapidOCR=Engine))
    recognize = recognizing.loaded(recognizing.OWN)
    assert drawn == ["Heron"]
    blank = np.zeros((10, 10, 3), np.uint8)
    assert recognize(blank) == []
    blank[0, 0] = 255
    assert recognize(blank) == [Recognized("Herons", 98.0, 65.0, 755.0, 95.0)]
