"""The hub forgets whoever has gone: ended runs, readers that left, followers."""

import gc
import weakref

from folkmoot.kit.ids import RunId, new_id
from folkmoot.runs.events import Event, Recorded
from folkmoot.runs.hub import Hub
from folkmoot.runs.live import LiveRun
from folkmoot.runs.statements import EVERYTHING
from running import idle_run


class Follower:
    """Counts how often it was woken."""

    subject = None

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    def leave(self) -> None: ...

    def keep_alive(self) -> None: ...


def successor(run: LiveRun) -> LiveRun:
    """Return the same run as it is taken up again."""
    again = idle_run()
    again.id = run.id
    return again


def end(hub: Hub, run: LiveRun) -> None:
    run.ended = Event.RUN_FINISHED
    hub.deliver(run, [Recorded(1, Event.RUN_FINISHED, b"{}", 0)])


def test_nothing_of_an_ended_run_stays() -> None:
    hub, run = Hub(), idle_run()
    hub.enter(run)
    end(hub, run)
    assert hub.live == {}
    gone = weakref.ref(run.filters), run.id
    del run
    gc.collect()
    assert gone[0]() is None


def test_what_is_still_to_be_written_keeps_a_run() -> None:
    hub, run = Hub(), idle_run()
    hub.enter(run)
    run.queued = 1
    end(hub, run)
    assert hub.holds(run)
    run.stored = 1
    end(hub, run)
    assert not hub.holds(run)


def test_the_end_of_a_run_that_was_let_go_does_not_touch_its_successor() -> None:
    hub, run = Hub(), idle_run()
    hub.enter(run)
    hub.release(run)
    again = successor(run)
    hub.enter(again)
    end(hub, run)
    hub.release(run)
    assert hub.live == {run.id: again}
    assert not hub.holds(run)


def test_only_followers_of_the_named_runs_are_woken_and_none_stays() -> None:
    hub, mine, other = Hub(), Follower(), Follower()
    first, second = RunId(new_id()), RunId(new_id())
    hub.follow(first, mine)
    hub.follow(second, other)
    hub._wake(str(first)[-12:])
    assert (mine.woken, other.woken) == (1, 0)
    hub._wake(EVERYTHING)
    hub._wake("unknown")
    assert (mine.woken, other.woken) == (2, 1)
    hub.follow(first, other)
    for run_id, follower in ((first, mine), (first, mine), (first, other), (second, other)):
        hub.unfollow(run_id, follower)
    assert hub._followers == {}


def test_losing_the_lease_lets_every_run_go_and_says_so_once() -> None:
    hub, runs = Hub(), [idle_run() for _ in range(3)]
    lost: list[int] = []
    hub.on_lost = lambda: lost.append(len(hub.live))
    for run in runs:
        hub.enter(run)
    hub.lose()
    assert lost == [3]
    assert hub.live == {}
    assert all(run.lost for run in runs)
