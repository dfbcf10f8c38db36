"""Races between writers as named interleavings: one is stopped at a point, another comes by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from factories import removed
from interleaving import background, held, let_run
from registry_dump import dump
from underbutler.events.object_event import ObjectEvent
from underbutler.registry.registry import Registry
from underbutler.store.memory import MemoryStore
from writers import (
    BUCKET,
    Writer,
    deadlocks,
    put_file,
    put_index,
    put_sidecar,
    register_hsc,
    writers,
)

# Before a writer holds anything; while it holds folders and exposures; when all is written.
POINTS = [("pg_advisory_xact_lock", 1), ("INSERT INTO raw_object", 1), ("COMMIT", 1)]
# An index is claimed in one transaction, and what it says is written in another.
INDEX_POINTS = [*POINTS, ("pg_advisory_xact_lock", 2), ("COMMIT", 2)]


@dataclass
class Race:
    """Two batches of events, and what was there before them."""

    first: list[ObjectEvent]
    second: list[ObjectEvent]
    before: list[ObjectEvent] = field(default_factory=list)


@pytest.fixture
def by_one(sqlite_url: str) -> Callable[[MemoryStore, Sequence[Sequence[ObjectEvent]]], list[str]]:
    """What one writer makes of batches, one after the other, in SQLite."""

    def make(store: MemoryStore, batches: Sequence[Sequence[ObjectEvent]]) -> list[str]:
        with writers(sqlite_url, store, 1) as (writer,):
            register_hsc(writer.registry)
            for batch in batches:
                writer.ingest(batch)
            return dump(writer.registry)

    return make


def two_files(store: MemoryStore, number: int) -> Race:
    return Race([put_file(store, number, 0)], [put_file(store, number, 1, OBJECT="other")])


def two_files_in_two_folders(store: MemoryStore, number: int) -> Race:
    return Race([put_file(store, number, 0, folder="a")], [put_file(store, number, 1, folder="b")])


def file_and_sidecar(store: MemoryStore, number: int) -> Race:
    return Race([put_file(store, number, 0)], [put_sidecar(store, number, 0)])


def sidecar_and_other_file(store: MemoryStore, number: int) -> Race:
    files = [put_file(store, number, detector) for detector in (0, 1)]
    return Race([put_sidecar(store, number, 0)], files[1:], before=files[:1])


def one_dataset_twice(store: MemoryStore, number: int) -> Race:
    return Race([put_file(store, number, 0, folder="b")], [put_file(store, number, 0, folder="a")])


def older_and_newer_file(store: MemoryStore, number: int) -> Race:
    older = put_file(store, number, 0, OBJECT="older")
    newer = put_file(store, number, 0, OBJECT="newer")
    return Race([_at(older, "1")], [_at(newer, "2")])


def removal_and_other_file(store: MemoryStore, number: int) -> Race:
    best = put_file(store, number, 0, OBJECT="best")
    other = put_file(store, number, 1, OBJECT="other")
    third = put_file(store, number, 2, OBJECT="third")
    return Race([_removal(best)], [other], before=[_at(best, "1"), third])


def removal_of_the_holder_and_its_rival(store: MemoryStore, number: int) -> Race:
    holder, rival = (put_file(store, number, 0, folder=folder) for folder in "ab")
    return Race([_removal(holder)], [rival], before=[_at(holder, "1")])


def removal_of_both_files(store: MemoryStore, number: int) -> Race:
    files = [put_file(store, number, n, OBJECT=f"object {n}") for n in (0, 1)]
    return Race([_removal(files[0])], [_removal(files[1])], before=[_at(f, "1") for f in files])


def removal_of_the_only_file_and_a_new_one(store: MemoryStore, number: int) -> Race:
    old = put_file(store, number, 0, OBJECT="old")
    new = put_file(store, number, 1, OBJECT="new")
    return Race([_removal(old)], [new], before=[_at(old, "1")])


def sidecar_and_its_removal(store: MemoryStore, number: int) -> Race:
    file, sidecar = put_file(store, number, 0), put_sidecar(store, number, 0)
    store.remove(BUCKET, sidecar.key)
    return Race([_at(sidecar, "1")], [_removal(sidecar)], before=[file])


def index_and_file(store: MemoryStore, number: int) -> Race:
    files = [put_file(store, number, detector) for detector in (0, 1)]
    return Race([put_index(store, number, (0, 1, 2))], files[1:], before=files[:1])


def index_and_sidecar(store: MemoryStore, number: int) -> Race:
    file = put_file(store, number, 0)
    return Race([put_index(store, number, (0,))], [put_sidecar(store, number, 0)], before=[file])


def index_and_its_newer_content(store: MemoryStore, number: int) -> Race:
    files = [put_file(store, number, detector) for detector in (0, 1)]
    older = put_index(store, number, (0, 1, 2), object="older")
    newer = put_index(store, number, (1, 3), object="newer")
    return Race([_at(older, "1")], [_at(newer, "2")], before=files)


def index_and_its_removal(store: MemoryStore, number: int) -> Race:
    file, index = put_file(store, number, 0), put_index(store, number, (0, 1))
    store.remove(BUCKET, index.key)
    return Race([_at(index, "1")], [_removal(index)], before=[file])


def _at(event: ObjectEvent, sequencer: str) -> ObjectEvent:
    return replace(event, sequencer=sequencer)


def _removal(event: ObjectEvent) -> ObjectEvent:
    return removed(event.bucket, event.key, sequencer="2")


FILE_RACES = [
    two_files,
    two_files_in_two_folders,
    file_and_sidecar,
    sidecar_and_other_file,
    one_dataset_twice,
    older_and_newer_file,
    removal_and_other_file,
    removal_of_the_holder_and_its_rival,
    removal_of_both_files,
    removal_of_the_only_file_and_a_new_one,
    sidecar_and_its_removal,
]
INDEX_RACES = [
    index_and_file,
    index_and_sidecar,
    index_and_its_newer_content,
    index_and_its_removal,
]


def run(registry: Registry, race: Race, pair: Sequence[Writer], point: tuple[str, int]) -> None:
    """Stop the first writer at a point of its batch until the second is done, or waits for it."""
    pair[0].ingest(race.before)
    with background() as start, held(pair[0].registry, *point) as gate:
        start(pair[0].ingest, race.first)
        gate.wait_until_reached()
        let_run(registry, start(pair[1].ingest, race.second))


@pytest.mark.parametrize(
    ("make", "points"),
    [
        *((make, POINTS) for make in FILE_RACES),
        *((make, INDEX_POINTS) for make in INDEX_RACES),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_two_writers_in_any_interleaving_are_as_one(
    postgres_registry: Registry,
    by_one: Callable[..., list[str]],
    make: Callable[[MemoryStore, int], Race],
    points: list[tuple[str, int]],
):
    store = MemoryStore()
    register_hsc(postgres_registry)
    batches: list[list[ObjectEvent]] = []
    with writers(postgres_registry.engine.url, store, 2) as pair:
        for number, point in enumerate(points):
            race = make(store, number)
            run(postgres_registry, race, pair, point)
            batches += [race.before, race.first, race.second]
        for number, point in enumerate(POINTS, len(points)):
            race = make(store, number)
            race.first, race.second = race.second, race.first
            run(postgres_registry, race, pair, point)
            batches += [race.before, race.second, race.first]
    assert dump(postgres_registry) == by_one(store, batches)
    assert deadlocks(postgres_registry) == 0


def test_writers_of_two_exposures_one_of_which_a_third_registers_meanwhile_never_deadlock(
    postgres_registry: Registry,
):
    store = MemoryStore()
    # In folders of their own, so that they do not wait for each other there.
    zeroth, first, second = (
        [put_file(store, exposure, n, folder=str(n)) for exposure in exposures]
        for n, exposures in enumerate([(5,), (3, 5), (3, 5)])
    )
    register_hsc(postgres_registry)
    with (
        writers(postgres_registry.engine.url, store, 3) as (w0, w1, w2),
        background() as start,
        held(w1.registry, "INSERT INTO exposure_group") as first_gate,
        held(w2.registry, "INSERT INTO exposure_group") as second_gate,
    ):
        last = start(w2.ingest, second)
        second_gate.wait_until_reached()
        other = start(w0.ingest, zeroth)
        let_run(postgres_registry, other)
        start(w1.ingest, first)
        if other.done():
            first_gate.wait_until_reached()
        second_gate.open()
        let_run(postgres_registry, last)
    assert deadlocks(postgres_registry) == 0
