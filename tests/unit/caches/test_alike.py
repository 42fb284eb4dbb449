"""Questions that look alike, and whether they ask for the same."""

import pytest

from folkmoot.caches.alike import alike
from folkmoot.caches.reusing import pieces

SAME = [
    ("What is the capital of France?", "what's the capital of France"),
    ("How do I reset my password?", "How can I reset the password?"),
    ("Please tell me how to reset my password", "How do I reset my password?"),
    ("Wie kann ich mein Passwort zurücksetzen?", "Wie kann man das Passwort zurücksetzen?"),
    ("Which holidays do we have in 2026?", "Which holidays are there in 2026?"),
]
OTHER = [
    ("What is the capital of France?", "What is the capital of Germany?"),
    ("Which holidays do we have in 2026?", "Which holidays do we have in 2027?"),
    ("May I take parental leave?", "May I not take parental leave?"),
    ("When does the contract end?", "Why does the contract end?"),
    ("How do I open an account?", "How do I close an account?"),
    ("Is Berlin larger than Paris in area?", "Is Berlin larger than Madrid in area?"),
    ("What is the refund for plan A?", "What is the refund for plan B?"),
    ("How much is 3 + 4?", "How much is 3 - 4?"),
    ("Translate 'good morning' to French", "Translate 'good morning' to Spanish"),
    ("How do I reset my password?", "Wie setze ich mein Passwort zurück?"),
    ("What does `git push` do?", "What does `git pull` do?"),
    ("Who may approve holidays?", "Who may ask for holidays?"),
    ("Is Berlin larger than Paris?", "Is Paris larger than Berlin?"),
    ("How much is 3 - 4?", "How much is 4 - 3?"),
    ("May I move money from savings to checking?", "May I move money from checking to savings?"),
    ("Name three large fish of the sea", "Name two large fish of the sea"),
    ("Who was the director before the merger?", "Who was the director after the merger?"),
    ("What is our internal policy?", "What is our international policy?"),
    ("My wife has cancer, how do I request leave?", "How do I request leave?"),
    ("Turn the alarm on", "Turn the alarm off"),
    ("Darf ich vor der Operation essen?", "Darf ich nach der Operation essen?"),
    ("When does the office open?", "When did the office open?"),
    ("", ""),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_questions_that_mean_the_same_are_alike(one: str, other: str) -> None:
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_questions_that_ask_for_something_else_are_not(one: str, other: str) -> None:
    assert not alike(one, other)
    assert not alike(other, one)


@pytest.mark.parametrize("text", ["", "Yes.", " A b\n\nc " * 40, "x" * 500, "\n" * 100])
def test_pieces_put_together_are_the_text(text: str) -> None:
    found = list(pieces(text))
    assert "".join(found) == text
    assert all(found)
