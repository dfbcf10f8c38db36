"""Properties of observations that registration uses, taken from a translator one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from underbutler.errors import UnreadableHeaderError
from underbutler.metadata.cards import Cards

if TYPE_CHECKING:
    from astro_metadata_translator import MetadataTranslator

__all__ = ["DETECTOR_PROPERTIES", "EXPOSURE_PROPERTIES", "cards_of", "take_properties"]

# obs_base RawIngestTask.getObservationInfoSubsets: what is required is checked afterwards.
EXPOSURE_PROPERTIES = (
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
"""What the detectors of an exposure have in common."""
DETECTOR_PROPERTIES = (
    "detector_num",
    "detector_unique_name",
    "detector_name",
    "detector_group",
)
"""What tells the detectors of an exposure from each other."""
_LONGEST_PROBLEM = 200
# Coordinates take seven; what takes more asks for alternatives, too.
_MOST_CARDS = 8


def take_properties(
    translator: MetadataTranslator, names: Iterable[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Ask a translator for properties.

    Returns
    -------
    values
        Property → value in its JSON encoding.
    lost
        Property that it could not give → why; where that names no card, with the cards asked for.
    """
    header = translator._header  # noqa: SLF001 - what it was made with
    values: dict[str, Any] = {}
    lost: dict[str, str] = {}
    for name in names:
        definition = translator.all_properties[name]
        if isinstance(header, Cards):
            header.asked.clear()
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
            lost[name] = _why(error, _asked(header))
            continue
        values[name] = value
    return values, lost


def cards_of(translator: MetadataTranslator, name: str) -> tuple[str, ...]:
    """Name the cards that a property is read from, by a translator that was not asked before."""
    take_properties(translator, [name])
    return _asked(translator._header)  # noqa: SLF001 - what it was made with


def _asked(header: object) -> tuple[str, ...]:
    return tuple(header.asked)[-_MOST_CARDS:] if isinstance(header, Cards) else ()


def _why(error: Exception, asked: Sequence[str]) -> str:
    """Say why a property is lost, and name a card: Python's own messages name none."""
    why = str(error)[:_LONGEST_PROBLEM]
    if asked and not any(keyword in why for keyword in asked):
        why = f"{why} ({', '.join(asked)})"
    # It may quote the header, which may hold anything.
    return why if why.isprintable() else ascii(why)
