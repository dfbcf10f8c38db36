"""Several writers at once: as one writer, and without a deadlock."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa

from interleaving import background, together, wait_until_blocked
from registry_dump import dump, nothing_written
from underbutler.events.object_event import ObjectEvent
from underbutler.model.outcome import Outcome
from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry
from underbutler.store.memory import MemoryStore
from writers import (
    Writer,
    deadlocks,
    put_file,
    put_index,
    put_sidecar,
    register_hsc,
    writers,
)

WRITERS = 8


@pytest.fixture
def by_one(sqlite_url: str) -> Callable[[MemoryStore, Sequence[ObjectEvent]], list[str]]:
    """What one writer makes of events, in SQLite."""

    def make(store: MemoryStore, events: Sequence[ObjectEvent]) -> list[str]:
        with writers(sqlite_url, store, 1) as (writer,):
            register_hsc(writer.registry)
            writer.ingest(events, len(events))
            return dump(writer.registry)

    return make


def night(store: MemoryStore) -> list[ObjectEvent]:
    """Three exposures: of bare files, of some with sidecars, of some in an index; two doubles."""
    events = [
        put_file(store, exposure, detector, OBJECT=f"by {detector}")
        for exposure in (1, 2, 3)
        for detector in range(8)
    ]
    events += [put_sidecar(store, 2, detector) for detector in (1, 3, 5)]
    events += [put_index(store, 3, range(2, 8))]
    events += [put_file(store, 1, detector, folder="copies") for detector in (0, 4)]
    return events


def orders(events: list[ObjectEvent]) -> list[list[ObjectEvent]]:
    """Put events in as many orders as there are writers, every other the opposite of the last."""
    chance = random.Random(20260301)
    result = []
    for _ in range(WRITERS // 2):
        shuffled = chance.sample(events, len(events))
        result += [shuffled, shuffled[::-1]]
    return result


@pytest.mark.parametrize("batch_size", [1, 10, 100])
def test_writers_of_the_same_files_in_opposite_orders_are_as_one_and_never_deadlock(
    postgres_registry: Registry, by_one: Callable[..., list[str]], batch_size: int
):
    store = MemoryStore()
    events = night(store)
    register_hsc(postgres_registry)
    with writers(postgres_registry.engine.url, store, WRITERS) as at_once:
        together(
            [
                lambda writer=writer, order=order: writer.ingest(order, batch_size)
                for writer, order in zip(at_once, orders(events), strict=True)
            ]
        )
    assert dump(postgres_registry) == by_one(store, events)
    assert deadlocks(postgres_registry) == 0


def test_writers_that_share_out_the_files_of_an_exposure_are_as_one_and_never_deadlock(
    postgres_registry: Registry, by_one: Callable[..., list[str]]
):
    store = MemoryStore()
    events = night(store)
    register_hsc(postgres_registry)
    shares = [random.Random(1).sample(events, len(events))[n::WRITERS] for n in range(WRITERS)]
    with writers(postgres_registry.engine.url, store, WRITERS) as at_once:
        together(
            [
                lambda writer=writer, share=share: writer.ingest(share, 2)
                for writer, share in zip(at_once, shares, strict=True)
            ]
        )
    assert dump(postgres_registry) == by_one(store, events)
    assert deadlocks(postgres_registry) == 0


def test_a_night_delivered_again_by_several_writers_changes_no_row(postgres_registry: Registry):
    store = MemoryStore()
    events = night(store)
    register_hsc(postgres_registry)
    with writers(postgres_registry.engine.url, store, WRITERS) as at_once:
        at_once[0].ingest(events)
        with nothing_written(postgres_registry, but=["ingest_event"]):
            together(
                [
                    lambda writer=writer, order=order: writer.ingest(order)
                    for writer, order in zip(at_once, orders(events), strict=True)
                ]
            )


def test_a_night_delivered_again_changes_no_row(registry: Registry):
    store = MemoryStore()
    events = night(store)
    register_hsc(registry)
    with writers(registry.engine.url, store, 2) as (first, second):
        first.ingest(events)
        with nothing_written(registry, but=["ingest_event"]):
            outcomes = [*first.ingest(events[::-1]), *second.ingest(events)]
    assert set(outcomes) == {Outcome.DUPLICATE}


def test_a_deadlock_would_be_counted(postgres_registry: Registry):
    """The statistics that the tests above rely on do count."""

    def lock(first: int, second: int, gate: Callable[[], None]) -> None:
        engine = connect_registry(postgres_registry.engine.url)
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql("SET LOCAL deadlock_timeout = 20")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({first})")
                gate()
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({second})")
        except sa.exc.OperationalError:
            pass
        finally:
            engine.dispose()

    with background() as start:
        lock(
            1,
            2,
            lambda: (
                start(lock, 2, 1, lambda: None),
                wait_until_blocked(postgres_registry),
            )[-1],
        )
    assert deadlocks(postgres_registry) == 1


def test_a_writer_whose_connection_breaks_at_its_commit_registers_all_the_same(
    postgres_registry: Registry, by_one: Callable[..., list[str]]
):
    store = MemoryStore()
    events = night(store)
    register_hsc(postgres_registry)
    with writers(postgres_registry.engine.url, store, 1) as (writer,):
        _break_every_fifth_commit(writer, postgres_registry)
        writer.ingest(events, 4)
    assert dump(postgres_registry) == by_one(store, events)


def _break_every_fifth_commit(writer: Writer, registry: Registry) -> None:
    commits = iter(range(1_000_000))

    def end_session(connection: sa.Connection) -> None:
        if next(commits) % 5 == 4:
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with registry.engine.connect() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")

    sa.event.listen(writer.registry.engine, "commit", end_session)
