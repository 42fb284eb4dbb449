"""Commands that serve: `up` for a laptop, `serve` and `worker` for a deployment, `migrate`."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop

from folkmoot import main
from folkmoot.cli import banner, local, operator, processes, terminal
from folkmoot.cli.banner import Started
from folkmoot.db import migrate as schema
from folkmoot.http.server import handed_over, listen, server
from folkmoot.kit.telemetry import logs
from folkmoot.main import Ground, Parts, Service
from folkmoot.settings.deployment import Deployment, Mode, secret_values

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")]
DataDir = Annotated[Path | None, typer.Option(help="Where data are kept.")]
Workers = Annotated[int | None, typer.Option(help="How many processes serve.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]
WorkerToo = Annotated[
    bool | None, typer.Option("--worker/--no-worker", help="Run background jobs here too.")
]
Handle = Annotated[int | None, typer.Option("--fd", hidden=True)]

Ready = Callable[[Parts], Awaitable[None]]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def up(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    workers: Workers = None,
    config: ConfigFile = None,
) -> None:
    """Start everything: database, migrations, a first organisation, the server and its worker."""
    deployment = _deployment(host, port, data_dir, workers, config)
    listening = _bind(deployment)
    ground = main.ground(_at(deployment, listening))
    try:
        ground.place.migrate()
        url = _url(deployment, listening)
        with local.announced(ground.data_dir, url):
            if deployment.workers > 1:
                started = asyncio.run(_begun(ground, listening))
                given = flags(host, port, data_dir, config)
                show = partial(banner.show, started)
                processes.supervise(listening, deployment.workers, given, ready=show)
            else:
                _run(ground, listening, partial(_announce, listening), works=True)
    finally:
        ground.place.close()


def serve(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    worker_too: WorkerToo = None,
    fd: Handle = None,
) -> None:
    """Serve the API and the console; the schema must be up to date (see `migrate`)."""
    deployment = _deployment(host, port, data_dir, None, config)
    operator.demand_begun(deployment)
    if fd is not None:
        processes.end_with_parent()
    listening = handed_over(fd) if fd is not None else _bind(deployment)
    url = _url(deployment, listening)
    ground = main.ground(_at(deployment, listening))
    try:
        ground.place.demand_ready()
        with nullcontext() if fd is not None else local.announced(ground.data_dir, url):
            _run(ground, listening, partial(_begin, url), works=bool(worker_too))
    finally:
        ground.place.close()


def worker(
    data_dir: DataDir = None,
    config: ConfigFile = None,
    *,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="First try again what was given up.")
    ] = False,
) -> None:
    """Work on background jobs and take over runs of lost processes, without serving HTTP."""
    deployment = _deployment(None, None, data_dir, None, config)
    operator.demand_begun(deployment)
    ground = main.ground(deployment)
    try:
        ground.place.demand_ready()
        uvloop.run(main.work(ground, retry_failed=retry_failed))
    finally:
        ground.place.close()


def migrate(data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Bring the database's schema up to date."""
    ground = main.ground(_deployment(None, None, data_dir, None, config))
    try:
        ground.place.migrate()
    finally:
        ground.place.close()
    terminal.note(f"The schema is up to date ({schema.head()}).")


def flags(
    host: str | None, port: int | None, data_dir: Path | None, config: Path | None
) -> list[str]:
    """Return the arguments that make a child process configured as this one is."""
    given = {"--host": host, "--port": port, "--data-dir": data_dir, "--config": config}
    return [
        text for name, value in given.items() if value is not None for text in (name, str(value))
    ]


def _deployment(
    host: str | None,
    port: int | None,
    data_dir: Path | None,
    workers: int | None,
    config: Path | None,
) -> Deployment:
    given = {"host": host, "port": port, "data_dir": data_dir, "workers": workers}
    deployment = main.configuration(flags=given, file=config).deployment
    watched = deployment.mode is Mode.DEV and sys.stderr.isatty()
    style = logs.Style.CONSOLE if watched else logs.Style.JSON
    logs.configure(level=deployment.log_level, style=style, known=list(secret_values(deployment)))
    return deployment


def _bind(deployment: Deployment) -> socket.socket:
    try:
        return listen(deployment.host, deployment.port)
    except OSError as error:
        place = f"{deployment.host}:{deployment.port}"
        typer.echo(f"Cannot listen on {place}: {error.strerror}. Try --port 0.", err=True)
        raise typer.Exit(1) from None


def _at(deployment: Deployment, listening: socket.socket) -> Deployment:
    """Return a deployment with the address that it has got: its own links begin with it."""
    url = deployment.public_url or _url(deployment, listening)
    return deployment.model_copy(update={"port": listening.getsockname()[1], "public_url": url})


def _run(ground: Ground, listening: socket.socket, ready: Ready, *, works: bool) -> None:
    service = Service(ground, works=works, on_ready=ready)
    serving = server(
        service,
        drain=service.drain,
        trusted_proxies=ground.deployment.trusted_proxies,
        listening=listening,
    )
    try:
        uvloop.run(serving.serve(sockets=[listening]))
    except SystemExit:  # uvicorn's, when the application has not started
        raise service.refusal or typer.Exit(1) from None
    if serving.failed:
        raise typer.Exit(1)


async def _begin(url: str, parts: Parts) -> None:
    await main.provision_if_named(parts)
    log.info("server.started", url=url)


async def _announce(listening: socket.socket, parts: Parts) -> None:
    banner.show(await _started(listening, parts))


async def _begun(ground: Ground, listening: socket.socket) -> Started:
    """Make sure of the first organisation; other processes will serve."""
    async with main.running(ground) as parts:
        return await _started(listening, parts)


async def _started(listening: socket.socket, parts: Parts) -> Started:
    owner = await main.provision(parts)
    deployment, place, models = parts.ground.deployment, parts.ground.place, parts.models
    link = None
    if owner is not None and _is_here(listening):
        link = await parts.identity.issue_sign_in_link(owner.user_id)
    return Started(
        url=_url(deployment, listening),
        data_dir=str(parts.ground.data_dir),
        persistence="embedded PostgreSQL" if place.embedded else "PostgreSQL",
        models=f"{models.default} answers, {models.embedding} compares texts",
        providers=", ".join(models.providers) or "none",
        notices=tuple(notice.text for notice in models.notices()),
        mode=deployment.mode,
        sign_in=link,
    )


def _is_here(listening: socket.socket) -> bool:
    """Whether the server is reached by the loopback address, over which alone its link works."""
    address = ip_address(listening.getsockname()[0])
    return address.is_loopback or address.is_unspecified


def _url(deployment: Deployment, listening: socket.socket) -> str:
    host = "127.0.0.1" if deployment.host in {"0.0.0.0", "::"} else deployment.host  # noqa: S104 - compared, not bound
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}"
