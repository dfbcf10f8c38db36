"""Files put, overwritten and removed at random: what is left decides, not what came before.

What legitimately differs from a registry that sees only what is left: rows of objects that are
gone, datasets and exposures of which no object speaks any more, and auxiliary files registered
while their exposure was there.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from factories import NOW, created, instrument, removed, translated
from interleaving import together
from registry_dump import nothing_written
from scenes import Scene, announced
from underbutler.events.object_event import ObjectEvent
from underbutler.local.night import make_fits
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.observation import MetadataSource
from underbutler.registry import schema
from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry
from underbutler.store.memory import MemoryStore
from writers import BUCKET, writers

RAWS = ("night/a.fits", "night/b.fits.fz", "other/a.fits")
SIDECARS = ("night/a.json",)
GUIDERS = ("night/1_guider.fits", "night/2_guider.fits", "other/2_guider.fits")
KEPT = {"instrument", "detector", "physical_filter", "visit_system", "registry_attribute"}

Change = tuple[str, bytes | None]
"""Key, and what is put there; None removes it."""

exposures = st.integers(1, 2)
detectors = st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True)
objects = st.sampled_from(["x", "y"])


def raw(exposure: int, numbers: Sequence[int], target: str) -> bytes:
    cards = {"INSTRUME": "LSSTCam", "EXPNUM": exposure, "DETNUM": numbers[0], "OBJECT": target}
    if len(numbers) > 1:
        cards["DETNUMS"] = " ".join(map(str, numbers))
    return make_fits(cards)


def sidecar(exposure: int, numbers: Sequence[int], target: str) -> bytes:
    entries = [
        translated(instrument="LSSTCam", exposure_id=exposure, detector_num=n, object=target)
        | {"__CONTENT__": "translated"}
        for n in numbers
    ]
    return json.dumps(entries).encode()


removal = st.none()
changes = st.one_of(
    st.tuples(
        st.sampled_from(RAWS),
        st.one_of(
            st.builds(raw, exposures, detectors, objects),
            st.builds(raw, exposures, detectors, objects),
            removal,
            st.just(b"no FITS file"),
        ),
    ),
    st.tuples(
        st.sampled_from(SIDECARS),
        st.one_of(st.builds(sidecar, exposures, detectors, objects), removal, st.just(b"{")),
    ),
    st.tuples(
        st.sampled_from(GUIDERS),
        st.one_of(
            st.builds(lambda e, n: raw(e, [n], "guider"), exposures, st.integers(4, 5)), removal
        ),
    ),
)
histories = st.lists(changes, min_size=1, max_size=12)


@pytest.fixture
def others(sqlite_url: str) -> Iterator[Registry]:
    """A registry that sees only what is left."""
    opened = Registry(connect_registry(sqlite_url))
    yield opened
    opened.close()


def anew(registry: Registry, store: MemoryStore) -> Scene:
    """Empty a registry but for its instrument."""
    with registry.begin() as transaction:
        for table in reversed(schema.METADATA.sorted_tables):
            if table.name not in KEPT:
                transaction.connection.execute(sa.delete(table))
        transaction.dimensions.register_instrument(
            replace(load_instrument("LSSTCam"), camera=instrument().camera)
        )
    return Scene(registry, store)


def happen(store: MemoryStore, history: Sequence[Change], first: int = 0) -> list[ObjectEvent]:
    """Change the bucket; returns the events of it, in order, numbered from the first on."""
    events = []
    for number, (name, body) in enumerate(history, start=first):
        sequencer = f"{number:04d}"
        if body is None:
            store.remove(BUCKET, name)
            events.append(removed(BUCKET, name, sequencer=sequencer))
        else:
            info = store.write(BUCKET, name, body)
            events.append(created(info, sequencer=sequencer))
    return events


def settle(scene: Scene) -> None:
    while events := list(announced(scene)):
        scene.ingest(*events)


def ingest_what_is_left(scene: Scene, chance: random.Random) -> None:
    infos = list(scene.store.list(BUCKET))
    for info in chance.sample(infos, len(infos)):
        scene.ingest(created(info))
    settle(scene)


def objects_there(scene: Scene) -> dict[str, Mapping[str, Any]]:
    table = schema.raw_object
    columns = ("state", "code", "message", "dataset_type", "exposure", "detector", "hdus")
    columns += ("source", "source_key", "observation", "etag", "size_bytes")
    found = rows(scene, sa.select(table.c.key, *(table.c[name] for name in columns)).where(
        table.c.state != "gone", table.c.kind == "fits"
    ))  # fmt: skip
    return {row["key"]: row for row in found}


def exposures_there(scene: Scene) -> dict[int, Mapping[str, Any]]:
    table = schema.exposure
    found = rows(
        scene, sa.select(table).where(table.c.metadata_source != MetadataSource.GONE.value)
    )
    return {row["id"]: row for row in found}


def files_there(scene: Scene) -> dict[tuple[str, int, int], Mapping[str, Any]]:
    files, datasets, kinds = schema.dataset_file, schema.dataset, schema.dataset_type
    table = schema.raw_object
    found = rows(
        scene,
        sa.select(
            kinds.c.name, datasets.c.exposure, datasets.c.detector,
            files.c.uri, files.c.hdu, files.c.etag, files.c.size_bytes,
        )
        .join(datasets, datasets.c.id == files.c.dataset)
        .join(kinds, kinds.c.id == datasets.c.dataset_type)
        .join(table, table.c.id == files.c.raw_object)
        .where(table.c.state == "registered"),
    )  # fmt: skip
    return {(row["name"], row["exposure"], row["detector"]): row for row in found}


def rows(scene: Scene, statement: sa.Select[Any]) -> list[Mapping[str, Any]]:
    with scene.registry.read() as transaction:
        return [dict(row._mapping) for row in transaction.connection.execute(statement)]


def assert_as_if_nothing_else_had_been(scene: Scene, fresh: Scene) -> None:
    seen = exposures_there(fresh)
    known, expected = objects_there(scene), objects_there(fresh)
    assert known.keys() == expected.keys()
    for name, row in expected.items():
        if row["code"] == "exposure-not-seen" and known[name]["state"] == "registered":
            # Its exposure was there.
            assert row["exposure"] not in seen
        else:
            assert known[name] == row
    assert {number: row for number, row in exposures_there(scene).items() if number in seen} == seen
    files = files_there(scene)
    surplus = files.keys() - files_there(fresh).keys()
    assert {number: row for number, row in files.items() if number not in surplus} == (
        files_there(fresh)
    )
    assert all(kind == "guider_raw" and number not in seen for kind, number, _ in surplus)
    assert said(scene) == referred_to(scene)


def said(scene: Scene) -> set[Any]:
    table = schema.exposure_observation
    return {row["digest"] for row in rows(scene, sa.select(table.c.digest))}


def referred_to(scene: Scene) -> set[Any]:
    table = schema.raw_object
    statement = sa.select(table.c.observation).where(table.c.observation.is_not(None))
    return {row["observation"] for row in rows(scene, statement)}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories, seed=st.integers(0, 10**6))
def test_what_is_left_decides_whatever_was_and_in_whatever_order_it_is_told(
    registry: Registry, others: Registry, history: list[Change], seed: int
):
    chance = random.Random(seed)
    store = MemoryStore()
    scene, fresh = anew(registry, store), anew(others, store)
    at_once = chance.randint(0, len(history))
    # Some of it is told while the bucket changes, the rest at last; all of it in any order.
    told = happen(store, history[:at_once])
    for events in batches(told, chance):
        scene.ingest(*events)
    told = happen(store, history[at_once:], at_once) + chance.sample(told, len(told) // 2)
    for events in batches(told, chance):
        scene.ingest(*events)
    settle(scene)
    ingest_what_is_left(fresh, chance)
    assert_as_if_nothing_else_had_been(scene, fresh)


def batches(events: Sequence[ObjectEvent], chance: random.Random) -> Iterator[list[ObjectEvent]]:
    rest = chance.sample(events, len(events))
    while rest:
        size = chance.randint(1, 4)
        yield rest[:size]
        del rest[:size]


@settings(
    max_examples=20,
    # Two never meet in the same way twice: a failure can be neither shrunk nor kept.
    phases=[Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories, seed=st.integers(0, 10**6))
def test_what_is_left_decides_also_when_two_are_told_at_once(
    postgres_registry: Registry, others: Registry, history: list[Change], seed: int
):
    chance = random.Random(seed)
    store = MemoryStore()
    scene, fresh = anew(postgres_registry, store), anew(others, store)
    events = happen(store, history)
    orders = [chance.sample(events, len(events)) for _ in range(2)]
    size = chance.randint(1, 4)
    with writers(postgres_registry.engine.url, store, 2) as at_once:
        together(
            [
                lambda writer=writer, order=order: writer.ingest(order, size)
                for writer, order in zip(at_once, orders, strict=True)
            ]
        )
        scene.now = NOW + timedelta(days=3650)
        settle(scene)
        with nothing_written(postgres_registry, but=["ingest_event"]):
            at_once[0].ingest(orders[1])
    ingest_what_is_left(fresh, chance)
    assert_as_if_nothing_else_had_been(scene, fresh)
