"""The brake on guessing passwords."""

import pytest

from folkmoot.identity import brake
from folkmoot.identity.brake import Brake, network_of
from folkmoot.identity.errors import TooManyAttempts
from folkmoot.kit import clock


def test_the_eleventh_attempt_is_refused() -> None:
    guard = Brake()
    for _ in range(brake.ATTEMPTS):
        guard.enter("ada", "192.0.2.1")
    with pytest.raises(TooManyAttempts) as refused:
        guard.enter("ada", "192.0.2.1")
    assert 0 < refused.value.retry_after <= brake.SECONDS + 1


def test_accounts_and_addresses_are_counted_apart() -> None:
    guard = Brake()
    for _ in range(brake.ATTEMPTS):
        guard.enter("ada", "192.0.2.1")
    guard.enter("ada", "192.0.2.2")
    guard.enter("bob", "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        guard.enter("ada", "192.0.2.1")


def test_an_account_that_has_to_wait_is_not_forgotten_over_others() -> None:
    guard = Brake()
    for _ in range(brake.ATTEMPTS):
        guard.enter("ada", "192.0.2.1")
    for number in range(20_000):
        guard.enter(f"somebody {number}", f"198.51.{number // 250}.{number % 250}")
    with pytest.raises(TooManyAttempts):
        guard.enter("ada", "192.0.2.1")


def test_one_address_cannot_go_through_account_after_account() -> None:
    guard = Brake()
    for number in range(2 * brake.SPREAD):  # who gets in uses nothing up
        guard.enter(f"somebody {number}", "192.0.2.1")
        guard.succeeded(f"somebody {number}", "192.0.2.1")
    for number in range(brake.SPREAD):
        guard.enter(f"somebody {number}", "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        guard.enter("ada", "192.0.2.1")
    guard.enter("ada", "192.0.2.2")


def test_attempts_are_forgotten_after_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1000.0
    monkeypatch.setattr(clock, "monotonic", lambda: moment)
    guard = Brake()
    for _ in range(brake.ATTEMPTS):
        guard.enter("ada", "192.0.2.1")
    moment += brake.SECONDS - 1
    with pytest.raises(TooManyAttempts) as refused:
        guard.enter("ada", "192.0.2.1")
    assert refused.value.retry_after == 2
    moment += 1
    guard.enter("ada", "192.0.2.1")
    guard.succeeded("ada", "192.0.2.1")


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "", True),
    ],
)
def test_addresses_that_one_person_has_count_as_one(one: str, another: str, same: bool) -> None:
    assert (network_of(one) == network_of(another)) is same
