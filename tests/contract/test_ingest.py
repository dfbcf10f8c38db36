"""What becomes of files, sidecars and indexes, on both databases, one event after the other."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from factories import instrument, removed
from registry_dump import dump, nothing_written
from scenes import FILE, INDEX, SIDECAR, Scene, at, look_again, put
from underbutler.errors import RegistryUnavailableError, StoreUnavailableError
from underbutler.events.object_event import ObjectEvent
from underbutler.ingest.redrive import announce_due, announce_waiting_for_instruments
from underbutler.model.outcome import Outcome
from underbutler.registry import schema
from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry
from underbutler.store.memory import MemoryStore
from writers import BUCKET, key, put_file, put_index, put_sidecar


class TestSources:
    def test_the_header_serves_where_there_is_nothing_better(self, scene: Scene):
        assert scene.outcomes(put_file(scene.store, 1, 0)) == [Outcome.REGISTERED]
        assert scene.exposure().target_name == "by header"

    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
    def test_index_beats_sidecar_beats_header_whatever_comes_first(
        self, scene: Scene, order: Sequence[int]
    ):
        events = three(scene.store)
        for position in order:
            scene.ingest(events[position])
        assert scene.exposure().target_name == "by index"
        assert scene.state() == ("registered", "")
        assert scene.state(INDEX) == ("registered", "")

        scene.store.remove(BUCKET, INDEX)
        scene.ingest(removed(BUCKET, INDEX))
        assert scene.exposure().target_name == "by sidecar"

        scene.store.remove(BUCKET, SIDECAR)
        scene.ingest(removed(BUCKET, SIDECAR))
        assert scene.exposure().target_name == "by header"

    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
    def test_every_order_ends_in_the_same_rows(
        self, scene: Scene, order: Sequence[int], in_order: list[str]
    ):
        events = three(scene.store)
        for position in order:
            scene.ingest(events[position])
        assert dump(scene.registry) == in_order

    def test_a_translated_index_is_never_followed_by_a_look_at_the_file(self, scene: Scene):
        scene.ingest(put_index(scene.store, 1, range(8)))
        scene.store.requests.clear()
        outcomes = scene.outcomes(*(put_file(scene.store, 1, n) for n in range(8)))
        assert outcomes == [Outcome.REGISTERED] * 8
        assert scene.store.requests["get"] == 0

    def test_a_sidecar_that_comes_first_waits_for_its_file(self, scene: Scene):
        scene.ingest(put_sidecar(scene.store, 1, 0))
        assert scene.state(SIDECAR) == ("waiting", "file-not-seen")
        scene.ingest(put_file(scene.store, 1, 0))
        assert scene.state(SIDECAR) == ("registered", "")
        assert scene.exposure().target_name == "by sidecar"

    @pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe"])
    def test_a_bad_sidecar_is_rejected_and_the_header_serves(self, scene: Scene, body: bytes):
        scene.ingest(put_file(scene.store, 1, 0), put(scene, SIDECAR, body))
        assert scene.state(SIDECAR) == ("rejected", "bad-sidecar")
        assert scene.row(SIDECAR).message
        assert scene.exposure().target_name == "by header"

    @pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe"])
    def test_a_bad_index_is_rejected_and_its_files_are_read_otherwise(
        self, scene: Scene, body: bytes
    ):
        scene.ingest(put_index(scene.store, 1, (0,)), put_file(scene.store, 1, 0))
        scene.ingest(put(scene, INDEX, body))
        assert scene.state(INDEX) == ("rejected", "bad-index")
        assert scene.exposure().target_name == "by header"

    def test_what_a_newer_index_does_not_say_any_more_is_taken_back(self, scene: Scene):
        files = [put_file(scene.store, 1, detector) for detector in (0, 1)]
        scene.ingest(*files, put_index(scene.store, 1, (0, 1)))
        scene.ingest(put_index(scene.store, 1, (1,), object="anew"))
        assert scene.row(key(1, 0)).source_key is None
        assert scene.row(key(1, 1)).source_key == INDEX
        assert scene.exposure().target_name == "anew"


class TestFiles:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", "not-fits"),
            (b"GIF89a" + bytes(3000), "not-fits"),
            (b"SIMPLE  =                    T".ljust(2880), "no-end"),
            (b"SIMPLE  =                    T".ljust(400), "no-end"),
        ],
    )
    def test_a_corrupt_file_is_one_rejected_row_and_blocks_nothing(
        self, scene: Scene, body: bytes, code: str
    ):
        bad = put(scene, "night/1/bad.fits", body)
        good = [put_file(scene.store, 1, detector) for detector in (0, 1)]
        assert scene.outcomes(good[0], bad, good[1]) == [
            Outcome.REGISTERED,
            Outcome.REJECTED,
            Outcome.REGISTERED,
        ]
        assert scene.state("night/1/bad.fits") == ("rejected", code)
        assert scene.row("night/1/bad.fits").message
        assert scene.row("night/1/bad.fits").next_attempt is None

    def test_a_corrupt_file_delivered_again_is_not_read_again(self, scene: Scene):
        bad = put(scene, "night/1/bad.fits", b"")
        scene.ingest(bad)
        scene.store.requests.clear()
        assert scene.outcomes(bad) == [Outcome.DUPLICATE]
        assert scene.store.requests["get"] == 0

    def test_an_overwritten_file_keeps_its_uuid(self, scene: Scene):
        scene.ingest(put_file(scene.store, 1, 0))
        before = scene.datasets()
        newer = put_file(scene.store, 1, 0, OBJECT="newer", COMMENT1="x" * 60)
        assert scene.outcomes(newer) == [Outcome.REGISTERED]
        assert scene.datasets() == before
        assert scene.exposure().target_name == "newer"
        assert scene.files() == {FILE: newer.size_bytes}

    def test_a_file_that_holds_another_dataset_now_is_the_former_s_no_more(self, scene: Scene):
        scene.ingest(put_file(scene.store, 1, 0))
        body = scene.store.read(BUCKET, put_file(scene.store, 2, 0).key, largest_bytes=10**6)
        scene.ingest(put(scene, FILE, body))
        assert len(scene.datasets()) == 2
        assert list(scene.files()) == [FILE]
        assert scene.row().exposure == 2

    def test_a_removed_file_is_gone_and_its_dataset_stays_to_be_missed(self, scene: Scene):
        event = at(put_file(scene.store, 1, 0), "1")
        scene.ingest(event)
        before = scene.datasets(), scene.files()
        assert scene.outcomes(removed(BUCKET, FILE, sequencer="2")) == [Outcome.GONE]
        assert scene.state() == ("gone", "")
        assert (scene.datasets(), scene.files()) == before
        assert scene.outcomes(event) == [Outcome.SUPERSEDED]
        assert scene.outcomes(at(event, "3")) == [Outcome.REGISTERED]

    def test_an_older_event_after_a_newer_one_changes_nothing(self, scene: Scene):
        older = at(put_file(scene.store, 1, 0, OBJECT="older"), "1")
        newer = at(put_file(scene.store, 1, 0, OBJECT="newer"), "2")
        scene.ingest(newer)
        with nothing_written(scene.registry, but=["ingest_event"]):
            assert scene.outcomes(older) == [Outcome.SUPERSEDED]

    def test_a_duplicate_costs_no_request(self, scene: Scene):
        event = at(put_file(scene.store, 1, 0), "1")
        scene.ingest(event)
        scene.store.requests.clear()
        with nothing_written(scene.registry, but=["ingest_event"]):
            assert scene.outcomes(event, event) == [Outcome.DUPLICATE] * 2
        assert not scene.store.requests

    def test_events_without_an_order_ask_the_bucket(self, scene: Scene):
        older = put_file(scene.store, 1, 0, OBJECT="older")
        newer = put_file(scene.store, 1, 0, OBJECT="newer")
        scene.ingest(newer)
        assert scene.outcomes(older) == [Outcome.DUPLICATE]
        assert scene.exposure().target_name == "newer"


class TestMissingObjects:
    def test_it_waits_ever_longer_and_then_is_given_up(self, scene: Scene):
        event = put_file(scene.store, 1, 0)
        scene.store.remove(BUCKET, FILE)
        assert scene.outcomes(event) == [Outcome.WAITING]
        for pause in (30, 120, 600, 3600, 21600):
            row = scene.row()
            assert (row.state, row.code) == ("waiting", "missing-object")
            assert FILE in row.message
            assert row.next_attempt == scene.now + timedelta(seconds=pause)
            assert announce_due(scene.registry, row.next_attempt - timedelta(seconds=1)) == 0
            assert announce_due(scene.registry, row.next_attempt) == 1
            scene.now = row.next_attempt
            scene.ingest(look_again())
        assert scene.state() == ("gone", "missing-object")
        assert announce_due(scene.registry, scene.now + timedelta(days=30)) == 0

    def test_it_is_registered_once_it_shows(self, scene: Scene):
        event = put_file(scene.store, 1, 0)
        body = scene.store.read(BUCKET, FILE, largest_bytes=10**6)
        scene.store.remove(BUCKET, FILE)
        scene.ingest(event)
        put(scene, FILE, body)
        assert scene.outcomes(look_again()) == [Outcome.REGISTERED]
        assert scene.state() == ("registered", "")
        assert announce_due(scene.registry, scene.now + timedelta(days=1)) == 0


class TestConflicts:
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    @pytest.mark.parametrize("together", [True, False])
    def test_the_smaller_uri_holds_the_dataset_whoever_came_first(
        self, scene: Scene, order: tuple[int, int], *, together: bool
    ):
        events = [put_file(scene.store, 1, 0, folder=folder) for folder in ("a", "b")]
        batches = [order] if together else [(position,) for position in order]
        for batch in batches:
            scene.ingest(*(events[position] for position in batch))
        first, second = (key(1, 0, folder=folder) for folder in ("a", "b"))
        assert scene.state(first) == ("registered", "")
        assert scene.state(second) == ("rejected", "conflict")
        assert first in scene.row(second).message
        assert second in scene.row(second).message
        assert list(scene.files()) == [first]
        assert len(scene.datasets()) == 1

        scene.store.remove(BUCKET, first)
        scene.ingest(removed(BUCKET, first))
        assert scene.state(second) == ("registered", "")
        assert list(scene.files()) == [second]
        assert scene.exposure().metadata_uri.endswith(second)


class TestInstruments:
    def test_a_file_waits_until_its_instrument_is_registered(self, registry: Registry):
        scene = Scene(registry)
        assert scene.outcomes(put_file(scene.store, 1, 0)) == [Outcome.WAITING]
        assert scene.state() == ("waiting", "instrument-not-registered")
        assert "register-instrument" in scene.row().message
        with registry.begin() as transaction:
            transaction.dimensions.register_instrument(instrument())
            assert announce_waiting_for_instruments(transaction, ["HSC"]) == 1
        assert scene.outcomes(look_again()) == [Outcome.REGISTERED]
        assert len(scene.datasets()) == 1


class TestFailures:
    def test_a_bucket_that_does_not_answer_brings_the_event_back_and_writes_nothing_of_it(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ):
        event = put_file(scene.store, 1, 0)

        def unavailable(*_: Any, **__: Any) -> Any:
            raise StoreUnavailableError("The store is away.")

        with monkeypatch.context() as patch, nothing_written(scene.registry, but=["ingest_event"]):
            patch.setattr(scene.store, "reader", unavailable)
            patch.setattr(scene.store, "read", unavailable)
            (outcome,) = scene.ingest(event)
        assert (outcome.outcome, outcome.code) == (Outcome.TRANSIENT, "store-unavailable")
        assert scene.outcomes(event) == [Outcome.REGISTERED]

    def test_a_registry_that_does_not_answer_brings_all_events_back(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ):
        events = [put_file(scene.store, 1, detector) for detector in range(3)]

        def unavailable(*_: Any) -> Any:
            raise RegistryUnavailableError("The registry is away.")

        with monkeypatch.context() as patch:
            patch.setattr(scene.registry, "begin", unavailable)
            outcomes = scene.ingest(*events)
        assert {(item.outcome, item.code) for item in outcomes} == {
            (Outcome.TRANSIENT, "registry-unavailable")
        }
        assert scene.outcomes(*events) == [Outcome.REGISTERED] * 3

    def test_a_file_that_changes_while_it_is_read_is_registered_as_it_is_in_the_end(
        self, scene: Scene
    ):
        older = at(put_file(scene.store, 1, 0, OBJECT="older"), "1")
        put_file(scene.store, 1, 0, OBJECT="newer")
        outcomes = scene.outcomes(older)
        assert outcomes == [Outcome.REGISTERED]
        assert scene.exposure().target_name == "newer"


class TestHistory:
    def test_every_event_is_recorded_with_how_it_ended(self, scene: Scene):
        event = put_file(scene.store, 1, 0)
        other = put(scene, "night/notes.txt", b"seen: 0.8")
        scene.ingest(event)
        scene.ingest(event, other, put(scene, "night/bad.fits", b""))
        with scene.registry.read() as transaction:
            table = schema.ingest_event
            rows = transaction.connection.execute(
                sa.select(table.c.key, table.c.outcome, table.c.code).order_by(table.c.id)
            ).all()
        assert {tuple(row) for row in rows} == {
            (FILE, "registered", ""),
            (FILE, "duplicate", "duplicate"),
            ("night/notes.txt", "ignored", "not-a-raw"),
            ("night/bad.fits", "rejected", "not-fits"),
        }
        assert len(rows) == 4


def three(store: MemoryStore) -> list[ObjectEvent]:
    return [put_file(store, 1, 0), put_sidecar(store, 1, 0), put_index(store, 1, (0,))]


@pytest.fixture
def in_order(sqlite_url: str) -> list[str]:
    """What file, sidecar and index become in that order, in SQLite."""
    registry = Registry(connect_registry(sqlite_url))
    with registry.begin() as transaction:
        transaction.dimensions.register_instrument(instrument(detectors=8))
    scene = Scene(registry)
    for event in three(scene.store):
        scene.ingest(event)
    result = dump(registry)
    registry.close()
    return result
