"""The API is what its description says: schemathesis asks what that allows and what it does not."""

import json
import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Final

from deployed import Deployed
from settled import Settler

SCHEMATHESIS: Final = (sys.executable, "-m", "schemathesis.cli", "run")
EXAMPLES: Final = 1  # of each operation at random; 15,000 requests besides are made by plan
PATIENCE: Final = 1_800
HOOKS: Final = Path(__file__).with_name("hooks.py")
TAKEN: Final = ["2xx", "3xx", "401", "403", "404", "409", "428", "429", "5xx"]
"""A change may be well formed and yet not say of which version it is one: 428."""
BEYOND: Final = {
    "only some names are those of time zones": (
        "GET /api/v1/schedule-preview",
        "POST /api/v1/schedules",
        "PATCH /api/v1/schedules/{schedule_id}",
    ),
    "a span ends after it begins, and not long after": ("GET /api/v1/usage/export",),
    "agents name agents, models and tools that are there": (
        "POST /api/v1/agents",
        "PATCH /api/v1/agents/{agent_id}",
    ),
    "conditions are counted in all, however they stand within each other": (
        "POST /api/v1/collections/{collection_id}/search",
        "POST /api/v1/collections/{collection_id}/search/explain",
        "POST /api/v1/evaluations",
    ),
    "a pattern has to mean some kind of event": (
        "POST /api/v1/webhooks",
        "PATCH /api/v1/webhooks/{webhook_id}",
        "POST /api/v1/webhooks/{webhook_id}/test",
    ),
    "a change of a server has to go with what it does not change": (
        "PATCH /api/v1/mcp-servers/{mcp_server_id}",
    ),
}
"""What no schema can say, and the operations that refuse with 422 what it allows."""
CONFIGURATION: Final = f"""\
hooks = "{HOOKS}"
[checks]
positive_data_acceptance.expected-statuses = {TAKEN}
[auth.wfc]
path = "people.json"
peers = ["ada", "eve"]
[[operations]]
include-name = {sorted(chain(*BEYOND.values()))}
checks.positive_data_acceptance.expected-statuses = {[*TAKEN, "422"]}
"""
"""Nobody of the peers may read what is another's."""


def headers(settler: Settler) -> list[dict[str, str]]:
    """Act by a key: a session would end as soon as somebody tries how to end it."""
    made = settler.http.post("/api/v1/api-keys", json={"name": "schema"})
    return [{"name": "Authorization", "value": f"Bearer {made.json()['key']}"}]


def test_no_operation_departs_from_its_description(
    server: Deployed, ada: Settler, eve: Settler, tmp_path: Path
) -> None:
    people = {"ada": ada, "eve": eve}
    known = [{"name": name, "fixedHeaders": headers(person)} for name, person in people.items()]
    (tmp_path / "people.json").write_text(json.dumps({"auth": known}))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    options = f"--checks all --max-examples {EXAMPLES} --generation-deterministic --no-color"
    ended = subprocess.run(
        [*SCHEMATHESIS, f"{server.url}/openapi.json", *options.split()],
        cwd=tmp_path,
        # It looks through all variables at every request, for proxies.
        env={name: os.environ[name] for name in {"PATH", "PYTHONPATH"} & os.environ.keys()},
        check=False,
        stdout=subprocess.PIPE,
        timeout=PATIENCE,
    )
    said = ended.stdout.decode(errors="replace")
    assert ended.returncode == 0, said
    assert re.search(r"Selected: (\d+)/\1\n +Tested: \1\n", said), said
