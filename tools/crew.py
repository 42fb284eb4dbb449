"""A pytest plugin: `--processes 4` shares the tests out among processes that know all of them.

To load and to collect the tests takes several seconds of a processor. Here it is done once, and the
processes are forked from the one that has; those of other plugins all do it themselves.
"""

import multiprocessing
import os
import traceback
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any, Final

import pytest

FORKS: Final = multiprocessing.get_context("fork")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the command line say how many there are."""
    parser.addoption("--processes", type=int, default=0, help="how many share the tests")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Have others run the tests, if there are any."""
    options = session.config.option
    if not options.processes or options.collectonly or session.testsfailed or not session.items:
        return None
    Crew(session).run(options.processes)
    return True


@dataclass
class Hand:
    """A process that runs tests. These are numbered as they were collected."""

    process: ForkProcess
    wire: Connection
    left: deque[int]
    given: deque[int] = field(default_factory=deque[int])
    """What it is at, and what it does next: so much it has to know to keep what both want."""


class Crew:
    """All processes that run tests."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._hook = session.config.hook
        self._hands: list[Hand] = []

    def run(self, processes: int) -> None:
        """Run all tests, each process those of one stretch until there are none left."""
        config, total = self._session.config, len(self._session.items)
        reporter: Any = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.showfspath = False  # the files take turns
        # One directory for what tests write: pytest keeps those of the last three that asked.
        vars(config)["_tmp_path_factory"].getbasetemp()
        processes = min(processes, total)
        cuts = [total * number // processes for number in range(processes + 1)]
        try:
            for begin, end in pairwise(cuts):
                self._begin(range(begin, end))
            while self._hands:
                for hand in self._heard():
                    self._hear(hand)
        finally:
            self._dismiss()

    def _begin(self, tests: Sequence[int]) -> None:
        ours, theirs = FORKS.Pipe()
        others = [hand.wire for hand in self._hands]
        process = FORKS.Process(target=work, args=(self._session, theirs, [*others, ours]))
        process.start()
        theirs.close()
        hand = Hand(process, ours, deque(tests))
        self._hands.append(hand)
        self._give(hand)
        self._give(hand)

    def _give(self, hand: Hand) -> None:
        """Tell a process what comes next; if it has nothing left, from whoever has most."""
        if not hand.left:
            richest = max(self._hands, key=lambda other: len(other.left))
            taken = [richest.left.pop() for _ in range((len(richest.left) + 1) // 2)]
            hand.left.extend(reversed(taken))
        following = hand.left.popleft() if hand.left else None
        hand.given.extend([] if following is None else [following])
        with suppress(OSError):  # it has died, which is heard of
            hand.wire.send(following)

    def _heard(self) -> list[Hand]:
        """Wait until processes have something to say."""
        ready = wait([hand.wire for hand in self._hands])
        return [hand for hand in self._hands if hand.wire in ready]

    def _hear(self, hand: Hand) -> None:
        """Take one message; a process that has none any more has died."""
        kind, content = received(hand)
        if kind == "report":
            config = self._session.config
            report = self._hook.pytest_report_from_serializable(config=config, data=content)
            self._hook.pytest_runtest_logreport(report=report)
            if self._session.shouldfail:
                raise self._session.Failed(self._session.shouldfail)
        elif kind == "ran":
            item = self._session.items[hand.given.popleft()]
            self._hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
            if hand.given:
                self._give(hand)
        else:
            self._end(hand, content)

    def _end(self, hand: Hand, trouble: str) -> None:
        """See a process off; if it had trouble, what it was at has failed and others go on."""
        self._leave(hand)
        if trouble:
            item = self._session.items[hand.given.popleft()] if hand.given else None
            name = item.nodeid if item else "the end of a process"
            place = item.location if item else ("", None, name)
            report = pytest.TestReport(name, place, {}, "failed", trouble, "call")
            self._hook.pytest_runtest_logreport(report=report)
        if left := [*hand.given, *hand.left]:
            self._begin(left)

    def _leave(self, hand: Hand) -> None:
        self._hands.remove(hand)
        hand.wire.close()
        hand.process.join()

    def _dismiss(self) -> None:
        """Let whoever is still at work end it and clean up."""
        for hand in self._hands:
            with suppress(OSError):
                hand.wire.send(None)
        while self._hands:
            for hand in self._heard():
                if received(hand)[0] == "end":
                    self._leave(hand)


def received(hand: Hand) -> tuple[str, Any]:
    """Return what a process says, or that it has died."""
    try:
        kind, content = hand.wire.recv()
    except (EOFError, OSError):
        hand.process.join()
        return "end", f"The process died in the middle of it, with {hand.process.exitcode}."
    return kind, content


class Teller:
    """Tells how tests went."""

    def __init__(self, config: pytest.Config, wire: Connection) -> None:
        self._config = config
        self._wire = wire

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell it of a part of a test."""
        told = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._wire.send(("report", told))


def work(session: pytest.Session, wire: Connection, others: Sequence[Connection]) -> None:
    """Be such a process."""
    for other in others:
        other.close()
    trouble = ""
    try:
        prepare(session.config, wire)
        run_tests(session, wire)
        hook = session.config.hook
        hook.pytest_sessionfinish(session=session, exitstatus=session.exitstatus)
        hook.pytest_unconfigure(config=session.config)
    except BaseException:  # noqa: BLE001 - somebody has to hear of it, whatever it is
        trouble = traceback.format_exc()
    wire.send(("end", trouble))


def prepare(config: pytest.Config, wire: Connection) -> None:
    """Have a say and files of one's own."""
    vars(config)["workerinput"] = {}  # by this plugins know that others show and clean up
    config.pluginmanager.register(Teller(config, wire))
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        capture.start_global_capturing()
        capture.suspend_global_capture()


def run_tests(session: pytest.Session, wire: Connection) -> None:
    """Run what one is told to, until that is nothing."""
    hook = session.config.hook
    number = told(wire)
    while number is not None and not session.shouldfail:
        following = told(wire)
        nextitem = None if following is None else session.items[following]
        hook.pytest_runtest_protocol(item=session.items[number], nextitem=nextitem)
        wire.send(("ran", None))
        number = following


def told(wire: Connection) -> int | None:
    """Return the number of the next test; none if whoever numbers them is gone."""
    try:
        number: int | None = wire.recv()
    except EOFError:
        return None
    return number
