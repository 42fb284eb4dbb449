"""Which addresses the brake on guessing passwords takes for one."""

import pytest

from folkmoot.identity.sign_in.brake import network_of


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
