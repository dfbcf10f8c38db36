"""Dimension records, with the columns of universe 8 of the Butler.

Timespans are two columns of TAI nanoseconds since 1970; regions are as lsst-sphgeom encodes them.
"""

from __future__ import annotations

import sqlalchemy as sa

from underbutler.registry.schema.columns import (
    BIG,
    BOOL,
    INT,
    METADATA,
    REAL,
    TEXT,
    key,
    optional,
    refers,
    required,
)

instrument = sa.Table(
    "instrument",
    METADATA,
    key("name", TEXT),
    required("visit_max", BIG),
    required("exposure_max", BIG),
    required("detector_max", INT),
    optional("visit_system", INT),
    required("class_name", TEXT),
)

detector = sa.Table(
    "detector",
    METADATA,
    key("instrument", TEXT),
    key("id", INT),
    required("full_name", TEXT),
    optional("name_in_raft", TEXT),
    optional("raft", TEXT),
    optional("purpose", TEXT),
    refers("instrument", "instrument", "name"),
)

physical_filter = sa.Table(
    "physical_filter",
    METADATA,
    key("instrument", TEXT),
    key("name", TEXT),
    required("band", TEXT),
    refers("instrument", "instrument", "name"),
    sa.Index(None, "band"),
)

subfilter = sa.Table("subfilter", METADATA, key("band", TEXT), key("id", INT))

day_obs = sa.Table(
    "day_obs",
    METADATA,
    key("instrument", TEXT),
    key("id", INT),
    optional("timespan_begin", BIG),
    optional("timespan_end", BIG),
    refers("instrument", "instrument", "name"),
)

exposure_group = sa.Table(
    "exposure_group",
    METADATA,
    key("instrument", TEXT),
    key("name", TEXT),
    refers("instrument", "instrument", "name"),
)

_is_corrected = sa.text("metadata_corrections IS NOT NULL")

exposure = sa.Table(
    "exposure",
    METADATA,
    key("instrument", TEXT),
    key("id", BIG),
    required("obs_id", TEXT),
    required("physical_filter", TEXT),
    required("group", TEXT),
    required("day_obs", INT),
    optional("timespan_begin", BIG),
    optional("timespan_end", BIG),
    optional("exposure_time", REAL),
    optional("dark_time", REAL),
    required("observation_type", TEXT),
    optional("observation_reason", TEXT),
    optional("seq_num", BIG),
    required("seq_start", BIG),
    required("seq_end", BIG),
    optional("target_name", TEXT),
    optional("science_program", TEXT),
    optional("tracking_ra", REAL),
    optional("tracking_dec", REAL),
    optional("sky_angle", REAL),
    optional("azimuth", REAL),
    optional("zenith_angle", REAL),
    required("has_simulated", BOOL),
    optional("can_see_sky", BOOL),
    # Whose metadata these are: the best source, then the lowest detector, then the smallest URI.
    required("metadata_source", sa.SmallInteger()),
    required("metadata_detector", INT),
    required("metadata_uri", TEXT),
    # {"uri": …, "keywords": […]}: what was corrected in the header.
    optional("metadata_corrections", sa.Text()),
    refers("instrument physical_filter", "physical_filter", "instrument name"),
    refers("instrument group", "exposure_group", "instrument name"),
    refers("instrument day_obs", "day_obs", "instrument id"),
    sa.Index(None, "instrument", "day_obs", "seq_num"),
    sa.Index(None, "instrument", "group"),
    sa.Index(None, "instrument", "obs_id"),
    sa.Index(None, "instrument", "timespan_begin"),
    sa.Index(
        "ix_exposure_corrected",
        "instrument",
        postgresql_where=_is_corrected,
        sqlite_where=_is_corrected,
    ),
)

exposure_observation = sa.Table(
    "exposure_observation",
    METADATA,
    key("instrument", TEXT),
    key("exposure", BIG),
    key("digest", sa.Uuid()),
    required("record", sa.Text()),
)

visit = sa.Table(
    "visit",
    METADATA,
    key("instrument", TEXT),
    key("id", BIG),
    required("name", TEXT),
    required("physical_filter", TEXT),
    required("day_obs", INT),
    optional("seq_num", BIG),
    optional("timespan_begin", BIG),
    optional("timespan_end", BIG),
    optional("exposure_time", REAL),
    optional("target_name", TEXT),
    optional("observation_reason", TEXT),
    optional("science_program", TEXT),
    optional("azimuth", REAL),
    optional("zenith_angle", REAL),
    optional("region", sa.LargeBinary()),
    refers("instrument physical_filter", "physical_filter", "instrument name"),
    refers("instrument day_obs", "day_obs", "instrument id"),
    sa.Index(None, "instrument", "day_obs", "seq_num"),
    sa.Index(None, "instrument", "name"),
)

visit_definition = sa.Table(
    "visit_definition",
    METADATA,
    key("instrument", TEXT),
    key("exposure", BIG),
    key("visit", BIG),
    refers("instrument exposure", "exposure", "instrument id"),
    refers("instrument visit", "visit", "instrument id", cascade=True),
    sa.Index(None, "instrument", "visit"),
)

visit_system = sa.Table(
    "visit_system",
    METADATA,
    key("instrument", TEXT),
    key("id", INT),
    required("name", TEXT),
    refers("instrument", "instrument", "name"),
)

visit_system_membership = sa.Table(
    "visit_system_membership",
    METADATA,
    key("instrument", TEXT),
    key("visit", BIG),
    key("visit_system", INT),
    refers("instrument visit", "visit", "instrument id", cascade=True),
    refers("instrument visit_system", "visit_system", "instrument id"),
)

visit_detector_region = sa.Table(
    "visit_detector_region",
    METADATA,
    key("instrument", TEXT),
    key("visit", BIG),
    key("detector", INT),
    required("region", sa.LargeBinary()),
    refers("instrument visit", "visit", "instrument id", cascade=True),
    refers("instrument detector", "detector", "instrument id"),
)

visit_htm7 = sa.Table(
    "visit_htm7",
    METADATA,
    key("htm7", BIG),
    key("instrument", TEXT),
    key("visit", BIG),
    refers("instrument visit", "visit", "instrument id", cascade=True),
    sa.Index(None, "instrument", "visit"),
)

visit_problem = sa.Table(
    "visit_problem",
    METADATA,
    key("instrument", TEXT),
    key("exposure", BIG),
    key("code", TEXT),
    required("message", TEXT),
    refers("instrument exposure", "exposure", "instrument id"),
)

skymap = sa.Table(
    "skymap",
    METADATA,
    key("name", TEXT),
    required("hash", sa.LargeBinary()),
    optional("tract_max", INT),
    optional("patch_nx_max", INT),
    optional("patch_ny_max", INT),
)

tract = sa.Table(
    "tract",
    METADATA,
    key("skymap", TEXT),
    key("id", INT),
    optional("region", sa.LargeBinary()),
    refers("skymap", "skymap", "name"),
)

patch = sa.Table(
    "patch",
    METADATA,
    key("skymap", TEXT),
    key("tract", INT),
    key("id", INT),
    optional("cell_x", INT),
    optional("cell_y", INT),
    optional("region", sa.LargeBinary()),
    refers("skymap tract", "tract", "skymap id"),
)
