"""Every command is where the command line says, and is loaded no sooner than it is used."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from folkmoot.cli import app
from folkmoot.cli.commands import COMMANDS, command

HEAVY = ("pydantic", "httpx", "rich", "fastapi", "sqlalchemy", "psycopg", "folkmoot.main")
WHAT_IS_LOADED = """
import sys
from folkmoot.cli import app
try:
    app(["--help"])
except SystemExit as end:
    assert not end.code
print(*sys.modules)
"""


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    code, output, _ = run(name, "--help")
    assert code == 0
    assert f"{name} [OPTIONS]" in output
    assert len(command(name).help or "") >= len(COMMANDS[name][1]) // 2


def test_help_names_every_command_and_what_it_does() -> None:
    code, output, _ = run("--help")
    assert code == 0
    for name, (_, line) in COMMANDS.items():
        assert name in output
        assert line in " ".join(output.split())


def test_help_loads_nothing_that_is_slow() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", WHAT_IS_LOADED], capture_output=True, text=True, check=True
    )
    loaded = set(shown.stdout.split())
    assert "typer" in loaded
    assert not loaded & set(HEAVY)


def test_a_misspelt_command_is_wrong_use_and_gets_a_hint() -> None:
    code, output, error = run("versoin")
    assert (code, output) == (2, "")
    assert "version" in error


def test_an_option_that_does_not_exist_is_wrong_use() -> None:
    code, _, error = run("version", "--colour")
    assert code == 2
    assert "--colour" in error


def test_the_version_is_told() -> None:
    code, output, _ = run("version")
    assert code == 0
    assert output.startswith("folkmoot ")


def test_as_json_it_is_for_programs() -> None:
    code, output, _ = run("version", "--json")
    assert code == 0
    assert '"python"' in output


def test_a_group_without_a_command_shows_its_commands() -> None:
    _, output, error = run("runs")
    assert "verify" in output + error


def test_shells_complete_the_options_of_commands_that_are_not_loaded() -> None:
    result = CliRunner().invoke(
        app,
        env={
            "_FOLKMOOT_COMPLETE": "complete_bash",
            "COMP_WORDS": "folkmoot runs ver",
            "COMP_CWORD": "2",
        },
        prog_name="folkmoot",
    )
    assert result.stdout.split() == ["verify"]
