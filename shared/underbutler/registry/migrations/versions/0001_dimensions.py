"""Dimension records: instruments, exposures, visits."""

import sqlalchemy as sa
from alembic import op

from underbutler.registry.column_types import NAME

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exposure_observation",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("exposure", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "instrument", "exposure", "digest", name=op.f("pk_exposure_observation")
        ),
    )
    op.create_table(
        "instrument",
        sa.Column("name", NAME, autoincrement=False, nullable=False),
        sa.Column("visit_max", sa.BigInteger(), nullable=False),
        sa.Column("exposure_max", sa.BigInteger(), nullable=False),
        sa.Column("detector_max", sa.Integer(), nullable=False),
        sa.Column("visit_system", sa.Integer(), nullable=True),
        sa.Column("class_name", NAME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_instrument")),
    )
    op.create_table(
        "day_obs",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("timespan_begin", sa.BigInteger(), nullable=True),
        sa.Column("timespan_end", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instrument"], ["instrument.name"], name=op.f("fk_day_obs_instrument")
        ),
        sa.PrimaryKeyConstraint("instrument", "id", name=op.f("pk_day_obs")),
    )
    op.create_table(
        "detector",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("full_name", NAME, nullable=False),
        sa.Column("name_in_raft", NAME, nullable=True),
        sa.Column("raft", NAME, nullable=True),
        sa.Column("purpose", NAME, nullable=True),
        sa.ForeignKeyConstraint(
            ["instrument"], ["instrument.name"], name=op.f("fk_detector_instrument")
        ),
        sa.PrimaryKeyConstraint("instrument", "id", name=op.f("pk_detector")),
    )
    op.create_table(
        "exposure_group",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("name", NAME, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument"], ["instrument.name"], name=op.f("fk_exposure_group_instrument")
        ),
        sa.PrimaryKeyConstraint("instrument", "name", name=op.f("pk_exposure_group")),
    )
    op.create_table(
        "physical_filter",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("name", NAME, autoincrement=False, nullable=False),
        sa.Column("band", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument"], ["instrument.name"], name=op.f("fk_physical_filter_instrument")
        ),
        sa.PrimaryKeyConstraint("instrument", "name", name=op.f("pk_physical_filter")),
    )
    op.create_index(op.f("ix_physical_filter_band"), "physical_filter", ["band"], unique=False)
    op.create_table(
        "visit_system",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument"], ["instrument.name"], name=op.f("fk_visit_system_instrument")
        ),
        sa.PrimaryKeyConstraint("instrument", "id", name=op.f("pk_visit_system")),
    )
    op.create_table(
        "exposure",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("obs_id", NAME, nullable=False),
        sa.Column("physical_filter", NAME, nullable=False),
        sa.Column("group", NAME, nullable=False),
        sa.Column("day_obs", sa.Integer(), nullable=False),
        sa.Column("timespan_begin", sa.BigInteger(), nullable=True),
        sa.Column("timespan_end", sa.BigInteger(), nullable=True),
        sa.Column("exposure_time", sa.Double(), nullable=True),
        sa.Column("dark_time", sa.Double(), nullable=True),
        sa.Column("observation_type", NAME, nullable=False),
        sa.Column("observation_reason", NAME, nullable=True),
        sa.Column("seq_num", sa.BigInteger(), nullable=True),
        sa.Column("seq_start", sa.BigInteger(), nullable=False),
        sa.Column("seq_end", sa.BigInteger(), nullable=False),
        sa.Column("target_name", NAME, nullable=True),
        sa.Column("science_program", NAME, nullable=True),
        sa.Column("tracking_ra", sa.Double(), nullable=True),
        sa.Column("tracking_dec", sa.Double(), nullable=True),
        sa.Column("sky_angle", sa.Double(), nullable=True),
        sa.Column("azimuth", sa.Double(), nullable=True),
        sa.Column("zenith_angle", sa.Double(), nullable=True),
        sa.Column("has_simulated", sa.Boolean(), nullable=False),
        sa.Column("can_see_sky", sa.Boolean(), nullable=True),
        sa.Column("metadata_source", sa.SmallInteger(), nullable=False),
        sa.Column("metadata_detector", sa.Integer(), nullable=False),
        sa.Column("metadata_uri", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument", "day_obs"],
            ["day_obs.instrument", "day_obs.id"],
            name=op.f("fk_exposure_instrument_day_obs"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument", "group"],
            ["exposure_group.instrument", "exposure_group.name"],
            name=op.f("fk_exposure_instrument_group"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument", "physical_filter"],
            ["physical_filter.instrument", "physical_filter.name"],
            name=op.f("fk_exposure_instrument_physical_filter"),
        ),
        sa.PrimaryKeyConstraint("instrument", "id", name=op.f("pk_exposure")),
    )
    op.create_index(
        op.f("ix_exposure_instrument_day_obs_seq_num"),
        "exposure",
        ["instrument", "day_obs", "seq_num"],
        unique=False,
    )
    op.create_index(
        op.f("ix_exposure_instrument_group"), "exposure", ["instrument", "group"], unique=False
    )
    op.create_index(
        op.f("ix_exposure_instrument_obs_id"), "exposure", ["instrument", "obs_id"], unique=False
    )
    op.create_index(
        op.f("ix_exposure_instrument_timespan_begin"),
        "exposure",
        ["instrument", "timespan_begin"],
        unique=False,
    )
    op.create_table(
        "visit",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("physical_filter", NAME, nullable=False),
        sa.Column("day_obs", sa.Integer(), nullable=False),
        sa.Column("seq_num", sa.BigInteger(), nullable=True),
        sa.Column("timespan_begin", sa.BigInteger(), nullable=True),
        sa.Column("timespan_end", sa.BigInteger(), nullable=True),
        sa.Column("exposure_time", sa.Double(), nullable=True),
        sa.Column("target_name", NAME, nullable=True),
        sa.Column("observation_reason", NAME, nullable=True),
        sa.Column("science_program", NAME, nullable=True),
        sa.Column("azimuth", sa.Double(), nullable=True),
        sa.Column("zenith_angle", sa.Double(), nullable=True),
        sa.Column("region", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instrument", "day_obs"],
            ["day_obs.instrument", "day_obs.id"],
            name=op.f("fk_visit_instrument_day_obs"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument", "physical_filter"],
            ["physical_filter.instrument", "physical_filter.name"],
            name=op.f("fk_visit_instrument_physical_filter"),
        ),
        sa.PrimaryKeyConstraint("instrument", "id", name=op.f("pk_visit")),
    )
    op.create_index(
        op.f("ix_visit_instrument_day_obs_seq_num"),
        "visit",
        ["instrument", "day_obs", "seq_num"],
        unique=False,
    )
    op.create_index(op.f("ix_visit_instrument_name"), "visit", ["instrument", "name"], unique=False)
    op.create_table(
        "visit_definition",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("exposure", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visit", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument", "exposure"],
            ["exposure.instrument", "exposure.id"],
            name=op.f("fk_visit_definition_instrument_exposure"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument", "visit"],
            ["visit.instrument", "visit.id"],
            name=op.f("fk_visit_definition_instrument_visit"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "instrument", "exposure", "visit", name=op.f("pk_visit_definition")
        ),
    )
    op.create_index(
        op.f("ix_visit_definition_instrument_visit"),
        "visit_definition",
        ["instrument", "visit"],
        unique=False,
    )
    op.create_table(
        "visit_detector_region",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("visit", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("detector", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("region", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument", "detector"],
            ["detector.instrument", "detector.id"],
            name=op.f("fk_visit_detector_region_instrument_detector"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument", "visit"],
            ["visit.instrument", "visit.id"],
            name=op.f("fk_visit_detector_region_instrument_visit"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "instrument", "visit", "detector", name=op.f("pk_visit_detector_region")
        ),
    )
    op.create_table(
        "visit_htm7",
        sa.Column("htm7", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("visit", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument", "visit"],
            ["visit.instrument", "visit.id"],
            name=op.f("fk_visit_htm7_instrument_visit"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("htm7", "instrument", "visit", name=op.f("pk_visit_htm7")),
    )
    op.create_index(
        op.f("ix_visit_htm7_instrument_visit"), "visit_htm7", ["instrument", "visit"], unique=False
    )
    op.create_table(
        "visit_problem",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("exposure", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", NAME, autoincrement=False, nullable=False),
        sa.Column("message", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument", "exposure"],
            ["exposure.instrument", "exposure.id"],
            name=op.f("fk_visit_problem_instrument_exposure"),
        ),
        sa.PrimaryKeyConstraint("instrument", "exposure", "code", name=op.f("pk_visit_problem")),
    )
    op.create_table(
        "visit_system_membership",
        sa.Column("instrument", NAME, autoincrement=False, nullable=False),
        sa.Column("visit", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visit_system", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument", "visit"],
            ["visit.instrument", "visit.id"],
            name=op.f("fk_visit_system_membership_instrument_visit"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instrument", "visit_system"],
            ["visit_system.instrument", "visit_system.id"],
            name=op.f("fk_visit_system_membership_instrument_visit_system"),
        ),
        sa.PrimaryKeyConstraint(
            "instrument", "visit", "visit_system", name=op.f("pk_visit_system_membership")
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("Restore a backup: migrations of the registry only go forward.")
