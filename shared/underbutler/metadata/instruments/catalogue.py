"""The instruments Underbutler knows: those it brings, and those that plug-ins add.

Which headers belong to an instrument, and how they are read, is the translators' business.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from underbutler.errors import ConfigurationError, NotFoundError
from underbutler.model.auxiliary import Auxiliary
from underbutler.model.instrument import Camera, CameraDetector, Grouper, Instrument

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "PLUGIN_GROUP",
    "instrument_names",
    "load_instrument",
    "load_plugin_translators",
]

_LOG = logging.getLogger(__name__)

PLUGIN_GROUP = "underbutler.instruments"
"""Entry points named as an instrument, each loading to an `Instrument`."""

_DATA = Path(__file__).parent / "data"

# Instrument → class that registers it, as lsst.utils.introspection.get_full_type_name writes it:
# _instrument.py of lsst/obs_subaru, obs_decam, obs_cfht and obs_lsst. Here and not with the data,
# so that a class name finds its file without the others being read.
_CLASS_NAMES = {
    "DECam": "lsst.obs.decam.DarkEnergyCamera",
    "HSC": "lsst.obs.subaru.HyperSuprimeCam",
    "LATISS": "lsst.obs.lsst.Latiss",
    "LSSTCam": "lsst.obs.lsst.LsstCam",
    "LSSTComCam": "lsst.obs.lsst.LsstComCam",
    "MegaPrime": "lsst.obs.cfht.MegaPrime",
    "SuprimeCam": "",  # no Butler instrument ever described it
}
_BY_CLASS_NAME = {class_name: name for name, class_name in _CLASS_NAMES.items() if class_name}


def load_instrument(name: str) -> Instrument:
    """Load an instrument, by its name or by the name of the Butler's class.

    Only this one is read, and once; plug-ins are looked at for names that are not packaged.

    Parameters
    ----------
    name
        Such as ``HSC``, ``lsst.obs.subaru.HyperSuprimeCam``, or with the private module in which
        the class is written, ``lsst.obs.subaru._instrument.HyperSuprimeCam``.

    Raises
    ------
    NotFoundError
        No such instrument.
    ConfigurationError
        A plug-in does not load, or not to the instrument it is named after.
    """
    packaged = _BY_CLASS_NAME.get(_public(name), name)
    if packaged in _CLASS_NAMES:
        return _load_packaged(packaged)
    if name in _plugins():
        return _load_plugin(name)
    for plugin in _plugins() if "." in name else ():
        # One that is broken must not hide the others; whoever asks for its own name is told.
        with suppress(ConfigurationError):
            if _load_plugin(plugin).class_name == _public(name):
                return _load_plugin(plugin)
    raise NotFoundError(f"No instrument is called {name!r}.", hint=_suggest(name), instrument=name)


def instrument_names() -> tuple[str, ...]:
    """Name all instruments that can be loaded, in order of name."""
    return tuple(sorted(_CLASS_NAMES.keys() | _plugins().keys()))


@cache
def load_plugin_translators() -> tuple[ConfigurationError, ...]:
    """Import the translators that plug-ins bring, once: astro_metadata_translator then knows them.

    They are for headers that no other translator knows, so that a plug-in cannot keep the
    instruments that are brought along from working; nor can one that is broken keep the others.

    Returns
    -------
    problems
        One for each plug-in that could not be used, naming it and what to do; they are logged, too.
    """
    problems = []
    for name in sorted(_plugins()):
        try:
            _load_translator(name)
        except ConfigurationError as error:
            _LOG.warning("%s", error)
            problems.append(error)
    return tuple(problems)


def _public(class_name: str) -> str:
    """Take private modules out of a class name (lsst.utils get_full_type_name)."""
    return ".".join(part for part in class_name.split(".") if not part.startswith("_"))


def _suggest(name: str) -> str:
    from difflib import get_close_matches

    known = instrument_names()
    spellings = {spelling.lower(): spelling for spelling in (*_BY_CLASS_NAME, *known)}
    likely = get_close_matches(name.lower(), spellings, n=1)
    question = f"Did you mean {spellings[likely[0]]!r}? " if likely else ""
    return f"{question}Known: {', '.join(known)}."


@cache
def _load_packaged(name: str) -> Instrument:
    table: Any = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
    return Instrument(
        name=name,
        class_name=_CLASS_NAMES[name],
        visit_max=table["visit_max"],
        exposure_max=table["exposure_max"],
        detector_max=table["detector_max"],
        visit_system=table["visit_system"],
        grouper=Grouper(table["grouper"]),
        camera=_camera(table["camera"]),
        bands={name: band for band, names in table["bands"].items() for name in names},
        auxiliaries=tuple(Auxiliary(**item) for item in table.get("auxiliaries", ())),
    )


def _camera(table: Any) -> Camera | None:
    if table is None:
        return None
    return Camera(
        detectors=tuple(
            _detector(dict(zip(table["columns"], row, strict=True))) for row in table["detectors"]
        ),
        focal_plane_x_flipped=table["focal_plane_x_flipped"],
    )


def _detector(row: dict[str, Any]) -> CameraDetector:
    # x and y of the four corners, one after the other.
    flat = row.pop("field_angle_corners_deg")
    return CameraDetector(
        field_angle_corners_deg=tuple(zip(flat[::2], flat[1::2], strict=True)), **row
    )


@cache
def _plugins() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {
        entry.name: entry
        for entry in entry_points(group=PLUGIN_GROUP)
        if entry.name not in _CLASS_NAMES
    }


@cache
def _load_plugin(name: str) -> Instrument:
    entry = _plugins()[name]
    instrument = _import(entry, "instrument", entry)
    if not isinstance(instrument, Instrument) or instrument.name != name:
        raise ConfigurationError(
            f"{_plugin(entry, 'instrument')} gives {instrument!r:.80}.",
            hint="It must give an underbutler Instrument of the entry point's own name.",
        )
    return instrument


def _load_translator(name: str) -> None:
    from importlib.metadata import EntryPoint

    entry = _plugins()[name]
    value = _load_plugin(name).translator
    if not value:
        return
    given = EntryPoint(name, value, PLUGIN_GROUP)
    translator = _import(given, "translator", entry)
    # One without a name is not registered (MetadataTranslator.__init_subclass__).
    if not isinstance(translator, type) or getattr(translator, "name", None) != name:
        raise ConfigurationError(
            f"{_plugin(given, 'translator', entry)} gives {translator!r:.80}.",
            hint="It must give a MetadataTranslator whose name is the instrument's.",
        )


def _import(wanted: EntryPoint, what: str, plugin: EntryPoint) -> Any:
    try:
        return wanted.load()
    # Plug-ins are anybody's code and fail in any way.
    except Exception as error:
        raise ConfigurationError(
            f"{_plugin(wanted, what, plugin)} does not load: {type(error).__name__}: {error}.",
            hint="Repair or uninstall the package it comes from.",
        ) from error


def _plugin(wanted: EntryPoint, what: str, plugin: EntryPoint | None = None) -> str:
    """Name what a plug-in gives, and the package that has to be repaired."""
    dist = (plugin or wanted).dist
    package = f" of package {dist.name!r}" if dist else ""
    return f"The {what} of plug-in {wanted.name!r} ({wanted.value}){package}"
