"""Many who change the same thing at once, each having seen what was there before."""

import asyncio
from collections import Counter

import httpx


async def one_of_ten_counts(client: httpx.AsyncClient, path: str, field: str) -> bool:
    """Change something ten times at once, each time having seen the same."""
    tag = (await client.get(path)).headers["etag"]
    changes = (
        client.patch(path, json={field: f"Name {n}"}, headers={"If-Match": tag}) for n in range(10)
    )
    answers = await asyncio.gather(*changes)
    assert Counter(each.status_code for each in answers) == {200: 1, 412: 9}
    (changed,) = (each for each in answers if each.is_success)
    now = await client.get(path)
    assert (now.json(), now.headers["etag"]) == (changed.json(), changed.headers["etag"])
    unchanged = await client.get(path, headers={"If-None-Match": now.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    late = await client.delete(path, headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    gone = await client.delete(path, headers={"If-Match": now.headers["etag"]})
    return gone.is_success
