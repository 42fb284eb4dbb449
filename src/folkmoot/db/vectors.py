"""Vectors as pgvector keeps them."""

from typing import Any, cast

from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType


class HalfVector(UserDefinedType[str]):
    """pgvector's `halfvec`, of any length; written and read as its text, `[1,2,3]`."""

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "halfvec"


cast(dict[str, Any], ischema_names)["halfvec"] = HalfVector


def literal(vector: list[float]) -> str:
    """Return a vector as PostgreSQL reads it; five digits are more than a `halfvec` keeps."""
    return f"[{','.join(f'{value:.5g}' for value in vector)}]"
