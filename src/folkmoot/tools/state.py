"""What an application and an agent both see: the state that they share, and what is under way.

Tools set it, or change a part of it by JSON Patch (RFC 6902). The log tells each change, so that
whoever reads it has the same state.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, cast

import msgspec
import orjson

from folkmoot.kit import shape
from folkmoot.kit.errors import Invalid
from folkmoot.runs.cleaning import cleaned, encoded
from folkmoot.runs.events import Event
from folkmoot.runs.live import LiveRun
from folkmoot.runs.records import StateRecord

LARGEST: Final = 64_000
"""Bytes of a state as JSON text."""
LARGEST_ACTIVITY: Final = 16_000
DEEPEST: Final = 32
"""Objects and lists within each other."""
MOST_CHANGES: Final = 100
"""Operations of one patch."""
MOST_TOLD: Final = 200
"""How often one activity is told; what comes after that is left out."""

Patch = Sequence[Mapping[str, Any]]
Emit = Callable[..., None]


class StateInvalid(Invalid):
    """A state is too large, or a patch does not fit it; says why."""

    code = "state_invalid"


def _unheard(*_: object, **__: object) -> None:
    """Tell nobody."""


@dataclass(slots=True, eq=False)
class SharedState:
    """The state of one run. What is read of it is not to be changed in place."""

    value: Any = None
    emit: Emit = _unheard
    clean: Callable[[str], str] = str

    @classmethod
    def of(cls, run: LiveRun, value: Any = None) -> "SharedState":  # noqa: ANN401 - any JSON
        """Return the state of a run, as it stands."""
        return cls(value, run.emit, run.filters.text)

    def tell(self) -> None:
        """Tell it as a whole."""
        self.emit(Event.STATE_REPLACED, {"snapshot": self.value}, record=StateRecord(self.value))

    def replace(self, value: Any) -> None:  # noqa: ANN401 - any JSON
        """Put another in its place.

        Raises:
            StateInvalid: It is too large, or no JSON.
        """
        self.value = self._kept(value)
        self.tell()

    def patch(self, changes: Patch) -> None:
        """Change parts of it; all of them, or none.

        Raises:
            StateInvalid: A change does not fit, or it would become too large.
        """
        changed = patched(self.value, changes, LARGEST)
        kept = self._kept(changed)
        self.value = kept
        if kept != changed:  # a change by itself may not show that it brings a secret
            self.tell()
        else:
            told = {"delta": list(changes)}
            self.emit(Event.STATE_PATCHED, told, record=StateRecord(kept))

    def _kept(self, value: object) -> Any:  # noqa: ANN401 - any JSON
        return msgspec.json.decode(cleaned(bounded(value, LARGEST), self.clean))


@dataclass(slots=True, eq=False)
class Activity:
    """Something under way that people may watch: a search, a plan, a long computation.

    Telling it anew under the same name, as after a crash, takes the place of what was told.
    """

    run: LiveRun
    id: str
    type: str
    content: dict[str, Any] = field(default_factory=dict[str, Any])
    _told: int = 0

    def show(self, content: Mapping[str, Any]) -> None:
        """Tell how it stands, as a whole.

        Raises:
            StateInvalid: That is too much.
        """
        bounded(content, LARGEST_ACTIVITY)
        self.content = dict(content)
        self._tell(Event.ACTIVITY_REPLACED, {"content": self.content})

    def patch(self, changes: Patch) -> None:
        """Tell what has become different.

        Raises:
            StateInvalid: A change does not fit, or it would become too large.
        """
        self.content = cast(dict[str, Any], patched(self.content, changes, LARGEST_ACTIVITY))
        self._tell(Event.ACTIVITY_PATCHED, {"patch": list(changes)})

    def _tell(self, type_: str, body: dict[str, object]) -> None:
        self._told += 1
        if self._told < MOST_TOLD:
            named = {"messageId": self.id, "activityType": self.type}
            self.run.emit(type_, named | body)


def bounded(value: object, most: int) -> bytes:
    """Return a value as JSON text.

    Raises:
        StateInvalid: It is too large or too deep, or no JSON.
    """
    if shape.is_deeper(value, DEEPEST):
        raise StateInvalid(f"A state has {DEEPEST} levels at the most.")
    try:
        text = encoded(value)
    except (TypeError, ValueError):
        raise StateInvalid("This is no JSON.") from None
    if len(text) > most:
        raise StateInvalid(f"A state has {most} bytes at the most.")
    return text


def patched(value: object, changes: Patch, most: int) -> object:
    """Return a value with changes made to it; it stays as it is. Where nothing is, `{}` is.

    Raises:
        StateInvalid: A change does not fit, or there are too many, or it would become too large.
    """
    if len(changes) > MOST_CHANGES:
        raise StateInvalid(f"A patch has {MOST_CHANGES} changes at the most.")
    library = import_module("jsonpatch")
    result = orjson.loads(orjson.dumps({} if value is None else value))
    for change in changes:  # one by one: what copies itself grows fast
        try:
            result = library.apply_patch(result, [dict(change)], in_place=True)
        except (library.JsonPatchException, library.JsonPointerException, TypeError) as error:
            raise StateInvalid(f"The patch does not fit: {error}") from None
        bounded(result, most)
    return result
