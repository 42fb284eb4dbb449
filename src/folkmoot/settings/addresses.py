"""What counts as an address of what; each returns it, or raises ValueError with what is wrong."""

from urllib.parse import urlsplit

from pydantic import SecretStr

from folkmoot.kit.outbound.rules import Place


def web_address(url: str) -> str:
    """Return an address of the web as it is; fail if it is none."""
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise ValueError("it must begin with https:// and a host")
    return url


def place(text: str) -> str:
    """Accept what names a host, an address or a network."""
    Place.parse(text)
    return text


def public(url: str) -> str:
    """Return an address of the web without a slash at its end; fail if it is none."""
    return web_address(url).rstrip("/")


def mail_server(url: SecretStr) -> SecretStr:
    """Return the address of a server for letters as it is; fail if it is none."""
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("it must begin with smtp:// or smtps:// and a host")
    return url


def redis_server(url: SecretStr) -> SecretStr:
    """Return the address of a Redis as it is; fail if it is none."""
    parts = urlsplit(url.get_secret_value())
    there = parts.hostname if parts.scheme in {"redis", "rediss"} else parts.path
    if parts.scheme not in {"redis", "rediss", "unix"} or not there:
        raise ValueError("it must begin with redis:// or rediss:// and a host, or with unix://")
    return url
