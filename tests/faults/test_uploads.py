"""Uploads and readings whose process is killed, and uploads without an end."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deployed import PATIENCE, Deployed
from formed import CONTENT_TYPE, file, form

MEGABYTE = 1024 * 1024
PIECE = b"heron " * 10_000


def collection(server: Deployed) -> str:
    return str(server.post("/api/v1/collections", json={"name": "Birds"}).json()["id"])


def blobs(server: Deployed) -> list[Path]:
    directory = Path(server.environment["FOLKMOOT_DATA_DIR"], "blobs")
    return [path for path in directory.rglob("*") if path.is_file()]


def until_blobs(server: Deployed, count: int) -> None:
    """Wait until the store holds so many files."""
    deadline = time.monotonic() + PATIENCE
    while len(blobs(server)) != count:
        assert time.monotonic() < deadline, blobs(server)
        time.sleep(0.05)  # nothing tells when a process has written to or deleted a file


def settled(server: Deployed, document_id: str) -> dict[str, object]:
    """Wait until a document is ready or failed."""
    deadline = time.monotonic() + PATIENCE
    while True:
        document: dict[str, object] = server.get(f"/api/v1/documents/{document_id}").json()
        if document["status"] in {"ready", "failed"}:
            return document
        assert time.monotonic() < deadline, document
        time.sleep(0.05)  # a document tells nobody of its progress


@contextmanager
def uploading(server: Deployed, place: str, length: str) -> Iterator[socket.socket]:
    """Begin to send a file by hand."""
    address = urlsplit(server.url)
    head = (
        f"POST /api/v1/collections/{place}/documents HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"X-API-Key: {server.headers['X-API-Key']}\r\nContent-Type: {CONTENT_TYPE}\r\n"
        f"{length}\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), address.port or 80)) as connection:
        connection.settimeout(PATIENCE)
        connection.sendall(head.encode())
        yield connection


def test_nothing_stays_of_an_upload_whose_process_was_killed(server: Deployed) -> None:
    place = collection(server)
    beginning = form(file("a.txt", b""), end=False)
    with uploading(server, place, f"Content-Length: {40 * MEGABYTE}") as connection:
        connection.sendall(beginning + PIECE * 200)
        until_blobs(server, 1)
        server.kill()
    server.start()
    assert server.get(f"/api/v1/collections/{place}/documents").json()["items"] == []
    until_blobs(server, 0)


def test_a_document_is_read_although_its_process_was_killed_when_it_had_been_accepted(
    server: Deployed,
) -> None:
    place = collection(server)
    answer = server.post(
        f"/api/v1/collections/{place}/documents",
        files={"file": ("a.md", b"# Herons\n\nThey wade.")},
    )
    server.kill()
    assert answer.status_code == 202
    begun = time.monotonic()
    server.start()
    document = settled(server, answer.json()["document_ids"][0])
    assert document["status"] == "ready", document
    assert time.monotonic() - begun < PATIENCE
    assert len(blobs(server)) == 1


@pytest.mark.parametrize(
    "length", [f"Content-Length: {1024 * MEGABYTE}", "Transfer-Encoding: chunked"]
)
def test_a_file_without_an_end_is_refused_at_the_limit_and_leaves_nothing(
    server: Deployed, length: str
) -> None:
    with uploading(server, collection(server), length) as connection:
        sent = pour(connection, chunked="chunked" in length)
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"file_too_large"' in answer
    assert sent < 100 * MEGABYTE
    assert blobs(server) == []


def pour(connection: socket.socket, *, chunked: bool) -> int:
    """Send a file of a gigabyte until nobody takes it any more; return how much was taken."""
    sent = 0
    piece = form(file("a.txt", b""), end=False)[:-2]
    while sent < 1024 * MEGABYTE:
        framed = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
        try:
            connection.sendall(framed)
        except ConnectionError:
            break
        sent += len(piece)
        piece = PIECE
    return sent
