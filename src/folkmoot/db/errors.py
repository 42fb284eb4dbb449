"""Failures the database room can report."""

from http import HTTPStatus

from folkmoot.kit.errors import AppError, Unavailable


class DangerousRole(AppError):
    """The connected role could bypass row-level security, so nothing is served through it."""

    code = "dangerous_database_role"

    def __init__(self, role: str) -> None:
        super().__init__(
            f"The database role {role!r} is a superuser, bypasses row-level security or owns "
            "tables. Folkmoot serves only through a role that can do none of these."
        )


class SecretKeyDiffers(AppError):
    """The roles' passwords were made from another secret key than ours."""

    code = "secret_key_differs"

    def __init__(self, role: str, *, in_use: bool) -> None:
        change = "stop the processes that use it now" if in_use else "run `folkmoot migrate`"
        super().__init__(
            f"The database does not let {role} in: another secret key was used with it. "
            "Set the same FOLKMOOT_SECRET_KEY for every process on this database; where none was "
            "set, it stands in secret.key in the data directory of the first. "
            f"If it was changed on purpose, {change}."
        )


class SchemaOutOfDate(AppError):
    """The schema is not the one this build was made for."""

    code = "schema_out_of_date"

    def __init__(self, found: str | None, wanted: str) -> None:
        has = f"The database's schema is {found}" if found else "The database has no schema yet"
        super().__init__(f"{has}; this build needs {wanted}. Run `folkmoot migrate`.")


class DatabaseUnavailable(Unavailable):
    """The database does not answer or has no connection to spare."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("The database does not answer. Please try again shortly.", retry_after=2)


class StorageFull(Unavailable):
    """There is no room left to write; nothing was stored."""

    code = "storage_full"
    status = HTTPStatus.INSUFFICIENT_STORAGE

    def __init__(self) -> None:
        super().__init__("There is no room left to store this.", retry_after=60)
