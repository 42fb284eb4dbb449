"""Models of LangChain's, brought by the operator: named in the configuration and then used."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from commanding import Shell
from deployed import Deployed, deployed

BROUGHT = """
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models.fake_chat_models import FakeListChatModel


def chat(name):
    return FakeListChatModel(responses=[f"I am {name}."])


def vectors(name):
    return DeterministicFakeEmbedding(size=int(name))


def refused(name):
    raise RuntimeError("there is no key for it")
"""


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A server whose operator has brought models of their own."""
    modules: Path = tmp_path_factory.mktemp("modules")
    (modules / "brought.py").write_text(BROUGHT)
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
    with deployed(environment) as server:
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
