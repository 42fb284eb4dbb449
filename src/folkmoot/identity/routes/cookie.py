"""The console's refresh token lives in a cookie that no script can read and no other site send."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from folkmoot.identity.errors import RequestForged
from folkmoot.identity.service import Grant
from folkmoot.kit import clock

HEADER: Final = "x-requested-with"
CONSOLE: Final = "folkmoot-console"


class ConsoleCookie:
    """Sets, reads and clears the cookie.

    Over HTTPS its name begins with `__Host-`: browsers then take it from this very host alone. To
    count it needs a header that another site's page could not add without being asked first.
    """

    def __init__(self, *, https: bool) -> None:
        self._https = https
        self._name = "__Host-folkmoot" if https else "folkmoot"

    def set(self, response: Response, grant: Grant) -> None:
        """Hand the refresh token over, for as long as its session lasts."""
        response.set_cookie(
            self._name,
            grant.refresh_token,
            max_age=int((grant.session_expires_at - clock.now()).total_seconds()),
            path="/",
            secure=self._https,
            httponly=True,
            samesite="strict",
        )

    def read(self, request: Request) -> str:
        """Return the refresh token; empty if there is none.

        Raises:
            RequestForged: There is a cookie, but not the console's header.
        """
        token = request.cookies.get(self._name, "")
        if token and request.headers.get(HEADER) != CONSOLE:
            raise RequestForged
        return token

    def clear(self, response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(
            self._name, path="/", secure=self._https, httponly=True, samesite="strict"
        )
