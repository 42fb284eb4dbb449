"""How adding documents stands in the OpenAPI description: the framework does not read its body."""

from typing import Any, Final

from pydantic import BaseModel

from folkmoot.blobs.errors import BlobStoreUnavailable, BlobTooLarge
from folkmoot.db.errors import StorageFull
from folkmoot.http.problems import documented
from folkmoot.kit.errors import Invalid, TooLarge, Unavailable
from folkmoot.kit.outbound.errors import Unreachable
from folkmoot.knowledge.errors import (
    AddressTaken,
    BrokenForm,
    CollectionNotFound,
    ExternalIdTaken,
    NothingSent,
    UnsupportedBody,
    UploadLost,
)
from folkmoot.knowledge.ingesting.forms import MULTIPART
from folkmoot.knowledge.limits import DEFAULT, MEBIBYTE
from folkmoot.knowledge.parsing.kinds import named
from folkmoot.knowledge.schemas import TextCreate, UrlCreate
from folkmoot.knowledge.sniff import UnsupportedFile

REFUSED: Final = documented(
    CollectionNotFound,
    TooLarge,
    BlobTooLarge,
    UnsupportedBody,
    Invalid,
    UnsupportedFile,
    NothingSent,
    BrokenForm,
    StorageFull,
    Unavailable,
    BlobStoreUnavailable,
    UploadLost,
    Unreachable,
    AddressTaken,
    ExternalIdTaken,
)
SCHEMAS: Final = "#/components/schemas/{model}"
PLAIN: Final = r"[^\x00-\x08\x0e-\x1a\x1c-\x1f]*"
READABLE: Final = rf"^%PDF-|^PK\x03\x04|^{PLAIN}[^\x00-\x20]{PLAIN}$"
"""What `sniff` takes a file for by its beginning: a PDF, an Office file or text."""

FORM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A field counts for the files that follow it, and behind the last file for"
    " that one.",
    "required": ["file"],
    "properties": {
        "title": {"type": "string", "description": "Left out, the file's name."},
        "external_id": {
            "type": "string",
            "minLength": 1,
            "maxLength": 500,
            "description": "Your own name for it. Sending it again replaces the document.",
        },
        "metadata": {
            "type": "object",
            "maxProperties": 100,
            "additionalProperties": {"$ref": "#/components/schemas/JsonValue"},
            "description": "Written as JSON.",
        },
        "file": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {
                "type": "string",
                "contentMediaType": "application/octet-stream",
                "pattern": READABLE,
            },
            "description": f"{named()} files of {DEFAULT.file_bytes // MEBIBYTE} MiB at the most."
            " What a file is, its content says.",
        },
    },
}


EXAMPLE: Final[dict[str, Any]] = {
    "title": "Opening hours",
    "external_id": "hours",
    "metadata": {"year": 2026},
    "file": ["(the bytes of hours.pdf)"],
}


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of what is sent without a file."""
    whole = model.model_json_schema(ref_template=SCHEMAS)
    return {key: value for key, value in whole.items() if key != "$defs"}


ADD: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"anyOf": [schema(TextCreate), schema(UrlCreate)]}},
            MULTIPART: {
                "schema": FORM,
                "example": EXAMPLE,
                "encoding": {"metadata": {"contentType": "application/json"}},
            },
        },
    }
}
ACCEPTED: Final[dict[str, Any]] = {
    "links": {
        "read_run": {
            "operationId": "read_run",
            "parameters": {"run_id": "$response.body#/run_id"},
        },
        **{
            operation: {
                "operationId": operation,
                "parameters": {"document_id": "$response.body#/document_ids/0"},
            }
            for operation in (
                "read_document",
                "read_text",
                "read_file",
                "cancel_document",
                "delete_document",
            )
        },
    }
}
"""What a client may go on with."""
