"""Failures the conversations slice can report."""

from collections.abc import Sequence

from folkmoot.kit.errors import Conflict, Forbidden, Invalid, NotFound


class ConversationNotFound(NotFound):
    code = "conversation_not_found"

    def __init__(self) -> None:
        super().__init__("No conversation with this id is visible to you.")


class MessageNotFound(NotFound):
    code = "message_not_found"

    def __init__(self) -> None:
        super().__init__("There is no message with this id in the conversation.")


class ShareNotFound(NotFound):
    """Also the answer for a link that is over, and for anything that never was one."""

    code = "share_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such link, or it does not count any more.")


class FeedbackNotFound(NotFound):
    code = "feedback_not_found"

    def __init__(self) -> None:
        super().__init__("You have given no feedback on this message.")


class NoAnswer(Conflict):
    code = "no_answer"

    def __init__(self) -> None:
        super().__init__("Only answers can be rated.")


class LineFull(Conflict):
    """So many messages wait in the conversation that no further one may."""

    code = "line_full"

    def __init__(self, limit: int) -> None:
        super().__init__("Enough messages wait in this conversation.", limit=limit)


class WaitingNotFound(NotFound):
    code = "waiting_not_found"

    def __init__(self) -> None:
        super().__init__("No message with this id waits in the conversation.")


class AttachmentNotFound(NotFound):
    code = "attachment_not_found"

    def __init__(self) -> None:
        super().__init__("You have sent no attachment with this id.")


class AttachmentUnusable(Invalid):
    """A file is nothing that models are shown; `pointer` is its place in the body."""

    code = "attachment_unusable"

    def __init__(self, why: str, pointer: str = "") -> None:
        super().__init__("This can not be attached.", errors=[{"pointer": pointer, "detail": why}])
        self.why = why


class PicturesNotTaken(Invalid):
    """The model that would answer is not shown pictures."""

    code = "pictures_not_taken"

    def __init__(self, model: str) -> None:
        super().__init__(f"{model} is not shown pictures. Choose another model.", model=model)


class FilesNotTaken(Invalid):
    """What is attached has no text, and the model that would answer reads no files."""

    code = "files_not_taken"

    def __init__(self, model: str) -> None:
        super().__init__(
            "This document has no text, as scans have none, and this model reads no files. "
            "Choose another one.",
            model=model,
        )


class TooManyShares(Conflict):
    code = "too_many_shares"

    def __init__(self, limit: int) -> None:
        super().__init__("There are enough links to this conversation.", limit=limit)


class NothingToShare(Conflict):
    code = "nothing_to_share"

    def __init__(self) -> None:
        super().__init__("Nothing has been said in this conversation yet.")


class ImportInconsistent(Conflict):
    """The messages of a file make no conversation; `pointer` says which (RFC 6901)."""

    code = "import_inconsistent"

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(
            "These messages do not make a conversation.",
            errors=[{"pointer": pointer, "detail": detail}],
        )


class CallNotPending(Conflict):
    """A result was brought for a call that is not the client's to make here, or not any more."""

    code = "call_not_pending"

    def __init__(self, call_id: str | None = None) -> None:
        told = {} if call_id is None else {"call_id": call_id}
        super().__init__("No call waits here for this result.", **told)


class CallAnswered(Conflict):
    """A second result was brought for the same call."""

    code = "call_answered"

    def __init__(self, call_id: str) -> None:
        super().__init__("This call has a result already.", call_id=call_id)


class ResultsMissing(Conflict):
    """The turn goes on once there is a result for each of its calls."""

    code = "results_missing"

    def __init__(self, call_ids: Sequence[str]) -> None:
        super().__init__("Other calls have no result yet.", call_ids=[*call_ids])


class MessageIdReused(Conflict):
    """The message's id stands for another text in this conversation."""

    code = "message_id_reused"

    def __init__(self) -> None:
        super().__init__("This message id was used before for a different message.")


class ModelNotAllowed(Forbidden):
    """It is none of those that the caller's organisation, team or own settings let be asked."""

    code = "model_not_allowed"

    def __init__(self, model: str, allowed: list[str]) -> None:
        super().__init__("This model may not be asked here.", model=model, allowed=[*allowed])
