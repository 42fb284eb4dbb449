"""ONNX models that are small enough to know their answers by heart, as fastembed finds them."""

import json
from pathlib import Path
from typing import Final

import onnx
from onnx import helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

WORDS: Final = ("[PAD]", "[UNK]", "sun", "moon", "star")
OPSET: Final = 20
FORMAT: Final = 9


def keep(directory: Path, graph: onnx.GraphProto) -> Path:
    """Write a model and the tokenizer that numbers those words; return where they are."""
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=FORMAT)
    onnx.save(model, directory / "model.onnx")
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(directory / "tokenizer.json"))
    described = {"model_max_length": 64, "pad_token": "[PAD]"}
    (directory / "tokenizer_config.json").write_text(json.dumps(described))
    (directory / "config.json").write_text(json.dumps({"pad_token_id": 0}))
    return directory
