"""What the AG-UI specification asks of a producer, each with its source and an id for its tests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

SPEC: Final = "https://docs.ag-ui.com/spec/1.0"
Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence of the specification."""

    says: str
    source: str


REQUIREMENTS: Final = {
    "lifecycle.first": Requirement(
        "A stream begins with RUN_STARTED or RUN_ERROR.", f"{SPEC}/events/lifecycle#the-run"
    ),
    "lifecycle.identity": Requirement(
        "RUN_STARTED and RUN_FINISHED carry the input's threadId and runId.",
        f"{SPEC}/basic/run-input#identity",
    ),
    "lifecycle.outcome": Requirement(
        "RUN_FINISHED tells an outcome that the schema describes.",
        f"{SPEC}/events/lifecycle#run_finished",
    ),
    "lifecycle.error": Requirement(
        "A run that failed ends with RUN_ERROR.", f"{SPEC}/events/lifecycle#run_error"
    ),
    "lifecycle.closed": Requirement(
        "Nothing follows the event that ends a run.",
        f"{SPEC}/events/lifecycle#after-a-run-closes",
    ),
    "lifecycle.usage": Requirement(
        "Usage has one entry per provider and model, and no zero for what is not known.",
        f"{SPEC}/events/lifecycle#token-usage",
    ),
    "lifecycle.steps": Requirement(
        "A step is opened before it is finished, and every step is finished.",
        f"{SPEC}/events/lifecycle#steps",
    ),
    "subagents.closed": Requirement(
        "A subagent is announced once, and finished or failed before the run finishes.",
        f"{SPEC}/events/subagents",
    ),
    "state.told": Requirement(
        "State changes by snapshots and by patches (RFC 6902) that apply to what was told before.",
        f"{SPEC}/events/state",
    ),
    "versioning.declared": Requirement(
        "RUN_STARTED declares the producer's own protocol version.",
        f"{SPEC}/basic/versioning#version-negotiation",
    ),
    "versioning.newer": Requirement(
        "A consumer of a newer minor version is served.",
        f"{SPEC}/basic/versioning#version-negotiation",
    ),
    "versioning.no-null": Requirement(
        "Optional fields without a value are left out.",
        f"{SPEC}/basic/versioning#what-a-producer-owes",
    ),
    "processing.described": Requirement(
        "Only events and fields that the schema describes are sent.",
        f"{SPEC}/basic/processing#what-a-producer-must-not-do",
    ),
    "processing.input": Requirement(
        "Unrecognised members of the input do no harm.",
        f"{SPEC}/basic/processing#outgoing-material",
    ),
    "streaming.discipline": Requirement(
        "Texts are opened once, continued while open and closed before the run finishes.",
        f"{SPEC}/basic/patterns/streaming#open-content-close",
    ),
    "text.deltas": Requirement(
        "The deltas of a message make its text.", f"{SPEC}/events/text-messages#events"
    ),
    "tools.arguments": Requirement(
        "The deltas of a call make its arguments.", f"{SPEC}/events/tool-calls#tool_call_args"
    ),
    "tools.result": Requirement(
        "A result is a message of its own that names its call.",
        f"{SPEC}/events/tool-calls#tool_call_result",
    ),
    "tools.frontend": Requirement(
        "A run that calls tools of the client answers none of these calls, and ends as a success"
        " that names them in their order.",
        f"{SPEC}/events/tool-calls#frontend-tools",
    ),
    "tools.returned": Requirement(
        "A thread goes on with a tool message for each of these calls, a failure among them.",
        f"{SPEC}/events/tool-calls#frontend-tools",
    ),
    "client.tools": Requirement(
        "The official client makes calls of its tools, and the next run goes on with the results.",
        "https://www.npmjs.com/package/@ag-ui/client",
    ),
    "reasoning.spans": Requirement(
        "Reasoning messages stand inside of a span that is closed.",
        f"{SPEC}/events/reasoning#events",
    ),
    "custom.shape": Requirement(
        "CUSTOM has a name and a value.", f"{SPEC}/events/passthrough#custom"
    ),
    "input.malformed": Requirement(
        "Malformed input is refused before the run starts, as an HTTP error without a stream.",
        f"{SPEC}/basic/run-input#error-handling",
    ),
    "input.parts": Requirement(
        "A part of a message that can not be used does not fail the run.",
        f"{SPEC}/basic/run-input#messages",
    ),
    "input.absent": Requirement(
        "Absent tools, context and state mean empty ones.", f"{SPEC}/basic/run-input#tools"
    ),
    "input.context": Requirement(
        "Every entry of the context is made available to the model.",
        f"{SPEC}/basic/run-input#context",
    ),
    "sse.response": Requirement(
        "A run that starts answers 200 with text/event-stream.",
        f"{SPEC}/basic/transports/http-sse#response",
    ),
    "sse.frames": Requirement(
        "Each frame's data is exactly one event, framed with LF.",
        f"{SPEC}/basic/transports/http-sse#response",
    ),
    "sse.end": Requirement(
        "The body is closed after the event that ends the run.",
        f"{SPEC}/basic/transports/http-sse#response",
    ),
    "interrupt.outcome": Requirement(
        "A run that stopped to ask ends with the interrupt outcome and at least one interrupt.",
        f"{SPEC}/basic/patterns/interrupt-resume#interrupting",
    ),
    "interrupt.ids": Requirement(
        "The ids of a run's interrupts differ.",
        f"{SPEC}/basic/patterns/interrupt-resume#interrupting",
    ),
    "resume.continuity": Requirement(
        "The run that continues keeps the thread, and answers the call that was asked for.",
        f"{SPEC}/basic/patterns/interrupt-resume#resuming",
    ),
    "resume.usage": Requirement(
        "It tells the usage of its own model calls alone.",
        f"{SPEC}/basic/patterns/interrupt-resume#resuming",
    ),
    "resume.uncovered": Requirement(
        "An interrupt without an answer stays open, and nothing is done on the strength of that.",
        f"{SPEC}/basic/patterns/interrupt-resume#resuming",
    ),
    "resume.unrecognised": Requirement(
        "An answer to nothing that was asked does not fail the run.",
        f"{SPEC}/basic/patterns/interrupt-resume#resuming",
    ),
    "client.resumes": Requirement(
        "The official client answers interrupts and reads on.",
        "https://www.npmjs.com/package/@ag-ui/client",
    ),
    "client.reconnects": Requirement(
        "The official client reads on after lost connections, as the capability says.",
        "https://www.npmjs.com/package/@ag-ui/client",
    ),
    "client.accepts": Requirement(
        "The official client builds the conversation that the server keeps.",
        "https://www.npmjs.com/package/@ag-ui/client",
    ),
}


def proves(*ids: str) -> Callable[[Test], Test]:
    """Say which requirements a test proves; an unknown one is an error."""
    for requirement in ids:
        if requirement not in REQUIREMENTS:
            raise KeyError(requirement)
    return lambda test: test
