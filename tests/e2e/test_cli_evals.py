"""Evaluations from the command line."""

import json
from pathlib import Path

import pytest

from commanding import Shell

CORPUS = {
    "herons": "The heron wades in shallow water.",
    "ferries": "The ferry sails to the island at noon.",
    "willows": "The willow weeps beside the brook.",
}
QUERIES = {"q1": "Who wades in water?", "q2": "When does the ferry sail?"}
QRELS = "query\tdocument\tscore\nq1\therons\t1\nq2\tferries\t1\n"


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    directory = tmp_path / "few"
    directory.mkdir()
    for name, texts in (("corpus", CORPUS), ("queries", QUERIES)):
        lines = (json.dumps({"id": id_, "text": text}) for id_, text in texts.items())
        (directory / f"{name}.jsonl").write_text("\n".join(lines))
    (directory / "qrels.tsv").write_text(QRELS)
    return directory


def test_a_set_is_sent_read_asked_and_measured(folkmoot: Shell, labelled: Path) -> None:
    ended = folkmoot("eval", "retrieval", "--set", labelled, "--compare", "mode=lexical")
    assert ended.code == 0, ended.err
    assert "few: 3 documents are read" in ended.err
    table = ended.out.splitlines()
    assert table[0].split() == ["search", "measure", "mean", "from", "to"]
    assert table[1].split() == ["default", "nDCG@10", "1.0000", "1.0000", "1.0000"]
    assert table[-3].split()[-4:-1] == ["+0.0000"] * 3

    again = folkmoot("eval", "retrieval", "--set", labelled, "--k", "1", "--json")
    assert "sending" not in again.err
    assert (again.json["k"], again.json["missing"]) == (1, 0)
    assert again.json["outcome"]["settings"][0]["mrr"]["mean"] == 1

    listed = folkmoot("eval", "list", "--json").json["items"]
    newest, first = (each["id"] for each in listed[:2])
    assert newest == again.json["id"]
    differ = folkmoot("eval", "compare", first, newest)
    assert (differ.code, "the same `k`" in differ.err) == (1, True)
    compared = folkmoot("eval", "compare", first, first, "--other-setting", "1")
    assert compared.out.splitlines()[-1].split()[-4:] == [*["+0.0000"] * 3, "1.0000"]


def test_what_cannot_be_evaluated_is_told(folkmoot: Shell, labelled: Path) -> None:
    wrong = folkmoot("eval", "retrieval", "--set", labelled, "--setting", "mode")
    assert (wrong.code, wrong.out) == (2, "")
    refused = folkmoot("eval", "retrieval", "--set", labelled, "--setting", "mode=magic")
    assert (refused.code, refused.out) == (1, "")
    assert "/settings/0/mode" in refused.err
    (labelled / "qrels.tsv").write_text(f"{QRELS}q1\tgulls\t1\n")
    broken = folkmoot("eval", "retrieval", "--set", labelled)
    assert (broken.code, broken.out) == (2, "")
    assert "qrels.tsv:4: There is no document 'gulls' in corpus." in broken.err
