"""The embedder of this machine: a real ONNX model, small enough to know its answers by heart."""

import asyncio
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import tiny_models
from ending import end
from folkmoot.kit import clock
from folkmoot.llm import embedders
from folkmoot.llm.config import ModelsConfig
from folkmoot.llm.errors import ModelUnavailable
from folkmoot.llm.local import child, serving
from folkmoot.llm.local.embedder import LocalEmbedder
from folkmoot.llm.local.frames import LENGTH, Ask, Told, packed
from folkmoot.llm.registry import Models

pytestmark = pytest.mark.anyio

SUN, MOON, STAR = (np.eye(5, dtype=np.float32)[place] for place in (2, 3, 4))


@pytest.fixture(scope="session")
def model_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose token vectors are the unit vectors, with the tokenizer that goes with it."""
    directory = tmp_path_factory.mktemp("model")
    table = numpy_helper.from_array(np.eye(len(tiny_models.WORDS), dtype=np.float32), "table")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["b", "s"])],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["b", "s", 5])],
        [table],
    )
    return tiny_models.keep(directory, graph)


def made(directory: Path, *, idle: float = 30, patience: float = 30) -> LocalEmbedder:
    return LocalEmbedder(
        str(directory), cache_dir=directory / "cache", fetch=False, idle=idle, patience=patience
    )


@pytest.fixture
async def embedder(model_directory: Path) -> AsyncIterator[LocalEmbedder]:
    embedder = made(model_directory)
    yield embedder
    await embedder.aclose()


async def until(condition: Callable[[], bool]) -> None:
    """Look every hundredth of a second: processes send no events."""
    deadline = clock.monotonic() + 60
    while clock.monotonic() < deadline:
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def running(embedder: LocalEmbedder) -> int:
    """The id of the process, which has to be there."""
    assert embedder.pid is not None
    assert is_alive(embedder.pid)
    return embedder.pid


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_vectors_are_the_mean_of_the_tokens_with_length_one(
    embedder: LocalEmbedder,
) -> None:
    vectors = await embedder.embed(["sun", "sun moon", "star star star moon"], kind="document")
    assert vectors.dtype == np.float32
    assert embedder.dimensions == 5
    np.testing.assert_allclose(vectors[0], SUN, atol=1e-6)
    np.testing.assert_allclose(vectors[1], (SUN + MOON) / 2**0.5, atol=1e-6)
    np.testing.assert_allclose(vectors[2], (3 * STAR + MOON) / 10**0.5, atol=1e-6)


async def test_many_texts_of_all_lengths_keep_their_order(embedder: LocalEmbedder) -> None:
    texts = [f"{tiny_models.WORDS[2 + number % 3]} " * (1 + number % 7) for number in range(50)]
    vectors = await embedder.embed(texts, kind="document")
    assert vectors.argmax(axis=1).tolist() == [2 + number % 3 for number in range(50)]


async def test_a_model_that_pools_its_first_token_says_so(
    model_directory: Path, tmp_path: Path
) -> None:
    shutil.copytree(model_directory, tmp_path, dirs_exist_ok=True)
    (tmp_path / "1_Pooling").mkdir()
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    embedder = made(tmp_path)
    vectors = await embedder.embed(["moon sun sun"], kind="query")
    await embedder.aclose()
    np.testing.assert_allclose(vectors[0], MOON, atol=1e-6)


async def test_it_is_named_by_its_directory(model_directory: Path) -> None:
    name = f"fastembed:{model_directory}"
    models = Models(ModelsConfig(embedding_model=name, cache_dir=model_directory / "cache"))
    assert models.embedder().name == name
    vectors = await models.embedder().embed(["sun"], kind="query")
    await models.aclose()
    np.testing.assert_allclose(vectors[0], SUN, atol=1e-6)


async def test_nothing_runs_before_it_is_needed_and_when_it_is_idle(model_directory: Path) -> None:
    embedder = made(model_directory, idle=0.2)
    assert embedder.pid is None
    await embedder.embed(["sun"], kind="query")
    pid = running(embedder)
    await until(lambda: embedder.pid is None)
    await until(lambda: not is_alive(pid))
    assert (await embedder.embed(["moon"], kind="query")).argmax() == 3
    await embedder.aclose()


async def test_a_process_that_is_killed_is_replaced(embedder: LocalEmbedder) -> None:
    await embedder.load()
    os.kill(running(embedder), signal.SIGKILL)
    assert (await embedder.embed(["moon"], kind="query")).argmax() == 3


async def test_a_process_that_hangs_is_given_up_and_replaced(model_directory: Path) -> None:
    embedder = made(model_directory, patience=1)
    await embedder.load()
    frozen = running(embedder)
    os.kill(frozen, signal.SIGSTOP)
    with pytest.raises(ModelUnavailable, match="busy"):
        await embedder.embed(["sun"], kind="query")
    await until(lambda: not is_alive(frozen))
    await embedder.load()
    assert (await embedder.embed(["moon"], kind="query")).argmax() == 3
    await embedder.aclose()


async def test_callers_that_give_up_do_not_garble_the_answers_of_others(
    embedder: LocalEmbedder,
) -> None:
    await embedder.load()
    leaving = [
        asyncio.create_task(embedder.embed(["star " * 50] * 16, kind="document")) for _ in range(5)
    ]
    staying = asyncio.create_task(embedder.embed(["moon"], kind="query"))
    await asyncio.sleep(0)
    for task in leaving:
        task.cancel()
    assert (await staying).argmax() == 3
    results = await asyncio.gather(*leaving, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert (await embedder.embed(["sun"], kind="query")).argmax() == 2


async def test_a_search_does_not_wait_for_a_whole_ingestion(embedder: LocalEmbedder) -> None:
    await embedder.load()
    ingestion = asyncio.create_task(embedder.embed(["star " * 60] * 2000, kind="document"))
    await asyncio.sleep(0)
    await embedder.embed(["moon"], kind="query")
    assert not ingestion.done()
    assert len(await ingestion) == 2000


async def test_a_directory_without_a_model_is_told(tmp_path: Path) -> None:
    embedder = made(tmp_path)
    with pytest.raises(ModelUnavailable, match=r"model\.onnx"):
        await embedder.load()
    assert embedder.pid is None
    await embedder.aclose()


async def test_closing_ends_the_process_at_work(embedder: LocalEmbedder) -> None:
    await embedder.load()
    pid = running(embedder)
    working = asyncio.create_task(embedder.embed(["star " * 60] * 500, kind="document"))
    await asyncio.sleep(0)
    await embedder.aclose()
    await until(lambda: not is_alive(pid))
    await end(working)
    await embedder.aclose()
    assert embedder.pid is None


async def test_a_local_model_is_fetched_behind_the_back_of_auto(
    model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory stands in for the hub, which tests can not reach."""
    monkeypatch.setattr(embedders, "LOCAL_EMBEDDER", str(model_directory))
    monkeypatch.setattr(embedders, "FETCH_DELAY", 0)
    models = Models(ModelsConfig(cache_dir=tmp_path))
    assert models.embedder().name == "offline:hash"
    models.start()
    await until(lambda: models.embedder().name == f"fastembed:{model_directory}")
    assert [notice.code for notice in models.notices()] == ["model_offline"]
    assert (await models.embedder().embed(["star"], kind="query")).argmax() == 4
    assert models.embedder("offline:hash").name == "offline:hash"
    await models.aclose()


async def test_a_local_model_that_can_not_be_fetched_leaves_the_offline_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedders, "LOCAL_EMBEDDER", str(tmp_path))
    monkeypatch.setattr(embedders, "FETCH_DELAY", 0)
    models = Models(ModelsConfig(cache_dir=tmp_path, default_model="offline:extractive"))
    models.start()
    assert [notice.code for notice in models.notices()] == ["embedder_fetching"]
    await until(lambda: [notice.code for notice in models.notices()] == ["embedder_offline"])
    assert models.embedder().name == "offline:hash"
    await models.aclose()


def test_the_process_answers_frame_by_frame(model_directory: Path) -> None:
    """What runs in the process, run here."""
    model = child.load(str(model_directory), str(model_directory / "cache"), fetch=False)
    asks = [Ask(["sun", "moon moon"], "document"), Ask(["star"], "query")]
    answers = io.BytesIO()
    serving.serve(partial(child.vectors, model), io.BytesIO(b"".join(map(packed, asks))), answers)
    answers.seek(0)
    told = [
        msgspec.msgpack.decode(answers.read(int.from_bytes(answers.read(LENGTH))), type=Told)
        for _ in asks
    ]
    found = [np.frombuffer(each.vectors, dtype=np.float32).reshape(-1, 5) for each in told]
    assert [vectors.argmax(axis=1).tolist() for vectors in found] == [[2, 3], [4]]
    assert answers.read() == b""


def test_the_process_ends_when_the_server_dies(model_directory: Path) -> None:
    """The end of its input is all that it is told."""
    command = [sys.executable, "-m", "folkmoot.llm.local.child", str(model_directory), "/tmp"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.read(4)  # it is loaded
        child.stdin.close()
        assert child.wait(timeout=60) == 0
