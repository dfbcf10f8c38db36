"""Instruments registered by any name that the Butler knows them by."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_lines import done
from underbutler.metadata.instruments.catalogue import load_instrument

CLASSES = {
    "DECam": "lsst.obs.decam.DarkEnergyCamera",
    "HSC": "lsst.obs.subaru.HyperSuprimeCam",
    "LATISS": "lsst.obs.lsst.Latiss",
    "LSSTCam": "lsst.obs.lsst.LsstCam",
    "LSSTComCam": "lsst.obs.lsst.LsstComCam",
    "MegaPrime": "lsst.obs.cfht.MegaPrime",
}


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with every instrument, the odd ones by class and the even ones by name."""
    repo = tmp_path_factory.mktemp("instruments") / "repo"
    done("create", repo)
    given = [pair[number % 2] for number, pair in enumerate(CLASSES.items())]
    said = done("register-instrument", repo, *given).out
    assert said == "".join(f"{name}: registered.\n" for name in CLASSES)
    return repo


@pytest.mark.parametrize(("name", "class_name"), CLASSES.items())
def test_each_name_and_each_class_is_one_instrument(registered: Path, name: str, class_name: str):
    for spelling in (name, class_name):
        assert done("register-instrument", registered, spelling).out == f"{name}: up to date.\n"


@pytest.mark.parametrize("name", CLASSES)
def test_all_detectors_and_filters_are_registered(registered: Path, name: str):
    instrument = load_instrument(name)
    found = {
        element: done(
            "query-dimension-records", registered, element,
            "--where", f"instrument = '{name}'", "--limit", "0", "-o", "json",
        ).rows()
        for element in ("detector", "physical_filter")
    }  # fmt: skip
    assert {
        (row["id"], row["full_name"], row["raft"], row["name_in_raft"], row["purpose"])
        for row in found["detector"]
    } == {
        (item.id, item.full_name, item.raft, item.name_in_raft, item.purpose)
        for item in instrument.camera.detectors
    }
    bands = {row["name"]: row["band"] for row in found["physical_filter"]}
    assert bands == dict(instrument.bands)
