"""Signatures, and when to try again, as Standard Webhooks has them."""

from datetime import timedelta

import pytest

from folkmoot.webhooks import schedule, signing, types

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_example_has_the_published_signature() -> None:
    signed = signing.headers(
        [SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_failure_waits_longer_and_the_last_one_is_given_up() -> None:
    waits = [schedule.delay(failures) for failures in range(1, 11)]
    assert waits[-1] is None
    for planned, wait in zip(schedule.DELAYS, waits[:-1], strict=True):
        assert wait is not None
        assert planned <= wait <= planned * 1.2


@pytest.mark.parametrize(
    ("asked", "at_least", "at_most"),
    [
        ("120", 120, 120),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 86_400, 86_400),
        ("999999999999", 86_400, 86_400),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 5, 6),
        ("soon", 5, 6),
        ("Fri, 01 Jan 2100 00:00:00 -0000", 5, 6),
        ("9" * 5_000, 5, 6),
        ("Fri, 01 Jan 2100 00:00:00 +99999999999999999999", 5, 6),
        ("Fri, 99999999999999999999 Jan 2100 00:00:00 GMT", 5, 6),
    ],
)
def test_what_a_receiver_asks_for_is_heeded_within_a_day(
    asked: str, at_least: int, at_most: int
) -> None:
    wait = schedule.delay(1, asked)
    assert wait is not None
    assert timedelta(seconds=at_least) <= wait <= timedelta(seconds=at_most)


def test_patterns_that_describe_nothing_are_found() -> None:
    assert types.unmatched(["*", "run.*", "document.ready"]) == []
    assert types.unmatched(["runs.*", "run.completed", "run.gone"]) == ["runs.*", "run.gone"]
