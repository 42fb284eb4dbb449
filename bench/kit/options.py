"""The options that every benchmark has."""

import argparse
from pathlib import Path


def options(about: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows the script's docstring and knows the common options."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=1, help="take the median of so many runs")
    parser.add_argument("--json", type=Path, help="file to write every figure to")
    return parser
