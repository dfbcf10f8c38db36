"""Rules of a translator: which cards give a property, and the code that says so."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Missing", "Rule", "promising"]

# Property → parts of keywords that such cards often have.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "exposure_id": ("EXP", "OBS", "RUN", "FRAME", "SEQ", "NUM", "ID", "FILE"),
    "observation_type": ("TYP", "MODE", "KIND", "OBJ", "FRAME"),
    "physical_filter": ("FIL", "BAND", "WHEEL", "FLT"),
    "datetime_begin": ("DATE", "TIME", "MJD", "UT", "JD", "BEG", "START"),
    "exposure_time": ("EXP", "TIME", "INT", "DUR", "OPEN"),
    "detector_num": ("CCD", "DET", "CHIP", "SENS", "CAM", "EXT", "ID"),
}
_MOST_PROMISING = 6
_STRUCTURE = ("NAXIS", "BITPIX", "EXTEND", "SIMPLE", "XTENSION", "PCOUNT", "GCOUNT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one property is read.

    Of its texts, only what `repr` writes comes from a header.
    """

    name: str
    cards: tuple[str, ...] = ()
    """Cards that it is read from; none of what is constant."""
    constant: str = ""
    """Expression of the value, where it is one for all files."""
    mapping: str = ""
    """Expression of the translator's ``_trivial_map``."""
    body: str = ""
    """Statements of the translator's method, not indented."""
    returns: str = "Any"
    """Annotation of what the method returns."""
    summary: str = ""
    """Docstring of the method."""

    @property
    def method(self) -> str:
        """Code of the method, indented as in a class; empty where a table has the rule."""
        if not self.body:
            return ""
        return textwrap.indent(
            "@cache_translation\n"
            f"def to_{self.name}(self) -> {self.returns}:\n"
            f'    """{self.summary}"""\n' + textwrap.indent(self.body.rstrip(), "    "),
            "    ",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A property that ingest requires and no card was recognised to give."""

    name: str
    why: str
    """What was looked for, in words without values of headers."""
    promising: tuple[tuple[str, Any], ...] = ()
    """Cards that may be meant, with their values in the first example."""

    @property
    def rule(self) -> Rule:
        """Rule that fails, and tells whoever reads the failure what to do."""
        cards = ", ".join(f"{keyword} = {value!r}" for keyword, value in self.promising)
        hint = f" Cards that look promising: {cards}." if cards else ""
        message = f"Say in to_{self.name} of translator.py which card gives it.{hint}"
        return Rule(
            name=self.name,
            body=f"# NOT RECOGNISED: {self.why}\nraise NotImplementedError({message!r})",
            summary="Not recognised: to be written.",
        )


def promising(
    name: str, header: Mapping[str, Any], taken: Iterable[str] = ()
) -> tuple[tuple[str, Any], ...]:
    """List the cards of a header whose keywords sound like a property."""
    parts, known = _PARTS.get(name, ()), set(taken)
    return tuple(
        (keyword, value)
        for keyword, value in header.items()
        if keyword not in known
        and not keyword.startswith(_STRUCTURE)
        and any(part in keyword for part in parts)
    )[:_MOST_PROMISING]
