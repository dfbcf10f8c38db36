"""Headers translated into properties of an observation, by astro_metadata_translator.

Imported only when there is a header to translate: it takes most of a second. No network from
inside: what would be downloaded ships with the packages or is given here.
"""

from __future__ import annotations

import logging
import re
import reprlib
import warnings
from collections import ChainMap, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import astropy.units as u
from astro_metadata_translator import MetadataTranslator, fix_header
from astropy.coordinates import EarthLocation
from astropy.coordinates.sites import SiteRegistry
from astropy.utils import data, iers

from underbutler.errors import (
    MissingPropertyError,
    UnknownInstrumentError,
    UnreadableHeaderError,
)
from underbutler.metadata.cards import Cards
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.translated import properties_from_translated
from underbutler.model.observation import ObservationProperties

__all__ = ["HeaderTranslator"]

_LOG = logging.getLogger(__name__)

# obs_base RawIngestTask.getObservationInfoSubsets: what is required is checked afterwards.
_EXPOSURE_PROPERTIES = (
    "instrument",
    "exposure_id",
    "observation_id",
    "observation_type",
    "observation_reason",
    "exposure_group",
    "physical_filter",
    "datetime_begin",
    "datetime_end",
    "observing_day",
    "observing_day_offset",
    "exposure_time_requested",
    "dark_time",
    "observation_counter",
    "group_counter_start",
    "group_counter_end",
    "object",
    "science_program",
    "tracking_radec",
    "boresight_rotation_angle",
    "boresight_rotation_coord",
    "altaz_begin",
    "has_simulated_content",
    "can_see_sky",
)
_DETECTOR_PROPERTIES = (
    "detector_num",
    "detector_unique_name",
    "detector_name",
    "detector_group",
)
# Translators of a way to write headers, not of an instrument.
_FORMATS = {"VisitInfo"}
# megaprime.py, to_detector_name: a dummy for headers that are no detector's.
_NO_DETECTOR = ("MegaPrime", "ccd99")
# Both go into the name of a file that is looked up; file systems take 255 bytes.
_UNSAFE_NAME = re.compile(r"[/\\\x00]|\.\.")
_LONGEST_NAME_BYTES = 100
_LONGEST_PROBLEM = 200
# Exposures whose files arrive interleaved; each holds a few dozen values.
_REMEMBERED_EXPOSURES = 8

# Geocentric positions that translators ask astropy for by name, which would download them:
# astro_metadata_translator decam.py and megaprime.py (fall-back locations), m.
_SITES = {
    "ctio": (1814303.74553723, -5214365.7436216, -3187340.56598756),
    "CFHT": (-5464301.77135369, -2493489.8730419, 2151085.16950589),
}


@dataclass(frozen=True, slots=True)
class _Translation:
    """What the cards of one header gave, and which cards these were."""

    translator: type[MetadataTranslator]
    looked_at: Mapping[str, Any]
    changes: Mapping[str, Any]
    values: Mapping[str, Any]
    problems: tuple[str, ...]

    def holds_for(self, translator: type[MetadataTranslator], cards: Cards) -> bool:
        return translator is self.translator and all(
            _is_same(cards.original(keyword), value) for keyword, value in self.looked_at.items()
        )


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep quiet about dates far off and cards not quite standard: the values say it all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _is_same(first: Any, second: Any) -> bool:
    # 1, 1.0 and T are equal, and no two of them mean the same.
    return type(first) is type(second) and bool(first == second)


class HeaderTranslator:
    """Translates headers; what detectors of an exposure have in common, once.

    Parameters
    ----------
    correction_folders
        Where to look for header corrections, ``<instrument>-<observation_id>.yaml``, before the
        places that astro_metadata_translator knows.
    """

    def __init__(self, correction_folders: Iterable[str] = ()) -> None:
        self._correction_folders = list(correction_folders)
        self._exposures: deque[_Translation] = deque(maxlen=_REMEMBERED_EXPOSURES)
        _forbid_downloads()

    @_without_warnings()
    def translate_file(self, headers: FitsHeaders) -> ObservationProperties:
        """Translate the headers of a FITS file that holds one detector.

        The primary header if a translator knows it (obs_base ``RawIngestTask.extractMetadata``),
        else with the next header's cards over it.

        Raises
        ------
        UnreadableHeaderError
            No header, or a file of several detectors.
        UnknownInstrumentError
            No translator knows the header.
        MissingPropertyError
            A name that could not be a file's.
        """
        primary = headers.primary()
        translator = _find_translator(Cards(primary))
        if translator is not None and not _reads_extensions(translator):
            return self._translate(Cards(primary), translator)
        extension = headers.extension()
        if extension is None:
            return self.translate_header(primary)
        header = extension
        if Cards(extension).get("INHERIT") is not False:
            # Both as they are: merged into one, every card would have to be parsed.
            header = ChainMap(extension, primary)
        translator = _find_translator(Cards(header)) or translator
        if translator is not None and _reads_extensions(translator) and headers.goes_on():
            raise UnreadableHeaderError(
                "The file holds several detectors, one an HDU; such files are not read yet.",
                kind="many-detectors",
            )
        return self.translate_header(header)

    @_without_warnings()
    def translate_header(self, header: Mapping[str, Any]) -> ObservationProperties:
        """Translate one header; errors as those of `translate_file`."""
        cards = Cards(header)
        translator = _find_translator(cards)
        if translator is None:
            name = cards.get("INSTRUME", cards.get("TELESCOP"))
            raise UnknownInstrumentError(
                f"No translator knows the header's instrument {reprlib.repr(name)}."
                if name is not None
                else "The header names no instrument that a translator knows.",
                hint=f"Known: {', '.join(sorted(set(MetadataTranslator.translators) - _FORMATS))}.",
            )
        return self._translate(Cards(header), translator)

    def _translate(
        self, cards: Cards, translator: type[MetadataTranslator]
    ) -> ObservationProperties:
        for known in self._exposures:
            if known.holds_for(translator, cards):
                exposure = known
                break
        else:
            exposure = self._translate_exposure(cards, translator)
            if not cards.listed:
                self._exposures.append(exposure)
        cards.changes = dict(exposure.changes)
        values, problems = _take(translator(cards), _DETECTOR_PROPERTIES)
        if (translator.name, values.get("detector_name")) == _NO_DETECTOR:
            values, problems = {}, ["detector_num: the header names no detector"]
        properties = properties_from_translated({**exposure.values, **values})
        properties.problems[:0] = [*exposure.problems, *problems]
        return properties

    def _translate_exposure(
        self, cards: Cards, translator: type[MetadataTranslator]
    ) -> _Translation:
        for name in ("instrument", "observation_id"):
            value = _take(translator(cards), (name,))[0].get(name)
            if value is not None and _is_unsafe(str(value)):
                raise MissingPropertyError(
                    f"{name} is {str(value)[:60]!r}, which no file could be named after.",
                    kind="bad-text",
                )
        fix_header(cards, search_path=self._correction_folders, translator_class=translator)
        values, problems = _take(translator(cards), _EXPOSURE_PROPERTIES)
        return _Translation(
            translator=translator,
            looked_at=dict(cards.looked_at),
            changes=dict(cards.changes),
            values=values,
            problems=tuple(problems),
        )


def _take(translator: MetadataTranslator, names: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Ask a translator for properties, in their JSON encoding; and what it could not give."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name in names:
        definition = translator.all_properties[name]
        try:
            value = getattr(translator, f"to_{name}")()
            if value is not None and not definition.is_value_conformant(value):
                if definition.from_simple is None:
                    raise TypeError(f"{type(value).__name__} is not {definition.str_type}")
                value = definition.from_simple(value)
            if value is not None and definition.to_simple is not None:
                value = definition.to_simple(value)
        except UnreadableHeaderError:
            raise
        # Translators are anybody's code and fail in any way: each property stands for itself.
        except Exception as error:  # noqa: BLE001
            why = str(error)[:_LONGEST_PROBLEM]
            # It may quote the header, which may hold anything.
            problems.append(f"{name}: {why if why.isprintable() else ascii(why)}")
            continue
        values[name] = value
    return values, problems


def _is_unsafe(name: str) -> bool:
    return (
        _UNSAFE_NAME.search(name) is not None
        or len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME_BYTES
    )


def _find_translator(cards: Cards) -> type[MetadataTranslator] | None:
    """Find the first that knows the header (``MetadataTranslator.determine_translator``)."""
    for translator in MetadataTranslator.translators.values():
        try:
            if translator.can_translate(cards):
                return translator
        except UnreadableHeaderError:
            raise
        # One that stumbles over another instrument's header does not know it.
        except Exception:  # noqa: BLE001, S112
            continue
    return None


def _reads_extensions(translator: type[MetadataTranslator]) -> bool:
    """Tell whether an instrument's files have a header a detector, after the primary one."""
    own: Any = translator.determine_translatable_headers
    general: Any = MetadataTranslator.determine_translatable_headers
    return own.__func__ is not general.__func__


def _forbid_downloads() -> None:
    """Let astropy use what it ships with: a Lambda has no way out, and no time for it."""
    iers.conf.auto_download = False
    iers.conf.iers_degraded_accuracy = "ignore"
    data.conf.allow_internet = False
    registry = SiteRegistry()
    for name, position in _SITES.items():
        registry.add_site([name], EarthLocation.from_geocentric(*position, unit=u.m))
    EarthLocation._site_registry = registry  # noqa: SLF001
