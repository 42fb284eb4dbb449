"""A batch on its way to the database: rows, ends and projections, encoded once."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import LiteralString

import orjson
from pydantic import JsonValue

from folkmoot.kit.ids import ProcessId
from folkmoot.runs import statements
from folkmoot.runs.chain import SALT_BYTES, digest, link
from folkmoot.runs.events import ENDS, Recorded
from folkmoot.runs.live import Entry, LiveRun
from folkmoot.runs.ports import Projection

NOTICE_LIMIT = 500
"""Runs named in one notification; PostgreSQL takes 8,000 bytes, a name needs 13."""

EVERYTHING = "*"


@dataclass(slots=True)
class Batch:
    """Entries of several runs, numbered and linked into their chains.

    Sealing moves each run's sequence and head on, so a sealed batch is committed as it is or, if
    the process has lost its lease, never.
    """

    entries: Sequence[Entry]
    at_ms: int
    rows: list[dict[str, JsonValue]] = field(default_factory=list[dict[str, JsonValue]])
    ends: list[dict[str, JsonValue]] = field(default_factory=list[dict[str, JsonValue]])
    projected: dict[Projection, list[JsonValue]] = field(
        default_factory=lambda: defaultdict[Projection, list[JsonValue]](list)
    )
    projections: Mapping[str, Projection] = field(default_factory=dict[str, Projection])
    before: dict[LiveRun, tuple[int, bytes]] = field(
        default_factory=dict[LiveRun, tuple[int, bytes]]
    )
    fresh: dict[LiveRun, list[Recorded]] = field(
        default_factory=lambda: defaultdict[LiveRun, list[Recorded]](list)
    )

    def seal(self, projections: Mapping[str, Projection]) -> None:
        """Number, hash and encode the entries."""
        self.projections = projections
        salts = os.urandom(SALT_BYTES * len(self.entries))
        for place, entry in enumerate(self.entries):
            salt = salts[place * SALT_BYTES : (place + 1) * SALT_BYTES]
            self._seal(entry, salt)
            projection = projections.get(entry.type)
            row = projection.row(entry) if projection else None
            if projection is not None and row is not None:
                self.projected[projection].append(row)

    def undo(self) -> None:
        """Set the runs back to where they were before this batch."""
        for run, (seq, head) in self.before.items():
            run.seq, run.head = seq, head

    def by_run(self) -> Iterator["Batch"]:
        """Split into sealed batches of one run each."""
        self.undo()
        for run in self.fresh:
            part = Batch([entry for entry in self.entries if entry.run is run], self.at_ms)
            part.seal(self.projections)
            yield part

    def _seal(self, entry: Entry, salt: bytes) -> None:
        run, payload = entry.run, entry.sealed()
        if run.merging is entry:
            run.merging = None
        self.before.setdefault(run, (run.seq, run.head))
        run.seq += 1
        run.head = link(run.head, run.seq, entry.type, self.at_ms, digest(salt, payload))
        self.rows.append(
            {
                "o": run.org_text,
                "r": run.id_text,
                "s": run.seq,
                "a": self.at_ms,
                "t": entry.type,
                "p": payload.decode(),
                "z": "\\x" + salt.hex(),
                "h": "\\x" + run.head.hex(),
            }
        )
        self.fresh[run].append(Recorded(run.seq, entry.type, payload, self.at_ms))
        if entry.type in ENDS:
            self.ends.append(_end(run, entry, payload))

    def statement(self) -> LiteralString:
        """Return the SQL that commits this batch."""
        return statements.batch(
            ends=bool(self.ends),
            projections=tuple(projection.statement for projection in self.projected),
        )

    def arguments(self, process_id: ProcessId) -> list[str]:
        """Return the statement's arguments, in its order."""
        orgs = {run.org_text for run in self.fresh}
        documents = [self.rows, *([self.ends] if self.ends else []), *self.projected.values()]
        return [
            "{" + ",".join(orgs) + "}",
            str(process_id),
            *(orjson.dumps(document).decode() for document in documents),
            f"{process_id}:{self._names()}",
        ]

    def _names(self) -> str:
        if len(self.fresh) > NOTICE_LIMIT:
            return EVERYTHING
        return ",".join(run.id_text[-12:] for run in self.fresh)


def _end(run: LiveRun, entry: Entry, payload: bytes) -> dict[str, JsonValue]:
    told = orjson.loads(payload)
    return {
        "o": run.org_text,
        "r": run.id_text,
        "t": ENDS[entry.type],
        "s": run.seq,
        "h": "\\x" + run.head.hex(),
        "u": told.get("usage"),
        "c": told.get("code"),
        "d": told.get("message"),
    }
