"""Models that come as Python: the operator names them, and they are loaded when first asked for."""

from typing import Any

from folkmoot.llm import loading
from folkmoot.llm.config import ProviderConfig, Timeouts
from folkmoot.llm.errors import ModelNotLoaded


def plugged_in(bridge: str, name: str, configured: ProviderConfig, timeouts: Timeouts) -> Any:  # noqa: ANN401 - what the bridge builds
    """Return what a bridge makes of a provider's factory and the name of a model.

    Raises:
        ModelNotLoaded: it can not be loaded or made.
    """
    try:
        return loading.load(bridge)(name, loading.load(configured.path or ""), timeouts)
    except Exception as error:  # an edge: a plug-in raises what it likes
        raise ModelNotLoaded(name, str(error)) from error
