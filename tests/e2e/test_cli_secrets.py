"""Another secret key for a deployment, from the command line."""

from commanding import Shell
from deployed import deployed

OLD = "the secret key of a deployment, as it was once"
NEW = "the secret key of a deployment, as it is now"


def test_a_new_secret_key_takes_over_the_secrets_of_a_deployment() -> None:
    with deployed({"FOLKMOOT_SECRET_KEY": OLD}) as server:
        body = {"name": "a_key", "value": "of a safe", "scope": "organization"}
        assert server.post("/api/v1/secrets", json=body).status_code == 201
        server.stop()
        place = {"FOLKMOOT_DATA_DIR": server.environment["FOLKMOOT_DATA_DIR"]}
        alone = Shell(place | {"FOLKMOOT_SECRET_KEY": NEW})
        both = Shell(place | {"FOLKMOOT_SECRET_KEY": NEW, "FOLKMOOT_SECRET_KEY_PREVIOUS": OLD})
        assert both("migrate").code == 0
        lost = alone("key", "rotate-secrets")
        assert (lost.code, lost.out) == (1, "")
        assert "Secrets that could not be opened: 1." in lost.err
        done = both("key", "rotate-secrets")
        assert (done.code, done.out) == (0, "")
        assert "Secrets that have the new key now: 1." in done.err
        assert OLD not in done.err + lost.err
        again = alone("key", "rotate-secrets")
        assert again.code == 0
        assert "Secrets that have the new key now: 0." in again.err
