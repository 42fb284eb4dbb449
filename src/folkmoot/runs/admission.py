"""Cutting what goes on for those who were let in, once they would not be any more.

Nothing is asked for each event: everybody for whom something goes on in this process is asked about
together, as often as the lease is renewed.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from folkmoot.kit.subject import NOBODY, Subject
from folkmoot.runs.execution import Execution, Stop
from folkmoot.runs.hub import Hub

log = structlog.get_logger(__name__)

Refused = Callable[[Sequence[Subject]], Awaitable[Sequence[Subject]]]
"""Returns those who have lost what they were let in with."""


async def nobody(_subjects: Sequence[Subject]) -> Sequence[Subject]:
    """Refuse nobody: where there are no accounts."""
    return ()


@dataclass(frozen=True, slots=True)
class Admission:
    """Ends the runs, and cuts the streams, of those who have lost what they were let in with.

    A session that ends takes no run along: what somebody has asked for goes on when they sign out.
    """

    hub: Hub
    refused: Refused

    async def look(self, executions: Iterable[Execution]) -> None:
        """Ask about everybody once."""
        reading = {reader: reader.subject for reader in self.hub.readers if reader.subject}
        acting = {
            each: replace(each.run.subject, session_id=None)
            for each in executions
            if each.run.subject.user_id != NOBODY  # which is the deployment itself
        }
        subjects = list({*reading.values(), *acting.values()})
        refused = set(await self.refused(subjects)) if subjects else set[Subject]()
        for reader, subject in reading.items():
            if subject in refused:
                reader.leave()
        for execution, subject in acting.items():
            if subject in refused:
                log.warning("runs.no_longer_admitted", run_id=str(execution.run.id))
                execution.stop(Stop.REFUSED)
