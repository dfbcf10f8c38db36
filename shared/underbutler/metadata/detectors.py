"""Which HDUs of a file hold detectors, and what an HDU is called.

What the translators say of it (``determine_translatable_headers``) opens files and reads them
through; here it is told by headers alone.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from underbutler.errors import UnreadableHeaderError
from underbutler.metadata.hdu import Hdu, with_inherited

if TYPE_CHECKING:
    from astropy.io.fits import Header

    from underbutler.model.observation import ObservationProperties

__all__ = ["check_detectors", "detector_cards", "is_science_detector"]

# megaprime.py, to_detector_name.
_MEGAPRIME_NAME = re.compile(r"ccd\d+")
# fpack calls its tables so, whatever the images in them are called.
_FPACK_NAME = "COMPRESSED_IMAGE"
# decam.py, determine_translatable_headers: those above are for focus and guiding; megaprime.py,
# to_detector_name: 99 stands for headers that are no detector's.
_LAST_SCIENCE_DETECTOR = {"DECam": 62, "MegaPrime": 98}


def detector_cards(hdu: Hdu, primary: Header, instrument: str | None) -> MutableMapping[str, Any]:
    """Take the cards that hold for an HDU: its own, inherited ones, and its detector's name.

    MegaPrime has that in EXTNAME, where fpack writes another. The detector's is in a second card
    EXTNAME then, or its number in EXTVER (megaprime.py, ``determine_translatable_headers``).

    Raises
    ------
    UnreadableHeaderError
        One of the cards that say so cannot be parsed.
    """
    if hdu.number == 0:
        return ChainMap(hdu.header)
    cards = with_inherited(hdu.header, primary)
    name = _megaprime_name(hdu) if instrument == "MegaPrime" else None
    return cards if name is None else ChainMap({"EXTNAME": name}, cards)


def is_science_detector(instrument: str | None, detector: int) -> bool:
    """Tell detectors that are registered from those that only help to observe."""
    last = _LAST_SCIENCE_DETECTOR.get(instrument or "")
    return last is None or detector <= last


def check_detectors(found: Sequence[ObservationProperties]) -> None:
    """Make sure that the HDUs of a file hold as many detectors, of one exposure.

    Raises
    ------
    UnreadableHeaderError
        Two HDUs hold one detector (kind ``duplicate-detector``), or detectors of two exposures
        (``many-exposures``).
    """
    seen: dict[int | None, ObservationProperties] = {}
    for one in found:
        if one.detector_num is not None and one.detector_num in seen:
            raise UnreadableHeaderError(
                f"HDU {seen[one.detector_num].hdu} and HDU {one.hdu} both say that they hold"
                f" detector {one.detector_num}.",
                kind="duplicate-detector",
            )
        seen[one.detector_num] = one
        if (one.instrument, one.exposure_id) != (found[0].instrument, found[0].exposure_id):
            raise UnreadableHeaderError(
                f"HDU {found[0].hdu} is of exposure {found[0].exposure_id} of"
                f" {found[0].instrument}, HDU {one.hdu} of {one.exposure_id} of {one.instrument}.",
                kind="many-exposures",
            )


def _megaprime_name(hdu: Hdu) -> str | None:
    names = [str(name).strip() for name in hdu.cards("EXTNAME")]
    for name in names:
        if _MEGAPRIME_NAME.fullmatch(name):
            return name
    number = hdu.card("EXTVER")
    is_named = names[:1] == [_FPACK_NAME] and isinstance(number, int) and number >= 0
    return f"ccd{number:02d}" if is_named else None
