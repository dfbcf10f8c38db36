"""Collections, dataset types, datasets, their files and what they belong to."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from underbutler.registry.column_types import IDENTITY, UtcDateTime
from underbutler.registry.schema.columns import (
    BIG,
    BOOL,
    INT,
    METADATA,
    TEXT,
    key,
    optional,
    refers,
    required,
)

collection = sa.Table(
    "collection",
    METADATA,
    sa.Column("id", IDENTITY, primary_key=True),
    required("name", TEXT),
    required("type", sa.SmallInteger()),
    required("doc", sa.Text()),
    sa.UniqueConstraint("name"),
)

collection_chain = sa.Table(
    "collection_chain",
    METADATA,
    key("parent", BIG),
    key("position", INT),
    required("child", BIG),
    refers("parent", "collection", "id", cascade=True),
    refers("child", "collection", "id"),
    sa.Index(None, "child"),
)

dataset_type = sa.Table(
    "dataset_type",
    METADATA,
    sa.Column("id", IDENTITY, primary_key=True),
    required("name", TEXT),
    # Required dimensions, sorted, separated by commas.
    required("dimensions", TEXT),
    required("storage_class", TEXT),
    required("is_calibration", BOOL),
    sa.UniqueConstraint("name"),
)

DATASET_DIMENSIONS = (
    "instrument",
    "band",
    "physical_filter",
    "subfilter",
    "detector",
    "group",
    "day_obs",
    "exposure",
    "visit",
    "visit_system",
    "skymap",
    "tract",
    "patch",
    "htm7",
    "healpix9",
)
"""Columns of ``dataset`` that hold data IDs: the required dimensions of the dataset's type."""

_DIMENSION_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    **dict.fromkeys(("instrument", "band", "physical_filter", "group", "skymap"), TEXT),
    **dict.fromkeys(("exposure", "visit", "htm7", "healpix9"), BIG),
}


def _partial(*columns: str) -> sa.Index:
    """Index the rows that have the last column only."""
    condition = sa.text(f'"{columns[-1]}" IS NOT NULL')
    return sa.Index(
        f"ix_dataset_{'_'.join(columns)}",
        *columns,
        postgresql_where=condition,
        sqlite_where=condition,
    )


dataset = sa.Table(
    "dataset",
    METADATA,
    key("id", sa.Uuid()),
    required("dataset_type", BIG),
    required("run", BIG),
    required("data_key", sa.Uuid()),
    *(optional(name, _DIMENSION_TYPES.get(name, INT)) for name in DATASET_DIMENSIONS),
    required("ingested_at", UtcDateTime()),
    sa.UniqueConstraint("dataset_type", "run", "data_key"),
    refers("dataset_type", "dataset_type", "id"),
    refers("run", "collection", "id"),
    _partial("instrument", "exposure"),
    _partial("instrument", "visit"),
    _partial("skymap", "tract"),
    _partial("htm7"),
)

dataset_file = sa.Table(
    "dataset_file",
    METADATA,
    key("dataset", sa.Uuid()),
    key("component", TEXT),
    required("uri", TEXT),
    optional("hdu", INT),
    required("formatter", TEXT),
    optional("size_bytes", BIG),
    optional("etag", TEXT),
    optional("version_id", TEXT),
    optional("checksum", TEXT),
    optional("raw_object", BIG),
    refers("dataset", "dataset", "id", cascade=True),
    refers("raw_object", "raw_object", "id"),
    sa.Index(None, "uri"),
    sa.Index(None, "raw_object"),
)

dataset_tag = sa.Table(
    "dataset_tag",
    METADATA,
    key("collection", BIG),
    key("dataset_type", BIG),
    key("data_key", sa.Uuid()),
    required("dataset", sa.Uuid()),
    refers("collection", "collection", "id", cascade=True),
    refers("dataset", "dataset", "id", cascade=True),
    sa.Index(None, "dataset"),
)

dataset_validity = sa.Table(
    "dataset_validity",
    METADATA,
    sa.Column("id", IDENTITY, primary_key=True),
    required("collection", BIG),
    required("dataset_type", BIG),
    required("data_key", sa.Uuid()),
    required("dataset", sa.Uuid()),
    optional("timespan_begin", BIG),
    optional("timespan_end", BIG),
    refers("collection", "collection", "id", cascade=True),
    refers("dataset", "dataset", "id", cascade=True),
    sa.Index(None, "collection", "dataset_type", "data_key"),
    sa.Index(None, "dataset"),
)
