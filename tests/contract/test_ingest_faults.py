"""What comes at a bad moment: versions, look-agains, replacements, outages of one queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from factories import created, removed
from interleaving import background, held, wait_until_blocked
from scenes import FILE, Scene, at, look_again
from underbutler.butler.registration import register_instruments
from underbutler.ingest.redrive import announce_due
from underbutler.ingest.relay import relay_oldest
from underbutler.ingest.stem_worker import StemWorker
from underbutler.local.night import make_fits
from underbutler.model.announcement import Announcement, Queue
from underbutler.model.outcome import Outcome
from underbutler.queues.memory import MemoryQueues
from underbutler.registry import schema
from underbutler.registry.registry import Registry
from underbutler.store.memory import MemoryStore
from writers import BUCKET, put_file, put_index, writers


@pytest.mark.parametrize("order", [(0, 1), (1, 0), "together"])
def test_the_deletion_of_an_old_version_does_not_hide_the_object(scene: Scene, order: Any):
    events = [
        at(put_file(scene.store, 1, 0), "1"),
        replace(removed(BUCKET, FILE, sequencer="2"), version_id="older"),
    ]
    if order == "together":
        scene.ingest(*events)
    else:
        for position in order:
            scene.ingest(events[position])
    assert scene.state() == ("registered", "")


def test_a_look_again_beside_a_newer_event_keeps_its_place_in_the_order(scene: Scene):
    scene.ingest(at(put_file(scene.store, 1, 0), "1"))
    newest = at(put_file(scene.store, 1, 0, OBJECT="third"), "3")
    scene.ingest(look_again(), newest)
    assert scene.outcomes(removed(BUCKET, FILE, sequencer="2")) == [Outcome.SUPERSEDED]
    assert scene.state() == ("registered", "")


@pytest.mark.parametrize(
    "body", [b"x" * 3000, make_fits({"INSTRUME": "HSC", "EXPNUM": 2, "DETNUM": 0})]
)
@pytest.mark.parametrize("target", ["old", "new"])
def test_an_exposure_whose_only_file_was_overwritten_is_what_the_next_one_says(
    scene: Scene, body: bytes, target: str
):
    scene.ingest(at(put_file(scene.store, 1, 0, OBJECT="old"), "1"))
    scene.ingest(at(created(scene.store.write(BUCKET, FILE, body)), "2"))
    other = put_file(scene.store, 1, 3, OBJECT=target)
    scene.ingest(other)
    assert scene.exposure().target_name == target
    assert scene.exposure().metadata_uri.endswith(other.key)
    # And what it says is known when the next one has to be chosen.
    scene.ingest(put_file(scene.store, 1, 2, OBJECT="last"))
    scene.store.remove(BUCKET, other.key)
    with scene.registry.read() as transaction:
        said = transaction.connection.execute(
            sa.select(sa.func.count())
            .select_from(schema.exposure_observation)
            .where(schema.exposure_observation.c.exposure == 1)
        ).scalar_one()
    assert said == 2


def test_a_replaced_index_takes_no_file_along_that_it_does_not_describe(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    files = [put_file(scene.store, 7, detector) for detector in range(3)]
    scene.ingest(at(put_index(scene.store, 1, (0,)), "1"))
    second = at(put_index(scene.store, 1, (0,), object="second"), "2")
    work_off = StemWorker.work_off

    def meanwhile(self: StemWorker, *arguments: Any) -> Any:
        monkeypatch.setattr(StemWorker, "work_off", work_off)
        other = Scene(scene.registry, scene.store)
        other.ingest(at(put_index(scene.store, 1, (0,), object="third"), "3"))
        return work_off(self, *arguments)

    monkeypatch.setattr(StemWorker, "work_off", meanwhile)
    assert scene.outcomes(second, *files)[1:] == [Outcome.REGISTERED] * 3


def test_a_due_object_is_announced_once_until_somebody_looked_or_could_have(scene: Scene):
    event = put_file(scene.store, 1, 0)
    scene.store.remove(BUCKET, FILE)
    scene.ingest(event)
    queues = MemoryQueues()
    for minute in range(1, 60):
        announce_due(scene.registry, scene.now + timedelta(minutes=minute))
        relay_oldest(scene.registry, queues, datetime.now(UTC) + timedelta(seconds=1))
    assert len(queues.receive(Queue.RAW_EVENTS, 1000)) == 1
    assert announce_due(scene.registry, scene.now + timedelta(hours=2)) == 1


def test_a_queue_that_takes_nothing_holds_up_no_other(scene: Scene):
    class Refusing(MemoryQueues):
        def send(self, queue: Queue, payloads: Any) -> list[bool]:
            if queue is Queue.VISITS:
                return [False] * len(payloads)
            return super().send(queue, payloads)

    messages = [
        Announcement(dedup_key=str(n), destination=Queue.VISITS, payload={}) for n in range(150)
    ]
    last = Announcement(dedup_key="last", destination=Queue.RAW_EVENTS, payload={})
    for announced in (messages, [last]):
        with scene.registry.begin() as transaction:
            transaction.outbox.announce(announced, datetime.now(UTC))
    queues = Refusing()
    relay_oldest(scene.registry, queues, datetime.now(UTC) + timedelta(seconds=1))
    assert len(queues.receive(Queue.RAW_EVENTS, 10)) == 1


def test_a_file_of_an_instrument_that_is_registered_at_the_same_moment_is_looked_at_again(
    postgres_registry: Registry,
):
    store = MemoryStore()
    event = put_file(store, 1, 0)
    with writers(postgres_registry.engine.url, store, 1) as (writer,), background() as start:
        with held(writer.registry, "INSERT INTO raw_object") as gate:
            ingesting = start(writer.ingest, [event])
            gate.wait_until_reached()
            registering = start(register_instruments, postgres_registry, ["HSC"])
            wait_until_blocked(postgres_registry)
        assert ingesting.result() == [Outcome.WAITING]
        assert registering.result()[0].waiting == 1
