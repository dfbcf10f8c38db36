"""Which cards tell exposures apart, and which the detectors of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from underbutler.metadata.instrument_plugin.examples import is_text, with_all
from underbutler.metadata.instrument_plugin.rules import Missing, Rule, promising

__all__ = ["detector_rules", "exposure_rules", "number_in"]

Header = Mapping[str, Any]

# In order of how surely they number exposures, for ever.
_EXPOSURES = (
    *("EXPID", "EXP-ID", "EXP_ID", "EXPNUM", "EXPNO", "OBSID", "OBS-ID", "OBS_ID", "OBSNUM"),
    *("RUN", "RUNNUM", "RUN-ID", "FRAMEID", "FRAME-ID", "FRAMENO", "IMAGE-ID", "UNIQUEID", "SHOT"),
)
# These begin again every night, or may.
_OF_A_NIGHT = ("SEQNUM", "SEQ-NUM", "SEQ_NUM", "SEQNO", "IMGNUM", "IMGNO", "FRAMENUM", "FILENUM")
_OBSERVATION_IDS = ("OBSID", "OBS-ID", "OBS_ID", "EXPID", "EXP-ID", "EXP_ID", "FRAMEID", "OBSNAME")
_DETECTORS = (
    *("CCDNUM", "CCDID", "CCD-ID", "CCD_ID", "CCDNO", "DETNUM", "DETID", "DET-ID", "DET_ID"),
    *("CHIPNUM", "CHIPID", "CHIP-ID", "CHIP_ID", "CHIPNO", "SENSORID", "SENSOR", "CCD", "CHIP"),
    *("CAMNUM", "DETECTOR", "DETNAME", "CCDNAME", "CHIPNAME"),
)
# These may also number the amplifiers of a detector.
_IMAGES = ("EXTNAME", "IMAGEID", "EXTVER")
_DETECTOR_NAMES = ("DETNAME", "CCDNAME", "CHIPNAME", "DETECTOR", "SENSOR", "EXTNAME")
_MOST_DIGITS = 18
_SEQUENCE_DIGITS = 5
_ONE_NUMBER = re.compile(r"\D*(\d{1,9})\D*")


def number_in(value: object) -> int | None:
    """Read a card as a whole number: of a text, all its digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        digits = "".join(re.findall(r"\d", value))
        return int(digits) if digits and len(digits) <= _MOST_DIGITS else None
    if isinstance(value, (int, float)) and value == int(value) and 0 <= value < 10**_MOST_DIGITS:
        return int(value)
    return None


def detector_rules(
    headers: Sequence[Header], begins: Sequence[Hashable]
) -> tuple[list[Rule], list[Missing]]:
    """Find what numbers the detectors: it differs among files that begin at one time.

    Parameters
    ----------
    headers
        Headers of the examples.
    begins
        What each says of its beginning.
    """
    keywords = (*_DETECTORS, *_IMAGES)
    for keyword in with_all(headers, keywords, lambda it: _detector_number(it) is not None):
        values = [_detector_number(header[keyword]) for header in headers]
        if _are_unique(values, begins) and (keyword in _DETECTORS or len(set(values)) > 1):
            number = Rule(
                name="detector_num",
                cards=(keyword,),
                body=f"return _number(self._header[{keyword!r}])",
                returns="int",
                summary="Number the detector.",
            )
            return [number, _detector_name(headers, values)], []
    for keyword in with_all(headers, keywords, is_text):
        names = [str(header[keyword]).strip() for header in headers]
        if _are_unique(names, begins) and len(set(names)) > 1:
            return _rules_of_names(keyword, sorted(set(names))), []
    if _are_unique([0] * len(headers), begins):
        return [
            Rule(name="detector_num", constant="0"),
            Rule(name="detector_name", constant="'0'"),
        ], []
    found = promising("detector_num", headers[0])
    why = "no known card differs among the files of an exposure."
    return [], [Missing(name="detector_num", why=why, promising=found)]


def exposure_rules(
    headers: Sequence[Header], begins: Sequence[Hashable], detectors: Sequence[Hashable]
) -> list[Rule]:
    """Find what numbers the exposures: one value for the files that begin at one time.

    Where no card does, the time does.

    Parameters
    ----------
    headers
        Headers of the examples.
    begins
        What each says of its beginning.
    detectors
        Number of each one's detector.
    """
    rules = [_exposure_id(headers, begins, detectors)]
    for keyword in with_all(headers, _OBSERVATION_IDS, is_text):
        texts = [str(header[keyword]).strip() for header in headers]
        if _is_same_partition(texts, begins):
            rules.append(
                Rule(
                    name="observation_id",
                    cards=(keyword,),
                    body=f"return str(self._header[{keyword!r}]).strip()",
                    returns="str",
                    summary="Name the exposure.",
                )
            )
            break
    else:
        rules.append(
            Rule(
                name="observation_id",
                body='return f"{self.name}_{self.to_exposure_id()}"',
                returns="str",
                summary="Name the exposure, by its number.",
            )
        )
    counter = "return int(self.to_exposure_id())"
    if rules[0].cards and rules[0].cards[0] in _OF_A_NIGHT:
        counter = f"return _number(self._header[{rules[0].cards[0]!r}])"
    if rules[0].cards:
        rules.append(
            Rule(
                name="observation_counter",
                body=counter,
                returns="int",
                summary="Count the exposures.",
            )
        )
    return rules


def _exposure_id(
    headers: Sequence[Header], begins: Sequence[Hashable], detectors: Sequence[Hashable]
) -> Rule:
    known = list(
        with_all(headers, (*_EXPOSURES, *_OF_A_NIGHT), lambda it: number_in(it) is not None)
    )
    # Numbers before texts with digits in them; what begins again every night at last, since nights
    # and days of observation need not begin together.
    known.sort(key=lambda it: (it in _OF_A_NIGHT, isinstance(headers[0][it], str)))
    # Exactly as the times tell, or almost.
    for is_same in (_is_same_partition, _is_coarser(detectors)):
        for keyword in known:
            if is_same([number_in(header[keyword]) for header in headers], begins):
                return _numbered_by(keyword)
    return Rule(
        name="exposure_id",
        body=(
            "# No card numbers the exposures: the second in which they began does.\n"
            'return int(self.to_datetime_begin().tai.strftime("%Y%m%d%H%M%S"))'
        ),
        returns="int",
        summary="Number the exposure.",
    )


def _numbered_by(keyword: str) -> Rule:
    body = f"return _number(self._header[{keyword!r}])"
    if keyword in _OF_A_NIGHT:
        body = (
            "# It begins again every night, or may.\n"
            f"sequence = _number(self._header[{keyword!r}])\n"
            f"return int(self.to_observing_day()) * 10**{_SEQUENCE_DIGITS} + sequence"
        )
    return Rule(
        name="exposure_id",
        cards=(keyword,),
        body=body,
        returns="int",
        summary="Number the exposure.",
    )


def _detector_number(value: object) -> int | None:
    if not isinstance(value, str):
        number = number_in(value)
        return number if number is None or number < 2**31 else None
    found = _ONE_NUMBER.fullmatch(value.strip())
    return int(found[1]) if found else None


def _detector_name(headers: Sequence[Header], numbers: Sequence[int | None]) -> Rule:
    for keyword in with_all(headers, _DETECTOR_NAMES, is_text):
        names = [str(header[keyword]).strip() for header in headers]
        if len(set(names)) == len(set(numbers)) == len(set(zip(names, numbers, strict=True))):
            return Rule(
                name="detector_name",
                cards=(keyword,),
                body=f"return str(self._header[{keyword!r}]).strip()",
                returns="str",
                summary="Name the detector.",
            )
    return Rule(
        name="detector_name",
        body='return f"{self.to_detector_num():02d}"',
        returns="str",
        summary="Name the detector, by its number.",
    )


def _rules_of_names(keyword: str, names: Sequence[str]) -> list[Rule]:
    numbers = {name: number for number, name in enumerate(names)}
    return [
        Rule(
            name="detector_num",
            cards=(keyword,),
            body=(
                "# In alphabetical order of those that the examples name; add the others, and\n"
                "# never renumber: what is registered keeps its number.\n"
                f"numbers = {numbers!r}\n"
                f"return numbers[str(self._header[{keyword!r}]).strip()]"
            ),
            returns="int",
            summary="Number the detector.",
        ),
        Rule(
            name="detector_name",
            cards=(keyword,),
            body=f"return str(self._header[{keyword!r}]).strip()",
            returns="str",
            summary="Name the detector.",
        ),
    ]


def _are_unique(values: Sequence[Hashable], begins: Sequence[Hashable]) -> bool:
    pairs = list(zip(values, begins, strict=True))
    return len(set(pairs)) == len(pairs)


def _is_same_partition(values: Sequence[Hashable], begins: Sequence[Hashable]) -> bool:
    pairs = set(zip(values, begins, strict=True))
    return len(pairs) == len(set(values)) == len(set(begins))


def _is_coarser(
    detectors: Sequence[Hashable],
) -> Callable[[Sequence[Hashable], Sequence[Hashable]], bool]:
    """Allow for detectors of an exposure that begin a moment one after the other."""

    def is_coarser(values: Sequence[Hashable], begins: Sequence[Hashable]) -> bool:
        pairs = set(zip(values, begins, strict=True))
        is_function = len(pairs) == len(set(begins))
        return is_function and len(set(values)) > 1 and _are_unique(values, detectors)

    return is_coarser
