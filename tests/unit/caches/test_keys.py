"""What tells questions apart that must not be answered alike."""

import random
from dataclasses import replace

from msgspec.structs import replace as changed

from folkmoot.caches.keys import Asker, key
from folkmoot.identity.permissions import ADMIN, MEMBER, OWNER
from folkmoot.kit.ids import OrgId, TeamId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.llm.port import ChatMessage, ChatRequest, ToolSpec

TRIALS = 10_000
ORGS = [OrgId(new_id()) for _ in range(4)]
TEAMS = [TeamId(new_id()) for _ in range(3)]
SYSTEM = ChatMessage("system", "Be brief.")
REQUEST = ChatRequest(messages=[SYSTEM, ChatMessage("user", "May I?")])


def anybody(dice: random.Random) -> Subject:
    """Return somebody of a few organisations, roles and teams."""
    teams = tuple(dice.sample(TEAMS, dice.randrange(3)))
    return Subject(
        dice.choice(ORGS),
        UserId(new_id()),
        dice.choice([OWNER, ADMIN, MEMBER, MEMBER - {"documents:read"}]),
        team_ids=teams,
        team_id=dice.choice([None, *teams]),
        team_permissions={team: dice.choice([MEMBER, ADMIN]) for team in teams},
    )


def rights(subject: Subject) -> tuple[object, ...]:
    teams = frozenset(subject.team_permissions.items())
    return subject.org_id, subject.team_id, subject.permissions, teams


def test_of_ten_thousand_two_have_the_same_key_only_with_the_same_rights_in_one_organisation() -> (
    None
):
    dice, seen, again = random.Random(7), dict[bytes, tuple[object, ...]](), 0
    for _ in range(TRIALS):
        subject = anybody(dice)
        found = key(Asker(subject, "chat", 1, "openai:gpt-5"), REQUEST, similar=True)
        assert found.whole != found.context
        for digest in (found.whole, found.context):
            again += digest in seen
            assert seen.setdefault(digest, rights(subject)) == rights(subject)
    assert again > TRIALS  # colleagues do share answers


def test_whatever_a_model_is_told_otherwise_makes_another_key() -> None:
    asker = Asker(anybody(random.Random(1)), "chat", 1, "openai:gpt-5")
    question = ChatMessage("user", "May I?")
    others = [
        changed(REQUEST, messages=[SYSTEM, ChatMessage("user", "May I? ")]),
        changed(REQUEST, messages=[ChatMessage("system", "Be brief!"), question]),
        changed(REQUEST, messages=[SYSTEM, question, ChatMessage("assistant", "Yes"), question]),
        changed(REQUEST, temperature=0.1),
        changed(REQUEST, max_tokens=10),
        changed(REQUEST, stop=["x"]),
        changed(REQUEST, response_schema={"type": "object"}),
        changed(REQUEST, tool_choice="none"),
        changed(REQUEST, tools=[ToolSpec("clock", "Tells the time.", {"type": "object"})]),
        changed(REQUEST, tools=[ToolSpec("clock", "Tells the time.", {})]),
    ]
    keys = [key(asker, each, similar=False).whole for each in [REQUEST, *others]]
    askers = [
        replace(asker, agent="support"),
        replace(asker, version=2),
        replace(asker, model="openai:gpt-5-mini"),
    ]
    keys += [key(each, REQUEST, similar=False).whole for each in askers]
    assert len(set(keys)) == 1 + len(others) + len(askers)


def test_only_the_question_itself_is_left_out_of_what_likeness_is_looked_for_within() -> None:
    asker = Asker(anybody(random.Random(1)), "chat", 1, "openai:gpt-5")
    one, other = (
        key(asker, changed(REQUEST, messages=[SYSTEM, ChatMessage("user", text)]), similar=True)
        for text in ("May I?", "Might I?")
    )
    assert one.context == other.context
    assert one.whole != other.whole
    hot = key(asker, changed(REQUEST, temperature=1.0), similar=True)
    assert hot.context != one.context
