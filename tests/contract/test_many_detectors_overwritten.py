"""Files overwritten: no dataset is read from bytes that are another's, on both databases."""

from __future__ import annotations

import pytest

from factories import removed
from scenes import Scene, held, put, put_detectors
from underbutler.model.outcome import Outcome
from writers import BUCKET

NAME = "night/1/2-all.fits"
SMALLER = "night/1/1-all.fits"


def remove(scene: Scene, name: str) -> None:
    scene.store.remove(BUCKET, name)
    scene.ingest(removed(BUCKET, name))


@pytest.mark.parametrize("between", ["nothing", "removed", "corrupt", "unknown", "missing"])
def test_detectors_that_a_later_content_lacks_are_stored_nowhere_whatever_was_between(
    scene: Scene, between: str
):
    scene.ingest(put_detectors(scene, NAME, "0 1 2"))
    if between == "removed":
        remove(scene, NAME)
    elif between == "corrupt":
        scene.ingest(put(scene, NAME, b"no FITS file"))
    elif between == "unknown":
        scene.ingest(put_detectors(scene, NAME, "0", INSTRUME="HSC2"))
    elif between == "missing":
        event = put_detectors(scene, NAME, "0 1")
        scene.store.remove(BUCKET, NAME)
        scene.ingest(event)
    scene.ingest(put_detectors(scene, NAME, "2 0", OBJECT="again"))
    assert held(scene) == {2: ("2-all.fits", 1), 0: ("2-all.fits", 2)}


def test_a_new_content_whose_detectors_another_file_holds_leaves_nothing_of_the_old(scene: Scene):
    scene.ingest(put_detectors(scene, SMALLER, "3 4"), put_detectors(scene, NAME, "0 1"))
    scene.ingest(put_detectors(scene, NAME, "4 3"))
    assert scene.state(NAME) == ("rejected", "conflict")
    assert held(scene) == {3: ("1-all.fits", 1), 4: ("1-all.fits", 2)}


def test_what_another_file_took_over_meanwhile_stays_there(scene: Scene):
    scene.ingest(put_detectors(scene, NAME, "0 1"), put_detectors(scene, f"{NAME}.fits", "1 2"))
    remove(scene, NAME)
    assert held(scene)[1] == ("2-all.fits.fits", 1)
    scene.ingest(put_detectors(scene, NAME, "5"))
    assert held(scene) == {
        5: ("2-all.fits", 1),
        1: ("2-all.fits.fits", 1),
        2: ("2-all.fits.fits", 2),
    }


def test_a_sidecar_overwritten_before_its_first_event_is_handled_needs_no_second_try(scene: Scene):
    name = NAME.replace(".fits", ".json")
    first = put(scene, name, b"{")
    put(scene, name, b"[]")
    assert scene.outcomes(first) == [Outcome.REJECTED]
    assert "[]" not in scene.row(name).message
