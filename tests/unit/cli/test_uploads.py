"""Files on their way, as the one who sends them hears of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from folkmoot.cli import uploads
from folkmoot.cli.api import Api, Refused, Unreachable
from folkmoot.cli.chat import sayable
from folkmoot.cli.steps import Lines
from staged import Stage, answers, hangs_up

ACCEPTED = {
    "documents": [{"id": "d", "title": "notes", "status": "queued"}],
    "existing": [],
    "run_id": "r",
}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "one.txt", tmp_path / "two.txt"]
    for path in paths:
        path.write_bytes(b"x" * 200_000)
    return paths


def send(stage: Stage, files: list[Path]) -> list[str]:
    with Api(stage.url, None) as api:
        return [document["id"] for document in uploads.add(api, "c", files, Lines())]


def test_a_file_that_is_refused_does_not_keep_the_others_back(
    stage: Stage, files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    stage.replies += [answers(415, {"detail": "This is a program."}), answers(202, ACCEPTED)]
    assert send(stage, files) == ["d"]
    assert capsys.readouterr().err.splitlines() == [
        "one.txt: sending 200.0 kB",
        "one.txt: This is a program.",
        "two.txt: sending 200.0 kB",
        "two.txt: accepted",
    ]
    assert all(heard.body.count(b"x" * 200_000) == 1 for heard in stage.heard)


def test_a_server_that_is_gone_or_shuts_us_out_ends_it(stage: Stage, files: list[Path]) -> None:
    stage.replies += [answers(403, {"detail": "You may not do this."})]
    with pytest.raises(Refused):
        send(stage, files)
    stage.replies += [hangs_up]
    with pytest.raises(Unreachable):
        send(stage, files)


def test_waiting_ends_with_the_last_document(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(uploads, "LOOK", 0.0)
    document = {"id": "d", "title": "notes"}

    def at(stage_: str, done: int) -> Callable[..., None]:
        progress = {"stage": stage_, "done": done, "total": 2}
        return answers(200, {**document, "status": "processing", "progress": progress})

    ready = answers(200, {**document, "status": "ready", "pages": 2, "chunks": 7})
    stage.replies += [at("parse", 0), at("embed", 0), at("embed", 1), ready]
    with Api(stage.url, None) as api:
        ended = list(uploads.wait(api, [{**document, "status": "queued"}], Lines()))
    assert [each["status"] for each in ended] == ["ready"]
    assert capsys.readouterr().err.splitlines() == [
        "notes: queued",
        "notes: parse",
        "notes: embed",
        "notes: ready (pages: 2, chunks: 7)",
    ]


def test_bytes_that_are_no_text_can_still_be_sent() -> None:
    assert sayable("caf\udce9 ok") == "caf? ok"
