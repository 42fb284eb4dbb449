"""The page of those who look after a deployment: jobs, dead letters and runs of everybody."""

from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import Page, expect

from browsing import Visitor, ask, flaws
from commanding import Shell
from deployed import Deployed
from operating import given_up

KIND = "knowledge.drop_blob"


def dead_letters(console: Deployed, most: int) -> list[str]:
    """Leave jobs behind that were given up, in a thread that has no browser's event loop."""
    with ThreadPoolExecutor(1) as machine:
        places = [console.directory / "data"] * most
        return list(machine.map(given_up, places))


def demand_access(page: Page) -> None:
    assert flaws(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert flaws(page) == []
    page.set_viewport_size({"width": 1280, "height": 720})


def test_a_platform_admin_looks_after_jobs_and_runs_of_everybody(
    reader: Visitor, console: Deployed, folkmoot: Shell
) -> None:
    reader.sign_in()
    page = reader.open("/operations")
    expect(page.get_by_text("There is nothing at this address")).to_be_visible()
    expect(page.get_by_role("link", name="Operations")).to_have_count(0)
    assert folkmoot("user", "promote", reader.email).code == 0
    first, second, third = dead_letters(console, 3)
    page.goto(reader.url)
    ask(page, "Go [[fake-tok400-itl50]]")
    page.get_by_role("link", name="Operations").click()
    expect(page.get_by_role("heading", name="Operations")).to_be_focused()
    page.get_by_label("Kind of jobs").fill(KIND)
    page.get_by_role("button", name=f"{KIND} {first}", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("gone")
    assert flaws(page) == []
    page.get_by_role("button", name="Close").click()
    demand_access(page)

    page.get_by_role("button", name=f"Discard {KIND} {first}").click()
    assert flaws(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    page.get_by_role("button", name=f"Retry {KIND} {second}").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    for gone in (first, second):
        expect(page.get_by_role("button", name=f"Discard {KIND} {gone}")).to_have_count(0)
    reader.ask("DELETE", f"/platform/jobs/{third}")
    page.get_by_role("button", name=f"Retry {KIND} {third}").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Not found")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()

    cancel_own(reader, page)


def cancel_own(reader: Visitor, page: Page) -> None:
    """Cancel the one run of the admin's own organisation, whose trail tells of it."""
    (own,) = reader.ask("GET", "/me")["organizations"]
    page.get_by_label("Organisation of runs").fill(own["id"])
    page.get_by_role("button", name="Cancel agent").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()
    page.get_by_label("State of runs").select_option("cancelled")
    expect(page.get_by_role("cell", name="cancelled")).to_be_visible()
    done = [each["action"] for each in reader.ask("GET", "/audit?target_type=run")["items"]]
    assert done == ["run.cancelled"]
