"""A drafted translator tried on the examples it was drafted from."""

from __future__ import annotations

import runpy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from underbutler.errors import MetadataError, MissingPropertyError, UnknownInstrumentError
from underbutler.metadata.instrument_plugin.examples import Example
from underbutler.metadata.instrument_plugin.naming import PluginNames
from underbutler.metadata.instrument_plugin.recognition import Draft
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import Observation, ObservationProperties

__all__ = ["instrument_known", "refusal", "translate_examples"]


def instrument_known(example: Example) -> str | None:
    """Name the instrument of a header that a translator knows already; None of one unknown."""
    for header in (example.primary, example.header):
        try:
            properties = HeaderTranslator().translate_header(header)
        except UnknownInstrumentError:
            continue
        except MetadataError:
            return "?"
        return properties.instrument or "?"
    return None


def translate_examples(
    module: Path, names: PluginNames, draft: Draft, examples: Sequence[Example]
) -> list[ObservationProperties]:
    """Translate the examples with the translator of a module, as ingest would."""
    with _registered(module, names):
        translator = HeaderTranslator()
        return [translator.translate_header(draft.header_of(example)) for example in examples]


def refusal(properties: ObservationProperties) -> str | None:
    """Say why ingest would not take what was translated; None if it would."""
    try:
        Observation.from_properties(properties)
    except MissingPropertyError as error:
        return error.message
    return None


@contextmanager
def _registered(module: Path, names: PluginNames) -> Iterator[None]:
    """Have astro_metadata_translator know a translator for a while."""
    # Its class registers itself when it is made.
    translator: Any = runpy.run_path(str(module))[names.translator]
    try:
        yield
    finally:
        translator.translators.pop(names.instrument, None)
