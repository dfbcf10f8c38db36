"""The demo: a night dropped into a bucket, and what becomes of it."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from underbutler.butler.butler import Butler
from underbutler.butler.raw_ingest import ingest_locations
from underbutler.butler.repository import create_repository
from underbutler.errors import NotFoundError, UnderbutlerError
from underbutler.local.arrivals import Arrivals, Progress, percentile
from underbutler.local.checkout import Checkout
from underbutler.local.night import bad_files, make_night
from underbutler.local.stack import LocalStack, StackState
from underbutler.model.outcome import Outcome
from underbutler.model.raw_object import ObjectKind, classify_key
from underbutler.visits.regions import region_centre

__all__ = ["DemoError", "run_demo"]

_PATIENCE_S = 120.0
_LINE_EVERY_S = 1.0
# Enough for every environment of the local stack to get a batch.
_FIRST_FILES = 16
# Columns, where there is no terminal to ask.
_PIPE_WIDTH = 120
# What the second act is about: the demo is complete when nothing else waits or was rejected.
_NUMBER_OF_BAD_FILES = 3


class DemoError(UnderbutlerError):
    """A step of the demo failed; the message says which, and why."""

    default_kind = "demo"


def run_demo(folder: Path, checkout: Checkout, *, keep: bool) -> None:
    """Run the demo from start to end.

    Parameters
    ----------
    folder
        Where the stack and the demo's repository live.
    checkout
        What the stack is made from.
    keep
        Whether to leave the stack running, and to use one that runs.

    Raises
    ------
    DemoError
        A step failed.
    """
    stack = LocalStack(folder, checkout)
    try:
        console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
        _Demo(console, stack, folder, keep=keep).run()
    finally:
        if not keep:
            stack.down()


class _Demo:
    def __init__(self, console: Console, stack: LocalStack, folder: Path, *, keep: bool) -> None:
        self._console = console
        self._stack = stack
        self._repo = folder / "repo"
        self._keep = keep
        self._started = time.monotonic()

    def run(self) -> None:
        state, is_new = self._start()
        os.environ.update(state.endpoint.environment)
        arrivals = Arrivals(state.endpoint, state.raw_bucket, state.database_url)
        with self._step("Drop a few files, which wake the functions", state):
            self._wake(state, is_new=is_new)
        with self._step("Drop a night into the bucket", state):
            self._drop_night(arrivals)
        with self._step("Drop four more, three of them bad", state):
            self._drop_bad(state)
        with self._step("Look at it from Python", state), Butler(str(self._repo)) as butler:
            self._look(butler)
        with self._step("Take stock", state), Butler(str(self._repo)) as butler:
            self._take_stock(state, butler, arrivals)
        if self._keep:
            self._explain_how_to_go_on(state)

    @contextmanager
    def _step(self, name: str, state: StackState | None = None) -> Iterator[None]:
        """Announce a step; say which one failed, and where to look."""
        self._console.print(f"\n[bold]{name}[/bold]  [dim]{self._elapsed():.0f} s[/dim]")
        try:
            yield
        except (UnderbutlerError, TimeoutError, OSError, AssertionError) as error:
            where = f" The functions' log: {self._stack.logs}." if state else ""
            raise DemoError(f"{name}: {error}{where}") from error

    def _start(self) -> tuple[StackState, bool]:
        with self._step("Start PostgreSQL, an AWS emulator, and deploy template.yaml to it"):
            try:
                if self._keep:
                    state = self._stack.state
                    self._console.print("  The stack of an earlier run still stands.")
                    return state, False
            except NotFoundError:
                pass
            state = self._stack.up(tell=lambda part: self._say(f"{part} …"))
            self._say(f"s3://{state.raw_bucket} → queue → functions → {state.database_url}")
            shutil.rmtree(self._repo, ignore_errors=True)
            create_repository(str(self._repo), state.database_url)
            return state, True

    def _wake(self, state: StackState, *, is_new: bool) -> None:
        first = Arrivals(state.endpoint, state.raw_bucket, state.database_url)
        before = first.handled()
        first.drop(next(iter(make_night()))[:_FIRST_FILES])
        progress = first.watch(patience_s=_PATIENCE_S, handled_before=before)
        start = ", the functions' start included" if is_new else ""
        self._say(f"handled after {progress.elapsed_s:.1f} s{start}")

    def _drop_night(self, arrivals: Arrivals) -> None:
        before = arrivals.handled()
        failures: list[BaseException] = []

        def drop() -> None:
            try:
                for drops in make_night():
                    arrivals.drop(drops)
            except BaseException as error:  # noqa: BLE001 - it is raised again by who waits
                failures.append(error)

        dropping = threading.Thread(target=drop, name="camera")
        dropping.start()
        arrivals.watch(
            patience_s=_PATIENCE_S,
            show=self._ticker(arrivals),
            handled_before=before,
            is_dropping=dropping.is_alive,
        )
        dropping.join()
        if failures:
            raise DemoError(f"The camera could not drop its files: {failures[0]}")

    def _ticker(self, arrivals: Arrivals) -> Callable[[Progress], None]:
        """Make what shows how far it is, once a second and at the end."""
        shown_at = -_LINE_EVERY_S

        def show(progress: Progress) -> None:
            nonlocal shown_at
            if progress.elapsed_s < shown_at + _LINE_EVERY_S and not progress.is_done:
                return
            shown_at = progress.elapsed_s
            rate = progress.handled / progress.elapsed_s if progress.elapsed_s else 0.0
            latencies = arrivals.latencies_s()
            median = f"{percentile(latencies, 50):.2f} s" if latencies else "-"
            self._say(
                f"{progress.elapsed_s:5.1f} s  dropped {progress.dropped:4d}  "
                f"handled {progress.handled:4d} ({rate:3.0f}/s)  put → registered {median:>6}  "
                f"datasets {progress.datasets:4d}  exposures {progress.exposures}  "
                f"visits {progress.visits}"
            )

        return show

    def _drop_bad(self, state: StackState) -> None:
        arrivals = Arrivals(state.endpoint, state.raw_bucket, state.database_url)
        before = arrivals.handled()
        drops = bad_files()
        arrivals.drop(drops.values())
        arrivals.watch(patience_s=_PATIENCE_S, handled_before=before)
        table = Table("what", "key", "became", "code", "why", box=None, padding=(0, 2, 0, 0))
        rows = {row.key: row for row in arrivals.objects(drop.key for drop in drops.values())}
        for what, drop in drops.items():
            row = rows[drop.key]
            table.add_row(what, drop.key.rpartition("/")[2], row.state, row.code, row.message)
        self._console.print(table)
        states = [rows[drop.key].state for drop in drops.values()]
        expected = ["rejected"] * _NUMBER_OF_BAD_FILES + ["registered"]
        if states != expected:
            raise DemoError(f"They should have become {expected}.")

    def _look(self, butler: Butler) -> None:
        where = "exposure.target_name = 'COSMOS-2' AND detector IN (0..2)"
        refs = butler.query_datasets("raw", instrument="HSC", where=where)
        self._say(f'butler.query_datasets("raw", instrument="HSC", where="{where}")')
        for ref, uris in butler.get_many_uris(refs).items():
            self._say(f"  {ref.id}  {uris.primaryURI}")
        ccd = butler.get(refs[0])
        self._say(f"butler.get(refs[0]) → {type(ccd).__name__} {ccd.shape} {ccd.unit}, "
                  f"mean {ccd.data.mean():.1f}, {ccd.header['FILTER01']}")  # fmt: skip
        table = Table(
            "visit", "name", "filter", "target", "exposed (s)", "snaps", "RA", "Dec", box=None
        )
        members = butler.query_dimension_records("visit_definition")
        for visit in butler.query_dimension_records("visit"):
            ra_deg, dec_deg = region_centre(visit["region"])
            snaps = sum(
                item["visit"] == visit["id"] and item["instrument"] == visit["instrument"]
                for item in members
            )
            table.add_row(
                str(visit["id"]), visit["name"], visit["physical_filter"], visit["target_name"],
                f"{visit['exposure_time']:.0f}", str(snaps), f"{ra_deg:.4f}°", f"{dec_deg:+.4f}°",
            )  # fmt: skip
        self._console.print(table)

    def _take_stock(self, state: StackState, butler: Butler, arrivals: Arrivals) -> None:
        again = ingest_locations(butler.client, [f"s3://{state.raw_bucket}"])
        refs = butler.query_datasets("raw")
        visits = butler.query_dimension_records("visit")
        pending = arrivals.unsettled_objects()
        files = sum(again.outcomes.values())
        new = again.outcomes[Outcome.REGISTERED]
        missing = files - len(refs) - sum(_is_fits(row.key) for row in pending)
        exposures = butler.query_dimension_records("exposure")
        on_sky = {(row["instrument"], row["id"]) for row in exposures if row["can_see_sky"]}
        members = butler.query_dimension_records("visit_definition")
        without = on_sky - {(row["instrument"], row["exposure"]) for row in members}
        table = Table(show_header=False, box=None, padding=(0, 3, 0, 2))
        table.add_row("FITS files in the bucket", str(files))
        table.add_row("datasets", f"{len(refs)}, of {len(exposures)} exposures")
        table.add_row(
            "visits",
            f"{len(visits)}, of {len(on_sky)} exposures on the sky; {len(without)} without",
        )
        latencies = arrivals.latencies_s()
        if latencies:
            table.add_row(
                "put → registered",
                f"p50 {percentile(latencies, 50):.2f} s, p99 {percentile(latencies, 99):.2f} s "
                f"over {len(latencies)} files",
            )
        table.add_row("listed and ingested again", f"{files} files, {new} of them new")
        table.add_row("waiting or rejected", f"{len(pending)}, the bad ones")
        table.add_row("missing", "nothing" if not missing else str(missing))
        self._console.print(table)
        if missing or new or without or len(pending) != _NUMBER_OF_BAD_FILES:
            raise DemoError("The night is not complete.")

    def _explain_how_to_go_on(self, state: StackState) -> None:
        variables = " ".join(f"{k}={v}" for k, v in state.endpoint.environment.items())
        self._console.print(
            "\nThe stack stands. To explore it:\n\n"
            f"  export {variables}\n"
            f"  .venv/bin/underbutler query-datasets {self._repo} raw --limit 3 --show-uri\n"
            f"  .venv/bin/underbutler query-dimension-records {self._repo} exposure\n"
            f'  .venv/bin/python -c "from underbutler import Butler; '
            f"print(Butler('{self._repo}').query_collections())\"\n\n"
            "To stop it:  make down",
            soft_wrap=True,
            markup=False,
        )

    def _say(self, text: str) -> None:
        self._console.print(f"  {text}", markup=False, soft_wrap=True)

    def _elapsed(self) -> float:
        return time.monotonic() - self._started


def _is_fits(key: str) -> bool:
    return classify_key(key) is ObjectKind.FITS
