"""Exposures as LATISS numbers them, and short words for what becomes of them."""

from __future__ import annotations

from dataclasses import replace

from underbutler.model.dimension_records import ExposureRecord
from underbutler.model.instrument import Grouper
from underbutler.visits.grouping import (
    Grouping,
)

ONE_TO_ONE = Grouper.ONE_TO_ONE
BY_GROUP = Grouper.BY_GROUP_METADATA
BY_COUNTER = Grouper.ONE_TO_ONE_AND_BY_COUNTER

EXPOSURE = ExposureRecord(
    instrument="LATISS",
    id=2022040500347,
    obs_id="AT_O_20220405_000347",
    physical_filter="SDSSr_65mm~empty",
    group="2022-04-06T02:56:53.255",
    day_obs=20220405,
    timespan=None,
    exposure_time=30.0,
    dark_time=30.0,
    observation_type="science",
    observation_reason="object",
    seq_num=347,
    seq_start=347,
    seq_end=347,
    target_name="HD 111980",
    science_program="spec",
    tracking_ra=222.0,
    tracking_dec=-45.0,
    sky_angle=358.5,
    azimuth=180.0,
    zenith_angle=15.0,
    has_simulated=False,
    can_see_sky=True,
)


def latiss(seq_num: int, start: int, end: int, *, day_obs: int = 20220405, **changes):
    """Make an exposure as LATISS numbers them: one of the sequence from start to end."""
    number = {
        "id": day_obs * 100_000 + seq_num,
        "obs_id": f"AT_O_{day_obs}_{seq_num:06d}",
        "day_obs": day_obs,
        "seq_num": seq_num,
        "seq_start": start,
        "seq_end": end,
        "group": f"{day_obs}T{start:09d}",
    }
    return replace(EXPOSURE, **(number | changes))


def visits_of(grouping: Grouping):
    return [
        (visit.id, visit.name, list(visit.systems), [exposure.id for exposure in visit.exposures])
        for visit in grouping.visits
    ]


def problems_of(grouping: Grouping):
    return [(problem.exposure, problem.code) for problem in grouping.problems]
