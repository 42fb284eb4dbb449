"""Limits as they are written, and which of them count."""

from typing import Any

import pytest
from pydantic import ValidationError

from folkmoot.http.limits.address import is_loopback, network_of
from folkmoot.http.limits.policy import Kind, Who, kind_of
from folkmoot.http.limits.rate import Rate, parse
from folkmoot.settings.rate_limits import RateLimits, policy

AUTH = "/api/v1/auth"


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("10/minute", (Rate(10, 60),)),
        (" 10 / minute , 100/hour", (Rate(10, 60), Rate(100, 3600))),
        ("1/second,5/day", (Rate(1, 1), Rate(5, 86400))),
        ("off", ()),
    ],
)
def test_rates_are_read_as_people_write_them(text: str, rates: tuple[Rate, ...]) -> None:
    assert parse(text) == rates


@pytest.mark.parametrize("text", ["", "10", "0/minute", "-1/minute", "1/week", "1/minute;", "off,"])
def test_what_is_no_rate_is_refused_when_the_configuration_is_read(text: str) -> None:
    with pytest.raises(ValidationError, match="10/minute"):
        RateLimits(write_per_user=text)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", f"{AUTH}/token", Kind.AUTH),
        ("POST", f"{AUTH}/register", Kind.AUTH),
        ("POST", f"{AUTH}/console", Kind.AUTH),
        ("POST", f"{AUTH}/anything/that/comes", Kind.AUTH),
        ("POST", f"{AUTH}/refresh", Kind.WRITE),
        ("POST", f"{AUTH}/console/refresh", Kind.WRITE),
        ("GET", f"{AUTH}/token", Kind.READ),
        ("POST", "/api/chat/chat", Kind.MODEL),
        ("GET", "/api/agents", Kind.READ),
        ("GET", "/api/v1/me", Kind.READ),
        ("GET", "/api/v1/me/export", Kind.EXPORT),
        ("DELETE", "/api/v1/collections/x", Kind.WRITE),
        ("GET", "/health/ready", None),
        ("GET", "/", None),
    ],
)
def test_a_request_is_counted_by_what_it_does(method: str, path: str, kind: Kind | None) -> None:
    assert kind_of({"method": method, "path": path}) == kind


def test_a_laptop_limits_strangers_who_sign_in_and_nothing_else() -> None:
    home = policy(RateLimits(), production=False)
    assert [kind for kind in Kind if home.limits(kind)] == [Kind.AUTH]
    assert home.rates(Kind.AUTH, Who.ADDRESS) == (Rate(10, 60),)
    assert home.rates(Kind.AUTH, Who.ADDRESS, loopback=True) == (Rate(600, 60),)


def test_production_limits_everything_and_spares_nobody() -> None:
    strict = policy(RateLimits(), production=True)
    assert all(strict.limits(kind) for kind in Kind)
    assert strict.rates(Kind.AUTH, Who.ADDRESS, loopback=True) == (Rate(10, 60),)
    assert strict.rates(Kind.MODEL, Who.USER) == (Rate(10, 60), Rate(100, 3600))
    assert strict.rates(Kind.EXPORT, Who.USER) == (Rate(10, 3600),)


def test_what_is_configured_counts_everywhere() -> None:
    given = RateLimits(auth_per_address="3/minute", model_per_user="off", read_per_key="9/day")
    for production in (True, False):
        chosen = policy(given, production=production)
        assert chosen.rates(Kind.AUTH, Who.ADDRESS, loopback=True) == (Rate(3, 60),)
        assert not chosen.limits(Kind.MODEL)
        assert chosen.rates(Kind.READ, Who.KEY) == (Rate(9, 86400),)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("somewhere", "None"),
        (None, "None"),
    ],
)
def test_a_household_is_one_address(address: str | None, network: str) -> None:
    scope: dict[str, Any] = {"client": (address, 1) if address else None}
    assert network_of(scope) == network


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("::1", True), ("192.0.2.1", False), ("x", False)],
)
def test_this_machine_is_known(address: str, expected: bool) -> None:
    assert is_loopback({"client": (address, 1)}) is expected
