"""Headers as the Rubin Observatory's cameras write them, and short words for what comes of them."""

from __future__ import annotations

from typing import Any

from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import ObservationProperties

_ON_SKY = {
    "TIMESYS": "TAI", "DAYOBS": "20250801", "SEQNUM": 412, "CONTRLLR": "O",
    "DATE": "2025-08-02T03:00:36.100",
    "DATE-OBS": "2025-08-02T03:00:00.000", "MJD-OBS": 60889.125,
    "DATE-BEG": "2025-08-02T03:00:00.000", "MJD-BEG": 60889.125,
    "DATE-END": "2025-08-02T03:00:31.500", "MJD-END": 60889.12536458333,
    "GROUPID": "2025-08-02T02:59:50.125", "CURINDEX": 1, "MAXINDEX": 1,
    "IMGTYPE": "OBJECT", "REASON": "Survey_Deep", "PROGRAM": "BLOCK-1", "OBJECT": "COSMOS",
    "EXPTIME": 30.0, "SHUTTIME": 30.25, "DARKTIME": 31.0, "VIGN_MIN": "NO",
    "TRACKSYS": "RADEC", "RADESYS": "ICRS", "RA": 150.5, "DEC": 2.5,
    "RASTART": 150.25, "DECSTART": 2.25, "RAEND": 150.25, "DECEND": 2.25,
    "AZSTART": 61.5, "ELSTART": 52.5, "AZEND": 61.25, "ELEND": 52.75, "AMSTART": 1.25,
    "ROTPA": 131.5, "ROTCOORD": "sky", "FOCUSZ": -2.5,
    "AIRTEMP": 9.5, "PRESSURE": 74210.0, "HUMIDITY": 11.5,
    "OBSGEO-X": 1818938.94, "OBSGEO-Y": -5208470.95, "OBSGEO-Z": -3195172.08,
}  # fmt: skip
LSSTCAM = _ON_SKY | {
    "INSTRUME": "LSSTCam", "TELESCOP": "Simonyi Survey Telescope",
    "OBSID": "MC_O_20250801_000412", "FILTER": "r_57", "FILTBAND": "r",
    "RAFTBAY": "R22", "CCDSLOT": "S11", "LSST_NUM": "E2V-CCD250-382",
}  # fmt: skip
COMCAM = _ON_SKY | {
    "INSTRUME": "ComCam", "TELESCOP": "Simonyi Survey Telescope",
    "OBSID": "CC_O_20250801_000412", "FILTER": "g_01", "FILTBAND": "g",
    "RAFTBAY": "R22", "CCDSLOT": "S11", "LSST_NUM": "ITL-3800C-283",
    "SIMULATE MTM2": 0,
}  # fmt: skip
LATISS = _ON_SKY | {
    "INSTRUME": "LATISS", "TELESCOP": "LSST AuxTelescope",
    "OBSID": "AT_O_20250801_000412", "FILTER": "SDSSr_65mm", "GRATING": "empty_1",
    "LSST_NUM": "ITL-3800C-068", "SIMULATE ATDOME": 0,
    "CURINDEX": 2, "MAXINDEX": 3,
}  # fmt: skip
# Before 2020 there was little to say.
LSSTCAM_LABORATORY = {
    "INSTRUME": "lsstCam", "TELESCOP": "LSST", "OBSID": "MC_C_20190322_000002",
    "DAYOBS": "20190322", "SEQNUM": 2, "CONTRLLR": "C", "TSTAND": "BOT", "RUNNUM": "6489D",
    "DATE-OBS": "2019-03-22T15:31:01.904", "MJD-OBS": 58564.64654981485,
    "IMGTYPE": "FLAT", "TESTTYPE": "FLAT", "EXPTIME": 2.5, "FILTER": "SDSSi",
    "FILTER2": "ND_OD0.5", "RAFTBAY": "R10", "CCDSLOT": "S22", "LSST_NUM": "ITL-3800C-103",
}  # fmt: skip
LATISS_LABORATORY = {
    "INSTRUME": "LSST_ATISS", "TELESCOP": "LSST_AuxTel", "OBSID": "AT_C_20180920_000065",
    "DAYOBS": "20180920", "SEQNUM": 65, "CONTRLLR": "C",
    "DATE-OBS": "2018-09-21T06:12:18.210", "MJD-OBS": 58382.25854409719,
    "EXPTIME": 27.0, "LSST_NUM": "ITL-3800C-098",
}  # fmt: skip
# A guider's file says neither when nor how long the exposure was.
GUIDER = {
    "INSTRUME": "lsstCam", "TELESCOP": "Simonyi Survey Telescope", "TIMESYS": "TAI",
    "OBSID": "MC_C_20240918_000013", "DAYOBS": "20240918", "SEQNUM": 13, "CONTRLLR": "C",
    "IMGTYPE": "UNKNOWN", "FILTER": "ef_43", "RAFTBAY": "R00", "CCDSLOT": "SG0",
    "LSST_NUM": "ITL-3800C-397", "DAQPART": "guider", "ROICOL": 254, "ROIROW": 975,
    "ROISEG": "Segment03", "GDSSTART": "2024-09-18T13:51:28.474", "N_STAMPS": 102,
}  # fmt: skip
HEADERS: dict[str, dict[str, Any]] = {
    "LSSTCam": LSSTCAM,
    "LSSTComCam": COMCAM,
    "LATISS": LATISS,
    "LSSTCam of a laboratory": LSSTCAM_LABORATORY,
    "LATISS of a laboratory": LATISS_LABORATORY,
}
_TRANSLATOR = HeaderTranslator()


def translated(
    header: dict[str, Any], cards: dict[str, Any] | None = None, **more: Any
) -> ObservationProperties:
    """Translate a header with some cards changed."""
    return _TRANSLATOR.translate_header(header | (cards or {}) | more)


def on(day: str, time: str = "12:00:00") -> dict[str, Any]:
    """Make cards of an exposure at another time; the end is left to the exposure time."""
    return {
        "DAYOBS": day.replace("-", ""),
        "DATE-OBS": f"{day}T{time}",
        "DATE-BEG": f"{day}T{time}",
        "MJD-OBS": None,
        "MJD-BEG": None,
        "DATE-END": None,
    }
