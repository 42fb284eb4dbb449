"""Secrets and personal data disappear from texts, whole or cut into deltas."""

import base64
import random
import timeit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot.kit import redact
from folkmoot.kit.redact.personal import iban, luhn
from folkmoot.kit.redact.rule import Part, Rule

ALL = redact.Redactor((*redact.SECRETS, *redact.PERSONAL, *redact.ADDRESSES))
BODY = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG"
PEM_BODY = "\n".join(base64.b64encode(bytes([line] * 48)).decode() for line in range(26))

SECRETS = [
    f"sk-{BODY}",
    f"sk-proj-{BODY}_{BODY}",
    f"sk-ant-api03-{BODY}-{BODY}AA",
    f"sk_live_{BODY}",
    f"AIza{BODY}xyz",
    "AKIAIOSFODNN7EXAMPLE",
    f"ghp_{BODY}abcd",
    f"github_pat_11{BODY}_{BODY}{BODY}",
    f"glpat-{BODY}",
    f"hf_{BODY}",
    "xoxb-123456789012-123456789012-" + BODY[:24],
    f"whsec_{BODY}/+=",
    f"fm_{BODY}",
    f"eyJ{BODY}.eyJ{BODY * 50}.{BODY}",
    f"-----BEGIN PRIVATE KEY-----\n{PEM_BODY}\n",
    f"-----BEGIN RSA PRIVATE KEY-----\\n{PEM_BODY}\\n",
    f"DEK-Info: AES-256-CBC,{BODY}\n\n{PEM_BODY}\n",
]
IN_CONTEXT = [
    ("Authorization: Bearer ", "opaque-4711.token_", ""),
    ("authorization: basic ", "dXNlcjpwYXNzd29yZA==", ""),
    ("password=", "hunter2", "&next=1"),
    ("PGPASSWORD: ", "cAf3-or-t3a", "\n"),
    ('{"password": "', "correct horse 7 battery", '"}'),
    ("{'api_key': '", "0123456789abcdef", "'}"),
    ('{\\"client_secret\\": \\"', "s3cr3t-s3cr3t", '"}'),
    ("?access_token=", "4f5e6d7c", "&page=2"),
    ("postgresql://app:", "p@ss:w0rd", "@db.internal:5432/app"),
]
ORDINARY = [
    "task-force-of-the-brave-and-the-bold",
    'api_key = os.environ["OPENAI_API_KEY"]',
    "password = getpass.getpass()",
    "bearer authentication is described in RFC 6750",
    "total_token: 40960",
    '"password": {"type": "string"}',
    "http://localhost:8080/path@home",
    "-----BEGIN CERTIFICATE-----",
    "the secret: patience",
    "eyJ is how such a token begins",
]
PERSONAL = [
    "jo.doe+news@mail.example.co.uk",
    "+49 170 1234567",
    "+1 (555) 010-9999",
    "0048 22 123 45 67",
    "4111 1111 1111 1111",
    "5555-5555-5555-4444",
    "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432",
]
IMPERSONAL = [
    "4111 1111 1111 1112",
    "GB82 WEST 1234 5698 7654 33",
    "the years 1999 and 2024",
    "01932f5e-7c1a-7000-8000-411111111111",
    "2026-11-21 09:30:00.123456",
    "user@localhost",
    "f(0) + 12",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_hidden_from_its_first_character_to_its_last(secret: str) -> None:
    cleaned = redact.redact_secrets(f"Look: {secret}; and go on.")
    assert cleaned.startswith("Look: [redacted ")
    assert cleaned.endswith("]; and go on.")


@pytest.mark.parametrize(("before", "secret", "after"), IN_CONTEXT)
def test_what_follows_a_telling_name_is_hidden_and_the_name_stays(
    before: str, secret: str, after: str
) -> None:
    cleaned = redact.redact_secrets(before + secret + after)
    assert cleaned.startswith(before + "[redacted ")
    assert cleaned.endswith("]" + after)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_that_resembles_a_secret_stays(text: str) -> None:
    assert redact.redact_secrets(f"{text} .") == f"{text} ."


@pytest.mark.parametrize("text", PERSONAL)
def test_personal_data_is_hidden_and_the_sentence_around_it_stays(text: str) -> None:
    cleaned = redact.redact_pii(f"Reach me ({text}), or not.")
    assert cleaned.startswith("Reach me ([redacted ")
    assert cleaned.endswith("]), or not.")


@pytest.mark.parametrize("text", IMPERSONAL)
def test_numbers_without_a_valid_checksum_and_ids_stay(text: str) -> None:
    assert redact.redact_pii(f"See {text}, please.") == f"See {text}, please."


def test_an_address_is_hidden_only_where_that_is_asked_for() -> None:
    asked = redact.Redactor(redact.ADDRESSES)
    assert asked.redact("from 192.168.1.20 to 1.2.3.4.5 or 300.1.1.1") == (
        "from [redacted address] to 1.2.3.4.5 or 300.1.1.1"
    )
    assert redact.redact_pii("from 192.168.1.20") == "from 192.168.1.20"


def test_known_values_are_hidden_wherever_they_stand_longest_first() -> None:
    known = redact.Redactor((), known=["plain-1-words", "plain-1-words-and-more"])
    assert known.redact("aplain-1-wordsb plain-1-words-and-more short") == (
        "a[redacted secret]b [redacted secret] short"
    )


@pytest.mark.parametrize("length", [1024, 1025, 2048, 5000])
def test_a_known_value_is_hidden_to_its_end_however_long_it_is(length: int) -> None:
    value = "".join(f"{number:x}-" for number in range(length))[:length]
    known = redact.Redactor((), known=[value])
    text = f"before {value} after"
    cleaned = known.redact(text)
    assert cleaned.replace("[redacted secret]", "") == "before  after"
    stream = redact.StreamRedactor(known)
    cut = [stream.feed(text[at : at + 100]) for at in range(0, len(text), 100)]
    assert "".join(cut) + stream.flush() == cleaned


def test_a_known_value_that_is_an_ordinary_word_hides_nothing() -> None:
    known = redact.Redactor((), known=["", "short1", "lm-studio", "not needed", "ollama"])
    assert (
        known.redact("short1 lm-studio not needed ollama") == "short1 lm-studio not needed ollama"
    )


def test_a_shape_longer_than_the_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 1024"):
        redact.Redactor([Rule("x", (Part("a", 1, 2000),))])


def test_a_secret_after_an_escaped_line_break_is_found() -> None:
    assert redact.redact_secrets(rf"one\nsk-{BODY}") == r"one\n[redacted key]"


def test_checksums_follow_their_standards() -> None:
    assert luhn("79927398713")
    assert not luhn("79927398714")
    assert iban("GB82WEST12345698765432")
    assert not iban("GB82WEST12345698765433")


FRAGMENTS = st.sampled_from(
    [
        *SECRETS,
        *(before + secret + after for before, secret, after in IN_CONTEXT),
        *ORDINARY,
        *PERSONAL,
        *IMPERSONAL,
        *(secret[:cut] for secret in SECRETS for cut in (1, 2, 3, 5, 11, 19)),
        *" \n-_.:=\"'\\@/+0,",
        "Bearer ",
        "password",
        "token ",
        "\n",
        "ordinary words ",
        "é\u2028",
    ]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=12), max_size=8).map("".join)


def in_deltas(stream: redact.StreamRedactor, text: str, cuts: random.Random) -> str:
    """Feed the text in random pieces, watching the bound."""
    out, position = "", 0
    while position < len(text):
        size = cuts.choice((1, 1, 2, 3, 5, 8, 40, 700))
        out += stream.feed(text[position : position + size])
        assert stream.held_back <= redact.HELD_BACK_AT_MOST
        position += size
    return out + stream.flush()


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, cuts=st.randoms(use_true_random=False))
def test_however_a_text_is_cut_the_same_comes_out(text: str, cuts: random.Random) -> None:
    for redactor in (redact.SECRETS_ONLY, redact.PERSONAL_ONLY, ALL):
        assert in_deltas(redact.StreamRedactor(redactor), text, cuts) == redactor.redact(text)


@settings(max_examples=100, deadline=None)
@given(
    known=st.lists(st.text("abS-", min_size=8, max_size=30), max_size=4),
    text=st.text("abS-k ", max_size=80),
    where=st.integers(0, 80),
    cuts=st.randoms(use_true_random=False),
)
def test_known_values_never_pass_a_stream(
    known: list[str], text: str, where: int, cuts: random.Random
) -> None:
    redactor = redact.Redactor(redact.SECRETS, known=known)
    text = text[:where] + (known[0] if known else "") + text[where:]
    cleaned = in_deltas(redact.StreamRedactor(redactor), text, cuts)
    assert cleaned == redactor.redact(text)
    assert not any(value in cleaned for value in known if "S" in value)


@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    cleaned = redact.redact_secrets(text)
    assert redact.redact_secrets(cleaned) == cleaned


@pytest.mark.parametrize(
    "word", ["a ", "sk ", "A ", "the ", "eyJ ", "password ", " hello", " is", "Note: "]
)
def test_an_ordinary_word_is_not_held_back(word: str) -> None:
    stream = redact.StreamRedactor(redact.SECRETS_ONLY)
    assert stream.feed(word) == word
    assert stream.held_back == 0


def test_a_beginning_is_held_back_and_let_go_when_it_turns_out_harmless() -> None:
    stream = redact.StreamRedactor(redact.SECRETS_ONLY)
    assert stream.feed("the sk-") == "the "
    assert stream.feed("etch") == ""
    assert stream.feed(" is") == "sk-etch is"


def test_a_stream_can_be_used_again_after_it_ended() -> None:
    stream = redact.StreamRedactor(redact.SECRETS_ONLY)
    assert stream.close(f"sk-{BODY}") == "[redacted key]"
    assert stream.feed(BODY) == BODY


def test_an_endless_secret_is_swallowed_in_bounded_memory() -> None:
    stream = redact.StreamRedactor(redact.SECRETS_ONLY)
    assert (
        stream.feed("sk-") + "".join(stream.feed("x" * 997) for _ in range(500)) == "[redacted key]"
    )
    assert stream.held_back == 0
    assert stream.feed(" ok") == " ok"


@pytest.mark.parametrize(
    "hostile", ["eyJ-", "-----BEGIN ", "sk-", "password=", "//a:", "+1 ", "a@", "AA00 "]
)
def test_hostile_repetition_costs_no_more_than_milliseconds(hostile: str) -> None:
    text = hostile * (50_000 // len(hostile))
    assert timeit.timeit(lambda: ALL.redact(text), number=1) < 2
