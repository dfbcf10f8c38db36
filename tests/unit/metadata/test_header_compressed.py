"""Headers of compressed files, and of real ones."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest

from fits_files import (
    BLOCK,
    CountingReader,
    EndlessReader,
    header_block,
    raw_card,
)
from fits_headers import (
    BLOCKS_OF_CARDS,
    FAR_DATA,
    ONE_HDU,
    TWO_HDUS,
    as_astropy_reads,
    cards_of,
    headers,
    read_all,
    read_or_refuse,
)
from reference_material import SHARED, reference
from underbutler.errors import UnreadableHeaderError
from underbutler.metadata.header import FIRST_READ_BYTES, FitsHeaders


def test_a_compressed_file_is_read_no_further_than_its_headers():
    noise = random.Random(7).randbytes(4 * FIRST_READ_BYTES)
    read = CountingReader(gzip.compress(ONE_HDU[: -2 * BLOCK] + noise))
    FitsHeaders(read).primary()

    assert read.ranges == [(0, FIRST_READ_BYTES)]


def test_a_bomb_inflates_no_further_than_the_cap():
    begun = raw_card("SIMPLE  = T")
    bomb = gzip.compress(begun + b" " * 2**26)
    read = CountingReader(bomb)

    with pytest.raises(UnreadableHeaderError, match="no END within") as caught:
        FitsHeaders(read).primary()
    assert caught.value.kind == "no-end"
    assert read.asked_bytes == FIRST_READ_BYTES


def test_no_more_than_a_mebibyte_of_a_stream_is_read_however_little_comes_of_it():
    # Blocks that hold nothing (RFC 1951 §3.2.4).
    read = EndlessReader(b"\x1f\x8b\x08" + bytes(7), b"\x00\x00\x00\xff\xff")

    with pytest.raises(UnreadableHeaderError):
        FitsHeaders(read).primary()
    assert read.asked_bytes <= 2**20 + FIRST_READ_BYTES


def test_no_more_than_a_mebibyte_is_read_of_streams_that_are_all_empty():
    read = EndlessReader(b"", gzip.compress(b""))

    with pytest.raises(UnreadableHeaderError):
        FitsHeaders(read).primary()
    assert read.asked_bytes <= 2**20 + FIRST_READ_BYTES


def test_an_endless_name_in_a_gzip_header_is_given_up():
    # RFC 1952 §2.3: flag FNAME, ended by a zero byte that never comes.
    read = EndlessReader(b"\x1f\x8b\x08\x08" + bytes(6), b"a")

    with pytest.raises(UnreadableHeaderError):
        FitsHeaders(read).primary()
    assert read.asked_bytes <= 2**20 + FIRST_READ_BYTES


def test_data_of_a_compressed_file_that_lie_beyond_the_cap_end_it():
    assert headers(gzip.compress(header_block(FAR_DATA))).extension() is None


def test_a_truncated_gzip_stream_gives_a_whole_header_or_none():
    packed = gzip.compress(BLOCKS_OF_CARDS)
    whole = cards_of(headers(BLOCKS_OF_CARDS).primary())

    for length in range(len(packed)):
        found = read_or_refuse(packed[:length])
        if isinstance(found, UnreadableHeaderError):
            assert found.kind in ("not-fits", "no-end")
        else:
            assert cards_of(found[0]) == whole


@pytest.mark.parametrize("cut", [1, 300, 1000, BLOCK, 5000])
def test_a_gzip_file_of_several_members_is_read_as_one(cut):
    # RFC 1952 §2.2; bgzip and the like write them.
    packed = gzip.compress(TWO_HDUS[:cut]) + gzip.compress(TWO_HDUS[cut:])

    assert [cards_of(header) for header in read_all(packed)] == as_astropy_reads(TWO_HDUS)


def test_a_gzip_member_that_begins_with_a_later_read_is_read():
    # Stored, not compressed; and a name in the header that fills the first read.
    name = b"a" * (FIRST_READ_BYTES - 300)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    first = b"\x1f\x8b\x08\x08" + bytes(6) + name + b"\x00"
    first += packer.compress(TWO_HDUS[:1000]) + packer.flush()
    first += zlib.crc32(TWO_HDUS[:1000]).to_bytes(4, "little") + (1000).to_bytes(4, "little")
    packed = first + gzip.compress(TWO_HDUS[1000:])

    assert [cards_of(header) for header in read_all(packed)] == as_astropy_reads(TWO_HDUS)


@pytest.mark.parametrize("junk", [bytes(512), b"junk", b"\x1f", b"\x1f\x8c"])
def test_what_follows_a_gzip_stream_and_is_none_does_not_count(junk):
    found = read_all(gzip.compress(TWO_HDUS) + junk)

    assert [cards_of(header) for header in found] == as_astropy_reads(TWO_HDUS)


@pytest.mark.parametrize("level", [0, 1, 9])
def test_any_level_of_compression_is_read(level):
    assert headers(gzip.compress(ONE_HDU, level)).primary()["OBJECT"] == "COSMOS"


def test_a_damaged_gzip_stream_is_refused_each_time():
    file = headers(b"\x1f\x8bno stream at all")

    for _ in range(2):
        with pytest.raises(UnreadableHeaderError, match="gzip stream is damaged") as caught:
            file.primary()
        assert caught.value.kind == "bad-gzip"


@reference
@pytest.mark.parametrize(
    ("name", "card"),
    [
        ("3018092000065-det000.fits", ("INSTRUME", "LSST_ATISS")),
        ("3019031900001-R10-S02-det029.fits", ("CCDSLOT", "S02")),
        ("3019031900001-R22-S21-det097.fits", ("CCDSLOT", "S21")),
    ],
)
def test_a_real_raw_that_is_a_gzip_stream_takes_one_read(name, card):
    with (SHARED / "raws" / name).open("rb") as file:
        read = CountingReader(file.read())
    header = FitsHeaders(read).primary()

    assert header[card[0]] == card[1]
    assert read.ranges == [(0, FIRST_READ_BYTES)]
