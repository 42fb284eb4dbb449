"""What the tests of the command line share."""

from staged import stage

__all__ = ["stage"]
