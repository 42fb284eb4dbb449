"""Messages over real HTTP: signed, tried again, and never where they may not go."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from psycopg import sql
from starlette.responses import Response

from conftest import SECRET_KEY
from ending import end
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from folkmoot.kit.ids import OrgId, WebhookDeliveryId, new_id
from folkmoot.kit.outbound.client import Answer, Outbound, Request
from folkmoot.kit.subject import deployment
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.settings.stores.store import Address, Sealed
from folkmoot.webhooks.sending import Claimed, Sender
from hooking import Listener, Receiver, Scene, receiving
from trailing import actions_of
from whole import until

pytestmark = pytest.mark.anyio

NOTED = sql.SQL(
    "INSERT INTO webhook_events (org_id, id, type, data, at)"
    " VALUES (%s, gen_random_uuid(), 'run.failed', '{}', now())"
)
LAPSE = sql.SQL("UPDATE webhook_deliveries SET claimed_until = now() WHERE claim IS NOT NULL")


async def test_a_message_is_signed_and_says_what_has_happened_where(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url, "run.*")
    delivery = await grace.example(hook)
    assert delivery["state"] == "pending"
    assert await scene.send() == 1
    (message,) = receiver.received
    assert message.signed_by(hook["secret"])
    assert message.headers["content-type"] == "application/json"
    assert message.id == delivery["event_id"]
    assert set(message.told) == {"type", "timestamp", "organization_id", "data"}
    assert message.type == "run.completed"
    assert message.told["organization_id"] == grace.caller.place
    (listed,) = await grace.deliveries(hook)
    assert (listed["state"], listed["next_attempt_at"]) == ("delivered", None)
    assert [each["status"] for each in listed["attempts"]] == [204]
    shown = await grace.call("GET", f"/{hook['id']}/deliveries/{listed['id']}")
    assert shown["payload"] == message.told


async def test_for_a_while_messages_are_signed_with_the_old_secret_too(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    new = await grace.call("POST", f"/{hook['id']}/rotate-secret", {"overlap_hours": 1})
    await grace.example(hook)
    await scene.send()
    scene.change(sql.SQL("UPDATE webhooks SET previous_until = now() WHERE id = %s"), hook["id"])
    await grace.example(hook)
    await scene.send()
    both, one = receiver.received
    assert both.signed_by(hook["secret"])
    assert both.signed_by(new["secret"])
    assert one.signatures == [each for each in one.signatures if one.signed_by(new["secret"])]
    assert not one.signed_by(hook["secret"])
    at_once = await grace.call("POST", f"/{hook['id']}/rotate-secret", {"overlap_hours": 0})
    assert at_once["previous_until"] is None


async def test_what_fails_is_sent_again_under_the_same_id_until_it_gets_through(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    receiver.answers(500, 307, location="http://169.254.169.254/latest")
    receiver.answers(429, retry_after="3600")
    await grace.example(hook)
    assert await scene.send() == 1
    assert await scene.send() == 0  # not before its time
    assert (await grace.shown(hook))["failing_since"]
    for _ in range(3):
        scene.wait()
        await scene.send()
    assert len({each.id for each in receiver.received}) == 1
    (listed,) = await grace.deliveries(hook, "?state=delivered")
    assert [each["status"] for each in listed["attempts"]] == [500, 307, 429, 204]
    assert (await grace.shown(hook))["failing_since"] is None


async def test_whatever_a_receiver_answers_besides_its_status_counts_for_nothing(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    packed = {"content-encoding": "br"}
    receiver.replies += [Response("x" * 200_000), Response("nothing packed", headers=packed)]
    for _ in range(2):
        await grace.example(hook)
    await scene.send()
    assert [each["state"] for each in await grace.deliveries(hook)] == ["delivered"] * 2


async def test_what_was_never_taken_is_given_up_and_can_be_sent_once_more(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    receiver.answers(*[500] * 10)
    await grace.example(hook)
    for _ in range(10):
        await scene.send()
        scene.wait()
    assert await scene.send() == 0
    (dead,) = await grace.deliveries(hook, "?state=failed&type=run.*")
    assert len(dead["attempts"]) == 10
    again = await grace.call("POST", f"/{hook['id']}/deliveries/{dead['id']}/redeliver")
    assert again["state"] == "pending"
    await scene.send()
    assert {each.id for each in receiver.received} == {dead["event_id"]}
    assert await grace.deliveries(hook, "?state=failed") == []


async def test_what_is_asked_for_again_while_it_is_sent_is_sent_again(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    await grace.example(hook)
    receiver.hold()
    sending = asyncio.create_task(scene.send())
    await until(receiver.holds(1))
    (listed,) = await grace.deliveries(hook)
    again = await grace.call("POST", f"/{hook['id']}/deliveries/{listed['id']}/redeliver")
    assert again["state"] == "pending"
    receiver.let_go()
    await sending
    assert [each.id for each in receiver.received] == [listed["event_id"]] * 2
    (listed,) = await grace.deliveries(hook)
    assert (listed["state"], len(listed["attempts"])) == ("delivered", 1)


@pytest.mark.parametrize(
    ("how", "reason"), [("answers that it is gone", "gone"), ("fails for days", "failing")]
)
async def test_a_receiver_that_takes_nothing_is_switched_off_and_its_organisation_told(
    scene: Scene, grace: Listener, receiver: Receiver, how: str, reason: str
) -> None:
    hook = await grace.listen(receiver.url)
    receiver.answers(410 if reason == "gone" else 500)
    since = sql.SQL("UPDATE webhooks SET failing_since = now() - interval '6 days' WHERE id = %s")
    scene.change(since, hook["id"])
    await grace.example(hook)
    await scene.send()
    shown = await grace.shown(hook)
    assert (shown["enabled"], shown["ended"]) == (False, reason), how
    place = deployment(OrgId(UUID(grace.caller.place)))
    assert "webhook.disabled" in await actions_of(scene.parts.database, place)
    assert await grace.refused("POST", f"/{hook['id']}/test", {}) == (409, "webhook_disabled")
    scene.wait()
    assert await scene.send() == 0
    changed = await grace.call("PATCH", f"/{hook['id']}", {"enabled": True})
    assert (changed["enabled"], changed["ended"], changed["failing_since"]) == (True, None, None)


async def test_a_name_that_leads_inwards_by_now_is_not_asked(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    async def inwards(host: str, port: int) -> Sequence[str]:
        del host, port
        return ["127.0.0.1"]

    outside = Outbound(lookup=inwards)
    port = receiver.url.split(":")[2].removesuffix("/hook")
    hook = await grace.listen(f"https://receiver.example:{port}/hook")
    await grace.example(hook)
    await replace(scene.dispatcher, outbound=outside).once()
    (listed,) = await grace.deliveries(hook)
    assert [each["error"] for each in listed["attempts"]] == ["address_unreachable"]
    assert receiver.received == []
    await outside.aclose()


async def test_a_receiver_that_hangs_holds_up_nobody_but_itself(
    scene: Scene, grace: Listener, eve: Listener, receiver: Receiver
) -> None:
    receiver.hold()
    slow = await grace.listen(receiver.url)
    for _ in range(5):
        await grace.example(slow)
    hanging = asyncio.create_task(scene.dispatcher.once())
    await until(receiver.holds(2))
    async with receiving() as other:
        await eve.example(await eve.listen(other.url))
        assert await scene.send() == 1
        assert len(other.received) == 1
    assert len(receiver.received) == 2
    receiver.let_go()
    assert await hanging == 2
    await scene.send()
    assert len({each.id for each in receiver.received}) == len(receiver.received) == 5


async def test_what_cannot_be_sent_or_noted_is_in_nobody_elses_way(
    scene: Scene, grace: Listener, eve: Listener, receiver: Receiver
) -> None:
    class Broken(Outbound):
        async def send(self, request: Request) -> Answer:
            if request.url == receiver.url:
                raise RuntimeError
            return await scene.parts.outbound.send(request)

    await grace.example(await grace.listen(receiver.url))
    async with receiving() as other:
        await eve.example(await eve.listen(other.url))
        assert await replace(scene.dispatcher, outbound=Broken()).once() == 2
        assert len(other.received) == 1
        refused = sql.SQL(
            "ALTER TABLE webhook_deliveries ADD CONSTRAINT refused CHECK (org_id <> {}) NOT VALID"
        )
        scene.change(refused.format(sql.Literal(grace.caller.place)))
        for each in (grace, eve):
            scene.change(NOTED, each.caller.place)
        await scene.send()
        scene.change(sql.SQL("ALTER TABLE webhook_deliveries DROP CONSTRAINT refused"))
        assert other.types == ["run.completed", "run.failed"]
    assert scene.count(sql.SQL("SELECT count(*) FROM webhook_events WHERE NOT spread")) == 1


async def test_what_a_process_dies_over_is_sent_by_another_under_the_same_id(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    await grace.example(hook)
    receiver.hold()
    dying = asyncio.create_task(scene.dispatcher.once())
    await until(receiver.holds(1))
    await end(dying)
    receiver.let_go()
    assert await scene.send() == 0  # it may be under way
    scene.change(LAPSE)
    assert await scene.send() == 1
    first, second = receiver.received
    assert first.id == second.id
    (listed,) = await grace.deliveries(hook)
    assert (listed["state"], len(listed["attempts"])) == ("delivered", 1)


@pytest.mark.parametrize("status", [204, 500])
async def test_a_web_hook_that_is_removed_while_a_message_is_under_way_is_gone(
    scene: Scene, grace: Listener, receiver: Receiver, status: int
) -> None:
    hook = await grace.listen(receiver.url)
    await grace.example(hook)
    receiver.hold()
    receiver.answers(status)
    sending = asyncio.create_task(scene.dispatcher.once())
    await until(receiver.holds(1))
    await grace.call("DELETE", f"/{hook['id']}")
    receiver.let_go()
    assert await sending == 1
    assert await grace.refused("GET", f"/{hook['id']}") == (404, "webhook_not_found")
    assert await scene.send() == 0


async def test_what_somebody_else_has_in_hand_is_not_sent(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    delivery = await grace.example(await grace.listen(receiver.url))
    place, id_ = OrgId(UUID(grace.caller.place)), WebhookDeliveryId(UUID(delivery["id"]))
    dispatcher = scene.dispatcher
    sender = Sender(dispatcher.database, dispatcher.outbound, dispatcher.sealer)
    await sender.deliver(Claimed(place, id_, new_id()))
    assert receiver.received == []


async def test_what_goes_wrong_here_ends_no_process_and_loses_nothing(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    class Broken(Sealer):
        def open(self, address: Address, sealed: Sealed) -> str:
            raise RuntimeError(address.name, sealed.key_id)

    await grace.example(await grace.listen(receiver.url))
    away = Database(scene.parts.ground.place.address(Role.APP))  # nobody has opened it
    assert await replace(scene.dispatcher, database=away).once() == 0
    assert await replace(scene.dispatcher, sealer=Broken(SECRET_KEY)).once() == 1
    assert receiver.received == []
    scene.change(LAPSE)
    assert await scene.send() == 1


async def test_a_working_process_sends_what_is_due_by_itself(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    hook = await grace.listen(receiver.url)
    watching = asyncio.create_task(scene.dispatcher.watch())
    await grace.example(hook)
    await until(receiver.has(1))
    assert receiver.types == ["run.completed"]
    await end(watching)
