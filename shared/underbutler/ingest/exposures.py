"""Exposures of a batch: whose metadata are canonical, and what follows from a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from underbutler.errors import ConfigurationError, NotFoundError
from underbutler.ingest.known_records import KnownRecords
from underbutler.ingest.metadata_reader import Reading
from underbutler.ingest.ports import IngestTransaction
from underbutler.ingest.redrive import redrive_announcement
from underbutler.ingest.stem_work import NO_EXPOSURE, wait_for_exposure
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.announcement import Announcement, Queue
from underbutler.model.dataset import RAW
from underbutler.model.dimension_records import ExposureRecord, GroupRecord, PhysicalFilterRecord
from underbutler.model.observation import ExposureMetadata, MetadataSource
from underbutler.model.raw_object import ObjectState, RawObject

__all__ = ["ExposureStep", "visit_announcement"]

_ObjectKey = tuple[str, str]
_ExposureKey = tuple[str, int]


def visit_announcement(instrument: str, exposure: int) -> Announcement:
    """Make the message that asks for an exposure's visits to be defined."""
    return Announcement(
        dedup_key=f"visit/{instrument}/{exposure}",
        destination=Queue.VISITS,
        payload={"instrument": instrument, "exposure": exposure},
    )


class ExposureStep:
    """What one transaction does to exposures.

    Parameters
    ----------
    transaction
        Open write transaction.
    known_records
        What need not be written again.
    """

    def __init__(self, transaction: IngestTransaction, known_records: KnownRecords) -> None:
        self._known_records = known_records
        self._dimensions = transaction.dimensions
        self._objects = transaction.objects
        self._known: dict[_ExposureKey, ExposureMetadata] = {}
        self._saved: dict[_ExposureKey, ExposureMetadata] = {}

    def save(
        self,
        rows: dict[_ObjectKey, RawObject],
        before: dict[_ObjectKey, RawObject],
        readings: dict[_ObjectKey, Reading],
    ) -> None:
        """Hold the exposures concerned, and write those whose metadata these rows better."""
        offered = {
            name: readings[name]
            for name, row in rows.items()
            if row.state is ObjectState.REGISTERED and name in readings
        }
        concerned = {
            (reading.content.instrument, reading.content.exposure_id)
            for reading in offered.values()
        }
        for known in before.values():
            if known.instrument is not None and known.exposure is not None:
                concerned.add((known.instrument, known.exposure))
        self._known = self._dimensions.lock_exposures(concerned)
        self._add_dependencies(offered.values())
        candidates = [
            ExposureMetadata(
                record=reading.content.exposure,
                source=reading.source,
                detector=reading.content.detectors[0].id,
                uri=rows[name].uri,
                corrections=reading.content.corrections,
            )
            for name, reading in offered.items()
            if reading.content.exposure is not None
        ]
        for candidate in sorted(candidates, key=lambda item: item.rank, reverse=True):
            key = _key(candidate.record)
            if key not in self._known or candidate.rank < self._known[key].rank:
                self._saved[key] = candidate
        self._dimensions.save_exposures(self._saved.values(), replace=False)

    def hold_back(self, rows: dict[_ObjectKey, RawObject]) -> None:
        """Let auxiliary files wait whose exposure nobody has seen."""
        for name, row in rows.items():
            if row.state is not ObjectState.REGISTERED or row.dataset_type in (None, RAW.name):
                continue
            assert row.instrument is not None
            assert row.exposure is not None
            key = (row.instrument, row.exposure)
            if key not in self._known and key not in self._saved:
                rows[name] = wait_for_exposure(row)

    def elect(self, rows: dict[_ObjectKey, RawObject]) -> None:
        """Choose again for exposures whose canonical file changed, lost its dataset or went."""
        by_uri = {row.uri: row for row in rows.values()}
        winners = {**self._known, **self._saved}
        in_doubt = {
            key
            for key, winner in winners.items()
            if winner.uri in by_uri and not _speaks(by_uri[winner.uri], winner)
        }
        best: dict[_ExposureKey, RawObject] = {}
        for row in self._objects.candidates(in_doubt):
            assert row.instrument is not None
            assert row.exposure is not None
            key = (row.instrument, row.exposure)
            if key not in best or _rank(row) < _rank(best[key]):
                best[key] = row
        records = {
            record.digest: record
            for record in self._dimensions.observations(
                [(*key, row.observation) for key, row in best.items() if row.observation]
            )
        }
        elected = {
            key: _metadata(row, records[row.observation])
            for key, row in best.items()
            if row.observation in records
        }
        for key in in_doubt - elected.keys():
            # Nobody says it any more: whoever comes next is heard.
            orphan = replace(winners[key], source=MetadataSource.GONE)
            if orphan != winners[key]:
                elected[key] = orphan
        self._dimensions.save_exposures(elected.values(), replace=True)
        self._saved.update(elected)

    def forget(
        self, rows: dict[_ObjectKey, RawObject], before: dict[_ObjectKey, RawObject]
    ) -> None:
        """Drop what files said before and say no more."""
        unsaid = {
            (known.instrument, known.exposure, known.observation)
            for name, known in before.items()
            if known.instrument is not None
            and known.exposure is not None
            and known.observation is not None
            and known.observation != rows[name].observation
        }
        self._dimensions.drop_observations(unsaid)

    def announcements(self) -> Iterator[Announcement]:
        """Announce the exposures that are new, or changed in what visits depend on.

        Auxiliary files that waited for a new one are announced to be looked at again.
        """
        new = self._saved.keys() - self._known.keys()
        for waiting in self._objects.waiting_for_exposures(new, NO_EXPOSURE):
            yield redrive_announcement(waiting.bucket, waiting.key)
        for key, saved in sorted(self._saved.items()):
            known = self._known.get(key)
            if known is None or _for_visits(known.record) != _for_visits(saved.record):
                yield visit_announcement(*key)

    def _add_dependencies(self, readings: Iterable[Reading]) -> None:
        """Write what exposures refer to, and what files say of them, as far as that is new."""
        unknown = self._known_records.unknown
        contents = [reading.content for reading in readings]
        said = [content.exposure for content in contents if content.exposure is not None]
        exposures = {
            record.digest: record
            for record in said
            if (known := self._known.get(_key(record))) is None
            or known.source is MetadataSource.GONE
            or known.record.digest != record.digest
        }.values()
        self._dimensions.add_physical_filters(
            unknown(_physical_filter(item.instrument, item.physical_filter) for item in exposures)
        )
        self._dimensions.add_groups(
            unknown(GroupRecord(instrument=item.instrument, name=item.group) for item in exposures)
        )
        self._dimensions.add_days(
            unknown(content.day_obs for content in contents if content.day_obs is not None)
        )
        self._dimensions.add_detectors(
            unknown(detector for content in contents for detector in content.detectors)
        )
        self._dimensions.save_observations(exposures)


def _physical_filter(instrument: str, name: str) -> PhysicalFilterRecord:
    """Make the record of a filter that may be new, with the band that is known or inferred."""
    try:
        band = load_instrument(instrument).band_of(name)
    except (NotFoundError, ConfigurationError):
        band = "unknown"
    return PhysicalFilterRecord(instrument=instrument, name=name, band=band)


def _key(record: ExposureRecord) -> _ExposureKey:
    return record.instrument, record.id


def _rank(row: RawObject) -> tuple[int, int, str]:
    assert row.detector is not None
    return _source(row), row.detector, row.uri


def _metadata(row: RawObject, record: ExposureRecord) -> ExposureMetadata:
    assert row.detector is not None
    return ExposureMetadata(
        record=record,
        source=_source(row),
        detector=row.detector,
        uri=row.uri,
        corrections=row.corrections,
    )


def _source(row: RawObject) -> MetadataSource:
    # Files that are there come before those that are not, so that a new one replaces these.
    if row.state is ObjectState.GONE:
        return MetadataSource.GONE
    assert row.source is not None
    return row.source


def _speaks(row: RawObject, winner: ExposureMetadata) -> bool:
    """Tell whether an object still says what made its metadata canonical."""
    return (
        row.state in (ObjectState.REGISTERED, ObjectState.GONE)
        and row.observation == winner.record.digest
        and row.corrections == winner.corrections
        and _rank(row) == winner.rank
    )


def _for_visits(record: ExposureRecord) -> ExposureRecord:
    """Blank the columns that no visit depends on."""
    return replace(record, observation_type="", dark_time=None, has_simulated=False)
