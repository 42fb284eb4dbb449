"""What somebody says to a turn while it is worked: the model reads it before its next step."""

from typing import Final

from folkmoot.agents.turn import Turn
from folkmoot.llm.port import ChatMessage
from folkmoot.runs.records import MessageRecord

STEERED: Final = "message.steered"
"""Event: a message of the user reaches the model from here on; tells its id and its text."""

JOINED: Final = "run.joined"
"""Event: what this run was to answer has been said to another one, which it tells."""


async def listen(turn: Turn, anchor: str) -> None:
    """Let the turn hear what waits to be said to it, after a message of its graph.

    What waits is put aside once the log has it: after a crash it is found there, or comes again.
    """
    run = turn.run
    if not run.called or turn.steering is None:
        return
    run.called = False
    for waits in await turn.steering.waiting(run):
        if waits.message_id not in turn.heard:
            turn.heard[waits.message_id] = None
            record = MessageRecord(id=waits.message_id, role="user", content=waits.text)
            told = {"message_id": waits.message_id, "content": waits.text}
            run.emit(STEERED, {"name": STEERED, "value": told}, record=record)
            said = ChatMessage("user", run.filters.text(waits.text))
            turn.meanwhile.setdefault(anchor, []).append(said)
        await run.settled()
        await turn.steering.join(run, waits.run_id)
