"""The brake on guessing passwords."""

import pytest

from folkmoot.identity import brake
from folkmoot.identity.brake import Brake
from folkmoot.identity.errors import TooManyAttempts


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


def test_ten_thousand_pairs_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brake, "REMEMBERED", 2)
    guard = Brake()
    for _ in range(brake.ATTEMPTS):
        guard.enter("ada", "192.0.2.1")
    guard.enter("bob", "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        guard.enter("ada", "192.0.2.1")
    guard.enter("eve", "192.0.2.1")
    guard.enter("ada", "192.0.2.1")
