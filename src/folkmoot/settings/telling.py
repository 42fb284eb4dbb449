"""Telling other processes that they remember something old of an organisation."""

from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from folkmoot.db.work import Work
from folkmoot.kit.ids import new_id
from folkmoot.settings.models import SecretChange


async def tell(work: Work) -> None:
    """Have all processes forget what they remember of the organisation, within some seconds.

    For whatever leaves no row of settings behind that tells of it.
    """
    revision: dict[str, Any] = {"revision": new_id(), "changed_at": func.now()}
    told = insert(SecretChange).values(org_id=work.subject.org_id, **revision)
    await work.session.execute(told.on_conflict_do_update(index_elements=["org_id"], set_=revision))
