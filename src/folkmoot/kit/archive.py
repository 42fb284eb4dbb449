"""Files into a ZIP archive that is sent while it is made: nothing of it is whole in memory."""

import io
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from folkmoot.kit import clock
from folkmoot.kit.personal import File

MEDIA_TYPE: Final = "application/zip"


class Outlet(io.BytesIO):
    """What an archive is written into: it is emptied again and again, and never gone back in."""

    def seekable(self) -> bool:
        """Tell that there is no way back."""
        return False

    def seek(self, _offset: int, _whence: int = 0, /) -> int:
        """Refuse."""
        raise io.UnsupportedOperation("seek")

    def tell(self) -> int:
        """Refuse."""
        raise io.UnsupportedOperation("tell")

    def taken(self) -> bytes:
        """Return what has come since the last time."""
        taken = self.getvalue()
        super().seek(0)
        super().truncate()
        return taken


async def zipped(files: AsyncGenerator[File]) -> AsyncGenerator[bytes]:
    """Yield an archive of files, without those that have nothing in them.

    It ends with its table of contents: what was cut is no archive, and nobody takes it for one.
    """
    outlet = Outlet()
    with ZipFile(outlet, "w") as archive:
        async with aclosing(files):
            async for file in files:
                async with aclosing(_entry(archive, file, outlet)) as parts:
                    async for part in parts:
                        yield part
    yield outlet.taken()


async def _entry(archive: ZipFile, file: File, outlet: Outlet) -> AsyncGenerator[bytes]:
    about = ZipInfo(file.name, clock.now().timetuple()[:6])
    about.compress_type = ZIP_STORED if file.packed else ZIP_DEFLATED
    async with aclosing(file.parts) as parts:
        with ExitStack() as stack:
            entry = None
            async for part in parts:
                if entry is None:
                    entry = stack.enter_context(archive.open(about, "w", force_zip64=True))
                entry.write(part)
                if written := outlet.taken():
                    yield written
