"""Documents from the command line."""

from pathlib import Path

import pytest

from commanding import Shell
from deployed import Deployed
from pdfs import Text, pdf

WHALES = "# Whales\n\nThe blue whale weighs 150 tonnes.\n\nIt eats krill.\n"
CATS = "# Cats\n\nCats sleep fifteen hours a day.\n"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    whales, cats = tmp_path / "whales.md", tmp_path / "cats.txt"
    whales.write_text(WHALES)
    cats.write_text(CATS)
    return [whales, cats]


def test_files_are_added_waited_for_listed_and_found(folkmoot: Shell, files: list[Path]) -> None:
    added = folkmoot("docs", "add", *files, "--collection", "Animals", "--wait", "--json")
    assert [document["status"] for document in added.json] == ["ready", "ready"]
    steps = added.err.splitlines()
    assert steps[0].startswith("(New collection Animals")
    assert steps[1:3] == [f"whales.md: sending {len(WHALES) / 1000:.1f} kB", "whales.md: accepted"]
    assert steps[-1] == "cats: ready (chunks: 1)"

    listed = folkmoot("docs", "list", "--collection", "Animals", "--json")
    assert {document["title"] for document in listed.json} == {"whales", "cats"}
    collections = folkmoot("docs", "list", "--json").json
    assert "Animals" in {collection["name"] for collection in collections}

    found = folkmoot("docs", "search", "how heavy is a blue whale", "-c", "Animals", "-k", "1")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("1. whales")
    assert "150 tonnes" in found.out

    again = folkmoot("docs", "add", files[0], "-c", listed.json[0]["collection_id"])
    assert again.code == 0
    assert "New collection" not in again.err
    assert "whales.md: is there already" in again.err


def test_a_file_that_is_refused_fails_the_command_and_not_the_others(
    folkmoot: Shell, tmp_path: Path
) -> None:
    program, text = tmp_path / "tool.exe", tmp_path / "text.txt"
    program.write_bytes(b"MZ\x90\x00" + bytes(100))
    text.write_text(CATS)
    ended = folkmoot("docs", "add", program, text, "-c", "Mixed", "--json")
    assert ended.code == 1
    assert [document["title"] for document in ended.json] == ["text"]
    assert "tool.exe: The file is a program" in ended.err


def test_a_file_that_cannot_be_read_fails_a_command_that_waits(
    folkmoot: Shell, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nthis is where it ends")
    ended = folkmoot("docs", "add", broken, "-c", "Broken", "--wait", "--json")
    assert ended.code == 1
    assert [document["status"] for document in ended.json] == ["failed"]
    assert "broken: failed: " in ended.err
    (document,) = ended.json
    again = folkmoot("docs", "retry", document["id"], "--wait", "--json")
    assert (again.code, again.json[0]["run_id"] != document["run_id"]) == (1, True)
    cancelled = folkmoot("docs", "cancel", document["id"], "--json")
    assert (cancelled.code, cancelled.json[0]["status"]) == (0, "failed")
    refreshed = folkmoot("docs", "refresh", document["id"])
    assert (refreshed.code, "not fetched" in refreshed.err) == (1, True)


def test_an_address_that_can_not_be_fetched_is_refused_like_a_file(folkmoot: Shell) -> None:
    ended = folkmoot("docs", "add", "--from", "ftp://example.org/it", "-c", "Pages", "--json")
    assert (ended.code, ended.json) == (1, [])
    assert "ftp://example.org/it: The address can not be reached." in ended.err
    nothing = folkmoot("docs", "add", "-c", "Pages")
    assert (nothing.code, "--from" in nothing.err) == (2, True)


def test_a_file_that_is_not_there_is_wrong_use(folkmoot: Shell, tmp_path: Path) -> None:
    ended = folkmoot("docs", "add", tmp_path / "missing.txt", "-c", "Animals")
    assert (ended.code, ended.out) == (2, "")
    assert "missing.txt" in ended.err


def test_the_collection_must_be_named_where_there_are_several(
    folkmoot: Shell, files: list[Path]
) -> None:
    for name in ("One", "Two"):
        assert folkmoot("docs", "add", files[0], "-c", name).code == 0
    ended = folkmoot("docs", "search", "whales")
    assert (ended.code, ended.out) == (2, "")


def test_of_two_collections_with_one_name_the_id_decides(
    folkmoot: Shell, local_server: Deployed, files: list[Path]
) -> None:
    made = [
        local_server.post("/api/v1/collections", json={"name": "Twins"}).json()["id"]
        for _ in range(2)
    ]
    ended = folkmoot("docs", "add", files[0], "-c", "Twins")
    assert (ended.code, ended.out) == (1, "")
    assert all(id_ in ended.err for id_ in made)
    assert folkmoot("docs", "add", files[0], "-c", made[1]).code == 0


def test_at_a_terminal_a_bar_moves_and_leaves_a_line(folkmoot: Shell, tmp_path: Path) -> None:
    report = tmp_path / "report.pdf"
    report.write_bytes(pdf([[Text(72, 700, "The harvest was good.")]] * 20))
    with folkmoot.terminal("docs", "add", report, "-c", "Reports", "--wait") as terminal:
        assert terminal.ended() == 0
    assert "━" in terminal.seen
    assert "report: ready (pages: 20" in terminal.seen


def test_an_answer_cites_the_documents_it_rests_on(folkmoot: Shell, files: list[Path]) -> None:
    assert folkmoot("docs", "add", files[0], "-c", "Cited", "--wait").code == 0
    ended = folkmoot("chat", "The blue whale weighs 150 tonnes [1].", "-c", "Cited")
    assert ended.code == 0
    assert ended.out == "The blue whale weighs 150 tonnes [1].\n\nSources:\n  [1] whales\n"


def test_permissions_are_shown_and_changed(folkmoot: Shell, files: list[Path]) -> None:
    added = folkmoot("docs", "add", files[0], "-c", "Few", "--wait", "--json").json[0]
    of_it = ("docs", "permissions", "-c", added["collection_id"])
    me = f"user:{added['created_by']}"
    changed = folkmoot(*of_it, "--default", "none", "--edit", me)
    assert changed.out.splitlines()[1].split() == ["organization", "none"]
    assert changed.out.splitlines()[2].startswith(me)
    assert folkmoot(*of_it, "--json").json["grants"][0]["level"] == "edit"

    of_document = ("docs", "permissions", "-d", added["id"])
    assert "All who read its collection" in folkmoot(*of_document).err
    listed = ("docs", "restricted", "-c", added["collection_id"])
    assert folkmoot(*listed).err
    assert folkmoot(*of_document, "--read", me, "--json").json["readers"][0]["name"]
    assert folkmoot(*listed).out.splitlines()[1].startswith(added["id"])
    assert len(folkmoot(*listed, "--json").json["items"]) == 1
    assert "locks_you_out" in folkmoot(*of_document, "--revoke", me).err
    assert folkmoot(*of_document, "--all-readers", "--json").json["readers"] is None
    wrong = folkmoot(*of_document, "--edit", me)
    assert (wrong.code, "A document has readers" in wrong.err) == (2, True)
