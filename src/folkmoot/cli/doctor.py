"""`folkmoot doctor`."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from folkmoot import main, offering, options
from folkmoot.cli import terminal
from folkmoot.cli.checks import database, documents, machine, models, plugins, redis, vectors
from folkmoot.cli.checks.finding import Finding, Status, failed, good
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.options import AsJson, ConfigFile, DataDir
from folkmoot.kit.telemetry import logs
from folkmoot.knowledge.vector_stores import choosing
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.errors import ConfigurationInvalid

MARKS: Final = {Status.OK: "ok     ", Status.WARNING: "warning", Status.FAILED: "FAILED "}


def doctor(
    *,
    port: Annotated[int | None, typer.Option(help="Port to try, as for `folkmoot up`.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Check this machine and deployment; say in plain words what is wrong and how to mend it.

    Nothing is changed. Fails if a check fails; warnings are no failures.
    """
    logs.configure(level="ERROR", style=logs.Style.CONSOLE)
    findings: list[Finding] = []
    for finding in examine({"port": port, "data_dir": data_dir}, config):
        findings.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        terminal.show_json([asdict(finding) for finding in findings])
    if any(finding.status is Status.FAILED for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def examine(flags: dict[str, object], file: Path | None) -> Iterator[Finding]:
    """Yield what each check finds; what rests on something that failed is not checked."""
    yield machine.python()
    try:
        deployment = main.configuration(flags=flags, file=file).deployment
    except ConfigurationInvalid as error:
        yield failed("configuration", error.detail, "Mend that value; `folkmoot config show`.")
        return
    directory = deployment.data_dir.expanduser()
    configured = _configuration(deployment)
    yield configured
    yield machine.data_directory(directory)
    yield machine.disk_space(directory)
    yield machine.port(deployment, directory)
    yield machine.console()
    if configured.status is Status.OK:
        yield from _database(deployment, directory)
    yield from documents.pdf_parser(deployment)
    if deployment.redis_url is not None:
        yield redis.redis(deployment.redis_url.get_secret_value())
    if (store := choosing.store(options.vector_store(deployment))) is not None:
        yield vectors.vectors(store)
    yield from plugins.plugins(offering.installed())
    yield from models.models(options.models(deployment, directory))


def _configuration(deployment: Deployment) -> Finding:
    if deployment.mode == "production" and deployment.secret_key is None:
        remedy = "Set FOLKMOOT_SECRET_KEY to 32 or more random characters, the same everywhere."
        return failed("configuration", "Production mode needs a secret key.", remedy)
    return good("configuration", f"mode {deployment.mode}")


def _database(deployment: Deployment, directory: Path) -> Iterator[Finding]:
    if deployment.database_url is not None:
        found = database.reachable(deployment.database_url.get_secret_value())
        known = True
    else:
        found = database.embedded(directory)
        known = (directory / "postgres").exists()
    yield found
    if known and found.status is Status.OK:
        yield from database.inside(deployment, directory)


def _show(finding: Finding) -> None:
    terminal.show(f"{MARKS[finding.status]}  {finding.check}: {finding.detail}")
    if finding.remedy is not None:
        terminal.show(f"         → {finding.remedy}")
