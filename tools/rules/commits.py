"""Nobody commits but the unit of work.

The accident: a service commits half-way, a later step fails, and the first half stays. The caller's
transaction, with its tenant setting, has ended unnoticed; what follows runs without one.
"""

import ast
from collections.abc import Iterator

from rules.source import Finding, Source, name_of


def check(source: Source) -> Iterator[Finding]:
    """Find `.commit(` and `.rollback(` outside `db`."""
    if not source.is_package or source.is_in("db"):
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = name_of(node)
            if name in {"commit", "rollback"}:
                yield source.found(node, f".{name}() outside db: the Work ends its transaction")
