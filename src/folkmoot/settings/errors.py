"""Failures of the configuration, of settings and of secrets."""

from folkmoot.kit.errors import AppError, Conflict, Forbidden, Invalid, NotFound, Unavailable


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


class SettingTooWide(Conflict):
    """A layer above restricts this, and here it can be made stricter only."""

    code = "setting_too_wide"

    def __init__(self, field: str, layer: str) -> None:
        super().__init__(
            f"The {layer} restricts {field}: here it can be made stricter, not looser.",
            field=field,
            layer=layer,
        )


class SettingUnusable(Conflict):
    """A value of the right shape means nothing here: an unknown time zone, for one."""

    code = "setting_unusable"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}", field=field)


class PictureUnusable(Invalid):
    """What was sent is no picture, or one that not every browser can draw."""

    code = "picture_unusable"


class FeatureOff(Forbidden):
    """The operator of this deployment has switched it off."""

    code = "feature_off"

    def __init__(self, feature: str) -> None:
        super().__init__("This is switched off in this deployment.", feature=feature)


class SecretNotFound(NotFound):
    code = "secret_not_found"

    def __init__(self) -> None:
        super().__init__("No secret with this id is visible to you.")


class SecretUnreadable(Conflict):
    """It was sealed with a key that this deployment does not have, or has gone where it lay."""

    code = "secret_unreadable"

    def __init__(self, name: str) -> None:
        super().__init__("This secret cannot be opened. Set it anew.", name=name)


class SecretStoreUnavailable(Unavailable):
    """Where secrets are kept does not answer, or not to us."""

    code = "secret_store_unavailable"

    def __init__(self) -> None:
        super().__init__("The store of secrets does not answer.", retry_after=5)
