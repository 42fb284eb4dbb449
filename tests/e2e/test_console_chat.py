import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from browsing import Visitor, ask, flaws
from deployed import Deployed
from drawing import png

LONG = "[[fake-tok100-itl20]]"


def answer(page: Page) -> str:
    """Return the text of the last answer."""
    return page.locator(".prose").last.inner_text()


def expect_whole(page: Page, words: int = 100) -> None:
    """Expect that the last answer has every word once."""
    expect(page.locator(".prose").last).to_contain_text(f"word-{words - 1}")
    expect(page.get_by_role("button", name="Stop the answer")).to_have_count(0)
    assert answer(page).split() == [f"word-{number}" for number in range(words)]


def test_an_answer_streams_in_and_its_end_is_announced(page: Page) -> None:
    ask(page, f"Go {LONG}")
    expect(page.locator(".prose")).to_contain_text("word-3")
    expect(page.locator(".prose")).not_to_contain_text("word-99")
    expect_whole(page)
    expect(page.get_by_text("The answer is finished.")).to_be_attached()
    expect(page.get_by_role("navigation", name="Conversations").get_by_role("link")).to_have_count(
        1
    )


def test_enter_sends_and_shift_enter_does_not(page: Page) -> None:
    question = page.get_by_label("Your question")
    question.fill("first")
    page.keyboard.press("Shift+Enter")
    question.press_sequentially("second")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article").first).to_contain_text("first\nsecond", use_inner_text=True)
    expect(question).to_have_value("")


def test_a_stopped_answer_keeps_what_was_written(page: Page) -> None:
    ask(page, "Go [[fake-tok2000-itl20]]")
    expect(page.locator(".prose")).to_contain_text("word-5")
    page.get_by_role("button", name="Stop the answer").click()
    expect(page.get_by_text("was stopped before its end")).to_be_visible()
    expect(page.locator(".prose")).to_contain_text("word-5")
    page.reload()
    expect(page.get_by_text("ended before it was complete")).to_be_visible()
    expect(page.locator(".prose")).to_contain_text("word-5")


def test_closing_the_tab_in_the_middle_misses_nothing(ada: Visitor) -> None:
    first = ada.open("/")
    ask(first, "Go [[fake-tok200-itl20]]")
    expect(first.locator(".prose")).to_contain_text("word-3")
    address = first.url
    first.close()
    second = ada.open(address.removeprefix(ada.url))
    expect(second.get_by_role("button", name="Stop the answer")).to_be_visible()
    expect_whole(second, 200)


def test_another_tab_shows_the_same_answer_at_the_same_time(ada: Visitor) -> None:
    first = ada.open("/")
    ask(first, f"Go {LONG}")
    expect(first.locator(".prose")).to_contain_text("word-3")
    second = ada.open(first.url.removeprefix(ada.url))
    expect_whole(first)
    expect_whole(second)


def test_going_to_another_page_and_back_does_not_end_the_stream(page: Page) -> None:
    ask(page, f"Go {LONG}")
    expect(page.locator(".prose")).to_contain_text("word-3")
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_focused()
    page.go_back()
    expect_whole(page)


def test_a_stream_that_ends_too_early_is_no_answer(page: Page) -> None:
    page.route("**/api/v1/runs/*/events", lambda route: route.abort())
    page.route("**/api/chat/*", lambda route: route.fulfill(response=route.fetch(), body=""))
    ask(page, "Go [[fake-tok100]]")
    expect(page.get_by_text("The connection is lost.")).to_be_visible()
    with page.expect_request("**/api/v1/runs/*/events"):  # by itself it would succeed before that
        page.get_by_role("button", name="Try now").click()
    page.unroute("**/api/v1/runs/*/events")
    expect_whole(page)


def test_a_failed_answer_says_why_also_after_a_reload(page: Page) -> None:
    ask(page, "Go [[fake-e400]]")
    expect(page.get_by_text("told to fail")).to_be_visible()
    page.reload()
    expect(page.get_by_text("told to fail")).to_be_visible()


def test_a_question_that_failed_is_asked_again(page: Page) -> None:
    ask(page, "Go [[fake-e400x1-tok5]]")
    expect(page.get_by_text("told to fail")).to_be_visible()
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".prose")).to_contain_text("word-4")
    expect(page.get_by_role("heading", name="You asked")).to_have_count(1)
    expect(page.get_by_role("button", name="Ask again")).to_have_count(0)


def test_a_conversation_that_is_not_there_cannot_be_continued(ada: Visitor) -> None:
    page = ada.open("/chat/01890000-0000-7000-8000-000000000000")
    expect(page.get_by_text("There is nothing at this address")).to_be_visible()
    expect(page.get_by_label("Your question")).to_have_count(0)
    page.get_by_role("link", name="Go to the chat").click()
    expect(page.get_by_label("Your question")).to_be_visible()


def test_a_refused_question_comes_back_into_the_composer(page: Page) -> None:
    problem = '{"title": "Conflict", "status": 409, "detail": "It is still answering."}'
    page.route(
        "**/api/chat/*",
        lambda route: route.fulfill(
            status=409, headers={"content-type": "application/problem+json"}, body=problem
        ),
    )
    ask(page, "Is anybody there?")
    expect(page.get_by_role("alert")).to_contain_text("It is still answering.")
    expect(page.get_by_label("Your question")).to_have_value("Is anybody there?")


def test_thinking_and_tools_are_folded_away_until_wanted(page: Page) -> None:
    page.get_by_label("Workflow").select_option("tools")
    ask(page, "Go [[fake-think3-tool=clock]]")
    summary = page.get_by_role("button", name="1 tool call")
    expect(summary).to_be_visible()
    expect(page.get_by_text("thought-2")).to_have_count(0)
    summary.click()
    expect(page.get_by_text("thought-2").first).to_be_visible()
    expect(page.get_by_label("Result of clock")).to_be_visible()


def test_conversations_are_renamed_and_deleted(page: Page) -> None:
    ask(page, "Hello")
    listed = page.get_by_role("navigation", name="Conversations")
    listed.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_label("Title").fill("Greetings")
    page.keyboard.press("Enter")
    expect(listed.get_by_role("link", name="Greetings")).to_be_visible()
    page.reload()
    expect(listed.get_by_role("link", name="Greetings")).to_be_visible()
    listed.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(listed.get_by_role("link")).to_have_count(0)
    expect(page.get_by_text("What is the question")).to_be_visible()


def waiting(page: Page) -> Locator:
    """Return the messages that wait above the composer."""
    return page.get_by_role("region", name="Messages that wait").get_by_role("listitem")


def test_messages_wait_for_their_turn_and_are_taken_back_by_keyboard(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/")
    ask(page, "Go [[fake-hang7]]")
    expect(page.locator(".prose")).to_contain_text("word-3")
    ask(page, "And then? [[fake-tok3]]")
    ask(page, "Never mind")
    ask(page, "At last? [[fake-tok5]]")
    expect(waiting(page)).to_have_count(3)
    expect(page.get_by_label("Your question")).to_have_value("")
    assert flaws(page) == []
    page.get_by_role("button", name="Take back: Never mind").focus()
    page.keyboard.press("Enter")
    expect(waiting(page)).to_have_count(2)
    expect(page.get_by_label("Your question")).to_be_focused()
    page.reload()
    expect(waiting(page)).to_have_count(2)
    page.get_by_role("button", name="Stop the answer").click()
    expect(page.locator(".prose").last).to_contain_text("word-4")
    expect(waiting(page)).to_have_count(0)
    expect(page.locator(".prose")).to_have_count(3)
    page.reload()
    asked = page.get_by_role("heading", name="You asked")
    expect(asked).to_have_count(3)
    expect(page.get_by_text("Never mind")).to_have_count(0)


def test_a_message_that_the_run_at_work_has_not_heard_is_answered_afterwards(page: Page) -> None:
    ask(page, "Go [[fake-hang7]]")
    expect(page.locator(".prose")).to_contain_text("word-3")
    page.get_by_label("Your question").fill("Be brief. [[fake-tok9]]")
    page.get_by_label("When it is heard").select_option("Before its next step")
    page.get_by_role("button", name="Send").press("Enter")
    expect(waiting(page)).to_contain_text("Waits to be heard")
    page.get_by_role("button", name="Stop the answer").click()
    expect(page.locator(".prose").last).to_contain_text("word-8")
    expect(waiting(page)).to_have_count(0)


LAMP = FilePayload(name="lamp.png", mimeType="image/png", buffer=png(320, 200))
NOTES = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"Lamps cost twelve euros.")
GIVE = """([target, kind, name, data]) => {
    const files = new DataTransfer();
    const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
    files.items.add(new File([bytes], name, { type: kind === "paste" ? "image/png" : "" }));
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true })
        : new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true });
    document.querySelector(target).dispatchEvent(event);
}"""


def give(page: Page, target: str, kind: str, name: str, data: bytes) -> None:
    """Paste a file, or drop it somewhere."""
    page.evaluate(GIVE, [target, kind, name, b64encode(data).decode()])


def test_pictures_and_files_are_attached_sent_shown_and_kept(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/")
    chosen = page.get_by_label("Attach pictures or files")
    enclosed = page.get_by_role("list", name="To be sent").get_by_role("listitem")
    chosen.set_input_files([LAMP, NOTES])
    give(page, "#question", "paste", "pasted.png", png(30, 30))
    give(page, "h1", "drop", "dropped.csv", b"a,b\n1,2\n")
    give(page, "h1", "drop", "program.exe", b"MZ")
    expect(enclosed).to_have_count(5)
    expect(enclosed.last).to_contain_text("This is none of PNG")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    assert flaws(page) == []
    for name in ("program.exe", "pasted.png", "dropped.csv"):
        page.get_by_role("button", name=f"Remove {name}").press("Enter")
    expect(page.locator("form progress")).to_have_count(0)
    with page.expect_request("**/api/chat/*") as sent:
        ask(page, "What is it? [[fake-tok3]]")
    (asked,) = json.loads(sent.value.post_data or "{}")["messages"]
    assert [each["type"] for each in asked["content"]] == ["text", "binary", "binary"]
    expect(page.locator(".prose")).to_contain_text("word-2")
    expect_attached(page)
    assert flaws(page) == []
    page.get_by_role("img", name="lamp.png").click()
    expect(page.get_by_role("dialog", name="lamp.png").get_by_role("img")).to_be_visible()
    assert flaws(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Regenerate").click()
    expect(page.get_by_role("group", name="Versions of the answer")).to_contain_text("2 / 2")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Your question, edited").fill("Whose is it? [[fake-tok4]]")
    page.keyboard.press("Enter")
    expect(page.locator(".prose")).to_contain_text("word-3")
    page.reload()
    expect_attached(page)
    before = page.url
    page.get_by_role("button", name="Fork").click()
    expect(page).not_to_have_url(before)
    expect_attached(page)


def expect_attached(page: Page) -> None:
    """Expect a picture that is drawn and a file that can be saved."""
    attached = page.get_by_role("list", name="Attached").first
    lamp = attached.get_by_role("img", name="lamp.png")
    expect(lamp).to_be_visible()
    expect(lamp).to_have_js_property("naturalWidth", 320)
    with page.expect_download() as saved:
        attached.get_by_role("button", name="notes.txt").click()
    assert saved.value.path().read_bytes() == NOTES["buffer"]


def test_what_a_model_is_not_shown_is_said_before_and_comes_back_if_it_is_refused(
    page: Page,
) -> None:
    page.get_by_label("Attach pictures or files").set_input_files([LAMP])
    page.get_by_label("Model").select_option("offline:extractive")
    expect(page.get_by_text("offline:extractive is not shown pictures")).to_be_visible()
    ask(page, "What is it?")
    expect(page.get_by_role("alert")).to_contain_text("offline:extractive is not shown pictures")
    expect(page.get_by_label("Your question")).to_have_value("What is it?")
    expect(page.get_by_role("button", name="Remove lamp.png")).to_be_visible()


def test_what_tools_let_people_watch_and_what_was_heard_is_shown_in_its_place(page: Page) -> None:
    def event(number: int, type_: str, **values: Any) -> str:
        return f"id: {number}\ndata: {json.dumps({'type': type_, **values})}\n\n"

    named = {"messageId": "a", "activityType": "route_plan"}
    content = {"stops": [{"town": "Ulm"}], "progress": 0.25}
    patch = [
        {"op": "add", "path": "/stops/-", "value": {"town": "<b>Augsburg</b>"}},
        {"op": "replace", "path": "/progress", "value": 0.5},
    ]
    body = (
        event(1, "RUN_STARTED", threadId="t", runId="r")
        + event(2, "ACTIVITY_SNAPSHOT", **named, content=content)
        + event(3, "ACTIVITY_DELTA", **named, patch=patch)
        + event(
            4, "CUSTOM", name="message.steered", value={"message_id": "m", "content": "By train"}
        )
        + event(5, "RUN_FINISHED", threadId="t", runId="r", outcome={"type": "success"})
    )
    page.route(
        "**/api/chat/*", lambda route: route.fulfill(content_type="text/event-stream", body=body)
    )
    ask(page, "Where to?")
    plan = page.get_by_role("region", name="Route plan")
    expect(plan.get_by_role("listitem")).to_have_text(["TownUlm", "Town<b>Augsburg</b>"])
    expect(plan.get_by_role("progressbar")).to_have_attribute("value", "0.5")
    heard = page.get_by_role("article").filter(
        has=page.get_by_role("heading", name="You said meanwhile", exact=True)
    )
    expect(heard.last).to_contain_text("By train")


@pytest.fixture
def mortal(console: Deployed) -> Iterator[Deployed]:
    """The server, which may be killed: it comes back under the same address."""
    console.arguments = ("--port", str(httpx.URL(console.url).port))
    yield console
    if console.process is None:
        console.start()


def test_a_killed_server_finishes_the_answer_after_its_restart(
    mortal: Deployed, page: Page
) -> None:
    ask(page, "Go [[fake-tok100-itl40]]")
    expect(page.locator(".prose")).to_contain_text("word-9")
    mortal.kill()
    expect(page.get_by_text("The connection is lost.")).to_be_visible()
    mortal.start()
    expect(page.get_by_role("button", name="draft cut off")).to_be_visible()
    expect_whole(page)
    page.reload()
    expect_whole(page)
