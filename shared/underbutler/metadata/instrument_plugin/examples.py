"""Examples of an instrument's files: the header of each detector, as plain values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from underbutler.errors import UnreadableHeaderError

if TYPE_CHECKING:
    from astropy.io.fits import Header

    from underbutler.metadata.hdu import Hdu
    from underbutler.metadata.header import FitsHeaders

__all__ = ["Example", "is_number", "is_text", "read_examples", "with_all", "with_some"]

Value = bool | int | float | str

# FITS 4.0 §4.3.2: a unit may stand in brackets at the beginning of a comment.
_UNIT = re.compile(r"\s*\[([^\]]+)\]")
_COMMENTARY = ("", "COMMENT", "HISTORY", "CONTINUE", "END")
# Cards that number the detectors of a file in several HDUs; amplifiers have them in common.
_DETECTOR_OF_HDU = ("CCDNUM", "CCDID", "CCD_ID", "DETNUM", "DETID", "DET-ID", "DET_ID", "CHIPID")
_NAMED_HDU = re.compile(r"(?:ccd|chip|det|detector|sensor)[-_ .]?\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What the header of one detector says."""

    file: str
    """Name of the file, without its folder."""
    hdu: int | None
    """HDU that holds the detector, of a file of several; None: the whole file does."""
    header: Mapping[str, Value]
    """All cards: the image's own before those of the primary header."""
    primary: Mapping[str, Value]
    """Cards of the primary header alone."""
    units: Mapping[str, str]
    """Keyword → unit, as far as comments name it."""
    image: Header
    """Header of the image, where its size and its WCS stand."""

    @property
    def name(self) -> str:
        """What to call it to a user."""
        return self.file if self.hdu is None else f"{self.file}[{self.hdu}]"


def read_examples(file: str, headers: FitsHeaders) -> list[Example]:
    """Read the headers of a file: one for each detector, if it holds several, an HDU each.

    Raises
    ------
    UnreadableHeaderError
        The file is no FITS file, or a gzip stream of several HDUs.
    """
    try:
        hdus = list(headers.hdus())
    except UnreadableHeaderError as error:
        # Pixels are not asked for: of a file of one image, what comes after it does not matter.
        if error.kind not in ("many-detectors", "truncated"):
            raise
        hdus = _first_two(headers)
    primary = hdus[0]
    images = [hdu for hdu in hdus[1:] if hdu.is_image]
    if _holds_detectors(images):
        return [_example(file, hdu.number, primary, hdu) for hdu in images]
    if primary.is_image or len(hdus) == 1:
        return [_example(file, None, primary, hdus[1] if len(hdus) > 1 else None, primary.header)]
    return [_example(file, None, primary, images[0] if images else hdus[1])]


def _first_two(headers: FitsHeaders) -> list[Hdu]:
    found: list[Hdu] = []
    for hdu in headers.hdus():
        found.append(hdu)
        if len(found) == 2 or hdu.is_image:
            break
    return found


def _holds_detectors(images: list[Hdu]) -> bool:
    """Tell whether the images of a file are detectors, rather than parts of one."""
    if len(images) < 2:
        return False
    headers = [_plain(image.header)[0] for image in images]
    for keyword in _DETECTOR_OF_HDU:
        values = [header.get(keyword) for header in headers]
        if None not in values and len(set(values)) == len(values):
            return True
    names = [str(header.get("EXTNAME", "")) for header in headers]
    return all(_NAMED_HDU.fullmatch(name) for name in names) and len(set(names)) == len(names)


def _example(
    file: str, number: int | None, primary: Hdu, second: Hdu | None, image: Header | None = None
) -> Example:
    own, units = _plain(primary.header)
    header, all_units = dict(own), dict(units)
    if second is not None:
        more, more_units = _plain(second.header)
        if more.get("INHERIT") is False:
            header, all_units = {}, {}
        header |= more
        all_units |= more_units
    chosen = image if image is not None else (second or primary).header
    return Example(file=file, hdu=number, header=header, primary=own, units=all_units, image=chosen)


def _plain(header: Header) -> tuple[dict[str, Value], dict[str, str]]:
    """Take the cards that have a value JSON can hold, and their units."""
    from astropy.io.fits import VerifyError

    values: dict[str, Value] = {}
    units: dict[str, str] = {}
    for keyword in dict.fromkeys(header):
        if keyword in _COMMENTARY:
            continue
        try:
            value, comment = header[keyword], header.comments[keyword]
        except (VerifyError, ValueError):
            continue
        if isinstance(value, (bool, int, str)) or (
            isinstance(value, float) and math.isfinite(value)
        ):
            values[keyword] = value
            if unit := _UNIT.match(str(comment)):
                units[keyword] = unit[1].strip()
    return values, units


def with_all(
    headers: Iterable[Mapping[str, Any]], keywords: Iterable[str], accept: Callable[[Any], bool]
) -> Iterator[str]:
    """Find the keywords that every header has with a value that is acceptable, in order."""
    known = list(headers)
    for keyword in keywords:
        if all(keyword in header and accept(header[keyword]) for header in known):
            yield keyword


def with_some(
    headers: Iterable[Mapping[str, Any]], keywords: Iterable[str], accept: Callable[[Any], bool]
) -> Iterator[str]:
    """Find the keywords that some headers have, and none with a value that is not acceptable."""
    known = list(headers)
    for keyword in keywords:
        values = [header[keyword] for header in known if keyword in header]
        if values and all(accept(value) for value in values):
            yield keyword


def is_text(value: object) -> bool:
    """Tell whether a card has a text that says something."""
    return isinstance(value, str) and bool(value.strip())


def is_number(value: object) -> bool:
    """Tell whether a card has a number, maybe written as a text."""
    if isinstance(value, str):
        try:
            return math.isfinite(float(value))
        except ValueError:
            return False
    return isinstance(value, (int, float)) and not isinstance(value, bool)
