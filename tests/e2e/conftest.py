"""A server with a fake model behind it, and people with browsers in front of it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from browsing import CHROMIUM, Visitor, chromium, visitor
from commanding import Shell
from deployed import Deployed, deployed
from folkmoot.faces.console.assets import PAGE, STATIC
from staged import stage

__all__ = ["stage"]


@pytest.fixture(scope="session")
def local_server(environment: dict[str, str]) -> Iterator[Deployed]:
    """A running server that all tests of this folder share; it reaches what tests serve."""
    with deployed(environment | {"FOLKMOOT_OUTBOUND_PRIVATE": "127.0.0.1"}) as server:
        yield server


@pytest.fixture(scope="session")
def folkmoot(local_server: Deployed) -> Shell:
    """Commands on the machine where that server runs."""
    return Shell({"FOLKMOOT_DATA_DIR": local_server.environment["FOLKMOOT_DATA_DIR"]})


@pytest.fixture(scope="session")
def console(local_server: Deployed) -> Deployed:
    """The same server, as the tests of the console see it; each brings its own people."""
    if not (STATIC / PAGE).is_file():
        pytest.skip("the console is not built: run `python hatch_build.py`")
    return local_server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser. While it lives its event loop is this thread's, and no other test can have one."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with chromium() as browser:
        yield browser


@pytest.fixture
def ada(browser: Browser, console: Deployed) -> Iterator[Visitor]:
    """Somebody who has an account and is signed in."""
    with visitor(browser, console.url) as ada:
        ada.sign_in()
        yield ada


@pytest.fixture
def page(ada: Visitor) -> Page:
    """Ada's tab, in a new conversation."""
    return ada.open("/")


@pytest.fixture
def reader(browser: Browser, console: Deployed) -> Iterator[Visitor]:
    """Somebody for whom nothing moves, so that no colour is caught on its way to another."""
    with visitor(browser, console.url, reduced_motion="reduce") as reader:
        yield reader


@pytest.fixture
def calm(reader: Visitor) -> Page:
    """The tab of somebody for whom nothing moves, and who is signed in."""
    reader.sign_in()
    return reader.open("/")
