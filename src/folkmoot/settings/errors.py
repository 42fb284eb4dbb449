"""Failures of the configuration."""

from folkmoot.kit.errors import AppError


class ConfigurationInvalid(AppError):
    """A value cannot be used; says where it stands, which one it is and why."""

    code = "configuration_invalid"

    def __init__(self, origin: str, key: str, reason: str) -> None:
        super().__init__(f"{origin}: {key}: {reason}", origin=origin, key=key, reason=reason)
