"""The deployment's secret key: given, or made once and kept in the data directory."""

import os
import secrets
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
    if deployment.secret_key is not None:
        return deployment.secret_key.get_secret_value()
    if deployment.mode is Mode.PRODUCTION:
        reason = "production mode needs one: at least 32 characters, the same for every process"
        raise ConfigurationInvalid("configuration", "secret_key", reason)
    path = data_dir / NAME
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii")
