"""Headers of files of many HDUs: how they are found, what that costs, and when it is given up."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector_files import CAMERA_FILES, decam_packed, decam_plain, sparse
from fits_files import (
    BLOCK,
    CARD,
    COMPRESSED,
    EXTENSION,
    MINIMAL,
    CountingReader,
    SparseReader,
    hdu,
    header_block,
    raw_card,
)
from fits_headers import as_astropy_reads, cards_of, headers, kind_of, read_all
from underbutler.errors import UnreadableHeaderError
from underbutler.metadata.header import (
    FIRST_READ_BYTES,
    LARGEST_HEADER_BYTES,
    MOST_BYTES,
    MOST_HDUS,
    FitsHeaders,
)

SMALL = hdu({**MINIMAL, "EXTEND": True}) + b"".join(
    hdu({**COMPRESSED, "CCDNUM": number}) for number in range(1, 63)
)


class SideBySide:
    """Maps reads, and remembers how many there were at a time."""

    def __init__(self) -> None:
        self.rounds: list[int] = []

    def __call__(
        self, read: Callable[[tuple[int, int]], bytes], ranges: Sequence[tuple[int, int]]
    ) -> Iterable[bytes]:
        self.rounds.append(len(ranges))
        return map(read, ranges)


def numbers_of(file: FitsHeaders) -> list[int]:
    """Numbers of the detectors of a file's HDUs."""
    return [one.header["CCDNUM"] for one in file.hdus() if "CCDNUM" in one.header]


def refused(read: CountingReader) -> UnreadableHeaderError:
    """Why not all headers of a file can be read."""
    with pytest.raises(UnreadableHeaderError) as caught:
        list(FitsHeaders(read).hdus())
    return caught.value


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_headers_of_many_hdus_are_those_that_astropy_reads(pack):
    assert [cards_of(header) for header in read_all(pack(SMALL))] == as_astropy_reads(SMALL)


def test_hdus_are_numbered_from_the_primary_one_on():
    assert [one.number for one in headers(SMALL).hdus()] == list(range(63))


def test_headers_that_were_read_are_not_read_again():
    read = CountingReader(SMALL)
    file = FitsHeaders(read)
    first = list(file.hdus())
    asked = len(read.ranges)

    assert list(file.hdus()) == first
    assert len(read.ranges) == asked


def test_short_hdus_are_read_many_at_a_time():
    read = CountingReader(SMALL)
    list(FitsHeaders(read).hdus())

    assert len(read.ranges) <= len(SMALL) / FIRST_READ_BYTES + 2


@pytest.mark.parametrize(
    ("name", "requests", "kib", "rounds"),
    [
        ("DECam", 63, 1150, [16, 16, 16, 12]),
        ("DECam without NEXTEND", 66, 1200, [16, 16, 16, 16]),
        ("DECam fpacked", 63, 1250, []),
        ("MegaPrime", 41, 1300, [16, 16, 6]),
    ],
)
def test_headers_of_a_cameras_file_cost_a_request_each_and_hardly_more_than_their_bytes(
    name, requests, kib, rounds
):
    read = sparse(name)
    mapped = SideBySide()
    found = list(FitsHeaders(read, mapped).hdus())

    assert len(found) == len(CAMERA_FILES[name])
    assert len(read.ranges) <= requests
    assert read.asked_bytes <= kib * 1024
    assert mapped.rounds == rounds


@pytest.mark.parametrize("name", CAMERA_FILES)
def test_headers_are_the_same_whether_or_not_they_are_read_side_by_side(name):
    one_by_one = [cards_of(one.header) for one in FitsHeaders(sparse(name)).hdus()]
    together = [cards_of(one.header) for one in FitsHeaders(sparse(name), SideBySide()).hdus()]

    assert together == one_by_one


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 400]), st.sampled_from([0, 7, 300])), max_size=24),
    st.none() | st.integers(-1, 30) | st.booleans(),
)
def test_guesses_of_where_headers_are_never_change_what_is_found(shapes, promised):
    primary = {**MINIMAL, "EXTEND": True}
    layouts = [primary | ({} if promised is None else {"NEXTEND": promised})]
    for number, (kilobytes, cards) in enumerate(shapes):
        layout = {**EXTENSION, "NAXIS": 1, "NAXIS1": kilobytes * 1000, "CCDNUM": number}
        layouts.append(layout | {f"HK{place}": place for place in range(cards)})

    assert numbers_of(FitsHeaders(SparseReader(*layouts), SideBySide())) == [*range(len(shapes))]


def test_a_card_nextend_that_cannot_be_parsed_does_no_harm():
    body = hdu({**MINIMAL, "EXTEND": True}, raw_card("NEXTEND = 'open")) + b"".join(
        hdu({**EXTENSION, "NAXIS": 1, "NAXIS1": 100_000, "CCDNUM": number}) for number in range(5)
    )

    assert numbers_of(FitsHeaders(CountingReader(body), SideBySide())) == [0, 1, 2, 3, 4]


def test_a_header_little_longer_than_the_one_before_takes_one_read_all_the_same():
    first, *ccds = decam_packed(range(1, 5))
    plain, longer = (
        SparseReader(first, *ccds),
        SparseReader(
            first, ccds[0], ccds[1] | {f"LONG{number}": number for number in range(60)}, *ccds[2:]
        ),
    )
    for read in (plain, longer):
        list(FitsHeaders(read).hdus())

    assert len(longer.ranges) == len(plain.ranges)


def test_a_header_much_longer_than_the_one_before_is_read_whole():
    first, *ccds = decam_packed(range(1, 5))
    ccds[2] |= {f"LONG{number}": number for number in range(2000)}

    found = list(FitsHeaders(SparseReader(first, *ccds)).hdus())
    assert found[3].header["LONG1999"] == 1999
    assert found[4].header["CCDNUM"] == 4


@pytest.mark.parametrize("extensions", [MOST_HDUS - 1, MOST_HDUS])
def test_a_file_may_have_as_many_hdus_as_the_cap(extensions):
    body = hdu(MINIMAL) + hdu(EXTENSION) * extensions

    if extensions < MOST_HDUS:
        assert len(read_all(body)) == MOST_HDUS
    else:
        assert kind_of(body) == "many-hdus"


@pytest.mark.parametrize("mapped", [None, SideBySide()], ids=["one by one", "side by side"])
def test_headers_that_take_more_than_the_cap_are_given_up(mapped):
    cards = {f"C{number}": number for number in range(900)}
    read = SparseReader(
        {**MINIMAL, "EXTEND": True},
        *({**EXTENSION, "NAXIS": 1, "NAXIS1": 10**7, **cards} for _ in range(MOST_HDUS - 1)),
    )

    with pytest.raises(UnreadableHeaderError, match=f"more than the {MOST_BYTES}") as caught:
        list(FitsHeaders(read, mapped).hdus())
    assert caught.value.kind == "many-hdus"
    assert read.asked_bytes <= MOST_BYTES


@pytest.mark.parametrize("missing", [1, BLOCK, 10**6, 35 * 10**6])
def test_a_file_that_ends_before_its_last_data_do_is_refused_and_the_hdu_named(missing):
    padding = -(2160 * 4146 * 4) % BLOCK
    error = refused(SparseReader(*decam_plain([1, 2, 3]), missing_bytes=padding + missing))

    assert error.kind == "truncated"
    assert error.message.startswith("HDU 3: ")


def test_a_file_that_lacks_nothing_but_padding_is_read():
    padding = -(2160 * 4146 * 4) % BLOCK
    read = SparseReader(*decam_plain([1, 2, 3]), missing_bytes=padding)

    assert numbers_of(FitsHeaders(read)) == [1, 2, 3]


def test_a_file_that_ends_after_its_last_card_is_read():
    last = header_block(EXTENSION | {"CCDNUM": 7})
    body = hdu(MINIMAL) + last[: last.index(raw_card("END")) + CARD]

    assert numbers_of(headers(body)) == [7]


@pytest.mark.parametrize("at", [1, CARD, 5 * CARD])
def test_a_file_cut_at_a_header_lacks_that_hdu_and_says_so(at):
    header = SMALL.index(b"XTENSION", len(SMALL) // 2)

    error = refused(CountingReader(SMALL[: header + at]))
    assert error.kind in ("truncated", "not-fits", "no-end")
    assert error.message.startswith("HDU ")


@pytest.mark.parametrize(
    ("cards", "kind"),
    [
        ({"NAXIS": -1}, "bad-header"),
        ({"BITPIX": "8"}, "bad-header"),
        ({"NAXIS": 1, "NAXIS1": 2**62}, "bad-header"),
    ],
)
def test_a_damaged_header_among_many_is_refused_and_the_hdu_named(cards, kind):
    good = hdu(COMPRESSED)
    error = refused(CountingReader(hdu(MINIMAL) + good + header_block(COMPRESSED | cards) + good))

    assert (error.kind, error.message[:6]) == (kind, "HDU 2:")


def test_something_else_than_a_header_between_hdus_is_refused_and_its_place_named():
    error = refused(CountingReader(hdu(MINIMAL) + hdu(COMPRESSED) + b"A" * BLOCK + hdu(COMPRESSED)))

    assert error.kind == "bad-header"
    assert "No header follows HDU 1 " in error.message


@pytest.mark.parametrize("filler", [b"\x00", b" "])
def test_zeros_or_blanks_after_the_last_hdu_do_not_count(filler):
    assert len(read_all(SMALL + filler * BLOCK)) == 63


@pytest.mark.parametrize("pack", [gzip.compress, lambda body: gzip.compress(body, 0)])
def test_a_gzip_stream_of_hdus_beyond_what_is_inflated_is_refused_and_the_hdu_named(pack):
    far = header_block({**EXTENSION, "BITPIX": 16, "NAXIS": 1, "NAXIS1": LARGEST_HEADER_BYTES})
    noise = random.Random(7).randbytes(2 * LARGEST_HEADER_BYTES)
    read = CountingReader(pack(hdu(MINIMAL) + far + noise + hdu(EXTENSION)))

    error = refused(read)
    assert error.kind == "many-detectors"
    assert error.message.startswith("HDU 2: ")
    assert "fpack" in error.hint
    assert read.asked_bytes <= 2**20 + FIRST_READ_BYTES


def test_a_gzip_stream_of_hdus_beyond_what_is_read_of_it_is_not_taken_for_truncated():
    noise = random.Random(7).randbytes(BLOCK * 420)
    body = hdu(MINIMAL) + header_block({**EXTENSION, "NAXIS": 1, "NAXIS1": len(noise)}) + noise

    assert 2**20 < len(noise) < LARGEST_HEADER_BYTES
    assert kind_of(gzip.compress(body + hdu(EXTENSION))) == "many-detectors"


def test_a_header_across_the_end_of_what_is_inflated_of_a_gzip_stream_is_refused():
    # The second extension begins a block before the end of what is inflated.
    data = LARGEST_HEADER_BYTES - 3 * BLOCK
    cards = {f"C{number}": number for number in range(200)}
    body = hdu(MINIMAL) + hdu({**EXTENSION, "NAXIS": 1, "NAXIS1": data}) + hdu(EXTENSION | cards)

    assert kind_of(gzip.compress(body)) == "many-detectors"


def test_a_gzip_stream_that_is_cut_short_is_truncated():
    body = gzip.compress(hdu(MINIMAL) + hdu({**EXTENSION, "NAXIS": 1, "NAXIS1": 9000})[:8000])

    assert kind_of(body) == "truncated"


@given(st.integers(0, len(SMALL)), st.sampled_from([bytes, gzip.compress]))
def test_a_file_of_many_hdus_cut_anywhere_is_never_taken_for_whole(length, pack):
    """But for one cut between HDUs, which has as many as are there."""
    found = []
    kind = ""
    try:
        found = list(headers(pack(SMALL[:length])).hdus())
    except UnreadableHeaderError as error:
        kind = error.kind

    if found:
        assert found[-1].data_end <= length < found[-1].end + BLOCK
    else:
        assert kind in ("truncated", "not-fits", "no-end")
