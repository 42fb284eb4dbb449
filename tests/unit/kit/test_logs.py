"""Log lines: where they go, what they carry and what they never say."""

import io
import json
import logging
from collections.abc import Iterator
from uuid import UUID

import pytest
import structlog

from folkmoot.kit.telemetry import context, logs

KEY = "sk-proj-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG"


class Page(io.BytesIO):
    """Where the lines of a test go."""

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    @property
    def text(self) -> str:
        return self.getvalue().decode()


def fail_with(message: str) -> None:
    raise ValueError(message)


@pytest.fixture
def page() -> Iterator[Page]:
    """Log to memory, and put everything back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    page = Page()
    logs.configure(level="info", known=["the-deployment-secret"], stream=page)
    yield page
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_line_is_one_json_object_with_time_level_and_logger(page: Page) -> None:
    structlog.get_logger("folkmoot.runs").info("run.started", kind="agent", attempt=2)
    (line,) = page.lines
    assert line["event"] == "run.started"
    assert (line["kind"], line["attempt"]) == ("agent", 2)
    assert (line["level"], line["logger"]) == ("info", "folkmoot.runs")
    assert str(line["timestamp"]).endswith("Z")


def test_ids_bound_anywhere_above_are_on_every_line_and_gone_afterwards(page: Page) -> None:
    log = structlog.get_logger()
    with context.bound(request_id="req-1"):
        context.identify(org_id=UUID(int=7))
        with context.bound(run_id=UUID(int=8)):
            log.info("inside")
            logging.getLogger("uvicorn.error").warning("from a %s", "library")
        log.info("after the run")
    log.info("outside")
    inside, library, after, outside = page.lines
    assert (inside["request_id"], inside["org_id"]) == ("req-1", str(UUID(int=7)))
    assert inside["run_id"] == library["run_id"] == str(UUID(int=8))
    assert library["event"] == "from a library"
    assert "run_id" not in after
    assert "request_id" in after
    assert not {"request_id", "org_id"} & outside.keys()


def test_secrets_and_personal_data_are_in_no_part_of_a_line(page: Page) -> None:
    hidden = [KEY, "jo@example.com", "the-deployment-secret", "hunter2", "opaque-value-9"]
    log = structlog.get_logger()
    nested = {"a": [{"b": KEY}], "pwd": 1}
    log.info("called", said=f"with {KEY}", mail="jo@example.com", nested=nested, password="hunter2")
    log.info("called", headers={"Authorization": "opaque-value-9", "Cookie": ["hunter2"]})
    log.info("called", thing=ValueError(f"refused {KEY}"), deep=[[[[[[[[KEY]]]]]]]])
    try:
        fail_with(f"the-deployment-secret {KEY}")
    except ValueError:
        log.exception("failed")
        logging.getLogger("library").exception("jo@example.com failed")
    assert len(page.lines) == 5
    assert not [value for value in hidden if value in page.text]
    assert "ValueError" in page.text


def test_counts_and_flags_stay_readable(page: Page) -> None:
    structlog.get_logger().info("x", max_tokens=4096, input_tokens=3, cached=True, api_key=None)
    (line,) = page.lines
    assert (line["max_tokens"], line["input_tokens"], line["cached"]) == (4096, 3, True)
    assert line["api_key"] is None


@pytest.mark.parametrize("before", [8_180, 131_060])
@pytest.mark.parametrize("behind", [8_180, 1_000_000])
def test_a_huge_value_is_cut_and_no_half_of_a_secret_survives_at_the_cut(
    page: Page, before: int, behind: int
) -> None:
    text = "a " * (before // 2) + KEY + " " + "b " * (behind // 2)
    structlog.get_logger().info("x", text=text)
    assert len(page.text) < 17_000
    assert "sk-" not in page.text
    assert KEY[-8:] not in page.text


def test_of_a_long_traceback_beginning_and_end_are_kept(page: Page) -> None:
    def fail(depth: int) -> None:
        if depth % 2:
            fail(depth - 1)
        elif depth:
            fail(depth - 1)  # another line, or the frames would be folded
        else:
            fail_with(f"what happened {KEY}")

    try:
        fail(400)
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = page.lines
    said = str(line["exception"])
    assert said.startswith("Traceback (most recent call last)")
    assert "[…]" in said
    assert said.endswith("ValueError: what happened [redacted key]")


def test_a_logged_text_can_neither_forge_a_line_nor_move_the_cursor(page: Page) -> None:
    logs.configure(style=logs.Style.CONSOLE, stream=page)
    structlog.get_logger().info("said", text="one\r\n2026 [error] forged \x1b[2J \u202e \x9b1m")
    assert page.text.count("\n") == 1
    assert not set("\r\x1b\u202e\x9b") & set(page.text)


def test_lines_below_the_level_are_not_written(page: Page) -> None:
    logs.configure(level="warning", stream=page)
    structlog.get_logger().info("quiet")
    logging.getLogger("library").info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in page.lines] == ["loud"]


def test_a_log_that_cannot_be_written_does_not_fail_the_work() -> None:
    class Full(io.BytesIO):
        def write(self, _data: object) -> int:
            raise OSError(28, "No space left on device")

    logs.Outlet(Full()).write("lost")
    closed = io.BytesIO()
    outlet = logs.Outlet(closed)
    closed.close()
    outlet.write("lost")
    assert closed.closed


@pytest.mark.usefixtures("page")
def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(KeyError):
        logs.configure(level="shout")
