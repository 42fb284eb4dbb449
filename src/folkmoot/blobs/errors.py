"""Failures the blob store can report."""

from folkmoot.kit.errors import NotFound, TooLarge, Unavailable


class BlobNotFound(NotFound):
    code = "blob_not_found"

    def __init__(self) -> None:
        super().__init__("The file is no longer stored.")


class BlobTooLarge(TooLarge):
    """The upload is larger than is allowed; nothing of it was kept."""

    code = "file_too_large"

    def __init__(self, limit: int) -> None:
        megabytes = limit / (1024 * 1024)
        super().__init__(f"The file is larger than {megabytes:g} MB.", limit=limit)


class BlobStoreUnavailable(Unavailable):
    code = "blob_store_unavailable"

    def __init__(self) -> None:
        super().__init__("The file store does not answer. Please try again shortly.", retry_after=5)
