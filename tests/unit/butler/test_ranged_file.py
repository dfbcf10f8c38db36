from __future__ import annotations

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fits_files import CountingReader
from underbutler.butler.ranged_file import RangedFile
from underbutler.errors import StoreUnavailableError

WINDOW = 64 * 1024
BODY = bytes(range(256)) * 1024


def opened(body: bytes = BODY) -> tuple[RangedFile, CountingReader]:
    reader = CountingReader(body)
    return RangedFile(reader, len(body), "s3://raw/f.fits"), reader


SEEKS = st.tuples(
    st.just("seek"),
    st.integers(-len(BODY) - 10, len(BODY) + 10),
    st.sampled_from([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END]),
)
READS = st.tuples(st.just("read"), st.integers(-1, 2 * WINDOW))
INTOS = st.tuples(st.just("readinto"), st.integers(0, 1000))


@given(st.lists(st.one_of(SEEKS, READS, INTOS), max_size=20))
def test_whatever_is_done_the_bytes_are_those_of_a_file(steps):
    file, reader = opened()
    model = io.BytesIO(BODY)
    for name, *arguments in steps:
        if name == "seek":
            offset, whence = arguments
            base = {os.SEEK_SET: 0, os.SEEK_CUR: model.tell(), os.SEEK_END: len(BODY)}[whence]
            model.seek(max(0, base + offset))
            assert file.seek(offset, whence) == model.tell()
        elif name == "readinto":
            (size,) = arguments
            got, expected = bytearray(size), bytearray(size)
            assert file.readinto(got) == model.readinto(expected)
            assert got == expected
        else:
            assert file.read(*arguments) == model.read(*arguments)
        assert file.tell() == model.tell()
    assert all(start < end <= len(BODY) for start, end in reader.ranges)


def test_opening_and_seeking_fetch_nothing():
    file, reader = opened()
    file.seek(1000)
    file.seek(-10, os.SEEK_END)
    assert (file.tell(), reader.ranges) == (len(BODY) - 10, [])


def test_small_reads_close_together_are_one_request():
    file, reader = opened()
    for position in (0, 2880, 80, WINDOW - 10):
        file.seek(position)
        file.read(10)
    assert reader.ranges == [(0, WINDOW)]


def test_a_read_beyond_what_was_fetched_begins_where_it_is():
    file, reader = opened()
    file.read(10)
    file.seek(WINDOW - 5)
    assert file.read(10) == BODY[WINDOW - 5 : WINDOW + 5]
    assert reader.ranges == [(0, WINDOW), (WINDOW - 5, 2 * WINDOW - 5)]


def test_a_large_read_is_one_request_of_its_size():
    file, reader = opened()
    file.seek(5)
    file.read(3 * WINDOW)
    assert reader.ranges == [(5, 5 + 3 * WINDOW)]


@pytest.mark.parametrize("read", [RangedFile.read, RangedFile.readall])
def test_the_rest_is_one_request(read):
    file, reader = opened()
    file.seek(100)
    assert read(file) == BODY[100:]
    assert reader.ranges == [(100, len(BODY))]


@pytest.mark.parametrize("size", [-1, 0, 1, 10**9])
@pytest.mark.parametrize("position", [len(BODY), len(BODY) + 1, 10**12])
def test_at_the_end_there_is_nothing_and_nothing_is_asked(size, position):
    file, reader = opened()
    file.seek(position)
    assert (file.read(size), reader.ranges) == (b"", [])


def test_no_request_goes_beyond_the_end():
    file, reader = opened(BODY[:100])
    assert file.read(10**9) == BODY[:100]
    assert reader.ranges == [(0, 100)]


def test_an_empty_object_is_an_empty_file():
    file, reader = opened(b"")
    assert (file.read(), file.readinto(bytearray(5)), reader.ranges) == (b"", 0, [])


def test_it_is_a_file_to_read_from_anywhere_and_not_to_write():
    file, _ = opened()
    assert (file.readable(), file.seekable(), file.writable()) == (True, True, False)
    assert (file.name, file.mode) == ("s3://raw/f.fits", "rb")


def test_a_buffer_over_it_reads_the_same():
    file, _ = opened()
    buffered = io.BufferedReader(file, buffer_size=100)
    buffered.seek(-300, os.SEEK_END)
    assert buffered.read() == BODY[-300:]


def test_a_fault_of_the_store_is_the_callers_and_the_next_read_starts_anew():
    faults = [StoreUnavailableError("It does not answer.")]

    def read_range(start: int, end: int) -> bytes:
        if faults:
            raise faults.pop()
        return BODY[start:end]

    file = RangedFile(read_range, len(BODY), "f")
    with pytest.raises(StoreUnavailableError):
        file.read(10)
    assert (file.tell(), file.read(10)) == (0, BODY[:10])
