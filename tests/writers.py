"""Ingest as several Lambda environments do it: each with its own connection, over one bucket."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from factories import NOW, created, instrument, translated
from interleaving import wait_until
from underbutler.events.object_event import ObjectEvent
from underbutler.ingest.batch import ReceivedEvent
from underbutler.ingest.ingest_raws import IngestRaws
from underbutler.local.night import make_fits, make_index
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.translated import properties_from_translated
from underbutler.model.observation import ObservationProperties
from underbutler.model.outcome import EventOutcome, Outcome
from underbutler.queues.none import NoQueues
from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry
from underbutler.store.memory import MemoryStore

BUCKET = "raw"
_PATIENCE = 20


class TelltaleTranslator:
    """Translates headers that say themselves what they translate to; real ones take long."""

    def forget(self) -> None:
        """Remember nothing anyway."""

    def translate_file(self, headers: FitsHeaders) -> list[ObservationProperties]:
        header = headers.primary()
        if "DETNUMS" not in header:
            return [_properties(header, header["DETNUM"])]
        detectors = [int(number) for number in header["DETNUMS"].split()]
        found = [_properties(header, detector) for detector in detectors]
        for hdu, properties in enumerate(found, start=1):
            properties.hdu = hdu
        return found

    def translate_header(self, header: Any) -> ObservationProperties:
        raise NotImplementedError


def _properties(header: Any, detector: int) -> ObservationProperties:
    return properties_from_translated(
        translated(
            instrument=header["INSTRUME"],
            exposure_id=header["EXPNUM"],
            detector_num=detector,
            object=header.get("OBJECT", "by header"),
            exposure_group=header.get("GROUP", str(header["EXPNUM"])),
        )
    )


class Writer:
    """One environment of the function that ingests.

    Parameters
    ----------
    url
        The registry's database.
    store
        The bucket, shared with others.
    """

    def __init__(self, url: Any, store: MemoryStore) -> None:
        self.registry = Registry(connect_registry(url))
        self._ingest = IngestRaws(
            registry=self.registry,
            store=store,
            make_translator=TelltaleTranslator,
            sender=NoQueues(),
        )

    def ingest(self, events: Sequence[ObjectEvent], batch_size: int = 10) -> list[Outcome]:
        """Ingest events in batches; what is transient comes again, as from a queue."""
        outcomes = []
        for start in range(0, len(events), batch_size):
            batch = list(events[start : start + batch_size])
            for _ in range(_PATIENCE):
                results = self._deliver(batch)
                outcomes += [item.outcome for item in results if item.outcome is not _TRANSIENT]
                batch = [
                    event
                    for event, item in zip(batch, results, strict=True)
                    if item.outcome is _TRANSIENT
                ]
                if not batch:
                    break
            assert not batch, "events stay transient"
        return outcomes

    def _deliver(self, events: Sequence[ObjectEvent]) -> list[EventOutcome]:
        return self._ingest([ReceivedEvent(event=event) for event in events])


_TRANSIENT = Outcome.TRANSIENT


@contextmanager
def writers(url: Any, store: MemoryStore, number: int) -> Iterator[list[Writer]]:
    """Open writers of one registry."""
    opened = [Writer(url, store) for _ in range(number)]
    try:
        yield opened
    finally:
        for writer in opened:
            writer.registry.close()


def register_hsc(registry: Registry, detectors: int = 8) -> None:
    """Register the instrument of all files below."""
    with registry.begin() as transaction:
        transaction.dimensions.register_instrument(instrument(detectors=detectors))


def key(exposure: int, detector: int, suffix: str = ".fits", folder: str = "night") -> str:
    """Key of a file."""
    return f"{folder}/{exposure}/{exposure}-{detector:03d}{suffix}"


def put_file(
    store: MemoryStore, exposure: int, detector: int, *, folder: str = "night", **cards: Any
) -> ObjectEvent:
    """Put a file into the bucket; returns its event."""
    body = make_fits({"INSTRUME": "HSC", "EXPNUM": exposure, "DETNUM": detector} | cards)
    return created(store.write(BUCKET, key(exposure, detector, folder=folder), body))


def put_sidecar(store: MemoryStore, exposure: int, detector: int, **changes: Any) -> ObjectEvent:
    """Put a sidecar into the bucket; returns its event."""
    content = _translated(exposure, detector, **({"object": "by sidecar"} | changes))
    body = json.dumps({**content, "__CONTENT__": "translated"}).encode()
    return created(store.write(BUCKET, key(exposure, detector, ".json"), body))


def put_index(
    store: MemoryStore, exposure: int, detectors: Iterable[int], **changes: Any
) -> ObjectEvent:
    """Put an index of an exposure's files into the bucket; returns its event."""
    entries = {
        key(exposure, detector).rpartition("/")[2]: _translated(
            exposure, detector, **({"object": "by index"} | changes)
        )
        for detector in detectors
    }
    folder = key(exposure, 0).rpartition("/")[0]
    return created(store.write(BUCKET, f"{folder}/_index.json", make_index(entries, "translated")))


def deadlocks(registry: Registry) -> int:
    """Count the deadlocks of a registry's PostgreSQL database, once all others have left it."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    total = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    registry.close()
    with registry.engine.connect() as connection:
        # A session tells the statistics when it ends.
        wait_until(
            lambda: connection.execute(sa.text(others)).scalar_one() == 0, "others have left"
        )
        connection.rollback()
        number: int = connection.execute(sa.text(total)).scalar_one()
    return number


def _translated(exposure: int, detector: int, **changes: Any) -> dict[str, Any]:
    return translated(exposure_id=exposure, detector_num=detector, **changes)


__all__ = [
    "BUCKET",
    "NOW",
    "Writer",
    "deadlocks",
    "key",
    "put_file",
    "put_index",
    "put_sidecar",
    "register_hsc",
    "writers",
]
