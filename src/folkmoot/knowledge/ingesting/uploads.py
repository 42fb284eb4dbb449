"""Files on their way in: noted before their first byte is stored, so that none is left behind.

An upload ends in the transaction that stores its document. Until then it is as alive as the process
that receives it: what a dead one was in the middle of, a job deletes.
"""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from folkmoot.blobs.store import BlobStore
from folkmoot.db.work import Database, Work
from folkmoot.kit.ids import OrgId, ProcessId, UploadId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.errors import UploadLost
from folkmoot.knowledge.models import Upload


def key(org_id: OrgId, upload_id: UploadId) -> str:
    """Return the name of an upload's blob, which its document keeps."""
    return f"{org_id}/documents/{upload_id}"


async def begin(work: Work, process_id: ProcessId) -> UploadId:
    """Note an upload that this process is about to receive."""
    upload = Upload(org_id=work.subject.org_id, id=UploadId(new_id()), process_id=process_id)
    work.session.add(upload)
    await work.session.flush()
    return upload.id


async def receiver(work: Work, upload_id: UploadId) -> ProcessId | None:
    """Return the process that receives an upload; None if it has ended or is given up."""
    statement = select(Upload.process_id).where(
        Upload.org_id == work.subject.org_id, Upload.id == upload_id
    )
    return await work.session.scalar(statement)


async def end(work: Work, upload_ids: Sequence[UploadId]) -> None:
    """End uploads: from here on their blobs are a document's.

    Raises:
        UploadLost: one of them was given up.
    """
    ended = await work.session.execute(
        delete(Upload)
        .where(
            Upload.org_id == work.subject.org_id,
            Upload.id.in_(upload_ids),
            Upload.process_id.is_not(None),
        )
        .returning(Upload.id)
    )
    if len(ended.all()) < len(upload_ids):
        raise UploadLost


async def discard(
    database: Database, blobs: BlobStore, subject: Subject, upload_id: UploadId
) -> None:
    """Give an upload up and delete what there is of it, unless it has become a document."""
    mine = (Upload.org_id == subject.org_id, Upload.id == upload_id)
    async with database.work(subject) as work:
        given_up = update(Upload).where(*mine).values(process_id=None).returning(Upload.id)
        if await work.session.scalar(given_up) is None:
            return
    await blobs.delete(key(subject.org_id, upload_id))
    async with database.work(subject) as work:
        await work.session.execute(delete(Upload).where(*mine))
