"""What was used and how budgets stand, from the command line."""

import csv
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from commanding import Shell
from deployed import Deployed

LIMITS = ["500 calls/month", "2 usd/day per user", "9 calls per run"]


@pytest.fixture(scope="module")
def limited(local_server: Deployed) -> Iterator[None]:
    """There are limits, for as long as these tests take."""
    path = f"{local_server.url}/api/v1/settings/budget?scope=organization"
    headers = local_server.headers | {"If-Match": "*"}
    httpx.patch(path, json={"values": {"limits": LIMITS}}, headers=headers).raise_for_status()
    yield
    httpx.delete(path, headers=headers).raise_for_status()


def test_usage_is_listed_and_taken_along(folkmoot: Shell, tmp_path: Path) -> None:
    assert folkmoot("usage", "list", "--until", "2020-01-01T00:00:00Z").err == (
        "There were no such calls.\n"
    )
    before = folkmoot("usage", "list", "--json").json["total"]["calls"]
    folkmoot("chat", "Hello", "--json")
    found = folkmoot("usage", "list", "--by", "model", "--by", "agent", "--json").json
    assert (found["total"]["calls"], found["currency"]) == (before + 1, "USD")
    assert "chat" in [group["agent"] for group in found["items"]]
    table = folkmoot("usage", "list", "--by", "model").out.splitlines()
    assert table[0].split()[:3] == ["model", "calls", "input"]
    assert table[-1].split()[:2] == ["total", str(before + 1)]
    file = tmp_path / "usage.csv"
    assert folkmoot("usage", "export", "--by", "day", "-o", file).code == 0
    (row,) = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    assert int(row["calls"]) == before + 1


def test_budgets_are_told(folkmoot: Shell, limited: None) -> None:
    folkmoot("chat", "Hello", "--json")
    found = {each["limit"]: each for each in folkmoot("usage", "budgets", "--json").json}
    assert found["500 calls/month"]["spent"] >= 1
    assert found["9 calls per run"]["spent"] is None
    lines = folkmoot("usage", "budgets").out.splitlines()
    assert lines[0].split()[:3] == ["limit", "level", "whose"]
    (dollars,) = [line for line in lines if line.startswith("2 usd/day per user")]
    assert "USD" in dollars


def test_kept_answers_are_counted_and_forgotten(folkmoot: Shell) -> None:
    found = folkmoot("cache", "show", "--json").json
    assert found["answers"] <= found["most_answers"]
    assert f"most answers  {found['most_answers']}" in folkmoot("cache", "show").out
    assert folkmoot("cache", "clear", "--json").json == {"answers": found["answers"]}
    assert folkmoot("cache", "clear", "--agent", "nobody").err == "Forgot 0 answers.\n"
    assert folkmoot("cache", "show", "--json").json["answers"] == 0
