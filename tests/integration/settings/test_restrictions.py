"""What an organisation restricts its members cannot widen, over HTTP."""

import httpx
import pytest

from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from identity_app import Account, enroll
from settings_app import acting, effective, put

pytestmark = pytest.mark.anyio


@pytest.mark.core
@pytest.mark.parametrize(
    ("group", "field", "limit", "wider", "stricter"),
    [
        ("models", "allowed_models", ["a:1", "a:2"], ["a:1", "b:1"], ["a:1"]),
        ("guardrails", "redact_pii", True, False, True),
        ("budget", "daily_calls", 10, 11, 9),
        ("budget", "monthly_limit_usd", 10.0, 10.5, 0.0),
    ],
)
async def test_members_make_restrictions_stricter_and_not_looser(
    group: str,
    field: str,
    limit: object,
    wider: object,
    stricter: object,
    asking: httpx.AsyncClient,
    identity: Identity,
    grace: Account,
    linus: Account,
) -> None:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    owner, member = await acting(asking, grace), await acting(asking, linus, grace)
    early = await put(asking, member, group, "user", values={field: wider})
    assert early.status_code == 200
    await put(asking, owner, group, "organization", values={field: limit})
    held = (await effective(asking, member, group))[field]
    assert held["cut"] == [{"level": "user", "by": "organization"}]
    assert {"level": "user", "by": "organization", "limit": limit} in held["bounds"]
    for method in ("PUT", "PATCH"):
        late = await put(asking, member, group, "user", method=method, values={field: wider})
        assert (late.status_code, late.json()["code"]) == (409, "setting_too_wide")
        assert (late.json()["field"], late.json()["layer"]) == (field, "organization")
    narrowed = await put(asking, member, group, "user", values={field: stricter})
    assert narrowed.status_code == 200
    held = (await effective(asking, member, group))[field]
    assert (held["value"], held["source"], held["cut"]) == (stricter, "user", [])
    opened = await put(
        asking,
        owner,
        group,
        "organization",
        values={field: limit},
        allow_user_override=True,
    )
    assert opened.status_code == 200
    free = await put(asking, member, group, "user", values={field: wider})
    assert free.status_code == 200
    assert (await effective(asking, member, group))[field]["value"] == wider


async def test_members_deny_more_and_never_less(
    asking: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    owner, member = await acting(asking, grace), await acting(asking, linus, grace)
    await put(asking, owner, "guardrails", "organization", values={"denied_tools": ["moon"]})
    for own, held in (([], ["moon"]), (["sun"], ["moon", "sun"])):
        given = {"denied_tools": own}
        assert (await put(asking, member, "guardrails", "user", values=given)).status_code == 200
        assert (await effective(asking, member, "guardrails"))["denied_tools"]["value"] == held
