"""What an operator should know about the models in use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that works, but less well than it could. `code` is stable, `text` is for people."""

    code: str
    text: str
