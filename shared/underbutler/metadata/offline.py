"""Astropy without a network: what it would download ships with the packages or is given here."""

from __future__ import annotations

import astropy.units as u
from astropy.coordinates import EarthLocation
from astropy.coordinates.sites import SiteRegistry
from astropy.utils import data, iers

__all__ = ["forbid_downloads"]

# Geocentric positions that translators ask astropy for by name, which would download them:
# astro_metadata_translator decam.py and megaprime.py (fall-back locations), m.
_SITES = {
    "ctio": (1814303.74553723, -5214365.7436216, -3187340.56598756),
    "CFHT": (-5464301.77135369, -2493489.8730419, 2151085.16950589),
}


def forbid_downloads() -> None:
    """Let astropy use what it ships with: a Lambda has no way out, and no time for it."""
    iers.conf.auto_download = False
    iers.conf.iers_degraded_accuracy = "ignore"
    data.conf.allow_internet = False
    registry = SiteRegistry()
    for name, position in _SITES.items():
        registry.add_site([name], EarthLocation.from_geocentric(*position, unit=u.m))
    EarthLocation._site_registry = registry  # noqa: SLF001
