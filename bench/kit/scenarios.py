"""What a server is put through."""

from dataclasses import dataclass
from typing import Final

from kit.marks import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Users who ask and read, each in conversations of their own.

    Attributes:
        turns: Questions of all users together, at least.
        tokens: Length of an answer.
        interval: Milliseconds between two tokens; 0 is as fast as can be.
        ramp: Seconds over which the users arrive.
        turns_each: Turns before a user begins another conversation.
        calls: Tool calls before each answer, one after the other.
        seconds: How long the users go on, at least.
        patience: Seconds one answer may take.
    """

    name: str
    title: str
    users: int
    turns: int
    tokens: int
    interval: int = 0
    ramp: float = 0.0
    turns_each: int = 1
    calls: int = 0
    seconds: float = 0.0
    patience: float = 90.0

    @property
    def wish(self) -> Wish:
        """What the provider is asked for."""
        return Wish(self.tokens, self.interval, self.calls)


WARM_UP: Final = Scenario(
    name="warm-up", title="4 users, short turns", users=4, turns=24, tokens=20
)
SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="S1",
            title="one stream after the other, 500 tokens at full speed",
            users=1,
            turns=10,
            tokens=500,
            seconds=2.0,
        ),
        Scenario(
            name="S2",
            title="50 streams, 200 tokens, 20 ms apart",
            users=50,
            turns=50,
            tokens=200,
            interval=20,
            ramp=0.5,
        ),
        Scenario(
            name="S3",
            title="300 streams, 100 tokens, 50 ms apart, arriving within 2 s",
            users=300,
            turns=300,
            tokens=100,
            interval=50,
            ramp=2.0,
        ),
        Scenario(
            name="S4",
            title="32 users, turns of 20 tokens, each a new conversation",
            users=32,
            turns=500,
            tokens=20,
            seconds=3.0,
        ),
        Scenario(
            name="S5",
            title="one conversation, 200 turns of 20 tokens",
            users=1,
            turns=200,
            tokens=20,
            turns_each=200,
        ),
        Scenario(
            name="S6",
            title="1,000 streams, 20 tokens, 1 s apart, arriving within 5 s",
            users=1_000,
            turns=1_000,
            tokens=20,
            interval=1_000,
            ramp=5.0,
        ),
        Scenario(
            name="S7",
            title="32 users, turns of two tool calls and 20 tokens, each a new conversation",
            users=32,
            turns=200,
            tokens=20,
            calls=2,
            seconds=3.0,
        ),
    )
}
