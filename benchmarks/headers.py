"""What a header costs, by instrument: bytes and requests to read it, time to translate it.

Run it with `make bench`; nothing else should run on the machine. Files are as large as the
cameras' own, but only their headers are there. Translation is timed for the first detector of an
exposure and for the next ones, for which only what is their own is translated.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# Headers and files of the cameras are made up for the tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from detector_files import CAMERA_FILES
from fits_files import EXTENSION, MINIMAL, SparseReader
from lsst_headers import COMCAM, LATISS, LSSTCAM, LSSTCAM_LABORATORY
from translations import HSC, SUPRIMECAM
from underbutler.local.checkout import Checkout
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.translate import HeaderTranslator

ROUNDS = 30
_READERS = 16
_IMAGE = {"BITPIX": 16, "NAXIS": 2, "NAXIS1": 4072, "NAXIS2": 4000}


def one_image(header: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Headers of a file with the image in its primary HDU."""
    return [{**MINIMAL, **_IMAGE, **header}]


def amplifiers(header: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Headers of a file with an HDU an amplifier, all of one detector."""
    amplifier = {**EXTENSION, "BITPIX": 32, "NAXIS": 2, "NAXIS1": 576, "NAXIS2": 2048}
    return [{**MINIMAL, "EXTEND": True, **header}, *([amplifier] * 16)]


FILES: dict[str, list[dict[str, Any]]] = {
    "LSSTCam": amplifiers(LSSTCAM),
    "LSSTCam, laboratory": amplifiers(LSSTCAM_LABORATORY),
    "LSSTComCam": amplifiers(COMCAM),
    "LATISS": amplifiers(LATISS),
    "HSC": one_image(HSC),
    "SuprimeCam": one_image(SUPRIMECAM),
    **{name: CAMERA_FILES[name] for name in ("DECam", "DECam fpacked", "MegaPrime")},
}


def main() -> None:
    """Measure, print a table, keep the figures in build/bench."""
    results = {name: measure(headers) for name, headers in FILES.items()}
    show(results)
    folder = Checkout().build / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "headers.json"
    path.write_text(json.dumps(results, indent=1))
    print(f"Kept in {path}.")


def measure(headers: list[dict[str, Any]]) -> dict[str, float]:
    """Read and translate a file again and again."""
    reader = SparseReader(*headers)
    with ThreadPoolExecutor(_READERS) as pool:
        found = HeaderTranslator().translate_file(FitsHeaders(reader, pool.map))
        requests, read_bytes = len(reader.ranges), sum(end - start for start, end in reader.ranges)
        parsed = FitsHeaders(SparseReader(*headers), pool.map)
        list(parsed.hdus())

        def first() -> Any:
            return HeaderTranslator().translate_file(parsed)

        remembering = HeaderTranslator()
        remembering.translate_file(parsed)
        whole = milliseconds(first)
        own = milliseconds(lambda: remembering.translate_file(parsed))
    detectors = len(found)
    return {
        "detectors": detectors,
        "requests": requests,
        "kilobytes": round(read_bytes / 1024, 1),
        # What the first detector takes beyond what each takes.
        "exposure_ms": round(whole - own, 2),
        "detector_ms": round(own / detectors, 3),
    }


def milliseconds(run: Callable[[], Any]) -> float:
    """Median time of a call."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def show(results: Mapping[str, Mapping[str, float]]) -> None:
    """Print the figures."""
    table = Table(title="What headers cost, a file")
    for column in (
        "instrument",
        "detectors",
        "requests",
        "KiB read",
        "exposure, ms",
        "detector, ms",
    ):
        table.add_column(column, justify="left" if column == "instrument" else "right")
    for name, row in results.items():
        table.add_row(name, *map(str, row.values()))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
