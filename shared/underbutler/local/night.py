"""A small night of realistic raws, made up: files, sidecars and indexes, as a camera drops them."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

__all__ = [
    "HSC_DETECTORS",
    "Drop",
    "HscExposure",
    "LatissSnap",
    "bad_files",
    "hsc_header",
    "make_fits",
    "make_index",
    "make_night",
]

_BLOCK = 2880
HSC_DETECTORS = 112

# A patch of noise around the bias level: small, since nothing here reads pixels but the demo.
_IMAGE_SHAPE = (41, 64)
_MJD_EPOCH = datetime(1858, 11, 17)  # noqa: DTZ001 - the origin of MJD, in whatever scale
# TAI − UTC since 2017-01-01 (IERS Bulletin C 52), s.
_TAI_MINUS_UTC = timedelta(seconds=37)
_JD_MINUS_MJD = 2400000.5


@dataclass(frozen=True, slots=True)
class Drop:
    """An object to put into the bucket."""

    key: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HscExposure:
    """One exposure of Hyper Suprime-Cam."""

    id: int
    begin_utc: datetime
    """Without time zone."""
    target: str
    ra: str
    """h:m:s."""
    dec: str
    """d:m:s."""
    filter: str = "HSC-r"
    data_type: str = "OBJECT"
    exposure_time_s: float = 150.0

    @property
    def name(self) -> str:
        """EXP-ID of its headers."""
        return f"HSCE{self.id:08d}"

    def key(self, detector: int, suffix: str = ".fits") -> str:
        """Key of a detector's file."""
        return f"hsc/{self.begin_utc:%Y-%m-%d}/{self.name}/{self.name}-{detector:03d}{suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatissSnap:
    """One snap of LATISS; those with one ``first`` and ``last`` are a visit."""

    day_obs: int
    """YYYYMMDD."""
    seq_num: int
    first: int
    last: int
    begin_utc: datetime
    """Without time zone."""
    ra_deg: float
    dec_deg: float
    rotation_deg: float
    target: str = "HD 185975"
    exposure_time_s: float = 30.0

    @property
    def name(self) -> str:
        """Observation ID."""
        return f"AT_O_{self.day_obs}_{self.seq_num:06d}"

    @property
    def key(self) -> str:
        """Key of its file."""
        return f"latiss/{self.day_obs}/{self.name}/{self.name}_R00_S00.fits"

    def translated(self) -> dict[str, Any]:
        """Make what a translator would make of its header (``ObservationInfo.to_simple``)."""
        end = self.begin_utc + timedelta(seconds=self.exposure_time_s)
        group = f"{self.begin_utc - timedelta(seconds=(self.seq_num - self.first) * 32):%FT%T}.000"
        return {
            "_translator": "LSST_LATISS",
            "telescope": "Rubin Auxiliary Telescope",
            "instrument": "LATISS",
            "exposure_id": self.day_obs * 100_000 + self.seq_num,
            "observation_id": self.name,
            "observation_type": "science",
            "observation_reason": "spectroscopy",
            "exposure_group": group,
            "physical_filter": "SDSSr~empty",
            "datetime_begin": _jd_tai(self.begin_utc),
            "datetime_end": _jd_tai(end),
            "exposure_time": self.exposure_time_s,
            "exposure_time_requested": self.exposure_time_s,
            "dark_time": self.exposure_time_s + 0.24,
            "observing_day": self.day_obs,
            "observing_day_offset": 43200,
            "observation_counter": self.seq_num,
            "group_counter_start": self.first,
            "group_counter_end": self.last,
            "object": self.target,
            "science_program": "SITCOM-1",
            "tracking_radec": [self.ra_deg, self.dec_deg],
            "boresight_rotation_angle": self.rotation_deg,
            "boresight_rotation_coord": "sky",
            "altaz_begin": [125.2, 45.7],
            "has_simulated_content": False,
            "can_see_sky": True,
            "detector_num": 0,
            "detector_name": "S00",
            "detector_group": "RXX",
            "detector_unique_name": "RXX_S00",
        }


def make_night() -> Iterator[Sequence[Drop]]:
    """Make the demo's night.

    Yields
    ------
    drops
        What arrives together, in order of arrival: an exposure's files and what describes them.
        Some exposures have sidecars, one has an index, the others speak by their headers.
    """
    evening = datetime(2026, 3, 1, 5, 0)  # noqa: DTZ001 - UTC, as headers write it
    step = timedelta(seconds=180)
    bias = HscExposure(
        id=300_000, begin_utc=evening, target="BIAS", ra="00:00:00.000", dec="+00:00:00.00",
        data_type="BIAS", exposure_time_s=0.0,
    )  # fmt: skip
    fields = [
        HscExposure(
            id=300_002 + 2 * number,
            begin_utc=evening + (number + 1) * step,
            target=f"COSMOS-{number + 1}",
            ra=f"10:00:{28 + 4 * number:02d}.600",
            dec=f"+02:{12 + number:02d}:21.00",
            filter=band,
        )
        for number, band in enumerate(("HSC-r", "HSC-i2", "HSC-g"))
    ]
    yield [*_bare(bias)]
    yield [*_bare(fields[0])]
    yield [*_with_sidecars(fields[1])]
    yield [*_with_index(fields[2])]
    snaps = [
        LatissSnap(
            day_obs=20260301, seq_num=348 + number, first=348, last=349,
            begin_utc=datetime(2026, 3, 2, 2, 57) + number * timedelta(seconds=32),  # noqa: DTZ001
            ra_deg=222.0091, dec_deg=-45.0607, rotation_deg=358.485,
        )
        for number in range(2)
    ]  # fmt: skip
    yield [
        drop
        for snap in snaps
        for drop in (
            Drop(snap.key, make_fits({"INSTRUME": "LATISS", "OBSID": snap.name})),
            Drop(snap.key.replace(".fits", ".json"), _sidecar(snap.translated(), "translated")),
        )
    ]


def bad_files() -> dict[str, Drop]:
    """Make what goes wrong at observatories, by what it is; the last is good, for all its key."""
    exposure = HscExposure(
        id=300_008, begin_utc=datetime(2026, 3, 1, 5, 15), target="COSMOS-4",  # noqa: DTZ001
        ra="10:00:44.600", dec="+02:16:21.00",
    )  # fmt: skip
    whole = make_fits(hsc_header(exposure, 0))
    folder = "hsc/2026-03-01/odd"
    return {
        "corrupt FITS": Drop(f"{folder}/corrupt.fits", whole[:1200] + bytes(4000)),
        "bad JSON": Drop(f"{folder}/half.json", b'{"__CONTENT__": "metadata", "EXP-ID": '),
        "unknown instrument": Drop(
            f"{folder}/mystery.fits", make_fits({"INSTRUME": "Kaleidoscope", "TELESCOP": "Toy"})
        ),
        "odd key": Drop(f"{folder}/raw +1 \N{GREEK SMALL LETTER ALPHA}.fits", whole),
    }


def _bare(exposure: HscExposure) -> Iterator[Drop]:
    for detector in range(HSC_DETECTORS):
        yield Drop(exposure.key(detector), make_fits(hsc_header(exposure, detector)))


def _with_sidecars(exposure: HscExposure) -> Iterator[Drop]:
    for detector in range(HSC_DETECTORS):
        header = hsc_header(exposure, detector)
        yield Drop(exposure.key(detector, ".json"), _sidecar(header, "metadata"))
        yield Drop(exposure.key(detector), make_fits(header))


def _with_index(exposure: HscExposure) -> Iterator[Drop]:
    headers = {
        exposure.key(detector).rpartition("/")[2]: hsc_header(exposure, detector)
        for detector in range(HSC_DETECTORS)
    }
    folder = exposure.key(0).rpartition("/")[0]
    for name, header in headers.items():
        yield Drop(f"{folder}/{name}", make_fits(header))
    yield Drop(f"{folder}/_index.json", make_index(headers, "metadata"))


def hsc_header(exposure: HscExposure, detector: int) -> dict[str, Any]:
    """Make the header of one CCD: the keywords that the summit writes, as of 2015."""
    begin = exposure.begin_utc
    end = begin + timedelta(seconds=exposure.exposure_time_s)
    begin_mjd = (begin - _MJD_EPOCH) / timedelta(days=1)
    end_mjd = (end - _MJD_EPOCH) / timedelta(days=1)
    return {
        "SIMPLE": True, "BITPIX": 16, "NAXIS": 2, "NAXIS1": _IMAGE_SHAPE[1],
        "NAXIS2": _IMAGE_SHAPE[0], "EXTEND": False, "BUNIT": "ADU", "BSCALE": 1.0,
        "BZERO": 32768.0, "TIMESYS": "UTC",
        "DATE-OBS": f"{begin:%Y-%m-%d}", "UT-STR": f"{begin:%H:%M:%S}.000",
        "UT-END": f"{end:%H:%M:%S}.000", "UT": f"{begin:%H:%M:%S}.029",
        "MJD-STR": round(begin_mjd, 8), "MJD-END": round(end_mjd, 8), "MJD": round(begin_mjd, 8),
        "ZD-STR": 37.35, "ZD-END": 36.81, "AIRMASS": 1.257, "AZIMUTH": 115.5572,
        "ALTITUDE": 52.6496, "PROP-ID": "o26001", "OBSERVER": "Underbutler demo",
        "FRAMEID": f"HSCA{(exposure.id + detector) % 10**8:08d}", "EXP-ID": exposure.name,
        "DATASET": "NODATA", "OBS-MOD": "IMAG", "OBS-ALOC": "Observation",
        "DATA-TYP": exposure.data_type, "OBJECT": exposure.target,
        "RA": exposure.ra, "DEC": exposure.dec, "RA2000": exposure.ra, "DEC2000": exposure.dec,
        "RADESYS": "FK5", "EQUINOX": 2000.0, "OBSERVAT": "NAOJ", "TELESCOP": "Subaru",
        "FOC-POS": "PRIME", "FOC-VAL": 3.83, "FILTER01": exposure.filter,
        "EXPTIME": exposure.exposure_time_s, "INSTRUME": "Hyper Suprime-Cam",
        "DETECTOR": "notSet", "DET-ID": detector, "DET-TMP": -99.775, "BIN-FCT1": 1,
        "BIN-FCT2": 1, "WEATHER": "Fine", "INST-PA": 0.0, "INR-STR": -58.084469,
        "INR-END": -58.084469, "DOM-TMP": 279.65, "OUT-TMP": 278.35, "DOM-HUM": 7.4,
        "OUT-HUM": 8.6, "DOM-PRS": 625.4, "OUT-PRS": 625.4, "M2-POS1": -2.927017,
        "M2-POS2": -4.3757, "M2-POS3": 5.079848, "T_XFLIP": False, "T_YFLIP": False,
        "T_CCDSN": f"{detector % 200:03d}", "T_NFRAME": HSC_DETECTORS, "T_CCDTV": -99.775,
        "T_BEEID": detector % 4, "T_SDOID": detector % 28,
        "T_GAIN1": 3.18, "T_GAIN2": 3.19, "T_GAIN3": 3.35, "T_GAIN4": 3.45,
    }  # fmt: skip


def make_fits(header: Mapping[str, Any]) -> bytes:
    """Make a FITS file of a header and a small image (FITS 4.0 §3, §4)."""
    rows, columns = _IMAGE_SHAPE
    structure = {
        "SIMPLE": True, "BITPIX": 16, "NAXIS": 2, "NAXIS1": columns, "NAXIS2": rows,
        "BZERO": 32768.0, "BSCALE": 1.0,
    }  # fmt: skip
    cards = {**structure, **header, **structure}
    text = "".join(_card(keyword, value) for keyword, value in cards.items()) + "END".ljust(80)
    pixels = [(1000 + (7919 * n) % 31) - 32768 for n in range(rows * columns)]
    data = struct.pack(f">{len(pixels)}h", *pixels)
    return _padded(text.encode("ascii"), b" ") + _padded(data, b"\x00")


def make_index(headers: Mapping[str, Mapping[str, Any]], content: str) -> bytes:
    """Make an index of files: what they have in common once, the rest for each."""
    first, *others = headers.values()
    common = {
        keyword: value
        for keyword, value in first.items()
        if all(keyword in other and other[keyword] == value for other in others)
    }
    own = {
        name: {keyword: value for keyword, value in header.items() if keyword not in common}
        for name, header in headers.items()
    }
    return json.dumps({"__CONTENT__": content, "__COMMON__": common, **own}).encode()


def _sidecar(entry: Mapping[str, Any], content: str) -> bytes:
    return json.dumps({**entry, "__CONTENT__": content}).encode()


def _card(keyword: str, value: Any) -> str:
    if isinstance(value, bool):
        written = f"{'T' if value else 'F':>20}"
    elif isinstance(value, str):
        quoted = value.replace("'", "''")
        written = f"'{quoted:<8}'"
    else:
        written = f"{value!r:>20}".upper()
    return f"{keyword:<8}= {written}".ljust(80)[:80]


def _padded(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % _BLOCK)


def _jd_tai(time_utc: datetime) -> list[float]:
    """Write a time as a two-part Julian date of TAI."""
    days = (time_utc + _TAI_MINUS_UTC - _MJD_EPOCH) / timedelta(days=1)
    return [float(int(days)) + _JD_MINUS_MJD, days - int(days)]
