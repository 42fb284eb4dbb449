"""Staying in, and going: sessions are continued, looked through and ended."""

from collections.abc import Iterable

from folkmoot.identity.errors import SessionNotFound
from folkmoot.identity.sign_in import sessions
from folkmoot.identity.verbs.foundation import Foundation, Grant
from folkmoot.kit.ids import SessionId, UserId


class Staying(Foundation):
    """Continues and ends sessions."""

    async def refresh(self, refresh_token: str) -> Grant:
        """Continue a session.

        Raises:
            SessionEnded: It has ended, or ends here because the token had been used before.
        """
        return await self._grant(await self._sessions.refresh(refresh_token))

    async def refresh_browser(self, refresh_token: str) -> Grant:
        """Continue a browser's session; its tabs may use the same token within a few seconds.

        Raises:
            SessionEnded: It has ended, or ends here because the token was used before that.
        """
        return await self._grant(await self._sessions.refresh(refresh_token, grace=sessions.GRACE))

    async def log_out(self, access_token: str, refresh_tokens: Iterable[str]) -> None:
        """End the sessions of these tokens; tokens that mean nothing are no error."""
        claims = (await self._tokens()).read(access_token)
        ended = [await self._sessions.end(token) for token in refresh_tokens]
        if claims and await self._sessions.revoke(claims.user_id, claims.session_id):
            ended.append(claims.user_id)
        self.authenticator.forget(*(user_id for user_id in ended if user_id))

    async def session_of(self, access_token: str) -> SessionId | None:
        """Return the session that an access token was issued in; None if it is no such token."""
        claims = (await self._tokens()).read(access_token)
        return claims.session_id if claims else None

    async def revoke_session(self, user_id: UserId, session_id: SessionId) -> None:
        """End a session of a user: here at once, in other processes within 5 seconds.

        Raises:
            SessionNotFound: There is none, or it had ended before.
        """
        if not await self._sessions.revoke(user_id, session_id):
            raise SessionNotFound
        self.authenticator.forget(user_id)

    async def revoke_other_sessions(self, user_id: UserId, kept: SessionId | None) -> None:
        """End all sessions of a user but one."""
        await self._sessions.revoke_others(user_id, kept)
        self.authenticator.forget(user_id)
