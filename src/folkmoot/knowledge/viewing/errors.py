"""Why a page is not shown."""

from folkmoot.kit.errors import Conflict, Invalid, NotFound, RateLimited


class PageNotFound(NotFound):
    code = "page_not_found"

    def __init__(self) -> None:
        super().__init__("The document has no page of this number.")


class DocumentWithoutPages(Conflict):
    """The document is no PDF, and has no look of its own."""

    code = "document_without_pages"

    def __init__(self) -> None:
        super().__init__("Only PDFs have pages that can be shown. Read the document's text.")


class OffsetsUnpaired(Invalid):
    code = "offsets_unpaired"

    def __init__(self) -> None:
        super().__init__("There have to be as many `end` as `start`, in the same order.")


class PageNotShown(Invalid):
    """The file is damaged there, or what it shows would cost too much."""

    code = "page_not_shown"


class TooManyPages(RateLimited):
    """The organisation is having a lot of pages drawn."""

    code = "too_many_pages"

    def __init__(self) -> None:
        super().__init__("Many pages are being drawn for you. Try again soon.", retry_after=2)
