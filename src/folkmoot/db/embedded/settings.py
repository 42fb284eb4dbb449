"""How an embedded server is set up."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from folkmoot.db.embedded.home import PORT

LOG_FILES: Final = "postgresql-*.log"

DEFAULTS: Final[Mapping[str, str]] = {
    # A small machine's share of memory: with nobody connected the server takes about 13 MB.
    "shared_buffers": "64MB",
    "max_connections": "100",
    # Room in shared memory that is taken whether it is used or not, cut down to what can be.
    "wal_buffers": "1MB",
    "max_locks_per_transaction": "32",
    "max_pred_locks_per_transaction": "10",
    "autovacuum_worker_slots": "3",
    "io_max_concurrency": "4",
    "random_page_cost": "1.1",
    # Processes that would only wait: nothing is replicated, and what is read is mostly cached.
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    # Queries of a client that was killed end soon instead of running on for nobody.
    "client_connection_check_interval": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_rotation_size": "10MB",
    "log_rotation_age": "1d",
    # Whoever sent a failing statement hears of it. Here it would only leave people's data behind:
    # statements, the keys that clashed, the text that was no number.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


def arguments(settings: Mapping[str, str], sockets: Path, log: Path) -> list[str]:
    """Return the command line's settings: the defaults, the caller's, and what nobody may change.

    Args:
        settings: The caller's settings.
        sockets: The directory of the socket, the only way in.
        log: The directory of the log.
    """
    fixed = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{sockets}"',
        "unix_socket_permissions": "0700",
        "logging_collector": "on",
        "log_destination": "stderr",
        "log_directory": str(log),
        "log_filename": "postgresql-%Y%m%d-%H%M%S.log",
    }
    merged = {**DEFAULTS, **settings, **fixed}
    return [part for name, value in merged.items() for part in ("-c", f"{name}={value}")]
