from __future__ import annotations

import gzip
import io
import random
import zlib

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from factories import hsc_exposure
from fits_files import (
    BLOCK,
    CARD,
    COMPRESSED,
    EXTENSION,
    MINIMAL,
    CountingReader,
    EndlessReader,
    hdu,
    header_block,
    inheriting_file,
    one_hdu_file,
    raw_card,
    two_hdu_file,
)
from reference_material import SHARED, reference
from underbutler.errors import UnreadableHeaderError
from underbutler.local.night import hsc_header
from underbutler.metadata.header import FIRST_READ_BYTES, LARGEST_HEADER_BYTES, FitsHeaders

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
KINDS = ("not-fits", "no-end", "bad-header", "bad-card", "bad-gzip")

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
    file = headers(body)
    read = [header for header in (file.primary(), file.extension()) if header is not None]
    file.goes_on()
    return read


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
        return [cards_of(hdu.header) for hdu in file[:2]]


def cards_of(header: fits.Header) -> list[tuple]:
    return [tuple(card) for card in header.cards]


# What is read


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
    assert not file.goes_on()


def test_the_extension_can_be_asked_for_first():
    assert headers(TWO_HDUS).extension()["OBJECT"] == "COSMOS"


@pytest.mark.parametrize(("more", "goes_on"), [(0, False), (1, True), (61, True)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_file_goes_on_when_it_has_more_hdus_than_two(more, goes_on, pack):
    file = headers(pack(TWO_HDUS + hdu(COMPRESSED) * more))
    file.extension()

    assert file.goes_on() is goes_on


def test_what_follows_the_last_hdu_and_is_none_does_not_count():
    file = headers(TWO_HDUS + bytes(BLOCK))
    file.extension()

    assert not file.goes_on()


def test_an_inflated_file_that_is_too_long_to_follow_may_go_on():
    far = hdu({**MINIMAL, "EXTEND": True}) + header_block(
        {**EXTENSION, "BITPIX": 16, "NAXIS": 1, "NAXIS1": LARGEST_HEADER_BYTES}
    )
    file = headers(gzip.compress(far + bytes(4 * LARGEST_HEADER_BYTES)))
    file.extension()

    assert file.goes_on()


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


# How much is read


def test_headers_at_the_beginning_of_a_file_take_one_read():
    read = CountingReader(TWO_HDUS + bytes(FIRST_READ_BYTES))
    file = FitsHeaders(read)
    file.extension()

    assert read.ranges == [(0, FIRST_READ_BYTES)]


def test_pixels_between_headers_are_not_read():
    body = header_block({**FAR_DATA, "EXTEND": True})
    read = CountingReader(body)
    extension = header_block({**EXTENSION, "OBJECT": "COSMOS"})

    def read_far(start: int, end: int) -> bytes:
        read(start, end)
        far = len(body) + FAR_DATA_BYTES
        return body[start:end] + bytes(FIRST_READ_BYTES) if start < far else extension

    assert FitsHeaders(read_far).extension()["OBJECT"] == "COSMOS"
    assert read.ranges[1:] == [
        (len(body) + FAR_DATA_BYTES, len(body) + FAR_DATA_BYTES + FIRST_READ_BYTES)
    ]


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


# Files that end early


@pytest.mark.parametrize("length", range(0, 2 * BLOCK, CARD))
def test_a_file_cut_between_cards_has_a_header_if_the_end_is_left(length):
    body = BLOCKS_OF_CARDS[:length]

    if raw_card("END") in body:
        assert len(headers(body).primary()) == 64
    else:
        assert kind_of(body) == ("no-end" if body else "not-fits")


@pytest.mark.parametrize(
    ("before", "cards"), [(b"", MINIMAL), (hdu(MINIMAL), EXTENSION)], ids=["primary", "extension"]
)
def test_a_file_cut_at_any_byte_of_a_header_is_refused_as_cut(before, cards):
    header = header_block(cards | {f"CARD{number}": number for number in range(40)})
    end = header.index(raw_card("END")) + CARD

    kinds = [kind_of(before + header[:length]) for length in range(1, end)]
    assert kinds == ["not-fits"] * (CARD - 1) + ["no-end"] * (end - CARD)


@pytest.mark.parametrize(
    ("body", "kind", "why"),
    [
        (b"", "not-fits", "The file is empty."),
        (b"SIMPLE", "not-fits", "ends after 6 bytes"),
        (b"\x89PNG\r\n\x1a\n" + bytes(CARD), "not-fits", "no FITS file"),
        (bytes(BLOCK), "not-fits", "no FITS file"),
        (b" " * BLOCK, "not-fits", "no FITS file"),
        (b"SIMPLER " * 360, "no-end", "ends after 2880 bytes"),
        (hdu(EXTENSION), "not-fits", "no FITS file"),
        (hdu(MINIMAL)[:CARD], "no-end", "ends after 80 bytes, before its header does"),
        (hdu(MINIMAL) + b"XTENSION", "not-fits", "ends after 2888 bytes"),
        (hdu(MINIMAL) + b"A" * BLOCK, "bad-header", "No header follows the primary HDU"),
        (hdu(MINIMAL) + hdu(MINIMAL), "bad-header", "No header follows the primary HDU"),
        (hdu(MINIMAL) + hdu(EXTENSION)[:CARD], "no-end", "ends after 2960 bytes"),
    ],
)
def test_what_is_no_fits_file_is_refused_and_the_reason_named(body, kind, why):
    with pytest.raises(UnreadableHeaderError, match=why) as caught:
        read_all(body)
    assert caught.value.kind == kind
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("end", ["END     = 7", "END COMMENT", "end", " END", "ENDED"])
def test_only_a_card_that_is_all_end_ends_a_header(end):
    cards = b"".join(raw_card(card) for card in ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", end))

    assert kind_of(cards.ljust(BLOCK)) == "no-end"


def test_an_end_across_cards_ends_no_header():
    cards = raw_card("SIMPLE  = T") + raw_card("COMMENT").ljust(CARD + 40) + b"END".ljust(CARD)

    assert kind_of(cards.ljust(BLOCK)) == "no-end"


def test_a_file_that_ends_where_its_primary_data_should_has_no_extension():
    assert headers(header_block(FAR_DATA)).extension() is None


# What a header says of its data


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"NAXIS": -1}, "bad-header"),
        ({"NAXIS": 1000}, "bad-header"),
        ({"NAXIS": "two"}, "bad-header"),
        ({"NAXIS": True}, "bad-header"),
        ({"NAXIS": 1.0}, "bad-header"),
        ({"NAXIS": 1}, "bad-header"),
        ({"NAXIS": 1, "NAXIS1": -5}, "bad-header"),
        ({"NAXIS": 1, "NAXIS1": 2**63 + 1}, "bad-header"),
        ({"BITPIX": "8"}, "bad-header"),
        ({"BITPIX": 65}, "bad-header"),
        ({"PCOUNT": -1}, "bad-header"),
        ({"GCOUNT": 1.5}, "bad-header"),
        ({"NAXIS": 1, "NAXIS1": 2**62}, "bad-header"),
        ({"NAXIS": 3, "NAXIS1": 2**62, "NAXIS2": 2**62, "NAXIS3": 2**62}, "bad-header"),
    ],
)
@pytest.mark.parametrize("first", [MINIMAL, EXTENSION], ids=["primary", "extension"])
def test_a_header_that_cannot_be_followed_is_refused(first, change, kind):
    before = b"" if first is MINIMAL else hdu(MINIMAL)

    assert kind_of(before + header_block({**first, **change})) == kind


@pytest.mark.parametrize("missing", ["BITPIX", "NAXIS"])
def test_a_header_without_a_structural_keyword_is_refused_and_the_keyword_named(missing):
    cards = {keyword: value for keyword, value in MINIMAL.items() if keyword != missing}

    with pytest.raises(UnreadableHeaderError, match=missing) as caught:
        headers(header_block(cards)).primary()
    assert caught.value.kind == "bad-header"


def test_a_structural_card_that_cannot_be_parsed_is_named():
    body = header_block({"SIMPLE": True, "BITPIX": 8}, raw_card("NAXIS   = 'open"))

    with pytest.raises(UnreadableHeaderError, match="card NAXIS") as caught:
        headers(body).primary()
    assert caught.value.kind == "bad-card"
    assert caught.value.context == {"keyword": "NAXIS"}


@pytest.mark.parametrize(
    "layout",
    [
        {"BITPIX": 16, "NAXIS": 2, "NAXIS1": 64, "NAXIS2": 41},
        {"BITPIX": -64, "NAXIS": 1, "NAXIS1": 360},
        {"BITPIX": 8, "NAXIS": 1, "NAXIS1": 2881},
        {"BITPIX": 8, "NAXIS": 2, "NAXIS1": 10, "NAXIS2": 0},
        {"BITPIX": 32, "NAXIS": 3, "NAXIS1": 7, "NAXIS2": 11, "NAXIS3": 13},
        {"BITPIX": 8, "NAXIS": 1, "NAXIS1": 100, "PCOUNT": 3000, "GCOUNT": 2},
        {"BITPIX": 16, "NAXIS": 999} | {f"NAXIS{axis}": 1 for axis in range(1, 1000)},
    ],
)
def test_the_extension_is_looked_for_where_the_data_end(layout):
    body = hdu({"SIMPLE": True, **layout}) + hdu({**EXTENSION, "OBJECT": "COSMOS"})

    assert headers(body).extension()["OBJECT"] == "COSMOS"


# Compressed files


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


# Anything else


@given(st.binary(max_size=3 * BLOCK))
def test_arbitrary_bytes_are_read_or_refused(body):
    read_or_refuse(body)


@given(st.binary(max_size=BLOCK))
def test_arbitrary_bytes_after_a_good_beginning_are_read_or_refused(rest):
    read_or_refuse(raw_card("SIMPLE  =                    T") + rest + raw_card("END"))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_in_a_gzip_stream_are_read_or_refused(rest):
    read_or_refuse(b"\x1f\x8b\x08" + bytes(7) + rest)


@given(corruptions, st.sampled_from([bytes, gzip.compress]))
def test_a_corrupted_header_is_read_or_refused(places, pack):
    read_or_refuse(pack(corrupted(TWO_HDUS, places)))


@given(st.integers(0, 600), st.binary(min_size=1, max_size=3))
def test_a_corrupted_gzip_stream_is_read_or_refused(place, written):
    read_or_refuse(corrupted(gzip.compress(TWO_HDUS, mtime=0), [(place, written)]))


@given(st.integers(0, len(TWO_HDUS)))
def test_a_file_cut_anywhere_is_read_or_refused(length):
    read_or_refuse(TWO_HDUS[:length])


@given(st.lists(st.binary(max_size=CARD), max_size=20))
def test_arbitrary_cards_among_good_ones_cost_none_of_the_good(cards):
    body = header_block(
        {**MINIMAL, "OBJECT": "COSMOS"}, *(raw_card(b"COMMENT " + card) for card in cards)
    )

    assert headers(body).primary()["OBJECT"] == "COSMOS"


# Real files


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
