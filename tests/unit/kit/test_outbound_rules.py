"""Which addresses and URLs may be asked."""

import ipaddress

import pytest

from folkmoot.kit.outbound.addresses import is_public
from folkmoot.kit.outbound.errors import Unreachable
from folkmoot.kit.outbound.rules import Place, Rules

OPEN = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
CLOSED = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:0:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "3fff::1",
    "2606:4700::5efe:7f00:1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
URLS_OPEN = [
    "https://example.org",
    "http://example.org:8080/a?b=c#d",
    "https://1.1.1.1/",
    "https://[2606:4700::1111]/",
    "https://EXAMPLE.org./",
    "https://bücher.example/",
]
URLS_CLOSED = [
    "",
    "example.org",
    "//example.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "javascript:alert(1)",
    "https://",
    "https://user:password@example.org/",
    "https://example.org@127.0.0.1/",
    "http://127.0.0.1\\@example.org/",
    "http://exa mple.org/",
    "http://example.org\n/",
    "http://example.org\r\nHost: other/",
    "http://a%2eb/",
    "http://[fe80::1%25eth0]/",
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://0x/",
    "http://example.1/",
    "http://127。0。0。1/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://[::1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://169.254.169.254/latest/meta-data/",
    "https://example.org:0/",
    "https://example.org:22/",
    "https://example.org:25/",
    "https://example.org:99999/",
    "https://" + "a" * 64 + ".org/",
    "https://example.org/" + "a" * 2048,
]


@pytest.mark.parametrize("address", OPEN)
def test_everybodys_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_of_ones_own_is_not_public_however_it_is_wrapped(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("url", URLS_OPEN)
def test_a_url_of_the_web_may_be_tried(url: str) -> None:
    assert Rules().check(url).scheme in {"http", "https"}


@pytest.mark.parametrize("url", URLS_CLOSED)
def test_a_url_that_is_none_or_leads_inwards_is_refused_alike(url: str) -> None:
    with pytest.raises(Unreachable) as refused:
        Rules().check(url)
    assert refused.value.detail == "The address can not be reached."
    assert not refused.value.members


def test_a_deployment_opens_places_of_its_own() -> None:
    rules = Rules.of(["127.0.0.1:8123", "10.1.0.0/16", "wiki", "[::1]:99", "fd00::/8"])
    for url in (
        "http://127.0.0.1:8123/",
        "http://10.1.2.3/",
        "http://10.1.2.3:22/",
        "http://wiki:22/",
        "http://[::1]:99/",
        "http://[fd00::1]/",
    ):
        assert rules.check(url)
    for url in ("http://127.0.0.1:8124/", "http://10.2.0.1/", "http://[::1]:98/"):
        with pytest.raises(Unreachable):
            rules.check(url)
    assert rules.allows("wiki", 80, ipaddress.ip_address("192.168.0.9"))
    assert rules.allows("other", 80, ipaddress.ip_address("10.1.0.9"))
    assert not rules.allows("other", 80, ipaddress.ip_address("192.168.0.9"))


def test_a_deployment_names_the_only_ports() -> None:
    rules = Rules.of(ports=[443])
    assert rules.check("https://example.org/")
    for url in ("http://example.org/", "https://example.org:8443/"):
        with pytest.raises(Unreachable):
            rules.check(url)


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "a b", "wiki:http", "http://wiki"])
def test_what_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - two messages, one of Python's
        Place.parse(text)
