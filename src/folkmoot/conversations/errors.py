"""Failures the conversations slice can report."""

from folkmoot.kit.errors import Conflict, Forbidden, NotFound


class ConversationNotFound(NotFound):
    code = "conversation_not_found"

    def __init__(self) -> None:
        super().__init__("No conversation with this id is visible to you.")


class MessageNotFound(NotFound):
    code = "message_not_found"

    def __init__(self) -> None:
        super().__init__("There is no message with this id in the conversation.")


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
