"""Memory in the console: written down, told to agents, changed, taken along and switched off."""

from playwright.sync_api import Page, expect

from browsing import Visitor, flaws, row

TEA = "Prefers tea to coffee."


def write(page: Page, text: str, kind: str = "Preference") -> None:
    page.get_by_role("button", name="Write one down").click()
    page.get_by_label("What is to be remembered").fill(text)
    page.get_by_label("Kind").last.select_option(kind)
    page.get_by_role("button", name="Remember", exact=True).focus()
    page.keyboard.press("Enter")
    expect(row(page, text)).to_be_visible()


def test_what_is_remembered_is_seen_changed_taken_along_and_switched_off(ada: Visitor) -> None:
    page = ada.open("/settings/memory")
    expect(page.get_by_text("Nothing is remembered yet")).to_be_visible()
    write(page, TEA)
    write(page, "Lives in Leeds.", "Fact")
    page.get_by_label("Words to look for").fill("TEA")
    expect(row(page, "Leeds")).to_have_count(0)
    page.get_by_label("Words to look for").fill("")
    page.get_by_role("button", name="Edit Lives in Leeds.").click()
    page.get_by_label("What is to be remembered").fill("Lives in York.")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "Lives in York.")).to_be_visible()
    page.get_by_role("button", name="More for memory").click()
    with page.expect_download() as loading:
        page.get_by_role("menuitem", name="Take all along").click()
    assert TEA in loading.value.path().read_text()
    page.get_by_role("button", name="Switch off").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is remembered from what you say")).to_be_visible()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("What you say there is read afterwards")).to_be_visible()
    page.get_by_role("button", name="Delete Lives in York.").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row(page, "York")).to_have_count(0)
    page.get_by_role("button", name="More for memory").click()
    page.get_by_role("menuitem", name="Delete all").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete all").click()
    expect(page.get_by_text("Nothing is remembered yet")).to_be_visible()


def test_the_page_has_no_axe_violations_and_fits_a_telephone(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/settings/memory")
    write(page, TEA)
    assert flaws(page) == []
    page.get_by_role("button", name=f"Edit {TEA}").click()
    assert flaws(page) == []
    page.get_by_role("button", name="Cancel").click()
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
