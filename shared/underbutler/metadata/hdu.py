"""One HDU as its header tells it: what it is, and where its data end."""

from __future__ import annotations

import re
import warnings
from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from underbutler.errors import UnreadableHeaderError
from underbutler.metadata.file_bytes import BLOCK

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["Hdu", "bad_card", "with_inherited"]

# FITS 4.0 §4.4.1: at most 999 axes.
_MOST_AXES = 999
# No store takes an object of a pebibyte.
_LARGEST_DATA_BYTES = 2**50
_UNPRINTABLE = re.compile(r"[^ -~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hdu:
    """An HDU of a file: its header, and its place."""

    number: int
    """Place among the file's HDUs, the primary one being 0."""
    header: Header
    """Values are parsed when they are asked for."""
    start: int
    """Offset of the header, bytes."""
    header_bytes: int
    """Size of the header, padded to blocks."""
    data_end: int
    """Offset of what follows the last byte that the file must have for this HDU."""
    end: int
    """Offset of the next HDU."""

    @classmethod
    def from_text(cls, text: str, *, number: int, start: int) -> Hdu:
        """Parse a header, END included.

        Raises
        ------
        UnreadableHeaderError
            What says how large the data are cannot be read, or is impossible.
        """
        header = _parse(text)
        data_start = start + _padded(len(text))
        data_bytes = _data_bytes(header)
        return cls(
            number=number,
            header=header,
            start=start,
            header_bytes=data_start - start,
            # Not all writers pad what comes last.
            data_end=data_start + data_bytes if data_bytes else start + len(text),
            end=data_start + _padded(data_bytes),
        )

    @property
    def size_bytes(self) -> int:
        """How far it is to the next HDU."""
        return self.end - self.start

    @property
    def is_image(self) -> bool:
        """Whether it is an image, compressed or not (FITS 4.0 §7.1, §10.1)."""
        if self.number == 0:
            return bool(self.card("NAXIS"))
        kind = str(self.card("XTENSION")).strip()
        return kind == "IMAGE" or (kind == "BINTABLE" and self.card("ZIMAGE") is True)

    def card(self, keyword: str) -> Any:
        """Take a card's value, None without it.

        Raises
        ------
        UnreadableHeaderError
            The card cannot be parsed.
        """
        return _card(self.header, keyword)

    def cards(self, keyword: str) -> list[Any]:
        """Take the values of all cards of a keyword, in order; errors as those of `card`."""
        number = self.header.count(keyword) if keyword in self.header else 0
        return [_card(self.header, (keyword, place)) for place in range(number)]


def with_inherited(header: Header, primary: Header) -> MutableMapping[str, Any]:
    """Take an extension's cards, and those of the primary header unless INHERIT says F.

    FITS 4.0 appendix K, but for what the card's absence means: cameras that leave it out write
    what all detectors share into the primary header.
    """
    # Both as they are: merged into one, every card would have to be parsed.
    return ChainMap(header, *(() if _card(header, "INHERIT") is False else (primary,)))


def bad_card(keyword: str, why: Exception) -> UnreadableHeaderError:
    """Make the error for a card that cannot be parsed."""
    return UnreadableHeaderError(
        f"The card {keyword} cannot be read: {str(why).strip()}", kind="bad-card", keyword=keyword
    )


def _parse(text: str) -> Header:
    from astropy.io.fits import Header

    with warnings.catch_warnings():
        # Of cards not quite standard: whoever needs one finds out.
        warnings.simplefilter("ignore")
        # FITS allows printable ASCII only; a stray byte must not cost a file its registration.
        return Header.fromstring(_UNPRINTABLE.sub("?", text))


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _data_bytes(header: Header) -> int:
    """Compute the size of an HDU's data without padding (FITS 4.0 §4.4.1, §7.3.1)."""
    axes = _integer(header, "NAXIS", 0, _MOST_AXES)
    elements = 1 if axes else 0
    for axis in range(1, axes + 1):
        elements *= _integer(header, f"NAXIS{axis}", 0, 2**63)
    bits = abs(_integer(header, "BITPIX", -64, 64))
    groups = _integer(header, "GCOUNT", 0, 2**63, default=1)
    heap = _integer(header, "PCOUNT", 0, 2**63, default=0)
    size = bits // 8 * groups * (heap + elements) if axes else 0
    if size > _LARGEST_DATA_BYTES:
        raise UnreadableHeaderError("The header declares more data than any file has.")
    return size


def _integer(header: Header, keyword: str, low: int, high: int, default: int | None = None) -> int:
    value = _card(header, keyword, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UnreadableHeaderError(f"{keyword} is {value!r}.", kind="bad-header")
    return value


def _card(header: Header, keyword: str | tuple[str, int], default: int | None = None) -> Any:
    from astropy.io.fits import VerifyError

    try:
        return header.get(keyword, default)
    except (VerifyError, ValueError) as error:
        name = keyword if isinstance(keyword, str) else keyword[0]
        raise bad_card(name, error) from error
