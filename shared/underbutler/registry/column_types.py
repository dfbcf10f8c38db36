"""Column types that mean the same in PostgreSQL and SQLite."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from underbutler.model.observation import AppliedCorrections

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["IDENTITY", "NAME", "UtcDateTime", "corrections_text", "read_corrections"]

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text ordered by code point, as Python and SQLite order it, whatever the cluster's locale."""

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Generated row number; SQLite numbers only columns of type INTEGER."""


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant, always with its time zone: UTC.

    SQLite keeps no time zones: written and read there as naive UTC.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Read as UTC."""
        if value is None:
            return None
        instant: datetime = value
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def corrections_text(corrections: AppliedCorrections | None) -> str | None:
    """Write corrections as a column holds them."""
    if corrections is None:
        return None
    return json.dumps({"uri": corrections.uri, "keywords": corrections.keywords})


def read_corrections(text: str | None) -> AppliedCorrections | None:
    """Read corrections from a column."""
    if text is None:
        return None
    content = json.loads(text)
    return AppliedCorrections(uri=content["uri"], keywords=tuple(content["keywords"]))
