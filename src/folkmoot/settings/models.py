"""Tables of the settings slice."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from folkmoot.db.model import Hierarchical, Model, OrgScoped, Stamped
from folkmoot.kit import clock
from folkmoot.kit.ids import SecretId, SettingsId, UserId, new_id
from folkmoot.settings.groups import Group


def _of_a_level(unique: str) -> tuple[SchemaItem, ...]:
    """Return what holds of rows of which each level has one by a name."""
    return (
        CheckConstraint("team_id IS NULL OR user_id IS NULL", name="one_level"),
        ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["org_id", "team_id"], ["teams.org_id", "teams.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["memberships.org_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        Index(
            unique,
            "org_id",
            "name",
            "team_id",
            "user_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )


class SettingsLayer(Model, Hierarchical, Stamped, kw_only=True):
    """What an organisation, a team or a user has set of one group.

    It stays when everything is unset again, so that a version never means two things. `revision`
    is new with every change: by it other processes find out that they remember something old.
    """

    __tablename__ = "settings"

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return (*_of_a_level("uq_settings_layer"), Index("ix_settings_changed_at", "changed_at"))

    id: Mapped[SettingsId] = mapped_column(
        primary_key=True, default_factory=lambda: SettingsId(new_id())
    )
    name: Mapped[Group] = mapped_column(Text)
    content: Mapped[dict[str, Any]] = mapped_column(default_factory=dict[str, Any])
    allow_team_override: Mapped[bool | None] = mapped_column(default=None)
    allow_user_override: Mapped[bool | None] = mapped_column(default=None)
    version: Mapped[int] = mapped_column(default=0)
    updated_by: Mapped[UserId]
    revision: Mapped[UUID] = mapped_column(Uuid, default_factory=new_id)
    changed_at: Mapped[datetime] = mapped_column(default_factory=clock.now)


class Secret(Model, Hierarchical, Stamped, kw_only=True):
    """A secret's place. What it says is sealed here, or kept in a store elsewhere.

    `sealed` is locked with a key of its own, and that key, in `wrapped_key`, with the deployment's
    key called `key_id`. Elsewhere each value has a name of its own, which `kept_as` is part of: one
    that is written is not in the way of the one that it replaces.
    """

    __tablename__ = "secrets"

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        together = (
            "(sealed IS NULL) = (wrapped_key IS NULL) AND (sealed IS NULL) = (key_id IS NULL)"
        )
        return (
            *_of_a_level("uq_secrets_name"),
            CheckConstraint(together, name="sealed"),
            CheckConstraint("sealed IS NULL OR kept_as IS NULL", name="kept"),
            Index("ix_secrets_kept_as", "kept_as", postgresql_where=text("kept_as IS NOT NULL")),
        )

    id: Mapped[SecretId] = mapped_column(
        primary_key=True, default_factory=lambda: SecretId(new_id())
    )
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    sealed: Mapped[bytes | None] = mapped_column(default=None, repr=False)
    wrapped_key: Mapped[bytes | None] = mapped_column(default=None, repr=False)
    key_id: Mapped[str | None] = mapped_column(default=None)
    kept_as: Mapped[UUID | None] = mapped_column(Uuid, default=None)
    created_by: Mapped[UserId]


class SecretChange(Model, OrgScoped, kw_only=True):
    """That a secret of an organisation has been set or removed; rows of secrets go, this one stays.

    `revision` is new with every change, as those of settings are.
    """

    __tablename__ = "secret_changes"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
        Index("ix_secret_changes_changed_at", "changed_at"),
    )

    revision: Mapped[UUID] = mapped_column(Uuid, default_factory=new_id)
    changed_at: Mapped[datetime] = mapped_column(default_factory=clock.now)
