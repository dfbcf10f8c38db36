"""An index as it is written: files' metadata, and what is common to all of them.

Format: ``calculate_index`` of astro_metadata_translator ``indexing.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from underbutler.errors import UserError
from underbutler.metadata.index import COMMON_KEY, CONTENT_KEY, LARGEST_INDEX_BYTES
from underbutler.model.metadata_entry import HDU, ContentMode

__all__ = ["IndexDraft"]


class IndexDraft:
    """An index that files are added to.

    It holds what they have in common once: a folder of large headers takes no more memory than
    its index.

    Parameters
    ----------
    content
        What its entries are.
    """

    def __init__(self, content: ContentMode) -> None:
        self._content = content
        self._common: dict[str, Any] | None = None
        self._parts: list[dict[str, Any]] = []
        self._files: dict[str, dict[str, Any] | list[dict[str, Any]]] = {}

    def __len__(self) -> int:
        return len(self._files)

    def add(self, name: str, metadata: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Add a file.

        Parameters
        ----------
        name
            Its path from the index's folder, or its URI.
        metadata
            What is said of it, in values that JSON has; of a file of many HDUs each detector's,
            with its HDU under ``__HDU__``.
        """
        if isinstance(metadata, Mapping):
            self._files[name] = self._own(metadata)
        else:
            self._files[name] = [self._own(detector) for detector in metadata]

    def to_json(self) -> bytes:
        """Write the index as strict JSON, files in order of name.

        Raises
        ------
        UserError
            It is larger than those who read it take (kind ``too-large``).
        """
        head = {CONTENT_KEY: self._content.value, COMMON_KEY: self._common or {}}
        body = json.dumps(head | dict(sorted(self._files.items())), allow_nan=False).encode()
        if len(body) > LARGEST_INDEX_BYTES:
            raise UserError(
                f"The index of {len(self)} files has {len(body)} bytes, over "
                f"{LARGEST_INDEX_BYTES}.",
                hint="Write several, of fewer files each.",
                kind="too-large",
            )
        return body

    def _own(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Take in what is said of a detector; returns what it shares not with all before it."""
        if self._common is None:
            # Where a detector is, is never common, even to a single one.
            self._common = {key: metadata[key] for key in metadata if key != HDU}
        differing = [
            key
            for key, value in self._common.items()
            if key not in metadata or not _is_same(value, metadata[key])
        ]
        for key in differing:
            value = self._common.pop(key)
            for part in self._parts:
                part[key] = value
        own = {key: value for key, value in metadata.items() if key not in self._common}
        self._parts.append(own)
        return own


def _is_same(first: Any, second: Any) -> bool:
    # 1, 1.0 and true are equal in Python and no two of them mean the same to a translator.
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_is_same, first, second))
    return type(first) is type(second) and bool(first == second)
