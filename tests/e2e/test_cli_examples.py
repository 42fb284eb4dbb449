"""The examples do what they say."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from cutting import Cutting
from deployed import API_KEY, Deployed

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
CLIENT_TEST: Final = Path(__file__).parents[1] / "conformance" / "agui" / "test_agui_client.py"
SHELL: Final = sorted(EXAMPLES.glob("*.sh"))
QUESTION: Final = "The blue whale weighs 150 tonnes [1]."


@pytest.fixture
def whales(tmp_path: Path) -> Path:
    path = tmp_path / "whales.md"
    path.write_text("# Whales\n\nThe blue whale weighs 150 tonnes.\n")
    return path


def run(
    server: Deployed, name: str, *arguments: str | Path, url: str = ""
) -> subprocess.CompletedProcess[str]:
    if name.endswith(".sh") and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    command = [EXAMPLES / name] if name.endswith(".sh") else [sys.executable, EXAMPLES / name]
    return subprocess.run(
        [*command, *arguments],
        env=os.environ | {"FOLKMOOT_URL": url or server.url, "FOLKMOOT_API_KEY": API_KEY},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def events(stream: str) -> list[dict[str, Any]]:
    lines = (line for line in stream.splitlines() if line.startswith("data: "))
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def said(stream: str) -> str:
    return "".join(event.get("delta", "") for event in events(stream))


def test_every_example_is_listed_and_tried_here() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    tried = "".join(path.read_text() for path in (Path(__file__), CLIENT_TEST))
    for path in EXAMPLES.iterdir():
        if path.suffix in {".sh", ".py", ".ts"}:
            assert f"[`{path.name}`]({path.name})" in listed
            assert f'"{path.name}"' in tried


def test_asking_with_curl(local_server: Deployed) -> None:
    ended = run(local_server, "ask.sh", 'Say "hello"')
    assert ended.returncode == 0, ended.stderr
    assert said(ended.stdout) == 'Say "hello"'
    assert events(ended.stdout)[-1]["type"] == "RUN_FINISHED"


def test_a_stream_that_curl_cuts_is_whole_again(local_server: Deployed) -> None:
    ended = run(local_server, "reconnect.sh", "[[fake-tok100-itl20]]", "1")
    assert ended.returncode == 0, ended.stderr
    assert "The connection was cut." in ended.stderr
    assert said(ended.stdout) == "".join(f"word-{number} " for number in range(100))


def test_uploading_and_asking_with_curl(local_server: Deployed, whales: Path) -> None:
    ended = run(local_server, "upload_and_ask.sh", whales, QUESTION)
    assert ended.returncode == 0, ended.stderr
    cited = [event for event in events(ended.stdout) if event.get("name") == "citations"]
    assert [each["title"] for each in cited[0]["value"]["citations"]] == ["whales"]


def test_asking_from_python_through_lost_connections(local_server: Deployed) -> None:
    with Cutting(local_server.url, after=2_000, times=2) as proxy:
        ended = run(local_server, "ask.py", "[[fake-tok100-itl10]]", url=proxy.url)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == " ".join(f"word-{number}" for number in range(100))
    assert ended.stderr.count("connection lost") == proxy.cuts == 2


def test_uploading_and_asking_from_python(local_server: Deployed, whales: Path) -> None:
    ended = run(local_server, "upload_and_ask.py", whales, QUESTION)
    assert ended.returncode == 0, ended.stderr
    answer, source = ended.stdout.splitlines()
    assert answer == QUESTION
    assert source.startswith("[1] whales: ")


def test_sending_a_document_along_from_python(local_server: Deployed, whales: Path) -> None:
    ended = run(local_server, "attach.py", whales, "How heavy is it?")
    assert ended.returncode == 0, ended.stderr
    assert "The blue whale weighs 150 tonnes." in ended.stdout  # the fake says what it is shown


def test_agents_that_ask_each_other_from_python(local_server: Deployed) -> None:
    for _ in range(2):  # the agents are there already the second time
        ended = run(local_server, "subagents.py", "[[fake-tool=ask_translator-tok2]]")
        assert ended.returncode == 0, ended.stderr
        asked, _, answered = ended.stdout.partition("[and has answered]")
        assert "[translator is asked]" in asked
        assert answered.strip() == "word-0 word-1"


def test_an_agent_that_is_told_what_is_remembered_from_python(local_server: Deployed) -> None:
    for _ in range(2):  # it is remembered already the second time
        ended = run(local_server, "memory.py", "Prefers short answers.", "How long may it be?")
        assert ended.returncode == 0, ended.stderr
        assert "[remembered] Prefers short answers." in ended.stdout.splitlines()


def test_an_example_fails_when_the_server_refuses(local_server: Deployed) -> None:
    ended = run(local_server, "ask.sh", "")
    assert ended.returncode != 0
    assert "errors" in ended.stdout
