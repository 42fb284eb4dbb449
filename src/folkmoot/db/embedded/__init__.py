"""An embedded PostgreSQL: found in a wheel, run, shared between processes and brought back.

Owns one directory on this machine: the cluster, its password, its locks and its log. Knows
nothing of what is stored in the server. `EmbeddedPostgres` is the way in.
"""

from folkmoot.db.embedded.errors import EmbeddedPostgresFailed
from folkmoot.db.embedded.server import Server
from folkmoot.db.embedded.supervisor import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresFailed", "Server"]
