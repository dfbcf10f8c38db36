"""Header cards as translators see them: read lazily, changed without touching the original."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from astropy.io.fits import VerifyError

from underbutler.metadata.hdu import bad_card

__all__ = ["Cards"]

_MISSING = object()
# Written by astro_metadata_translator (headers.py, HIERARCH) where it has corrected a header.
_SENTINELS = ("HIERARCH ASTRO METADATA FIX", "ASTRO METADATA FIX")


class Cards(MutableMapping[str, Any]):
    """Header cards that remember which of them were looked at.

    What translators compute is a function of the cards they look at; whoever knows these knows
    when another header gives the same.

    Parameters
    ----------
    header
        Cards, by keyword: an astropy ``Header`` or a JSON object.
    """

    def __init__(self, header: Mapping[str, Any]) -> None:
        self._header = header
        self.changes: dict[str, Any] = {}
        """Cards set or, as a marker, removed by header corrections."""
        self.looked_at: dict[str, Any] = {}
        """Original values of the cards that were asked for; a marker for the absent."""
        self.asked: dict[str, None] = {}
        """Keywords that were asked for since somebody last forgot them, in order."""
        self.listed = False
        """Whether all keywords were listed, so that the result may depend on which there are."""

    def original(self, keyword: str) -> Any:
        """Take a card's value before corrections; a marker when there is none.

        Raises
        ------
        UnreadableHeaderError
            The card cannot be parsed.
        """
        # The mark of an earlier correction would keep corrections off: a file cannot ask for that.
        if keyword.startswith(_SENTINELS):
            return _MISSING
        try:
            return self._header.get(keyword, _MISSING)
        except (VerifyError, ValueError) as error:
            raise bad_card(keyword, error) from error

    def keywords(self) -> tuple[str, ...]:
        """Name the cards before corrections, each once, sorted."""
        return tuple(sorted(set(self._header)))

    def __getitem__(self, keyword: str) -> Any:
        self.asked[keyword] = None
        value = self.changes[keyword] if keyword in self.changes else self._look(keyword)
        if value is _MISSING:
            raise KeyError(keyword)
        return value

    def __contains__(self, keyword: object) -> bool:
        self.asked[str(keyword)] = None
        if keyword in self.changes:
            return self.changes[str(keyword)] is not _MISSING
        return self._look(str(keyword)) is not _MISSING

    def __setitem__(self, keyword: str, value: Any) -> None:
        self.changes[keyword] = value

    def __delitem__(self, keyword: str) -> None:
        if keyword not in self:
            raise KeyError(keyword)
        self.changes[keyword] = _MISSING

    def __iter__(self) -> Iterator[str]:
        self.listed = True
        # Keywords alone: one card that cannot be parsed is named by whoever looks at it.
        keywords = dict.fromkeys([*self._header, *self.changes])
        return iter([keyword for keyword in keywords if self._has(keyword)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _has(self, keyword: str) -> bool:
        if keyword in self.changes:
            return self.changes[keyword] is not _MISSING
        return not keyword.startswith(_SENTINELS)

    def _look(self, keyword: str) -> Any:
        if keyword not in self.looked_at:
            self.looked_at[keyword] = self.original(keyword)
        return self.looked_at[keyword]
