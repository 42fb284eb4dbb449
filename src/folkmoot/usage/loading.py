"""The one door through which this room loads what is slow to import."""

from importlib import import_module

from folkmoot.usage.prices import Book


def book() -> Book:
    """Return the book of public prices, which takes a third of a second and 20 MB."""
    rates: Book = import_module("folkmoot.usage.book").rates
    return rates
