"""The deployment's secret key: given, or made once and kept in the data directory."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Final

from folkmoot.settings.deployment import Deployment, Mode
from folkmoot.settings.errors import ConfigurationInvalid

NAME: Final = "secret.key"


def secret_key(deployment: Deployment, data_dir: Path) -> str:
    """Return the secret key; in dev mode one is made at the first start.

    Raises:
        ConfigurationInvalid: There is none in production mode.
    """
    if deployment.secret_key is None and deployment.mode is Mode.PRODUCTION:
        reason = "production mode needs one: at least 32 characters, the same for every process"
        raise ConfigurationInvalid("configuration", "secret_key", reason)
    return existing_key(deployment, data_dir) or _make(data_dir / NAME)


def existing_key(deployment: Deployment, data_dir: Path) -> str | None:
    """Return the secret key if one is given or was made."""
    if deployment.secret_key is not None:
        return deployment.secret_key.get_secret_value()
    path = data_dir / NAME
    return path.read_text(encoding="ascii") if path.exists() else None


def _make(path: Path) -> str:
    """Make a key, whole or not at all; of two processes that do so at once, one makes it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{NAME}-")  # with mode 0600
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(handle)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
    finally:
        fresh.unlink()
    return path.read_text(encoding="ascii")
