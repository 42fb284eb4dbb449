import gzip
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from folkmoot.faces.console.routes import router
from folkmoot.http import problems

PLACES = (
    "/",
    "/sign-in",
    "/register",
    "/invitation",
    "/reset-password",
    "/shared",
    "/chat/x",
    "/agents",
    "/agents/x",
    "/documents",
    "/documents/x",
    "/runs",
    "/runs/x",
    "/approvals",
    "/approvals/x",
    "/settings",
    "/settings/x",
    "/settings/x/y",
)


def site(directory: Path) -> TestClient:
    """Serve a build."""
    app = FastAPI(openapi_url=None)
    problems.install(app)
    app.include_router(router(directory))
    return TestClient(app)


@pytest.fixture
def built(tmp_path: Path) -> TestClient:
    """A small build, beside a file that is not part of it."""
    directory = tmp_path / "static"
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html><title>Folkmoot</title>")
    (directory / "assets" / "index-abc.js").write_text("start()")
    (directory / "assets" / "index-abc.js.gz").write_bytes(gzip.compress(b"start()"))
    (directory / "sources.sha256").write_text("0")
    (tmp_path / "secret.html").write_text("secret")
    return site(directory)


@pytest.mark.parametrize("place", PLACES)
def test_every_place_of_the_console_answers_with_its_page(built: TestClient, place: str) -> None:
    answer = built.get(place)
    assert answer.status_code == 200
    assert "Folkmoot" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


def test_the_policy_allows_nothing_inline_and_nothing_foreign(built: TestClient) -> None:
    policy = built.get("/").headers["content-security-policy"]
    assert policy == (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )


def test_files_named_by_their_content_are_kept_for_a_year(built: TestClient) -> None:
    answer = built.get("/console/assets/index-abc.js", headers={"accept-encoding": "identity"})
    assert answer.text == "start()"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_compressed_twins_are_sent_to_those_who_read_them(built: TestClient) -> None:
    answer = built.get("/console/assets/index-abc.js", headers={"accept-encoding": "br, gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.text == "start()"


def test_an_unchanged_page_is_not_sent_again(built: TestClient) -> None:
    etag = built.get("/").headers["etag"]
    again = built.get("/", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_head_answers_without_a_body(built: TestClient) -> None:
    answer = built.head("/")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/console/missing.js",
        "/console/sources.sha256",
        "/console/../secret.html",
        "/console/%2e%2e/secret.html",
        "/console/..%2fsecret.html",
        "/console//etc/passwd",
        "/console/assets/index-abc.js.gz",
    ],
)
def test_only_the_files_of_the_build_are_served(built: TestClient, path: str) -> None:
    assert built.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/chat", "/chat/a/b", "/api/v1/nothing", "/wp-login.php"])
def test_other_addresses_stay_honest(built: TestClient, path: str) -> None:
    answer = built.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_build_the_page_says_so(tmp_path: Path) -> None:
    bare = site(tmp_path / "static")
    answer = bare.get("/")
    assert answer.status_code == 503
    assert "without its console" in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert bare.get("/console/assets/index-abc.js").status_code == 404
