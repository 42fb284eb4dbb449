"""Collections and documents as commands name them."""

from http import HTTPStatus
from uuid import UUID

from folkmoot.cli.api import API, Api, Json, Refused
from folkmoot.cli.failures import Failure


class NoSuchCollection(Failure):
    """No collection has this name or id."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"No collection {name!r} is visible to you.",
            hints=("`folkmoot docs list` shows them.",),
        )


class AmbiguousName(Failure):
    """Several collections have this name."""

    def __init__(self, name: str, ids: list[str]) -> None:
        super().__init__(
            f"{len(ids)} collections are called {name!r}; say which by its id:", hints=ids
        )


def collection(api: Api, name: str) -> Json:
    """Return the collection of a name or an id.

    Raises:
        NoSuchCollection: There is none.
        AmbiguousName: There are several.
    """
    found = _by_id(api, name) or named(api, name)
    if found is None:
        raise NoSuchCollection(name)
    return found


def named(api: Api, name: str) -> Json | None:
    """Return the collection of a name.

    Raises:
        AmbiguousName: There are several.
    """
    found = [each for each in api.items(f"{API}/collections") if each["name"] == name]
    if len(found) > 1:
        raise AmbiguousName(name, [str(each["id"]) for each in found])
    return found[0] if found else None


def _by_id(api: Api, name: str) -> Json | None:
    try:
        return api.get(f"{API}/collections/{UUID(name)}")
    except ValueError:
        return None
    except Refused as refused:
        if refused.status == HTTPStatus.NOT_FOUND:
            return None
        raise
