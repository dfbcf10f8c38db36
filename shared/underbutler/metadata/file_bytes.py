"""Bytes of a file by bounded range reads: as stored, or as a gzip stream inflates to them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from underbutler.errors import UnreadableHeaderError

__all__ = [
    "BLOCK",
    "FIRST_READ_BYTES",
    "LARGEST_HEADER_BYTES",
    "MOST_BYTES",
    "InflatedBytes",
    "RangeReader",
    "ReadMapper",
    "StoredBytes",
    "open_bytes",
]

# FITS 4.0 §3.1: block of 2880 bytes.
BLOCK = 2880
# RFC 1952.
_GZIP_MAGIC = b"\x1f\x8b"

FIRST_READ_BYTES = 64 * 1024
"""One read gets the primary header of every camera known, and mostly the next header as well."""
LARGEST_HEADER_BYTES = 500 * BLOCK
"""18,000 cards; ten times what the longest raw header has."""
MOST_BYTES = 8 * 2**20
"""What is read of a file in all; six times the headers of the camera with the most detectors."""
_LARGEST_COMPRESSED_BYTES = 2**20

RangeReader = Callable[[int, int], bytes]
"""Reads bytes [start, end) of one object; fewer at its end, none beyond."""
_ByteRange = tuple[int, int]
ReadMapper = Callable[[Callable[[_ByteRange], bytes], Sequence[_ByteRange]], Iterable[bytes]]
"""Applies a function to byte ranges, side by side where it can; results in their order."""


def open_bytes(
    read_range: RangeReader, map_reads: ReadMapper | None
) -> StoredBytes | InflatedBytes:
    """Read the beginning of a file, and find out whether it is a gzip stream."""
    first = read_range(0, FIRST_READ_BYTES)
    if first.startswith(_GZIP_MAGIC):
        return InflatedBytes(read_range, first)
    return StoredBytes(read_range, first, map_reads)


@dataclass(slots=True)
class _Piece:
    """Bytes that were read, and where they begin."""

    start: int
    data: bytearray

    @property
    def end(self) -> int:
        return self.start + len(self.data)


class StoredBytes:
    """Bytes of a file as far as they were asked for, in few reads.

    Parameters
    ----------
    read_range
        How to read the file.
    first
        What its first `FIRST_READ_BYTES` bytes are.
    map_reads
        How to read several ranges side by side, if that can be.
    """

    is_cut = False
    """Whether there is more than can be had."""

    def __init__(
        self, read_range: RangeReader, first: bytes, map_reads: ReadMapper | None = None
    ) -> None:
        self._read_range = read_range
        self._map_reads = map_reads
        self._asked = FIRST_READ_BYTES
        self._end: int | None = None
        self._pieces = [_Piece(0, bytearray(first))]
        self._learn_end((0, FIRST_READ_BYTES), first)

    def at(self, start: int, size: int, ahead: int = FIRST_READ_BYTES) -> bytes:
        """Take bytes; fewer at the end of the file.

        Parameters
        ----------
        start, size
            Which.
        ahead
            How many to read from there when none of them were read before.
        """
        piece = self._piece_at(start)
        if piece is None:
            if self._is_beyond(start):
                return b""
            # What lies between, pixels, is not read.
            piece = _Piece(start, bytearray(self._fetch((start, start + max(size, ahead)))))
            self._pieces.append(piece)
        while piece.end < start + size and not self._is_beyond(piece.end):
            length = len(piece.data)
            wanted = max(FIRST_READ_BYTES, min(length, LARGEST_HEADER_BYTES - length))
            piece.data += self._fetch((piece.end, piece.end + wanted))
        return bytes(piece.data[start - piece.start : start + size - piece.start])

    def read_ahead(self, starts: Sequence[int], size: int) -> None:
        """Read pieces of a size that will be asked for, side by side."""
        ranges = [(start, start + size) for start in starts if not self._is_beyond(start)]
        if self._map_reads is None or len(ranges) < 2 or self._piece_at(ranges[0][0]) is not None:
            return
        self._spend(size * len(ranges))
        found = self._map_reads(lambda wanted: self._read_range(*wanted), ranges)
        for wanted, data in zip(ranges, found, strict=True):
            self._learn_end(wanted, data)
            self._pieces.append(_Piece(wanted[0], bytearray(data)))

    def _piece_at(self, start: int) -> _Piece | None:
        # The newest first: headers are read in their order.
        pieces = reversed(self._pieces)
        return next((piece for piece in pieces if piece.start <= start < piece.end), None)

    def _is_beyond(self, start: int) -> bool:
        return self._end is not None and start >= self._end

    def _fetch(self, wanted: _ByteRange) -> bytes:
        self._spend(wanted[1] - wanted[0])
        data = self._read_range(*wanted)
        self._learn_end(wanted, data)
        return data

    def _learn_end(self, wanted: _ByteRange, data: bytes) -> None:
        end = wanted[0] + len(data)
        if end < wanted[1]:
            self._end = end if self._end is None else min(self._end, end)

    def _spend(self, size: int) -> None:
        self._asked += size
        if self._asked > MOST_BYTES:
            raise UnreadableHeaderError(
                f"The headers take more than the {MOST_BYTES} bytes that are read of a file.",
                kind="many-hdus",
            )


class InflatedBytes:
    """The beginning of what a gzip stream inflates to.

    Parameters
    ----------
    read_range
        How to read the stream.
    first
        What its first `FIRST_READ_BYTES` bytes are.
    """

    def __init__(self, read_range: RangeReader, first: bytes) -> None:
        self._read_range = read_range
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._read = len(first)
        self._ends = len(first) < FIRST_READ_BYTES
        self._is_over = False
        self._pending = first
        self._data = bytearray()

    @property
    def is_cut(self) -> bool:
        """Whether there is more than can be had, as far as is known."""
        return not self._is_over

    def at(self, start: int, size: int, ahead: int = 0) -> bytes:  # noqa: ARG002
        """Take bytes; none beyond the cap of a header, however long the stream."""
        cap = LARGEST_HEADER_BYTES + BLOCK
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

    def read_ahead(self, starts: Sequence[int], size: int) -> None:
        """Do nothing: a stream is inflated from its beginning."""

    def _begin_next_member(self) -> bool:
        """Go on with what follows a gzip member, if it is another (RFC 1952 §2.2)."""
        rest = self._inflate.unused_data
        while len(rest) < len(_GZIP_MAGIC) and (more := self._more()):
            rest += more
        if not rest.startswith(_GZIP_MAGIC):
            self._is_over = len(rest) >= len(_GZIP_MAGIC) or self._is_over
            return False
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._pending = rest
        return True

    def _more(self) -> bytes:
        if self._ends or self._read >= _LARGEST_COMPRESSED_BYTES:
            self._is_over = self._ends
            return b""
        more = self._read_range(self._read, self._read + FIRST_READ_BYTES)
        self._read += len(more)
        self._ends = len(more) < FIRST_READ_BYTES
        return more
