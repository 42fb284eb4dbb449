"""A batch on its way to the database: rows, ends and projections, encoded once."""

import os
from binascii import hexlify
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import LiteralString

from folkmoot.kit.chain import SALT_BYTES, digest, link
from folkmoot.kit.ids import ProcessId
from folkmoot.runs import statements
from folkmoot.runs.events import ENDS, End, Recorded, encode
from folkmoot.runs.live import Entry, LiveRun

NOTICE_LIMIT = 500
"""Runs named in one notification; PostgreSQL takes 8,000 bytes, a name needs 13."""

ROW = rb'%b%d,"a":%d,"t":%b,"p":%b,"z":"\\x%b","h":"\\x%b"}'
"""An event as `statements.APPEND` takes it, behind what is the same for all events of its run."""


@dataclass(slots=True)
class Part:
    """What a batch adds to one run, and where the run was before."""

    run: LiveRun
    seq: int
    head: bytes
    entries: int = 0
    rows: list[bytes] = field(default_factory=list[bytes])
    end: dict[str, object] | None = None
    projected: list[tuple[LiteralString, bytes]] = field(
        default_factory=list[tuple[LiteralString, bytes]]
    )
    events: list[Recorded] = field(default_factory=list[Recorded])

    def undo(self) -> None:
        """Set the run back to where it was."""
        self.run.seq, self.run.head = self.seq, self.head


@dataclass(slots=True)
class Batch:
    """Entries of several runs, numbered and linked into their chains.

    Sealing moves each run's sequence and head on, so a sealed batch is committed as it is, whole or
    run by run, or never. It belongs to the lease it was sealed under. `doubtful` says that an
    attempt to commit it was made and not answered.
    """

    process_id: ProcessId
    at_ms: int
    parts: dict[LiveRun, Part] = field(default_factory=dict[LiveRun, Part])
    doubtful: bool = False

    @property
    def events(self) -> int:
        """How many events it holds."""
        return sum(len(part.events) for part in self.parts.values())

    def seal(self, entries: list[Entry]) -> None:
        """Number, hash and encode the entries."""
        salts = os.urandom(SALT_BYTES * len(entries))
        for place, entry in enumerate(entries):
            self._seal(entry, salts[place * SALT_BYTES : (place + 1) * SALT_BYTES])

    def alone(self) -> Iterator["Batch"]:
        """Split into batches of one run each."""
        for run, part in self.parts.items():
            yield Batch(self.process_id, self.at_ms, {run: part}, self.doubtful)

    def _seal(self, entry: Entry, salt: bytes) -> None:
        run, payload = entry.run, entry.sealed()
        part = self.parts.get(run)
        if part is None:
            part = self.parts[run] = Part(run, run.seq, run.head)
        if run.merging is entry:
            run.merging = None
        run.seq += 1
        run.head = link(run.head, run.seq, entry.type, self.at_ms, digest(salt, payload))
        part.entries += 1
        part.rows.append(
            ROW
            % (
                run.row_head,
                run.seq,
                self.at_ms,
                encode(entry.type),
                encode(payload.decode()),
                hexlify(salt),
                hexlify(run.head),
            )
        )
        part.events.append(Recorded(run.seq, entry.type, payload, self.at_ms))
        if entry.projected is not None:
            part.projected.append(entry.projected)
        if entry.end is not None:
            part.end = _end(run, entry.type, entry.end)

    def statement(self) -> LiteralString:
        """Return the SQL that commits this batch."""
        return statements.batch(
            ends=any(part.end for part in self.parts.values()),
            projections=tuple(self._projected()),
        )

    def arguments(self) -> list[str]:
        """Return the statement's arguments, in its order."""
        parts = self.parts.values()
        ends = [part.end for part in parts if part.end is not None]
        documents = [b"[%b]" % b",".join([row for part in parts for row in part.rows])]
        documents += [b"[%b]" % b",".join(rows) for rows in self._projected().values()]
        if ends:
            documents.append(encode(ends))
        return [
            "{" + ",".join({run.org_text for run in self.parts}) + "}",
            str(self.process_id),
            *(document.decode() for document in documents),
            f"{self.process_id}:{_names(self.parts)}",
        ]

    def _projected(self) -> dict[LiteralString, list[bytes]]:
        """Return the rows of each projection's statement."""
        rows: dict[LiteralString, list[bytes]] = {}
        for part in self.parts.values():
            for statement, row in part.projected:
                rows.setdefault(statement, []).append(row)
        return rows


def _names(runs: Iterable[LiveRun]) -> str:
    names = [run.id_text[-12:] for run in runs]
    return statements.EVERYTHING if len(names) > NOTICE_LIMIT else ",".join(names)


def _end(run: LiveRun, type_: str, end: End) -> dict[str, object]:
    return {
        "o": run.org_text,
        "r": run.id_text,
        "t": ENDS[type_],
        "s": run.seq,
        "h": "\\x" + run.head.hex(),
        "u": end.usage,
        "c": end.code,
        "d": end.message,
    }
