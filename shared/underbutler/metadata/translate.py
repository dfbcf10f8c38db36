"""Headers translated into properties of an observation, by astro_metadata_translator.

Imported only when there is a header to translate: it takes most of a second. No network from
inside: what would be downloaded ships with the packages or is given here.
"""

from __future__ import annotations

import logging
import re
import reprlib
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from astro_metadata_translator import MetadataTranslator, fix_header

from underbutler.errors import (
    MissingPropertyError,
    UnknownInstrumentError,
    UnreadableHeaderError,
)
from underbutler.metadata.cards import Cards
from underbutler.metadata.corrections import Corrections, CorrectionSource
from underbutler.metadata.detectors import check_detectors, detector_cards, is_science_detector
from underbutler.metadata.hdu import Hdu, with_inherited
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.offline import forbid_downloads
from underbutler.metadata.property_values import (
    DETECTOR_PROPERTIES,
    EXPOSURE_PROPERTIES,
    cards_of,
    take_properties,
)
from underbutler.metadata.translated import properties_from_translated
from underbutler.metadata.translator_search import (
    also_by_plugins,
    find_translator,
    known_instruments,
    reads_extensions,
)
from underbutler.metadata.translators import latiss, lsstcam, lsstcomcam  # noqa: F401 - registers them
from underbutler.model.observation import (
    AppliedCorrections,
    ObservationProperties,
    is_refused,
)

__all__ = ["HeaderTranslator"]

_LOG = logging.getLogger(__name__)

# megaprime.py, to_detector_name: a dummy for headers that are no detector's.
_NO_DETECTOR = ("MegaPrime", "ccd99")
# Both go into the name of a file that is looked up; file systems take 255 bytes.
_UNSAFE_NAME = re.compile(r"[/\\\x00]|\.\.")
_LONGEST_NAME_BYTES = 100
_LONGEST_PROBLEM = 200
# Exposures whose files arrive interleaved; each holds a few dozen values.
_REMEMBERED_EXPOSURES = 8


@dataclass(frozen=True, slots=True)
class _Translation:
    """What the cards of one header gave, and which cards these were."""

    translator: type[MetadataTranslator]
    looked_at: Mapping[str, Any]
    changes: Mapping[str, Any]
    keywords: tuple[str, ...] | None
    """All of its keywords, where the translator listed them; their order does not matter."""
    values: Mapping[str, Any]
    lost: Mapping[str, str]
    """Property that could not be had → why."""
    identity: tuple[str, str] | None
    """Instrument and observation ID before corrections, which corrections are named after."""
    corrections: Corrections | None

    def holds_for(self, translator: type[MetadataTranslator], cards: Cards) -> bool:
        return (
            translator is self.translator
            and all(_is_same(cards.original(name), value) for name, value in self.looked_at.items())
            and (self.keywords is None or self.keywords == cards.keywords())
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
    corrections
        Where to look for corrections of headers, before the places that astro_metadata_translator
        knows: the first that has any for an exposure is the only one
        (astro_metadata_translator ``fix_header``). It is asked once for an exposure until `forget`.
    """

    def __init__(self, corrections: CorrectionSource | None = None) -> None:
        self._source = corrections
        self._found: dict[tuple[str, str], Corrections | None] = {}
        self._exposures: deque[_Translation] = deque(maxlen=_REMEMBERED_EXPOSURES)
        forbid_downloads()

    def forget(self) -> None:
        """Ask for corrections again: at the beginning of each batch, as they may have changed.

        What is translated stays remembered, together with the corrections that went into it.
        """
        self._found.clear()

    @_without_warnings()
    def translate_file(self, headers: FitsHeaders) -> list[ObservationProperties]:
        """Translate the headers of a FITS file.

        The primary header if a translator knows it (obs_base ``RawIngestTask.extractMetadata``),
        else with the next header's cards over it. Of an instrument whose files have a header for
        each detector, the headers of all image HDUs that name a detector by a card of their own;
        other HDUs, and detectors for focus and guiding, are passed over.

        Returns
        -------
        detectors
            One for each, in the order of HDUs, with its HDU; without, where the file has but one.

        Raises
        ------
        UnreadableHeaderError
            No header, one of several that is damaged, or HDUs that contradict each other.
        UnknownInstrumentError
            No translator knows the header.
        MissingPropertyError
            A name that could not be a file's, or a detector's number that is none.
        MetadataError
            Its corrections are none.
        """
        return also_by_plugins(lambda: self._translate_file(headers))

    @_without_warnings()
    def translate_header(self, header: Mapping[str, Any]) -> ObservationProperties:
        """Translate one header; errors as those of `translate_file`."""
        return also_by_plugins(lambda: self._translate_header(header))

    @_without_warnings()
    def corrected(self, header: Mapping[str, Any]) -> Mapping[str, Any]:
        """Lay the curators' corrections over a header; those of translators come after.

        Raises
        ------
        MissingPropertyError
            A name that could not be a file's.
        MetadataError
            The corrections are none.
        """
        translator = find_translator(Cards(header))
        identity = None if translator is None else _identity(translator(Cards(header)))
        corrections = self._find_corrections(identity)
        return header if corrections is None else {**header, **corrections.cards}

    def _translate_file(self, headers: FitsHeaders) -> list[ObservationProperties]:
        primary = headers.primary()
        translator = find_translator(Cards(primary))
        if translator is not None and not reads_extensions(translator):
            return [self._translate(Cards(primary), translator)]
        extension = headers.extension()
        if extension is None:
            return [self._translate_header(primary)]
        header = with_inherited(extension, primary)
        translator = find_translator(Cards(header)) or translator
        if translator is None or not reads_extensions(translator):
            return [self._translate_header(header)]
        detectors = self._translate_hdus(headers, translator)
        return detectors or [self._translate(Cards(header), translator)]

    def _translate_header(self, header: Mapping[str, Any]) -> ObservationProperties:
        cards = Cards(header)
        translator = find_translator(cards)
        if translator is None:
            name = cards.get("INSTRUME", cards.get("TELESCOP"))
            raise UnknownInstrumentError(
                f"No translator knows the header's instrument {reprlib.repr(name)}."
                if name is not None
                else "The header names no instrument that a translator knows.",
                hint=f"Known: {', '.join(known_instruments())}.",
            )
        return self._translate(Cards(header), translator)

    def _translate_hdus(
        self, headers: FitsHeaders, translator: type[MetadataTranslator]
    ) -> list[ObservationProperties]:
        """Translate the headers of detectors; none when no HDU names one."""
        primary = headers.primary()
        found = []
        images = []
        for hdu in headers.hdus():
            with _named(hdu):
                if not hdu.is_image:
                    continue
                images.append(hdu.number)
                cards = detector_cards(hdu, primary, translator.name)
                detector = _own_detector(hdu, Cards(cards), translator)
                if detector is None or not is_science_detector(translator.name, detector):
                    continue
                properties = self._translate(Cards(cards), translator)
                properties.hdu = hdu.number
                found.append(properties)
        check_detectors(found)
        if len(found) == 1 and images in ([0], [1]):
            # The whole file is the dataset: whoever reads it finds the one image.
            found[0].hdu = None
        return found

    def _translate(
        self, cards: Cards, translator: type[MetadataTranslator]
    ) -> ObservationProperties:
        exposure = self._remembered(cards, translator)
        if exposure is None:
            exposure = self._translate_exposure(cards, translator)
            self._exposures.append(exposure)
        cards.changes = dict(exposure.changes)
        values, lost = take_properties(translator(cards), DETECTOR_PROPERTIES)
        if (translator.name, values.get("detector_name")) == _NO_DETECTOR:
            values, lost = {}, {"detector_num": "EXTNAME names no detector"}
        lost = {**exposure.lost, **lost}
        properties = properties_from_translated({**exposure.values, **values})
        for name in lost:
            # Not a value that stands in for what older indexes do not have.
            setattr(properties, name, None)
        properties.problems[:0] = [f"{name}: {why}" for name, why in lost.items()]
        properties.problems += [
            f"{name}: read from {', '.join(cards_of(translator(cards), name)) or 'no card'}"
            for name in (*EXPOSURE_PROPERTIES, *DETECTOR_PROPERTIES)
            if name not in lost and is_refused(properties, name)
        ]
        if exposure.corrections is not None:
            properties.corrections = AppliedCorrections(
                uri=exposure.corrections.uri, keywords=tuple(sorted(exposure.corrections.cards))
            )
        return properties

    def _remembered(
        self, cards: Cards, translator: type[MetadataTranslator]
    ) -> _Translation | None:
        for known in self._exposures:
            if (
                known.holds_for(translator, cards)
                # Asked for since then, corrections are other objects, changed or not.
                and known.corrections is self._find_corrections(known.identity)
            ):
                return known
        return None

    def _find_corrections(self, identity: tuple[str, str] | None) -> Corrections | None:
        if self._source is None or identity is None:
            return None
        if identity not in self._found:
            found = self._source.find(*identity)
            # A file that corrects nothing is passed over (fix_header, _find_from_file).
            self._found[identity] = found if found is not None and found.cards else None
        return self._found[identity]

    def _translate_exposure(
        self, cards: Cards, translator: type[MetadataTranslator]
    ) -> _Translation:
        identity = _identity(translator(cards))
        # By the names before correction, so that a correction may change these.
        corrections = self._find_corrections(identity)
        if corrections is None or identity is None:
            fix_header(cards, search_path=[], translator_class=translator)
        else:
            cards.update(corrections.cards)
            _fix(cards, translator, identity)
        values, lost = take_properties(translator(cards), EXPOSURE_PROPERTIES)
        return _Translation(
            translator=translator,
            looked_at=dict(cards.looked_at),
            changes=dict(cards.changes),
            keywords=cards.keywords() if cards.listed else None,
            values=values,
            lost=lost,
            identity=identity,
            corrections=corrections,
        )


@contextmanager
def _named(hdu: Hdu) -> Iterator[None]:
    """Say of which HDU an error is."""
    try:
        yield
    except (UnreadableHeaderError, MissingPropertyError) as error:
        error.message = f"HDU {hdu.number}: {error.message}"
        raise


def _own_detector(hdu: Hdu, cards: Cards, translator: type[MetadataTranslator]) -> int | None:
    """Take the number of a detector that an HDU names by a card of its own; None without any.

    Raises
    ------
    MissingPropertyError
        It names something that is no number.
    """
    value: Any = None
    why = ""
    try:
        value = translator(cards).to_detector_num()
    except UnreadableHeaderError:
        raise
    # What is absent may well be; translators fail in any other way of what is there.
    except KeyError:
        pass
    except Exception as error:  # noqa: BLE001
        why = ascii(error)[:_LONGEST_PROBLEM]
    own = [cards.looked_at[keyword] for keyword in cards.looked_at if keyword in hdu.header]
    if not own or (value is None and not why and None not in own):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise MissingPropertyError(
        f"What should name its detector names none: {reprlib.repr(own)}. {why}".rstrip(),
        kind="bad-value",
    )


def _identity(translator: MetadataTranslator) -> tuple[str, str] | None:
    """Take what corrections are named after; None without, when there can be none.

    Raises
    ------
    MissingPropertyError
        No file could be called so.
    """
    values, _ = take_properties(translator, ("instrument", "observation_id"))
    for name, value in values.items():
        if value is not None and _is_unsafe(str(value)):
            raise MissingPropertyError(
                f"{name} is {str(value)[:60]!r}, which no file could be named after.",
                kind="bad-text",
            )
    instrument, observation_id = values.get("instrument"), values.get("observation_id")
    if instrument is None or observation_id is None:
        return None
    return str(instrument), str(observation_id)


def _fix(cards: Cards, translator: type[MetadataTranslator], identity: tuple[str, str]) -> None:
    """Let a translator correct what it knows of, as astro_metadata_translator's ``fix_header``."""
    try:
        translator.fix_header(cards, *identity)
    # Translators are anybody's code and fail in any way; what they cannot correct stays.
    except Exception as error:  # noqa: BLE001
        _LOG.warning("The translator's own corrections of %s-%s fail: %s", *identity, error)


def _is_unsafe(name: str) -> bool:
    return (
        _UNSAFE_NAME.search(name) is not None
        or len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME_BYTES
    )
