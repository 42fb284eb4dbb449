"""Agents from the command line."""

import json
from pathlib import Path
from typing import Final

from commanding import Shell

AGENT: Final = Path(__file__).parents[2] / "examples" / "agent.yaml"
ANSWER: Final = {"reason": "Fire is dangerous.", "topic": "defect", "urgent": True}


def test_an_agent_is_made_of_a_file_published_compared_and_rolled_back(
    folkmoot: Shell, tmp_path: Path
) -> None:
    made = folkmoot("agents", "create", AGENT, "--publish", "--json").json
    assert (made["latest"], made["labels"]) == (1, {"production": 1})
    assert list(made["content"]["output_schema"]["properties"]) == ["reason", "topic", "urgent"]
    listed = {each["slug"]: each for each in folkmoot("agents", "list", "--json").json}
    assert listed["triage"]["available"]
    assert "triage" in folkmoot("agents", "list").out
    answer = folkmoot("chat", "--agent", "triage", json.dumps(ANSWER))  # the fake says it again
    assert json.loads(answer.out) == ANSWER, answer.err
    change = tmp_path / "change.json"
    change.write_text(json.dumps({"system_prompt": "Sort this.", "approve_always": ["pay"]}))
    changed = folkmoot("agents", "update", "triage", change, "--note", "shorter", "--json").json
    assert (changed["latest"], changed["labels"]) == (2, {"production": 1})
    told = folkmoot("agents", "diff", "triage").out
    assert "system_prompt (1 → 2)" in told
    assert "  +Sort this." in told
    assert '  +["pay"]' in told
    assert len(folkmoot("agents", "diff", "triage", "--json").json["changes"]) == 2
    assert folkmoot("agents", "diff", "triage", "1", "--against", "1").err == "They say the same.\n"
    published = folkmoot("agents", "publish", "triage")
    assert published.err == "Version 2 of triage is production now.\n"
    shown = folkmoot("agents", "show", "triage").out
    assert "production 2" in shown
    assert "Sort this." in shown
    assert folkmoot("agents", "rollback", "triage", "--json").json["labels"] == {"production": 1}
    further = folkmoot("agents", "rollback", "triage")
    assert (further.code, "no version before" in further.err) == (1, True)


def test_what_is_no_agent_says_why(folkmoot: Shell, tmp_path: Path) -> None:
    assert folkmoot("agents", "show", "chat").out.startswith("id")
    missing = folkmoot("agents", "show", "nobody")
    assert (missing.code, "No agent with this id" in missing.err) == (1, True)
    nowhere = folkmoot("agents", "create", tmp_path / "nothing.yaml")
    assert (nowhere.code, "can not be read" in nowhere.err) == (2, True)
    listed = folkmoot("agents", "create", "-", given="- a list")
    assert (listed.code, "has to name fields" in listed.err) == (2, True)
    refused = folkmoot("agents", "create", "-", given="{slug: mine, name: Mine}")
    assert (refused.code, "/body/system_prompt" in refused.err) == (1, True)
