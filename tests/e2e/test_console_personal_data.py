"""Taking one's data along and erasing one's account in the console, by mouse and by keyboard."""

from pathlib import Path
from zipfile import ZipFile

import httpx
from playwright.sync_api import expect

from browsing import PASSWORD, Visitor, flaws


def test_everything_is_taken_along(ada: Visitor, tmp_path: Path) -> None:
    page = ada.open("/settings/sessions")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download your data").click()
    assert download.value.suggested_filename == "personal-data.zip"
    download.value.save_as(tmp_path / "mine.zip")
    with ZipFile(tmp_path / "mine.zip") as archive:
        assert ada.email.encode() in archive.read("account.jsonl")


def test_nobody_goes_by_accident_and_whoever_wants_to_goes_by_keyboard(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/settings/sessions")
    page.get_by_role("button", name="Erase your account").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    erase = dialog.get_by_role("button", name="Erase for good")
    expect(erase).to_be_disabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    page.keyboard.press("Enter")
    dialog.get_by_label("Password").fill("a guess")
    dialog.get_by_label("to confirm").fill(reader.email)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("not your password")
    dialog.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("nobody else owns")
    place = reader.ask("GET", "/me")["organization_id"]
    reader.ask("DELETE", f"/organizations/{place}")
    page.reload()
    expect(page.get_by_role("heading", name="You are in no organisation")).to_be_visible()
    page.get_by_role("button", name="Erase your account").focus()
    page.keyboard.press("Enter")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("to confirm").fill("erase")
    page.keyboard.press("Enter")
    expect(page.get_by_label("E-mail")).to_be_visible()
    signing_in = {"email": reader.email, "password": PASSWORD}
    refused = reader.context.request.post(f"{reader.url}/api/v1/auth/console", data=signing_in)
    assert refused.status == httpx.codes.UNAUTHORIZED


def test_the_dialog_has_no_axe_violations(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/settings/sessions")
    expect(page.get_by_text("this one")).to_be_visible()
    page.get_by_role("button", name="Erase your account").click()
    assert flaws(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
