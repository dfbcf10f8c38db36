"""Numbers of exposures, of their groups, and of detectors in exposures; pure."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime

__all__ = ["CONTROLLERS", "SIMULATORS", "detector_exposure_id", "exposure_id", "visit_id"]

# lsst/obs_lsst, translators/lsst.py: OCS, CCS, phoSim, simulated OCS, simulated CCS, simulated
# images; the order counts.
CONTROLLERS = ("O", "C", "H", "P", "Q", "S")
SIMULATORS = ("H", "P", "Q", "S")

# lsst/obs_lsst, translators/lsst.py: last day on which a controller counted on its own. phoSim
# always does.
_LAST_OWN_COUNT = {"C": 20231004, "P": 20250417, "Q": 20250417, "S": 20250417}
_THOUSAND_YEARS = 1000_00_00

# lsst/obs_lsst, _packer.py: RubinDimensionPackerConfig.
_DETECTORS = 256
_SEQUENCE_NUMBERS = 32768
_DAYS = 16384
_FIRST_DAY = date(2010, 1, 1)

# Such as 2024-06-25T01:26:31.895#1.
_GROUP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3})(?:[+#](\d+))?", re.ASCII)
_GROUP_EPOCH = datetime(2015, 1, 1)  # noqa: DTZ001 - as groups are written


def exposure_id(day_obs: int, seq_num: int, controller: str | None) -> int:
    """Number an exposure: the day, then the sequence number in five digits.

    Parameters
    ----------
    day_obs
        YYYYMMDD.
    seq_num
        Number within the day, up to 99,999.
    controller
        One of `CONTROLLERS`, which tell exposures apart as long as each counted on its own: each
        adds a thousand years more. None adds nothing.
    """
    if controller is not None and day_obs <= _LAST_OWN_COUNT.get(controller, day_obs):
        day_obs += CONTROLLERS.index(controller) * _THOUSAND_YEARS
    return day_obs * 100_000 + seq_num


def detector_exposure_id(exposure: int, detector: int) -> int:
    """Number a detector's view of an exposure (lsst/obs_lsst ``_packer.py``, ``pack_id_pair``).

    Raises
    ------
    ValueError
        The exposure's day is none.
    """
    day_obs, seq_num = divmod(exposure, 100_000)
    controller = day_obs // _THOUSAND_YEARS - 2
    year, rest = divmod(day_obs - controller * _THOUSAND_YEARS, 10_000)
    days = (date(year, *divmod(rest, 100)) - _FIRST_DAY).days
    return detector + _DETECTORS * (seq_num + _SEQUENCE_NUMBERS * (days + _DAYS * controller))


def visit_id(group: str) -> int:
    """Number a group of exposures (lsst/obs_lsst, translators/lsst.py, ``to_visit_id``).

    A group that is a number is its own; one named after a time gives milliseconds since 2015 and
    four digits of its suffix; any other gives a hash, with the name's length after it.
    """
    try:
        return int(group)
    except ValueError:
        pass
    if named := _GROUP.fullmatch(group):
        second, milliseconds, suffix = named.groups()
        since = datetime.fromisoformat(second) - _GROUP_EPOCH
        return int(f"{int(since.total_seconds())}{milliseconds}{int(suffix or 0):04d}")
    digest = hashlib.blake2b(group.encode("ascii")).hexdigest()
    return int(f"{int(digest[:14], 16)}{len(group):02d}")
