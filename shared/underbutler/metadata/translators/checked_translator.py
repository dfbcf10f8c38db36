"""A translator that reads cards through `keywords`, and says which it has used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from astro_metadata_translator import FitsTranslator

from underbutler.metadata.translators import keywords

__all__ = ["CheckedTranslator"]

Value = TypeVar("Value")

# No exposure takes a day.
_LONGEST_EXPOSURE_S = 86_400.0


class CheckedTranslator(FitsTranslator):
    """Reads cards: what is unknown is None, what is wrong is an error naming the keyword."""

    def _text(self, *names: str) -> str | None:
        return self._first(keywords.text, names)

    def _label(self, *names: str) -> str | None:
        return self._first(keywords.label, names)

    def _first(
        self, read: Callable[[Mapping[str, Any], str], Value | None], names: tuple[str, ...]
    ) -> Value | None:
        """Read the first of some cards that is known."""
        self._used_these_cards(*names)
        for name in names:
            value = read(self._header, name)
            if value is not None:
                return value
        return None

    def _number(self, name: str, low: float, high: float) -> float | None:
        self._used_these_cards(name)
        return keywords.number(self._header, name, low, high)

    def _whole_number(self, name: str, low: int, high: int) -> int | None:
        self._used_these_cards(name)
        return keywords.whole_number(self._header, name, low, high)

    def _seconds(self, name: str) -> float | None:
        return self._number(name, 0.0, _LONGEST_EXPOSURE_S)

    def _needed(self, value: Value | None, *names: str) -> Value:
        if value is None:
            raise KeyError(f"The header gives no {' nor '.join(names)}.")
        return value
