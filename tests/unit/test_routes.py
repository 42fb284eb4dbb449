"""Every route of the application says who may call it."""

from typing import Any

from folkmoot.http.access import Requirement
from folkmoot.identity.permissions import OWNER
from route_walk import routes, whole_application

DESCRIPTION = "/openapi.json"  # FastAPI's own, for anybody


def test_every_route_says_once_who_may_call_it() -> None:
    found = list(routes(whole_application()))
    assert [path for path, markers in found if len(markers) != 1] == [DESCRIPTION]
    for path in ("/api/v1/me", "/api/v1/runs/{run_id}/events", "/api/chat/{agent_id}", "/metrics"):
        assert path in dict(found)


def test_routes_ask_for_permissions_that_somebody_can_have() -> None:
    markers = [marker for _, found in routes(whole_application()) for marker in found]
    asked = {marker.permission for marker in markers if isinstance(marker, Requirement)}
    assert asked
    assert asked <= OWNER


OF_AG_UI = {"ToolsPart"}
"""Its capability document calls the tools `items`."""


def test_every_list_says_where_it_goes_on() -> None:
    described = whole_application().openapi()["components"]["schemas"]
    lists = {name: each["properties"] for name, each in described.items() if _is_list(each)}
    lists = {name: each for name, each in lists.items() if name not in OF_AG_UI}
    assert len(lists) > 5
    assert [name for name, properties in lists.items() if "next_cursor" not in properties] == []


def _is_list(schema: dict[str, Any]) -> bool:
    items: dict[str, Any] = schema.get("properties", {}).get("items", {})
    return items.get("type") == "array"
