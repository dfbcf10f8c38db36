"""Corrections of headers that curators give: cards to set before an exposure is translated.

The files are those of astro_metadata_translator (``headers.py``, ``fix_header``): YAML, a keyword
and its value a line, named ``<instrument>-<observation_id>.yaml`` after what the uncorrected header
says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

from underbutler.errors import MetadataError

__all__ = [
    "BAD_CORRECTIONS",
    "LARGEST_CORRECTIONS_BYTES",
    "CorrectionSource",
    "Corrections",
    "parse_corrections",
]

BAD_CORRECTIONS = "bad-corrections"
"""Code of files whose corrections cannot be read."""
LARGEST_CORRECTIONS_BYTES = 64 * 1024
"""Some 2,000 cards; the longest that the translators ship with has 90 bytes."""
# FITS 4.0 §4.2.1: a card has 80 characters, whatever its convention.
_LONGEST_KEYWORD = 80
# YAML 1.1, language-independent types.
_DATE, _INTEGER, _NUMBER = (f"tag:yaml.org,2002:{name}" for name in ("timestamp", "int", "float"))
_KINDS = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """What to correct in the headers of an exposure."""

    uri: str
    """File that says so."""
    cards: Mapping[str, Any]
    """Values by keyword; None for a card without a value."""


class CorrectionSource(Protocol):
    """Where corrections are looked for."""

    def find(self, instrument: str, observation_id: str) -> Corrections | None:
        """Find the corrections of an exposure, by what its uncorrected header says.

        Raises
        ------
        MetadataError
            They are none (kind ``bad-corrections``): the header is not translated without them.
        """
        ...


class _Loader(yaml.SafeLoader):
    """Reads scalars as YAML 1.1 does, but what a header writes as text stays text."""


def parse_corrections(body: bytes, uri: str) -> Corrections:
    """Read a file of corrections.

    A date, or a number in sexagesimal notation, is text, as in a header: YAML 1.1 would make an
    object of the one, and seconds of the other. An empty file corrects nothing.

    Parameters
    ----------
    body
        The file.
    uri
        What to call it.

    Raises
    ------
    MetadataError
        It is larger than `LARGEST_CORRECTIONS_BYTES`, no YAML, or something else than keywords and
        their values; anchors, aliases and tags are refused (kind ``bad-corrections``).
    """
    if len(body) > LARGEST_CORRECTIONS_BYTES:
        raise _bad(uri, f"has {len(body)} bytes, over {LARGEST_CORRECTIONS_BYTES}")
    try:
        text = body.decode("utf-8")
        # Before anything is built of it: what is flat can be neither deep nor a bomb.
        _check_keywords(uri, _flat(uri, yaml.parse(text, Loader=yaml.SafeLoader)))
        cards = yaml.load(text, Loader=_Loader)  # noqa: S506
    # A number of thousands of digits is a ValueError of Python's.
    except (yaml.YAMLError, ValueError) as error:
        raise _bad(uri, f"cannot be read as YAML: {' '.join(str(error).split())[:200]}") from error
    for keyword, value in (cards or {}).items():
        if not isinstance(keyword, str) or not isinstance(value, _KINDS):
            raise _bad(uri, f"has {keyword!r:.80}, which is no text to YAML: put it in quotes")
    return Corrections(uri=uri, cards=cards or {})


def _flat(uri: str, events: Iterable[yaml.Event]) -> Iterator[str]:
    """Find the keywords of a flat mapping, and refuse anything else."""
    depth = documents = scalars = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _bad(uri, "has an anchor or alias")
        if getattr(event, "tag", None) is not None:
            raise _bad(uri, "has a tag")
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if documents > 1 or depth > 1 or isinstance(event, yaml.SequenceStartEvent):
            raise _bad(uri, "has something else than a keyword and its value a line")
        if isinstance(event, yaml.ScalarEvent):
            if depth == 0 and event.value:
                raise _bad(uri, "is no mapping of keywords to values")
            if depth and scalars % 2 == 0:
                yield event.value
            scalars += 1


def _check_keywords(uri: str, keywords: Iterator[str]) -> None:
    seen = set()
    for keyword in keywords:
        if not keyword.strip() or not keyword.isprintable() or len(keyword) > _LONGEST_KEYWORD:
            raise _bad(uri, f"has {keyword!r:.80}, which is no keyword")
        if keyword in seen:
            raise _bad(uri, f"has {keyword} twice")
        seen.add(keyword)


def _as_header_has_it(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    if ":" in node.value or node.tag == _DATE:
        return node.value
    if node.tag == _INTEGER:
        return loader.construct_yaml_int(node)
    return loader.construct_yaml_float(node)


for _tag in (_DATE, _INTEGER, _NUMBER):
    _Loader.add_constructor(_tag, _as_header_has_it)


def _bad(uri: str, why: str) -> MetadataError:
    return MetadataError(
        f"The corrections {uri}: the file {why}.",
        kind=BAD_CORRECTIONS,
        hint="It must have a keyword and its value a line, as in EXPTIME: 30.0.",
    )
