"""Bands of filters that nobody described, as far as their names leave no doubt.

Each observatory names its filters by a rule of its own; a name counts only where it is that rule's
as a whole. What a rule does not say stays unknown: a wrong band would be searched by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["infer_band"]

# Rule, whose group is the band but for its case. obs_cfht filters.py; obs_decam decamFilters.py,
# whose narrow filters are bands of their own; obs_lsst filters.py: glass and serial number, and the
# laboratory's SDSS glasses; obs_subaru hscFilters.py; Subaru's Suprime-Cam filters, of which W-S-…
# are Sloan's and W-J-… Johnson's.
_DECAM = re.compile(r"([ugrizY]) DECam (?:SDSS )?c\d{4} \d+\.\d \d+\.\d")
_LSST = re.compile(r"([ugrizy])_\d{1,3}|SDSS([ugrizyY])")
_RULES: Mapping[str, re.Pattern[str]] = {
    "DECam": _DECAM,
    "HSC": re.compile(r"HSC-([GRIZY])\d?"),
    "LATISS": re.compile(r"SDSS([ugrizy])(?:_65mm)?"),
    "LSSTCam": _LSST,
    "LSSTComCam": _LSST,
    "MegaPrime": re.compile(r"([ugriz])\.MP9\d{3}"),
    "SuprimeCam": re.compile(r"W-S-([GRIZ])\+"),
}
# Instrument → narrow filters: the letter and the central wavelength in nm are the band, without
# leading zeros.
_NARROW: Mapping[str, re.Pattern[str]] = {
    "DECam": re.compile(r"(N)([1-9]\d{2}) DECam c\d{4} \d+\.\d \d+\.\d"),
    "HSC": re.compile(r"([NI])B0*([1-9]\d{2,3})"),
}
# Of instruments without a rule. Letters alone only where they mean one band: Johnson's are
# capitals, and y is also Strömgren's, in the yellow.
_SYSTEM = r"(?:SDSS|Sloan|PS1|Pan-?STARRS1?|LSST|DES|DECam)"
_GENERAL = re.compile(
    rf"([ugriz])'?(?:[-_. ]?band)?|{_SYSTEM}[-_. ]?([ugrizy])'?|([ugrizy])'?[-_. ]{_SYSTEM}"
)
_GENERAL_CAPITALS = re.compile(rf"{_SYSTEM}[-_. ]?([GRIZY])")
# What LATISS carries beside a filter (obs_lsst filters.py): none of it chooses a band.
_LATISS_GRATING = re.compile(
    r"empty|ronchi\d+lpmm|holo\d+_\d+|blue\d+lpmm_qn\d+|pinhole(?:_\d)+_\d{4}"
)
_WHITE = "white"


def infer_band(instrument: str, physical_filter: str, known: Mapping[str, str]) -> str | None:
    """Infer the band of a filter from its name.

    - DECam: ``g DECam SDSS c0001 4720.0 1520.0`` → g; ``N501 DECam c0020 5010.0 75.0`` → N501.
    - HSC: ``HSC-Z2`` → z; ``NB0395`` → N395, ``IB0945`` → I945, as obs_subaru names the bands.
    - LSSTCam, LSSTComCam: ``i_39`` → i; ``SDSSr`` → r. Neutral densities and pinholes: unknown.
    - LATISS: filter and grating, either first: the filter's band; of no filter: white.
    - MegaPrime: ``g.MP9402`` → g. SuprimeCam: ``W-S-R+`` → r.
    - Others: u, g, r, i, z as they are, with a prime or ``band``, and with y where a survey's
      system is named, such as ``SDSS g'`` or ``z_DECam``.

    Parameters
    ----------
    instrument
        Short name.
    physical_filter
        The filter's name.
    known
        Filter → band, of those that were described: what a combination may be made of.

    Returns
    -------
    band
        None when in doubt.
    """
    if instrument == "LATISS":
        return _of_combination(physical_filter, known)
    if narrow := _NARROW.get(instrument):
        found = narrow.fullmatch(physical_filter)
        if found:
            return found[1] + found[2]
    return _of_glass(instrument, physical_filter)


def _of_glass(instrument: str, name: str) -> str | None:
    rules = [_RULES[instrument]] if instrument in _RULES else [_GENERAL, _GENERAL_CAPITALS]
    for rule in rules:
        found = rule.fullmatch(name)
        if found:
            return next(letter for letter in found.groups() if letter).lower()
    return None


def _of_combination(name: str, known: Mapping[str, str]) -> str | None:
    parts = name.split("~")
    filters = [part for part in parts if not _LATISS_GRATING.fullmatch(part)]
    if not filters:
        return _WHITE if parts[0] == "empty" else None
    # What nobody knows beside a filter is a new grating.
    found = {
        band
        for part in filters
        if (band := _of_glass("LATISS", part) or (len(parts) > 1 and known.get(part)))
    } - {"unknown"}
    return found.pop() if len(found) == 1 else None
