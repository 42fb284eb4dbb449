"""Labelled sets as files, as they should be and as they should not."""

from pathlib import Path

import pytest

from folkmoot.evals.labelled import BadSet, LabelledSet

GOOD = {
    "corpus.jsonl": b'{"id": "d1", "title": "Herons", "text": "Herons wade."}\n'
    b'{"id": "d2", "text": "Gulls fly.", "more": 1}\n',
    "queries.jsonl": b'{"id": "q1", "text": "Who wades?"}\r\n\n{"id": "q2", "text": "Who flies?"}',
    "qrels.tsv": b"query\tdocument\tscore\nq1\td1\t1\nq2\td1\t0\nq2\td2\t-1\n",
}


def written(directory: Path, **changed: bytes) -> Path:
    for name, content in GOOD.items():
        (directory / name).write_bytes(changed.get(name.partition(".")[0], content))
    return directory


def test_a_set_is_read_with_the_queries_that_have_answers(tmp_path: Path) -> None:
    loaded = LabelledSet.load(written(tmp_path))
    assert loaded.name == tmp_path.name
    assert [each["id"] for each in loaded.corpus] == ["d1", "d2"]
    assert loaded.corpus[0]["title"] == "Herons"
    assert list(loaded.judged()) == [({"id": "q1", "text": "Who wades?"}, {"d1": 1.0})]


@pytest.mark.parametrize(
    ("file", "content", "place", "why"),
    [
        ("corpus", b"", "corpus.jsonl:", "empty"),
        ("corpus", b'{"id": "d1", "text": "a"}\nnot JSON', "corpus.jsonl:2:", "not JSON"),
        ("corpus", b"[" * 100_000, "corpus.jsonl:1:", "not JSON"),
        ("corpus", b'["d1"]', "corpus.jsonl:1:", "not a JSON object"),
        ("corpus", b'{"id": 7, "text": "a"}', "corpus.jsonl:1:", "`id`"),
        ("corpus", b'{"id": "d1", "text": " "}', "corpus.jsonl:1:", "`text`"),
        ("corpus", b'{"id": "d1", "text": "a", "title": [1]}', "corpus.jsonl:1:", "`title`"),
        ("corpus", b'{"id": "d1", "text": "\\ud800"}', "corpus.jsonl:1:", "no text can"),
        ("corpus", b'{"id": "d1", "text": "a\\u0000"}', "corpus.jsonl:1:", "no text can"),
        ("corpus", b'{"id": "d1", "text": "a"}\n' * 2, "corpus.jsonl:2:", "on a line above"),
        ("queries", b'\n{"id": "q1", "text": "\xff"}', "queries.jsonl:2:", "not UTF-8"),
        ("qrels", b"header\nq1 d1 1", "qrels.tsv:2:", "query, document, score"),
        ("qrels", b"header\nq9\td1\t1", "qrels.tsv:2:", "no query 'q9' in queries"),
        ("qrels", b"header\nq1\td9\t1", "qrels.tsv:2:", "no document 'd9' in corpus"),
        ("qrels", b"header\nq1\td1\tnan", "qrels.tsv:2:", "no score"),
        ("qrels", b"header\nq1\td1\thigh", "qrels.tsv:2:", "no score"),
        ("qrels", b"q1\td1\t1", "qrels.tsv:1:", "header"),
        ("qrels", b"query\tdocument\tscore\n", "qrels.tsv:", "relevant"),
    ],
)
def test_what_is_wrong_with_a_set_is_told_with_its_file_and_line(
    tmp_path: Path, file: str, content: bytes, place: str, why: str
) -> None:
    with pytest.raises(BadSet) as told:
        LabelledSet.load(written(tmp_path, **{file: content}))
    assert place in str(told.value)
    assert why in str(told.value)


def test_a_file_that_is_missing_or_there_twice_is_named(tmp_path: Path) -> None:
    (written(tmp_path) / "qrels.tsv").rename(tmp_path / "qrels.txt")
    with pytest.raises(BadSet, match=r"neither qrels\.jsonl nor qrels\.tsv"):
        LabelledSet.load(tmp_path)
    (written(tmp_path) / "corpus.tsv").write_bytes(b"id\ttext\nd1\tHerons\n")
    with pytest.raises(BadSet, match=r"corpus\.tsv: There is corpus\.jsonl, too"):
        LabelledSet.load(tmp_path)


def test_each_file_may_be_of_either_kind_and_be_named_as_in_beir(tmp_path: Path) -> None:
    (tmp_path / "corpus.tsv").write_bytes(
        b"_id\ttitle\ttext\nd1\t\tHerons wade.\nd2\tGulls\tGulls fly.\n"
    )
    (tmp_path / "queries.tsv").write_bytes(b"id\ttext\tlanguage\nq1\tWho flies?\ten\n")
    (tmp_path / "qrels.jsonl").write_bytes(
        b'{"query": "q1", "document": "d2", "score": 2}\n'
        b'{"query-id": "q1", "corpus-id": "d1", "score": "0.5"}\n'
    )
    loaded = LabelledSet.load(tmp_path)
    assert [each.get("title") for each in loaded.corpus] == [None, "Gulls"]
    assert loaded.relevant == {"q1": {"d2": 2.0, "d1": 0.5}}
    for file, content, told in (
        ("queries", b"id\tquestion\nq1\tWho?\n", r"queries\.tsv:1: .*no column `text`"),
        ("queries", b"id\ttext\nq1\n", r"queries\.tsv:2: Here belong 2 cells .*id, text"),
        ("queries", b"id\ttext\nq1\t \n", r"queries\.tsv:2: `text`"),
    ):
        (tmp_path / f"{file}.tsv").write_bytes(content)
        with pytest.raises(BadSet, match=told):
            LabelledSet.load(tmp_path)
