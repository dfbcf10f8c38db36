"""Three snaps that make one visit: whatever comes first, whoever is at it, the same rows."""

from __future__ import annotations

import itertools
import json
import queue
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from factories import created, translated
from interleaving import together
from registry_dump import dump
from underbutler.events.object_event import ObjectEvent
from underbutler.local.night import make_fits
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.registry import schema
from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry
from underbutler.store.memory import MemoryStore
from underbutler.visits.define_visits import define_visits
from writers import BUCKET, Writer, writers

LATISS = load_instrument("LATISS")
DAY_OBS = 20260301
SNAPS = (348, 349, 350)
ORDERS = list(itertools.permutations(SNAPS))
ROUNDS = 2

Message = tuple[str, Any]


def snap(store: MemoryStore, seq_num: int) -> list[ObjectEvent]:
    """Put one snap into the bucket, with its sidecar; returns their events."""
    begin_s = 40 * (seq_num - SNAPS[0])
    entry = translated(
        _translator="LATISS",
        telescope="Rubin:AuxTel",
        instrument="LATISS",
        exposure_id=DAY_OBS * 100_000 + seq_num,
        visit_id=None,
        observation_id=f"AT_O_{DAY_OBS}_{seq_num:06d}",
        exposure_group="2026-03-02T02:56:00.000",
        physical_filter="SDSSr~empty",
        datetime_begin=[2461101.5, begin_s / 86400],
        datetime_end=[2461101.5, (begin_s + 30) / 86400],
        exposure_time=30.0,
        observing_day=DAY_OBS,
        observation_counter=seq_num,
        group_counter_start=SNAPS[0],
        group_counter_end=SNAPS[-1],
        # Snaps disagree a little, as they do: what the visit says must not depend on the order.
        tracking_radec=[222.0 + 1e-4 * seq_num, -45.0],
        object=f"HD {seq_num}",
        detector_name="S00",
        detector_unique_name="RXX_S00",
        detector_group="RXX",
    )
    stem = f"latiss/{DAY_OBS}/{entry['observation_id']}"
    files = {
        f"{stem}.fits": make_fits({"INSTRUME": "LATISS"}),
        f"{stem}.json": json.dumps({**entry, "__CONTENT__": "translated"}).encode(),
    }
    return [created(store.write(BUCKET, key, body)) for key, body in files.items()]


def deliver(registry: Registry, store: MemoryStore, order: Sequence[int], workers: int) -> None:
    """Hand snaps over to workers, each with its own connection; what is ingested is announced."""
    with registry.begin() as transaction:
        transaction.dimensions.register_instrument(LATISS)
    messages: queue.Queue[Message] = queue.Queue()
    for seq_num in order:
        messages.put(("raw", snap(store, seq_num)))
        messages.put(("visit", DAY_OBS * 100_000 + seq_num))

    def work(writer: Writer) -> None:
        while True:
            try:
                kind, content = messages.get_nowait()
            except queue.Empty:
                return
            if kind == "raw":
                writer.ingest(content)
                # As the outbox does, after the commit.
                for event in content[:1]:
                    number = int(event.key.rpartition("_")[2].partition(".")[0])
                    messages.put(("visit", DAY_OBS * 100_000 + number))
            else:
                define_visits(writer.registry, LATISS, [content])

    with writers(registry.engine.url, store, workers) as team:
        together([lambda writer=writer: work(writer) for writer in team])


@pytest.fixture
def expected(sqlite_url: str) -> list[str]:
    """What one worker makes of the snaps in order, in SQLite."""
    store = MemoryStore()
    with writers(sqlite_url, store, 1) as (writer,):
        deliver(writer.registry, store, SNAPS, 1)
        return dump(writer.registry)


def test_the_visit_of_three_snaps_has_all_of_them(registry: Registry):
    deliver(registry, MemoryStore(), SNAPS, 1)
    with registry.read() as transaction:
        members = transaction.connection.execute(
            sa.select(schema.visit_definition.c.visit, schema.visit_definition.c.exposure)
        ).all()
    first = DAY_OBS * 100_000 + SNAPS[0]
    assert {(visit, exposure) for visit, exposure in members if visit == first} == {
        (first, DAY_OBS * 100_000 + seq_num) for seq_num in SNAPS
    }


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_every_order_ends_in_identical_rows(
    registry: Registry, expected: list[str], order: tuple[int, ...]
):
    deliver(registry, MemoryStore(), order, 1)
    assert dump(registry) == expected


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_every_order_delivered_by_parallel_workers_ends_in_identical_rows(
    make_database: Callable[..., str],
    expected: list[str],
    order: tuple[int, ...],
):
    for _ in range(ROUNDS):
        registry = Registry(connect_registry(make_database()))
        deliver(registry, MemoryStore(), order, workers=4)
        assert dump(registry) == expected
        registry.close()
