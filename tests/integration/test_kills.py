"""Handler processes killed at every step: what remains is what a clean run leaves."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from factories import created, hsc_exposure, translated
from failpoints import Failpoints
from registry_dump import dump
from underbutler.bootstrap import make_translator
from underbutler.butler.registration import register_instruments
from underbutler.ingest.batch import ReceivedEvent
from underbutler.ingest.ingest_raws import IngestRaws
from underbutler.ingest.relay import relay_oldest
from underbutler.local.night import hsc_header, make_fits, make_index
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.announcement import Queue
from underbutler.model.outcome import Outcome
from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry
from underbutler.store.file import FileStore
from underbutler.visits.define_visits import define_visits

# Raised by hand to look for more: UNDERBUTLER_KILLS=2000 make test PYTEST=tests/integration
KILLS = int(os.environ.get("UNDERBUTLER_KILLS", "110"))
SEED = 20260301
_BATCH = 10
_PATIENCE_S = 60


@pytest.fixture
def night(tmp_path: Path) -> list[str]:
    """Files of a small night in a folder: bare, with sidecars, with an index, snaps; some bad."""
    folder = tmp_path / "night"
    bodies: dict[str, bytes] = {}
    for detector in range(8):
        bodies[f"bare/{detector}.fits"] = make_fits(hsc_header(hsc_exposure(1), detector))
        with_sidecar = hsc_header(hsc_exposure(2), detector)
        bodies[f"sidecars/{detector}.fits"] = make_fits(with_sidecar)
        # What the sidecar says differs from the header: whoever reads the header only is found out.
        corrected = with_sidecar | {"OBJECT": "Corrected", "__CONTENT__": "metadata"}
        bodies[f"sidecars/{detector}.json"] = json.dumps(corrected).encode()
    indexed = {f"{d}.fits": hsc_header(hsc_exposure(3), d) for d in range(8)}
    bodies |= {f"indexed/{name}": make_fits(header) for name, header in indexed.items()}
    renamed = {name: header | {"OBJECT": "Indexed"} for name, header in indexed.items()}
    bodies["indexed/_index.json"] = make_index(renamed, "metadata")
    for seq_num in (10, 11, 12):
        snap = translated(
            instrument="LATISS", exposure_id=2026030100000 + seq_num, detector_num=0,
            observation_id=f"AT_O_20260301_{seq_num:06d}", observation_counter=seq_num,
            group_counter_start=10, group_counter_end=12, exposure_group="2026-03-01T01:02:03.004",
            physical_filter="SDSSr~empty", detector_unique_name="RXX_S00",
        )  # fmt: skip
        bodies[f"snaps/{seq_num}.fits"] = make_fits({"INSTRUME": "LATISS"})
        bodies[f"snaps/{seq_num}.json"] = json.dumps(snap | {"__CONTENT__": "translated"}).encode()
    bodies["bad/corrupt.fits"] = b"SIMPLE  =                    T"
    bodies["bad/half.json"] = b'{"EXP-ID": '
    bodies["bad/twin.fits"] = bodies["bare/3.fits"]
    for name, body in bodies.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return sorted(str(folder / name) for name in bodies)


@dataclass
class Site:
    """A registry, a spool for messages of visits, and processes that handle what comes."""

    url: str
    spool: Path
    kills: Counter[str] = field(default_factory=Counter)
    """Place → how often a process died there."""

    def send(self, queue: Queue, payloads: Sequence[str]) -> list[bool]:
        """Take messages for good: a file each, whole or not there."""
        for payload in payloads:
            unfinished = self.spool / f".{os.getpid()}-{time.monotonic_ns()}"
            unfinished.write_text(json.dumps([queue.value, payload]))
            unfinished.rename(self.spool / f"{os.getpid()}-{time.monotonic_ns()}.json")
        return [True] * len(payloads)

    def run(self, fatal: int, work: Callable[[Registry, Failpoints], Any]) -> Any | None:
        """Do some work in a process of its own; None when it died."""
        read_end, write_end = os.pipe()
        pid = os.fork()
        if not pid:
            self._work_and_exit(write_end, fatal, work)
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            told = pipe.read()
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            self.kills[told] += 1
            return None
        assert os.WEXITSTATUS(status) == 0, told
        return json.loads(told)

    def _work_and_exit(
        self, write_end: int, fatal: int, work: Callable[[Registry, Failpoints], Any]
    ) -> None:
        status = 1
        try:
            failpoints = Failpoints(fatal, lambda name: os.write(write_end, name.encode()) and None)
            registry = Registry(connect_registry(self.url))
            failpoints.watch_engine(registry.engine)
            os.write(write_end, json.dumps(work(registry, failpoints)).encode())
            status = 0
        except BaseException as error:  # noqa: BLE001 - the parent is to know
            os.write(write_end, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(status)

    def ingest(self, keys: Sequence[str], fatal: int = 0) -> list[str] | None:
        """Handle events of files; answers which have to come again."""

        def work(registry: Registry, failpoints: Failpoints) -> list[str]:
            store = FileStore()
            failpoints.watch(store, "read", "reader")
            failpoints.watch(self, "send")
            handle = IngestRaws(
                registry=registry, store=store, make_translator=make_translator, sender=self
            )
            events = [created(info) for key in keys if (info := store.head("", key))]
            outcomes = handle([ReceivedEvent(event=event) for event in events])
            return [
                event.key
                for event, outcome in zip(events, outcomes, strict=True)
                if outcome.outcome is Outcome.TRANSIENT
            ]

        return self.run(fatal, work)

    def define(self, messages: Sequence[Path], fatal: int = 0) -> bool:
        """Handle messages of the visit queue; tells whether they are done."""

        def work(registry: Registry, failpoints: Failpoints) -> bool:
            for message in messages:
                _, payload = json.loads(message.read_text())
                announced = json.loads(payload)
                instrument = load_instrument(announced["instrument"])
                define_visits(registry, instrument, [announced["exposure"]])
            return True

        return self.run(fatal, work) is not None

    def announced(self) -> set[str]:
        """List what stands in the spool or, not sent yet, in the outbox."""
        registry = Registry(connect_registry(self.url))
        with registry.read() as transaction:
            unsent = transaction.outbox.oldest(datetime.now(UTC) + timedelta(seconds=1), 100)
        registry.close()
        sent = [json.loads(message.read_text())[1] for message in self.spool.glob("*.json")]
        return {*sent, *(message.payload for message in unsent)}

    def drain(self, fatal: Callable[[], int]) -> None:
        """Define the visits that were asked for, and send what a crash left in the outbox."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            registry = Registry(connect_registry(self.url))
            relay_oldest(registry, self, datetime.now(UTC) + timedelta(seconds=1))
            registry.close()
            messages = sorted(self.spool.glob("*.json"))
            if not messages:
                return
            if self.define(messages[:_BATCH], fatal()):
                for message in messages[:_BATCH]:
                    message.unlink()
        raise AssertionError("the queue does not empty")


@pytest.fixture
def make_site(make_database: Callable[..., str], tmp_path: Path) -> Callable[[], Site]:
    """Make sites, each with a registry of its own that knows its instruments."""
    original = make_database()
    registry = Registry(connect_registry(original))
    register_instruments(registry, ["HSC", "LATISS"])
    registry.close()
    # Warm before the processes are forked, as a Lambda environment that serves its second batch.
    make_translator().translate_header(hsc_header(hsc_exposure(), 0))

    def make() -> Site:
        url = make_database(original)
        spool = tmp_path / url.rpartition("/")[2]
        spool.mkdir()
        return Site(url=url, spool=spool)

    return make


def dumped(site: Site) -> list[str]:
    registry = Registry(connect_registry(site.url))
    try:
        return dump(registry)
    finally:
        registry.close()


def test_a_night_delivered_threefold_to_dying_processes_ends_like_a_clean_run(
    night: list[str], make_site: Callable[[], Site], tell: Callable[[str], None]
) -> None:
    clean = make_site()
    assert clean.ingest(night) == []
    clean.drain(lambda: 0)
    chaos = random.Random(SEED)
    site = make_site()
    queue = night * 3
    chaos.shuffle(queue)

    def fatal() -> int:
        """Choose where the next process dies, until it was often enough."""
        return chaos.randint(1, 64) if site.kills.total() < KILLS else 0

    while queue:
        batch, queue = queue[:_BATCH], queue[_BATCH:]
        again = site.ingest(batch, fatal())
        # What was not answered comes again, at some other time.
        for key in batch if again is None else again:
            queue.insert(chaos.randint(0, len(queue)), key)
        if chaos.random() < 0.2:
            site.drain(fatal)
    site.drain(fatal)

    tell(f"{site.kills.total()} kills at {len(site.kills)} places")
    assert site.kills.total() >= 100
    assert dumped(site) == dumped(clean)


def test_a_kill_at_any_place_of_a_batch_leaves_what_a_second_delivery_completes(
    night: list[str], make_site: Callable[[], Site], tell: Callable[[str], None]
) -> None:
    wanted = ("/sidecars/0.", "/bare/3.fits", "/indexed/1.fits", "/snaps/10.", "_index", "/bad/")
    batch = [key for key in night if any(part in key for part in wanted)]
    clean = make_site()
    assert clean.ingest(batch) == []
    expected = (dumped(clean), clean.announced())
    kills: Counter[str] = Counter()
    differing: list[str] = []

    for fatal in itertools.count(1):
        site = make_site()
        if site.ingest(batch, fatal) is not None:
            break
        kills += site.kills
        (place,) = site.kills
        assert site.ingest(batch) == []
        if (dumped(site), site.announced()) != expected:
            differing.append(place)

    tell(f"{kills.total()} kills, at each of {len(kills)} places")
    assert {"before COMMIT", "before send", "after send", "after DELETE outbox"} <= kills.keys()
    assert differing == []


def test_a_kill_at_any_place_of_visit_definition_leaves_what_a_second_message_completes(
    night: list[str], make_site: Callable[[], Site], tell: Callable[[str], None]
) -> None:
    snaps = [key for key in night if "/snaps/" in key]
    clean = make_site()
    assert clean.ingest(snaps) == []
    clean.drain(lambda: 0)
    site = make_site()
    assert site.ingest(snaps) == []
    messages = sorted(site.spool.glob("*.json"))

    for fatal in itertools.count(1):
        if site.define(messages, fatal):
            break

    tell(f"{site.kills.total()} kills, at each of {len(site.kills)} places")
    assert site.kills["before COMMIT"] == len(messages)
    assert dumped(site) == dumped(clean)
