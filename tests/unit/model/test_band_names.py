from __future__ import annotations

import pytest

from underbutler.metadata.instruments.catalogue import instrument_names, load_instrument
from underbutler.model.band_names import infer_band


@pytest.mark.parametrize("name", instrument_names())
def test_no_filter_that_is_known_is_inferred_to_have_another_band(name):
    instrument = load_instrument(name)
    inferred = {known: instrument.infer_band(known) for known in instrument.bands}
    assert {
        known: (band, instrument.bands[known])
        for known, band in inferred.items()
        if band not in (None, instrument.bands[known])
    } == {}


def test_most_filters_of_each_camera_would_be_inferred():
    shares = {}
    for name in ("DECam", "HSC", "LATISS", "MegaPrime"):
        instrument = load_instrument(name)
        found = [known for known in instrument.bands if instrument.infer_band(known)]
        shares[name] = len(found) / len(instrument.bands)
    assert min(shares.values()) > 0.75, shares


@pytest.mark.parametrize(
    ("instrument", "physical_filter", "band"),
    [
        ("DECam", "g DECam SDSS c0021 4730.0 1520.0", "g"),
        ("DECam", "Y DECam c0025 10095.0 1130.0", "y"),
        ("DECam", "N501 DECam c0020 5010.0 75.0", "N501"),
        ("DECam", "solid plate 1.0 1.0", None),
        ("DECam", "g", None),
        ("HSC", "HSC-Z2", "z"),
        ("HSC", "HSC-U", None),
        ("HSC", "NB0395", "N395"),
        ("HSC", "NB1012", "N1012"),
        ("HSC", "IB0527", "I527"),
        ("HSC", "ENG-X1", None),
        ("MegaPrime", "g.MP9403", "g"),
        ("MegaPrime", "HalphaON.MP9605", None),
        ("MegaPrime", "gri.MP9605", None),
        ("LSSTCam", "i_40", "i"),
        ("LSSTCam", "ph_6", None),
        ("LSSTCam", "ph_5~ND_OD0.6", None),
        ("LSSTCam", "i_39~ND_OD0.6", None),
        ("LSSTComCam", "g_02", "g"),
        ("LATISS", "SDSSr_65mm~holo5_001", "r"),
        ("LATISS", "holo5_001~SDSSr_65mm", "r"),
        ("LATISS", "empty~SDSSg", "g"),
        ("LATISS", "BG40~holo5_001", "g"),
        ("LATISS", "empty~holo5_001", "white"),
        ("LATISS", "empty~new", None),
        ("LATISS", "unknown~holo5_001", None),
        ("LATISS", "SDSSr_65mm~SDSSg_65mm", None),
        ("SuprimeCam", "W-S-R+", "r"),
        ("SuprimeCam", "W-J-V", None),
        ("MyCam", "r", "r"),
        ("MyCam", "g'", "g"),
        ("MyCam", "i-band", "i"),
        ("MyCam", "SDSS g'", "g"),
        ("MyCam", "z_DECam", "z"),
        ("MyCam", "DES Y", "y"),
        ("MyCam", "y", None),
        ("MyCam", "R", None),
        ("MyCam", "V", None),
        ("MyCam", "r_57", None),
        ("MyCam", "NB921", None),
        ("MyCam", "green", None),
        ("MyCam", "", None),
    ],
)
def test_a_band_is_inferred_where_the_name_leaves_no_doubt(instrument, physical_filter, band):
    known = load_instrument(instrument).bands if instrument != "MyCam" else {}
    assert infer_band(instrument, physical_filter, known) == band
