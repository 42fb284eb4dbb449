from datetime import timedelta
from email.utils import format_datetime

import pytest

from folkmoot.kit import clock
from folkmoot.llm.connection.refusals import refusal, understand
from folkmoot.llm.errors import (
    ModelError,
    ModelKeyRefused,
    ModelQuotaUsedUp,
    ModelRateLimited,
    ModelRejected,
    ModelUnavailable,
)

KEY = "sk-proj-0123456789abcdefghijklmnop"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"error":{"message":"too long"}}', ModelRejected),
        (401, b"{}", ModelKeyRefused),
        (404, b'{"error":"model not found"}', ModelRejected),
        (408, b"", ModelUnavailable),
        (429, b"", ModelRateLimited),
        (429, b'{"error":{"code":"insufficient_quota"}}', ModelQuotaUsedUp),
        (500, b"<html>oops</html>", ModelUnavailable),
        (529, b'{"type":"error","error":{"type":"overloaded_error"}}', ModelUnavailable),
        (302, b"", ModelRejected),
    ],
)
def test_a_status_becomes_a_fact(status: int, body: bytes, kind: type[ModelError]) -> None:
    assert type(refusal("openai:x", status, {}, body)) is kind


def test_only_what_may_pass_is_worth_another_try() -> None:
    assert refusal("openai:x", 503, {}, b"").retryable
    assert refusal("openai:x", 429, {}, b"").retryable
    assert not refusal("openai:x", 400, {}, b"").retryable
    assert not refusal("openai:x", 401, {}, b"").retryable


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"of OpenAI","type":"t","code":null}}', "of OpenAI"),
        (b'{"type":"error","error":{"type":"t","message":"of Anthropic"}}', "of Anthropic"),
        (b'[{"error":{"code":400,"message":"of Google","status":"S"}}]', "of Google"),
        (b'{"error":"of Ollama"}', "of Ollama"),
        (b'{"object":"error","message":"of vLLM"}', "of vLLM"),
        (b'{"detail":"of FastAPI"}', "of FastAPI"),
        (
            b'{"detail":[{"loc":["body","model"],"msg":"Field required"},{"msg":"Too long"}]}',
            "body.model: Field required; Too long",
        ),
        (b'{"object":"error","message":{"detail":[{"msg":"of Mistral"}]}}', "of Mistral"),
        (b'{"error":{"message":"kept","details":"a text","code":[1]}}', "kept"),
        (b'{"error":{"code":400,"details":"only here"}}', "only here"),
        (b'{"error":{"message":null,"details":{"a":1}}}', ""),
        (b"[]", ""),
        (b"7", ""),
        (b"<html>", ""),
        (b"\xff\xfe", ""),
        (b"[" * 100_000, ""),
        (b'{"error":' * 5_000 + b"1" + b"}" * 5_000, ""),
    ],
)
def test_the_providers_own_words_are_found(body: bytes, message: str) -> None:
    assert understand(body).message == message


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *[("7", 7), ("0.2", 1), ("-5", 0), ("nan", None), ("inf", None), ("soon", None)],
        *[("", None), ("1e300", 86_400), ("Mon, 01 Jan 99999999999 00:00:00 GMT", None)],
    ],
)
def test_retry_after_is_read_in_seconds(header: str, seconds: int | None) -> None:
    error = refusal("openai:x", 429, {"Retry-After": header}, b"")
    assert isinstance(error, ModelRateLimited)
    assert error.wait == seconds


def test_retry_after_is_read_as_a_date() -> None:
    moment = format_datetime(clock.now() + timedelta(seconds=30), usegmt=True)
    error = refusal("openai:x", 503, {"Retry-After": moment}, b"")
    assert isinstance(error, ModelUnavailable)
    assert error.wait in {29, 30}
    assert error.retry_after == error.wait


def test_googles_way_to_say_when_to_come_back_is_read() -> None:
    body = b"""{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.Help","links":[]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"8.9s"}]}}"""
    error = refusal("google:x", 429, {}, body)
    assert isinstance(error, ModelRateLimited)
    assert error.wait == 9


def test_a_message_is_one_short_line_without_keys() -> None:
    said = f"Incorrect API key provided: {KEY}.\n\x1b[31mSee" + " the manual" * 100
    error = refusal(
        "openai:x",
        400,
        {},
        b'{"error":%b}'
        % (b'"' + said.encode("unicode_escape").replace(b"\\x1b", b"\\u001b") + b'"'),
    )
    assert KEY not in error.detail
    assert "\x1b" not in error.detail
    assert "\n" not in error.detail
    assert len(error.detail) < 400
