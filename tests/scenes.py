"""A bucket and a registry, and what becomes of one in the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from factories import NOW, created
from underbutler.events.object_event import EventKind, EventOrigin, ObjectEvent
from underbutler.ingest.batch import ReceivedEvent
from underbutler.ingest.ingest_raws import IngestRaws
from underbutler.local.night import make_fits
from underbutler.model.announcement import Queue
from underbutler.model.outcome import EventOutcome, Outcome
from underbutler.model.raw_object import RawObject, stem_of
from underbutler.queues.none import NoQueues
from underbutler.registry import schema
from underbutler.registry.registry import Registry
from underbutler.store.memory import MemoryStore
from writers import BUCKET, TelltaleTranslator, key

FILE, SIDECAR = key(1, 0), key(1, 0, ".json")
INDEX = FILE.rpartition("/")[0] + "/_index.json"


class Scene:
    """A bucket, a registry, and a clock that is turned by hand."""

    def __init__(self, registry: Registry, store: MemoryStore | None = None) -> None:
        self.registry = registry
        self.store = store or MemoryStore()
        self.now = NOW
        self._ingest = IngestRaws(
            registry=registry,
            store=self.store,
            make_translator=TelltaleTranslator,
            sender=NoQueues(),
            clock=lambda: self.now,
        )

    def ingest(self, *events: ObjectEvent) -> list[EventOutcome]:
        return self._ingest([ReceivedEvent(event=event) for event in events])

    def outcomes(self, *events: ObjectEvent) -> list[Outcome]:
        return [item.outcome for item in self.ingest(*events)]

    def row(self, name: str = FILE) -> RawObject:
        with self.registry.read() as transaction:
            rows = transaction.objects.with_stems([(BUCKET, stem_of(name))])
        return next(item for item in rows if item.key == name)

    def state(self, name: str = FILE) -> tuple[str, str]:
        row = self.row(name)
        return row.state.value, row.code

    def exposure(self, number: int = 1) -> Any:
        table = schema.exposure
        return self._one(sa.select(table).where(table.c.id == number))

    def files(self) -> dict[str, int]:
        """URIs of dataset files, with how many bytes they are said to have."""
        table = schema.dataset_file
        with self.registry.read() as transaction:
            rows = transaction.connection.execute(sa.select(table.c.uri, table.c.size_bytes))
            return {row.uri.rpartition(f"{BUCKET}/")[2]: row.size_bytes for row in rows}

    def datasets(self) -> list[Any]:
        with self.registry.read() as transaction:
            return list(transaction.connection.execute(sa.select(schema.dataset.c.id)).scalars())

    def _one(self, statement: Any) -> Any:
        with self.registry.read() as transaction:
            return transaction.connection.execute(statement).one()


def at(event: ObjectEvent, sequencer: str) -> ObjectEvent:
    return replace(event, sequencer=sequencer)


def look_again(name: str = FILE) -> ObjectEvent:
    return ObjectEvent(bucket=BUCKET, key=name, kind=EventKind.CREATED, origin=EventOrigin.REDRIVE)


def put(scene: Scene, name: str, body: bytes) -> ObjectEvent:
    return created(scene.store.write(BUCKET, name, body))


def announced(scene: Scene) -> Iterator[ObjectEvent]:
    """Take out of the outbox what asks to be looked at again."""
    with scene.registry.begin() as transaction:
        messages = transaction.outbox.oldest(
            scene.now + timedelta(seconds=1), 100, Queue.RAW_EVENTS
        )
        transaction.outbox.discard(messages)
    for message in messages:
        for record in json.loads(message.payload)["Records"]:
            yield look_again(record["s3"]["object"]["key"])


def put_detectors(scene: Scene, name: str, detectors: str, **cards: object) -> ObjectEvent:
    """Put a file of several detectors, given as in ``3 1 2``, in the order of their HDUs."""
    header = {"INSTRUME": "HSC", "EXPNUM": 1, "DETNUM": 0, "DETNUMS": detectors}
    return put(scene, name, make_fits(header | cards))


def held(scene: Scene) -> dict[int, tuple[str, int | None]]:
    """Detector → file and HDU that its dataset is registered at."""
    files, datasets = schema.dataset_file, schema.dataset
    with scene.registry.read() as transaction:
        rows = transaction.connection.execute(
            sa.select(datasets.c.detector, files.c.uri, files.c.hdu).join(
                files, files.c.dataset == datasets.c.id
            )
        )
        return {row.detector: (row.uri.rpartition("/")[2], row.hdu) for row in rows}
