"""Tell what a file is that is sent to us: refused here, or of a kind that is read."""

from folkmoot.kit.errors import Invalid
from folkmoot.knowledge.parsing.kinds import MEDIA_TYPES, Kind
from folkmoot.knowledge.parsing.parsed import ParseFailed
from folkmoot.knowledge.parsing.telling import HEAD_BYTES, tell

__all__ = ["HEAD_BYTES", "MEDIA_TYPES", "Kind", "UnsupportedFile", "sniff"]


class UnsupportedFile(Invalid):
    """The file is of a kind that is not read; the detail names it."""

    code = "unsupported_file"


def sniff(head: bytes, name: str = "") -> Kind:
    """Return the kind of a file.

    Args:
        head: The first `HEAD_BYTES` of the file.
        name: Its name, which is believed only between kinds of text.

    Raises:
        UnsupportedFile: it is empty, or of a kind that is not read.
    """
    try:
        return tell(head, name)
    except ParseFailed as failure:
        raise UnsupportedFile(str(failure)) from None
