"""Failures end in a sentence and an exit code."""

import errno

import pytest
import typer
from pydantic import BaseModel

from folkmoot.cli.failures import Failure, reported
from folkmoot.db.embedded import EmbeddedPostgresFailed
from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.identity.errors import ApiKeyNotFound, NotSignedIn, RegistrationClosed
from folkmoot.kit.ids import ApiKeyId, new_id


class Number(BaseModel):
    value: int


def ending(error: Exception) -> int:
    with pytest.raises(typer.Exit) as ended, reported():
        raise error
    return ended.value.exit_code


def test_a_failure_tells_its_sentence_and_its_hints_beside_the_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ending(Failure("It broke.", hints=["Mend it.", "Or leave it."])) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == "Error: It broke.\n  Mend it.\n  Or leave it.\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotSignedIn(), 4),
        (RegistrationClosed(), 4),
        (DatabaseUnavailable(), 3),
        (ApiKeyNotFound(ApiKeyId(new_id())), 1),
        (PermissionError(errno.EACCES, "Permission denied", "/data"), 1),
        (typer.Abort(), 130),
    ],
)
def test_kinds_of_failures_have_their_codes(error: Exception, code: int) -> None:
    assert ending(error) == code


def test_values_that_do_not_fit_are_wrong_use_and_are_not_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as ended, reported():
        Number.model_validate({"value": "my secret"})
    assert ended.value.exit_code == 2
    told = capsys.readouterr().err
    assert "value: Input should be a valid integer" in told
    assert "my secret" not in told


def test_the_operator_hears_why_the_database_does_not_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ending(EmbeddedPostgresFailed("No space left.", log="PANIC: full")) == 3
    assert capsys.readouterr().err == "Error: No space left.\nPANIC: full\n"


def test_a_reader_who_has_enough_is_no_failure() -> None:
    with pytest.raises(BrokenPipeError), reported():
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_mistakes_of_ours_are_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError), reported():
        raise ZeroDivisionError
