"""Who names webhooks, what they may name, and what is never told of them."""

import asyncio
from uuid import UUID

import pytest
from psycopg import sql

from changing import one_of_ten_counts
from conftest import SECRET_KEY
from folkmoot.kit.ids import OrgId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.webhooks import sealing
from folkmoot.webhooks.keeping import Keeping
from folkmoot.webhooks.schemas import WebhookCreate
from hooking import HOOKS, Listener, Receiver, Scene
from whole import join, person, rows_with, until

pytestmark = pytest.mark.anyio

WAITING = sql.SQL("SELECT count(*) FROM pg_locks WHERE NOT granted")
OLD = sql.SQL("UPDATE webhook_events SET at = now() - interval '31 days' WHERE org_id = %s")
NEW_KEY = "another secret key that only the tests know"


async def test_admins_alone_see_and_make_the_web_hooks_of_their_organization(
    scene: Scene, grace: Listener, eve: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    delivery = await grace.example(hook)
    linus = Listener(scene, await person(scene.client, f"linus-{new_id().hex}"))
    await join(grace.caller, linus.caller)
    for who, answer in (
        (linus, (403, "permission_denied")),
        (eve, (404, "webhook_not_found")),
    ):
        for method, path, data in (
            ("GET", "", None),
            ("PATCH", "", {"enabled": False}),
            ("DELETE", "", None),
            ("POST", "/test", {}),
            ("POST", "/rotate-secret", {}),
            ("GET", "/deliveries", None),
            ("GET", f"/deliveries/{delivery['id']}", None),
            ("POST", f"/deliveries/{delivery['id']}/redeliver", None),
        ):
            assert await who.refused(method, f"/{hook['id']}{path}", data) == answer
    assert (await eve.call("GET"))["items"] == []
    other = await grace.listen(receiver.url)
    elsewhere = f"/{other['id']}/deliveries/{delivery['id']}"
    assert await grace.refused("GET", elsewhere) == (404, "webhook_delivery_not_found")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "http://example.com/hook"}, "webhook_open"),
        ({"url": "https://10.0.0.1/hook"}, "address_unreachable"),
        ({"url": "https://169.254.169.254/"}, "address_unreachable"),
        ({"url": "https://grace:secret@example.com/hook"}, "address_unreachable"),
        ({"url": "file:///etc/passwd"}, "address_unreachable"),
        ({"events": ["runs.*"]}, "webhook_events_unknown"),
        ({"events": ["run.done"]}, "webhook_events_unknown"),
        ({"events": ["*.completed"]}, "invalid"),
        ({"events": []}, "invalid"),
        ({"secret": "mine"}, "invalid"),
    ],
)
async def test_what_would_never_work_is_refused(
    grace: Listener, changes: dict[str, object], code: str
) -> None:
    fit = {"url": "https://example.com/hook", "events": ["run.*"]}
    assert await grace.refused("POST", "", fit | changes) == (422, code)
    if "secret" not in changes:
        made = await grace.call("POST", "", fit)
        assert await grace.refused("PATCH", f"/{made['id']}", changes) == (422, code)


async def test_an_organization_has_twenty_web_hooks_at_the_most(grace: Listener) -> None:
    for number in range(20):
        await grace.listen(f"https://example.com/{number}")
    more = {"url": "https://example.com/more", "events": ["*"]}
    assert await grace.refused("POST", "", more) == (409, "too_many_webhooks")
    page = await grace.call("GET", "?limit=15&sort=-url")
    rest = await grace.call("GET", f"?limit=15&sort=-url&cursor={page['next_cursor']}")
    urls = [each["url"] for each in page["items"] + rest["items"]]
    assert len(urls) == 20
    assert urls == sorted(urls, reverse=True)
    (found,) = (await grace.call("GET", "?q=COM/17"))["items"]
    assert found["url"].endswith("/17")


async def test_of_those_who_add_the_last_one_at_once_one_does(
    scene: Scene, grace: Listener
) -> None:
    for number in range(19):
        await grace.listen(f"https://example.com/{number}")
    more = {"url": "https://example.com/more", "events": ["*"]}
    subject = Subject(OrgId(UUID(grace.caller.place)), UserId(UUID(grace.caller.id)))
    async with scene.parts.database.work(subject) as work:
        await scene.parts.webhooks.create(work, WebhookCreate.model_validate(more))
        other = asyncio.create_task(grace.refused("POST", "", more))

        async def waits() -> bool:
            return other.done() or scene.count(WAITING) > 0

        await until(waits)
    assert await other == (409, "too_many_webhooks")


async def test_of_ten_changes_at_once_one_counts(scene: Scene, grace: Listener) -> None:
    hook = await grace.listen("https://example.com/hook")
    scene.client.headers.update(grace.caller.headers)
    try:
        assert await one_of_ten_counts(scene.client, f"{HOOKS}/{hook['id']}", "description")
    finally:
        for name in grace.caller.headers:
            del scene.client.headers[name]


async def test_the_secret_is_shown_once_and_stands_nowhere(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    key = new_id().hex
    wanted = {"url": receiver.url, "events": ["*"]}
    made = await grace.call("POST", "", wanted, **{"Idempotency-Key": key})
    assert made == await grace.call("POST", "", wanted, **{"Idempotency-Key": key})
    rotated = await grace.call("POST", f"/{made['id']}/rotate-secret", {})
    assert rotated["previous_until"] > rotated["updated_at"]
    for secret in (made["secret"], rotated["secret"]):
        assert secret.startswith("whsec_")
        assert rows_with(scene.superuser, secret.removeprefix("whsec_")) == {}
    assert "secret" not in await grace.shown(made)


async def test_secrets_outlive_the_key_that_they_were_sealed_with(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    changed = Sealer(NEW_KEY, SECRET_KEY)
    done = await sealing.rewrap_all(scene.parts.database, changed)
    assert done.done
    assert (await sealing.rewrap_all(scene.parts.database, changed)).done == 0
    await grace.example(hook)
    await scene.send()
    (listed,) = await grace.deliveries(hook)
    assert [each["error"] for each in listed["attempts"]] == ["secret_unreadable"]
    assert receiver.received == []
    back = await sealing.rewrap_all(scene.parts.database, Sealer(SECRET_KEY, NEW_KEY))
    assert back.done == done.done
    scene.wait()
    await scene.send()
    assert receiver.received[0].signed_by(hook["secret"])
    lost = await sealing.rewrap_all(scene.parts.database, Sealer("nobody knows this key of all"))
    assert (lost.done, lost.unreadable) == (0, done.done)


async def test_what_was_delivered_long_ago_is_forgotten(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    await grace.example(hook)
    await scene.send()
    scene.change(OLD, grace.caller.place)
    await grace.example(hook)
    await Keeping(scene.parts.database, 30).forget()
    assert [each["state"] for each in await grace.deliveries(hook)] == ["pending"]


async def test_of_what_is_told_once_for_ever_nothing_stays_but_that_it_was_told(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    await grace.example(hook, "budget.exceeded")
    await scene.send()
    scene.change(OLD, grace.caller.place)
    scene.change(sql.SQL("UPDATE webhook_events SET keep_until = '9999-01-01'"))
    for _ in range(2):
        await Keeping(scene.parts.database, 30).forget()
    assert await grace.deliveries(hook) == []
    told = sql.SQL("SELECT count(*) FROM webhook_events WHERE org_id = %s AND data = '{}'")
    assert scene.count(told, grace.caller.place) == 1


async def test_the_kinds_of_events_are_told_with_examples(grace: Listener) -> None:
    listed = (await grace.caller.ask("GET", "/api/v1/webhook-event-types")).json()["items"]
    by_name = {each["name"]: each for each in listed}
    assert by_name["run.completed"]["example"]["data"]["state"] == "finished"
    assert by_name["budget.warning"]["example"]["type"] == "budget.warning"
