"""Files whose headers are read, and short words for what comes of it."""

from __future__ import annotations

import io

from astropy.io import fits
from hypothesis import strategies as st

from factories import hsc_exposure
from fits_files import (
    BLOCK,
    EXTENSION,
    MINIMAL,
    CountingReader,
    hdu,
    inheriting_file,
    one_hdu_file,
    raw_card,
    two_hdu_file,
)
from underbutler.errors import UnreadableHeaderError
from underbutler.local.night import hsc_header
from underbutler.metadata.header import FitsHeaders

HEADER = hsc_header(hsc_exposure(), 0)
ONE_HDU = one_hdu_file(HEADER)
TWO_HDUS = two_hdu_file(HEADER)
# Its headers are longer than a block, and its second one begins on the third.
BLOCKS_OF_CARDS = hdu(
    {**MINIMAL, "EXTEND": True} | {f"CARD{number}": number for number in range(60)}
) + hdu(EXTENSION | {f"CARD{number}": number for number in range(60)})
# A gigabyte that is not there, as far as the primary header is to be believed.
FAR_DATA = {"SIMPLE": True, "BITPIX": -64, "NAXIS": 2, "NAXIS1": 2**14, "NAXIS2": 2**13}
FAR_DATA_BYTES = 2**30 + -(2**30) % BLOCK
# docs/reference/codes.md
KINDS = (
    *("not-fits", "no-end", "bad-header", "bad-card", "bad-gzip"),
    *("truncated", "many-hdus", "many-detectors"),
)
FITS_FILES = {
    "one HDU": ONE_HDU,
    "two HDUs": TWO_HDUS,
    "headers of several blocks": BLOCKS_OF_CARDS,
    "an inheriting extension": inheriting_file({"OBJECT": "COSMOS"}, {"CCDNUM": 7}),
}
corruptions = st.lists(
    st.tuples(
        st.integers(0, len(TWO_HDUS) - 1),
        st.binary(min_size=1, max_size=4)
        | st.sampled_from([b"END", b"= ", b"'", b"CONTINUE  '", b"HIERARCH", b"\x00", b"1E999"]),
    ),
    min_size=1,
    max_size=8,
)


def headers(body: bytes) -> FitsHeaders:
    return FitsHeaders(CountingReader(body))


def primary_of(*cards: str | bytes) -> fits.Header:
    return headers(hdu(MINIMAL, *(raw_card(card) for card in cards))).primary()


def read_all(body: bytes) -> list[fits.Header]:
    return [hdu.header for hdu in headers(body).hdus()]


def read_or_refuse(body: bytes) -> list[fits.Header] | UnreadableHeaderError:
    """Read headers, or be told in the documented way why they cannot be."""
    try:
        return read_all(body)
    except UnreadableHeaderError as error:
        refused = error
    assert refused.kind in KINDS
    assert refused.message
    return refused


def kind_of(body: bytes) -> str:
    """Why the headers of a file cannot be read."""
    refused = read_or_refuse(body)
    assert isinstance(refused, UnreadableHeaderError)
    return refused.kind


def corrupted(body: bytes, places: list[tuple[int, bytes]]) -> bytes:
    changed = bytearray(body)
    for place, written in places:
        changed[place : place + len(written)] = written
    return bytes(changed[: len(body)])


def as_astropy_reads(body: bytes) -> list[list[tuple]]:
    with fits.open(io.BytesIO(body), disable_image_compression=True) as file:
        return [cards_of(hdu.header) for hdu in file]


def cards_of(header: fits.Header) -> list[tuple]:
    return [tuple(card) for card in header.cards]
