"""FITS headers by bounded range reads: never the pixels, never more than the caps below."""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from underbutler.errors import UnreadableHeaderError

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["FIRST_READ_BYTES", "LARGEST_HEADER_BYTES", "FitsHeaders", "RangeReader", "bad_card"]

# FITS 4.0 §3.1: block of 2880 bytes; §4.1: card of 80.
_BLOCK = 2880
_CARD = 80
_END = b"END".ljust(_CARD)
# FITS 4.0 §4.4.1: at most 999 axes.
_MOST_AXES = 999
# RFC 1952.
_GZIP_MAGIC = b"\x1f\x8b"

FIRST_READ_BYTES = 64 * 1024
"""One read gets the primary header of every camera known, and mostly the next header as well."""
LARGEST_HEADER_BYTES = 500 * _BLOCK
"""18,000 cards; ten times what the longest raw header has."""
_LARGEST_COMPRESSED_BYTES = 2**20
# No store takes an object of a pebibyte.
_LARGEST_DATA_BYTES = 2**50
_UNPRINTABLE = re.compile(r"[^ -~]")

RangeReader = Callable[[int, int], bytes]
"""Reads bytes [start, end) of one object; fewer at its end, none beyond."""


class FitsHeaders:
    """Headers of one FITS file.

    Parameters
    ----------
    read_range
        How to read the file.
    """

    def __init__(self, read_range: RangeReader) -> None:
        first = read_range(0, FIRST_READ_BYTES)
        self._bytes: _Window | _InflatedWindow
        if first.startswith(_GZIP_MAGIC):
            self._bytes = _InflatedWindow(read_range, first)
        else:
            self._bytes = _Window(read_range, first)
        self._primary: Header | None = None
        self._primary_end = 0
        self._extension_end = 0

    def primary(self) -> Header:
        """Read the primary header; values are parsed when they are asked for.

        Raises
        ------
        UnreadableHeaderError
            The bytes are no FITS header within the caps.
        """
        if self._primary is None:
            text, header_end = self._header_text(0)
            if not text.startswith("SIMPLE  ="):
                raise UnreadableHeaderError(
                    f"The file is no FITS file: it begins with {text[:30]!r}.", kind="not-fits"
                )
            self._primary = _parse(text)
            self._primary_end = header_end + _data_size(self._primary)
        return self._primary

    def extension(self) -> Header | None:
        """Read the header after the primary HDU; None when the file ends there.

        Raises
        ------
        UnreadableHeaderError
            What follows is no header within the caps.
        """
        self.primary()
        if not self._bytes.at(self._primary_end, _CARD):
            return None
        text, header_end = self._header_text(self._primary_end)
        if not text.startswith("XTENSION="):
            raise UnreadableHeaderError(
                f"No header follows the primary HDU but {text[:30]!r}.", kind="bad-header"
            )
        header = _parse(text)
        self._extension_end = header_end + _data_size(header)
        return header

    def goes_on(self) -> bool:
        """Tell whether the file has more HDUs than the two whose headers are read, or may have."""
        card = self._bytes.at(self._extension_end, _CARD)
        return card.startswith(b"XTENSION=") or (not card and self._bytes.is_cut)

    def _header_text(self, start: int) -> tuple[str, int]:
        """Read cards from an offset to END; returns them and the offset of the data."""
        position = start
        while position - start < LARGEST_HEADER_BYTES:
            block = self._bytes.at(position, _BLOCK)
            if position == start and len(block) < _CARD:
                raise UnreadableHeaderError(
                    "The file is empty."
                    if not block and not start
                    else f"The file ends after {start + len(block)} bytes.",
                    kind="not-fits",
                )
            if position == start and not block.startswith((b"SIMPLE", b"XTENSION")):
                return block[:_CARD].decode("latin-1"), start
            for offset in range(0, len(block), _CARD):
                if block[offset : offset + _CARD] == _END:
                    end = position + offset + _CARD
                    text = self._bytes.at(start, end - start).decode("latin-1")
                    return text, start + -(-(end - start) // _BLOCK) * _BLOCK
            if len(block) < _BLOCK:
                raise UnreadableHeaderError(
                    f"The file ends after {position + len(block)} bytes, before its header does.",
                    kind="no-end",
                )
            position += _BLOCK
        raise UnreadableHeaderError(
            f"The header has no END within {LARGEST_HEADER_BYTES} bytes.", kind="no-end"
        )


class _Window:
    """Bytes of a file as far as they were asked for, in few reads."""

    is_cut = False

    def __init__(self, read_range: RangeReader, first: bytes) -> None:
        self._read_range = read_range
        self._start = 0
        self._data = first
        self._ends = len(first) < FIRST_READ_BYTES

    def at(self, start: int, size: int) -> bytes:
        """Take bytes; fewer at the end of the file."""
        end = start + size
        if start < self._start or start > self._start + len(self._data) + FIRST_READ_BYTES:
            # Beyond pixels: a new window, so that they are not read.
            self._data, self._start = self._read_range(start, start + FIRST_READ_BYTES), start
            self._ends = len(self._data) < FIRST_READ_BYTES
        while end > self._start + len(self._data) and not self._ends:
            position = self._start + len(self._data)
            wanted = min(
                max(FIRST_READ_BYTES, len(self._data)),
                max(FIRST_READ_BYTES, LARGEST_HEADER_BYTES - len(self._data)),
            )
            more = self._read_range(position, position + wanted)
            self._ends = len(more) < wanted
            self._data += more
        return self._data[start - self._start : end - self._start]


class _InflatedWindow:
    """The beginning of what a gzip stream inflates to."""

    def __init__(self, read_range: RangeReader, first: bytes) -> None:
        self._read_range = read_range
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._read = len(first)
        self._ends = len(first) < FIRST_READ_BYTES
        self._pending = first
        self._data = bytearray()

    @property
    def is_cut(self) -> bool:
        """Whether there is more than can be had."""
        return not self._inflate.eof

    def at(self, start: int, size: int) -> bytes:
        """Take bytes; none beyond the cap of a header, however long the stream."""
        cap = LARGEST_HEADER_BYTES + _BLOCK
        if start >= cap:
            # Beyond pixels: found out without inflating them.
            return b""
        end = min(start + size, cap)
        while len(self._data) < end and (not self._inflate.eof or self._begin_next_member()):
            try:
                # Bounded: a bomb inflates no further than what is asked for.
                self._data += self._inflate.decompress(self._pending, end - len(self._data))
            except zlib.error as error:
                raise UnreadableHeaderError(
                    f"The gzip stream is damaged: {error}.", kind="bad-gzip"
                ) from error
            self._pending = self._inflate.unconsumed_tail
            if self._pending or self._inflate.eof or len(self._data) >= end:
                continue
            self._pending = self._more()
            if not self._pending:
                break
        return bytes(self._data[start:end])

    def _begin_next_member(self) -> bool:
        """Go on with what follows a gzip member, if it is another (RFC 1952 §2.2)."""
        rest = self._inflate.unused_data
        while len(rest) < len(_GZIP_MAGIC) and (more := self._more()):
            rest += more
        if not rest.startswith(_GZIP_MAGIC):
            return False
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._pending = rest
        return True

    def _more(self) -> bytes:
        if self._ends or self._read >= _LARGEST_COMPRESSED_BYTES:
            return b""
        more = self._read_range(self._read, self._read + FIRST_READ_BYTES)
        self._read += len(more)
        self._ends = len(more) < FIRST_READ_BYTES
        return more


def _parse(text: str) -> Header:
    from astropy.io.fits import Header

    with warnings.catch_warnings():
        # Of cards not quite standard: whoever needs one finds out.
        warnings.simplefilter("ignore")
        # FITS allows printable ASCII only; a stray byte must not cost a file its registration.
        return Header.fromstring(_UNPRINTABLE.sub("?", text))


def _data_size(header: Header) -> int:
    """Compute the size of an HDU's data, padded to blocks (FITS 4.0 §4.4.1, §7.3.1), in bytes."""
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
    return -(-size // _BLOCK) * _BLOCK


def _integer(header: Header, keyword: str, low: int, high: int, default: int | None = None) -> int:
    from astropy.io.fits import VerifyError

    try:
        value = header.get(keyword, default)
    except VerifyError as error:
        raise bad_card(keyword, error) from error
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UnreadableHeaderError(f"{keyword} is {value!r}.", kind="bad-header")
    return value


def bad_card(keyword: str, why: Exception) -> UnreadableHeaderError:
    """Make the error for a card that cannot be parsed."""
    return UnreadableHeaderError(
        f"The card {keyword} cannot be read: {str(why).strip()}", kind="bad-card", keyword=keyword
    )
