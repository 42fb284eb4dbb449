"""A batch numbers and links the events of many runs, and can be taken apart and back."""

import orjson

from folkmoot.kit.ids import ProcessId, new_id
from folkmoot.runs.batch import NOTICE_LIMIT, Batch
from folkmoot.runs.live import LiveRun
from folkmoot.runs.statements import EVERYTHING
from running import idle_run, waiting


def sealed(runs: list[LiveRun], *, each: int = 2) -> Batch:
    """Return a batch of some events of each run, in turns."""
    for number in range(each):
        for run in runs:
            run.announce("said", {"number": number})
    entries = [waiting(run)[number] for number in range(each) for run in runs]
    batch = Batch(ProcessId(new_id()), 1000)
    batch.seal(entries)
    return batch


def test_the_numbers_and_chains_of_runs_do_not_depend_on_who_shares_their_batch() -> None:
    runs = [idle_run() for _ in range(3)]
    batch = sealed(runs)
    assert batch.events == 6
    assert [run.seq for run in runs] == [2, 2, 2]
    assert len({run.head for run in runs}) == 3
    alone = list(batch.alone())
    rows = [orjson.loads(part.arguments()[2]) for part in alone]
    assert [[row["s"] for row in part] for part in rows] == [[1, 2]] * 3
    together = orjson.loads(batch.arguments()[2])
    assert sorted(map(str, together)) == sorted(str(row) for part in rows for row in part)
    assert {part.process_id for part in alone} == {batch.process_id}


def test_undoing_one_run_leaves_the_others() -> None:
    runs = [idle_run() for _ in range(2)]
    before = runs[0].head
    batch = sealed(runs)
    batch.parts[runs[0]].undo()
    assert (runs[0].seq, runs[0].head) == (0, before)
    assert runs[1].seq == 2


def test_a_notice_names_the_runs_unless_they_are_too_many() -> None:
    few, many = [idle_run() for _ in range(2)], [idle_run() for _ in range(NOTICE_LIMIT + 1)]
    notice = sealed(few).arguments()[-1]
    assert notice.partition(":")[2] == ",".join(str(run.id)[-12:] for run in few)
    assert sealed(many, each=1).arguments()[-1].endswith(f":{EVERYTHING}")
    assert len(sealed(many[:-1], each=1).arguments()[-1]) < 8000
