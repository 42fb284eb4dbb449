"""What goes into a log can be stored and is clean, and stays the JSON it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.kit import redact
from folkmoot.kit.redact import Redactor
from folkmoot.runs.cleaning import cleaned, encoded, storable
from folkmoot.runs.filters import Redacting

KEY = "sk-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG"
ODD = 'my "odd"\\ known\tsecret-1'
CLEAN = Redacting(Redactor(redact.SECRETS, known=[ODD])).text

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def clean(value: object) -> Any:
    return json.loads(cleaned(encoded(value), CLEAN))


@pytest.mark.parametrize(
    "value",
    [
        {"text": KEY},
        {"text": f'says "{KEY}"\n'},
        {"deep": [{"er": [f"x {KEY} y"]}]},
        {KEY: "as a name"},
        {"text": ODD},
        {"text": f"as {ODD} is"},
        {"known": json.dumps({"inner": f"{KEY}\n"})},
        {"password": "correct horse 7 battery"},
        {"outer": {"client_secret": 's3cr3t "quoted" s3cr3t\\'}},
        {"headers": {"Authorization": "Bearer opaque-4711.token_"}},
        {"url": "postgresql://app:p@ss:w0rd@db.internal:5432/app", "line": "a\nb"},
    ],
)
def test_a_secret_is_found_wherever_json_hides_it(value: dict[str, Any]) -> None:
    found = json.dumps(clean(value), ensure_ascii=False)
    assert "[redacted" in found
    for secret in (KEY, "odd", "horse", "s3cr3t", "opaque", "w0rd"):
        assert secret not in found


def test_what_is_no_secret_stays_byte_for_byte() -> None:
    for payload in (
        b'{"text":"ordinary","number":1.0}',
        b'{"text":"a \\"quoted\\" word\\n","n":123456789012345678901234567890}',
        b'{"password":"is a word"}',
        b"[]",
    ):
        assert cleaned(payload, CLEAN) == payload


PROSE = """Rules:
- **Password:** use at least 12 characters, with a "digit".
- max_token: the number 5
"""


@pytest.mark.parametrize("name", ["content", "delta", "text", "title"])
def test_prose_about_secrets_keeps_every_space_and_line(name: str) -> None:
    value = {"messageId": "m1", name: PROSE, "deep": [{name: PROSE}]}
    assert clean(value) == value


def test_a_secret_in_prose_goes_and_the_spaces_around_it_stay() -> None:
    assert clean({"content": f"Use\n\n  {KEY}  with\ta tab."}) == {
        "content": "Use\n\n  [redacted key]  with\ta tab."
    }


def test_what_its_name_gives_away_is_replaced_whole() -> None:
    given = {"password": "correct\nhorse 7", "api_key": 'x1 "y2"\n', KEY: "plain\n7 words"}
    assert clean(given) == {
        "password": "[redacted password]",
        "api_key": "[redacted secret]",
        "[redacted key]": "plain\n7 words",
    }


def test_ids_by_which_others_know_something_stay() -> None:
    value = {"threadId": KEY, "toolCallId": KEY, "value": {"tool_call_ids": [KEY]}, "line": "a\nb"}
    assert clean(value) == value
    assert encoded({"threadId": "a\0\ud800"}) == b'{"threadId":"a\xef\xbf\xbd?"}'


def test_a_secret_leaves_the_rest_as_it_was() -> None:
    value = {"a": [1, None, True, 2.5, {"b": KEY}], "toolCallId": "call-1", "big": 10**30}
    assert clean(value) == value | {"a": [1, None, True, 2.5, {"b": "[redacted key]"}]}


@given(JSON)
def test_any_json_is_stored_as_json_without_nul_and_surrogates(value: Any) -> None:
    payload = encoded(value)
    assert b"\\u0000" not in payload.replace(b"\\\\", b"")
    assert type(json.loads(cleaned(payload, CLEAN))) is type(value)
    assert cleaned(payload, str) == payload


def test_nul_and_lone_surrogates_are_replaced_in_names_and_values() -> None:
    value = {"a\0": ["\ud800", {"\udfff": "x\0y"}], "emoji": "\U0001f600"}
    assert json.loads(encoded(value)) == {
        "a\ufffd": ["?", {"?": "x\ufffdy"}],
        "emoji": "\U0001f600",
    }
    assert storable("plain") == "plain"
    assert json.loads(encoded({"literal": "\\u0000"})) == {"literal": "\\u0000"}
