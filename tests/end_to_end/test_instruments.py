"""Raws of real instruments, dropped into the bucket of the real template."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from detector_files import decam_ccd, decam_primary, image, written
from fits_files import one_hdu_file
from lsst_headers import GUIDER, LATISS, LSSTCAM
from reference_material import SHARED, reference
from underbutler.local.night import Drop
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.index_entry import cards_to_json
from underbutler.model.dataset_id import dataset_uuid

LSSTCAM_EXPOSURE, LATISS_EXPOSURE = 2025080100412, 2025080100412
REAL_RAWS = {
    "3018092000065-det000": ("LATISS", 3018092000065, 0),
    "3019031900001-R10-S02-det029": ("LSSTCam", 3019031900001, 29),
    "3019031900001-R22-S21-det097": ("LSSTCam", 3019031900001, 97),
}
# The smaller URI has the dataset: each route takes it from the one before.
ROUTES = {"header": "z", "sidecar": "y", "index": "x"}


def cards_of(body: bytes) -> dict[str, Any]:
    """The cards of a primary header, as an index or a sidecar has them."""
    cards, _ = cards_to_json(FitsHeaders(lambda start, end: body[start:end]).primary())
    return cards


def drops(route: str, bodies: Mapping[str, bytes], folder: str) -> Iterator[Drop]:
    """Files, described as a route has it."""
    place = f"{folder}/{ROUTES[route]}"
    if route == "index":
        entries = {f"{name}.fits": cards_of(body) for name, body in bodies.items()}
        index = {"__CONTENT__": "metadata", "__COMMON__": {}, **entries}
        yield Drop(f"{place}/_index.json", json.dumps(index).encode())
    for name, body in bodies.items():
        if route == "sidecar":
            sidecar = {**cards_of(body), "__CONTENT__": "metadata"}
            yield Drop(f"{place}/{name}.json", json.dumps(sidecar).encode())
        yield Drop(f"{place}/{name}.fits", body)


def registered(stack, folder: str) -> dict[str, tuple[str, int, int, int]]:
    """Registered file → instrument, exposure, detector and source."""
    rows = stack.rows(
        "SELECT key, instrument, exposure, detector, source FROM raw_object"
        " WHERE kind = 'fits' AND state = 'registered' AND key LIKE :folder",
        folder=f"{folder}/%",
    )
    return {row.key: tuple(row)[1:] for row in rows}


@pytest.mark.parametrize("route", ROUTES)
def test_raws_of_lsst_cameras_become_datasets_by_every_route(stack, butler, route) -> None:
    bodies = {
        "MC_O_20250801_000412_R22_S11": gzip.compress(one_hdu_file(LSSTCAM)),
        "AT_O_20250801_000412_R00_S00": one_hdu_file(LATISS),
    }

    stack.drop(*drops(route, bodies, "lsst"))

    source = {"index": 0, "sidecar": 1, "header": 2}[route]
    place = f"lsst/{ROUTES[route]}"
    assert registered(stack, "lsst") == {
        f"{place}/MC_O_20250801_000412_R22_S11.fits": ("LSSTCam", LSSTCAM_EXPOSURE, 94, source),
        f"{place}/AT_O_20250801_000412_R00_S00.fits": ("LATISS", LATISS_EXPOSURE, 0, source),
    }
    ref = butler.find_dataset("raw", instrument="LSSTCam", exposure=LSSTCAM_EXPOSURE, detector=94)
    values = {"instrument": "LSSTCam", "exposure": LSSTCAM_EXPOSURE, "detector": 94}
    assert ref.id == dataset_uuid("raw", "LSSTCam/raw/all", values)
    assert place in str(butler.getURI(ref))


@reference
@pytest.mark.parametrize("route", ROUTES)
def test_real_raws_become_datasets_by_every_route(stack, butler, route) -> None:
    bodies = {name: (SHARED / "raws" / f"{name}.fits").read_bytes() for name in REAL_RAWS}

    stack.drop(*drops(route, bodies, "real"))

    source = {"index": 0, "sidecar": 1, "header": 2}[route]
    assert registered(stack, "real") == {
        f"real/{ROUTES[route]}/{name}.fits": (*data_id, source)
        for name, data_id in REAL_RAWS.items()
    }
    for instrument, exposure, detector in REAL_RAWS.values():
        ref = butler.find_dataset(
            "raw", instrument=instrument, exposure=exposure, detector=detector
        )
        assert ROUTES[route] in str(butler.getURI(ref))


def test_a_guider_waits_for_its_exposure_and_is_registered_when_that_comes(stack, butler) -> None:
    guider = GUIDER | {"OBSID": "MC_O_20250802_000001", "DAYOBS": "20250802", "SEQNUM": 1}
    key = "guider/MC_O_20250802_000001_R00_SG0_guider.fits"

    stack.drop(Drop(key, one_hdu_file(guider | {"CONTRLLR": "O"})))

    question = "SELECT state, code FROM raw_object WHERE key = :key"
    assert tuple(stack.row(question, key=key)) == ("waiting", "exposure-not-seen")

    later = {"OBSID": "MC_O_20250802_000001", "DAYOBS": "20250802", "SEQNUM": 1}
    stack.drop(Drop("guider/MC_O_20250802_000001_R22_S11.fits", one_hdu_file(LSSTCAM | later)))
    stack.wait_until(lambda: tuple(stack.row(question, key=key)) == ("registered", ""))

    (ref,) = butler.query_datasets("guider_raw", "LSSTCam/raw/guider")
    assert ref.data_id["exposure"] == 2025080200001
    assert str(butler.getURI(ref)).endswith(key)


def test_a_file_of_many_ccds_becomes_a_dataset_each_and_each_is_read_alone(stack, butler) -> None:
    ccds = [image(decam_ccd(number) | {"HK001": number}) for number in range(1, 63)]
    body = written(decam_primary(), *ccds)

    stack.drop(Drop("decam/c4d_260301_050000_ori.fits", body))

    refs = butler.query_datasets("raw", instrument="DECam", order_by="detector")
    assert [ref.data_id["detector"] for ref in refs] == list(range(1, 63))
    assert len({str(uris.primaryURI) for uris in butler.get_many_uris(refs).values()}) == 1
    ccd = butler.get(refs[41])
    assert ccd.header["CCDNUM"] == 42
    assert ccd.shape == (8, 9)
    visits = stack.rows("SELECT id FROM visit WHERE instrument = 'DECam'")
    assert [row.id for row in visits] == [100_000]


def test_headers_are_corrected_from_a_bucket_of_corrections(stack, butler) -> None:
    name = "MC_O_20250803_000001"
    cards = {"OBSID": name, "DAYOBS": "20250803", "SEQNUM": 1}
    stack.client("s3").put_object(
        Bucket="curated", Key=f"corrections/LSSTCam-{name}.yaml", Body=b"OBJECT: Vela\n"
    )

    stack.drop(Drop(f"lsst/corrected/{name}_R22_S11.fits", one_hdu_file(LSSTCAM | cards)))

    (exposure,) = butler.query_dimension_records(
        "exposure", instrument="LSSTCam", exposure=2025080300001
    )
    assert exposure["target_name"] == "Vela"
    corrections = stack.row(
        "SELECT metadata_corrections FROM exposure WHERE id = 2025080300001"
    ).metadata_corrections
    assert json.loads(corrections) == {
        "uri": f"s3://curated/corrections/LSSTCam-{name}.yaml",
        "keywords": ["OBJECT"],
    }


def test_indexes_of_folders_are_written_into_a_bucket_of_their_own(stack) -> None:
    cards = {"OBSID": "MC_O_20250804_000001", "DAYOBS": "20250804", "SEQNUM": 1}
    key = "indexed/MC_O_20250804_000001_R22_S11.fits"
    stack.drop(Drop(key, one_hdu_file(LSSTCAM | cards)))
    asked = "SELECT 1 FROM outbox WHERE dedup_key = 'index/raw/indexed'"
    # The schedule sends it, or we do once it is old enough.
    time.sleep(10.5)
    stack.client("lambda").invoke(FunctionName=stack.state.outputs["RelayOutboxFunction"])
    stack.wait_until(lambda: not stack.rows(asked))
    s3 = stack.client("s3")

    def is_written() -> bool:
        listed = s3.list_objects_v2(Bucket="indexes", Prefix="indexed/")
        return bool(listed.get("KeyCount"))

    stack.wait_until(is_written)
    index = json.loads(s3.get_object(Bucket="indexes", Key="indexed/_index.json")["Body"].read())
    assert index["__COMMON__"]["exposure_id"] == 2025080400001
    assert f"s3://raw/{key}" in index
    assert "_index.json" not in str(
        [item["Key"] for item in s3.list_objects_v2(Bucket="raw", Prefix="indexed/")["Contents"]]
    )
