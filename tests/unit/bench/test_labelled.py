"""How the retrieval benchmark reads its sets and scores what was found."""

import math
from pathlib import Path

import pytest

from kit.labelled import LabelledSet, score


def test_a_set_is_read_with_the_queries_that_have_answers(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"id": "d1", "title": "A", "text": "heron"}\n')
    (tmp_path / "queries.jsonl").write_text(
        '{"id": "q1", "text": "Who wades?"}\n{"id": "q2", "text": "Who flies?"}\n'
    )
    (tmp_path / "qrels.tsv").write_text("query\tdocument\tscore\nq1\td1\t1\nq2\td1\t0\n")
    loaded = LabelledSet.load(tmp_path)
    assert [each["id"] for each in loaded.corpus] == ["d1"]
    assert list(loaded.judged()) == [("Who wades?", {"d1": 1.0})]


def test_what_is_found_first_counts_most() -> None:
    assert score(["a", "b"], {"a": 1.0}) == (1, 1, 1, 1)
    assert score(["b", "a"], {"a": 1.0}) == pytest.approx((1 / math.log2(3), 1, 1, 1 / 2))
    assert score(["b"] * 10 + ["a"], {"a": 1.0}) == (0, 0, 1, 0)
    assert score(["a"], {"a": 1.0, "c": 1.0})[1] == 0.5
