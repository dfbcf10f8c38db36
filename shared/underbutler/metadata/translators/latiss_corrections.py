"""What is known to be wrong in headers of LATISS; pure.

Dates and values: lsst/obs_lsst, python/lsst/obs/lsst/translators/latiss.py, ``fix_header``.
"""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from underbutler.metadata.translators import keywords
from underbutler.metadata.translators.lsst_times import tai_mjd

__all__ = ["latiss_corrections"]

Header = MutableMapping[str, Any]

_START_AND_END = ("RASTART", "DECSTART", "RAEND", "DECEND")
# TAI taken for UTC: 37 s of the sky's rotation.
_RA_OF_37_S_DEG = 37.0 / 3600.0 * 15.0


def latiss_corrections(
    header: Mapping[str, Any],
    obsid: str | None,
    begin_mjd: Callable[[Mapping[str, Any]], float],
) -> dict[str, Any]:
    """Find the cards to correct, and their right values; None for what is unknown.

    A card that cannot be read is left as it is: who translates it will say so.

    Parameters
    ----------
    header
        The header, which is not touched.
    obsid
        Name of the exposure, such as ``AT_O_20200128_000379``.
    begin_mjd
        How to tell when a corrected header's exposure began: modified Julian date of TAI.
    """
    changes: dict[str, Any] = {}
    corrected: Header = ChainMap(changes, header)  # type: ignore[arg-type]
    _add_name(corrected, obsid)
    _replace_1970(corrected)
    try:
        begin = begin_mjd(corrected)
    except (KeyError, ValueError):
        return changes
    for since, until, correct in _STEPS:
        if since < begin < until:
            with suppress(ValueError):
                correct(corrected)
    return changes


def _add_name(header: Header, obsid: str | None) -> None:
    """Complete what early headers say of the exposure's name, day and number."""
    if "OBSID" not in header:
        header["OBSID"] = obsid
    parts = (obsid or "").split("_", 3)
    _, _, day, seq_num = parts if len(parts) == 4 else ("", "", "", "")
    if keywords.is_unknown(header, "DAYOBS"):
        header["DAYOBS"] = day if len(day) == 8 else header.get("OBS-NITE")
    if keywords.is_unknown(header, "SEQNUM") and seq_num.isascii() and seq_num.isdecimal():
        header["SEQNUM"] = int(seq_num)


def _replace_1970(header: Header) -> None:
    """Replace dates of a clock that had not been set by when the file was written (late 2019)."""
    dates = [str(header.get(keyword) or "1970") for keyword in ("DATE-OBS", "DATE-BEG")]
    if not header.get("DATE-OBS") or not all(date.startswith("1970") for date in dates):
        return
    header["DATE-OBS"] = header["DATE-BEG"] = header.get("DATE")
    header["MJD-OBS"] = header["MJD-BEG"] = header.get("MJD")
    _clear_end(header)


def _clear_end(header: Header) -> None:
    """Forget the end: in which time scale it is, nobody knows."""
    header["DATE-END"] = header["MJD-END"] = None


def _name_new_sensor(header: Header) -> None:
    """Name the sensor that was put in on that day; headers went on naming the old one."""
    header["LSST_NUM"] = "ITL-3800C-068"


def _take_type_from_group(header: Header) -> None:
    """Move the type of observation to where it belongs; it was written as the group."""
    group = keywords.text(header, "GROUPID")
    if group is None or group.startswith("test"):
        return
    kind = keywords.text(header, "IMGTYPE")
    if kind is not None:
        if kind == group:
            header["GROUPID"] = None
    elif "_" in group:
        # Such as dark_0001_0002: still a group.
        header["IMGTYPE"] = group.partition("_")[0]
    elif group.upper() != "FOCUS" and group.upper().startswith("FOCUS"):
        header["IMGTYPE"] = "FOCUS"
    else:
        header["IMGTYPE"], header["GROUPID"] = group, None


def _call_objects_tests(header: Header) -> None:
    """Call early observations of objects what they were."""
    if header.get("IMGTYPE") == "OBJECT":
        header["IMGTYPE"] = "ENGTEST"


def _convert_radians(header: Header) -> None:
    for keyword in ("RA", "DEC"):
        _change(header, keyword, math.degrees)


def _forget_shutter_time(header: Header) -> None:
    """Forget how long the shutter was open; never opened is not to be forgotten."""
    if header.get("SHUTTIME"):
        header["SHUTTIME"] = None


def _name_object(header: Header) -> None:
    if "OBJECT" not in header and header.get("IMGTYPE") == "OBJECT":
        header["OBJECT"] = "NOTSET"


def _strip_mark_of_spectra(header: Header) -> None:
    """Name targets alike, dispersed or not."""
    name = keywords.text(header, "OBJECT")
    if name is not None:
        header["OBJECT"] = name.replace("spec:", "")


def _name_tracking(header: Header) -> None:
    if header.get("TRACKSYS") in ("SIDEREAL", ""):
        header["TRACKSYS"] = "RADEC" if header["TRACKSYS"] else None


def _forget_start_and_end(header: Header) -> None:
    """Forget positions computed for another place on Earth; those asked for remain."""
    header.update(dict.fromkeys(_START_AND_END))


def _convert_hours(header: Header) -> None:
    for keyword in ("RASTART", "RAEND"):
        _change(header, keyword, lambda hours: hours * 15.0)


def _add_37_seconds(header: Header) -> None:
    for keyword in ("RASTART", "RAEND"):
        _change(header, keyword, lambda degrees: degrees + _RA_OF_37_S_DEG)


def _turn_angle(header: Header) -> None:
    if (angle := keywords.number(header, "ROTPA", -720.0, 720.0)) is not None:
        header["ROTPA"] = angle - 180.0


def _move_south(header: Header) -> None:
    """Put the telescope on the right side of the equator."""
    z = keywords.number(header, "OBSGEO-Z", -1e7, 1e7)
    if z is not None and z > 0.0:
        header["OBSGEO-Z"] = -z


def _change(header: Header, keyword: str, convert: Callable[[float], float]) -> None:
    """Convert a position; zero is written for want of one."""
    if value := keywords.number(header, keyword, -361.0, 361.0):
        header[keyword] = convert(value)


_EVER = (-math.inf, math.inf)
# Since when and until when (UTC), and what to do; the order counts.
_STEPS: tuple[tuple[float, float, Callable[[Header], None]], ...] = (
    (tai_mjd("2019-06-24"), math.inf, _name_new_sensor),
    (-math.inf, tai_mjd("2020-02-01"), _clear_end),
    (-math.inf, tai_mjd("2019-11-07"), _take_type_from_group),
    (-math.inf, tai_mjd("2020-01-27T20:00"), _call_objects_tests),
    (-math.inf, tai_mjd("2020-01-28T22:00"), _convert_radians),
    (*_EVER, _forget_shutter_time),
    (*_EVER, _name_object),
    (-math.inf, tai_mjd("2022-07-10"), _strip_mark_of_spectra),
    (*_EVER, _name_tracking),
    (-math.inf, tai_mjd("2020-05-01"), _forget_start_and_end),
    (tai_mjd("2020-05-01"), tai_mjd("2021-02-11T18:45"), _convert_hours),
    (tai_mjd("2020-05-01"), tai_mjd("2021-02-12"), _add_37_seconds),
    (tai_mjd("2020-11-19"), tai_mjd("2021-10-29"), _turn_angle),
    (*_EVER, _move_south),
)
