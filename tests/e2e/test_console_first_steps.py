"""What somebody sees who has just made an organisation."""

from playwright.sync_api import FilePayload, Page, expect

from browsing import Visitor, flaws


def steps(page: Page) -> Page:
    """Wait for the steps."""
    expect(page.get_by_role("region", name="First steps")).to_be_visible()
    return page


def test_the_first_steps_lead_to_a_document_and_to_company_and_then_go(ada: Visitor) -> None:
    page = steps(ada.open("/"))
    page.get_by_role("link", name="Add one").click()
    page.get_by_role("button", name="New collection").click()
    page.get_by_role("textbox", name="Name").fill("Manuals")
    page.keyboard.press("Enter")
    file = FilePayload(name="a.txt", mimeType="text/plain", buffer=b"The pier opens at six.")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    page.goto(ada.url)
    region = steps(page).get_by_role("region", name="First steps")
    expect(region.get_by_role("listitem").nth(1)).to_contain_text("Done:")
    page.get_by_role("link", name="Invite").click()
    page.get_by_role("button", name="Invite somebody").click()
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("shown this once")
    page.goto(ada.url)
    expect(page.get_by_text("Answers come from all your documents")).to_be_visible()
    expect(region).to_have_count(0)


def test_the_first_steps_are_hidden_for_good_by_keyboard(ada: Visitor) -> None:
    page = steps(ada.open("/"))
    page.get_by_role("button", name="Hide").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="First steps")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Your question")).to_be_focused()
    expect(page.get_by_role("region", name="First steps")).to_have_count(0)


def test_the_first_steps_have_no_axe_violations(calm: Page) -> None:
    steps(calm)
    assert flaws(calm) == []
    calm.set_viewport_size({"width": 390, "height": 844})
    assert flaws(calm) == []
    assert calm.evaluate("document.documentElement.scrollWidth") <= 390
