"""Cards recognised in an instrument's examples: a draft of how its headers are read."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from underbutler.errors import UserError
from underbutler.metadata.instrument_plugin.examples import (
    Example,
    is_number,
    is_text,
    with_all,
    with_some,
)
from underbutler.metadata.instrument_plugin.identity import detector_rules, exposure_rules
from underbutler.metadata.instrument_plugin.pointing import pointing_rules
from underbutler.metadata.instrument_plugin.rules import Missing, Rule, promising
from underbutler.metadata.instrument_plugin.times import begins_of, time_rules

__all__ = ["Draft", "draft_of"]

Header = Mapping[str, Any]

_INSTRUMENTS = ("INSTRUME", "INSTRUMT", "INSTRNAM", "INSTNAME", "CAMERA", "TELESCOP")
_TYPES = (
    *("IMAGETYP", "OBSTYPE", "OBS-TYPE", "OBS_TYPE", "IMGTYPE", "EXPTYPE", "FRAMETYP", "DATA-TYP"),
    *("OBJTYPE", "IMTYPE", "ESO DPR TYPE"),
)
_FILTERS = (
    *("FILTER", "FILTNAM", "FILTNAME", "FILTER-ID", "FILTERID", "FILTERS", "FILT", "FILTER01"),
    *("FILTID", "INSFILTE", "FWNAME", "ESO INS FILT1 NAME"),
)
_TWO_FILTERS = ("FILTER1", "FILTER2")
# Optional properties that are a text as it stands.
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "object": ("OBJECT", "TARGET", "OBJNAME", "TARGNAME", "FIELD"),
    "science_program": (
        *("PROPID", "PROP-ID", "PROPOSID", "PROGRAM", "PROG-ID", "PROGID", "PROPOSAL", "PROJECT"),
        *("ESO OBS PROG ID",),
    ),
    "telescope": ("TELESCOP",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """How an instrument's headers are to be read."""

    card: str
    """Card that names the instrument."""
    values: tuple[str, ...]
    """What that card says."""
    rules: tuple[Rule, ...]
    missing: tuple[Missing, ...]
    needed: tuple[str, ...]
    """Cards that only the image's own header has, so that the primary one is not enough."""
    in_hdus: bool
    """Whether a file holds several detectors, an HDU each."""

    def header_of(self, example: Example) -> Header:
        """Take the header that a translator is given."""
        in_primary = self.card in example.primary and not self.needed and not self.in_hdus
        return example.primary if in_primary else example.header

    def with_rules(self, rules: Sequence[Rule]) -> Draft:
        """Put other rules in place of those of the same properties."""
        names = {rule.name for rule in rules}
        kept = [rule for rule in self.rules if rule.name not in names]
        return replace(self, rules=(*kept, *rules))


def draft_of(examples: Sequence[Example]) -> Draft:
    """Recognise the cards of an instrument.

    Raises
    ------
    UserError
        No card names the instrument, or the files are of several.
    """
    units = {keyword: unit for example in examples for keyword, unit in example.units.items()}
    headers = [example.header for example in examples]
    card, values = _instrument(headers)
    rules, missing = _recognise(headers, units)
    in_hdus = any(example.hdu is not None for example in examples)
    primaries = [example.primary for example in examples]
    needed: tuple[str, ...] = ()
    if not in_hdus and all(card in primary for primary in primaries):
        own_rules, own_missing = _recognise(primaries, units)
        if _cards(own_rules) != _cards(rules) or len(own_missing) > len(missing):
            needed = _only_in_images(headers, primaries, rules)
    return Draft(
        card=card,
        values=values,
        rules=tuple(rules),
        missing=tuple(missing),
        needed=needed,
        in_hdus=in_hdus,
    )


def _only_in_images(
    headers: Sequence[Header], primaries: Sequence[Header], rules: Sequence[Rule]
) -> tuple[str, ...]:
    cards = sorted({keyword for rule in rules for keyword in rule.cards})
    found = [
        keyword
        for keyword in cards
        if all(keyword in header for header in headers)
        and not all(keyword in primary for primary in primaries)
    ]
    # Where both headers have the cards, with values of their own, this tells them apart.
    return tuple(found) or ("XTENSION",)


def _cards(rules: Sequence[Rule]) -> dict[str, tuple[str, ...]]:
    return {rule.name: rule.cards for rule in rules}


def _instrument(headers: Sequence[Header]) -> tuple[str, tuple[str, ...]]:
    for card in with_all(headers, _INSTRUMENTS, is_text):
        values = tuple(sorted({str(header[card]) for header in headers}))
        if len(values) > 1:
            raise UserError(
                f"The files are of several instruments: {card} is {', '.join(map(repr, values))}.",
                hint="Give the files of one.",
            )
        return card, values
    raise UserError(
        f"The headers name no instrument: none of {', '.join(_INSTRUMENTS)} is in all of them.",
        hint="Without such a card nobody could tell whose a file is.",
    )


def _recognise(
    headers: Sequence[Header], units: Mapping[str, str]
) -> tuple[list[Rule], list[Missing]]:
    rules, missing = time_rules(headers, units)
    begins: list[Hashable] = begins_of(headers, rules)
    detectors, more_missing = detector_rules(headers, begins)
    numbers = _detector_labels(headers, detectors)
    rules += [*exposure_rules(headers, begins, numbers), *detectors]
    missing += more_missing
    taken = [card for rule in rules for card in rule.cards]
    for name, rule in (
        ("physical_filter", _filter(headers)),
        ("observation_type", _type(headers)),
    ):
        if rule is not None:
            rules.append(rule)
        else:
            found = promising(name, headers[0], taken)
            why = "no known card has it in every file."
            missing.append(Missing(name=name, why=why, promising=found))
    for name, keywords in _TEXTS.items():
        rules.append(_text(name, headers, keywords))
    rules += pointing_rules(headers, units)
    rules.append(Rule(name="detector_group", constant="None"))
    return rules, missing


def _detector_labels(headers: Sequence[Header], rules: Sequence[Rule]) -> list[Hashable]:
    cards = [card for rule in rules if rule.name == "detector_num" for card in rule.cards]
    return [tuple(str(header.get(card)) for card in cards) for header in headers]


def _text(name: str, headers: Sequence[Header], keywords: Sequence[str]) -> Rule:
    """Find an optional text, which may be blank or missing in some files."""
    for keyword in with_some(headers, keywords, lambda value: isinstance(value, str)):
        if any(is_text(header.get(keyword)) for header in headers):
            return Rule(
                name=name,
                cards=(keyword,),
                body=f'return str(self._header.get({keyword!r}) or "").strip() or None',
                returns="str | None",
                summary="As the header has it.",
            )
    return Rule(name=name, constant="None")


def _filter(headers: Sequence[Header]) -> Rule | None:
    cards = list(with_some(headers, _FILTERS, lambda it: isinstance(it, str) or is_number(it)))[:1]
    cards = cards or list(with_some(headers, _TWO_FILTERS, lambda it: isinstance(it, str)))
    if not cards:
        return None
    return Rule(
        name="physical_filter",
        cards=tuple(cards),
        body=(
            f"cards = {cards!r}\n"
            "names = [str(self._header[card]).strip() for card in cards if self.is_key_ok(card)]\n"
            'return "~".join(name for name in names if name) or "unknown"'
        ),
        returns="str",
        summary="Name the filter.",
    )


def _type(headers: Sequence[Header]) -> Rule | None:
    for keyword in with_all(headers, _TYPES, is_text):
        return Rule(
            name="observation_type",
            cards=(keyword,),
            body=(
                f"given = str(self._header[{keyword!r}]).strip().lower()\n"
                "return _TYPES.get(given, given)"
            ),
            returns="str",
            summary="Name the kind of exposure: science is what was taken of the sky.",
        )
    return None
