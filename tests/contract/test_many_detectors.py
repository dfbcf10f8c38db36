"""Files that hold several datasets, one an HDU, on both databases."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import pytest

from factories import created, removed, translated
from registry_dump import dump, nothing_written
from scenes import Scene, held, look_again, put_detectors
from underbutler.local.night import make_fits
from underbutler.model.dataset_id import dataset_uuid
from underbutler.model.outcome import Outcome
from writers import BUCKET, put_file

WHOLE = "night/1/1-all.fits"
LATER = "night/1/2-all.fits"
SINGLE = "night/1/0-single.fits"


def test_a_file_of_several_detectors_becomes_a_dataset_an_hdu(scene: Scene):
    assert scene.outcomes(put_detectors(scene, WHOLE, "3 1 2")) == [Outcome.REGISTERED]
    assert held(scene) == {3: ("1-all.fits", 1), 1: ("1-all.fits", 2), 2: ("1-all.fits", 3)}
    assert set(scene.datasets()) == {
        dataset_uuid("raw", "HSC/raw/all", {"instrument": "HSC", "exposure": 1, "detector": number})
        for number in (1, 2, 3)
    }
    assert scene.row(WHOLE).data_ids == tuple(("raw", "HSC", 1, number) for number in (1, 2, 3))


def test_the_same_event_again_writes_nothing(scene: Scene):
    event = put_detectors(scene, WHOLE, "0 1 2 3")
    scene.ingest(event)
    with nothing_written(scene.registry, but=["ingest_event"]):
        assert scene.outcomes(event) == [Outcome.DUPLICATE]


def test_looked_at_again_it_is_what_it_was(scene: Scene):
    scene.ingest(put_detectors(scene, WHOLE, "0 1 2 3"))
    before = dump(scene.registry)
    assert scene.outcomes(look_again(WHOLE)) == [Outcome.REGISTERED]
    assert dump(scene.registry) == before


def test_detectors_that_a_new_content_lacks_are_stored_nowhere(scene: Scene):
    scene.ingest(put_detectors(scene, WHOLE, "0 1 2"))
    scene.ingest(put_detectors(scene, WHOLE, "2 0", OBJECT="again"))
    assert held(scene) == {2: ("1-all.fits", 1), 0: ("1-all.fits", 2)}
    assert len(scene.datasets()) == 3


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_of_files_that_share_detectors_each_dataset_has_the_smallest_uri_whatever_came_first(
    scene: Scene, order: Sequence[int]
):
    events = [
        put_detectors(scene, WHOLE, "0 1 2"),
        put_detectors(scene, LATER, "2 3"),
        created(scene.store.write(BUCKET, SINGLE, make_fits(
            {"INSTRUME": "HSC", "EXPNUM": 1, "DETNUM": 1}
        ))),
    ]  # fmt: skip
    for position in order:
        scene.ingest(events[position])
    assert held(scene) == {
        0: ("1-all.fits", 1),
        1: ("0-single.fits", None),
        2: ("1-all.fits", 3),
        3: ("2-all.fits", 2),
    }
    assert scene.state(WHOLE) == ("registered", "conflict-in-part")
    assert scene.state(LATER) == ("registered", "conflict-in-part")
    assert scene.state(SINGLE) == ("registered", "")


def test_a_file_all_of_whose_detectors_others_hold_is_rejected_and_taken_when_they_go(
    scene: Scene,
):
    scene.ingest(put_detectors(scene, WHOLE, "0 1"), put_detectors(scene, LATER, "1 0"))
    assert scene.state(LATER) == ("rejected", "conflict")
    assert "and 1 more" in scene.row(LATER).message
    scene.store.remove(BUCKET, WHOLE)
    scene.ingest(removed(BUCKET, WHOLE))
    assert scene.state(LATER) == ("registered", "")
    assert held(scene) == {1: ("2-all.fits", 1), 0: ("2-all.fits", 2)}


def test_a_detector_freed_by_one_file_is_taken_by_another_that_lacked_it(scene: Scene):
    scene.ingest(put_detectors(scene, LATER, "1 2 3"))
    scene.ingest(put_detectors(scene, WHOLE, "1"), put_file(scene.store, 1, 2))
    assert held(scene)[1] == ("1-all.fits", 1)
    assert scene.state(LATER) == ("registered", "conflict-in-part")
    scene.store.remove(BUCKET, WHOLE)
    scene.ingest(removed(BUCKET, WHOLE))
    assert held(scene)[1] == ("2-all.fits", 1)
    assert held(scene)[2][0] == "1-002.fits"
    assert scene.state(LATER) == ("registered", "conflict-in-part")


def test_a_list_of_detectors_in_an_index_registers_them_without_a_look_at_the_file(scene: Scene):
    entries = [translated(exposure_id=1, detector_num=n) | {"__HDU__": n + 7} for n in range(4)]
    body = {"__CONTENT__": "translated", "__COMMON__": {}, "1-all.fits": entries}
    index = created(scene.store.write(BUCKET, "night/1/_index.json", json.dumps(body).encode()))
    scene.ingest(index)
    scene.store.requests.clear()
    assert scene.outcomes(put_detectors(scene, WHOLE, "0")) == [Outcome.REGISTERED]
    assert scene.store.requests["get"] == 0
    assert held(scene) == {n: ("1-all.fits", n + 7) for n in range(4)}


def test_a_list_of_detectors_in_a_sidecar_waits_for_its_file(scene: Scene):
    entries = [
        translated(exposure_id=1, detector_num=n) | {"__CONTENT__": "translated"} for n in (5, 6)
    ]
    sidecar = scene.store.write(BUCKET, "night/1/1-all.json", json.dumps(entries).encode())
    scene.ingest(created(sidecar))
    scene.ingest(put_detectors(scene, WHOLE, "0"))
    assert held(scene) == {5: ("1-all.fits", 1), 6: ("1-all.fits", 2)}


@pytest.mark.parametrize(
    ("detectors", "code"),
    [
        ([{"detector_num": 1}, {"detector_num": 1}], "duplicate-detector"),
        ([{"detector_num": 1}, {"detector_num": 2, "exposure_id": 2}], "many-exposures"),
    ],
)
def test_contradictory_detectors_fall_back_on_the_header(
    scene: Scene, detectors: list[dict[str, int]], code: str
):
    entries = [translated(exposure_id=1) | changes for changes in detectors]
    body = {"__CONTENT__": "translated", "__COMMON__": {}, "1-all.fits": entries}
    index = created(scene.store.write(BUCKET, "night/1/_index.json", json.dumps(body).encode()))
    scene.ingest(index, put_detectors(scene, WHOLE, "0 1"))
    assert held(scene) == {0: ("1-all.fits", 1), 1: ("1-all.fits", 2)}
    assert "_index.json" in scene.row(WHOLE).message


def test_of_contradictory_detectors_in_a_file_nothing_is_registered(scene: Scene):
    assert scene.outcomes(put_detectors(scene, WHOLE, "4 4")) == [Outcome.REJECTED]
    assert scene.state(WHOLE) == ("rejected", "duplicate-detector")
    assert scene.datasets() == []
