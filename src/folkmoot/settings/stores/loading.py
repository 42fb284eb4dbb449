"""The one door through which this room loads what is slow to import and seldom needed."""

from importlib import import_module

from folkmoot.settings.deployment import plain
from folkmoot.settings.services import Infisical
from folkmoot.settings.stores.store import SecretStore


def infisical(options: Infisical) -> SecretStore | None:
    """Return Infisical as a store; None if it is not configured."""
    secret = plain(options.client_secret)
    if not (options.client_id and secret and options.project_id):
        return None
    module = import_module("folkmoot.settings.stores.infisical")
    place = module.Place(
        url=options.url,
        client_id=options.client_id,
        client_secret=secret,
        project_id=options.project_id,
        environment=options.environment,
        path=options.path,
    )
    store: SecretStore = module.Infisical(place)
    return store
