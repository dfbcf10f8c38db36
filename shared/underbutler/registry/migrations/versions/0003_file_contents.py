"""Files of several datasets, auxiliary files, header corrections."""

import sqlalchemy as sa
from alembic import op

from underbutler.registry.column_types import NAME

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_has_hdus = sa.text("hdus IS NOT NULL")
_is_corrected = sa.text("metadata_corrections IS NOT NULL")


def upgrade() -> None:
    op.add_column("raw_object", sa.Column("dataset_type", NAME, nullable=True))
    op.add_column("raw_object", sa.Column("hdus", sa.Text(), nullable=True))
    op.add_column("raw_object", sa.Column("corrections", sa.Text(), nullable=True))
    op.add_column("exposure", sa.Column("metadata_corrections", sa.Text(), nullable=True))
    op.execute("UPDATE raw_object SET dataset_type = 'raw' WHERE exposure IS NOT NULL")
    op.create_index(
        "ix_raw_object_hdus",
        "raw_object",
        ["instrument", "exposure"],
        unique=False,
        postgresql_where=_has_hdus,
        sqlite_where=_has_hdus,
    )
    op.create_index(
        "ix_exposure_corrected",
        "exposure",
        ["instrument"],
        unique=False,
        postgresql_where=_is_corrected,
        sqlite_where=_is_corrected,
    )
    op.execute("UPDATE registry_attribute SET value = '2.0' WHERE name = 'schema_version'")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup: migrations of the registry only go forward.")
