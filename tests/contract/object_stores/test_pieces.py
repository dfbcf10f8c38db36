"""Objects written and copied in pieces; what only one kind of store does."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from store_places import BODY, IN_PIECES, Place, on
from underbutler.errors import NotFoundError, StoreUnavailableError
from underbutler.local.endpoint import Endpoint
from underbutler.settings import AwsSettings
from underbutler.store.memory import MemoryStore
from underbutler.store.routed import RoutedStore


@on(*IN_PIECES)
@pytest.mark.parametrize("size", [0, 1, 9 * 2**20])
def test_an_object_written_in_pieces_is_one_object(place: Place, size: int):
    body = bytes(size)
    pieces = (body[start : start + 3_000_000] for start in range(0, size, 3_000_000))
    assert place.write_pieces("f.fits", pieces) == place.head("f.fits")
    assert place.read("f.fits", largest_bytes=10**8) == body


@on(*IN_PIECES)
def test_an_object_is_as_it_was_when_its_pieces_fail(place: Place):
    place.write("f.fits", b"before")

    def pieces() -> Iterator[bytes]:
        yield bytes(6 * 2**20)
        raise StoreUnavailableError("The source has gone.")

    with pytest.raises(StoreUnavailableError, match="The source has gone"):
        place.write_pieces("f.fits", pieces())
    assert place.read("f.fits") == b"before"
    assert place.list() == ["f.fits"]


@on("S3")
@pytest.mark.parametrize("key", ["a//b.fits", "../a.fits", "new\nline.fits"])
def test_an_object_of_an_odd_key_is_written_in_pieces(place: Place, key: str):
    place.write_pieces(key, iter([b"a", b"b"]))
    assert place.list() == [key]
    assert place.read(key) == b"ab"


@pytest.mark.parametrize("size", [0, 1, 9 * 2**20])
@pytest.mark.parametrize("source", ["files", "S3"])
@pytest.mark.parametrize("target", ["files", "S3"])
def test_an_object_is_copied_from_anywhere_to_anywhere(
    aws_environment: Endpoint,
    bucket: str,
    tmp_path: Path,
    source: str,
    target: str,
    size: int,
):
    store = RoutedStore(AwsSettings.from_environment())
    key = "a b+c%20d/e\N{COMBINING ACUTE ACCENT}.fits"
    address = {"files": ("", f"{tmp_path}/"), "S3": (bucket, "")}
    copied_from = address[source][0], f"{address[source][1]}from/{key}"
    copied_to = address[target][0], f"{address[target][1]}to/{key}"
    body = BODY[:1] * size
    store.write(*copied_from, body)
    info = store.copy(copied_from, copied_to)
    assert (info.bucket, info.key, info.size_bytes) == (*copied_to, size)
    assert store.read(*copied_to, largest_bytes=10**8) == body
    assert store.head(*copied_to) == info


@pytest.mark.parametrize("source", ["files", "S3"])
def test_what_is_not_there_cannot_be_copied(
    aws_environment: Endpoint, bucket: str, tmp_path: Path, source: str
):
    store = RoutedStore(AwsSettings.from_environment())
    missing = ("", f"{tmp_path}/no.fits") if source == "files" else (bucket, "no.fits")
    with pytest.raises(NotFoundError, match=r"There is no \S*no\.fits") as caught:
        store.copy(missing, ("", f"{tmp_path}/copy.fits"))
    assert caught.value.kind == "missing-object"
    assert list(tmp_path.iterdir()) == []


@on("files")
def test_a_file_is_never_seen_half_written(place: Place):
    place.write("f.fits", b"whole")
    seen: list[tuple[list[str], bytes]] = []

    def pieces() -> Iterator[bytes]:
        for piece in (b"half ", b"and half"):
            yield piece
            seen.append((place.list("f.fits"), place.read("f.fits")))

    place.write_pieces("f.fits", pieces())
    assert seen == [(["f.fits"], b"whole")] * 2
    assert place.read("f.fits") == b"half and half"


@on("files")
def test_a_file_is_as_readable_as_others_of_its_writer(place: Place):
    place.write("f.fits")
    plain = Path(place.folder, "plain.fits")
    plain.touch()
    modes = {stat.S_IMODE(Path(place.folder, name).stat().st_mode) for name in ("f.fits", plain)}
    assert len(modes) == 1


@on("files")
def test_a_link_to_a_file_is_a_file_and_a_broken_one_is_none(place: Place):
    place.write("f.fits", b"linked")
    Path(place.folder, "link.fits").symlink_to("f.fits")
    Path(place.folder, "broken.fits").symlink_to("no.fits")
    assert place.list() == ["f.fits", "link.fits"]
    assert place.read("link.fits") == b"linked"
    assert place.head("broken.fits") is None


def test_a_store_in_memory_counts_what_is_asked_of_it():
    place = Place(MemoryStore(), "raw")
    place.write("f.fits")
    place.head("f.fits")
    place.read("f.fits")
    place.read_range("f.fits", 0, 10)
    place.list()
    assert place.store.requests == {"write": 1, "head": 1, "get": 2, "list": 1}


def test_an_object_removed_from_memory_is_not_there():
    place = Place(MemoryStore(), "raw")
    place.write("f.fits")
    for _ in range(2):
        place.store.remove("raw", "f.fits")
    assert place.head("f.fits") is None
