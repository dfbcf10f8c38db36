"""Watched objects, their history, metadata that wait for them, messages to send."""

from __future__ import annotations

import sqlalchemy as sa

from underbutler.registry.column_types import IDENTITY, UtcDateTime
from underbutler.registry.schema.columns import BIG, INT, METADATA, TEXT, key, optional, required

registry_attribute = sa.Table(
    "registry_attribute", METADATA, key("name", TEXT), required("value", TEXT)
)

_is_problem = sa.text("state IN ('waiting', 'rejected')")
_has_exposure = sa.text("exposure IS NOT NULL")
_has_hdus = sa.text("hdus IS NOT NULL")
_has_source = sa.text("source_key IS NOT NULL")

raw_object = sa.Table(
    "raw_object",
    METADATA,
    sa.Column("id", IDENTITY, primary_key=True),
    required("bucket", TEXT),
    required("key", TEXT),
    required("stem", TEXT),
    required("kind", TEXT),
    required("state", TEXT),
    required("code", TEXT),
    required("message", sa.Text()),
    optional("size_bytes", BIG),
    optional("etag", TEXT),
    optional("version_id", TEXT),
    optional("sequencer", TEXT),
    required("attempts", INT),
    optional("next_attempt", UtcDateTime()),
    optional("dataset_type", TEXT),
    optional("instrument", TEXT),
    optional("exposure", BIG),
    optional("detector", INT),
    # Of a file with several datasets: [[detector, HDU], …].
    optional("hdus", sa.Text()),
    optional("source", sa.SmallInteger()),
    optional("source_key", TEXT),
    optional("observation", sa.Uuid()),
    # {"uri": …, "keywords": […]}
    optional("corrections", sa.Text()),
    required("first_seen", UtcDateTime()),
    required("last_seen", UtcDateTime()),
    sa.UniqueConstraint("bucket", "key"),
    sa.Index(None, "bucket", "stem"),
    sa.Index(
        "ix_raw_object_problem",
        "state",
        "next_attempt",
        postgresql_where=_is_problem,
        sqlite_where=_is_problem,
    ),
    sa.Index(
        "ix_raw_object_data_id",
        "instrument",
        "exposure",
        "detector",
        postgresql_where=_has_exposure,
        sqlite_where=_has_exposure,
    ),
    sa.Index(
        "ix_raw_object_hdus",
        "instrument",
        "exposure",
        postgresql_where=_has_hdus,
        sqlite_where=_has_hdus,
    ),
    sa.Index(
        "ix_raw_object_source",
        "bucket",
        "source_key",
        postgresql_where=_has_source,
        sqlite_where=_has_source,
    ),
)

metadata_index = sa.Table(
    "metadata_index",
    METADATA,
    key("bucket", TEXT),
    # Key of the file an index entry describes, stem of the file a sidecar describes.
    key("target", TEXT),
    key("source_key", TEXT),
    required("stem", TEXT),
    required("source", sa.SmallInteger()),
    required("content", TEXT),
    required("source_etag", TEXT),
    required("entry", sa.Text()),
    required("seen_at", UtcDateTime()),
    sa.Index(None, "bucket", "stem"),
    sa.Index(None, "bucket", "source_key"),
)

ingest_event = sa.Table(
    "ingest_event",
    METADATA,
    sa.Column("id", IDENTITY, primary_key=True),
    # YYYYMMDD of UTC: what retention deletes by.
    required("day", INT),
    required("received_at", UtcDateTime()),
    required("bucket", TEXT),
    required("key", TEXT),
    required("event_name", TEXT),
    optional("event_time", UtcDateTime()),
    optional("sequencer", TEXT),
    optional("etag", TEXT),
    optional("version_id", TEXT),
    optional("size_bytes", BIG),
    required("message_id", TEXT),
    optional("receive_count", INT),
    required("outcome", TEXT),
    required("code", TEXT),
    required("message", sa.Text()),
    sa.Index(None, "bucket", "key"),
    sa.Index(None, "day"),
)

outbox = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", IDENTITY, primary_key=True),
    required("dedup_key", TEXT),
    required("destination", TEXT),
    required("payload", sa.Text()),
    # Counts announcements under this key: a row is deleted only as it was when it was sent.
    required("revision", INT),
    required("created_at", UtcDateTime()),
    sa.UniqueConstraint("dedup_key"),
    sa.Index(None, "created_at"),
    # A number names one message for ever: whoever sent one must not delete another.
    sqlite_autoincrement=True,
)
