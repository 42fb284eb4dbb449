"""Steering the fake provider from another process, by a mark in the user's message.

The last `[[fake-...]]` in the last user message counts; settings are separated by dashes:

    tok50      answer with 50 tokens, `word-0 ` to `word-49 `    ttft200   ms before the first
    itl20      ms between tokens                                 think5    tokens of reasoning first
    tool=NAME  call that tool first, answer once its result came nousage   tell nothing about tokens
               (several of these: call them together)
    hang       never answer; hang7 hangs after 7 tokens          cut7 end7 badjson7 error7 huge7
    html       answer with a web page                            empty     answer with nothing
    e429       answer with that status; e429x2 only twice        ra3       with `Retry-After: 3`
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

import msgspec
from pydantic import JsonValue

from folkmoot.testing.replies import Fault, Heard, Reply, Use, page

MARK: Final = re.compile(r"\[\[fake((?:-[a-z]+(?:=\w+|\d+(?:x\d+)?)?)*)\]\]")
SETTING: Final = re.compile(r"([a-z]+)(?:=(\w+)|(\d+)(?:x(\d+))?)?")
FAULTS: Final = {fault.value: fault for fault in Fault}
EVER: Final = 10**9


class UnknownSetting(ValueError):
    """A directive has a setting that means nothing."""


@dataclass(slots=True)
class _Wish:
    """A directive while it is read."""

    reply: Reply = field(default_factory=lambda: Reply(text=_numbered(50)))
    tools: list[str] = field(default_factory=list[str])
    failing_status: int | None = None
    failures: int = EVER


class Directives:
    """Remembers how often each directive was obeyed."""

    def __init__(self) -> None:
        self._obeyed: Counter[str] = Counter()

    def reply(self, heard: Heard) -> Reply | None:
        """Return what the message demands, None if it demands nothing.

        Raises:
            UnknownSetting: the directive is misspelt.
        """
        marks = MARK.findall(heard.asked)
        if not marks:
            return None
        wish = _read(marks[-1])
        self._obeyed[marks[-1]] += 1
        if wish.failing_status is not None and self._obeyed[marks[-1]] <= wish.failures:
            return replace(wish.reply, status=wish.failing_status)
        if wish.tools and not heard.results:
            return replace(wish.reply, text=(), uses=[_use(name, heard) for name in wish.tools])
        return wish.reply


def _use(name: str, heard: Heard) -> Use:
    arguments = sample(heard.tools.get(name, {}))
    return Use(name, msgspec.json.encode(arguments).decode())


def sample(schema: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return arguments that fit a simple schema: every required property, the plainest value."""
    properties = schema.get("properties")
    required = schema.get("required")
    if not isinstance(properties, dict):
        return {}
    wanted = required if isinstance(required, list) else list(properties)
    return {str(name): _plain(properties.get(str(name))) for name in wanted}


def _plain(schema: JsonValue) -> JsonValue:
    if not isinstance(schema, dict):
        return "x"
    if isinstance(allowed := schema.get("enum"), list) and allowed:
        return allowed[0]
    plain: dict[str, JsonValue] = {
        "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}
    }  # fmt: skip
    return plain.get(str(schema.get("type")), "x")


def _numbered(count: int, word: str = "word") -> list[str]:
    return [f"{word}-{number} " for number in range(count)]


def _read(settings: str) -> _Wish:
    wish = _Wish()
    for part in settings.removeprefix("-").split("-") if settings else ():
        match = SETTING.fullmatch(part)
        if match is None:
            raise UnknownSetting(part)
        name, value, number, times = match.groups()
        if name == "tool" and value:
            wish.tools.append(value)
        elif name == "e" and number:
            wish.failing_status = int(number)
            wish.failures = int(times) if times else EVER
        else:
            wish.reply = _set(wish.reply, name, number)
    return wish


Change = Callable[[Reply, int], Reply]
SETTINGS: Final[dict[str, Change]] = {
    "tok": lambda reply, number: replace(reply, text=_numbered(number)),
    "think": lambda reply, number: replace(reply, reasoning=_numbered(number, "thought")),
    "ttft": lambda reply, number: replace(reply, first_delay=number / 1000),
    "itl": lambda reply, number: replace(reply, delay=number / 1000),
    "ra": lambda reply, number: replace(reply, retry_after=str(number)),
    "nousage": lambda reply, _: replace(reply, counts=False),
    "empty": lambda reply, _: replace(reply, raw=b""),
    "html": lambda _reply, _: page(HTTPStatus.OK),
}


def _set(reply: Reply, name: str, number: str | None) -> Reply:
    if name in FAULTS:
        return replace(reply, fault=FAULTS[name], after=int(number or 0))
    if name not in SETTINGS:
        raise UnknownSetting(name)
    return SETTINGS[name](reply, int(number or 0))
