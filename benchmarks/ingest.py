"""How fast `underbutler ingest-raws` is: header, sidecar and index, on SQLite and PostgreSQL.

Run it with `make bench`; nothing else should run on the machine. Each figure is a process of its
own, its start included: what a curator waits for.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from underbutler import __version__
from underbutler.local.arrivals import Arrivals, percentile
from underbutler.local.checkout import Checkout
from underbutler.local.night import HSC_DETECTORS, HscExposure, hsc_header, make_fits, make_index
from underbutler.local.postgres import PostgresServer, free_port
from underbutler.local.stack import LocalStack

MODES = ("header", "sidecar metadata", "sidecar translated", "index metadata", "index translated")
ROUNDS = 3


def main() -> None:
    """Measure, print a table, keep the figures in build/bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exposures", type=int, default=9, help="HSC exposures a run (112 files)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--no-stack", action="store_true", help="leave out the local stack")
    arguments = parser.parse_args()
    results: dict[str, Any] = {
        "underbutler": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "files": arguments.exposures * HSC_DETECTORS,
        "ingest": measure_ingest(arguments.exposures, arguments.rounds),
        "cold_start": measure_cold_start(arguments.rounds),
    }
    if not arguments.no_stack:
        results["latency"] = measure_latency()
    show(results)
    folder = Checkout().build / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ingest.json"
    path.write_text(json.dumps(results, indent=1))
    print(f"Kept in {path}.")


def measure_ingest(exposures: int, rounds: int) -> list[dict[str, Any]]:
    """Time the command for every source of metadata on both databases."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="underbutler-bench-") as name:
        folder = Path(name)
        for mode in MODES:
            make_files(folder / mode.replace(" ", "-"), mode, exposures)
        server = PostgresServer(
            PostgresServer.reachable_folder(f"bench-{os.getpid()}"), free_port()
        )
        server.start()
        try:
            for database in ("SQLite", "PostgreSQL"):
                for mode in MODES:
                    times, memory = [], 0.0
                    for number in range(rounds):
                        seconds, megabytes = ingest_once(folder, mode, database, server, number)
                        times.append(seconds)
                        memory = max(memory, megabytes)
                    median = statistics.median(times)
                    rows.append(
                        {
                            "database": database,
                            "source": mode,
                            "files_per_s": round(exposures * HSC_DETECTORS / median),
                            "seconds": round(median, 2),
                            "spread_s": round(max(times) - min(times), 2),
                            "memory_mb": round(memory),
                        }
                    )
        finally:
            server.remove()
    return rows


def make_files(folder: Path, mode: str, exposures: int) -> None:
    """Write the files of a run, and what describes them."""
    for number in range(exposures):
        exposure = HscExposure(
            id=100_000 + 2 * number,
            begin_utc=datetime(2026, 3, 1, 5, number),  # noqa: DTZ001 - as headers write it
            target="COSMOS",
            ra="10:00:28.600",
            dec="+02:12:21.00",
        )
        entries: dict[str, dict[str, Any]] = {}
        for detector in range(HSC_DETECTORS):
            path = folder / exposure.key(detector)
            path.parent.mkdir(parents=True, exist_ok=True)
            header = hsc_header(exposure, detector)
            path.write_bytes(make_fits(header))
            content = "translated" if "translated" in mode else "metadata"
            entry = translate(header) if content == "translated" else header
            entries[path.name] = entry
            if mode.startswith("sidecar"):
                text = json.dumps({**entry, "__CONTENT__": content})
                path.with_suffix(".json").write_text(text)
        if mode.startswith("index"):
            index = folder / exposure.key(0)
            index.with_name("_index.json").write_bytes(make_index(entries, content))


def translate(header: dict[str, Any]) -> dict[str, Any]:
    """Translate a header as `astrometadata` does."""
    from astro_metadata_translator import ObservationInfo

    return json.loads(ObservationInfo(dict(header), pedantic=False).to_json())


def ingest_once(
    folder: Path, mode: str, database: str, server: PostgresServer, number: int
) -> tuple[float, float]:
    """Run the command once in a new repository; returns seconds and peak memory in MB."""
    repo = folder / f"repo-{database}-{mode}-{number}".replace(" ", "-")
    options: list[str] = []
    if database == "PostgreSQL":
        name = f"bench_{mode.replace(' ', '_')}_{number}"
        create_database(server, name)
        options = ["--db", server.url(name)]
    run("create", str(repo), *options)
    run("register-instrument", str(repo), "HSC")
    started = time.monotonic()
    memory_mb = run("ingest-raws", str(repo), str(folder / mode.replace(" ", "-")))
    seconds = time.monotonic() - started
    shutil.rmtree(repo)
    return seconds, memory_mb


def create_database(server: PostgresServer, name: str) -> None:
    """Create a database."""
    import psycopg2

    connection = psycopg2.connect(server.url())
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {name}")
    connection.close()


def run(*arguments: str) -> float:
    """Run a command of the command line; returns its peak memory in MB."""
    command = [sys.executable, "-m", "underbutler.cli", *arguments]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            sys.exit(output.read().decode(errors="replace"))
    return usage.ru_maxrss / 1024


def measure_cold_start(rounds: int) -> dict[str, float]:
    """Time what a new environment imports, in the layer, by the kind of metadata it meets."""
    checkout = Checkout()
    layer = checkout.layer / "python"
    programs = {
        "functions/ingest_raw": "import app",
        "with a header to translate": (
            "import app; from underbutler.bootstrap import make_translator; make_translator()"
        ),
    }
    environment = {
        "PYTHONPATH": f"{checkout.root / 'functions' / 'ingest_raw'}:{layer}",
        "PATH": os.environ["PATH"],
    }
    figures: dict[str, float] = {}
    for name, program in programs.items():
        times = []
        for _ in range(rounds + 1):
            started = time.monotonic()
            subprocess.run(
                [str(checkout.lambda_python), "-s", "-c", program], check=True, env=environment
            )
            times.append(time.monotonic() - started)
        # The first run reads the files from the disk.
        figures[name] = round(statistics.median(times[1:]), 2)
    return figures


def measure_latency(objects: int = 224, per_s: float = 20.0) -> dict[str, float]:
    """Time from PUT to commit through the deployed template, warm, at a camera's pace."""
    checkout = Checkout()
    with tempfile.TemporaryDirectory(prefix="underbutler-bench-") as folder:
        stack = LocalStack(Path(folder), checkout)
        state = stack.up()
        try:
            exposures = [
                HscExposure(
                    id=200_000 + 2 * number,
                    begin_utc=datetime(2026, 3, 1, 5, number),  # noqa: DTZ001
                    target="COSMOS",
                    ra="10:00:28.600",
                    dec="+02:12:21.00",
                )
                for number in range(1 + objects // HSC_DETECTORS)
            ]
            warm = Arrivals(state.endpoint, state.raw_bucket, state.database_url)
            warm.drop(drops_of(exposures[0]))
            warm.watch(patience_s=120)
            before = warm.handled()
            paced = Arrivals(state.endpoint, state.raw_bucket, state.database_url)
            for exposure in exposures[1:]:
                for drop in drops_of(exposure):
                    due = time.monotonic() + 1 / per_s
                    paced.drop([drop])
                    time.sleep(max(0.0, due - time.monotonic()))
            paced.watch(patience_s=120, handled_before=before)
            latencies = paced.latencies_s()
        finally:
            stack.down()
    return {
        "objects": len(latencies),
        "per_s": per_s,
        "p50_s": round(percentile(latencies, 50), 3),
        "p99_s": round(percentile(latencies, 99), 3),
    }


def drops_of(exposure: HscExposure) -> list[Any]:
    """Make the files of an exposure."""
    from underbutler.local.night import Drop

    return [
        Drop(exposure.key(detector), make_fits(hsc_header(exposure, detector)))
        for detector in range(HSC_DETECTORS)
    ]


def show(results: dict[str, Any]) -> None:
    """Print the figures."""
    console = Console()
    table = Table(title=f"ingest-raws of {results['files']} files, {results['machine']}")
    columns = ("database", "source", "files_per_s", "seconds", "spread_s", "memory_mb")
    for column in columns:
        table.add_column(column, justify="left" if column in columns[:2] else "right")
    for row in results["ingest"]:
        table.add_row(*(str(row[column]) for column in columns))
    console.print(table)
    for name, seconds in results["cold_start"].items():
        console.print(f"cold import, {name}: {seconds:.2f} s")
    if "latency" in results:
        latency = results["latency"]
        console.print(
            f"put → registered, {latency['objects']} objects at {latency['per_s']:.0f}/s through "
            f"the deployed template: p50 {latency['p50_s']:.3f} s, p99 {latency['p99_s']:.3f} s",
            soft_wrap=True,
        )


if __name__ == "__main__":
    main()
