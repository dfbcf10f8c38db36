"""FITS headers by bounded range reads: never the pixels, never more than the caps allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from underbutler.errors import UnreadableHeaderError
from underbutler.metadata.file_bytes import (
    BLOCK,
    FIRST_READ_BYTES,
    LARGEST_HEADER_BYTES,
    MOST_BYTES,
    RangeReader,
    ReadMapper,
    open_bytes,
)
from underbutler.metadata.hdu import Hdu

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = [
    "FIRST_READ_BYTES",
    "LARGEST_HEADER_BYTES",
    "MOST_BYTES",
    "MOST_HDUS",
    "FitsHeaders",
    "RangeReader",
    "ReadMapper",
]

MOST_HDUS = 256
"""Four times those of the camera with the most detectors, as one file."""
# FITS 4.0 §4.1: card of 80 bytes.
_CARD = 80
_END = b"END".ljust(_CARD)
# A header may have this much more than the one before it, and take one read all the same.
_MARGIN_BYTES = 2 * BLOCK
# As many as the pool of reads has threads; what is read beyond the last HDU is wasted.
_SIDE_BY_SIDE = 16


class FitsHeaders:
    """Headers of one FITS file.

    The first bytes are read at once, all others when their header is asked for. A file of several
    HDUs costs at most `MOST_BYTES`; a request for each HDU beyond the first bytes, since only its
    header says where the next one is. Where HDUs are as long as each other, as uncompressed images
    of one camera are, the next are guessed, read side by side and found where they are or not.

    Parameters
    ----------
    read_range
        How to read the file.
    map_reads
        How to read several ranges of it side by side: a thread pool's ``map``. Not to be used from
        inside that pool. Without it they are read one after the other.
    """

    def __init__(self, read_range: RangeReader, map_reads: ReadMapper | None = None) -> None:
        self._bytes = open_bytes(read_range, map_reads)
        self._hdus: list[Hdu] = []
        self._is_followed = False
        self._is_truncated = False

    def primary(self) -> Header:
        """Read the primary header; values are parsed when they are asked for.

        Raises
        ------
        UnreadableHeaderError
            The bytes are no FITS header within the caps.
        """
        return self._primary().header

    def extension(self) -> Header | None:
        """Read the header after the primary HDU; None when the file ends there.

        Raises
        ------
        UnreadableHeaderError
            What follows is no header within the caps.
        """
        self._primary()
        return self._hdus[1].header if self._reaches(1) else None

    def hdus(self) -> Iterator[Hdu]:
        """Read the headers of all HDUs, in order.

        Raises
        ------
        UnreadableHeaderError
            One of them is no header; there are over `MOST_HDUS`, or their headers over
            `MOST_BYTES` (kind ``many-hdus``); the file ends before the data do that its last
            header declares (``truncated``); or it is a gzip stream with HDUs beyond what is
            inflated, or may be (``many-detectors``).
        """
        yield self._primary()
        number = 1
        while self._reaches(number):
            yield self._hdus[number]
            number += 1
        last = self._hdus[-1]
        if self._bytes.is_cut:
            raise _many_hdus_in_gzip(number)
        if self._is_truncated:
            raise UnreadableHeaderError(
                f"HDU {last.number}: The file ends before byte {last.data_end}, where its data do.",
                kind="truncated",
            )

    def _primary(self) -> Hdu:
        if not self._hdus:
            text = self._header_text(0)
            if not text.startswith("SIMPLE  ="):
                raise UnreadableHeaderError(
                    f"The file is no FITS file: it begins with {text[:30]!r}.", kind="not-fits"
                )
            self._hdus.append(Hdu.from_text(text, number=0, start=0))
        return self._hdus[0]

    def _reaches(self, number: int) -> bool:
        """Tell whether the file has an HDU; the header before it has been read."""
        if number >= len(self._hdus) and not self._is_followed:
            following = self._following(self._hdus[-1])
            if following is None:
                self._is_followed = True
            else:
                self._hdus.append(following)
        return number < len(self._hdus)

    def _following(self, last: Hdu) -> Hdu | None:
        """Read the header after an HDU's data; none when the file ends there."""
        number = last.number + 1
        # The last byte of the data as well: whether they are there is learnt by the way.
        before = last.data_end - 1
        self._read_ahead(last)
        found = self._bytes.at(before, last.end + _CARD - before, self._window_bytes(last))
        self._is_truncated = not found and not self._bytes.is_cut
        card = found[last.end - before :]
        if not card.strip(b"\x00 "):
            return None
        if number >= MOST_HDUS:
            raise UnreadableHeaderError(f"The file has over {MOST_HDUS} HDUs.", kind="many-hdus")
        if len(card) == _CARD and not card.startswith(b"XTENSION="):
            what = f"HDU {last.number}" if last.number else "the primary HDU"
            raise UnreadableHeaderError(
                f"No header follows {what} but {card.decode('latin-1')[:30]!r}.", kind="bad-header"
            )
        try:
            return Hdu.from_text(self._header_text(last.end), number=number, start=last.end)
        except UnreadableHeaderError as error:
            if error.kind == "no-end" and self._bytes.is_cut:
                raise _many_hdus_in_gzip(number) from error
            error.message = f"HDU {number}: {error.message}"
            raise

    def _window_bytes(self, last: Hdu) -> int:
        """Decide how much to read from the end of an HDU's data on, for the next header."""
        # The primary header is none to judge others by; short HDUs are read many at a time.
        if last.number == 0 or last.size_bytes <= FIRST_READ_BYTES:
            return FIRST_READ_BYTES
        return last.end - last.data_end + 1 + last.header_bytes + _MARGIN_BYTES

    def _read_ahead(self, last: Hdu) -> None:
        """Read where the next headers are if HDUs go on as the last two did."""
        if last.number < 2 or last.size_bytes <= FIRST_READ_BYTES:
            return
        if last.size_bytes != self._hdus[-2].size_bytes:
            return
        number = min(self._extensions_left(last), _SIDE_BY_SIDE)
        starts = [last.data_end - 1 + ahead * last.size_bytes for ahead in range(number)]
        self._bytes.read_ahead(starts, self._window_bytes(last))

    def _extensions_left(self, last: Hdu) -> int:
        """Take the primary header's word for it, if it has one: nothing depends on it but speed."""
        try:
            promised = self._hdus[0].card("NEXTEND")
        except UnreadableHeaderError:
            promised = None
        return (promised if isinstance(promised, int) else MOST_HDUS) - last.number

    def _header_text(self, start: int) -> str:
        """Read cards from an offset to END."""
        position = start
        while position - start < LARGEST_HEADER_BYTES:
            block = self._bytes.at(position, BLOCK)
            if position == start and len(block) < _CARD:
                raise UnreadableHeaderError(
                    "The file is empty."
                    if not block and not start
                    else f"The file ends after {start + len(block)} bytes.",
                    kind="not-fits",
                )
            if position == start and not block.startswith((b"SIMPLE", b"XTENSION")):
                return block[:_CARD].decode("latin-1")
            for offset in range(0, len(block), _CARD):
                if block[offset : offset + _CARD] == _END:
                    end = position + offset + _CARD
                    return self._bytes.at(start, end - start).decode("latin-1")
            if len(block) < BLOCK:
                raise UnreadableHeaderError(
                    f"The file ends after {position + len(block)} bytes, before its header does.",
                    kind="no-end",
                )
            position += BLOCK
        raise UnreadableHeaderError(
            f"The header has no END within {LARGEST_HEADER_BYTES} bytes.", kind="no-end"
        )


def _many_hdus_in_gzip(number: int) -> UnreadableHeaderError:
    return UnreadableHeaderError(
        f"HDU {number}: Whether it is there, and what it holds, lies beyond the"
        f" {LARGEST_HEADER_BYTES} bytes that are inflated of a gzip stream.",
        kind="many-detectors",
        hint="Compress the file with fpack, not gzip; one detector's file may have a sidecar or"
        " stand in an index instead.",
    )
