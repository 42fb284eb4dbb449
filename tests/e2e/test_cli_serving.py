"""Starting and stopping servers from the command line."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from psycopg import conninfo

from commanding import Ended, Shell
from deployed import API_KEY, PATIENCE, Deployed, deployed
from folkmoot.cli import local
from folkmoot.db import roles
from folkmoot.db.roles import Role
from folkmoot.http.server import listen

T = TypeVar("T")

OFFLINE = {"FOLKMOOT_EMBEDDING_MODEL": "offline:hash"}


def until(found: Callable[[], T | None], otherwise: str) -> T:
    """Return what is found in the end."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (result := found()) is not None:
            return result
        time.sleep(0.02)  # nothing tells what another process does
    raise AssertionError(otherwise)


def banner(server: Deployed) -> dict[str, str]:
    """Return what `up` says once it serves, line by line; the first of each name."""
    text = server.log.partition("Folkmoot is ready.")[2]
    lines = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    return {line[:12].strip(): line[12:].strip() for line in reversed(lines)}


def children(server: Deployed) -> list[int]:
    """Return the processes that a server has started to serve."""
    assert server.process is not None
    columns = ("-o", "pid=", "-o", "ppid=", "-o", "args=")
    listed = subprocess.run(
        ["ps", "-A", "-ww", *columns], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    parent = str(server.process.pid)
    return [int(pid) for pid, of, command in rows if of == parent and "--fd" in command]


def free(port: int) -> bool | None:
    """Whether nobody listens on a port any more."""
    try:
        listen("127.0.0.1", port).close()
    except OSError:
        return None
    return True


@contextmanager
def serving(shell: Shell, data: Path) -> Iterator[str]:
    """Run `folkmoot serve` and give its address."""
    with shell.begin("serve", "--port", "0", "--data-dir", data) as process:

        def answered() -> str | None:
            assert process.poll() is None, process.communicate()[1]
            urls = [
                url for url in local.servers(data) if httpx.get(f"{url}/health/ready").is_success
            ]
            return urls[0] if urls else None

        try:
            yield until(answered, "it does not serve")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)


def test_the_banner_tells_where_everything_is(local_server: Deployed) -> None:
    told, url = banner(local_server), local_server.url
    assert told["Console"] == url
    assert told["API docs"] == f"{url}/docs"
    assert told["Metrics"] == f"{url}/metrics"
    assert "Folkmoot" in httpx.get(told["Console"]).text
    for name in ("API docs", "Metrics"):
        assert httpx.get(told[name]).status_code == 200
    assert told["Data"] == local_server.environment["FOLKMOOT_DATA_DIR"]
    assert Path(told["Data"], "postgres").is_dir()
    assert told["Persistence"] == "embedded PostgreSQL"
    assert told["Models"] == "openai:fake answers, offline:hash compares texts"
    assert told["Providers"] == "openai"
    assert told["Mode"] == "dev"
    assert "Notice" not in told


def test_the_link_of_the_banner_signs_in_once(local_server: Deployed) -> None:
    address, _, link = banner(local_server)["Sign in"].partition("#")
    assert address == f"{local_server.url}/sign-in"
    sign_in = f"{local_server.url}/api/v1/auth/console"
    granted = httpx.post(sign_in, json={"link": link})
    bearer = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    me = httpx.get(f"{local_server.url}/api/v1/me", headers=bearer).json()
    assert me["email"] == "admin@localhost"
    assert httpx.post(sign_in, json={"link": link}).status_code == 401


def test_links_that_others_get_begin_with_the_address_of_the_banner(
    local_server: Deployed,
) -> None:
    """A browser that begins to sign in there comes back there, where its cookie is."""
    headers = {"X-API-Key": API_KEY}
    with httpx.Client(base_url=f"{local_server.url}/api/v1", headers=headers) as client:
        place = client.get("/me").json()["organization_id"]
        made = client.post(f"/organizations/{place}/invitations", json={"role": "member"})
    assert made.json()["link"].startswith(f"{banner(local_server)['Console']}/invitation#")


def test_the_banner_says_what_does_not_work() -> None:
    wrong = {
        "FOLKMOOT_DEFAULT_MODEL": "anthropic:some",
        "FOLKMOOT_EMBEDDING_MODEL": "nobody:nothing",
    }
    with deployed(wrong, anew=True) as server:
        assert banner(server)["Providers"] == "none"
        assert "There is no key for anthropic." in server.log
        assert "'nobody:nothing' is no model that can be used here." in server.log


def test_what_turns_need_is_loaded_when_somebody_comes(environment: dict[str, str]) -> None:
    """Told by a library with machine code, which the graphs bring along."""
    with deployed(environment, anew=True) as server:
        assert server.process is not None
        maps = Path(f"/proc/{server.process.pid}/maps")
        assert httpx.get(f"{server.url}/metrics").status_code == 200
        assert "ormsgpack" not in maps.read_text()
        assert httpx.get(f"{server.url}/openapi.json").status_code == 200
        until(lambda: "ormsgpack" in maps.read_text() or None, "The graphs were not loaded.")


def test_several_processes_serve_behind_one_address_and_one_that_dies_is_replaced(
    environment: dict[str, str],
) -> None:
    with deployed(environment, arguments=("--workers", "2")) as server:
        first, second = children(server)
        assert banner(server)["Console"] == server.url
        shell = Shell({"FOLKMOOT_DATA_DIR": server.environment["FOLKMOOT_DATA_DIR"]})
        for number in range(4):
            ended = shell("chat", f"Number {number}")
            assert (ended.code, ended.out) == (0, f"Number {number}\n")
        assert "serving_process.replaced" not in server.log

        os.kill(first, signal.SIGKILL)

        def replaced() -> bool | None:
            now = children(server)
            return (len(now) == 2 and second in now and first not in now) or None

        assert until(replaced, "it is not replaced")
        assert server.get("/api/v1/me").status_code == 200
        port = int(server.url.rpartition(":")[2])
        assert server.stop() == 0
        assert free(port)


def test_processes_end_with_the_one_that_started_them(environment: dict[str, str]) -> None:
    with deployed(environment, arguments=("--workers", "2")) as server:
        port = int(server.url.rpartition(":")[2])
        assert free(port) is None
        server.kill()
        assert until(lambda: free(port), "somebody still listens")
        server.start()
        assert server.get("/api/v1/me").status_code == 200


def test_migrating_and_serving_begin_with_whom_the_configuration_names(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shell = Shell(
        {
            **OFFLINE,
            "FOLKMOOT_INIT_ADMIN_EMAIL": "grace@one.example",
            "FOLKMOOT_INIT_ORG": "Grace's",
            "FOLKMOOT_INIT_API_KEY": API_KEY,
        }
    )
    migrated = shell("migrate", "--data-dir", data)
    assert (migrated.code, migrated.out) == (0, "")
    assert "The schema is up to date" in migrated.err
    with serving(shell, data) as url:
        me = httpx.get(f"{url}/api/v1/me", headers={"X-API-Key": API_KEY}).json()
    assert me["email"] == "grace@one.example"


def test_serving_makes_no_demonstration_of_its_own(tmp_path: Path) -> None:
    data, shell = tmp_path / "data", Shell(OFFLINE)
    assert shell("migrate", "--data-dir", data).code == 0
    with serving(shell, data):
        assert shell("user", "list", "--json", "--data-dir", data).json == []


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_serving_begins_no_deployment_by_mistake(tmp_path: Path, command: str) -> None:
    ended = Shell(OFFLINE)(command, "--data-dir", tmp_path / "misspelt")
    assert (ended.code, ended.out) == (1, "")
    assert "There is no deployment in" in ended.err
    assert not (tmp_path / "misspelt").exists()


@pytest.mark.parametrize("command", ["up", "serve", "worker", "migrate", "doctor"])
def test_a_second_place_with_a_secret_key_of_its_own_is_refused(
    local_server: Deployed, tmp_path: Path, command: str
) -> None:
    first = Path(local_server.environment["FOLKMOOT_DATA_DIR"])
    key = (first / "secret.key").read_text()
    owner = conninfo.make_conninfo(
        host=str(first / "postgres" / "run"),
        port=5432,
        dbname="folkmoot",
        user=Role.OWNER,
        password=roles.password(key, Role.OWNER),
    )
    elsewhere = Shell({"FOLKMOOT_DATABASE_URL": owner, "FOLKMOOT_PORT": "0", **OFFLINE})
    ended: Ended = elsewhere(command, "--data-dir", tmp_path / "data")
    assert ended.code == 1
    assert "FOLKMOOT_SECRET_KEY" in ended.out + ended.err
    assert local_server.get("/health/ready").status_code == 200


def test_a_port_that_is_taken_is_told_and_nothing_is_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = Shell(OFFLINE)("up", "--port", port, "--data-dir", tmp_path / "data")
    assert (ended.code, ended.out) == (1, "")
    assert f"127.0.0.1:{port}" in ended.err
    assert "--port 0" in ended.err
    assert not (tmp_path / "data").exists()


def test_what_cannot_be_had_is_told_in_a_sentence_and_ends_the_start(tmp_path: Path) -> None:
    wanted = OFFLINE | {"FOLKMOOT_PDF_PARSER": "no_such_module:parser"}
    ended = Shell(wanted)("up", "--port", "0", "--data-dir", tmp_path / "data")
    assert (ended.code, ended.out) == (1, "")
    assert "pdf_parser: there is no module no_such_module installed" in ended.err
    assert "Traceback" not in ended.err
