"""Webhooks from the command line."""

from commanding import Shell
from deployed import Deployed
from folkmoot.kit.ids import new_id


def test_web_hooks_are_made_tried_changed_and_removed(
    folkmoot: Shell, local_server: Deployed
) -> None:
    assert local_server.url
    address = f"https://one.invalid/{new_id().hex}"
    made = folkmoot("webhooks", "create", address, "-e", "run.*", "-e", "document.ready")
    assert made.out.startswith("whsec_")
    hook = made.err.split()[1].rstrip(";")
    assert folkmoot("webhooks", "show", hook, "--json").json["events"] == [
        "run.*",
        "document.ready",
    ]
    sent = folkmoot("webhooks", "test", hook, "--json").json[0]
    again = folkmoot("webhooks", "redeliver", hook, sent["id"], "--json").json[0]
    assert (again["id"], again["event_id"]) == (sent["id"], sent["event_id"])
    lines = folkmoot("webhooks", "deliveries", hook, "-e", "run.*").out.splitlines()
    assert lines[0].split()[:3] == ["id", "type", "state"]
    assert lines[1].split()[1:3] == ["run.completed", "pending"]
    assert folkmoot("webhooks", "rotate-secret", hook).out != made.out
    assert "yes" not in folkmoot("webhooks", "update", hook, "--off").out
    assert address in folkmoot("webhooks", "list").out
    assert "budget.exceeded" in folkmoot("webhooks", "events").out
    assert folkmoot("webhooks", "delete", hook).code == 0
    gone = folkmoot("webhooks", "show", hook)
    assert gone.code == 1
    assert "webhook_not_found" in gone.err
