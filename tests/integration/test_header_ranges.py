"""What reading headers costs: bytes that an S3 server hands to the socket, of files of 32 MB."""

from __future__ import annotations

import gzip
import random
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from detector_files import decam_ccd, decam_primary
from factories import hsc_exposure
from fits_files import COMPRESSED, EXTENSION, MINIMAL, header_block, observed, padded
from underbutler.errors import UnderbutlerError
from underbutler.ingest.metadata_reader import FileToRead, MetadataReader, Reading
from underbutler.ingest.read_pool import ReadPool
from underbutler.local.night import hsc_header
from underbutler.metadata.translate import HeaderTranslator
from underbutler.settings import AwsSettings
from underbutler.store.s3 import S3Store

# What the metadata of a file may cost at most, and what the file has.
MOST_BYTES = 128 * 1024
FILE_BYTES = 32 * 2**20
_ETAG = "437b930db84b8079c2dd804a71936b5f"
_PIECE = 16 * 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")

HSC = observed(hsc_header(hsc_exposure(100_000), 42))
UNKNOWN = {"INSTRUME": "Unheard of"}
IMAGE = {"BITPIX": 16, "NAXIS": 2, "NAXIS1": 4096, "NAXIS2": 4096}
TABLE = {**COMPRESSED, "NAXIS2": 4096, "PCOUNT": FILE_BYTES}
CCDS = ((25, TABLE), (26, EXTENSION))
LONG_HEADER = {f"HK{number:04d}": number for number in range(800)}


class S3Server(ThreadingHTTPServer):
    """Serves one object as S3 does, and counts what it hands to the sockets."""

    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.body = body
        self.requests: list[str] = []
        self.sent_bytes = 0
        self._lock = threading.Lock()

    def count(self, number: int) -> None:
        """Add to the bytes of bodies that were sent."""
        with self._lock:
            self.sent_bytes += number


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3Server

    def do_HEAD(self) -> None:
        self._answer(200, 0, len(self.server.body))

    def do_GET(self) -> None:
        size = len(self.server.body)
        wanted = _RANGE.fullmatch(self.headers.get("Range", f"bytes=0-{size - 1}"))
        assert wanted is not None
        start, end = int(wanted[1]), min(int(wanted[2]) + 1, size)
        self._answer(206 if "Range" in self.headers else 200, start, end)
        for position in range(start, end, _PIECE):
            piece = self.server.body[position : min(position + _PIECE, end)]
            while piece:
                number = self.connection.send(piece)
                self.server.count(number)
                piece = piece[number:]

    def _answer(self, status: int, start: int, end: int) -> None:
        self.server.requests.append(self.command)
        etag = f'"{_ETAG}"'
        assert self.headers.get("If-Match", etag) == etag
        self.send_response(status)
        self.send_header("Content-Length", str(end - start))
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(self.server.body)}")
        self.send_header("ETag", etag)
        self.send_header("Last-Modified", "Sun, 01 Mar 2026 05:03:00 GMT")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def plain(pixels: bytes, header: dict[str, Any] = HSC) -> bytes:
    """One image in the primary HDU."""
    return header_block({"SIMPLE": True, **IMAGE, **header}) + padded(pixels)


def packed(pixels: bytes, header: dict[str, Any] = HSC) -> bytes:
    """What fpack makes: an empty primary HDU, and the image's header and tiles after it."""
    tiles = padded(bytes(TABLE["NAXIS1"] * TABLE["NAXIS2"]) + pixels)
    return header_block({**MINIMAL, "EXTEND": True}) + header_block({**TABLE, **header}) + tiles


def extended(pixels: bytes, header: dict[str, Any] = HSC) -> bytes:
    """An image without a header of its own before one that has it."""
    first = header_block({"SIMPLE": True, **IMAGE, "EXTEND": True}) + padded(pixels)
    return first + header_block({**EXTENSION, **header})


def several(pixels: bytes) -> bytes:
    """Two detectors, one an HDU."""
    tiles = padded(bytes(TABLE["NAXIS1"] * TABLE["NAXIS2"]) + pixels)
    first, second = (header_block({**layout, **decam_ccd(number)}) for number, layout in CCDS)
    return header_block(decam_primary()) + first + tiles + second


def zipped(body: bytes) -> bytes:
    """The file compressed, which what is incompressible is not."""
    return gzip.compress(body, compresslevel=1)


READABLE = {
    "plain.fits": plain,
    "packed.fits.fz": packed,
    "extended.fits": extended,
    "long header.fits": lambda pixels: plain(pixels, HSC | LONG_HEADER),
    "zipped.fits.gz": lambda pixels: zipped(plain(pixels)),
    "packed and zipped.fits.fz.gz": lambda pixels: zipped(packed(pixels)),
    "key//that boto3 reads.fits": plain,
    "several detectors.fits.fz": several,
}
# Each named by the error's kind.
UNUSABLE = {
    "unknown-instrument.fits": lambda pixels: plain(pixels, UNKNOWN),
    "unknown-instrument.fits.fz": lambda pixels: packed(pixels, UNKNOWN),
    "unknown-instrument.fits.gz": lambda pixels: zipped(plain(pixels, UNKNOWN)),
    "truncated.fits.fz": lambda pixels: several(pixels)[:-20_000],
    "many-detectors.fits.fz.gz": lambda pixels: zipped(several(pixels)),
}
FILES: dict[str, Callable[[bytes], bytes]] = READABLE | UNUSABLE


@pytest.fixture(scope="module")
def pixels() -> bytes:
    """Noise that nothing compresses."""
    return random.Random(1).randbytes(FILE_BYTES)


@pytest.fixture(scope="module")
def translator() -> HeaderTranslator:
    """The real one."""
    return HeaderTranslator()


@dataclass(frozen=True, slots=True)
class File:
    """An object."""

    key: str
    body: bytes = field(repr=False)


@pytest.fixture(scope="module")
def file(request: pytest.FixtureRequest, pixels: bytes) -> File:
    """A file, made once for all its tests."""
    return File(request.param, FILES[request.param](pixels))


@pytest.fixture
def server(file: File, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """The file, served where the environment says that S3 is."""
    assert len(file.body) >= FILE_BYTES
    with S3Server(file.body) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield server
        server.shutdown()


def of(*keys: str) -> pytest.MarkDecorator:
    """Run a test with some of the files."""
    return pytest.mark.parametrize("file", keys, indirect=True, scope="module")


def read_metadata(
    file: File, translator: HeaderTranslator, size_bytes: int | None
) -> Reading | UnderbutlerError:
    """Read a file's metadata as ingest does when it has no index and no sidecar."""
    store = S3Store(AwsSettings.from_environment())
    wanted = FileToRead(
        bucket="raw", key=file.key, etag=_ETAG, version_id=None, size_bytes=size_bytes
    )
    ((_, reading),) = MetadataReader(store, lambda: translator, ReadPool()).read_files([wanted])
    return reading


@of(*READABLE)
@pytest.mark.parametrize("is_size_known", [True, False], ids=["size known", "size unknown"])
def test_metadata_of_a_file_of_32_megabytes_cost_at_most_128_kilobytes(
    file: File, server: S3Server, translator: HeaderTranslator, is_size_known: bool
):
    reading = read_metadata(file, translator, len(file.body) if is_size_known else None)
    assert isinstance(reading, Reading), reading
    assert reading.content.exposure_id == 100_000
    assert 0 < server.sent_bytes <= MOST_BYTES


@of(*UNUSABLE)
def test_finding_a_file_of_32_megabytes_unusable_costs_at_most_128_kilobytes(
    file: File, server: S3Server, translator: HeaderTranslator
):
    reading = read_metadata(file, translator, len(file.body))
    assert isinstance(reading, UnderbutlerError)
    assert reading.kind == file.key.partition(".")[0]
    assert 0 < server.sent_bytes <= MOST_BYTES


@of("plain.fits", "packed.fits.fz", "zipped.fits.gz")
def test_metadata_in_the_first_header_cost_one_request(
    file: File, server: S3Server, translator: HeaderTranslator
):
    read_metadata(file, translator, len(file.body))
    assert server.requests == ["GET"]


@of("plain.fits")
def test_the_server_counts_all_that_it_sends(file: File, server: S3Server):
    store = S3Store(AwsSettings.from_environment())
    assert len(store.read("raw", file.key, largest_bytes=2 * FILE_BYTES)) == len(file.body)
    assert server.sent_bytes == len(file.body)
