"""Base classes for tables: who a row belongs to is a mixin, never a convention."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, DateTime, LargeBinary, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from folkmoot.kit import clock, ids

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """The root of every table."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        int: BigInteger,
        bytes: LargeBinary,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        **dict.fromkeys(ids.ALL, Uuid),
    }


class Stamped(MappedAsDataclass, kw_only=True):
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now, init=False)
    updated_at: Mapped[datetime] = mapped_column(
        default_factory=clock.now, onupdate=clock.now, init=False
    )


class OrgScoped(MappedAsDataclass, kw_only=True):
    """A row of one organisation.

    `org_id` leads the primary key, so that every foreign key between tenant tables has to name
    the organisation too.
    """

    org_id: Mapped[ids.OrgId] = mapped_column(primary_key=True)


class Hierarchical(OrgScoped, kw_only=True):
    """A row of an organisation that may be narrowed to one team or to one user, never both."""

    team_id: Mapped[ids.TeamId | None] = mapped_column(default=None)
    user_id: Mapped[ids.UserId | None] = mapped_column(default=None)

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return (CheckConstraint("team_id IS NULL OR user_id IS NULL", name="one_level"),)
