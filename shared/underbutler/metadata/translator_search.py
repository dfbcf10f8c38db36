"""Which translator knows a header, of those that are registered and those that plug-ins bring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from astro_metadata_translator import MetadataTranslator

from underbutler.errors import UnknownInstrumentError, UnreadableHeaderError
from underbutler.metadata.cards import Cards
from underbutler.metadata.instruments.catalogue import instrument_names, load_plugin_translators

__all__ = ["also_by_plugins", "find_translator", "known_instruments", "reads_extensions"]

# Translators of a way to write headers, not of an instrument.
_FORMATS = {"VisitInfo"}

_Result = TypeVar("_Result")


def find_translator(cards: Cards) -> type[MetadataTranslator] | None:
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


def known_instruments() -> list[str]:
    """Name the instruments that have a translator, in order."""
    registered = set(instrument_names())
    return sorted(
        translator.supported_instrument if translator.supported_instrument in registered else name
        for name, translator in MetadataTranslator.translators.items()
        if name not in _FORMATS
    )


def also_by_plugins(translate: Callable[[], _Result]) -> _Result:
    """Translate; with the translators of plug-ins, too, when no other knows the header."""
    known = len(MetadataTranslator.translators)
    try:
        return translate()
    except UnknownInstrumentError:
        load_plugin_translators()
        if len(MetadataTranslator.translators) == known:
            raise
    return translate()


def reads_extensions(translator: type[MetadataTranslator]) -> bool:
    """Tell whether an instrument's files have a header a detector, after the primary one."""
    own: Any = translator.determine_translatable_headers
    general: Any = MetadataTranslator.determine_translatable_headers
    return own.__func__ is not general.__func__
