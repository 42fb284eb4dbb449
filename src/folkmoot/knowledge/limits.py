"""What one document may cost. A file beyond a limit fails with a sentence that names the limit."""

from typing import Final

import msgspec

MEBIBYTE: Final = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes are in bytes, times in seconds.

    `quiet_seconds` is how long a parser may work without reporting a page or a part, and a little
    more for what is read in one piece: honest files take long because they have many pages, hostile
    ones because a single one never ends. A file as a whole gets that once, and
    `seconds_per_mebibyte` of its size; one that is packed more; a PDF much more, for a page of text
    may have a few hundred bytes, a message, which may bring one along, and a workbook, which is
    packed densely. One page that is shown gets `shown_seconds` in all. What is fetched from an
    address is held in memory until it is stored, so it has limits of its own.
    """

    file_bytes: int = 50 * MEBIBYTE
    pages: int = 2_000
    text_characters: int = 10_000_000
    archive_entries: int = 5_000
    unpacked_bytes: int = 200 * MEBIBYTE
    unpacked_ratio: int = 200
    part_bytes: int = 40 * MEBIBYTE
    cells: int = 1_000_000
    columns: int = 100_000
    mail_parts: int = 1_000
    attachments: int = 50
    nested_mails: int = 5
    memory_bytes: int = 768 * MEBIBYTE
    recognized_pages: int = 200
    pdf_models_memory_bytes: int = 8_192 * MEBIBYTE
    pdf_models_page_seconds: float = 120.0
    recognizing_memory_bytes: int = 3_072 * MEBIBYTE
    recognizing_page_seconds: float = 30.0
    recognizing_seconds: float = 1_800.0
    quiet_seconds: float = 2.0
    quiet_seconds_per_mebibyte: float = 0.02
    seconds_per_mebibyte: float = 2.0
    packed_seconds_per_mebibyte: float = 10.0
    fetched_bytes: int = 20 * MEBIBYTE
    fetched_seconds: float = 60.0
    pdf_seconds_per_mebibyte: float = 40.0
    total_seconds: float = 300.0
    shown_seconds: float = 5.0
    shown_pixels: int = 8_000_000

    def recognizing(self) -> "Limits":
        """Return the limits of reading pictures of text, each of which takes some seconds."""
        return msgspec.structs.replace(
            self,
            memory_bytes=self.recognizing_memory_bytes,
            quiet_seconds=self.recognizing_page_seconds,
            pdf_seconds_per_mebibyte=self.recognizing_seconds,
            total_seconds=self.recognizing_seconds,
        )

    def by_models(self) -> "Limits":
        """Return the limits of reading a PDF by models, of whose memory PyTorch reserves half.

        A page may hold a table of hundreds of cells, which are found one after another. How long
        that takes has nothing to do with a file's size, so that each may take the time for all.
        """
        return msgspec.structs.replace(
            self.recognizing(),
            memory_bytes=self.pdf_models_memory_bytes,
            quiet_seconds=self.pdf_models_page_seconds,
            pdf_seconds_per_mebibyte=self.recognizing_seconds * MEBIBYTE,
        )

    def seconds(self, kind: str, size: int) -> float:
        """Return the processor time that a file of that many bytes may take."""
        rate = self.seconds_per_mebibyte
        if kind in {"pdf", "eml", "xlsx"}:
            rate = self.pdf_seconds_per_mebibyte
        elif kind in {"docx", "pptx"}:
            rate = self.packed_seconds_per_mebibyte
        return self.quiet_seconds + rate * size / MEBIBYTE

    def quiet(self, size: int) -> float:
        """Return the processor time that may pass between two reports on such a file."""
        return self.quiet_seconds + self.quiet_seconds_per_mebibyte * size / MEBIBYTE


DEFAULT: Final = Limits()
