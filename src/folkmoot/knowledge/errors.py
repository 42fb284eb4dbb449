"""Failures the knowledge slice can report."""

from http import HTTPStatus

from folkmoot.kit.errors import AppError, Conflict, Invalid, NotFound, Unavailable


class CollectionNotFound(NotFound):
    code = "collection_not_found"

    def __init__(self) -> None:
        super().__init__("No collection with this id is visible to you.")


class DocumentNotFound(NotFound):
    code = "document_not_found"

    def __init__(self) -> None:
        super().__init__("No document with this id is visible to you.")


class DocumentNotReady(Conflict):
    """The document has no text yet, or could not be read."""

    code = "document_not_ready"

    def __init__(self) -> None:
        super().__init__("The document has not been read yet.")


class DocumentBeingRead(Conflict):
    """The document is on its way into the index already."""

    code = "document_being_read"

    def __init__(self) -> None:
        super().__init__("The document is being read, or waits for it. Cancel that first.")


class UploadLost(Unavailable):
    """What was sent is gone: the process that received it was taken for dead meanwhile."""

    code = "upload_lost"

    def __init__(self) -> None:
        super().__init__("The upload was interrupted on our side. Please send it again.")


class NothingSent(Invalid):
    code = "nothing_sent"

    def __init__(self) -> None:
        super().__init__("The form holds no file. Send one or more fields named `file`.")


class BrokenForm(Invalid):
    code = "broken_form"

    def __init__(self, detail: str) -> None:
        super().__init__(f"The form cannot be read: {detail}.")


class UnsupportedBody(AppError):
    """Neither a form with files nor JSON."""

    code = "unsupported_media_type"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE

    def __init__(self) -> None:
        super().__init__("Send multipart/form-data with files, or application/json.")


class EmbedderMissing(Unavailable):
    """A search by meaning alone was asked for, and no vectors of the current model are there."""

    code = "embedder_unavailable"

    def __init__(self) -> None:
        super().__init__("The embedding model does not answer; a lexical search still works.")


class NothingIndexed(AppError):
    """None of the documents of a run could be read."""

    code = "nothing_indexed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
