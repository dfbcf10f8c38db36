"""Raws of a camera that nobody described: it is made up, and its headers are as one asks."""

from __future__ import annotations

import runpy
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fits_files import CountingReader, hdu
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.instrument_plugin.examples import Example, read_examples
from underbutler.metadata.instrument_plugin.naming import PluginNames
from underbutler.metadata.instrument_plugin.recognition import Draft, draft_of
from underbutler.metadata.instrument_plugin.translator_text import translator_text

LAYOUT = {"SIMPLE": True, "BITPIX": 16, "NAXIS": 2, "NAXIS1": 60, "NAXIS2": 48}
NAMES = PluginNames(instrument="MyCam", package="mycam", translator="MyCamTranslator")
POINTING = {"RA": "00:42:44.3", "DEC": "+41:16:09"}
_SCALE_DEG = 0.01


def new_header(number: int = 501, ccd: int = 1, **changes: Any) -> dict[str, Any]:
    """Cards of one detector and exposure, some changed or added, by keyword.

    Of a keyword, _ stands for the hyphen, but in those of a WCS; None takes a card away.
    """
    header: dict[str, Any] = {
        "INSTRUME": "MyCam",
        "EXPNUM": number,
        "CCDNUM": ccd,
        "IMAGETYP": "OBJECT",
        "FILTER": "r",
        "OBJECT": "M 31",
        "DATE-OBS": f"2026-03-01T20:{number % 60:02d}:00.5",
        "EXPTIME": 30.0,
        **POINTING,
    }
    for keyword, value in changes.items():
        header[keyword if keyword.startswith("CD") else keyword.replace("_", "-")] = value
    return {keyword: value for keyword, value in header.items() if value is not None}


def wcs_cards(ccd: int = 1, turned: bool = False) -> dict[str, Any]:
    """Cards of a WCS with its origin where the header points: North up, East left, or turned."""
    turn = (0.0, _SCALE_DEG, _SCALE_DEG, 0.0) if turned else (-_SCALE_DEG, 0.0, 0.0, _SCALE_DEG)
    return {
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRVAL1": 15 * (42 / 60 + 44.3 / 3600),
        "CRVAL2": 41 + 16 / 60 + 9 / 3600,
        # The detectors lie side by side, the boresight in the gap of ten pixels between them.
        "CRPIX1": 65.5 if ccd == 1 else -4.5,
        "CRPIX2": 24.5,
        **dict(zip(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), turn, strict=True)),
    }


def new_file(header: Mapping[str, Any]) -> bytes:
    """A file with one image."""
    return hdu({**LAYOUT, **header})


def write_new_camera(
    folder: Path, numbers: Iterable[int] = (501, 502), ccds: Iterable[int] = (1, 2), **changes: Any
) -> list[Path]:
    """Write a file for each exposure and detector."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in numbers:
        for ccd in ccds:
            path = folder / f"{number}-{ccd}.fits"
            path.write_bytes(new_file(new_header(number, ccd, **changes)))
            paths.append(path)
    return paths


def examples_of(*headers: Mapping[str, Any]) -> list[Example]:
    return [
        example
        for number, header in enumerate(headers)
        for example in read_examples(
            f"{number}.fits", FitsHeaders(CountingReader(new_file(header)))
        )
    ]


def drafted(*headers: Mapping[str, Any]) -> Draft:
    """Draft how the files with these headers are read."""
    return draft_of(examples_of(*headers))


def cards_of(draft: Draft, name: str) -> tuple[str, ...] | None:
    """Cards that give a property; None where none was recognised."""
    found = [rule.cards for rule in draft.rules if rule.name == name]
    return found[0] if found else None


@contextmanager
def translator_of(draft: Draft, folder: Path):
    """Have the drafted translator for a while; it is registered when it is made."""
    path = folder / "translator.py"
    path.write_text(translator_text(NAMES, draft), encoding="utf-8")
    translator: Any = runpy.run_path(str(path))[NAMES.translator]
    try:
        yield translator
    finally:
        translator.translators.pop(NAMES.instrument)
