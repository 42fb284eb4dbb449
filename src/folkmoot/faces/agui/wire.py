"""`RunAgentInput` as it comes in, read with no more effort than a turn needs.

The edge has made sure that the body is JSON of reasonable size, depth and spelling. The last
message of the user is the question; those before it say where it stands, and are read where they
are new here, since the server keeps the others. The state of the client is what it shares with the
agent, unless it is empty. Results of tools that come after the question go on with what it began.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from folkmoot.agents.definition import OnActiveRun
from folkmoot.agents.order import ClientResult, ContextItem
from folkmoot.conversations.attaching.keeping import Given
from folkmoot.conversations.history import MOST_MESSAGES
from folkmoot.conversations.question import BEGINNING, EarlierMessage, Question
from folkmoot.conversations.resuming import Answer, Resumption
from folkmoot.conversations.returning import Brought
from folkmoot.faces.agui import tools as offered
from folkmoot.faces.agui.decoding import NOTHING, decoded
from folkmoot.faces.agui.errors import InputInvalid
from folkmoot.kit.ids import CollectionId
from folkmoot.tools.forgiving import failure
from folkmoot.tools.state import LARGEST, StateInvalid, bounded

PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*\Z"
LONGEST_TEXT: Final = 100_000  # characters of a question
MOST_RESULTS: Final = 256  # no turn makes as many calls
TOO_LONG: Final = f"The text may have {LONGEST_TEXT} characters at the most."
LONGEST_CONTEXT: Final = 20_000  # characters of one item

Id = Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
Role = Literal["developer", "system", "assistant", "user", "tool", "activity", "reasoning"]
FILES: Final = frozenset({"image", "document", "binary"})
"""Parts that are kept and shown to models."""


class IncomingFunction(Struct):
    name: Annotated[str, Meta(max_length=128)]
    arguments: str = "{}"


class IncomingCall(Struct):
    id: Id
    function: IncomingFunction


class IncomingMessage(Struct, rename="camel"):
    id: Id
    role: Role
    content: Raw = NOTHING
    tool_calls: Raw = NOTHING
    tool_call_id: Raw = NOTHING
    error: Raw = NOTHING
    subagent_run_id: Raw | UnsetType = UNSET


class IncomingSource(Struct):
    type: str
    value: str = ""


class IncomingPart(Struct):
    """A part of a message: of `image` and `document` a source, of `binary` data or an id."""

    type: Annotated[str, Meta(max_length=40, pattern=r"^[\w.-]*\Z")]
    text: str | None = None
    id: str | None = None
    data: str | None = None
    filename: str | None = None
    source: IncomingSource | None = None
    metadata: Raw = NOTHING


class IncomingContext(Struct):
    description: Annotated[str, Meta(max_length=2_000)]
    value: Annotated[str, Meta(max_length=LONGEST_CONTEXT)]


class ForwardedProps(Struct):
    """What Folkmoot understands of `forwardedProps`; the rest is somebody else's."""

    workflow: Name | None = None
    collection_ids: Annotated[list[UUID], Meta(max_length=50)] | None = None
    model: Name | None = None
    parent_id: Id | UnsetType | None = UNSET
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | Name | None = None
    on_active_run: OnActiveRun | None = None
    memory: bool | None = None


class IncomingEntry(Struct, rename="camel"):
    interrupt_id: Id
    status: Literal["resolved", "cancelled"]
    payload: Raw = NOTHING


class IncomingPayload(Struct, rename="camel"):
    """An answer of the shape that an interrupt asks for."""

    approved: bool
    edited_args: dict[str, Any] | None = None
    reason: Annotated[str, Meta(max_length=1_000, pattern=r"^[^\x00]*\Z")] | None = None
    remember: bool = False


class RunAgentInput(Struct, rename="camel"):
    """See https://ag-ui.com/spec/1.0/schema.json."""

    thread_id: Id
    run_id: Id
    messages: list[IncomingMessage]
    state: Raw = NOTHING
    tools: offered.Incoming | None = None
    context: Annotated[list[IncomingContext], Meta(max_length=50)] | None = None
    forwarded_props: Raw = NOTHING
    resume: Annotated[list[IncomingEntry], Meta(max_length=100)] | None = None


INPUT: Final = msgspec.json.Decoder(RunAgentInput)
CONTENT: Final = msgspec.json.Decoder(str | list[IncomingPart] | None)
CALLS: Final = msgspec.json.Decoder(list[IncomingCall] | None)
PAYLOAD: Final = msgspec.json.Decoder(IncomingPayload)
CALL_ID: Final = msgspec.json.Decoder(Id)
ERROR: Final = msgspec.json.Decoder(str | None)
PROPS: Final = msgspec.json.Decoder(ForwardedProps)

STATE: Final = msgspec.json.Decoder(Any)
EMPTY: Final = (b"null", b"{}", b"[]", b'""')


def read(agent_id: str, body: bytes) -> Question | Resumption:
    """Return what a request asks, or what it answers.

    Raises:
        InputInvalid: it asks nothing that can be answered; says where.
    """
    wanted = decoded(INPUT, body, "/body")
    if wanted.resume:
        return _resumption(agent_id, wanted, wanted.resume)
    return _asked(agent_id, wanted)


def _resumption(
    agent_id: str, wanted: RunAgentInput, entries: Sequence[IncomingEntry]
) -> Resumption:
    asked = [message.id for message in wanted.messages if message.role == "user"]
    return Resumption(
        agent_id=agent_id,
        thread_id=wanted.thread_id,
        run_id=wanted.run_id,
        message_id=asked[-1] if asked else None,
        answers=tuple(_answer(place, entry) for place, entry in enumerate(entries)),
        brought=Brought(
            results=_results(wanted.messages),
            tools=offered.read(wanted.tools),
            state=_state(wanted.state),
        ),
    )


def _answer(place: int, entry: IncomingEntry) -> Answer:
    if entry.status == "cancelled":
        return Answer(entry.interrupt_id, None)
    said = decoded(PAYLOAD, entry.payload, f"/body/resume/{place}/payload")
    return Answer(entry.interrupt_id, said.approved, said.edited_args, said.reason, said.remember)


def _asked(agent_id: str, wanted: RunAgentInput) -> Question:
    place, message = _question(wanted.messages)
    earlier = _earlier(wanted.messages[:place], message.id) if place else ()
    props = _props(wanted.forwarded_props)
    given = _given(message.content, f"/body/messages/{place}/content")
    return Question(
        agent_id=agent_id,
        thread_id=wanted.thread_id,
        run_id=wanted.run_id,
        message_id=message.id,
        text=_text(message.content, f"/body/messages/{place}/content", given),
        given=given,
        workflow=props.workflow,
        collection_ids=tuple(map(CollectionId, props.collection_ids or ())),
        model=props.model,
        version=props.version,
        context=tuple(ContextItem(item.description, item.value) for item in wanted.context or ()),
        earlier=earlier,
        state=_state(wanted.state),
        tools=offered.read(wanted.tools),
        results=_results(wanted.messages[place + 1 :], place + 1),
        after=None if props.parent_id is UNSET else props.parent_id or BEGINNING,
        on_active_run=props.on_active_run,
        memory=props.memory,
    )


def _question(messages: Sequence[IncomingMessage]) -> tuple[int, IncomingMessage]:
    for place in range(len(messages) - 1, -1, -1):
        if messages[place].role == "user":
            return place, messages[place]
    raise InputInvalid("/body/messages", "There is no message of the user to answer.")


def _earlier(messages: Sequence[IncomingMessage], question: str) -> tuple[EarlierMessage, ...]:
    """Return what was said before the question, as far as an agent would be shown it."""
    first = max(0, len(messages) - MOST_MESSAGES)
    told = (_told(message, place) for place, message in enumerate(messages[first:], first))
    return tuple(each for each in told if each is not None and each.id != question)


def _told(message: IncomingMessage, place: int) -> EarlierMessage | None:
    """Return a message of the history; one that has nothing to say to a model is left out."""
    pointer = f"/body/messages/{place}"
    if message.role not in {"user", "assistant", "tool"} or message.subagent_run_id is not UNSET:
        return None
    text = _said_by(message, pointer)
    if message.role == "user":
        return EarlierMessage(message.id, "user", text) if text else None
    if message.role == "tool":
        call_id = decoded(CALL_ID, message.tool_call_id, f"{pointer}/toolCallId")
        return EarlierMessage(message.id, "tool", text, call_id=call_id)
    calls = decoded(CALLS, message.tool_calls, f"{pointer}/toolCalls")
    listed = [{"type": "function", **msgspec.to_builtins(call)} for call in calls or ()]
    return EarlierMessage(message.id, "assistant", text, listed or None)


def _results(messages: Sequence[IncomingMessage], first: int = 0) -> tuple[ClientResult, ...]:
    """Return what came of calls, if that is the last that is told; what is known is among it."""
    if not messages:
        return ()
    since = len(messages)
    while since and messages[since - 1].role != "user":
        since -= 1
    own = [
        (place, message)
        for place, message in enumerate(messages[since:], first + since)
        if message.role in {"assistant", "tool"} and message.subagent_run_id is UNSET
    ]
    if not own or own[-1][1].role != "tool":
        return ()
    found = [(place, message) for place, message in own if message.role == "tool"]
    if len(found) > MOST_RESULTS:
        raise InputInvalid("/body/messages", f"A turn has {MOST_RESULTS} results at the most.")
    results = [_result(message, place) for place, message in found]
    if len({each.tool_call_id for each in results}) < len(results):
        raise InputInvalid("/body/messages", "A call has one result.")
    return tuple(results)


def _result(message: IncomingMessage, place: int) -> ClientResult:
    pointer = f"/body/messages/{place}"
    call_id = decoded(CALL_ID, message.tool_call_id, f"{pointer}/toolCallId")
    return ClientResult(message.id, call_id, _said_by(message, pointer))


def _said_by(message: IncomingMessage, pointer: str) -> str:
    text = _content(message.content, f"{pointer}/content")
    own = message.error if message.role == "tool" else NOTHING
    error = decoded(ERROR, own, f"{pointer}/error")
    if error is None:
        return text
    if len(error) > LONGEST_TEXT:
        raise InputInvalid(f"{pointer}/error", TOO_LONG)
    return "\n".join(filter(None, [failure(error), text]))


def _content(content: Raw, pointer: str, *, shown: bool = False) -> str:
    found = decoded(CONTENT, content, pointer)
    if isinstance(found, str):
        text = found
    else:
        kept = [each for each in found or () if not shown or _attached(each, "") is None]
        text = "".join(map(_said, kept))
    if len(text) > LONGEST_TEXT:
        raise InputInvalid(pointer, TOO_LONG)
    return text


def _given(content: Raw, pointer: str) -> tuple[Given, ...]:
    """Return what comes with a question, as far as it is here or has been sent before."""
    found = decoded(CONTENT, content, pointer)
    if found is None or isinstance(found, str):
        return ()
    parts = [_attached(part, f"{pointer}/{n}") for n, part in enumerate(found)]
    return tuple(part for part in parts if part is not None)


def _attached(part: IncomingPart, pointer: str) -> Given | None:
    if part.type not in FILES:
        return None
    data = part.data
    if part.source is not None and part.source.type == "data":
        data = part.source.value
    if data is not None:
        return Given(pointer, data=data, name=part.filename or _named(part.metadata))
    return Given(pointer, id=part.id) if part.id is not None and part.source is None else None


def _named(metadata: Raw) -> str | None:
    """Return the name of a file from what the protocol lets be any JSON value."""
    if not bytes(metadata).lstrip().startswith(b"{"):
        return None
    name = msgspec.json.decode(metadata).get("filename")
    return name if isinstance(name, str) else None


def _text(content: Raw, pointer: str, given: Sequence[Given]) -> str:
    text = _content(content, pointer, shown=bool(given))
    if not text.strip() and not given:
        raise InputInvalid(pointer, "The text must not be empty.")
    return text


def _said(part: IncomingPart) -> str:
    """Return the text of a part, or a word in the place of what is not understood here.

    A part that can not be used must not fail the run (run input, 1.0): addresses of pictures, for
    nobody is sent to one, sounds and films.
    """
    if part.type == "text" and part.text is not None:
        return part.text
    return f"\n[Something of type {part.type} came with this message and can not be read here.]\n"


def _state(raw: Raw) -> object:
    """Return the state that a client shares; an empty one says nothing, as all begin with it."""
    state: object = decoded(STATE, raw, "/body/state")
    try:
        text = bounded(state, LARGEST)
    except StateInvalid as error:
        raise InputInvalid("/body/state", error.detail) from None
    return None if text in EMPTY else state


def _props(raw: Raw) -> ForwardedProps:
    """Return the properties that are ours; the protocol lets them be any JSON value."""
    if not bytes(raw).lstrip().startswith(b"{"):
        return ForwardedProps()
    return decoded(PROPS, raw, "/body/forwardedProps")
