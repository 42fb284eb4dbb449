"""Sending every operation of the description, with its own example."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

Body = dict[str, Any]

JSON: Final = {"Content-Type": "application/json"}


def operations(description: Body, *, platform: bool = False) -> Iterator[tuple[str, str, Body]]:
    """Yield the operations that need a caller: method, path and description.

    Those for platform admins are apart: who may call them is no matter of organisations.
    """
    for path, item in description["paths"].items():
        for method, operation in item.items():
            if operation["security"] and ("x-platform" in operation) is platform:
                yield method, path, operation


def send(
    client: httpx.Client,
    method: str,
    path: str,
    operation: Body,
    ids: Mapping[str, str],
) -> httpx.Response:
    """Send the example of an operation about the named things, in its path and in its body."""
    media = operation.get("requestBody", {}).get("content", {}).get("application/json")
    body = (
        {name: ids.get(name, value) for name, value in media["example"].items()} if media else None
    )
    return client.request(method, path.format_map(ids), json=body)
