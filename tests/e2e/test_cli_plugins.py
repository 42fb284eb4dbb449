"""What the operator has brought: models of LangChain's, and packages with agents and tools."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commanding import COMMAND, Shell
from deployed import Deployed, deployed

BROUGHT = """
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models.fake_chat_models import FakeListChatModel


class Parrot(FakeListChatModel):
    def bind_tools(self, tools, **_):
        return self


def chat(name):
    return Parrot(responses=[f"I am {name}."])


def vectors(name):
    return DeterministicFakeEmbedding(size=int(name))


def refused(name):
    raise RuntimeError("there is no key for it")
"""


def install(place: Path, modules: Path) -> None:
    """Begin a package as the command does, test it as it says, and install it."""
    made = Shell()("plugin", "new", "word-counter", "--directory", place)
    assert made.code == 0, made.err
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--offline", "--no-deps"]
    subprocess.run([*uv, "--target", str(modules), str(place)], check=True, capture_output=True)
    search = os.pathsep.join([str(modules), *filter(None, [os.environ.get("PYTHONPATH")])])
    tests = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(place)]
    ran = subprocess.run(
        [*tests, str(place / "tests")],
        cwd=place,
        env=os.environ | {"PYTHONPATH": search},
        check=False,
        capture_output=True,
        text=True,
    )
    assert "2 passed" in ran.stdout, ran.stdout


def break_off(modules: Path) -> None:
    """Install a package that can not be loaded."""
    (modules / "broken_off.py").write_text("raise RuntimeError('it is broken')")
    info = modules / "broken_off-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-off\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[folkmoot.tools]\nbroken = broken_off:TOOL\n")


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A server whose operator has brought models of their own."""
    modules: Path = tmp_path_factory.mktemp("modules")
    (modules / "brought.py").write_text(BROUGHT)
    install(tmp_path_factory.mktemp("plugin") / "word-counter", modules)
    break_off(modules)
    search = [str(modules), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    own = "FOLKMOOT_PROVIDERS__LANGCHAIN__"
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, search)),
        f"{own}OWN": "brought:chat",
        f"{own}VECTORS": "brought:vectors",
        f"{own}REFUSED": "brought:refused",
        "FOLKMOOT_DEFAULT_MODEL": "own:parrot",
        "FOLKMOOT_EMBEDDING_MODEL": "vectors:24",
    }
    with deployed(environment, anew=True) as server:
        yield server


@pytest.fixture(scope="module")
def shell(brought: Deployed) -> Shell:
    return Shell({"FOLKMOOT_DATA_DIR": brought.environment["FOLKMOOT_DATA_DIR"]})


def test_a_model_that_was_brought_answers_by_its_name(brought: Deployed, shell: Shell) -> None:
    assert shell("chat", "Who are you?").out == "I am parrot.\n"
    assert shell("chat", "Who are you?", "--model", "own:somebody else").out == (
        "I am somebody else.\n"
    )
    assert "own:parrot answers, vectors:24 compares texts" in brought.log


def test_texts_are_compared_by_embeddings_that_were_brought(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("The meeting begins at nine.")
    note = tmp_path / "note.txt"
    assert shell("docs", "add", note, "--collection", "Notes", "--wait").code == 0
    found = shell("docs", "search", "The meeting begins at nine.", "--mode", "dense", "--json").json
    assert [hit["text"] for hit in found] == ["The meeting begins at nine."]


def test_one_that_cannot_be_made_says_why(shell: Shell) -> None:
    ended = shell("chat", "Hello", "--model", "refused:m")
    assert (ended.code, ended.out) == (1, "")
    assert "refused:m can not be loaded: there is no key for it" in ended.err
    assert "vectors:24 can not be loaded" in shell("chat", "Hello", "--model", "vectors:24").err


def test_an_agent_that_a_package_brings_is_there_and_a_broken_package_stops_nobody(
    brought: Deployed, shell: Shell
) -> None:
    listed = {each["slug"]: each for each in shell("agents", "list", "--json").json}
    assert (listed["word-counter"]["origin"], listed["word-counter"]["available"]) == (
        "package",
        True,
    )
    offered = listed["word-counter"]["capabilities"]["tools"]["items"]
    assert [tool["name"] for tool in offered] == ["word_counter_count_words"]
    assert "package" in shell("agents", "show", "word-counter").out
    answer = shell("chat", "--agent", "word-counter", "Who are you?")
    assert answer.out == "I am parrot.\n", answer.err
    health = brought.get("/health/ready")
    assert health.status_code == 200
    told = health.json()["dependencies"]["plugins"]
    assert (told["status"], "broken" in told["detail"]) == ("degraded", True)
    assert "it is broken" not in health.text
    search = {"PYTHONPATH": brought.environment["PYTHONPATH"]}
    listing = [*COMMAND, "plugin", "list", "--json"]
    ran = subprocess.run(listing, env=os.environ | search, check=True, capture_output=True)
    problems = {each["name"]: each["problem"] for each in json.loads(ran.stdout)}
    assert problems == {"broken": "RuntimeError: it is broken", "word-counter": None}


def test_a_package_is_begun_only_where_nothing_is(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    for name, place in (("mine", tmp_path), ("Mine", tmp_path / "new"), ("class", tmp_path / "n")):
        refused = shell("plugin", "new", name, "--directory", place)
        assert refused.code == 2, refused.out
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
