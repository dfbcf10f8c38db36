"""Entries of indexes and sidecars that were seen before their files."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from underbutler.model.metadata_entry import ContentMode, MetadataEntry
from underbutler.model.observation import MetadataSource
from underbutler.registry import schema
from underbutler.registry.dialect import Columns, dialect_of
from underbutler.registry.matching import delete_matching, select_matching

__all__ = ["MetadataEntries"]

_TABLE = schema.metadata_index
_STEM: Columns = {"bucket": schema.TEXT, "stem": schema.TEXT}
_ENTRY: Columns = {"bucket": schema.TEXT, "target": schema.TEXT, "source_key": schema.TEXT}


class MetadataEntries:
    """Metadata that wait for their files, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = dialect_of(connection)

    def with_stems(self, stems: Collection[tuple[str, str]]) -> list[MetadataEntry]:
        """Find what waits for files of these (bucket, stem)."""
        if not stems:
            return []
        statement = self._dialect.statement(
            "entries with stems",
            lambda: select_matching(self._dialect, _TABLE, "wanted", _STEM),
        )
        rows = self._connection.execute(
            statement, self._dialect.bind("wanted", _STEM, sorted(stems))
        )
        return [_from_row(row) for row in rows]

    def save(self, entries: Sequence[MetadataEntry], now: datetime) -> None:
        """Keep entries until their files come; newer ones of the same source replace them."""
        self._dialect.upsert(
            self._connection,
            _TABLE,
            [
                {
                    "bucket": entry.bucket,
                    "target": entry.target,
                    "source_key": entry.source_key,
                    "stem": entry.stem,
                    "source": entry.source.value,
                    "content": entry.content.value,
                    "source_etag": entry.source_etag,
                    "entry": json.dumps(entry.detectors or entry.entry, separators=(",", ":")),
                    "seen_at": now,
                }
                for entry in sorted(entries, key=lambda e: (e.bucket, e.target, e.source_key))
            ],
            update=("source", "content", "source_etag", "entry"),
        )

    def discard(self, entries: Iterable[tuple[str, str, str]]) -> None:
        """Drop entries by (bucket, target, source key): their files have come."""
        rows = sorted(set(entries))
        if not rows:
            return
        statement = self._dialect.statement(
            "discard entries", lambda: delete_matching(self._dialect, _TABLE, "unwanted", _ENTRY)
        )
        self._connection.execute(statement, self._dialect.bind("unwanted", _ENTRY, rows))

    def discard_source(self, bucket: str, source_key: str) -> None:
        """Drop all that an index or sidecar gave: it was replaced or removed."""
        self._connection.execute(
            sa.delete(_TABLE).where(_TABLE.c.bucket == bucket, _TABLE.c.source_key == source_key)
        )


def _from_row(row: Row[Any]) -> MetadataEntry:
    # An object of a file with one detector, a list of objects of one with several.
    content = json.loads(row.entry)
    is_list = isinstance(content, list)
    return MetadataEntry(
        bucket=row.bucket,
        target=row.target,
        source_key=row.source_key,
        source=MetadataSource(row.source),
        content=ContentMode(row.content),
        source_etag=row.source_etag,
        entry={} if is_list else content,
        detectors=tuple(content) if is_list else (),
    )
