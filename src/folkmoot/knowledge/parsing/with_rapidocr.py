"""RapidOCR, the extra `ocr`: models of 30 MB that come with it and run on the processor."""

from typing import Any, Final

from folkmoot.knowledge.parsing.libraries import library
from folkmoot.knowledge.parsing.recognizing import Recognize, Recognized

ENGINE: Final = "EngineConfig.onnxruntime"
PARAMETERS: Final[dict[str, Any]] = {
    "Global.log_level": "critical",
    f"{ENGINE}.intra_op_num_threads": 1,
    f"{ENGINE}.inter_op_num_threads": 1,
}
LEAST_SCORE: Final = 0.5


def load() -> Recognize:
    """Load the models. Reading something once makes them load what they put off."""
    vision, numpy = library("cv2"), library("numpy")
    vision.setNumThreads(1)
    engine = library("rapidocr").RapidOCR(params=PARAMETERS)
    sample = numpy.full((200, 600, 3), 255, numpy.uint8)
    vision.putText(sample, "Heron", (40, 120), vision.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 4)

    def recognize(pixels: Any) -> list[Recognized]:  # noqa: ANN401 - these libraries have no types
        found = engine(pixels)
        if found.txts is None:
            return []
        return [
            _placed(text, box)
            for text, box, score in zip(found.txts, found.boxes, found.scores, strict=True)
            if score >= LEAST_SCORE
        ]

    recognize(sample)
    return recognize


def _placed(text: str, box: Any) -> Recognized:  # noqa: ANN401 - a row of NumPy, which has no place here
    """Return a line with the box around its four corners."""
    across, down = [float(x) for x, _ in box], [float(y) for _, y in box]
    return Recognized(text, min(across), min(down), max(across), max(down))
