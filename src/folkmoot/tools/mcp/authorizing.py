"""OAuth 2.1 as MCP has it: who authorizes, as what we ask, and what for tokens can be had.

This module imports the models and rules of the protocol's own library and is loaded with it. Its
requests go by `kit/outbound`: where to ask is what a stranger says.
"""

from base64 import b64encode
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx2
import orjson
from mcp.client.auth import OAuthFlowError, OAuthRegistrationError, utils
from mcp.client.auth.oauth2 import PKCEParameters, check_registration_usable
from mcp.shared.auth import (
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthMetadata,
    OAuthToken,
    ProtectedResourceMetadata,
)
from mcp.shared.auth_utils import check_resource_allowed, resource_url_from_server_url
from pydantic import AnyUrl, BaseModel, ValidationError

from folkmoot.kit import clock
from folkmoot.kit.outbound.client import Answer, Limits, Outbound, Request
from folkmoot.kit.outbound.errors import AnswerUnusable, Unreachable
from folkmoot.tools.mcp.errors import McpAuthorizationFailed
from folkmoot.tools.mcp.grants import Client, Revoked, Tokens

LIMITS: Final = Limits(total=10.0, size=256 * 1024, redirects=0)
GRANTS: Final = ["authorization_code", "refresh_token"]
NOTHING: Final = b'{"jsonrpc":"2.0","id":0,"method":"ping"}'
JSON: Final = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
GOOD: Final = {200, 201}
REFUSED: Final = {400, 401, 403}
AGAIN: Final = {408, 425, 429}
FAILED: Final = 500
UNUSABLE: Final = (OAuthFlowError, OAuthRegistrationError, ValidationError, ValueError)

M = TypeVar("M", bound=BaseModel)


async def introduced(outbound: Outbound, url: str, back: str) -> Client:
    """Find out who authorizes for a server and have us registered there.

    Raises:
        McpAuthorizationFailed: Nobody does, or not as the protocol demands.
    """
    try:
        return await _introduced(outbound, url, back)
    except UNUSABLE:
        raise McpAuthorizationFailed("it is not as the protocol demands") from None


def sent_to(client: Client, back: str, state: str) -> tuple[str, str]:
    """Return where a person is sent, and what proves afterwards that it was we who did."""
    proof = PKCEParameters.generate()
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": back,
        "state": state,
        "code_challenge": proof.code_challenge,
        "code_challenge_method": "S256",
        "resource": client.resource,
        **({"scope": client.scope} if client.scope else {}),
    }
    if "offline_access" in (client.scope or "").split():
        asked["prompt"] = "consent"
    mark = "&" if urlsplit(client.authorize).query else "?"
    return f"{client.authorize}{mark}{urlencode(asked)}", proof.code_verifier


async def exchanged(
    outbound: Outbound, client: Client, back: str, code: str, verifier: str
) -> Tokens:
    """Return tokens for a code.

    Raises:
        McpAuthorizationFailed: There are none.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
        "resource": client.resource,
    }
    return await _tokens(outbound, client, form, None)


async def refreshed(outbound: Outbound, client: Client, tokens: Tokens) -> Tokens | None:
    """Return new tokens for old ones; None if there are none to be had any more.

    Raises:
        McpAuthorizationFailed: Nobody can say now.
    """
    if tokens.refresh is None:
        return None
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens.refresh,
        "resource": client.resource,
        **({"scope": tokens.scope} if tokens.scope else {}),
    }
    try:
        return await _tokens(outbound, client, form, tokens)
    except Refused:
        return None


async def revoked(outbound: Outbound, client: Client, tokens: Tokens) -> Revoked:
    """Have tokens revoked where that can be had (RFC 7009); return what has become of them.

    Both are: not every server ends what was given for a refresh token together with it.
    """
    if client.revoke is None:
        return Revoked.NOT_OFFERED
    given = {"refresh_token": tokens.refresh, "access_token": tokens.access}
    try:
        answers = [
            await _post(outbound, client.revoke, client, {"token": token, "token_type_hint": kind})
            for kind, token in given.items()
            if token is not None
        ]
    except McpAuthorizationFailed:
        return Revoked.AWAY
    if any(each.status in AGAIN or each.status >= FAILED for each in answers):
        return Revoked.AWAY
    return Revoked.DONE if answers[0].status in GOOD else Revoked.REFUSED


class Refused(McpAuthorizationFailed):
    """The authorization server was asked and does not give tokens."""


async def _introduced(outbound: Outbound, url: str, back: str) -> Client:
    challenge = await _challenge(outbound, url)
    resource = await _resource(outbound, url, challenge)
    issuer = str(resource.authorization_servers[0]) if resource else None
    about = await _about(outbound, url, issuer)
    _demand_fit(url, about)
    scope = utils.get_client_metadata_scopes(
        utils.extract_scope_from_www_auth(challenge), resource, about, GRANTS
    )
    known = await _registered(outbound, about, back, scope)
    return Client(
        issuer=str(about.issuer),
        names_itself=bool(about.authorization_response_iss_parameter_supported),
        resource=_meant(url, resource),
        authorize=str(about.authorization_endpoint),
        token=str(about.token_endpoint),
        revoke=str(about.revocation_endpoint) if about.revocation_endpoint else None,
        id=known.client_id,
        secret=known.client_secret,
        method=known.token_endpoint_auth_method,
        scope=scope,
    )


async def _challenge(outbound: Outbound, url: str) -> httpx2.Response:
    """Return what the server says to somebody whom it does not know."""
    asked = Request(url=url, method="POST", headers=JSON, body=NOTHING, limits=LIMITS)
    answer = await _sent(outbound, asked)
    told = answer.headers.get("www-authenticate")
    return httpx2.Response(answer.status, headers={"WWW-Authenticate": told} if told else {})


async def _resource(
    outbound: Outbound, url: str, challenge: httpx2.Response
) -> ProtectedResourceMetadata | None:
    named = utils.extract_resource_metadata_from_www_auth(challenge)
    places = utils.build_protected_resource_metadata_discovery_urls(named, url)
    found = await _first(outbound, places, ProtectedResourceMetadata)
    if found is not None and not check_resource_allowed(
        resource_url_from_server_url(url), str(found.resource)
    ):
        raise McpAuthorizationFailed("its tokens would be for somebody else")
    return found


async def _about(outbound: Outbound, url: str, issuer: str | None) -> OAuthMetadata:
    places = utils.build_oauth_authorization_server_metadata_discovery_urls(issuer, url)
    about = await _first(outbound, places, OAuthMetadata)
    if about is None:
        raise McpAuthorizationFailed("it does not say who authorizes")
    parts = urlsplit(url)
    if not utils.issuers_match(str(about.issuer), issuer or f"{parts.scheme}://{parts.netloc}"):
        raise McpAuthorizationFailed("who authorizes calls itself otherwise")
    return about


def _demand_fit(url: str, about: OAuthMetadata) -> None:
    """Fail unless there is PKCE, and nothing that is told goes a less safe way than the server."""
    if "S256" not in (about.code_challenge_methods_supported or ()):
        raise McpAuthorizationFailed("who authorizes does without PKCE")
    places = [about.authorization_endpoint, about.token_endpoint, about.registration_endpoint]
    safe = urlsplit(url).scheme == "https"
    for place in [*places, about.revocation_endpoint]:
        if place is not None and safe and place.scheme != "https":
            raise McpAuthorizationFailed("who authorizes is asked in the open")


async def _registered(
    outbound: Outbound, about: OAuthMetadata, back: str, scope: str | None
) -> OAuthClientInformationFull:
    if about.registration_endpoint is None:
        raise McpAuthorizationFailed("who authorizes lets nobody register")
    wanted = OAuthClientMetadata(
        redirect_uris=[AnyUrl(back)],
        client_name="Folkmoot",
        grant_types=list(GRANTS),
        application_type="web",
        scope=scope,
    )
    asked = Request(
        url=str(about.registration_endpoint),
        method="POST",
        headers=JSON,
        body=orjson.dumps(wanted.model_dump(by_alias=True, mode="json", exclude_none=True)),
        limits=LIMITS,
    )
    answer = await _sent(outbound, asked)
    if answer.status not in GOOD:
        raise McpAuthorizationFailed("who authorizes has not registered us")
    known = OAuthClientInformationFull.model_validate_json(answer.body)
    check_registration_usable(known)
    return known


def _meant(url: str, resource: ProtectedResourceMetadata | None) -> str:
    return str(resource.resource) if resource else resource_url_from_server_url(url)


async def _tokens(
    outbound: Outbound, client: Client, form: dict[str, str], before: Tokens | None
) -> Tokens:
    answer = await _post(outbound, client.token, client, form)
    if answer.status in REFUSED:
        raise Refused("who authorizes gives no token")
    if answer.status not in GOOD:
        raise McpAuthorizationFailed("who authorizes has failed")
    try:
        given = OAuthToken.model_validate_json(answer.body)
    except ValueError:
        raise McpAuthorizationFailed("it is not as the protocol demands") from None
    lasts = given.expires_in
    return Tokens(
        access=given.access_token,
        refresh=given.refresh_token or (before.refresh if before else None),
        until=None if lasts is None else clock.now().timestamp() + lasts,
        scope=given.scope or (before.scope if before else client.scope),
    )


async def _post(outbound: Outbound, url: str, client: Client, form: dict[str, str]) -> Answer:
    """Post a form as the client that we are."""
    headers, told = dict(FORM), {**form, "client_id": client.id}
    if client.secret is not None and client.method == "client_secret_basic":
        pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    elif client.secret is not None:
        told["client_secret"] = client.secret
    body = urlencode(told).encode()
    asked = Request(url=url, method="POST", headers=headers, body=body, limits=LIMITS)
    return await _sent(outbound, asked)


async def _first(outbound: Outbound, places: list[str], model: type[M]) -> M | None:
    """Return the first of these documents that is there."""
    for place in places:
        answer = await _sent(outbound, Request(url=place, limits=LIMITS))
        if answer.status in GOOD:
            return model.model_validate_json(answer.body)
    return None


async def _sent(outbound: Outbound, asked: Request) -> Answer:
    try:
        return await outbound.send(asked)
    except (Unreachable, AnswerUnusable):
        raise McpAuthorizationFailed("who authorizes can not be reached") from None
