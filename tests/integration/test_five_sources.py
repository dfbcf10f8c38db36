"""Of one header ingest makes one exposure, wherever it is read; astrometadata writes the JSON."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from astro_metadata_translator.bin.writeindex import write_index_files
from astro_metadata_translator.bin.writesidecar import write_sidecar_files

from fits_files import one_hdu_file
from reference_material import SHARED, reference
from translations import HEADERS
from underbutler import Butler
from underbutler.butler.raw_ingest import ingest_locations
from underbutler.butler.registration import register_instruments
from underbutler.butler.repository import create_repository
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.outcome import Outcome

INSTRUMENTS = ("DECam", "HSC", "LATISS", "LSSTCam", "LSSTComCam", "MegaPrime", "SuprimeCam")
SOURCES = {
    "header": 2,
    "metadata sidecar": 1,
    "translated sidecar": 1,
    "metadata index": 0,
    "translated index": 0,
}
"""Source → how it is recorded."""

# What astrometadata insists on and registration does not need.
MORE_CARDS = {
    "DECam": {"PRESSURE": 780.0, "HUMIDITY": 20.0, "OUTTEMP": 11.0, "TELFOCUS": "1,2,3,4,5,6"},
    "MegaPrime": {"AIRPRESS": 61_500.0, "RELHUMID": 20.0, "TEMPERAT": 1.0, "AIRMASS": 1.2},
}

Exposures = dict[str, dict[str, Any]]


def reference_headers() -> dict[str, dict[str, Any]]:
    return {
        path.stem: json.loads(path.read_text())
        for path in sorted((SHARED / "headers").glob("*.json"))
        if path.stem != "expected-observation-info"
    }


def write_files(folder: Path, headers: Mapping[str, Mapping[str, Any]]) -> None:
    """Write each header's file into a folder of its own."""
    for name, header in headers.items():
        (folder / name).mkdir(parents=True)
        (folder / name / f"{name}.fits").write_bytes(one_hdu_file(header))


def describe(folder: Path, source: str) -> None:
    """Have the real astrometadata write what a source is read from."""
    # It knows the translators that are imported.
    HeaderTranslator()
    content, _, kind = source.partition(" ")
    for path in sorted(folder.glob("*/*.fits")):
        if not kind:
            continue
        with warnings.catch_warnings():
            # It warns of keywords that FITS would not have, and writes no FITS.
            warnings.simplefilter("ignore")
            if kind == "sidecar":
                done, failed = write_sidecar_files([str(path)], r"\.fits$", 1, content, False)
            else:
                done, failed = write_index_files([str(path.parent)], r"\.fits$", 1, False, content)
        assert (len(done), failed) == (1, []), path


def ingest(repo: Path, folder: Path, source: str) -> Exposures:
    """Ingest a folder, and read back what its exposures are; folder → record."""
    create_repository(str(repo))
    with Butler(str(repo)) as butler:
        register_instruments(butler.client.registry, INSTRUMENTS)
        report = ingest_locations(butler.client, [str(folder)], with_visits=False)
        assert set(+report.outcomes) == {Outcome.REGISTERED}, report.problems
        with butler.client.registry.read() as transaction:
            found = butler.client.registry.engine.connect().exec_driver_sql(
                "SELECT source, key FROM raw_object WHERE kind = 'fits'"
            )
            assert {row.source for row in found} == {SOURCES[source]}
            records = {}
            for path in sorted(folder.glob("*/*.fits")):
                (stored,) = transaction.datasets.stored_at([f"file://{path}"])
                records[path.stem] = (stored[0].data_id, stored[0].id)
        return {
            name: butler.query_dimension_records(
                "exposure", instrument=data_id["instrument"], exposure=data_id["exposure"]
            )[0]
            | {"detector": data_id["detector"], "uuid": identifier}
            for name, (data_id, identifier) in records.items()
        }


def all_sources(headers: Mapping[str, Mapping[str, Any]], place: Path) -> dict[str, Exposures]:
    found = {}
    for source in SOURCES:
        folder = place / source.replace(" ", "-")
        write_files(folder / "raws", headers)
        describe(folder / "raws", source)
        found[source] = ingest(folder / "repo", folder / "raws", source)
        shutil.rmtree(folder)
    return found


def check(found: Mapping[str, Exposures], headers: Mapping[str, Any]) -> None:
    assert set(found["header"]) == set(headers)
    for source, exposures in found.items():
        for name, record in exposures.items():
            assert record == found["header"][name], (source, name)


def test_five_sources_of_one_header_give_one_exposure(tmp_path: Path):
    headers = {name: header | MORE_CARDS.get(name, {}) for name, header in HEADERS.items()}
    check(all_sources(headers, tmp_path), headers)


@reference
def test_five_sources_of_each_real_header_give_one_exposure(tmp_path: Path):
    headers = reference_headers()
    assert len(headers) == 14
    check(all_sources(headers, tmp_path), headers)
