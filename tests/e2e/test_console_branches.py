"""Other questions and answers in the place of those that are there, and what is thought of them."""

import re

from playwright.sync_api import Locator, Page, expect

from browsing import Visitor, ask, flaws


def versions(page: Page, of: str) -> Locator:
    """Return the switcher between versions of a question or an answer."""
    return page.get_by_role("group", name=f"Versions of the {of}")


def test_a_question_is_edited_and_both_versions_stay(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/")
    ask(page, "First [[fake-tok3]]")
    expect(page.locator(".prose")).to_contain_text("word-2")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Your question, edited").fill("Second [[fake-tok5]]")
    page.keyboard.press("Enter")
    expect(page.locator(".prose")).to_contain_text("word-4")
    expect(versions(page, "question")).to_contain_text("2 / 2")
    expect(page.get_by_role("heading", name="You asked")).to_have_count(1)
    assert flaws(page) == []
    page.reload()
    expect(page.locator(".prose")).to_contain_text("word-4")
    page.get_by_role("button", name="Previous version of the question").click()
    expect(page.locator(".prose")).not_to_contain_text("word-4")
    expect(page.get_by_text("First [[fake-tok3]]").last).to_be_visible()
    expect(versions(page, "question")).to_contain_text("1 / 2")
    expect(page.get_by_role("button", name="Previous version")).to_be_disabled()


def test_a_refused_edit_leaves_the_conversation_as_it_was(page: Page) -> None:
    ask(page, "First [[fake-tok3]]")
    expect(page.locator(".prose")).to_contain_text("word-2")
    problem = '{"title": "Conflict", "status": 409, "detail": "It is still answering."}'
    page.route(
        "**/api/chat/*",
        lambda route: route.fulfill(
            status=409, headers={"content-type": "application/problem+json"}, body=problem
        ),
    )
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Your question, edited").fill("Second")
    page.get_by_role("button", name="Ask this instead").click()
    expect(page.get_by_role("alert")).to_contain_text("It is still answering.")
    expect(page.get_by_label("Your question")).to_have_value("Second")
    expect(page.locator(".prose")).to_contain_text("word-2")


def test_an_answer_is_regenerated_in_its_place_and_what_followed_is_not_lost(ada: Visitor) -> None:
    page = ada.open("/")
    ask(page, "First [[fake-tok3]]")
    expect(page.locator(".prose")).to_have_count(1)
    ask(page, "Then [[fake-tok4]]")
    expect(page.locator(".prose").last).to_contain_text("word-3")
    page.get_by_role("button", name="Regenerate").first.click()
    expect(versions(page, "answer")).to_contain_text("2 / 2")
    expect(page.locator(".prose")).to_have_count(1)
    page.get_by_role("button", name="Previous version of the answer").click()
    expect(page.locator(".prose")).to_have_count(2)


def test_a_fork_takes_over_what_was_said_up_to_it(ada: Visitor) -> None:
    page = ada.open("/")
    ask(page, "First [[fake-tok3]]")
    expect(page.locator(".prose")).to_have_count(1)
    ask(page, "Then [[fake-tok4]]")
    expect(page.locator(".prose").last).to_contain_text("word-3")
    first = page.url
    page.get_by_role("button", name="Fork").first.click()
    expect(page).not_to_have_url(first)
    expect(page.get_by_role("heading", name="You asked")).to_have_count(1)
    ask(page, "Otherwise [[fake-tok5]]")
    expect(page.locator(".prose").last).to_contain_text("word-4")
    page.goto(first)
    expect(page.locator(".prose").last).to_contain_text(re.compile(r"word-3\s*$"))


def test_an_answer_is_rated_with_a_comment_and_the_rating_is_withdrawn(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/")
    ask(page, "First [[fake-tok3]]")
    page.get_by_role("button", name="Bad answer").click()
    page.get_by_label("What was wrong with it?").fill("It says nothing.")
    assert flaws(page) == []
    page.get_by_role("button", name="Send", exact=True).first.click()
    expect(page.get_by_label("What was wrong with it?")).to_have_count(0)
    (kept,) = reader.ask("GET", "/feedback")["items"]
    assert (kept["rating"], kept["comment"]) == ("bad", "It says nothing.")
    page.reload()
    bad = page.get_by_role("button", name="Bad answer")
    expect(bad).to_have_attribute("aria-pressed", "true")
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "false")
    assert reader.ask("GET", "/feedback")["items"] == []
