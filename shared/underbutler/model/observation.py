"""What the metadata of one file say: an exposure, and the detector that saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from underbutler.errors import MissingPropertyError
from underbutler.model.dimension_records import DayObsRecord, DetectorRecord, ExposureRecord
from underbutler.model.timespan import NS_PER_DAY, Timespan, day_obs_timespan

__all__ = [
    "AppliedCorrections",
    "ExposureMetadata",
    "MetadataSource",
    "Observation",
    "ObservationProperties",
    "check_bounds",
    "detector_record",
    "is_refused",
    "missing_properties",
]

# Columns of 64 bits and of 32 in the registry.
_INT64 = 2**63
_INT32 = 2**31
# Far above what the Butler's columns hold (16 to 68 characters); a longer text is a mistake.
_LONGEST_TEXT = 256


class MetadataSource(IntEnum):
    """Where metadata were read; the smaller, the better."""

    INDEX = 0
    SIDECAR = 1
    HEADER = 2
    GONE = 3
    """Of an exposure none of whose files is there any more: what one of them said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedCorrections:
    """What was corrected in a header before it was translated."""

    uri: str
    """File of the corrections."""
    keywords: tuple[str, ...]
    """Cards that it set, sorted."""


@dataclass(slots=True, kw_only=True)
class ObservationProperties:
    """Properties of an observation in plain numbers, as translators and indexes give them.

    Names, units and meanings are those of ``astro_metadata_translator.ObservationInfo`` in its
    serialised form.
    """

    instrument: str | None = None
    exposure_id: int | None = None
    observation_id: str | None = None
    observation_type: str | None = None
    observation_reason: str | None = None
    exposure_group: str | None = None
    physical_filter: str | None = None
    datetime_begin: int | None = None
    """TAI nanoseconds since 1970."""
    datetime_end: int | None = None
    """TAI nanoseconds since 1970."""
    observing_day: int | None = None
    """YYYYMMDD."""
    observing_day_offset: int | None = None
    """s."""
    exposure_time_requested: float | None = None
    """s."""
    dark_time: float | None = None
    """s."""
    observation_counter: int | None = None
    group_counter_start: int | None = None
    group_counter_end: int | None = None
    object: str | None = None
    science_program: str | None = None
    tracking_radec: tuple[float, float] | None = None
    """ICRS right ascension and declination, deg."""
    boresight_rotation_angle: float | None = None
    """deg."""
    boresight_rotation_coord: str | None = None
    altaz_begin: tuple[float, float] | None = None
    """Azimuth and altitude, deg."""
    has_simulated_content: bool | None = None
    can_see_sky: bool | None = None
    detector_num: int | None = None
    detector_unique_name: str | None = None
    detector_name: str | None = None
    detector_group: str | None = None
    hdu: int | None = None
    """HDU that holds the detector, the primary one being 0; None: the whole file does."""
    corrections: AppliedCorrections | None = None
    """Corrections of the header, of those that the curators gave."""
    problems: list[str] = field(default_factory=list)
    """Optional properties that were lost, and why."""


# obs_base RawIngestTask.getObservationInfoSubsets.
_REQUIRED = (
    "instrument",
    "exposure_id",
    "observation_id",
    "observation_type",
    "exposure_group",
    "physical_filter",
    "datetime_begin",
    "datetime_end",
    "observing_day",
    "exposure_time_requested",
    "group_counter_start",
    "group_counter_end",
    "has_simulated_content",
    "detector_num",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One detector's view of one exposure, checked and ready to register."""

    exposure: ExposureRecord
    day_obs: DayObsRecord
    detector: DetectorRecord
    """As far as the file names it; the camera's own record goes before."""
    problems: tuple[str, ...] = ()
    """Optional properties that could not be had, and why."""

    @classmethod
    def from_properties(cls, properties: ObservationProperties) -> Observation:
        """Make the dimension records that the Butler makes of these properties.

        Raises
        ------
        MissingPropertyError
            A required property is missing, or a value is out of bounds.
        """
        p: Any = properties
        if missing := [name for name in _REQUIRED if getattr(p, name) in (None, "")]:
            raise missing_properties(properties, missing)
        check_bounds(properties)
        ra, dec = p.tracking_radec or (None, None)
        azimuth, altitude = p.altaz_begin or (None, None)
        exposure = ExposureRecord(
            instrument=p.instrument,
            id=p.exposure_id,
            obs_id=p.observation_id,
            physical_filter=p.physical_filter,
            group=p.exposure_group,
            day_obs=p.observing_day,
            timespan=Timespan.from_bounds(p.datetime_begin, p.datetime_end),
            exposure_time=p.exposure_time_requested,
            dark_time=p.dark_time,
            observation_type=p.observation_type,
            observation_reason=p.observation_reason,
            seq_num=p.observation_counter,
            seq_start=p.group_counter_start,
            seq_end=p.group_counter_end,
            target_name=p.object,
            science_program=p.science_program,
            tracking_ra=ra,
            tracking_dec=dec,
            sky_angle=(p.boresight_rotation_angle if p.boresight_rotation_coord == "sky" else None),
            azimuth=azimuth,
            zenith_angle=None if altitude is None else 90.0 - altitude,
            has_simulated=p.has_simulated_content,
            can_see_sky=p.can_see_sky,
        )
        return cls(
            exposure=exposure,
            day_obs=_day_obs(properties),
            detector=detector_record(properties),
            problems=tuple(p.problems),
        )


def missing_properties(
    properties: ObservationProperties, missing: Sequence[str]
) -> MissingPropertyError:
    """Make the error for properties that metadata do not give, with the reasons that are known."""
    because = _reasons(properties, missing)
    return MissingPropertyError(
        f"The metadata give no {', '.join(missing)}.{because}".replace("..", "."), missing=missing
    )


def _reasons(properties: ObservationProperties, names: Sequence[str]) -> str:
    reasons = [
        problem
        for problem in properties.problems
        if problem.partition(":")[0].partition(" ")[0] in names
    ]
    return f" {'; '.join(dict.fromkeys(reasons))}." if reasons else ""


def is_refused(properties: ObservationProperties, name: str) -> bool:
    """Tell whether registration refuses a property as it is: unknown, or out of bounds."""
    value = getattr(properties, name)
    if value is None or value == "":
        return name in _REQUIRED
    if name in _BOUNDS:
        return not 0 <= value < _BOUNDS[name]
    return name in _TEXTS and (len(value) > _LONGEST_TEXT or not value.isprintable())


def detector_record(properties: ObservationProperties) -> DetectorRecord:
    """Make the record of a detector that only metadata name."""
    p: Any = properties
    return DetectorRecord(
        instrument=p.instrument,
        id=p.detector_num,
        full_name=p.detector_unique_name or p.detector_name or str(p.detector_num),
        name_in_raft=p.detector_name,
        raft=p.detector_group,
        purpose="UNKNOWN",
    )


def _day_obs(properties: ObservationProperties) -> DayObsRecord:
    p: Any = properties
    try:
        # Checked even when unused: a day that is no date must not enter the registry.
        timespan = day_obs_timespan(p.observing_day, p.observing_day_offset or 0)
    except (ValueError, OverflowError) as error:
        raise MissingPropertyError(
            f"observing_day {p.observing_day} is no date YYYYMMDD.", kind="bad-time"
        ) from error
    if p.observing_day_offset is not None and abs(p.observing_day_offset) * 10**9 > NS_PER_DAY:
        raise MissingPropertyError(
            f"observing_day_offset {p.observing_day_offset} s is over a day.", kind="bad-time"
        )
    if not -_INT64 <= timespan.begin_ns <= timespan.end_ns < _INT64:
        raise MissingPropertyError(
            f"observing_day {p.observing_day} is out of bounds.", kind="bad-time"
        )
    return DayObsRecord(
        instrument=p.instrument,
        id=p.observing_day,
        timespan=None if p.observing_day_offset is None else timespan,
    )


def check_bounds(properties: ObservationProperties) -> None:
    """Refuse what the database would refuse, or what can only be a mistake.

    Raises
    ------
    MissingPropertyError
        A number or a time is out of bounds, or a text too long or not printable.
    """
    for name, limit in _BOUNDS.items():
        value = getattr(properties, name)
        if value is not None and not 0 <= value < limit:
            raise MissingPropertyError(
                f"{name} is {value}, out of bounds.{_reasons(properties, [name])}",
                kind="bad-value",
            )
    for name in ("datetime_begin", "datetime_end"):
        time_ns = getattr(properties, name)
        if time_ns is not None and not -_INT64 <= time_ns < _INT64 - 1:
            raise MissingPropertyError(f"{name} is out of bounds.", kind="bad-time")
    for name in _TEXTS:
        text = getattr(properties, name)
        if text is None:
            continue
        reasons = _reasons(properties, [name])
        if len(text) > _LONGEST_TEXT:
            raise MissingPropertyError(
                f"{name} has {len(text)} characters, over {_LONGEST_TEXT}.{reasons}",
                kind="bad-text",
            )
        if "\x00" in text or not text.isprintable():
            raise MissingPropertyError(
                f"{name} has characters that cannot be shown: {text[:40]!r}.{reasons}",
                kind="bad-text",
            )


_BOUNDS = {
    "exposure_id": _INT64,
    "observing_day": _INT32,
    "observation_counter": _INT64,
    "group_counter_start": _INT64,
    "group_counter_end": _INT64,
    "detector_num": _INT32,
}
_TEXTS = (
    "instrument",
    "observation_id",
    "observation_type",
    "observation_reason",
    "exposure_group",
    "physical_filter",
    "object",
    "science_program",
    "detector_unique_name",
    "detector_name",
    "detector_group",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureMetadata:
    """An exposure's record, and which file it is from."""

    record: ExposureRecord
    source: MetadataSource
    detector: int
    uri: str
    corrections: AppliedCorrections | None = None
    """Corrections of the header it was translated from."""

    @property
    def rank(self) -> tuple[int, int, str]:
        """Sort key; the smallest of an exposure's metadata is the canonical one."""
        return (self.source, self.detector, self.uri)
