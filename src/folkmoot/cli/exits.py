"""What the exit codes of every command mean. They are a promise to scripts."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USED_WRONGLY = 2
    UNREACHABLE = 3
    """Neither the server nor, for commands that work on it directly, the database answers."""
    UNAUTHORIZED = 4
    """No credential, one that does not count, or one that may not do this."""
    INTERRUPTED = 130
