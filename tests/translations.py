"""Headers to translate, and short words for what comes of it."""

from __future__ import annotations

import gzip
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import strategies as st

from factories import hsc_exposure
from fits_files import (
    CountingReader,
    one_hdu_file,
    two_hdu_file,
)
from underbutler.local.night import hsc_header
from underbutler.metadata.corrections import Corrections, parse_corrections
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import ObservationProperties
from underbutler.model.timespan import NS_PER_DAY

HSC = hsc_header(hsc_exposure(), 0)
SUPRIMECAM = HSC | {
    "INSTRUME": "SuprimeCam",
    "EXP-ID": "SUPE01234560",
    "FRAMEID": "SUPA01234567",
    "DET-ID": 7,
    "FILTER01": "W-S-I+",
}
# What DECam writes into the primary header, and into that of each CCD.
DECAM_EXPOSURE = {
    "INSTRUME": "DECam", "TELESCOP": "CTIO 4.0-m telescope", "OBSERVAT": "CTIO",
    "OBS-LONG": 70.81489, "OBS-LAT": -30.16606, "OBS-ELEV": 2215.0,
    "EXPREQ": 200.0, "EXPTIME": 200.0, "DARKTIME": 201.25, "OBSID": "ct4m20260301t050000",
    "DATE-OBS": "2026-03-01T05:00:00.000000", "DTUTC": "2026-03-01T05:05:00", "TIMESYS": "UTC",
    "EXPNUM": 100_000, "OBJECT": "COSMOS", "OBSTYPE": "object", "PROPID": "2026A-0001",
    "FILTER": "r DECam SDSS c0002 6415.0 1480.0", "RADESYS": "FK5", "EQUINOX": 2000.0,
    "TELRA": "10:00:24.000", "TELDEC": "02:12:00.000", "ZD": 40.5, "AZ": 61.25, "AIRMASS": 1.3,
}  # fmt: skip
DECAM_CCD = {"CCDNUM": 25, "DETPOS": "S1", "DETECTOR": "S3-111_107419-8-3"}
DECAM = DECAM_EXPOSURE | DECAM_CCD
MEGAPRIME = {
    "INSTRUME": "MegaPrime", "TELESCOP": "CFHT 3.6m", "EXTNAME": "ccd02", "EXTVER": 2,
    "LATITUDE": 19.825252, "LONGITUD": -155.468876, "EXPTIME": 150.0, "EXPREQ": 150.0,
    "DARKTIME": 150.5, "OBSID": 100_000, "EXPNUM": 100_000, "OBJECT": "COSMOS",
    "OBSTYPE": "OBJECT", "RUNID": "26AL01", "FILTER": "r.MP9602", "DATE-OBS": "2026-03-01",
    "UTC-OBS": "05:00:00.00", "UTCEND": "05:02:30.00", "RADECSYS": "FK5", "EQUINOX": 2000.0,
    "RA_DEG": 150.1, "DEC_DEG": 2.2, "TELALT": 52.5, "TELAZ": 115.5,
    "CCDNAME": "8352-15-3",
}  # fmt: skip
HEADERS = {"HSC": HSC, "SuprimeCam": SUPRIMECAM, "DECam": DECAM, "MegaPrime": MEGAPRIME}
# The header that must be read, of files that hold one detector.
LAYOUTS = {
    "one HDU": one_hdu_file,
    "fpacked": two_hdu_file,
    "gzipped": lambda header: gzip.compress(one_hdu_file(header)),
    "fpacked and gzipped": lambda header: gzip.compress(two_hdu_file(header)),
}
# What registration requires, and a card without which it cannot be had.
REQUIRED = [
    ("HSC", "EXP-ID", "exposure_id"),
    ("HSC", "EXP-ID", "observation_id"),
    ("HSC", "DATA-TYP", "observation_type"),
    ("HSC", "FILTER01", "physical_filter"),
    ("HSC", "EXPTIME", "exposure_time_requested"),
    ("HSC", "DATE-OBS", "datetime_begin"),
    ("HSC", "DATE-OBS", "datetime_end"),
    ("HSC", "DET-ID", "detector_num"),
    ("SuprimeCam", "EXP-ID", "exposure_id"),
    ("SuprimeCam", "DET-ID", "detector_num"),
    ("DECam", "EXPNUM", "exposure_id"),
    ("DECam", "OBSID", "observation_id"),
    ("DECam", "FILTER", "physical_filter"),
    ("DECam", "EXPREQ", "exposure_time_requested"),
    ("DECam", "CCDNUM", "detector_num"),
    ("MegaPrime", "EXPNUM", "exposure_id"),
    ("MegaPrime", "OBSID", "observation_id"),
    ("MegaPrime", "OBSTYPE", "observation_type"),
    ("MegaPrime", "FILTER", "physical_filter"),
    ("MegaPrime", "EXPREQ", "exposure_time_requested"),
    ("MegaPrime", "DATE-OBS", "datetime_begin"),
    ("MegaPrime", "EXTNAME", "detector_num"),
]
TEXTS = ("observation_id", "observation_type", "physical_filter")
OPTIONAL = [
    ("HSC", "OBJECT", "object"),
    ("HSC", "PROP-ID", "science_program"),
    ("HSC", "RA2000", "tracking_radec"),
    ("HSC", "ALTITUDE", "altaz_begin"),
    ("HSC", "INST-PA", "boresight_rotation_angle"),
    ("DECam", "TELRA", "tracking_radec"),
    ("DECam", "ZD", "altaz_begin"),
    ("DECam", "DARKTIME", "dark_time"),
    ("MegaPrime", "RA_DEG", "tracking_radec"),
    ("MegaPrime", "RUNID", "science_program"),
]
instruments = st.sampled_from(sorted(HEADERS))
oddities = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.integers(), max_size=2)
    | st.sampled_from(["", "NaN", "UNKNOWN", "2026-13-45", "9999-12-31", "25:61:61", 10**400])
)


class GivenCorrections:
    """Corrections by the name of their file, and how often they were looked for."""

    def __init__(self, **texts: str) -> None:
        self.texts = {name.replace("_", "-"): text for name, text in texts.items()}
        self.asked: list[str] = []

    def find(self, instrument: str, observation_id: str) -> Corrections | None:
        name = f"{instrument}-{observation_id}"
        self.asked.append(name)
        text = self.texts.get(name)
        return None if text is None else parse_corrections(text.encode(), f"s3://c/{name}.yaml")


def translate(body: bytes) -> ObservationProperties:
    """Translate a file of one detector."""
    (found,) = translate_detectors(body)
    return found


def translate_detectors(body: bytes) -> list[ObservationProperties]:
    return HeaderTranslator().translate_file(FitsHeaders(CountingReader(body)))


def tai_ns(jd: list[float]) -> Fraction:
    return (Fraction(jd[0]) + Fraction(jd[1]) - Fraction("2440587.5")) * NS_PER_DAY


def differences(found: ObservationProperties, expected: dict[str, Any]) -> dict[str, Any]:
    """Properties unlike those of ``ObservationInfo.to_simple``: by 1e-9, times by 1 µs."""
    different = {}
    for name, value in asdict(found).items():
        wanted = expected.get(name)
        if name == "problems":
            same = value == []
        elif wanted is not None and name.startswith("datetime"):
            same = abs(value - tai_ns(wanted)) <= 1000
        elif isinstance(wanted, float | list):
            same = value == pytest.approx(
                tuple(wanted) if isinstance(wanted, list) else wanted, rel=1e-9, abs=1e-9
            )
        else:
            same = value == wanted and type(value) is type(wanted)
        if not same:
            different[name] = (value, wanted)
    return different


def without(header: dict[str, Any], *keywords: str) -> dict[str, Any]:
    return {keyword: value for keyword, value in header.items() if keyword not in keywords}
