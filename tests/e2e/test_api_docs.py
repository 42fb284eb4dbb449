"""The API's documentation is read in a browser, and needs nothing from elsewhere."""

from playwright.sync_api import Browser, expect

from browsing import Visitor
from deployed import Deployed


def test_the_documentation_renders_without_a_foreign_request(
    browser: Browser, local_server: Deployed
) -> None:
    with browser.new_context() as context:
        reader = Visitor(local_server.url, context, email="")
        page = reader.open("/docs")
        expect(page.get_by_role("heading", name="Folkmoot")).to_be_visible()
        page.get_by_role("button", name="get /api/v1/runs", exact=True).click()
        expect(page.get_by_role("button", name="Try it out")).to_be_visible()
        page.wait_for_load_state("networkidle")
    assert reader.complaints == []
