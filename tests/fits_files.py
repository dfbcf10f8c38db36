"""FITS files, good and bad, made byte by byte; and a reader that counts what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# FITS 4.0 §3.1, §4.1.
BLOCK = 2880
CARD = 80

MINIMAL = {"SIMPLE": True, "BITPIX": 8, "NAXIS": 0}
EXTENSION = {"XTENSION": "IMAGE", "BITPIX": 8, "NAXIS": 0, "PCOUNT": 0, "GCOUNT": 1}
# What a tile-compressed image is, to those that read no more than its header (FITS 4.0 §10.1).
COMPRESSED = {
    "XTENSION": "BINTABLE",
    "BITPIX": 8,
    "NAXIS": 2,
    "NAXIS1": 8,
    "NAXIS2": 41,
    "PCOUNT": 1200,
    "GCOUNT": 1,
    "TFIELDS": 1,
    "TTYPE1": "COMPRESSED_DATA",
    "TFORM1": "1PB(600)",
    "ZIMAGE": True,
    "ZCMPTYPE": "RICE_1",
    "ZBITPIX": 16,
    "ZNAXIS": 2,
    "ZNAXIS1": 64,
    "ZNAXIS2": 41,
}
# Cards that say how an HDU is laid out, and nothing of what was observed.
STRUCTURE = {*MINIMAL, *EXTENSION, *COMPRESSED, "EXTEND", "THEAP"}
_LONGEST_STRING = 60


class CountingReader:
    """Reads ranges of bytes, as a store does, and remembers which."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.ranges: list[tuple[int, int]] = []

    def __call__(self, start: int, end: int) -> bytes:
        assert 0 <= start < end
        self.ranges.append((start, end))
        return self.body[start:end]

    @property
    def asked_bytes(self) -> int:
        """How much was asked for, delivered or not."""
        return sum(end - start for start, end in self.ranges)


class EndlessReader(CountingReader):
    """Reads a file that goes on with one block for ever."""

    def __init__(self, body: bytes, filler: bytes) -> None:
        super().__init__(body)
        self._filler = filler

    def __call__(self, start: int, end: int) -> bytes:
        self.ranges.append((start, end))
        begun = self.body[start:end]
        first = max(start, len(self.body)) - len(self.body)
        repeats = (end - start) // len(self._filler) + 2
        filled = self._filler * repeats
        skipped = first % len(self._filler)
        return begun + filled[skipped : skipped + (end - start) - len(begun)]


class SparseReader(CountingReader):
    """Reads a file of headers with data after them, zeros that are nowhere.

    Parameters
    ----------
    *headers
        Cards of the HDUs.
    missing_bytes
        How much of the last HDU's data and padding is not there.
    """

    def __init__(self, *headers: Mapping[str, Any], missing_bytes: int = 0) -> None:
        super().__init__(b"")
        self._written: list[tuple[int, bytes]] = []
        self.size_bytes = 0
        for cards in headers:
            block = header_block(cards)
            self._written.append((self.size_bytes, block))
            self.size_bytes += len(block) + -(-data_bytes(cards) // BLOCK) * BLOCK
        self.size_bytes -= missing_bytes

    def __call__(self, start: int, end: int) -> bytes:
        assert 0 <= start < end
        self.ranges.append((start, end))
        found = bytearray(max(0, min(end, self.size_bytes) - start))
        for place, block in self._written:
            first, last = max(start, place), min(start + len(found), place + len(block))
            if first < last:
                found[first - start : last - start] = block[first - place : last - place]
        return bytes(found)


def card(keyword: str, value: Any) -> bytes:
    """One card of a keyword and its value."""
    if isinstance(value, bool):
        written = f"{'T' if value else 'F':>20}"
    elif isinstance(value, str):
        quoted = value.replace("'", "''")
        written = f"'{quoted:<8}'"
    else:
        written = f"{value!r:>20}".upper()
    text = f"{keyword:<8}= {written}"
    assert len(text) <= CARD, text
    return raw_card(text)


def raw_card(text: str | bytes) -> bytes:
    """One card of these very characters."""
    written = text.encode("latin-1") if isinstance(text, str) else text
    return written.ljust(CARD)[:CARD]


def header_block(cards: Mapping[str, Any], *more: bytes) -> bytes:
    """A header: cards, raw cards after them, END, padded to blocks."""
    written = b"".join(card(keyword, value) for keyword, value in cards.items())
    return padded(written + b"".join(more) + raw_card("END"), b" ")


def padded(data: bytes, filler: bytes = b"\x00") -> bytes:
    """Data padded to whole blocks."""
    return data + filler * (-len(data) % BLOCK)


def data_bytes(cards: Mapping[str, Any]) -> int:
    """How large the data are that a header declares (FITS 4.0 §4.4.1.1, §7.1.3)."""
    if not cards["NAXIS"]:
        return 0
    size = 1
    for axis in range(1, cards["NAXIS"] + 1):
        size *= cards[f"NAXIS{axis}"]
    return int((size + cards.get("PCOUNT", 0)) * cards.get("GCOUNT", 1) * abs(cards["BITPIX"]) // 8)


def data_of(cards: Mapping[str, Any]) -> bytes:
    """Zeros, as many as a header declares."""
    return padded(bytes(data_bytes(cards)))


def hdu(cards: Mapping[str, Any], *more: bytes) -> bytes:
    """A header, raw cards after it, and its data."""
    return header_block(cards, *more) + data_of(cards)


def observed(header: Mapping[str, Any]) -> dict[str, Any]:
    """The cards of a header that say what was observed, as FITS can hold them."""
    return {
        keyword: value[:_LONGEST_STRING] if isinstance(value, str) else value
        for keyword, value in header.items()
        if keyword not in STRUCTURE
        and keyword not in ("COMMENT", "HISTORY", "")
        and not keyword.startswith(("NAXIS", "TTYPE", "TFORM"))
        and len(keyword) <= 8
        and value is not None
    }


def one_hdu_file(header: Mapping[str, Any]) -> bytes:
    """A file whose primary HDU has the header and a small image."""
    layout = {**MINIMAL, "BITPIX": 16, "NAXIS": 2, "NAXIS1": 64, "NAXIS2": 41}
    return hdu({**layout, **observed(header)})


def two_hdu_file(header: Mapping[str, Any]) -> bytes:
    """A file as fpack makes it: an empty primary HDU, the header with the compressed image."""
    return hdu({**MINIMAL, "EXTEND": True}) + hdu({**COMPRESSED, **observed(header)})


def inheriting_file(header: Mapping[str, Any], own: Mapping[str, Any]) -> bytes:
    """A file whose image extension has some cards of its own and inherits the others."""
    primary = {**MINIMAL, "EXTEND": True, **observed(header)}
    return hdu(primary) + hdu({**COMPRESSED, "INHERIT": True, **observed(own)})
