"""A server of two processes that counts in Redis, and Redis killed under it."""

from collections import Counter
from http import HTTPStatus
from typing import Any

from deployed import Deployed, deployed
from redis_server import RedisServer, redis_server

COLLECTIONS = "/api/v1/collections"
LIMIT = 10


def asked(server: Deployed, times: int) -> Counter[int]:
    """Ask again and again, each time by a new connection: any of the processes answers."""
    return Counter(server.get(COLLECTIONS).status_code for _ in range(times))


def dependencies(server: Deployed) -> tuple[int, str, Any]:
    answer = server.get("/health/ready")
    body = answer.json()
    return answer.status_code, body["status"], body["dependencies"]["redis"]["status"]


def serve(redis: RedisServer) -> dict[str, str]:
    return {
        "FOLKMOOT_REDIS_URL": redis.url(),
        "FOLKMOOT_RATE_LIMITS__READ_PER_USER": f"{LIMIT}/hour",
        "FOLKMOOT_RATE_LIMITS__READ_PER_ADDRESS": "off",
    }


def test_two_processes_share_a_limit_and_keep_it_when_redis_dies() -> None:
    with redis_server() as redis, deployed(serve(redis), arguments=("--workers", "2")) as server:
        assert dependencies(server) == (HTTPStatus.OK, "healthy", "healthy")
        before = asked(server, LIMIT - 2)
        assert before == {HTTPStatus.OK: LIMIT - 2}
        assert redis.run("DBSIZE") > 0
        redis.kill()
        after = asked(server, 4 * LIMIT)
        # Each process that had heard of it goes on from there; one that had not, from the start.
        assert 2 <= after[HTTPStatus.OK] <= LIMIT
        assert after[HTTPStatus.TOO_MANY_REQUESTS] == 4 * LIMIT - after[HTTPStatus.OK]
        assert dependencies(server) == (HTTPStatus.OK, "degraded", "degraded")
        assert redis.url() not in server.log
        redis.start()
        assert dependencies(server)[1:] == ("healthy", "healthy")
        assert asked(server, LIMIT)[HTTPStatus.OK] == 0
