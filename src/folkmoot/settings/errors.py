"""Failures of the configuration, of settings and of secrets."""

from http import HTTPStatus

from folkmoot.kit.errors import AppError, Conflict


class ConfigurationInvalid(AppError):
    """A value cannot be used; says where it stands, which one it is and why."""

    code = "configuration_invalid"

    def __init__(self, origin: str, key: str, reason: str) -> None:
        super().__init__(f"{origin}: {key}: {reason}", origin=origin, key=key, reason=reason)


class SettingLocked(Conflict):
    """A layer above has set this and does not let it be set here."""

    code = "setting_locked"

    def __init__(self, field: str, layer: str) -> None:
        super().__init__(
            f"The {layer} has set {field} and keeps it from being changed here.",
            field=field,
            layer=layer,
        )


class SettingUnusable(Conflict):
    """A value of the right shape means nothing here: an unknown time zone, for one."""

    code = "setting_unusable"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}", field=field)


class VersionMissing(AppError):
    """A change does not say which version it is a change of."""

    code = "precondition_required"
    status = HTTPStatus.PRECONDITION_REQUIRED

    def __init__(self) -> None:
        super().__init__("Send the ETag of what you have read as If-Match.")


class VersionDiffers(AppError):
    """Somebody else was faster."""

    code = "precondition_failed"
    status = HTTPStatus.PRECONDITION_FAILED

    def __init__(self) -> None:
        super().__init__("This has been changed meanwhile. Read it again, then change it.")
