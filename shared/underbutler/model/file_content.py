"""What one file of a watched bucket holds, by its metadata: datasets of one exposure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from underbutler.errors import UnreadableHeaderError
from underbutler.model.auxiliary import Auxiliary
from underbutler.model.dataset import RAW
from underbutler.model.dimension_records import DayObsRecord, DetectorRecord, ExposureRecord
from underbutler.model.observation import (
    AppliedCorrections,
    Observation,
    ObservationProperties,
    check_bounds,
    detector_record,
    missing_properties,
)

__all__ = ["FileContent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """Datasets in one file: one type, one exposure, one detector or several."""

    dataset_type: str
    instrument: str
    exposure_id: int
    detectors: tuple[DetectorRecord, ...]
    """In order of ID."""
    hdus: tuple[tuple[int, int], ...] = ()
    """(detector, HDU that holds it); empty where the whole file is one dataset."""
    exposure: ExposureRecord | None
    """What the file says of its exposure; None of an auxiliary, which has no say in it."""
    day_obs: DayObsRecord | None
    corrections: AppliedCorrections | None = None
    problems: tuple[str, ...] = ()
    """Optional properties that could not be had, and why."""

    @classmethod
    def from_properties(cls, detectors: Sequence[ObservationProperties]) -> FileContent:
        """Make of what a file's metadata say of each of its detectors the content of a raw.

        Raises
        ------
        MissingPropertyError
            A required property is missing, or a value is out of bounds.
        UnreadableHeaderError
            The detectors are of different exposures, or one occurs twice.
        """
        pairs = [(Observation.from_properties(item), item) for item in detectors]
        pairs.sort(key=lambda pair: pair[0].detector.id)
        observations = [observation for observation, _ in pairs]
        first, properties = pairs[0]
        _check_unity(observations)
        return cls(
            dataset_type=RAW.name,
            instrument=first.exposure.instrument,
            exposure_id=first.exposure.id,
            detectors=tuple(item.detector for item in observations),
            hdus=tuple(
                (observation.detector.id, item.hdu)
                for observation, item in pairs
                if item.hdu is not None
            ),
            # What detectors say beyond their own is the same; the lowest speaks for all.
            exposure=first.exposure,
            day_obs=first.day_obs,
            corrections=properties.corrections,
            problems=tuple(
                dict.fromkeys(problem for item in observations for problem in item.problems)
            ),
        )

    @classmethod
    def from_auxiliary(cls, properties: ObservationProperties, auxiliary: Auxiliary) -> FileContent:
        """Make the content of an auxiliary file, which need only name what it belongs to.

        Raises
        ------
        MissingPropertyError
            It does not name its exposure or its detector.
        """
        required = ("instrument", "exposure_id", "detector_num")
        missing = [name for name in required if getattr(properties, name) is None]
        if missing:
            raise missing_properties(properties, missing)
        check_bounds(properties)
        assert properties.instrument is not None
        assert properties.exposure_id is not None
        return cls(
            dataset_type=auxiliary.dataset_type,
            instrument=properties.instrument,
            exposure_id=properties.exposure_id,
            detectors=(detector_record(properties),),
            exposure=None,
            day_obs=None,
            corrections=properties.corrections,
        )


def _check_unity(observations: Sequence[Observation]) -> None:
    exposures = {(item.exposure.instrument, item.exposure.id) for item in observations}
    if len(exposures) > 1:
        raise UnreadableHeaderError(
            f"The file's detectors are of different exposures: {sorted(exposures)[:5]}.",
            kind="many-exposures",
        )
    numbers = [item.detector.id for item in observations]
    if repeated := sorted({number for number in numbers if numbers.count(number) > 1}):
        raise UnreadableHeaderError(
            f"The file holds detector {repeated[0]} more than once.", kind="duplicate-detector"
        )
