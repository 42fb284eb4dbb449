"""A browser for tests of the console: Debian's chromium without windows, driven by Playwright."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

import services
from folkmoot.kit.ids import new_id

CHROMIUM: Final = services.BROWSER.found()
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
AXE: Final = Path(__file__).parent.parent / "console/node_modules/axe-core/axe.min.js"
PASSWORD: Final = "correct horse battery staple"
PATIENCE_MS: Final = 60_000
OWN_SCHEMES: Final = ("blob:", "data:")
SCHEMES: Final[Sequence[Literal["light", "dark"]]] = ("light", "dark")


@dataclass
class Visitor:
    """Somebody with a browser. `complaints` gathers what the page did wrong on the way."""

    url: str
    context: BrowserContext
    email: str
    complaints: list[str] = field(default_factory=list[str])

    def open(self, path: str = "/") -> Page:
        """Open a tab."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", lambda message: self._hear(message.text))
        page.on("request", self._watch)
        page.goto(self.url + path)
        return page

    def sign_in(self) -> None:
        """Get the session's cookie, as the sign-in page would."""
        data = {"email": self.email, "password": PASSWORD}
        answer = self.context.request.post(f"{self.url}/api/v1/auth/console", data=data)
        assert answer.ok, answer.text()

    def ask(self, method: str, path: str, data: Any = None, *, if_match: str | None = None) -> Any:
        """Ask the API in the name of whoever is signed in, past the page."""
        headers = {"X-Requested-With": "folkmoot-console"}
        renewed = self.context.request.post(
            f"{self.url}/api/v1/auth/console/refresh", headers=headers
        )
        token = renewed.json()["access_token"]
        answer = self.context.request.fetch(
            f"{self.url}/api/v1{path}",
            method=method,
            data=data,
            headers={
                "Authorization": f"Bearer {token}",
                **({} if if_match is None else {"If-Match": if_match}),
            },
        )
        assert answer.ok, answer.text()
        return answer.json() if answer.body() else None

    def _hear(self, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text:
            self.complaints.append(text)

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", *OWN_SCHEMES)):
            self.complaints.append(f"foreign host: {request.url}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def visitor(browser: Browser, url: str, **options: Any) -> Iterator[Visitor]:
    """Give somebody an account of their own and a fresh browser profile."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    email = f"{new_id().hex}@example.org"
    data = {"email": email, "password": PASSWORD, "name": "Ada Lovelace"}
    answer = context.request.post(f"{url}/api/v1/auth/register", data=data)
    assert answer.ok, answer.text()
    someone = Visitor(url, context, email)
    yield someone
    context.close()
    assert not someone.complaints, someone.complaints


def ask(page: Page, question: str) -> None:
    """Ask a question in the open conversation."""
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page as it is shown now."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {json.dumps([node['html'][:200] for node in rule['nodes']])}"
        for rule in found["violations"]
    ]


def flaws(page: Page) -> list[str]:
    """Return what axe finds wrong with a page in light and in dark."""
    found: list[str] = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {violation}" for violation in violations(page)]
    return found


def row(page: Page, text: str) -> Locator:
    """Return the row of a table that contains a text."""
    return page.get_by_role("row").filter(has_text=text)
