"""The logo of each layer: taken, shown to whom it concerns, replaced and taken away."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from drawing import png
from folkmoot.blobs.store import BlobStore
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import OrgId, TeamId
from folkmoot.settings import routes
from folkmoot.settings.logos import LARGEST, Logos, forget
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings
from identity_app import Account, app_of, enroll, user_id_of
from settings_app import acting, effective, put

pytestmark = pytest.mark.anyio

LOGO = "/api/v1/settings/theme/logo"
SHOWN = f"{LOGO}/effective"
OURS, TEAMS, MINE = (png(red=red) for red in (10, 20, 30))


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path.as_uri())


@pytest.fixture
async def asking(
    identity: Identity, settings: Settings, secrets: Secrets, store: BlobStore
) -> AsyncIterator[httpx.AsyncClient]:
    app = app_of(identity)
    app.include_router(routes.router(settings, secrets, Logos(settings, store)), prefix="/api/v1")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://folkmoot.example") as client:
        yield client


def kept(directory: Path) -> list[bytes]:
    """Return the pictures that are stored."""
    return sorted(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def lose(directory: Path) -> None:
    """Delete every picture."""
    for path in directory.rglob("*"):
        if path.is_file():
            path.unlink()


async def give(
    client: httpx.AsyncClient, headers: dict[str, str], scope: str, data: bytes, **more: str
) -> httpx.Response:
    query = {"scope": scope}
    return await client.put(LOGO, params=query, content=data, headers=headers | more)


@pytest.mark.core
async def test_a_logo_is_given_shown_replaced_and_taken_away(
    asking: httpx.AsyncClient, grace: Account, tmp_path: Path
) -> None:
    headers = await acting(asking, grace)
    assert (await asking.get(SHOWN, headers=headers)).status_code == 204
    given = await give(asking, headers, "organization", OURS)
    assert given.status_code == 200, given.text
    shown = await asking.get(SHOWN, headers=headers)
    assert (shown.status_code, shown.content) == (200, OURS)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["etag"] == f'"{given.json()["values"]["logo"]}"'
    again = await asking.get(SHOWN, headers=headers | {"If-None-Match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await give(asking, headers, "organization", MINE)).status_code == 200
    assert (await asking.get(SHOWN, headers=headers)).content == MINE
    assert kept(tmp_path) == [MINE]
    removed = await asking.delete(LOGO, params={"scope": "organization"}, headers=headers)
    assert (removed.status_code, removed.json()["values"]) == (200, {})
    assert (await asking.get(SHOWN, headers=headers)).status_code == 204
    assert kept(tmp_path) == []


async def test_each_layer_has_its_own_and_the_narrowest_is_shown(
    asking: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account, tmp_path: Path
) -> None:
    headers = await acting(asking, grace)
    team = (await asking.post("/api/v1/teams", json={"name": "T"}, headers=headers)).json()["id"]
    for scope, picture in (("organization", OURS), ("team", TEAMS), ("user", MINE)):
        given = await asking.put(
            LOGO,
            params={"scope": scope} | ({"team_id": team} if scope == "team" else {}),
            content=picture,
            headers=headers | {"X-Team-Id": team},
        )
        assert given.status_code == 200, given.text
        assert (await asking.get(SHOWN, headers=headers | {"X-Team-Id": team})).content == picture
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    his = await acting(asking, linus, grace)
    assert (await asking.get(SHOWN, headers=his)).content == OURS
    assert len(kept(tmp_path)) == 3


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_picture_goes_with_the_theme_that_named_it(
    asking: httpx.AsyncClient, grace: Account, tmp_path: Path, method: str
) -> None:
    headers = await acting(asking, grace)
    await give(asking, headers, "user", MINE)
    await give(asking, headers, "organization", OURS)
    body = None if method == "DELETE" else {"values": {"name": "Ours", "logo": None}}
    changed = await asking.request(
        method,
        "/api/v1/settings/theme",
        params={"scope": "organization"},
        json=body,
        headers=headers | {"If-Match": "*"},
    )
    assert changed.is_success, changed.text
    assert kept(tmp_path) == [MINE]
    other = await put(asking, headers, "theme", "user", method="PATCH", values={"name": "Mine"})
    assert other.status_code == 200
    assert kept(tmp_path) == [MINE]


async def test_a_name_of_another_organisations_picture_shows_nothing(
    asking: httpx.AsyncClient, grace: Account, linus: Account
) -> None:
    hers, his = await acting(asking, grace), await acting(asking, linus)
    digest = (await give(asking, hers, "organization", OURS)).json()["values"]["logo"]
    assert (await asking.get(SHOWN, headers=his)).status_code == 204
    named = await put(asking, his, "theme", "organization", values={"logo": digest})
    assert named.status_code == 200
    assert (await asking.get(SHOWN, headers=his)).status_code == 204


async def test_members_give_none_to_everybody_and_none_where_it_is_kept_from_them(
    asking: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account, tmp_path: Path
) -> None:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    hers, his = await acting(asking, grace), await acting(asking, linus, grace)
    refused = await give(asking, his, "organization", MINE)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert kept(tmp_path) == []
    assert (await give(asking, hers, "organization", OURS)).status_code == 200
    locked = await put(
        asking, hers, "theme", "organization", method="PATCH", allow_user_override=False
    )
    assert locked.status_code == 200, locked.text
    refused = await give(asking, his, "user", MINE)
    assert (refused.status_code, refused.json()["code"]) == (409, "setting_locked")
    assert kept(tmp_path) == [OURS]
    assert (await effective(asking, his, "theme"))["logo"]["locked"] is True


async def test_whoever_is_slower_changes_nothing(
    asking: httpx.AsyncClient, grace: Account, tmp_path: Path
) -> None:
    headers = await acting(asking, grace)
    tag = (await give(asking, headers, "organization", OURS)).headers["etag"]
    assert (await give(asking, headers, "organization", MINE)).status_code == 200
    for picture in (TEAMS, MINE):
        late = await give(asking, headers, "organization", picture, **{"If-Match": tag})
        assert late.status_code == 412
    assert kept(tmp_path) == [MINE]
    assert (await asking.get(SHOWN, headers=headers)).content == MINE


async def test_what_is_no_picture_or_too_large_is_not_taken(
    asking: httpx.AsyncClient, grace: Account, tmp_path: Path
) -> None:
    headers = await acting(asking, grace)
    svg = await give(asking, headers, "user", b"<svg><script>alert(1)</script></svg>")
    assert (svg.status_code, svg.json()["code"]) == (422, "picture_unusable")
    large = await give(asking, headers, "user", OURS + bytes(LARGEST))
    assert (large.status_code, large.json()["code"]) == (413, "file_too_large")
    assert kept(tmp_path) == []


async def test_what_was_a_teams_or_a_persons_goes_with_them(
    asking: httpx.AsyncClient, grace: Account, store: BlobStore, tmp_path: Path
) -> None:
    headers = await acting(asking, grace)
    team = (await asking.post("/api/v1/teams", json={"name": "T"}, headers=headers)).json()["id"]
    for scope, picture in (("organization", OURS), ("team", TEAMS), ("user", MINE)):
        given = await give(asking, headers, scope, picture, **{"X-Team-Id": team})
        assert given.status_code == 200, given.text
    place = OrgId(UUID(grace["organization_id"]))
    await forget(store, place, team_id=TeamId(UUID(team)))
    assert kept(tmp_path) == sorted([OURS, MINE])
    await forget(store, place, user_id=user_id_of(grace))
    assert kept(tmp_path) == [OURS]


async def test_a_picture_that_is_lost_is_none(
    asking: httpx.AsyncClient, grace: Account, tmp_path: Path
) -> None:
    headers = await acting(asking, grace)
    assert (await give(asking, headers, "user", MINE)).status_code == 200
    lose(tmp_path)
    assert (await asking.get(SHOWN, headers=headers)).status_code == 204
