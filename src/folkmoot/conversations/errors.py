"""Failures the conversations slice can report."""

from folkmoot.kit.errors import Conflict, Invalid, NotFound


class ConversationNotFound(NotFound):
    code = "conversation_not_found"

    def __init__(self) -> None:
        super().__init__("No conversation with this id is visible to you.")


class MessageIdReused(Conflict):
    """The message's id stands for another text in this conversation."""

    code = "message_id_reused"

    def __init__(self) -> None:
        super().__init__("This message id was used before for a different message.")


class CursorInvalid(Invalid):
    code = "cursor_invalid"

    def __init__(self) -> None:
        super().__init__("The cursor is not one that this list has given out.")
