"""What is read of a header, and how much of its file."""

from __future__ import annotations

import gzip
import io

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from fits_files import (
    BLOCK,
    CARD,
    EXTENSION,
    MINIMAL,
    CountingReader,
    EndlessReader,
    SparseReader,
    hdu,
    header_block,
    raw_card,
)
from fits_headers import (
    FAR_DATA,
    FITS_FILES,
    ONE_HDU,
    TWO_HDUS,
    as_astropy_reads,
    cards_of,
    headers,
    kind_of,
    primary_of,
    read_all,
)
from underbutler.errors import UnreadableHeaderError
from underbutler.metadata.header import FIRST_READ_BYTES, LARGEST_HEADER_BYTES, FitsHeaders


@pytest.mark.parametrize("body", FITS_FILES.values(), ids=FITS_FILES.keys())
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_headers_are_those_that_astropy_reads(body, pack):
    found = [cards_of(header) for header in read_all(pack(body))]

    assert found == as_astropy_reads(body)


def test_a_file_that_fpack_made_has_the_header_of_its_image_in_the_extension():
    file = headers(TWO_HDUS)

    assert "OBJECT" not in file.primary()
    assert file.extension()["OBJECT"] == "COSMOS"


def test_the_extension_of_a_file_astropy_compressed_is_read():
    written = io.BytesIO()
    image = fits.CompImageHDU(header=fits.Header({"OBJECT": "COSMOS"}))
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(written)

    assert headers(written.getvalue()).extension()["OBJECT"] == "COSMOS"


def test_a_file_of_one_hdu_has_no_extension():
    file = headers(ONE_HDU)

    assert file.extension() is None
    assert [hdu.number for hdu in file.hdus()] == [0]


def test_the_extension_can_be_asked_for_first():
    assert headers(TWO_HDUS).extension()["OBJECT"] == "COSMOS"


def test_a_header_is_read_once():
    file = headers(TWO_HDUS)

    assert file.primary() is file.primary()


@pytest.mark.parametrize(
    ("cards", "keyword", "value"),
    [
        (["OBJECT  = 'COSMOS  '"], "OBJECT", "COSMOS"),
        (["OBJECT  = 'O''Hara'"], "OBJECT", "O'Hara"),
        (["OBJECT  = ''"], "OBJECT", ""),
        (["OBJECT  = 'END     '"], "OBJECT", "END"),
        (["EXPTIME =                1.5D2"], "EXPTIME", 150.0),
        (["EXPTIME = 150 / [s] exposure time"], "EXPTIME", 150),
        (["SHUTTER =                    T"], "SHUTTER", True),
        (["HIERARCH ESO DET ID = 7"], "ESO DET ID", 7),
        (["HIERARCH ESO DET NAME = 'a b'"], "ESO DET NAME", "a b"),
        (["LONG    = 'one &'", "CONTINUE  'two &'", "CONTINUE  'three' / all"], "LONG",
         "one two three"),
        (["OBJECT  = 'first'", "OBJECT  = 'second'"], "OBJECT", "first"),
        (["ENDTIME = 7"], "ENDTIME", 7),
    ],
)  # fmt: skip
def test_a_card_is_read_as_the_standard_has_it(cards, keyword, value):
    found = primary_of(*cards)[keyword]

    assert (found, type(found)) == (value, type(value))


def test_a_card_without_a_value_has_none():
    assert primary_of("OBJECT  =")["OBJECT"] is None


def test_comments_are_kept():
    header = primary_of("COMMENT one", "COMMENT two", "HISTORY three")

    assert [*header["COMMENT"], *header["HISTORY"]] == ["one", "two", "three"]


@pytest.mark.parametrize("byte", [0x00, 0x09, 0x0A, 0x7F, 0x80, 0xE9, 0xFF])
def test_a_byte_that_fits_does_not_allow_becomes_a_question_mark(byte):
    card = b"OBSERVER= 'Andr" + bytes([byte]) + b"'"

    assert primary_of(card, "OBJECT  = 'COSMOS'")["OBSERVER"] == "Andr?"


def test_a_card_that_cannot_be_parsed_does_not_keep_the_others_from_being_read():
    assert primary_of("BAD     = 'open", "OBJECT  = 'COSMOS'")["OBJECT"] == "COSMOS"


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9_-]{0,7}|ESO [A-Z]{1,8} [A-Z]{1,8}", fullmatch=True)
        .map("X{}".format)
        .filter(lambda keyword: len(keyword) <= 8 or " " in keyword),
        st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=150),
        max_size=15,
    )
)
def test_whatever_astropy_writes_is_read_as_astropy_reads_it(values):
    cards = [(f"HIERARCH {name}" if " " in name else name, values[name]) for name in values]
    written = io.BytesIO()
    fits.PrimaryHDU(header=fits.Header(cards)).writeto(written)

    assert [cards_of(read_all(written.getvalue())[0])] == as_astropy_reads(written.getvalue())


def test_headers_at_the_beginning_of_a_file_take_one_read():
    read = CountingReader(TWO_HDUS + bytes(FIRST_READ_BYTES))
    file = FitsHeaders(read)
    file.extension()

    assert read.ranges == [(0, FIRST_READ_BYTES)]


def test_pixels_between_headers_are_not_read():
    read = SparseReader({**FAR_DATA, "EXTEND": True}, EXTENSION | {"OBJECT": "COSMOS"})

    assert FitsHeaders(read).extension()["OBJECT"] == "COSMOS"
    # From the last byte of the data on, to know that it is there.
    last = BLOCK + 2**30 - 1
    assert read.ranges[1:] == [(last, last + FIRST_READ_BYTES)]


def test_pixels_after_the_headers_are_not_read():
    read = EndlessReader(header_block(FAR_DATA), b"\x07")
    FitsHeaders(read).primary()

    assert read.asked_bytes == FIRST_READ_BYTES


def test_a_long_header_is_read_in_few_reads_and_no_further_than_it_goes():
    cards = {f"C{number}": number for number in range(15_000)}
    body = hdu(MINIMAL | cards)
    read = CountingReader(body + bytes(10 * len(body)))

    assert FitsHeaders(read).primary()["C14999"] == 14_999
    assert len(read.ranges) < 10
    assert read.asked_bytes <= LARGEST_HEADER_BYTES + FIRST_READ_BYTES


def test_every_byte_of_a_growing_header_is_asked_for_once():
    read = CountingReader(hdu(MINIMAL | {f"C{number}": number for number in range(9_000)}))
    FitsHeaders(read).primary()

    assert [start for start, _ in read.ranges] == [0, *(end for _, end in read.ranges[:-1])]


@pytest.mark.parametrize(
    ("before", "first"),
    [(b"", "SIMPLE  = T"), (hdu(MINIMAL), "XTENSION= 'IMAGE'")],
    ids=["primary", "extension"],
)
def test_a_header_without_end_is_given_up_at_the_cap(before, first):
    read = EndlessReader(before + raw_card(first), raw_card("COMMENT and so on"))

    with pytest.raises(UnreadableHeaderError, match=f"no END within {LARGEST_HEADER_BYTES}") as e:
        FitsHeaders(read).extension()
    assert e.value.kind == "no-end"
    assert read.asked_bytes <= LARGEST_HEADER_BYTES + 2 * FIRST_READ_BYTES


def header_of(cards: int) -> bytes:
    """A header of so many cards, END included."""
    return header_block(MINIMAL, *(raw_card("COMMENT"),) * (cards - len(MINIMAL) - 1))


def test_a_header_may_be_as_long_as_the_cap():
    assert len(headers(header_of(LARGEST_HEADER_BYTES // CARD)).primary()) == 17_999


def test_a_header_may_not_be_a_card_longer_than_the_cap():
    assert kind_of(header_of(LARGEST_HEADER_BYTES // CARD + 1)) == "no-end"
