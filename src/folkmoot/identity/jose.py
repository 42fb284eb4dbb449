"""JSON Web Tokens (RFC 7519) and the keys they are signed with (RFC 7517).

Their library is loaded with the first token: a process that is asked with API keys only does
without its 9 MB.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from folkmoot.kit import clock

if TYPE_CHECKING:
    from joserfc.jwk import Key

    PublicKey: TypeAlias = Key

PERIODS: Final = 2

SECRETS: Final = 64
"""Shared secrets that are remembered in the form the library needs."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a token has to say to count; None stands for anything, as long as it says something.

    `leeway` are the seconds by which clocks may differ.
    """

    claims: Mapping[str, str | None]
    leeway: int = 0


def is_token(text: bytes) -> bool:
    """Tell whether something may be a signed token: three parts (RFC 7515, section 7.1)."""
    return text.count(b".") == PERIODS


def load() -> None:
    """Load the library; it blocks for a tenth of a second, once."""
    _jwt()
    _jwk()


def sign(header: Mapping[str, str], claims: Mapping[str, object], secret: bytes) -> str:
    """Return a token that is signed with a shared secret, by the header's algorithm."""
    algorithms = [header["alg"]]
    return cast(
        str, _jwt().encode(dict(header), dict(claims), _shared(secret), algorithms=algorithms)
    )


def read(
    token: bytes, key: "PublicKey | bytes", algorithms: Sequence[str], rules: Rules
) -> dict[str, Any] | None:
    """Return what a token says; None if it is not genuine, or breaks the rules.

    Args:
        token: The token as it was sent.
        key: The issuer's public key, or a shared secret.
        algorithms: By which it may have been signed.
        rules: What it has to say.
    """
    library, errors = _jwt(), import_module("joserfc.errors")
    opens = _shared(key) if isinstance(key, bytes) else key
    try:
        claims = cast(
            dict[str, Any], library.decode(token, opens, algorithms=list(algorithms)).claims
        )
        demanded = {name: _demand(value) for name, value in rules.claims.items()}
        registry = library.JWTClaimsRegistry(
            now=lambda: int(clock.now().timestamp()), leeway=rules.leeway, **demanded
        )
        registry.validate(claims)
    except (errors.JoseError, ValueError, TypeError, RecursionError):
        return None
    return claims


def public_keys(published: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, "PublicKey"]]:
    """Yield the keys for signatures with their names; what is no such key is left out."""
    library, errors = _jwk(), import_module("joserfc.errors")
    unfit = (errors.JoseError, ValueError, TypeError, KeyError, AttributeError)
    for each in published:
        try:
            keys = library.KeySet.import_key_set({"keys": [each]}).keys
        except unfit:
            continue
        for key in cast("Sequence[PublicKey]", keys):
            if key.kid and key.key_type != "oct" and key.get("use") in {None, "sig"}:
                yield key.kid, key


def _demand(value: str | None) -> Mapping[str, object]:
    return {"essential": True} if value is None else {"essential": True, "value": value}


@lru_cache(SECRETS)
def _shared(secret: bytes) -> Any:  # noqa: ANN401 - the library's own kind of key
    return _jwk().OctKey.import_key(secret)


def _jwt() -> Any:  # noqa: ANN401 - a module
    return import_module("joserfc.jwt")


def _jwk() -> Any:  # noqa: ANN401 - a module
    return import_module("joserfc.jwk")
