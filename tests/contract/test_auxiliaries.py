"""Auxiliary files, such as a guider's: registered once their exposure is, on both databases."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa

from factories import created, instrument, removed
from registry_dump import dump
from scenes import Scene, announced
from underbutler.events.object_event import ObjectEvent
from underbutler.local.night import make_fits
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.dataset_id import dataset_uuid
from underbutler.model.outcome import Outcome
from underbutler.registry import schema
from writers import BUCKET

RAW = "night/MC_O_20250415_000060_R22_S11.fits"
GUIDER = "night/MC_O_20250415_000060_R00_SG0_guider.fits"


@pytest.fixture(autouse=True)
def lsstcam(scene: Scene) -> None:
    with scene.registry.begin() as transaction:
        transaction.dimensions.register_instrument(
            replace(load_instrument("LSSTCam"), camera=instrument().camera)
        )


def put(scene: Scene, name: str, detector: int, **cards: object) -> ObjectEvent:
    header = {"INSTRUME": "LSSTCam", "EXPNUM": 1, "DETNUM": detector}
    return created(scene.store.write(BUCKET, name, make_fits(header | cards)))


def guiders(scene: Scene) -> list[tuple[str, str, int]]:
    datasets, kinds, runs = schema.dataset, schema.dataset_type, schema.collection
    statement = (
        sa.select(kinds.c.name, runs.c.name, datasets.c.detector)
        .join(kinds, kinds.c.id == datasets.c.dataset_type)
        .join(runs, runs.c.id == datasets.c.run)
        .where(kinds.c.name == "guider_raw")
    )
    with scene.registry.read() as transaction:
        return [tuple(row) for row in transaction.connection.execute(statement)]


def test_a_guider_that_comes_after_its_exposure_is_registered_at_once(scene: Scene):
    scene.ingest(put(scene, RAW, 94))
    assert scene.outcomes(put(scene, GUIDER, 193)) == [Outcome.REGISTERED]
    assert guiders(scene) == [("guider_raw", "LSSTCam/raw/guider", 193)]
    values = {"instrument": "LSSTCam", "exposure": 1, "detector": 193}
    assert dataset_uuid("guider_raw", "LSSTCam/raw/guider", values) in scene.datasets()


def test_a_guider_that_comes_before_its_exposure_waits_and_is_announced_when_that_comes(
    scene: Scene,
):
    assert scene.outcomes(put(scene, GUIDER, 193)) == [Outcome.WAITING]
    assert scene.state(GUIDER) == ("waiting", "exposure-not-seen")
    assert guiders(scene) == []
    assert list(announced(scene)) == []
    scene.ingest(put(scene, RAW, 94))
    events = list(announced(scene))
    assert [event.key for event in events] == [GUIDER]
    assert scene.outcomes(*events) == [Outcome.REGISTERED]
    assert guiders(scene) == [("guider_raw", "LSSTCam/raw/guider", 193)]


def test_in_one_batch_with_its_exposure_a_guider_need_not_wait(scene: Scene):
    assert scene.outcomes(put(scene, GUIDER, 193), put(scene, RAW, 94)) == [Outcome.REGISTERED] * 2
    assert list(announced(scene)) == []


def test_a_guider_has_no_say_in_its_exposure(scene: Scene):
    scene.ingest(put(scene, RAW, 94, OBJECT="the raw's"))
    scene.ingest(put(scene, GUIDER, 0, OBJECT="the guider's"))
    assert scene.exposure().target_name == "the raw's"
    assert scene.row(GUIDER).observation is None


def test_a_guider_and_a_raw_of_one_detector_are_two_datasets(scene: Scene):
    scene.ingest(put(scene, RAW, 193))
    assert scene.outcomes(put(scene, GUIDER, 193)) == [Outcome.REGISTERED]
    assert len(scene.datasets()) == 2


def test_a_guider_that_goes_and_its_exposure_that_goes_leave_what_was_registered(scene: Scene):
    scene.ingest(put(scene, RAW, 94), put(scene, GUIDER, 193))
    for name in (GUIDER, RAW):
        scene.store.remove(BUCKET, name)
        scene.ingest(removed(BUCKET, name))
    assert scene.state(GUIDER) == ("gone", "")
    assert len(scene.datasets()) == 2


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_every_order_ends_in_the_same_rows(
    scene: Scene, order: Sequence[int], outcome_in_order: list[list[str]]
):
    events = [put(scene, RAW, 94), put(scene, GUIDER, 193), put(scene, f"{RAW}.fits", 95)]
    for position in order:
        scene.ingest(events[position])
    for _ in range(3):
        scene.ingest(*announced(scene))
    outcome_in_order.append(dump(scene.registry))
    assert outcome_in_order[-1] == outcome_in_order[0]


@pytest.fixture(scope="module")
def outcome_in_order() -> list[list[str]]:
    return []


@pytest.mark.parametrize("missing", ["exposure_id", "detector_num"])
def test_a_guider_that_does_not_name_what_it_belongs_to_is_rejected(scene: Scene, missing: str):
    sidecar = {"instrument": "LSSTCam", "exposure_id": 1, "detector_num": 193}
    del sidecar[missing]
    body = json.dumps({**sidecar, "__CONTENT__": "translated"}).encode()
    scene.store.write(BUCKET, GUIDER, b"no FITS file")
    info = scene.store.head(BUCKET, GUIDER)
    assert info is not None
    scene.ingest(created(scene.store.write(BUCKET, GUIDER.replace(".fits", ".json"), body)))
    assert scene.outcomes(created(info)) == [Outcome.REJECTED]
    assert missing in scene.row(GUIDER).message


def test_a_sidecar_that_names_what_a_guider_belongs_to_is_enough(scene: Scene):
    scene.ingest(put(scene, RAW, 94))
    sidecar = {"instrument": "LSSTCam", "exposure_id": 1, "detector_num": 193}
    body = json.dumps({**sidecar, "__CONTENT__": "translated"}).encode()
    scene.ingest(created(scene.store.write(BUCKET, GUIDER.replace(".fits", ".json"), body)))
    assert scene.outcomes(put(scene, GUIDER, 0)) == [Outcome.REGISTERED]
    assert guiders(scene) == [("guider_raw", "LSSTCam/raw/guider", 193)]
