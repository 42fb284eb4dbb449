"""Loads the checker of JSON schemas when a tool is first called: 6 MB that few need."""

from importlib import import_module
from types import ModuleType


def checker() -> ModuleType:
    """Return the library that checks a value against a JSON schema."""
    return import_module("jsonschema_rs")
