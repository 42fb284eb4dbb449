"""Failures the identity slice can report."""

from collections.abc import Sequence

from folkmoot.kit.errors import (
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from folkmoot.kit.ids import ApiKeyId, OrgId


class NotSignedIn(Unauthenticated):
    """No credential, or one that does not count; what is wrong with it is nobody's business."""

    def __init__(self) -> None:
        super().__init__("Sign in, or send a valid access token or API key.")


class WrongCredentials(Unauthenticated):
    """Signing in failed; the same answer whether or not the account exists."""

    code = "wrong_credentials"

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class LinkExpired(Unauthenticated):
    code = "sign_in_link_expired"

    def __init__(self) -> None:
        super().__init__("This sign-in link has been used, has expired or is not for this place.")


class SessionEnded(Unauthenticated):
    code = "session_ended"

    def __init__(self) -> None:
        super().__init__("This session has ended. Please sign in again.")


class ResetExpired(Unauthenticated):
    code = "password_reset_expired"

    def __init__(self) -> None:
        super().__init__("This link for a new password has been used, has expired or is none.")


class WrongPassword(Forbidden):
    """Who is signed in did not know the password: no 401, which would send them to sign in."""

    code = "wrong_password"

    def __init__(self) -> None:
        super().__init__("This is not your password.")


class PasswordRefused(Invalid):
    """The first thing that anybody would guess."""

    code = "password_refused"

    def __init__(self) -> None:
        super().__init__("The password may not be the e-mail address.")


class TooManyAttempts(RateLimited):
    code = "too_many_attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "Too many failed attempts to sign in. Please wait a while.", retry_after=retry_after
        )


class RegistrationClosed(Forbidden):
    code = "registration_closed"

    def __init__(self) -> None:
        super().__init__("Nobody can register here by themselves.")


class RequestForged(Forbidden):
    """A request with the console's cookie that the console did not make."""

    code = "request_forged"

    def __init__(self) -> None:
        super().__init__("The console's cookie counts only together with the console's header.")


class EmailTaken(Conflict):
    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("There is an account with this e-mail address already.")


class OrganizationNotFound(NotFound):
    """Also the answer for an organisation that exists and of which the caller is no member."""

    code = "organization_not_found"

    def __init__(self) -> None:
        super().__init__("No organisation with this id is visible to you.")


class OutsideSignInFailed(Unauthenticated):
    code = "outside_sign_in_failed"

    def __init__(self) -> None:
        super().__init__("Signing in there did not work out. Please begin anew.")


class IssuerAway(Unavailable):
    """Whoever vouches for people does not answer, or not as it should."""

    code = "issuer_away"

    def __init__(self, reason: str) -> None:
        super().__init__("The issuer of this identity cannot be asked.", reason=reason)


class IssuerNotFound(NotFound):
    code = "issuer_not_found"

    def __init__(self) -> None:
        super().__init__("Nobody signs in with an issuer of this name here.")


class SessionNotFound(NotFound):
    code = "session_not_found"

    def __init__(self) -> None:
        super().__init__("No session of yours has this id.")


class MemberNotFound(NotFound):
    code = "member_not_found"

    def __init__(self) -> None:
        super().__init__("Nobody with this id is a member here.")


class InvitationNotFound(NotFound):
    """Also the answer for one that has been used, has expired or has been withdrawn."""

    code = "invitation_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such invitation, or it does not count any more.")


class InvitationForAnother(Forbidden):
    code = "invitation_for_another"

    def __init__(self) -> None:
        super().__init__("This invitation is for somebody with another e-mail address.")


class RoleTooHigh(Forbidden):
    code = "role_too_high"

    def __init__(self) -> None:
        super().__init__("Nobody gives or takes a role that is higher than their own.")


class LastOwner(Conflict):
    code = "last_owner"
    audited = True

    def __init__(self) -> None:
        super().__init__("An organisation always has an owner: make somebody else one first.")


class CannotOwn(Conflict):
    """A program, or somebody who is there for a while."""

    code = "cannot_own"

    def __init__(self) -> None:
        super().__init__("Only a person who stays can own an organisation.")


class UserNotFound(NotFound):
    code = "user_not_found"

    def __init__(self) -> None:
        super().__init__("Nobody with this id has an account here.")


class OwnAccount(Conflict):
    code = "own_account"

    def __init__(self) -> None:
        super().__init__("Nobody suspends themselves.")


class NowhereAMember(Conflict):
    """Somebody of whose doings no trail would tell."""

    code = "nowhere_a_member"

    def __init__(self) -> None:
        super().__init__("They are in no organisation: nothing could tell what they do.")


class ServiceAccountNotFound(NotFound):
    code = "service_account_not_found"

    def __init__(self) -> None:
        super().__init__("This organisation has no service account with this id.")


class SoleOwner(Conflict):
    """Nobody goes as long as organisations would be left without an owner."""

    code = "sole_owner"

    def __init__(self, organizations: Sequence[tuple[OrgId, str]]) -> None:
        names = ", ".join(name for _, name in organizations)
        super().__init__(
            f"Hand over or delete first what nobody else owns: {names}.",
            organizations=[{"id": str(id_), "name": name} for id_, name in organizations],
        )


class PlacesChanged(Busy):
    code = "places_changed"

    def __init__(self) -> None:
        super().__init__("You have just got or lost a place. Please try again.", retry_after=1)


class FreshSignInNeeded(Forbidden):
    """Who has no password proves by signing in anew that it is really they."""

    code = "fresh_sign_in_needed"

    def __init__(self) -> None:
        super().__init__("You have no password: sign in anew for this, then try again.")


class AlreadyMember(Conflict):
    code = "already_member"

    def __init__(self) -> None:
        super().__init__("They are a member here already.")


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"

    def __init__(self, key_id: ApiKeyId) -> None:
        super().__init__("No API key with this id is visible to you.", api_key_id=str(key_id))


class InitKeyTooShort(Invalid):
    """The API key of the configuration could be guessed."""

    code = "init_api_key_too_short"

    def __init__(self, shortest: int) -> None:
        super().__init__(f"The configured API key needs {shortest} or more characters.")


class ExpiryPassed(Conflict):
    code = "expiry_passed"

    def __init__(self) -> None:
        super().__init__("The key would have expired before it was made.")


class ExpiryTooLate(Forbidden):
    """An API key may not outlive the one it is made with."""

    code = "expiry_too_late"

    def __init__(self) -> None:
        super().__init__("A key made with another one must expire no later than that one.")


class ScopeTooWide(Forbidden):
    """An API key may do no more than whoever makes it."""

    code = "scope_too_wide"

    def __init__(self, scopes: list[str]) -> None:
        super().__init__("You cannot give a key what you may not do.", scopes=[*scopes])
