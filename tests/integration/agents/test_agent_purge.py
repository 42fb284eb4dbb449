"""An agent that was deleted can be brought back for a while, and is then gone for good."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from folkmoot.agents.models import Agent
from folkmoot.blobs.store import BlobStore
from folkmoot.identity.purge import Purge, Purged
from folkmoot.kit.subject import Subject
from making import Maker, maker
from talking import Platform

pytestmark = pytest.mark.anyio

AGE = "UPDATE agents SET deleted_at = deleted_at - interval '31 days' WHERE id = %s"
LEFT = """
SELECT (SELECT count(*) FROM agents), (SELECT count(*) FROM agent_versions),
       (SELECT count(*) FROM agent_labels)
"""


async def nothing(*_: Any) -> None:
    """Have nothing else end."""


async def deleted(asker: Maker, slug: str) -> str:
    made = await asker.make(slug)
    assert (await asker.call("DELETE", f"/{slug}")).status_code == 204
    return str(made["id"])


async def test_a_deleted_agent_goes_with_its_versions_when_it_can_not_be_restored_any_more(
    serving: Platform,
    subject: Subject,
    other_subject: Subject,
    owner_address: str,
    superuser_address: str,
    tmp_path: Path,
) -> None:
    grace, mallory = maker(serving, subject), maker(serving, other_subject)
    blobs, kept = BlobStore((tmp_path / "blobs").as_uri()), timedelta(days=30)
    purge = Purge(owner_address, blobs, kept, nothing, nothing, (Agent.__tablename__,))
    await grace.make("there")
    old = [await deleted(grace, "old"), await deleted(mallory, "old")]
    recent = await deleted(grace, "recent")
    assert await purge.run() == Purged()
    with psycopg.connect(superuser_address, autocommit=True) as connection:
        for agent in old:
            connection.execute(AGE, (agent,))
        assert await purge.run() == Purged(others=2)
        assert connection.execute(LEFT).fetchone() == (2, 2, 2)
    gone = await grace.call("POST", f"/{old[0]}/restore")
    assert (gone.status_code, gone.json()["code"]) == (404, "agent_not_found")
    assert (await grace.call("POST", f"/{recent}/restore")).status_code == 200
    assert (await grace.call("GET", "/there")).status_code == 200
