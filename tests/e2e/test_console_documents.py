import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import wrap
from threading import Thread

import pytest
from playwright.sync_api import FilePayload, Page, expect

from browsing import Visitor, ask, row, violations
from pdfs import column, pdf

WARRANTY = "The battery pack is covered for eight years or 160,000 kilometres."
FILLER = "Every scheduled service is entered in the record of the vehicle. " * 12


@pytest.fixture
def collection(ada: Visitor) -> Page:
    """An empty collection, open in Ada's tab."""
    page = ada.open("/documents")
    page.get_by_role("button", name="New collection").click()
    page.get_by_label("Name").fill("Manuals")
    page.get_by_label("Description").fill("What came with the vehicles")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="Manuals")).to_be_focused()
    return page


class Hours(BaseHTTPRequestHandler):
    """A page of the web."""

    def do_GET(self) -> None:
        body = b"<title>Opening hours</title><p>The office is open from nine to five."
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    """A site of the web that the server may reach."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hours) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def manual() -> FilePayload:
    """A PDF whose third page is worth citing."""
    pages = [FILLER, FILLER, f"Warranty. {WARRANTY}", FILLER]
    data = pdf([column(72, 770, wrap(page, 80)) for page in pages])
    return FilePayload(name="manual.pdf", mimeType="application/pdf", buffer=data)


def text(name: str, content: str) -> FilePayload:
    """A text file."""
    return FilePayload(name=name, mimeType="text/plain", buffer=content.encode())


def upload(page: Page, *files: FilePayload) -> None:
    """Choose files for the open collection."""
    page.locator("input[type=file]").set_input_files(list(files))


def test_a_dropped_pdf_is_asked_about_and_its_citation_opens_at_the_page(
    collection: Page, ada: Visitor
) -> None:
    page = collection
    upload(page, manual())
    expect(row(page, "manual")).to_contain_text("Ready", timeout=60_000)
    address = page.url.removeprefix(ada.url)
    page.get_by_role("button", name="Ask about it").click()
    expect(page.get_by_text("Answers come from Manuals")).to_be_visible()
    ask(page, f"{WARRANTY} Is that so [1]?")
    page.locator(".prose").get_by_role("button", name=re.compile("^Source 1")).click()
    panel = page.get_by_role("complementary")
    expect(panel.get_by_role("heading")).to_be_focused()
    expect(panel).to_contain_text("Cited on page 3")
    expect(panel.get_by_role("img", name="Page 3 of “manual”")).to_be_visible()
    expect(panel.locator(".spot").first).to_be_in_viewport()
    assert violations(page) == []
    panel.get_by_role("button", name="Next page").click()
    expect(panel.get_by_role("img", name="Page 4 of “manual”")).to_be_visible()
    expect(panel.locator(".spot")).to_have_count(0)
    panel.get_by_role("button", name="To the citation").click()
    expect(panel.locator(".spot").first).to_be_in_viewport()
    panel.get_by_role("button", name="Text", exact=True).click()
    expect(panel.locator("mark").first).to_be_in_viewport()
    marked = " ".join(panel.locator("mark").all_inner_texts())
    assert WARRANTY in " ".join(marked.split())
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^Source 1")).first).to_be_focused()
    page.reload()
    expect(page.get_by_role("region", name="Sources")).to_contain_text("manual")

    found = ada.ask("GET", f"/collections/{address.rpartition('/')[2]}/documents")["items"][0]
    other = ada.open(f"{address}/{found['id']}#page=3&start={len(FILLER)}&end={len(FILLER) * 3}")
    other.get_by_role("button", name="Pages", exact=True).click()
    expect(other.get_by_role("img", name="Page 3 of “manual”")).to_be_visible()
    expect(other.locator(".spot").first).to_be_in_viewport()
    other.keyboard.press("Escape")
    expect(other).to_have_url(ada.url + address)


def test_all_spans_of_a_citation_are_marked_on_all_their_pages(
    collection: Page, ada: Visitor
) -> None:
    page = collection
    upload(page, manual())
    expect(row(page, "manual")).to_contain_text("Ready", timeout=60_000)
    address = page.url.removeprefix(ada.url)
    found = ada.ask("GET", f"/collections/{address.rpartition('/')[2]}/documents")["items"][0]
    text = ada.ask("GET", f"/documents/{found['id']}/text")["text"]
    late = text.index("The battery pack")
    early = text.index("Every scheduled service", 200)
    across = text.index("Warranty.") - 60  # from the second page to the third
    spans = [(late, late + 30), (early, early + 40), (across, across + 68)]
    place = "&".join(f"start={start}&end={end}" for start, end in spans)
    panel = ada.open(f"{address}/{found['id']}#page=3&{place}").get_by_role("complementary")
    panel.get_by_role("button", name="Pages", exact=True).click()
    expect(panel).to_contain_text("Cited on pages 1, 2 and 3")
    expect(panel.get_by_role("img", name="Page 3 of “manual”")).to_be_visible()
    expect(panel.locator(".spot")).to_have_count(2)
    expect(panel.locator(".spot").first).to_be_in_viewport()
    assert violations(panel.page) == []
    panel.get_by_role("button", name="Further on page 1").click()
    expect(panel.get_by_role("img", name="Page 1 of “manual”")).to_be_visible()
    expect(panel.locator(".spot").first).to_be_in_viewport()
    panel.get_by_role("button", name="Further on page 2").click()
    expect(panel.get_by_role("img", name="Page 2 of “manual”")).to_be_visible()
    expect(panel.locator(".spot").first).to_be_in_viewport()
    panel.get_by_role("button", name="Next page").click()
    panel.get_by_role("button", name="Next page").click()
    panel.get_by_role("button", name="To the citation").click()
    expect(panel.get_by_role("img", name="Page 3 of “manual”")).to_be_visible()
    panel.get_by_role("button", name="Text", exact=True).click()
    expect(panel.locator("mark.first")).to_be_in_viewport()
    assert panel.locator("mark.first").inner_text() == text[late : late + 30]


def test_offsets_count_characters_and_not_their_halves(collection: Page) -> None:
    page = collection
    upload(page, text("emoji.txt", f"{'🔋' * 50}\n\n{FILLER}\n\n{WARRANTY} 🔋\n\n{FILLER}"))
    expect(row(page, "emoji")).to_contain_text("Ready", timeout=60_000)
    page.get_by_label("Search this collection").fill("battery pack warranty kilometres")
    page.get_by_role("button", name="Search").click()
    hit = page.get_by_role("region", name="Try the search").get_by_role("listitem").first
    found = hit.locator(".text").inner_text()
    hit.get_by_role("button").click()
    mark = page.get_by_role("complementary").locator("mark").first
    expect(mark).to_be_in_viewport()
    marked = " ".join(page.get_by_role("complementary").locator("mark").all_inner_texts())
    assert " ".join(marked.split()) == " ".join(found.split())


def test_several_files_are_taken_at_once_and_each_tells_its_fate(collection: Page) -> None:
    page = collection
    upload(
        page,
        text("one.txt", "The first text."),
        text("two.md", "# The second text"),
        FilePayload(name="broken.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 broken"),
        FilePayload(name="tool.bin", mimeType="application/octet-stream", buffer=bytes(2000)),
    )
    expect(row(page, "one")).to_contain_text("Ready", timeout=60_000)
    expect(row(page, "two")).to_contain_text("Ready", timeout=60_000)
    expect(row(page, "broken")).to_contain_text("Failed", timeout=60_000)
    refused = page.get_by_role("list", name="Uploads")
    expect(refused).to_contain_text("tool.bin")
    assert violations(page) == []
    refused.get_by_role("button", name="Dismiss").click()
    expect(refused).to_have_count(0)


def test_a_document_is_downloaded_as_it_was_sent_and_deleted(collection: Page) -> None:
    page = collection
    upload(page, text("one.txt", "The first text."))
    expect(row(page, "one")).to_contain_text("Ready", timeout=60_000)
    page.get_by_role("button", name="one", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the original file").click()
    assert saved.value.suggested_filename == "one.txt"
    assert Path(saved.value.path()).read_text() == "The first text."
    page.keyboard.press("Escape")
    row(page, "one").get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()


def test_a_document_in_the_trash_is_restored_or_gone_for_good(collection: Page) -> None:
    page = collection
    upload(page, text("one.txt", "The first text."), text("two.txt", "The second text."))
    for name in ("one", "two"):
        expect(row(page, name)).to_contain_text("Ready", timeout=60_000)
        row(page, name).get_by_role("button", name="Actions for").click()
        page.get_by_role("menuitem", name="Delete", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_text(f"“{name}” has been deleted.")).to_be_visible()
    page.get_by_role("button", name="Actions for the collection").click()
    page.get_by_role("menuitem", name="Deleted documents").click()
    expect(page.get_by_role("heading", name="Deleted documents")).to_be_focused()
    assert violations(page) == []
    page.get_by_role("button", name="Delete for good two").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(row(page, "two")).to_have_count(0)
    page.get_by_role("button", name="Restore one").click()
    expect(page.get_by_text("Nothing here", exact=True)).to_be_visible()
    page.get_by_role("link", name="Manuals").click()
    expect(row(page, "one")).to_contain_text("Ready", timeout=60_000)
    expect(row(page, "two")).to_have_count(0)


def test_what_was_not_read_is_tried_again_and_the_web_is_fetched_from(
    collection: Page, site: str
) -> None:
    page = collection
    upload(page, FilePayload(name="broken.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 x"))
    expect(row(page, "broken")).to_contain_text("Failed", timeout=60_000)
    with page.expect_response(re.compile("/retry$")) as retried:
        row(page, "broken").get_by_role("button", name="Try again").click()
    assert retried.value.status == 202
    expect(row(page, "broken")).to_contain_text("damaged", timeout=60_000)

    page.get_by_label("Or fetch from the web").fill("http://169.254.169.254/latest")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Not fetched")
    page.get_by_label("Or fetch from the web").fill(f"{site}/hours")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(row(page, "Opening hours")).to_contain_text("Ready", timeout=60_000)
    row(page, "Opening hours").get_by_role("button", name="Actions for").click()
    with page.expect_response(re.compile("/refresh$")) as refreshed:
        page.get_by_role("menuitem", name="Fetch it again").click()
    assert refreshed.value.status == 202
    expect(row(page, "Opening hours")).to_contain_text("Ready", timeout=60_000)
    assert violations(page) == []


def test_a_collection_is_renamed_and_deleted(collection: Page) -> None:
    page = collection
    assert violations(page) == []
    page.get_by_role("button", name="Actions for the collection").click()
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_label("Name").fill("Handbooks")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Handbooks")).to_be_visible()
    page.get_by_role("button", name="Actions for the collection").click()
    page.get_by_role("menuitem", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No collections yet")).to_be_visible()
    assert violations(page) == []


def test_another_organisations_collection_is_not_there(collection: Page, ada: Visitor) -> None:
    page = ada.open("/documents/01890000-0000-7000-8000-000000000000")
    expect(page.get_by_role("alert")).to_contain_text("Not found")


def is_listed_as_managed(page: Page) -> None:
    """See the collection, and its restricted document, among those whose access one manages."""
    page.get_by_role("link", name="Documents", exact=True).first.click()
    page.get_by_role("link", name="Who has access").click()
    expect(page.get_by_role("heading", name="Access to documents")).to_be_focused()
    expect(row(page, "Manuals")).to_contain_text("nobody sees it")
    page.get_by_role("button", name="Restricted documents of Manuals").click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_contain_text("Read by Ada")
    assert violations(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.get_by_role("link", name="Manuals").click()


def test_who_has_access_is_shown_and_changed(collection: Page) -> None:
    page = collection
    upload(page, text("plan.txt", WARRANTY))
    expect(row(page, "plan")).to_contain_text("Ready", timeout=60_000)
    page.get_by_role("button", name="Actions for the collection").click()
    page.get_by_role("menuitem", name="Who has access").click()
    dialog = page.get_by_role("dialog", name="Who has access")
    dialog.get_by_label("Everybody in the organisation").select_option("none")
    dialog.get_by_label("Add").select_option(label="Ada Lovelace")
    dialog.get_by_label("What Ada Lovelace may do").select_option("edit")
    assert violations(page) == []
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Not for everybody")).to_be_visible()

    row(page, "plan").get_by_role("button", name="Actions for plan").click()
    page.get_by_role("menuitem", name="Who has access").click()
    dialog = page.get_by_role("dialog", name="Who reads")
    expect(dialog).to_contain_text("All who read the collection read it.")
    dialog.get_by_label("Only those who are named here").check()
    dialog.get_by_label("Add").select_option(label="Ada Lovelace")
    expect(dialog.get_by_role("list", name="Who has access")).to_contain_text("Ada")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(row(page, "plan")).to_contain_text("Restricted")

    is_listed_as_managed(page)
    page.get_by_label("Search this collection").fill("battery kilometres")
    page.get_by_label("Explain").check()
    page.get_by_role("button", name="Search").click()
    explained = page.get_by_role("group", name="How it was found")
    expect(explained.get_by_role("row").filter(has_text="batteri")).to_be_visible()
    explained.get_by_text("Both together", exact=True).click()
    expect(explained.get_by_role("row").filter(has_text="plan").first).to_be_visible()
    assert violations(page) == []
