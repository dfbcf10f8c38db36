"""The Butler on files that are read and values that astropy agrees with, on both databases."""

from __future__ import annotations

import gzip
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from astropy.io import fits

from factories import NOW, hsc_exposure, raw_ref
from underbutler import Butler, DatasetRefURIs, ObjectUri
from underbutler.butler.raw_ingest import ingest_locations
from underbutler.butler.registration import register_instruments
from underbutler.errors import (
    DataIdError,
    NotFoundError,
    QuerySyntaxError,
    StoreUnavailableError,
    UnderbutlerError,
    UnreadableHeaderError,
    UserError,
)
from underbutler.local.night import hsc_header
from underbutler.model.dataset import RAW, DatasetFile
from underbutler.registry.engine import connect_registry
from underbutler.store.file import FileStore

# Exposure → how its file is packed.
SUFFIXES = {100_000: ".fits", 100_002: ".fits.fz", 100_004: ".fits.gz"}
FILES = pytest.mark.parametrize("exposure", SUFFIXES, ids=SUFFIXES.values())
# Those that can be read in part.
SEEKABLE = pytest.mark.parametrize("exposure", [100_000, 100_002], ids=[".fits", ".fits.fz"])
LEAST_READ_BYTES = 64 * 1024
LAYOUT = {"SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", "BZERO", "BSCALE"}
WCS_CARDS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.1, "CRVAL2": 2.2,
    "CRPIX1": 200.0, "CRPIX2": 300.0, "CD1_1": -4.7e-5, "CD1_2": 0.0, "CD2_1": 0.0,
    "CD2_2": 4.7e-5, "CUNIT1": "deg", "CUNIT2": "deg",
}  # fmt: skip


def write_raw(folder: Path, exposure: int, detector: int = 0) -> Path:
    """Write a raw of half a megabyte with astropy."""
    header = fits.Header()
    described = hsc_header(hsc_exposure(exposure), detector) | WCS_CARDS
    header.update({name: value for name, value in described.items() if name not in LAYOUT})
    pixels = np.random.default_rng(exposure).integers(0, 65_535, (600, 400), dtype=np.uint16)
    suffix = SUFFIXES.get(exposure, ".fits")
    path = folder / f"{exposure}-{detector:03d}{suffix}"
    image = fits.CompImageHDU if suffix == ".fits.fz" else fits.PrimaryHDU
    written = io.BytesIO()
    hdus = [fits.PrimaryHDU()] if suffix == ".fits.fz" else []
    fits.HDUList([*hdus, image(pixels, header)]).writeto(written)
    body = written.getvalue()
    path.write_bytes(gzip.compress(body) if suffix == ".fits.gz" else body)
    return path


@pytest.fixture(scope="module")
def raws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of raws, to be read only."""
    folder = tmp_path_factory.mktemp("raws")
    for exposure in SUFFIXES:
        write_raw(folder, exposure)
    write_raw(folder, 100_000, 1)
    return folder


@pytest.fixture
def butler(registry_url: str, tmp_path: Path) -> Iterator[Butler]:
    """A Butler of the test's own, that knows HSC and no datasets."""
    with open_butler(registry_url, tmp_path / "repo") as opened:
        yield opened


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def full(
    request: pytest.FixtureRequest, raws: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Butler]:
    """A Butler with the raws registered, to be read only."""
    folder = tmp_path_factory.mktemp("full")
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        url = f"sqlite:///{shutil.copy(template, folder / 'registry.sqlite3')}"
    else:
        template = request.getfixturevalue("postgres_template")
        server = request.getfixturevalue("postgres")
        engine = connect_registry(server.url())
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(f"CREATE DATABASE {folder.name} TEMPLATE {template}"))
        engine.dispose()
        url = server.url(folder.name)
    with open_butler(url, folder / "repo") as opened:
        ingest_locations(opened.client, [str(raws)])
        yield opened


@pytest.fixture
def own(butler: Butler, raws: Path) -> Butler:
    """A Butler of the test's own with the raws of one exposure registered."""
    ingest_locations(butler.client, [str(path) for path in raws.glob("100000*")])
    return butler


@contextmanager
def open_butler(url: str, repo: Path) -> Iterator[Butler]:
    """Open a new repository on a database, with HSC registered."""
    repo.mkdir()
    (repo / "butler.yaml").write_text(f'registry: {{db: "{url}"}}')
    with Butler(str(repo)) as opened:
        register_instruments(opened.client.registry, ["HSC"])
        yield opened


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Ranges of bytes that are read of files, as they are read."""
    ranges: list[tuple[int, int]] = []
    make_reader = FileStore.reader

    def make_counting(self: FileStore, *place: Any, **content: Any) -> Any:
        read = make_reader(self, *place, **content)

        def counted(start: int, end: int) -> bytes:
            ranges.append((start, end))
            return read(start, end)

        return counted

    monkeypatch.setattr(FileStore, "reader", make_counting)
    return ranges


@contextmanager
def statements_of(butler: Butler) -> Iterator[list[str]]:
    """Queries that are sent to the registry meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append(statement)

    engine = butler.client.registry.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def data_id(exposure: int = 100_000, detector: int = 0) -> dict[str, Any]:
    return {"instrument": "HSC", "exposure": exposure, "detector": detector}


def path_of(raws: Path, exposure: int, detector: int = 0) -> Path:
    return raws / f"{exposure}-{detector:03d}{SUFFIXES[exposure]}"


def found(butler: Butler, *arguments: Any, **options: Any) -> list[tuple[Any, Any]]:
    """Exposures and detectors of the raws that a query finds."""
    refs = butler.query_datasets("raw", *arguments, **options)
    return [(ref.data_id["exposure"], ref.data_id["detector"]) for ref in refs]


def copy_to_run(butler: Butler, run: str, exposure: int = 100_000) -> None:
    """Register a raw once more, in another run."""
    with butler.client.registry.begin() as transaction:
        transaction.datasets.insert(
            [raw_ref(exposure, run=run)],
            dataset_type=transaction.datasets.register_dataset_type(RAW),
            run=transaction.datasets.register_collection(run),
            now=NOW,
        )


# query_datasets


def test_datasets_are_found_with_all_that_follows_from_their_data_id(full: Butler):
    ref = full.query_datasets("raw", **data_id())[0]
    assert ref == raw_ref()
    assert ref.implied == {
        "band": "r",
        "physical_filter": "HSC-R",
        "day_obs": 20260301,
        "group": "100000",
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [(100_000, 0), (100_002, 0), (100_004, 0), (100_000, 1)]),
        ({"exposure": 100_000}, [(100_000, 0), (100_000, 1)]),
        ({"data_id": {"exposure": 100_000}, "detector": 1}, [(100_000, 1)]),
        ({"exposure": np.int64(100_002)}, [(100_002, 0)]),
        ({"band": "r", "detector": 1}, [(100_000, 1)]),
        ({"band": "g"}, []),
        ({"visit": 100_004}, [(100_004, 0)]),
        ({"instrument": "LSSTCam"}, []),
        ({"where": "exposure > 100000"}, [(100_002, 0), (100_004, 0)]),
        ({"where": "exposure = number", "bind": {"number": 100_002}}, [(100_002, 0)]),
        ({"order_by": "-exposure", "limit": 2}, [(100_004, 0), (100_002, 0)]),
        ({"order_by": ["exposure", "-detector"], "limit": 2}, [(100_000, 1), (100_000, 0)]),
        ({"limit": 0}, []),
    ],
    ids=str,
)
def test_a_query_answers_what_is_asked_in_order(options, expected, full: Butler):
    assert found(full, **options) == expected


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"exposure": "100000"}, DataIdError, "exposure must be int, not '100000'"),
        ({"exposure": 1.5}, DataIdError, "exposure must be int, not 1.5"),
        ({"exposure": None}, DataIdError, "exposure must be int, not None"),
        ({"exposure": [100_000]}, DataIdError, "exposure must be int"),
        ({"exposure": True}, DataIdError, "exposure must be int, not True"),
        ({"instrument": 3}, DataIdError, "instrument must be str, not 3"),
        ({"beauty": 3}, QuerySyntaxError, "'beauty' means nothing here"),
        ({"where": "beauty = 3"}, QuerySyntaxError, "'beauty' means nothing here"),
        ({"where": "exposure ="}, QuerySyntaxError, "cannot be read"),
        ({"where": "exposure = number"}, QuerySyntaxError, "number"),
        ({"order_by": "beauty"}, QuerySyntaxError, "'beauty' means nothing here"),
        ({"collections": "none"}, NotFoundError, "There is no collection 'none'"),
    ],
    ids=str,
)
def test_a_query_that_makes_no_sense_is_refused_alike_on_all_databases(
    options, error, said, full: Butler
):
    with pytest.raises(error, match=said):
        full.query_datasets("raw", **options)


@pytest.mark.parametrize("method", ["query_datasets", "find_dataset", "get", "getURI", "getURIs"])
def test_an_unknown_dataset_type_is_told_from_the_known_ones(method, full: Butler):
    with pytest.raises(NotFoundError, match=r"no dataset type 'rawr'\. Known: raw") as refused:
        getattr(full, method)("rawr", **data_id())
    assert refused.value.kind == "missing-dataset-type"


def test_of_equal_data_ids_the_first_collection_wins(own: Butler):
    copy_to_run(own, "u/me")
    for order in (["u/me", "HSC/raw/all"], ["HSC/raw/all", "u/me"]):
        (ref,) = own.query_datasets("raw", order, **data_id())
        assert ref.run == order[0]
        assert own.find_dataset("raw", data_id(), collections=order) == ref
    everything = own.query_datasets("raw", find_first=False, **data_id())
    assert {ref.run for ref in everything} == {"u/me", "HSC/raw/all"}


def test_a_butlers_own_collections_are_searched_by_default(own: Butler):
    copy_to_run(own, "u/me")
    location = own.repository.root.key
    with Butler(location, collections="u/me") as narrow:
        assert found(narrow) == [(100_000, 0)]
        assert len(found(narrow, "HSC/raw/all")) == 2


def test_dimension_records_are_found_by_the_same_means(full: Butler):
    (record,) = full.query_dimension_records("exposure", exposure=100_002)
    assert (record["obs_id"], record["day_obs"]) == ("HSCE00100002", 20260301)
    assert record["timespan_end"] - record["timespan_begin"] == 150 * 10**9
    names = [
        record["obs_id"]
        for record in full.query_dimension_records("exposure", order_by="-exposure", limit=2)
    ]
    assert names == ["HSCE00100004", "HSCE00100002"]
    with pytest.raises(DataIdError, match="exposure must be int"):
        full.query_dimension_records("exposure", exposure="100000")


# find_dataset, getURI, getURIs


def test_a_dataset_is_found_by_its_data_id_however_it_is_given(full: Butler):
    assert (
        full.find_dataset("raw", data_id())
        == full.find_dataset("raw", **data_id())
        == full.find_dataset("raw", {"instrument": "HSC"}, exposure=100_000, detector=0)
        == full.find_dataset("raw", data_id(np.int32(100_000), np.uint8(0)))
        == raw_ref()
    )


def test_no_dataset_is_none(full: Butler):
    assert full.find_dataset("raw", data_id(detector=9)) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs detector, exposure, instrument"),
        ({"instrument": "HSC", "exposure": 100_000}, "needs detector"),
        ({**data_id(), "exposure": "100000"}, "exposure must be int, not '100000'"),
        ({**data_id(), "detector": False}, "detector must be int, not False"),
        ({**data_id(), "instrument": None}, "instrument must be str, not None"),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["find_dataset", "get", "getURI", "getURIs"])
def test_a_data_id_that_leaves_a_choice_is_refused(method, given, said, full: Butler):
    with pytest.raises(DataIdError, match=said):
        getattr(full, method)("raw", given)


@pytest.mark.parametrize("method", ["get", "getURI", "getURIs"])
def test_a_dataset_that_is_not_there_is_named_by_its_data_id(method, full: Butler):
    with pytest.raises(NotFoundError, match=r"no raw with \{detector: 9, exp") as missed:
        getattr(full, method)("raw", data_id(detector=9))
    assert missed.value.kind == "no-dataset"


@FILES
def test_a_raw_is_one_file_where_it_was_ingested(exposure, full: Butler, raws: Path):
    uri = full.getURI("raw", data_id(exposure))
    assert str(uri) == f"file://{path_of(raws, exposure)}"
    assert full.getURIs("raw", data_id(exposure)) == DatasetRefURIs(uri, {})
    assert full.getURI(raw_ref(exposure)) == uri


def test_where_a_file_is_does_not_depend_on_whether_it_is_there(butler: Butler, tmp_path: Path):
    path = write_raw(tmp_path, 100_006)
    ingest_locations(butler.client, [str(path)])
    path.unlink()
    assert butler.getURI("raw", data_id(100_006)).key == str(path)


def test_what_is_stored_in_components_has_no_single_uri(own: Butler):
    registry = own.client.registry
    with registry.begin() as transaction:
        transaction.datasets.drop_files([raw_ref().id])
        transaction.datasets.save_files(
            [
                DatasetFile(dataset_id=raw_ref().id, uri=f"s3://b/{name}", component=name)
                for name in ("image", "mask")
            ]
        )
    components = {name: ObjectUri("s3", "b", name) for name in ("image", "mask")}
    assert own.getURIs(raw_ref()) == DatasetRefURIs(None, components)
    with pytest.raises(UserError, match="Use getURIs"):
        own.getURI(raw_ref())
    with pytest.raises(NotFoundError, match="stored in components"):
        own.get(raw_ref())


@pytest.mark.parametrize("method", ["get", "getURI", "getURIs"])
def test_what_is_stored_nowhere_is_told_by_its_name(method, own: Butler):
    copy_to_run(own, "u/me")
    with pytest.raises(NotFoundError, match=r"raw@.*u/me.*stored nowhere") as missed:
        getattr(own, method)("raw", data_id(), collections="u/me")
    assert missed.value.kind == "no-file"


def test_uris_of_many_datasets_are_one_question(full: Butler, raws: Path):
    refs = full.query_datasets("raw")
    with statements_of(full) as sent:
        uris = full.get_many_uris(refs)
    assert len(sent) == 1
    assert {uri.primaryURI.key for uri in uris.values()} == {str(p) for p in raws.iterdir()}


# get


@FILES
def test_a_raw_is_what_astropy_reads(exposure, full: Butler, raws: Path):
    raw = full.get("raw", data_id(exposure))
    path = path_of(raws, exposure)
    with fits.open(path) as hdus:
        image = hdus[-1]
        assert raw.data.dtype == image.data.dtype
        np.testing.assert_array_equal(raw.data, image.data)
        assert raw.unit == "adu"
        assert raw.header["EXP-ID"] == image.header["EXP-ID"] == f"HSCE00{exposure}"
    assert raw.wcs.wcs.crval.tolist() == [150.1, 2.2]


@FILES
def test_metadata_are_all_cards_of_the_file(exposure, full: Butler, raws: Path):
    header = full.get("raw.metadata", data_id(exposure))
    with fits.open(path_of(raws, exposure)) as hdus:
        cards = {**hdus[0].header, **hdus[-1].header}
    assert dict(header) == cards


@FILES
def test_the_wcs_is_the_headers(exposure, full: Butler):
    wcs = full.get("raw.wcs", data_id(exposure))
    np.testing.assert_allclose(wcs.pixel_to_world_values(199.0, 299.0), (150.1, 2.2))


@pytest.mark.parametrize("component", ["image", "header", "metadata.wcs", " "])
def test_a_component_that_raws_lack_is_answered_with_those_they_have(component, full: Butler):
    with pytest.raises(UserError, match="It has metadata, wcs"):
        full.get(f"raw.{component}", data_id())


@SEEKABLE
@pytest.mark.parametrize("component", ["metadata", "wcs"])
def test_a_component_costs_one_small_read(component, exposure, full: Butler, reads):
    full.get(f"raw.{component}", data_id(exposure))
    assert reads == [(0, LEAST_READ_BYTES)]


@SEEKABLE
def test_a_raw_is_read_once(exposure, full: Butler, raws: Path, reads):
    full.get("raw", data_id(exposure))
    size = path_of(raws, exposure).stat().st_size
    assert len(reads) == 2
    assert sum(end - start for start, end in reads) <= size + LEAST_READ_BYTES


def test_finding_a_dataset_reads_no_file(full: Butler, reads):
    full.query_datasets("raw")
    full.getURIs("raw", data_id())
    assert reads == []


def test_a_ref_is_read_without_a_search(full: Butler):
    with statements_of(full) as sent:
        full.get(raw_ref())
    assert len(sent) == 1


def test_a_ref_reads_the_same_as_its_data_id(full: Butler):
    ref = full.find_dataset("raw", data_id(detector=1))
    np.testing.assert_array_equal(full.get(ref).data, full.get("raw", data_id(detector=1)).data)


@pytest.mark.parametrize("component", ["", ".metadata", ".wcs"])
def test_a_file_that_is_gone_is_named(component, butler: Butler, tmp_path: Path):
    path = write_raw(tmp_path, 100_006)
    ingest_locations(butler.client, [str(path)])
    path.unlink()
    with pytest.raises(NotFoundError) as missed:
        butler.get(f"raw{component}", data_id(100_006))
    assert str(path) in str(missed.value)
    assert missed.value.kind == "missing-object"


def test_a_file_of_unknown_size_is_read_and_missed_as_others_are(butler: Butler, tmp_path: Path):
    path = write_raw(tmp_path, 100_006)
    ingest_locations(butler.client, [str(path)])
    with butler.client.registry.begin() as transaction:
        (file,) = transaction.datasets.files([raw_ref(100_006).id])[raw_ref(100_006).id]
        transaction.datasets.save_files([replace(file, size_bytes=None, etag=None)])
    assert butler.get("raw.metadata", data_id(100_006))["EXP-ID"] == "HSCE00100006"
    path.unlink()
    with pytest.raises(NotFoundError) as missed:
        butler.get("raw", data_id(100_006))
    assert f"file://{path}" in str(missed.value)


def test_another_file_under_the_name_is_not_read_for_the_registered_one(
    butler: Butler, tmp_path: Path
):
    path = write_raw(tmp_path, 100_006)
    ingest_locations(butler.client, [str(path)])
    path.write_bytes(path.read_bytes() + bytes(2880))
    with pytest.raises(StoreUnavailableError, match="changed") as refused:
        butler.get("raw", data_id(100_006))
    assert refused.value.kind == "object-changed"


def test_a_file_that_is_no_fits_is_named(butler: Butler, tmp_path: Path):
    path = write_raw(tmp_path, 100_006)
    ingest_locations(butler.client, [str(path)])
    path.write_bytes(b"no FITS at all")
    with butler.client.registry.begin() as transaction:
        (file,) = transaction.datasets.files([raw_ref(100_006).id])[raw_ref(100_006).id]
        transaction.datasets.save_files([replace(file, size_bytes=None, etag=None)])
    with pytest.raises(UnreadableHeaderError, match=f"file://{path} is no FITS file"):
        butler.get("raw", data_id(100_006))


def test_a_repository_without_datasets_knows_no_dataset_type(butler: Butler):
    with pytest.raises(NotFoundError, match="Nothing is registered yet"):
        butler.query_datasets("raw")
    assert (butler.query_dataset_types(), butler.query_collections()) == ([], [])


def test_every_error_of_the_butler_can_be_caught_as_one(full: Butler):
    with pytest.raises(UnderbutlerError):
        full.get("rawr")
