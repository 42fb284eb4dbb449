"""Failures the knowledge slice can report."""

from http import HTTPStatus

from folkmoot.kit.errors import AppError, Conflict, Forbidden, Invalid, NotFound, Unavailable


class CollectionNotFound(NotFound):
    code = "collection_not_found"

    def __init__(self) -> None:
        super().__init__("No collection with this id is visible to you.")


class CollectionReadOnly(Forbidden):
    """The collection may be read and not be changed."""

    code = "collection_read_only"

    def __init__(self) -> None:
        super().__init__("You may read this collection and not change what is in it.")


class LocksYouOut(Conflict):
    """A change of permissions after which whoever makes it could not take it back."""

    code = "locks_you_out"

    def __init__(self) -> None:
        super().__init__("You would lose your own access by this. Name yourself or your team.")


class NotYoursToShare(Forbidden):
    """It may be read, and others decide who else may."""

    code = "not_yours_to_share"

    def __init__(self) -> None:
        super().__init__("You may see who has access to this and not change it.")


class OwnStaysOwn(Invalid):
    code = "own_stays_own"

    def __init__(self) -> None:
        super().__init__("A personal collection is always its owner's to read and to edit.")


class ExternalIdTaken(Conflict):
    """A document has it that whoever sends it may not read."""

    code = "external_id_taken"

    def __init__(self) -> None:
        super().__init__("This external id is in use for a document that is not yours to replace.")


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


class AddressTaken(Conflict):
    """A document that the subject may not read comes from this address."""

    code = "address_taken"

    def __init__(self) -> None:
        super().__init__("The collection has a document from this address that you may not read.")


class DocumentWithoutSource(Conflict):
    """The document was sent, and has no address that it could be fetched from."""

    code = "document_without_source"

    def __init__(self) -> None:
        super().__init__("The document was not fetched from an address. Send it again instead.")


class DocumentReplaced(Conflict):
    """Another document has taken the place of one that was deleted."""

    code = "document_replaced"

    def __init__(self) -> None:
        super().__init__("Another document has its external id or its address by now.")


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


class NothingEmbedded(Unavailable):
    """An embedding model has refused every document of an organisation."""

    code = "nothing_embedded"

    def __init__(self, model: str) -> None:
        super().__init__(f"{model} refuses every document; searches go on with the model before.")


class VectorStoreUnavailable(Unavailable):
    """The store of vectors does not answer, or not as it should.

    Attributes:
        reason: What it has said.
        answered: With which status, if it has answered at all.
    """

    code = "vector_store_unavailable"

    def __init__(self, store: str, reason: str, *, answered: int | None = None) -> None:
        super().__init__(f"The vector store {store} does not answer; a lexical search still works.")
        self.reason = reason
        self.answered = answered

    @property
    def busy(self) -> bool:
        """Whether it wants to be asked less."""
        return self.answered == HTTPStatus.TOO_MANY_REQUESTS

    @property
    def lost(self) -> bool:
        """Whether nobody knows what has become of the request: it may still be carried out."""
        return self.answered is None or self.answered == HTTPStatus.GATEWAY_TIMEOUT


class NothingIndexed(AppError):
    """None of the documents of a run could be read."""

    code = "nothing_indexed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
