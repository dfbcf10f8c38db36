"""Headers that are damaged, cut short, or lie."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fits_files import (
    BLOCK,
    CARD,
    EXTENSION,
    MINIMAL,
    hdu,
    header_block,
    raw_card,
)
from fits_headers import (
    BLOCKS_OF_CARDS,
    FAR_DATA,
    TWO_HDUS,
    corrupted,
    corruptions,
    headers,
    kind_of,
    read_all,
    read_or_refuse,
)
from underbutler.errors import UnreadableHeaderError


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
