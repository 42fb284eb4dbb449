"""What the doctor says of Redis."""

from folkmoot.cli.checks.finding import Status
from folkmoot.cli.checks.redis import redis
from redis_server import redis_server


def test_a_redis_that_answers_is_well_and_the_doctor_says_what_is_wrong_with_another() -> None:
    with redis_server() as server:
        assert redis(server.url()).status is Status.OK
        locked = redis(server.url("wrong"))
        assert (locked.status, "AuthenticationError" in locked.detail) == (Status.WARNING, True)
        server.kill()
        gone = redis(server.url())
        assert gone.status is Status.WARNING
        assert "FOLKMOOT_REDIS_URL" in (gone.remedy or "")
