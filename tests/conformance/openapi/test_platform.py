"""Platform admins: what is theirs is nobody else's, and without an entry they are outsiders."""

from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from asking_all import Body, operations, send
from commanding import Shell
from deployed import Deployed
from folkmoot.kit.ids import new_id
from operating import given_up
from settled import Settler, newcomer

REFUSED: Final = (403, "platform_admin_needed")


@pytest.fixture(scope="module")
def root(server: Deployed) -> Iterator[httpx.Client]:
    """A platform admin, who is of an organisation of their own."""
    with httpx.Client(base_url=server.url, headers=newcomer(server)) as client:
        shell = Shell({"FOLKMOOT_DATA_DIR": server.environment["FOLKMOOT_DATA_DIR"]})
        promoted = shell("user", "promote", client.get("/api/v1/me").json()["email"])
        assert promoted.code == 0, promoted.err
        yield client


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_owners_and_keys_of_platform_admins_are_refused(
    description: Body, server: Deployed, root: httpx.Client, ada: Settler, eve: Settler
) -> None:
    key = root.post("/api/v1/api-keys", json={"name": "everything"}).json()["key"]
    of_a_key = {"X-API-Key": key}
    asked = 0
    for method, path, operation in operations(description, platform=True):
        missing = {name: str(new_id()) for name in ada.things}
        for headers in (eve.headers, ada.headers, of_a_key):
            with httpx.Client(base_url=server.url, headers=headers) as client:
                foreign = send(client, method, path, operation, ada.things)
                absent = send(client, method, path, operation, missing)
            assert told(foreign) == told(absent) == REFUSED, (method, path)
        asked += 1
    assert asked >= 8


def test_nobody_comes_near_without_a_credential(
    description: Body, server: Deployed, ada: Settler
) -> None:
    with httpx.Client(base_url=server.url) as stranger:
        for method, path, operation in operations(description, platform=True):
            answer = send(stranger, method, path, operation, ada.things)
            assert answer.status_code == httpx.codes.UNAUTHORIZED, (method, path)


def test_a_platform_admin_may_do_all_of_it(
    description: Body, server: Deployed, root: httpx.Client, eve: Settler
) -> None:
    for method, path, operation in operations(description, platform=True):
        things = dict(eve.things)
        if "{job_id}" in path:
            things["job_id"] = given_up(server.directory / "data")
        answer = send(root, method, path, operation, things)
        assert answer.is_success, (method, path, answer.text)
    assert eve.http.get("/api/v1/me").status_code == httpx.codes.UNAUTHORIZED  # signed out
    assert root.get("/api/v1/me").status_code == httpx.codes.OK


def test_without_an_entry_a_platform_admin_is_answered_like_any_outsider(
    description: Body, server: Deployed, root: httpx.Client, ada: Settler
) -> None:
    named = {"X-Organization-Id": ada.things["organization_id"]}
    with httpx.Client(base_url=server.url, headers=newcomer(server)) as outsider:
        for method, path, operation in operations(description):
            if "{" not in path:  # names nothing of another's
                continue
            answers = [send(who, method, path, operation, ada.things) for who in (root, outsider)]
            assert answers[0].status_code == answers[1].status_code, (method, path)
    with httpx.Client(base_url=server.url, headers=dict(root.headers) | named) as inside:
        for method, path, operation in operations(description):
            answer = send(inside, method, path, operation, ada.things)
            assert told(answer) == (404, "organization_not_found"), (method, path)
