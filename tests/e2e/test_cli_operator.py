"""What an operator does from the command line, with a server running or without."""

import json
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from commanding import Shell
from deployed import Deployed

PASSWORD = "correct horse battery staple"


def key_of(server: Deployed, key: str) -> httpx.Response:
    return httpx.get(f"{server.url}/api/v1/me", headers={"X-API-Key": key}, timeout=60)


def test_a_person_is_created_listed_and_can_sign_in(
    folkmoot: Shell, local_server: Deployed
) -> None:
    created = folkmoot(
        *("user", "create", "grace@one.example", "--organization", "Grace's", "--password-stdin"),
        given=f"{PASSWORD}\n",
    )
    assert (created.code, created.err) == (0, "")
    form = {"username": "grace@one.example", "password": PASSWORD}
    assert local_server.post("/api/v1/auth/token", data=form).status_code == 200

    people = folkmoot("user", "list", "--json").json
    places = {person["email"]: person["places"] for person in people}
    assert [place["name"] for place in places["grace@one.example"]] == ["Grace's"]
    assert "admin@localhost" in places
    tenants = {
        tenant["name"]: tenant["members"] for tenant in folkmoot("org", "list", "--json").json
    }
    assert tenants["Grace's"] == 1
    assert "Grace's (owner)" in folkmoot("user", "list").out
    assert "Grace's" in folkmoot("org", "list").out

    again = folkmoot("user", "create", "grace@one.example", "--password-stdin", given=PASSWORD)
    assert (again.code, again.out) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (("grace@one.example",), ""),
        (("grace@one.example", "--password-stdin"), "short\n"),
        (("no address", "--password-stdin"), PASSWORD),
    ],
)
def test_a_person_without_a_fitting_address_and_password_is_not_created(
    folkmoot: Shell, arguments: tuple[str, ...], given: str
) -> None:
    ended = folkmoot("user", "create", *arguments, given=given)
    assert (ended.code, ended.out) == (2, "")
    assert "short\n" not in ended.err


def test_a_key_is_shown_once_acts_for_its_user_and_is_revoked(
    folkmoot: Shell, local_server: Deployed
) -> None:
    created = folkmoot("key", "create", "nightly", "--scope", "runs:read", "--days", "1")
    assert created.code == 0
    key = created.out.strip()
    me = key_of(local_server, key).json()
    assert (me["email"], me["permissions"]) == ("admin@localhost", ["runs:read"])

    listed = [each for each in folkmoot("key", "list", "--json").json if each["name"] == "nightly"]
    assert [key.startswith(each["prefix"]) for each in listed] == [True]
    assert key not in folkmoot("key", "list").out

    assert folkmoot("key", "revoke", listed[0]["id"]).code == 0
    assert folkmoot("key", "revoke", listed[0]["id"]).code == 1
    assert "nightly" not in folkmoot("key", "list").out


def test_a_key_acts_for_a_service_account(folkmoot: Shell, local_server: Deployed) -> None:
    organization = local_server.get("/api/v1/me").json()["organization_id"]
    path = f"/api/v1/organizations/{organization}/service-accounts"
    account = local_server.post(path, json={"name": "importer"}).json()["id"]
    created = folkmoot("key", "create", "nightly", "--service-account", account)
    assert created.code == 0, created.err
    me = key_of(local_server, created.out.strip()).json()
    assert (me["id"], me["name"], me["email"]) == (account, "importer", None)
    absent = folkmoot("key", "create", "nightly", "--service-account", organization)
    assert (absent.code, absent.out) == (1, "")


def test_the_operator_says_who_looks_after_the_platform(
    folkmoot: Shell, local_server: Deployed
) -> None:
    email = "root@one.example"
    created = folkmoot("user", "create", email, "--password-stdin", given=f"{PASSWORD}\n")
    assert created.code == 0
    form = {"username": email, "password": PASSWORD}
    token = local_server.post("/api/v1/auth/token", data=form).json()["access_token"]

    def asked() -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{local_server.url}/api/v1/platform/users", headers=headers).status_code

    def since() -> str | None:
        people = {each["email"]: each for each in folkmoot("user", "list", "--json").json}
        shown: str | None = people[email]["platform_admin_since"]
        return shown

    assert (asked(), since()) == (403, None)
    for said in ("is now", "was already"):
        promoted = folkmoot("user", "promote", email)
        assert (promoted.code, said in promoted.err) == (0, True)
    assert asked() == 200
    assert since() is not None
    for said in ("is no longer", "was not"):
        demoted = folkmoot("user", "demote", email)
        assert (demoted.code, said in demoted.err) == (0, True)
    assert asked() == 403
    for command in ("promote", "demote"):
        nobody = folkmoot("user", command, "nobody@one.example")
        assert (nobody.code, nobody.out) == (1, "")


def test_a_key_for_nobody_is_not_made(folkmoot: Shell) -> None:
    ended = folkmoot("key", "create", "nightly", "--user", "nobody@one.example")
    assert (ended.code, ended.out) == (1, "")
    assert "nobody@one.example" in ended.err


def test_without_a_deployment_none_is_begun(tmp_path: Path) -> None:
    ended = Shell()("user", "list", "--data-dir", tmp_path / "misspelt")
    assert (ended.code, ended.out) == (1, "")
    assert not (tmp_path / "misspelt").exists()


def test_a_database_that_is_away_is_told_apart(tmp_path: Path) -> None:
    away = Shell({"FOLKMOOT_DATABASE_URL": "postgresql://o:hidden@127.0.0.1:1/x"})
    ended = away("user", "list", "--data-dir", tmp_path)
    assert (ended.code, ended.out) == (3, "")
    assert "hidden" not in ended.err


def test_the_configuration_is_shown_with_its_origins_and_without_its_secrets(
    tmp_path: Path,
) -> None:
    file = tmp_path / "folkmoot.yaml"
    file.write_text("workers: 3\n")
    shell = Shell({"FOLKMOOT_PORT": "4711", "OPENAI_API_KEY": "sk-very-secret-0123456789"})
    shown = shell("config", "show", "--origin", "--json", "--config", file)
    assert "very-secret" not in shown.out
    rows = {row["key"]: (row["value"], row["origin"]) for row in shown.json}
    assert rows["workers"] == ("3", str(file))
    assert rows["port"] == ("4711", "environment FOLKMOOT_PORT")
    assert rows["host"] == ("127.0.0.1", "default")
    assert rows["providers.openai_api_key"] == ("********", "environment OPENAI_API_KEY")
    assert "origin" not in shell("config", "show", "--config", file).out.splitlines()[0]


@pytest.mark.parametrize(
    ("content", "environ", "told"),
    [
        ("", {"FOLKMOOT_PORT": "eighty"}, "environment FOLKMOOT_PORT: port: Input should be"),
        ("port: [80\nmode: dev\n", {}, "folkmoot.yaml: (file): line 2, column "),
        ("prot: 80\n", {}, "folkmoot.yaml: prot: there is no such setting; is it port?"),
        ("workers: several\n", {}, "folkmoot.yaml: workers: Input should be a valid integer"),
        (
            "",
            {"OPENAI_API_KEY_FILE": "/nowhere/key"},
            "environment OPENAI_API_KEY_FILE: providers.openai_api_key: /nowhere/key: No such",
        ),
    ],
)
@pytest.mark.parametrize("command", [("config", "show"), ("up",), ("user", "list")])
def test_a_mistake_in_the_configuration_is_told_with_its_place(
    tmp_path: Path, command: tuple[str, ...], content: str, environ: dict[str, str], told: str
) -> None:
    file = tmp_path / "folkmoot.yaml"
    file.write_text(content)
    ended = Shell(environ)(*command, "--config", file, "--data-dir", tmp_path / "data")
    assert (ended.code, ended.out) == (1, "")
    assert told in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_the_description_of_the_api_is_the_one_that_the_server_gives(
    local_server: Deployed, tmp_path: Path
) -> None:
    printed = Shell()("openapi").json
    assert printed == local_server.get("/openapi.json").json()
    out = tmp_path / "openapi.json"
    assert Shell()("openapi", "--out", out).out == ""
    assert json.loads(out.read_text()) == printed


def test_the_doctor_finds_a_healthy_deployment_well_and_changes_nothing(
    folkmoot: Shell, local_server: Deployed
) -> None:
    data = Path(local_server.environment["FOLKMOOT_DATA_DIR"])
    before = sorted(path.name for path in data.iterdir())
    found = {each["check"]: each for each in folkmoot("doctor", "--json", "--port", "0").json}
    assert {
        name: each["status"] for name, each in found.items() if name != "model"
    } == dict.fromkeys(set(found) - {"model"}, "ok")
    assert {"python", "database", "schema", "role", "vector", "letters"} <= set(found)
    assert sorted(path.name for path in data.iterdir()) == before


def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(
    local_server: Deployed, tmp_path: Path
) -> None:
    port = local_server.url.rpartition(":")[2]
    ill = Shell(
        {
            "FOLKMOOT_DATA_DIR": str(tmp_path / "data"),
            "FOLKMOOT_DATABASE_URL": "postgresql://o:hidden@127.0.0.1:1/x",
            "FOLKMOOT_DEFAULT_MODEL": "openai:x",
        }
    )
    ended = ill("doctor", "--port", port)
    assert ended.code == 1
    assert "hidden" not in ended.out + ended.err
    failed = [line.split(":")[0].split()[1] for line in ended.out.splitlines() if "FAILED" in line]
    assert failed == ["port", "database", "model"]
    assert ended.out.count("→") >= len(failed)
    assert not (tmp_path / "data").exists()


def test_the_doctor_finds_a_fresh_machine_ready(
    environment: dict[str, str], tmp_path: Path
) -> None:
    fresh = Shell({**environment, "FOLKMOOT_DATA_DIR": str(tmp_path / "data")})
    ended = fresh("doctor", "--port", "0")
    assert ended.code == 0
    assert "database: embedded PostgreSQL" in ended.out
    assert "ok       model: openai:fake\n" in ended.out
    assert "ok       provider openai: It answers" in ended.out
    assert not (tmp_path / "data").exists()


def test_what_is_kept_of_a_person_is_taken_along_and_erased(
    folkmoot: Shell, local_server: Deployed, tmp_path: Path
) -> None:
    email, archive = "hedy@one.example", tmp_path / "hedy.zip"
    folkmoot("user", "create", email, "--password-stdin", given=PASSWORD)
    taken = folkmoot("user", "export", email, "-o", archive)
    assert (taken.code, taken.out) == (0, "")
    with ZipFile(archive) as files:
        assert json.loads(files.read("account.jsonl"))["email"] == email
    assert [path.name for path in tmp_path.iterdir()] == ["hedy.zip"]

    refused = folkmoot("user", "erase", email, "--yes")
    assert refused.code == 1
    assert "nobody else owns" in refused.err
    form = {"username": email, "password": PASSWORD}
    token = local_server.post("/api/v1/auth/token", data=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    place = httpx.get(f"{local_server.url}/api/v1/me", headers=headers).json()["organization_id"]
    path = f"{local_server.url}/api/v1/organizations/{place}"
    assert httpx.delete(path, headers=headers).status_code == 204

    assert folkmoot("user", "erase", email, given="n\n").code == 1
    assert folkmoot("user", "erase", email, "--yes").code == 0
    assert local_server.post("/api/v1/auth/token", data=form).status_code == 401
    assert folkmoot("user", "export", email, "-o", archive).code == 1
    assert email not in {person["email"] for person in folkmoot("user", "list", "--json").json}
