"""How the operation of this face stands in the OpenAPI schema.

Written by hand: the body is read without Pydantic, and AG-UI's own models would have to be
imported at the start for the sake of this text alone.
"""

from typing import Any, Final

from folkmoot.agents.content import DEEPEST_SCHEMA, LARGEST_SCHEMA
from folkmoot.agents.definition import OnActiveRun, Workflow
from folkmoot.conversations.schemas import PRINTABLE
from folkmoot.faces.agui import tools
from folkmoot.faces.agui.wire import LONGEST_CONTEXT, LONGEST_TEXT
from folkmoot.http.openapi_streams import LAST_EVENT_ID, event_stream

SPEC: Final = "https://ag-ui.com/spec/1.0/schema.json"

ID: Final[dict[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "pattern": PRINTABLE,
}
TEXT: Final[dict[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_TEXT,
    "pattern": r"^[^\x00]*[^\s\x00-\x1f\x7f-\x9f\ufeff][^\x00]*$",
}
"""Text that is more than blanks."""
PART: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "maxLength": 40, "pattern": "^[A-Za-z0-9_.-]*$"},
        "text": {"type": ["string", "null"]},
    },
    "required": ["type"],
    "description": "Parts of other types than `text` are named to the model, otherwise left out.",
    "example": {"type": "text", "text": "What does the report say?"},
}
TELLING: Final[dict[str, Any]] = {
    "anyOf": [
        {"properties": {"text": {"anyOf": [TEXT, {"type": "null"}]}}},
        {"not": {"properties": {"type": {"const": "text"}}}},
    ]
}
"""A part with which there is something to answer."""
USER_MESSAGE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": ID,
        "role": {"const": "user"},
        "content": {"anyOf": [TEXT, {"type": "array", "items": PART, "contains": TELLING}]},
    },
    "required": ["id", "role", "content"],
}
TOOL_MESSAGE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": ID,
        "role": {"const": "tool"},
        "toolCallId": ID,
        "content": {
            "type": ["string", "array", "null"],
            "maxLength": LONGEST_TEXT,
            "items": PART,
        },
        "error": {"type": ["string", "null"], "maxLength": LONGEST_TEXT},
    },
    "required": ["id", "role", "toolCallId", "content"],
    "description": "What came of a call. After the question, results of calls that were handed over"
    " go on with what it began.",
}
OTHER_MESSAGE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": ID,
        "role": {"enum": ["developer", "system", "assistant", "activity", "reasoning"]},
    },
    "required": ["id", "role"],
}
TOOL: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "name": {
            "type": "string",
            "minLength": 1,
            "maxLength": tools.LONGEST_NAME,
            "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$",
        },
        "description": {"type": "string", "maxLength": tools.LONGEST_DESCRIPTION},
        "parameters": {
            "type": ["object", "null"],
            "properties": {"type": {"const": "object"}},
            "description": f"A JSON schema of the arguments, {LARGEST_SCHEMA:,} bytes and"
            f" {DEEPEST_SCHEMA} levels at the most.",
        },
    },
    "required": ["name"],
}
CONTEXT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "description": {"type": "string", "maxLength": 2000},
        "value": {"type": "string", "maxLength": LONGEST_CONTEXT},
    },
    "required": ["description", "value"],
}
PROPS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "workflow": {
            "enum": [*Workflow, None],
            "description": "How to work; left out, the agent decides.",
        },
        "on_active_run": {
            "enum": [*OnActiveRun, None],
            "description": "What becomes of the message while another run answers in the"
            " conversation: it is refused, waits until that has ended, or is said to it at its next"
            " step. Left out, the agent decides.",
        },
        "memory": {
            "type": ["boolean", "null"],
            "description": "Whether you are the person whose account it is: only then is the turn"
            " told what is remembered of them, and read for it. Left out, that is so for people who"
            " are signed in and not for API keys, through which many may speak.",
        },
        "collection_ids": {
            "type": ["array", "null"],
            "items": {"type": "string", "format": "uuid"},
            "maxItems": 50,
            "description": "Collections to search; left out, the agent's, or all that you can see.",
        },
        "model": {
            **ID,
            "type": ["string", "null"],
            "description": "`provider:name`; left out, the agent's model or the default one.",
        },
        "version": {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
                ID,
                {"type": "null"},
            ],
            "description": "A version of the agent, by its number or label; left out, the one in"
            " production. Those without a label are for whoever makes agents.",
        },
        "parent_id": {
            **ID,
            "type": ["string", "null"],
            "description": "The message that the question follows, null for none: what follows it"
            " already stays, in a branch of its own. Left out, the messages say where it stands.",
        },
    },
}
ANSWERED: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "interruptId": ID,
        "status": {"const": "resolved"},
        "payload": {
            "type": "object",
            "properties": {
                "approved": {"type": "boolean"},
                "editedArgs": {"type": ["object", "null"]},
                "reason": {"type": ["string", "null"], "maxLength": 1000, "pattern": r"^[^\x00]*$"},
                "remember": {"type": "boolean"},
            },
            "required": ["approved"],
        },
    },
    "required": ["interruptId", "status", "payload"],
}
ABANDONED: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"interruptId": ID, "status": {"const": "cancelled"}},
    "required": ["interruptId", "status"],
}
RUN_AGENT_INPUT: Final[dict[str, Any]] = {
    "title": "RunAgentInput",
    "description": f"AG-UI 1.0, {SPEC}. The last message of the user is what is asked.",
    "type": "object",
    "properties": {
        "threadId": {**ID, "description": "The conversation; it is made on first use."},
        "runId": {**ID, "description": "The run. Sent again with the same body, it goes on."},
        "messages": {
            "type": "array",
            "items": {"anyOf": [USER_MESSAGE, TOOL_MESSAGE, OTHER_MESSAGE]},
        },
        "context": {
            "type": ["array", "null"],
            "items": CONTEXT,
            "maxItems": 50,
            "description": "What the application knows and the agent should.",
        },
        "forwardedProps": PROPS,
        "state": {
            "description": "What the application shares with the agent, 64,000 bytes at the most;"
            " an empty one leaves what the last turn has left."
        },
        "tools": {
            "type": ["array", "null"],
            "items": TOOL,
            "maxItems": tools.MOST,
            "description": "Tools of the application, which makes the calls itself, offered in this"
            f" run besides the agent's own; {tools.LARGEST:,} bytes at the most. No two have the"
            " same name; one that has the name of a tool of the agent's is not offered.",
        },
        "resume": {
            "type": ["array", "null"],
            "items": {"anyOf": [ANSWERED, ABANDONED]},
            "maxItems": 100,
            "description": "Answers to all that an interrupted run has asked; then nothing new is"
            " asked.",
        },
    },
    "required": ["threadId", "runId", "messages"],
    "anyOf": [
        {"properties": {"messages": {"contains": USER_MESSAGE, "minItems": 1}}},
        {"properties": {"resume": {"type": "array", "minItems": 1}}, "required": ["resume"]},
    ],
    "example": {
        "threadId": "thread-1",
        "runId": "run-1",
        "messages": [{"id": "message-1", "role": "user", "content": "What does the report say?"}],
        "forwardedProps": {"workflow": "plain"},
    },
}
OPERATION: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "schema": LAST_EVENT_ID,
            "description": "The last event that the client has, when it asks again.",
        },
        {"$ref": "#/components/parameters/IdempotencyKey"},
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": RUN_AGENT_INPUT}},
    },
}
STREAM: Final = """\
id: 1
data: {"type":"RUN_STARTED","protocolVersion":"1.0","threadId":"thread-1","runId":"run-1"}

id: 2
data: {"type":"TEXT_MESSAGE_START","messageId":"message-2","role":"assistant"}

id: 3
data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"message-2","delta":"Revenue grew."}

id: 4
data: {"type":"TEXT_MESSAGE_END","messageId":"message-2"}

id: 5
data: {"type":"RUN_FINISHED","threadId":"thread-1","runId":"run-1"}

"""
EVENTS: Final[dict[str, Any]] = {
    "description": "AG-UI events; each frame's `id` is the event's number in the run's log.",
    "content": event_stream(STREAM),
    "links": {
        **{
            operation: {
                "operationId": operation,
                "parameters": {"run_id": "$request.body#/runId"},
            }
            for operation in ("read_run", "read_events", "verify_run", "cancel_run")
        },
        **{
            operation: {
                "operationId": operation,
                "parameters": {"conversation_id": "$request.body#/threadId"},
            }
            for operation in (
                "read_conversation",
                "list_messages",
                "update_conversation",
                "delete_conversation",
            )
        },
    },
}
