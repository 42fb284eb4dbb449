"""Which tool calls need a person, and which tools are offered."""

from dataclasses import replace
from typing import Any

import pytest

from folkmoot.kit import glob
from folkmoot.kit.outbound.client import Outbound
from folkmoot.tools.calculator import CALCULATOR
from folkmoot.tools.fetch import NAME, fetch_tool, is_wide, within
from folkmoot.tools.filtered import filtered
from folkmoot.tools.patterns import CallPattern
from folkmoot.tools.policy import Policy, Reason, judge
from folkmoot.tools.tool import Asks, Tool


async def nothing(*_: object) -> str:
    return ""


SEND = Tool(name="mail.send", description="", parameters={}, call=nothing)
TO_ADA: dict[str, Any] = {"to": "ada@example.org", "text": "Hello"}


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("a", "a", True),
        ("a", "ab", False),
        ("a*", "ab", True),
        ("*b", "ab", True),
        ("a*a", "a", False),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "acb", False),
        ("*.example.org", "a.b.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "example.org.evil", False),
        ("a*", "a*", True),
    ],
)
def test_a_star_stands_for_anything(pattern: str, text: str, fits: bool) -> None:
    assert glob.matches(pattern, text) is fits


def says(always: str | None, never: str | None, arguments: dict[str, Any]) -> Asks | None:
    policy = Policy.of([always] if always else None, [never] if never else None)
    return policy.says("mail.send", arguments)


def test_what_says_more_counts_and_asking_before_not_asking() -> None:
    assert says(None, None, TO_ADA) is None
    assert says("mail.*", None, TO_ADA) is Asks.ALWAYS
    assert says(None, "mail.send", TO_ADA) is Asks.NEVER
    assert says("mail.*", "mail.*", TO_ADA) is Asks.ALWAYS
    assert says("mail.*", "mail.send(to=*@example.org)", TO_ADA) is Asks.NEVER
    assert says("mail.send(text=*)", "mail.send(to=*@example.org)", TO_ADA) is Asks.ALWAYS
    assert says("other", "mail.send(to=*@example.net)", TO_ADA) is None


@pytest.mark.parametrize(
    "to",
    [["ada@example.org", "eve@evil.example"], {"a": ["eve@evil.example"]}, [], None, 7, True],
)
def test_nobody_is_spared_unless_all_of_an_argument_is_as_it_is_said(to: object) -> None:
    assert says(None, "mail.send(to=*@example.org)", {"to": to}) is None
    assert says(None, "mail.send(to=*@example.org)", {}) is None


def test_one_part_of_an_argument_is_enough_to_ask() -> None:
    several = {"to": ["ada@example.org", {"name": "eve@evil.example"}]}
    assert says("mail.send(to=*@evil.example)", None, several) is Asks.ALWAYS
    assert says("mail.send(to=7)", None, {"to": [7]}) is Asks.ALWAYS
    assert says("mail.send(to=true)", None, {"to": True}) is Asks.ALWAYS


@pytest.mark.parametrize("text", ["", "a(b", "a(b)", "a(=x)", "a)(", "(b=c)"])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names"):
        CallPattern.parse(text)


def test_an_effect_after_what_anybody_may_have_written_needs_somebody() -> None:
    assert judge(SEND, TO_ADA, (), untrusted=True) is Reason.UNTRUSTED
    assert judge(SEND, TO_ADA, (), untrusted=False) is None
    assert judge(CALCULATOR, {}, (), untrusted=True) is None


def test_of_several_who_have_a_say_the_strictest_counts() -> None:
    never, always = Policy.of(None, ["mail.send"]), Policy.of(["mail.send"], None)
    assert judge(SEND, TO_ADA, (never,), untrusted=True) is None
    assert judge(SEND, TO_ADA, (never, always), untrusted=False) is Reason.POLICY
    careful = replace(SEND, asks=Asks.AFTER_UNTRUSTED)
    assert judge(careful, TO_ADA, (never,), untrusted=True) is Reason.UNTRUSTED
    assert (
        judge(replace(SEND, asks=Asks.ALWAYS), TO_ADA, (never,), untrusted=False) is Reason.POLICY
    )
    asking = replace(CALCULATOR, asks=Asks.AFTER_UNTRUSTED)
    assert judge(asking, {}, (), untrusted=True) is Reason.UNTRUSTED


def test_tools_are_offered_as_settings_say() -> None:
    tools = {"mail.send": SEND, "calculator": CALCULATOR}
    assert filtered(tools, None, None) == tools
    assert set(filtered(tools, ["mail.*"], [])) == {"mail.send"}
    assert set(filtered(tools, None, ["mail.*"])) == {"calculator"}
    assert not filtered(tools, ["*"], ["*"])
    assert not filtered(tools, [], None)


def test_pages_are_read_only_of_hosts_that_are_named() -> None:
    tools = {NAME: fetch_tool(Outbound()), "calculator": CALCULATOR}
    assert set(within(tools, ())) == {"calculator"}
    assert not within(tools, ("example.org", "*.example.net"))[NAME].writes
    assert within(tools, ("example.org", "*"))[NAME].writes
    assert within({"calculator": CALCULATOR}, ("*",)) == {"calculator": CALCULATOR}
    assert all(map(is_wide, ["*", "*.com", "*example.org", "*.*.org", "a*.example.org"]))
