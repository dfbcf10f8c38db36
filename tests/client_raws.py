"""Raws of a user, and short words for what a Butler makes of them."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from astropy.io import fits

from factories import NOW, hsc_exposure, raw_ref
from underbutler import Butler
from underbutler.butler.registration import register_instruments
from underbutler.local.night import hsc_header
from underbutler.model.dataset import RAW

# Exposure → how its file is packed.
SUFFIXES = {100_000: ".fits", 100_002: ".fits.fz", 100_004: ".fits.gz"}
FILES = pytest.mark.parametrize("exposure", SUFFIXES, ids=SUFFIXES.values())
# Those that can be read in part.
SEEKABLE = pytest.mark.parametrize("exposure", [100_000, 100_002], ids=[".fits", ".fits.fz"])
LEAST_READ_BYTES = 64 * 1024
LAYOUT = {"SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", "BZERO", "BSCALE"}
WCS_CARDS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.1, "CRVAL2": 2.2,
    "CRPIX1": 200.0, "CRPIX2": 300.0, "CD1_1": -4.7e-5, "CD1_2": 0.0, "CD2_1": 0.0,
    "CD2_2": 4.7e-5, "CUNIT1": "deg", "CUNIT2": "deg",
}  # fmt: skip


def write_raw(folder: Path, exposure: int, detector: int = 0) -> Path:
    """Write a raw of half a megabyte with astropy."""
    header = fits.Header()
    described = hsc_header(hsc_exposure(exposure), detector) | WCS_CARDS
    header.update({name: value for name, value in described.items() if name not in LAYOUT})
    pixels = np.random.default_rng(exposure).integers(0, 65_535, (600, 400), dtype=np.uint16)
    suffix = SUFFIXES.get(exposure, ".fits")
    path = folder / f"{exposure}-{detector:03d}{suffix}"
    image = fits.CompImageHDU if suffix == ".fits.fz" else fits.PrimaryHDU
    written = io.BytesIO()
    hdus = [fits.PrimaryHDU()] if suffix == ".fits.fz" else []
    fits.HDUList([*hdus, image(pixels, header)]).writeto(written)
    body = written.getvalue()
    path.write_bytes(gzip.compress(body) if suffix == ".fits.gz" else body)
    return path


@contextmanager
def open_butler(url: str, repo: Path) -> Iterator[Butler]:
    """Open a new repository on a database, with HSC registered."""
    repo.mkdir()
    (repo / "butler.yaml").write_text(f'registry: {{db: "{url}"}}')
    with Butler(str(repo)) as opened:
        register_instruments(opened.client.registry, ["HSC"])
        yield opened


@contextmanager
def statements_of(butler: Butler) -> Iterator[list[str]]:
    """Queries that are sent to the registry meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append(statement)

    engine = butler.client.registry.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def data_id(exposure: int = 100_000, detector: int = 0) -> dict[str, Any]:
    return {"instrument": "HSC", "exposure": exposure, "detector": detector}


def path_of(raws: Path, exposure: int, detector: int = 0) -> Path:
    return raws / f"{exposure}-{detector:03d}{SUFFIXES[exposure]}"


def found(butler: Butler, *arguments: Any, **options: Any) -> list[tuple[Any, Any]]:
    """Exposures and detectors of the raws that a query finds."""
    refs = butler.query_datasets("raw", *arguments, **options)
    return [(ref.data_id["exposure"], ref.data_id["detector"]) for ref in refs]


def copy_to_run(butler: Butler, run: str, exposure: int = 100_000) -> None:
    """Register a raw once more, in another run."""
    with butler.client.registry.begin() as transaction:
        transaction.datasets.insert(
            [raw_ref(exposure, run=run)],
            dataset_type=transaction.datasets.register_dataset_type(RAW),
            run=transaction.datasets.register_collection(run),
            now=NOW,
        )
