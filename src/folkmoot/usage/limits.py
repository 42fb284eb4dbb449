"""Which limits hold for a call: those of the organisation, of the team and of the user, each.

A limit of one layer is no value that another overrides: each has its own purse, and a call has to
be paid from all of them. So a team may have less than its organisation, and never more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final, cast
from uuid import UUID

from folkmoot.kit import clock
from folkmoot.kit.ids import CounterId, TeamId, UserId
from folkmoot.kit.subject import NOBODY, Subject
from folkmoot.settings.budgets import Limit, Per, daily_calls, monthly_usd, parse
from folkmoot.settings.groups import Budget, General, Group
from folkmoot.settings.resolver import Level
from folkmoot.settings.scopes import acting_team
from folkmoot.settings.service import Holding
from folkmoot.usage.windows import Window, window, zone

WARNED: Final = 80
"""Per cent of a limit from which on there is a warning, unless somebody says otherwise."""

FIELDS: Final = ("monthly_limit_usd", "daily_calls", "limits")


@dataclass(frozen=True, slots=True)
class Asker:
    """The agent that asks: its id, and what people call it where that is something else."""

    id: str
    called: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose calls are counted; None tells nobody apart."""

    team_id: TeamId | None = None
    user_id: UserId | None = None
    agent: str | None = None

    def id(self, within: Window) -> CounterId:
        """Return the id of the counter for a time."""
        names = (self.team_id, self.user_id, self.agent, within.starts_at, within.ends_at)
        text = "|".join("" if each is None else str(each) for each in names)
        return CounterId(UUID(bytes=blake2b(text.encode(), digest_size=16).digest()))


@dataclass(frozen=True, slots=True)
class InForce:
    """A limit that holds, who has set it, what it counts and when.

    One of a run is counted in its process: `counted` is None.
    """

    limit: Limit
    level: Level
    warn_at: int
    window: Window
    counted: Counted | None

    @property
    def counter_id(self) -> CounterId | None:
        """The counter that knows how it stands."""
        return None if self.counted is None else self.counted.id(self.window)


def in_force(
    held: Holding, subject: Subject, agent: Asker | None, now: datetime | None = None
) -> Sequence[InForce]:
    """Return the limits that hold when a subject's agent, or the subject alone, asks a model."""
    said = list(written(held))
    if not said:
        return ()
    now, where = now or clock.now(), zone(time_zone(held))
    warn_at = held.values(Budget).soft_warning_percent or WARNED
    found: list[InForce] = []
    for level, limit in said:
        if limit.per is Per.RUN:
            found.append(InForce(limit, level, warn_at, window(limit.period, now, where), None))
        elif (counted := _counted(limit, level, subject, agent)) is not None:
            within = window(limit.period, now, where)
            found.append(InForce(limit, level, warn_at, within, counted))
    return found


def written(held: Holding) -> Iterator[tuple[Level, Limit]]:
    """Yield every limit that a layer has set and may set."""
    layers = {layer.level: cast(Budget, layer.values) for layer in held.said[Group.BUDGET]}
    default, origins = held.defaults.budget, held.of(Budget).origins
    own = layers.pop(Level.ORGANIZATION, None)
    for name in FIELDS:
        value = getattr(own, name, None)
        level = Level.DEPLOYMENT if value is None else Level.ORGANIZATION
        yield from _limits(level, name, getattr(default, name) if value is None else value)
        for below, values in layers.items():
            if below not in origins[name].locks:
                yield from _limits(below, name, getattr(values, name))


def time_zone(held: Holding) -> str | None:
    """Return the name of the time zone that an organisation has set, not one of its people."""
    layers = {layer.level: cast(General, layer.values) for layer in held.said[Group.GENERAL]}
    own = layers.get(Level.ORGANIZATION)
    return (own.time_zone if own is not None else None) or held.defaults.general.time_zone


def _limits(level: Level, name: str, value: object) -> Iterator[tuple[Level, Limit]]:
    if value is None:
        return
    match name:
        case "monthly_limit_usd":
            yield level, monthly_usd(cast(float, value))
        case "daily_calls":
            yield level, daily_calls(cast(int, value))
        case _:
            for text in cast(list[str], value):
                yield level, parse(text)


def _counted(limit: Limit, level: Level, subject: Subject, agent: Asker | None) -> Counted | None:
    """Return whose calls a limit counts; None if this one is not among them."""
    acting = acting_team(subject)
    user_id = None if subject.user_id == NOBODY else subject.user_id
    team = level is Level.TEAM or limit.per is Per.TEAM
    user = level is Level.USER or limit.per is Per.USER
    if (team and acting is None) or (user and user_id is None):
        return None
    if limit.per is not Per.AGENT:
        return Counted(acting if team else None, user_id if user else None)
    if agent is None or limit.agent not in {None, agent.id, agent.called}:
        return None
    return Counted(acting if team else None, user_id if user else None, agent.id)
