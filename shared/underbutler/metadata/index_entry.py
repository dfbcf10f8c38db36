"""What an index says of a file: its header cards, or what they translate to.

Cards and properties are those of ``astrometadata write-index`` (astro_metadata_translator
``file_helpers.py``). Imported only when there are headers to translate: it takes most of a second.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from astro_metadata_translator import MetadataTranslator, ObservationInfo
from astropy.io.fits import Header, VerifyError

from underbutler.errors import UnknownInstrumentError, UnreadableHeaderError
from underbutler.metadata.cards import Cards
from underbutler.metadata.detectors import detector_cards
from underbutler.metadata.header import FitsHeaders, RangeReader
from underbutler.metadata.translate import HeaderTranslator
from underbutler.metadata.translator_search import find_translator
from underbutler.model.metadata_entry import HDU, ContentMode
from underbutler.model.observation import ObservationProperties

__all__ = ["IndexEntry", "describe_file", "open_headers"]

# FITS 4.0 §4.4.2.4: cards of text, any number of them.
_TEXTS = ("COMMENT", "HISTORY")
_LONGEST_NOTE = 200
# Whoever reads properties without these takes them for an older version's, and fills them in.
_FILLED_IN = ("group_counter_start:", "group_counter_end:", "has_simulated_content:")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """Metadata of one file, in values that JSON has."""

    metadata: Mapping[str, Any] | tuple[Mapping[str, Any], ...]
    """Of a file of many HDUs those of each detector."""
    notes: tuple[str, ...] = ()
    """Cards and properties that were lost, and why."""


def open_headers(read_range: RangeReader) -> FitsHeaders:
    """Read the headers that the entry of most files needs, so that none is waited for later.

    Raises
    ------
    UnreadableHeaderError
        There is no primary header.
    """
    headers = FitsHeaders(read_range)
    if _may_go_on(headers.primary()):
        # Whether it is needed, and what is wrong with it then, shows when the file is described.
        with suppress(UnreadableHeaderError):
            headers.extension()
    return headers


def describe_file(
    headers: FitsHeaders,
    content: ContentMode,
    translator: HeaderTranslator,
    *,
    lists_detectors: bool = False,
) -> IndexEntry:
    """Make a file's entry of its headers.

    Parameters
    ----------
    headers
        Its headers.
    content
        What to write: header cards as they are, or properties of the corrected header.
    translator
        Tells detectors from other HDUs.
    lists_detectors
        Whether a file of many HDUs gets a list of its detectors; otherwise it is refused, since
        an entry that everybody can read describes one.

    Raises
    ------
    UnreadableHeaderError
        No header, a damaged one, or one of many HDUs (kind ``many-detectors``).
    UnknownInstrumentError
        No translator knows the header, whose properties are asked for.
    """
    try:
        found = translator.translate_file(headers)
    except UnknownInstrumentError:
        if content is ContentMode.TRANSLATED:
            raise
        found = []
    detectors = [properties for properties in found if properties.hdu is not None]
    if detectors and not lists_detectors:
        raise UnreadableHeaderError(
            f"The file holds {len(detectors)} detectors, one an HDU; an entry that lists them is "
            "written on request only, with --detectors.",
            kind="many-detectors",
        )
    notes = [problem for properties in found for problem in properties.problems]
    parts: list[dict[str, Any]] = []
    described: Sequence[ObservationProperties | None] = detectors or found[:1] or (None,)
    for properties in described:
        cards, lost = _cards(headers, properties)
        if properties is not None:
            _check(translator.translate_header(cards), properties)
        if content is ContentMode.TRANSLATED:
            cards, lost = translate_cards(translator.corrected(cards))
        if properties is not None and properties.hdu is not None:
            cards[HDU] = properties.hdu
        parts.append(cards)
        notes += lost
    return IndexEntry(
        metadata=tuple(parts) if detectors else parts[0], notes=tuple(dict.fromkeys(notes))
    )


def _cards(
    headers: FitsHeaders, detector: ObservationProperties | None
) -> tuple[dict[str, Any], list[str]]:
    """Take the cards of a detector's HDU, or those of a file that is one detector."""
    primary = headers.primary()
    if detector is not None and detector.hdu is not None:
        hdu = next(islice(headers.hdus(), detector.hdu, None))
        return cards_to_json(detector_cards(hdu, primary, detector.instrument or ""))
    cards, lost = cards_to_json(primary)
    own, lost_too = _next_cards(headers) if _may_go_on(primary) else ({}, [])
    # Over the primary's, whatever they say of inheritance (read_basic_metadata_from_file).
    return cards | own, lost + lost_too


def _check(entry: ObservationProperties, file: ObservationProperties) -> None:
    """Make sure that an entry is of what the file is of: it is made of other HDUs, perhaps."""
    for name in ("instrument", "exposure_id", "detector_num"):
        told, expected = getattr(entry, name), getattr(file, name)
        if told != expected:
            raise UnreadableHeaderError(
                f"The cards that an entry takes give {name} {told}, the file's {expected}."
            )


def _next_cards(headers: FitsHeaders) -> tuple[dict[str, Any], list[str]]:
    try:
        extension = headers.extension()
    except UnreadableHeaderError as error:
        return {}, [f"HDU 1: {error.message}"]
    return ({}, []) if extension is None else cards_to_json(extension)


def _may_go_on(primary: Header) -> bool:
    """Tell whether there may be a second header; whoever says there is none is believed."""
    try:
        return primary.get("EXTEND") is not False
    except (VerifyError, ValueError):
        return True


def cards_to_json(header: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Take the cards of a header, and what was wrong with those that cannot be taken.

    Texts are one string, or a list where there are several, as ``lsst.afw`` gives them. Of a
    keyword given twice the first counts, as it does for who reads the header. A card without
    value, or with a number that is not finite, is null.
    """
    cards: dict[str, Any] = {}
    notes: list[str] = []
    for keyword in dict.fromkeys(header):
        if not keyword:
            continue
        try:
            value = header[keyword]
            if keyword in _TEXTS:
                lines = [str(line) for line in value]
                value = lines if len(lines) != 1 else lines[0]
            cards[keyword] = _plain(value)
        except (VerifyError, ValueError, TypeError) as error:
            notes.append(f"{keyword}: {_why(error)}")
    return cards, notes


def translate_cards(cards: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Translate cards into all properties that there are, as ``ObservationInfo`` writes them.

    What is unknown, not finite included, is left out, as in ``ObservationInfo.to_simple``.

    Returns
    -------
    properties
        By name, in their JSON encoding.
    lost
        What could not be had, and why.

    Raises
    ------
    UnreadableHeaderError
        The translator fails as a whole, or at what readers would fill in (kind ``bad-metadata``).
    UnknownInstrumentError
        Corrections have made the header one that no translator knows.
    """
    # As a header is read: a translator that stumbles over another's header does not know it.
    translator = find_translator(Cards(cards))
    if translator is None:
        raise UnknownInstrumentError("No translator knows the corrected header.")
    with warnings.catch_warnings():
        # Of dates far off: the values say it all.
        warnings.simplefilter("ignore")
        try:
            # Corrections are written over it.
            header = Cards(cards)
            info = ObservationInfo(header, translator_class=translator, quiet=True)
            simple = info.to_simple()
        # Translators are anybody's code and fail in any way.
        except Exception as error:
            raise UnreadableHeaderError(
                f"The header cannot be translated: {_why(error)}.", kind="bad-metadata"
            ) from error
        lost = _failures(translator(header), set(info.all_properties) - set(simple))
    if filled_in := [failure for failure in lost if failure.startswith(_FILLED_IN)]:
        raise UnreadableHeaderError(
            f"The header cannot be translated: {'; '.join(filled_in).rstrip('.')}.",
            kind="bad-metadata",
        )
    properties: dict[str, Any] = {}
    for name, value in simple.items():
        try:
            plain = _plain(value)
        except TypeError as error:
            lost.append(f"{name}: {error}")
            continue
        if plain is not None:
            properties[name] = plain
    return properties, lost


def _failures(translator: MetadataTranslator, names: Iterable[str]) -> list[str]:
    """Ask again for properties that are missing: those that fail are lost, not unknown."""
    failures = []
    for name in sorted(names):
        try:
            getattr(translator, f"to_{name}")()
        except Exception as error:  # noqa: BLE001
            failures.append(f"{name}: {_why(error)}")
    return failures


def _why(error: Exception) -> str:
    why = str(error)[:_LONGEST_NOTE]
    # It may quote the header, which may hold anything.
    return why if why.isprintable() else ascii(why)


def _plain(value: Any) -> Any:
    """Write a value as strict JSON has it; what is not finite, in whole or in part, is None."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (list, tuple)):
        parts = [_plain(part) for part in value]
        return None if None in parts else parts
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")
