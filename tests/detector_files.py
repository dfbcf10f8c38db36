"""Files of many detectors, one an HDU: as large as those of cameras, and small real ones."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.io import fits

from fits_files import COMPRESSED, EXTENSION, MINIMAL, SparseReader
from translations import DECAM_EXPOSURE, MEGAPRIME, without

# Cards that no translator looks at; with them headers are as long as real ones.
PRIMARY_REST = {f"PHK{number:03d}": number for number in range(150)}
CCD_REST = {f"HK{number:03d}": number for number in range(100)}
MEGAPRIME_REST = {f"HK{number:03d}": number for number in range(220)}
DECAM_IMAGE = {**EXTENSION, "BITPIX": 32, "NAXIS": 2, "NAXIS1": 2160, "NAXIS2": 4146}
MEGAPRIME_IMAGE = {**EXTENSION, "BITPIX": 16, "NAXIS": 2, "NAXIS1": 2112, "NAXIS2": 4644}


def decam_ccd(number: int) -> dict[str, Any]:
    """What DECam writes into the header of a CCD, but for the layout."""
    return {"CCDNUM": number, "DETPOS": f"S{number}", "INHERIT": True}


def decam_primary(**more: Any) -> dict[str, Any]:
    """The primary header of DECam."""
    return {**MINIMAL, "EXTEND": True, **DECAM_EXPOSURE, **PRIMARY_REST, **more}


def decam_plain(numbers: Sequence[int], **more: Any) -> list[dict[str, Any]]:
    """Headers of an uncompressed raw of DECam, 36 MB a CCD."""
    ccds = [{**DECAM_IMAGE, **decam_ccd(number), **CCD_REST} for number in numbers]
    return [decam_primary(**more), *ccds]


def decam_packed(numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Headers of a raw of DECam as fpack makes it, every CCD as large as it happens to be."""
    ccds = [
        {**COMPRESSED, "PCOUNT": 9_000_000 + 70_000 * (number % 7), **decam_ccd(number), **CCD_REST}
        for number in numbers
    ]
    return [decam_primary(NEXTEND=len(ccds)), *ccds]


def megaprime_ccd(number: int) -> dict[str, Any]:
    """What MegaPrime writes into the header of a CCD, but for the layout."""
    return {**MEGAPRIME, "EXTNAME": f"ccd{number:02d}", "EXTVER": number, "INHERIT": False}


def megaprime_plain(numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Headers of an uncompressed raw of MegaPrime, 20 MB a CCD."""
    primary = {**MINIMAL, "EXTEND": True, **without(MEGAPRIME, "EXTNAME", "EXTVER"), **PRIMARY_REST}
    ccds = [{**MEGAPRIME_IMAGE, **megaprime_ccd(number), **MEGAPRIME_REST} for number in numbers]
    return [{**primary, "NEXTEND": len(ccds)}, *ccds]


CAMERA_FILES = {
    "DECam": decam_plain(range(1, 63), NEXTEND=62),
    "DECam without NEXTEND": decam_plain(range(1, 63)),
    "DECam fpacked": decam_packed(range(1, 63)),
    "MegaPrime": megaprime_plain(range(40)),
}


def sparse(name: str) -> SparseReader:
    """A file as large as the camera's."""
    return SparseReader(*CAMERA_FILES[name])


def written(primary: Mapping[str, Any], *hdus: Any) -> bytes:
    """A file that astropy writes."""
    body = io.BytesIO()
    first = fits.PrimaryHDU(header=fits.Header(dict(primary)))
    fits.HDUList([first, *hdus]).writeto(body)
    return body.getvalue()


def image(cards: Mapping[str, Any]) -> fits.ImageHDU:
    """A small image."""
    return fits.ImageHDU(np.zeros((8, 9), "i2"), fits.Header(dict(cards)))


def compressed(cards: Mapping[str, Any]) -> fits.CompImageHDU:
    """A small image in tiles."""
    return fits.CompImageHDU(np.zeros((8, 9), "i2"), fits.Header(dict(cards)))


def table(cards: Mapping[str, Any] | None = None) -> fits.BinTableHDU:
    """A table, of whatever."""
    column = fits.Column("x", "J", array=np.arange(3))
    return fits.BinTableHDU.from_columns([column], fits.Header(dict(cards or {})))
