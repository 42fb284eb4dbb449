"""Start, share, watch and stop the embedded server."""

import atexit
import contextlib
import os
import signal
import subprocess  # for its type only: programs are started in account.py  # nosec B404
import threading
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Final

import structlog

from folkmoot.db.embedded import binaries, cluster, journal, locks, postmaster
from folkmoot.db.embedded import home as homes
from folkmoot.db.embedded import settings as setup
from folkmoot.db.embedded.errors import EmbeddedPostgresFailed
from folkmoot.db.embedded.home import Home
from folkmoot.db.embedded.locks import Share
from folkmoot.db.embedded.postmaster import Postmaster
from folkmoot.db.embedded.server import SUPERUSER, Server
from folkmoot.db.embedded.waiting import attempts
from folkmoot.kit import clock

START_SECONDS: Final = 120
"""Recovery after a crash replays up to a gigabyte of log before the first answer."""

TURN_SECONDS: Final = 150
LAUNCH_SECONDS: Final = 2
ORPHAN_SECONDS: Final = 2
"""How long processes without a postmaster may finish what they are at. A query never hears that
its postmaster died, and no new server can start beside it."""

STOPPING: Final = ((signal.SIGINT, 30), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
"""Ask to stop, demand it, force it; seconds to wait after each."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """One process's hold on the server of a directory. Every method may be called by any thread.

    Processes take turns by the lock `lock`, are counted by shares of `users`, and know by `life`
    whether anything of the server is alive. The server outlives whoever started it if that is
    killed, and ends when the last one who uses it stops.
    """

    def __init__(self, root: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """Take a directory; nothing happens before `start`.

        Args:
            root: A directory for the server alone. It is made with its parents.
            settings: PostgreSQL's settings beside the defaults. They count for whoever starts it.
        """
        self._root = root.resolve()
        self._settings = dict(settings or {})
        self._mutex = threading.Lock()
        self._life = self._root / "life"
        self._owner = 0
        self._share: Share | None = None
        self._server: Server | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._joined = False

    @property
    def joined(self) -> bool:
        """Whether the server was running already when this object came."""
        return self._joined

    def start(self) -> Server:
        """Join the server of this directory or start it; return once it has answered a query.

        Raises:
            EmbeddedPostgresFailed: It cannot be started, or does not answer in time.
        """
        with self._mutex, self._turn():
            return self._start()

    def alive(self) -> bool:
        """Whether the server answers a query within a few seconds."""
        server = self._server
        return server is not None and server.answers()

    def ensure(self) -> Server:
        """Bring the server back if it has died. It does not come back after `stop`.

        Raises:
            EmbeddedPostgresFailed: It cannot be started, or this object does not use it.
        """
        with self._mutex:
            if self._share is None or self._server is None:
                raise EmbeddedPostgresFailed("The embedded server is not in use here.")
            if self._server.answers():
                return self._server
            log.warning("embedded_postgres.lost", root=str(self._root))
            with self._turn():
                return self._start()

    def stop(self) -> None:
        """Give the server up; the last one to do so shuts it down. May be called again.

        A forked child gives nothing up: it holds its parent's place.
        """
        with self._mutex:
            if self._share is None or self._owner != os.getpid():
                return
            atexit.unregister(self.stop)
            with self._turn():
                share, self._share, self._server = self._share, None, None
                if share.leave():
                    self._shut_down(homes.settle(self._root))
                    log.info("embedded_postgres.stopped", root=str(self._root))

    @contextlib.contextmanager
    def _turn(self) -> Generator[None]:
        """One process at a time starts, joins or leaves."""
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locks.exclusive(self._root / "lock", TURN_SECONDS):
                yield
        except OSError as error:
            raise EmbeddedPostgresFailed(
                f"The embedded server in {self._root} cannot be used: {error}."
            ) from error

    def _start(self) -> Server:
        home = homes.settle(self._root)
        with contextlib.ExitStack() as undo:
            share = self._share if self._owner == os.getpid() else None
            if share is None:
                share = Share(self._root / "users")
                undo.callback(share.leave)
            server = self._join(home)
            if server is not None:
                self._joined = not self._is_parent()
            else:
                undo.callback(self._shut_down, home)
                server = self._launch(home)
            undo.pop_all()
        self._hold(share, server)
        return server

    def _hold(self, share: Share, server: Server) -> None:
        if self._share is not share:
            self._share, self._owner = share, os.getpid()
            atexit.register(self.stop)  # an exit that skips the shutdown must not leave it running
        self._server = server

    def _join(self, home: Home) -> Server | None:
        """Wait until a running server answers; None as soon as nothing of it is alive."""
        seen = clock.monotonic()
        for _ in attempts(START_SECONDS):
            if locks.is_free(self._life):
                return None
            found = postmaster.read(home.data)
            server = _ask(home, found)
            if server is not None:
                return server
            if found is not None and postmaster.is_live(found.pid, home.data):
                seen = clock.monotonic()
                if found.status == "stopping":
                    # After a SIGTERM from outside it waits for its clients, and they for it.
                    _signal([found.pid], signal.SIGINT)
            elif not self._is_parent() and clock.monotonic() - seen > ORPHAN_SECONDS:
                _signal(postmaster.processes(home.data), signal.SIGKILL)
        raise EmbeddedPostgresFailed(
            f"PostgreSQL did not answer within {START_SECONDS} s.", log=journal.tail(home)
        )

    def _launch(self, home: Home) -> Server:
        programs = binaries.usable(binaries.installed(), home.copies, home.account)
        sockets = home.socket_dir()
        home.private(home.log)
        settings = setup.arguments(self._settings, sockets, home.log)
        with locks.exclusive(self._life, LAUNCH_SECONDS) as life:
            cluster.make(home, programs, life)
            cluster.sweep(home, sockets)
            start_log = locks.open_private(home.start_log, os.O_WRONLY | os.O_TRUNC)
            with os.fdopen(start_log, "wb") as output:
                self._process = home.account.spawn(
                    programs / "bin" / "postgres",
                    "-D",
                    home.data,
                    *settings,
                    output=output,
                    inherit=(life,),
                )
        threading.Thread(target=self._process.wait, name="reap-postgres", daemon=True).start()
        server = self._join(home)
        if server is None:
            raise EmbeddedPostgresFailed("PostgreSQL did not start.", log=journal.tail(home))
        self._joined = False
        log.info("embedded_postgres.started", home=str(home.path), process=self._process.pid)
        return server

    def _shut_down(self, home: Home) -> None:
        if self._is_over():
            return  # what else serves the data is not ours to stop
        for order, patience in STOPPING:
            found = postmaster.read(home.data)
            if self._process is not None and self._is_parent():
                self._process.send_signal(order)
            elif found is not None and postmaster.is_live(found.pid, home.data):
                _signal([found.pid], order)
            if order == signal.SIGKILL:
                _signal(postmaster.processes(home.data), order)
            if any(self._is_over() for _ in attempts(patience)):
                return
        raise EmbeddedPostgresFailed("PostgreSQL does not stop.", log=journal.tail(home))

    def _is_parent(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _is_over(self) -> bool:
        return not self._is_parent() and locks.is_free(self._life)


def _ask(home: Home, found: Postmaster | None) -> Server | None:
    if found is None or found.status != "ready":
        return None
    server = Server(found.socket_dir, found.port, SUPERUSER, cluster.password(home))
    return server if server.answers() else None


def _signal(processes: list[int], order: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, order)
