"""Evaluations in the console."""

from playwright.sync_api import Page, expect

from browsing import Visitor, flaws, row

TEXTS = {"herons": "Herons wade in water.", "ferries": "The ferry sails at noon."}
QUERIES = [
    {"id": "q1", "text": "Who wades?", "relevant": {"herons": 1}},
    {"id": "q2", "text": "When does the ferry sail?", "relevant": {"ferries": 1}},
]


def evaluated(ada: Visitor, page: Page) -> None:
    """Have a search evaluated in two ways, then in one, and wait for both on the page."""
    shelf = ada.ask("POST", "/collections", {"name": "Shelf"})["id"]
    for name, text in TEXTS.items():
        added = {"title": name, "text": text, "external_id": name}
        ada.ask("POST", f"/collections/{shelf}/documents", added)
    few = {"name": "Few", "collection_id": shelf, "queries": QUERIES}
    set_id = ada.ask("POST", "/labelled-sets", few)["id"]
    settings = [{"mode": "hybrid"}, {"mode": "lexical"}]
    for ways in (settings, settings[1:]):
        begun = ada.ask("POST", "/evaluations", {"set_id": set_id, "settings": ways})
        page.goto(f"{ada.url}/runs/{begun['run_id']}")
        expect(page.get_by_role("heading", level=1)).to_contain_text("finished")


def test_an_evaluation_is_listed_drawn_told_in_tables_and_deleted(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/settings/evaluations")
    expect(page.get_by_text("No evaluations yet")).to_be_visible()
    evaluated(reader, page)
    page.goto(f"{reader.url}/settings/evaluations")
    expect(row(page, "hybrid / lexical")).to_contain_text("Few")
    assert flaws(page) == []
    page.get_by_role("link", name="Few").last.click()
    drawn = page.get_by_role("img", name="hybrid: nDCG")
    expect(drawn).to_be_visible()
    expect(drawn.locator("rect")).to_have_count(6)
    table = page.get_by_role("table", name="Differences, query by query")
    expect(table.get_by_role("row", name="lexical")).to_contain_text("p ")
    page.get_by_label("Against another evaluation").select_option(index=1)
    against = page.get_by_role("table", name="Differences from another evaluation")
    expect(against.get_by_role("row", name="This one is better by")).to_contain_text("p ")
    assert flaws(page) == []
    for _ in range(2):
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", name="Evaluations", exact=True)).to_be_visible()
        page.get_by_role("link", name="Few").or_(page.get_by_text("No evaluations yet")).click()
    expect(page.get_by_text("No evaluations yet")).to_be_visible()
