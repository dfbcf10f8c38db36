"""Datasets and collections, objects and events, outbox."""

import sqlalchemy as sa
from alembic import op

from underbutler.registry.column_types import IDENTITY, NAME, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "collection",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("name", name=op.f("uq_collection_name")),
    )
    op.create_table(
        "dataset_type",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("dimensions", NAME, nullable=False),
        sa.Column("storage_class", NAME, nullable=False),
        sa.Column("is_calibration", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_type")),
        sa.UniqueConstraint("name", name=op.f("uq_dataset_type_name")),
    )
    op.create_table(
        "ingest_event",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("bucket", NAME, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("event_name", NAME, nullable=False),
        sa.Column("event_time", UtcDateTime(), nullable=True),
        sa.Column("sequencer", NAME, nullable=True),
        sa.Column("etag", NAME, nullable=True),
        sa.Column("version_id", NAME, nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("message_id", NAME, nullable=False),
        sa.Column("receive_count", sa.Integer(), nullable=True),
        sa.Column("outcome", NAME, nullable=False),
        sa.Column("code", NAME, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_event")),
    )
    op.create_index(
        op.f("ix_ingest_event_bucket_key"), "ingest_event", ["bucket", "key"], unique=False
    )
    op.create_index(op.f("ix_ingest_event_day"), "ingest_event", ["day"], unique=False)
    op.create_table(
        "metadata_index",
        sa.Column("bucket", NAME, autoincrement=False, nullable=False),
        sa.Column("target", NAME, autoincrement=False, nullable=False),
        sa.Column("source_key", NAME, autoincrement=False, nullable=False),
        sa.Column("stem", NAME, nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("content", NAME, nullable=False),
        sa.Column("source_etag", NAME, nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "target", "source_key", name=op.f("pk_metadata_index")),
    )
    op.create_index(
        op.f("ix_metadata_index_bucket_source_key"),
        "metadata_index",
        ["bucket", "source_key"],
        unique=False,
    )
    op.create_index(
        op.f("ix_metadata_index_bucket_stem"), "metadata_index", ["bucket", "stem"], unique=False
    )
    op.create_table(
        "outbox",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("dedup_key", NAME, nullable=False),
        sa.Column("destination", NAME, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_outbox_dedup_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_created_at"), "outbox", ["created_at"], unique=False)
    op.create_table(
        "raw_object",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("bucket", NAME, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("stem", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("code", NAME, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("etag", NAME, nullable=True),
        sa.Column("version_id", NAME, nullable=True),
        sa.Column("sequencer", NAME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt", UtcDateTime(), nullable=True),
        sa.Column("instrument", NAME, nullable=True),
        sa.Column("exposure", sa.BigInteger(), nullable=True),
        sa.Column("detector", sa.Integer(), nullable=True),
        sa.Column("source", sa.SmallInteger(), nullable=True),
        sa.Column("source_key", NAME, nullable=True),
        sa.Column("observation", sa.Uuid(), nullable=True),
        sa.Column("first_seen", UtcDateTime(), nullable=False),
        sa.Column("last_seen", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_object")),
        sa.UniqueConstraint("bucket", "key", name=op.f("uq_raw_object_bucket_key")),
    )
    op.create_index(
        op.f("ix_raw_object_bucket_stem"), "raw_object", ["bucket", "stem"], unique=False
    )
    op.create_index(
        "ix_raw_object_data_id",
        "raw_object",
        ["instrument", "exposure", "detector"],
        unique=False,
        postgresql_where=sa.text("exposure IS NOT NULL"),
        sqlite_where=sa.text("exposure IS NOT NULL"),
    )
    op.create_index(
        "ix_raw_object_problem",
        "raw_object",
        ["state", "next_attempt"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'rejected')"),
        sqlite_where=sa.text("state IN ('waiting', 'rejected')"),
    )
    op.create_index(
        "ix_raw_object_source",
        "raw_object",
        ["bucket", "source_key"],
        unique=False,
        postgresql_where=sa.text("source_key IS NOT NULL"),
        sqlite_where=sa.text("source_key IS NOT NULL"),
    )
    op.create_table(
        "registry_attribute",
        sa.Column("name", NAME, autoincrement=False, nullable=False),
        sa.Column("value", NAME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_registry_attribute")),
    )
    op.create_table(
        "skymap",
        sa.Column("name", NAME, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("tract_max", sa.Integer(), nullable=True),
        sa.Column("patch_nx_max", sa.Integer(), nullable=True),
        sa.Column("patch_ny_max", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_skymap")),
    )
    op.create_table(
        "subfilter",
        sa.Column("band", NAME, autoincrement=False, nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("band", "id", name=op.f("pk_subfilter")),
    )
    op.create_table(
        "collection_chain",
        sa.Column("parent", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("child", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["child"], ["collection.id"], name=op.f("fk_collection_chain_child")
        ),
        sa.ForeignKeyConstraint(
            ["parent"],
            ["collection.id"],
            name=op.f("fk_collection_chain_parent"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("parent", "position", name=op.f("pk_collection_chain")),
    )
    op.create_index(op.f("ix_collection_chain_child"), "collection_chain", ["child"], unique=False)
    op.create_table(
        "dataset",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("dataset_type", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("data_key", sa.Uuid(), nullable=False),
        sa.Column("instrument", NAME, nullable=True),
        sa.Column("band", NAME, nullable=True),
        sa.Column("physical_filter", NAME, nullable=True),
        sa.Column("subfilter", sa.Integer(), nullable=True),
        sa.Column("detector", sa.Integer(), nullable=True),
        sa.Column("group", NAME, nullable=True),
        sa.Column("day_obs", sa.Integer(), nullable=True),
        sa.Column("exposure", sa.BigInteger(), nullable=True),
        sa.Column("visit", sa.BigInteger(), nullable=True),
        sa.Column("visit_system", sa.Integer(), nullable=True),
        sa.Column("skymap", NAME, nullable=True),
        sa.Column("tract", sa.Integer(), nullable=True),
        sa.Column("patch", sa.Integer(), nullable=True),
        sa.Column("htm7", sa.BigInteger(), nullable=True),
        sa.Column("healpix9", sa.BigInteger(), nullable=True),
        sa.Column("ingested_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_type"], ["dataset_type.id"], name=op.f("fk_dataset_dataset_type")
        ),
        sa.ForeignKeyConstraint(["run"], ["collection.id"], name=op.f("fk_dataset_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint(
            "dataset_type", "run", "data_key", name=op.f("uq_dataset_dataset_type_run_data_key")
        ),
    )
    op.create_index(
        "ix_dataset_htm7",
        "dataset",
        ["htm7"],
        unique=False,
        postgresql_where=sa.text('"htm7" IS NOT NULL'),
        sqlite_where=sa.text('"htm7" IS NOT NULL'),
    )
    op.create_index(
        "ix_dataset_instrument_exposure",
        "dataset",
        ["instrument", "exposure"],
        unique=False,
        postgresql_where=sa.text('"exposure" IS NOT NULL'),
        sqlite_where=sa.text('"exposure" IS NOT NULL'),
    )
    op.create_index(
        "ix_dataset_instrument_visit",
        "dataset",
        ["instrument", "visit"],
        unique=False,
        postgresql_where=sa.text('"visit" IS NOT NULL'),
        sqlite_where=sa.text('"visit" IS NOT NULL'),
    )
    op.create_index(
        "ix_dataset_skymap_tract",
        "dataset",
        ["skymap", "tract"],
        unique=False,
        postgresql_where=sa.text('"tract" IS NOT NULL'),
        sqlite_where=sa.text('"tract" IS NOT NULL'),
    )
    op.create_table(
        "tract",
        sa.Column("skymap", NAME, autoincrement=False, nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("region", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["skymap"], ["skymap.name"], name=op.f("fk_tract_skymap")),
        sa.PrimaryKeyConstraint("skymap", "id", name=op.f("pk_tract")),
    )
    op.create_table(
        "dataset_file",
        sa.Column("dataset", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("component", NAME, autoincrement=False, nullable=False),
        sa.Column("uri", NAME, nullable=False),
        sa.Column("hdu", sa.Integer(), nullable=True),
        sa.Column("formatter", NAME, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("etag", NAME, nullable=True),
        sa.Column("version_id", NAME, nullable=True),
        sa.Column("checksum", NAME, nullable=True),
        sa.Column("raw_object", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset"], ["dataset.id"], name=op.f("fk_dataset_file_dataset"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["raw_object"], ["raw_object.id"], name=op.f("fk_dataset_file_raw_object")
        ),
        sa.PrimaryKeyConstraint("dataset", "component", name=op.f("pk_dataset_file")),
    )
    op.create_index(
        op.f("ix_dataset_file_raw_object"), "dataset_file", ["raw_object"], unique=False
    )
    op.create_index(op.f("ix_dataset_file_uri"), "dataset_file", ["uri"], unique=False)
    op.create_table(
        "dataset_tag",
        sa.Column("collection", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("dataset_type", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data_key", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("dataset", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection"],
            ["collection.id"],
            name=op.f("fk_dataset_tag_collection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["dataset"], ["dataset.id"], name=op.f("fk_dataset_tag_dataset"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "collection", "dataset_type", "data_key", name=op.f("pk_dataset_tag")
        ),
    )
    op.create_index(op.f("ix_dataset_tag_dataset"), "dataset_tag", ["dataset"], unique=False)
    op.create_table(
        "dataset_validity",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("collection", sa.BigInteger(), nullable=False),
        sa.Column("dataset_type", sa.BigInteger(), nullable=False),
        sa.Column("data_key", sa.Uuid(), nullable=False),
        sa.Column("dataset", sa.Uuid(), nullable=False),
        sa.Column("timespan_begin", sa.BigInteger(), nullable=True),
        sa.Column("timespan_end", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["collection"],
            ["collection.id"],
            name=op.f("fk_dataset_validity_collection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["dataset"],
            ["dataset.id"],
            name=op.f("fk_dataset_validity_dataset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_validity")),
    )
    op.create_index(
        op.f("ix_dataset_validity_collection_dataset_type_data_key"),
        "dataset_validity",
        ["collection", "dataset_type", "data_key"],
        unique=False,
    )
    op.create_index(
        op.f("ix_dataset_validity_dataset"), "dataset_validity", ["dataset"], unique=False
    )
    op.create_table(
        "patch",
        sa.Column("skymap", NAME, autoincrement=False, nullable=False),
        sa.Column("tract", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cell_x", sa.Integer(), nullable=True),
        sa.Column("cell_y", sa.Integer(), nullable=True),
        sa.Column("region", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["skymap", "tract"], ["tract.skymap", "tract.id"], name=op.f("fk_patch_skymap_tract")
        ),
        sa.PrimaryKeyConstraint("skymap", "tract", "id", name=op.f("pk_patch")),
    )
    op.execute("INSERT INTO registry_attribute (name, value) VALUES ('schema_version', '1.0')")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup: migrations of the registry only go forward.")
