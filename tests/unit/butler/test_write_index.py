"""Indexes written for files in a store."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from factories import hsc_fits
from fits_files import MINIMAL, hdu, one_hdu_file
from translations import HSC
from underbutler.butler.write_index import IndexPlan, IndexReport, write_index
from underbutler.errors import NotFoundError, StoreUnavailableError, UserError
from underbutler.metadata.index import parse_index
from underbutler.model.metadata_entry import ContentMode
from underbutler.settings import AwsSettings
from underbutler.store.memory import MemoryStore
from underbutler.store.routed import RoutedStore

FILES = RoutedStore(AwsSettings(region="us-east-1", s3_endpoint_url="http://127.0.0.1:1"))
CARDS = ContentMode.METADATA
ELSEWHERE = "s3://indexes/night/_index.json"
BAD = b"no FITS file".ljust(2880)


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """Two folders of raws."""
    for number, name in enumerate(["a/1.fits", "a/2.fits.fz", "b/3.fits", "b/notes.txt"]):
        path = tmp_path / "night" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(hsc_fits(100_000, number))
    return tmp_path / "night"


@pytest.fixture
def bucket() -> MemoryStore:
    """A bucket of raws."""
    store = MemoryStore()
    for number in range(3):
        store.write("raw", f"night/{number}.fits", hsc_fits(100_000, number))
    return store


def index(*locations: object, store: Any = FILES, **plan: Any) -> IndexReport:
    return write_index([str(it) for it in locations], IndexPlan(**plan), store=store)


def names(path: Path) -> list[str]:
    return [name for name in json.loads(path.read_bytes()) if not name.startswith("__")]


def test_each_local_folder_gets_its_own_index(night: Path):
    report = index(night)

    assert report.written == {
        f"file://{night}/a/_index.json": 2,
        f"file://{night}/b/_index.json": 1,
    }
    assert (report.files, report.problems, report.notes) == (3, [], [])
    assert names(night / "a/_index.json") == ["1.fits", "2.fits.fz"]
    assert names(night / "b/_index.json") == ["3.fits"]
    assert sorted(path.name for path in night.rglob("*.json")) == ["_index.json"] * 2


def test_one_index_names_files_from_its_own_folder(night: Path):
    index(night, outpath=str(night / "a/all.json"))

    assert names(night / "a/all.json") == ["../b/3.fits", "1.fits", "2.fits.fz"]
    body = (night / "a/all.json").read_bytes()
    found = parse_index(body, bucket="", key=f"{night}/a/all.json")
    assert all(Path(entry.target).is_file() for entry in found.entries)
    assert len(found.entries) == 3


def test_files_given_by_name_are_taken_whatever_they_are_called(night: Path):
    (night / "b/notes.txt").write_bytes(hsc_fits(100_000, 9))
    index(night / "b/notes.txt")

    assert names(night / "b/_index.json") == ["notes.txt"]


def test_a_file_given_twice_is_indexed_once(night: Path):
    report = index(night / "a/1.fits", night / "a", night / "a/1.fits")

    assert (report.files, list(report.written.values())) == (2, [2])


def test_files_can_be_chosen_by_their_names(night: Path):
    index(night, regex=r"^[23]\.")

    assert names(night / "a/_index.json") == ["2.fits.fz"]
    assert names(night / "b/_index.json") == ["3.fits"]


def test_a_regular_expression_that_is_none_is_a_wrong_request(night: Path):
    with pytest.raises(UserError, match="no regular expression"):
        index(night, regex="(")


def test_an_index_that_was_there_is_replaced(night: Path):
    (night / "a/_index.json").write_text("old")
    index(night / "a")

    assert names(night / "a/_index.json") == ["1.fits", "2.fits.fz"]


@pytest.mark.parametrize("content", ContentMode)
def test_a_file_that_cannot_be_read_is_named_and_the_rest_indexed(night: Path, content):
    (night / "a/2.fits.fz").write_bytes(BAD)
    report = index(night / "a", content=content)

    (problem,) = report.problems
    assert (problem.uri, problem.code) == (f"file://{night}/a/2.fits.fz", "not-fits")
    assert problem.message.startswith("The file is no FITS file")
    assert (report.files, list(report.written.values())) == (2, [1])
    assert names(night / "a/_index.json") == ["1.fits"]


def test_where_nothing_can_be_read_nothing_is_written(night: Path):
    (night / "b/3.fits").write_bytes(BAD)
    (night / "b/_index.json").write_text("old")
    report = index(night / "b")

    assert report.written == {}
    assert len(report.problems) == 1
    assert (night / "b/_index.json").read_text() == "old"


def test_what_an_entry_lacks_is_told(night: Path):
    (night / "b/3.fits").write_bytes(one_hdu_file(HSC | {"EXPTIME": "long"}))
    report = index(night / "b")

    assert report.problems == []
    assert {note.uri for note in report.notes} == {f"file://{night}/b/3.fits"}
    assert any(note.message.startswith("exposure_time_requested") for note in report.notes)


@pytest.mark.parametrize("location", ["none", "b/notes.txt/x", "empty"])
def test_where_there_are_no_files_there_is_nothing_to_index(night: Path, location: str):
    (night / "empty").mkdir()
    with pytest.raises(NotFoundError):
        index(night / location)


def test_an_index_is_not_written_into_the_bucket_of_its_files(bucket: MemoryStore):
    with pytest.raises(UserError, match="s3://raw is read only here") as caught:
        index("s3://raw/night/", store=bucket)
    assert "--outpath" in caught.value.hint
    with pytest.raises(UserError, match="s3://raw is read only here"):
        index("s3://raw/night/", store=bucket, outpath="s3://raw/elsewhere/_index.json")
    assert bucket.requests["write"] == 3


def test_an_index_in_another_bucket_names_files_by_their_uris(bucket: MemoryStore):
    bucket.write("raw", "night/a b%.fits", hsc_fits(100_000, 4))
    report = index("s3://raw/night/", store=bucket, outpath=ELSEWHERE)

    assert report.written == {ELSEWHERE: 4}
    found = json.loads(bucket.read("indexes", "night/_index.json", largest_bytes=10**6))
    assert list(found)[2:] == [
        "s3://raw/night/0.fits",
        "s3://raw/night/1.fits",
        "s3://raw/night/2.fits",
        "s3://raw/night/a b%25.fits",
    ]


@pytest.mark.parametrize("outpath", ["s3://indexes/night/", "folder", "index.yaml"])
def test_an_index_is_called_something_json(bucket: MemoryStore, outpath: str):
    with pytest.raises(UserError, match=r"ends in \.json"):
        index("s3://raw/night/", store=bucket, outpath=outpath)


@pytest.mark.parametrize("location", ["", " ", "gs://raw/night", "s3://"])
def test_a_location_that_is_none_is_a_wrong_request(location: str):
    with pytest.raises(UserError):
        index(location, outpath=ELSEWHERE)


def test_a_file_whose_header_says_that_it_is_the_only_one_takes_one_read(bucket: MemoryStore):
    index("s3://raw/night/", store=bucket, outpath=ELSEWHERE, content=CARDS)

    assert bucket.requests == {"write": 3 + 1, "list": 1, "get": 3}


def test_a_file_that_is_gone_meanwhile_is_named(bucket: MemoryStore):
    report = index("s3://raw/night/", store=_Vanishing(bucket), outpath=ELSEWHERE)

    assert [(it.uri, it.code) for it in report.problems] == [
        ("s3://raw/night/1.fits", "missing-object")
    ]
    assert report.written == {ELSEWHERE: 2}


def test_a_store_that_does_not_answer_ends_it_and_nothing_is_written(bucket: MemoryStore):
    with pytest.raises(StoreUnavailableError, match="does not answer"):
        index("s3://raw/night/", store=_Silent(bucket), outpath=ELSEWHERE)
    assert bucket.head("indexes", "night/_index.json") is None


def test_few_files_are_read_before_they_are_needed(bucket: MemoryStore):
    for number in range(60):
        bucket.write("raw", f"night/{number}.fits", hdu({**MINIMAL, "EXTEND": False}))
    store = _Counting(bucket)
    ahead: list[int] = []
    write_index(
        ["s3://raw/night/"],
        IndexPlan(workers=3, content=CARDS, outpath=ELSEWHERE),
        store=store,  # type: ignore[arg-type]
        progress=lambda report: ahead.append(store.read - report.files),
    )

    assert len(ahead) == 60
    assert max(ahead) <= 2 * 3
    assert store.most_at_once <= 3


class _Wrapped:
    """A store that does as another but for one thing."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Vanishing(_Wrapped):
    def reader(self, bucket: str, key: str, **which: Any) -> Any:
        if key == "night/1.fits":
            self._store.remove(bucket, key)
        return self._store.reader(bucket, key, **which)


class _Silent(_Wrapped):
    def reader(self, bucket: str, key: str, **which: Any) -> Any:
        def read(start: int, end: int) -> bytes:
            raise StoreUnavailableError("The store does not answer.")

        return read


class _Counting(_Wrapped):
    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self._lock = Lock()
        self._at_once = 0
        self.read = 0
        self.most_at_once = 0

    def reader(self, bucket: str, key: str, **which: Any) -> Any:
        read_whole = self._store.reader(bucket, key, **which)

        def read(start: int, end: int) -> bytes:
            with self._lock:
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
            data: bytes = read_whole(start, end)
            with self._lock:
                self._at_once -= 1
                self.read += 1
            return data

        return read
