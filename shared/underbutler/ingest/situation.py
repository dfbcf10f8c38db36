"""What is known and what is new of the files that share a stem."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from underbutler.model.metadata_entry import MetadataEntry
from underbutler.model.raw_object import ObjectKind, ObjectState, RawObject

if TYPE_CHECKING:
    from underbutler.ingest.ports import IngestTransaction

__all__ = ["MISSING_OBJECT", "Situation", "Stem", "read_situations"]

MISSING_OBJECT = "missing-object"
"""Code of an object that was announced but is not there."""

Stem = tuple[str, str]
"""Bucket and stem."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the registry has of one stem."""

    objects: tuple[RawObject, ...] = ()
    """Files and sidecar, in order of key."""
    entries: tuple[MetadataEntry, ...] = ()
    """Metadata that wait for files, the best first."""

    def find(self, key: str) -> RawObject | None:
        """Find an object by key."""
        return next((item for item in self.objects if item.key == key), None)

    @property
    def files(self) -> list[RawObject]:
        """FITS files that are there, as far as the registry knows."""
        return [
            item
            for item in self.objects
            if item.kind is ObjectKind.FITS and item.state is not ObjectState.GONE
        ]

    @property
    def sidecar(self) -> RawObject | None:
        """The sidecar, if it is there and can be used."""
        return next(
            (
                item
                for item in self.objects
                if item.kind is ObjectKind.SIDECAR
                and item.state in (ObjectState.REGISTERED, ObjectState.WAITING)
            ),
            None,
        )


def read_situations(
    transaction: IngestTransaction, stems: Collection[Stem]
) -> dict[Stem, Situation]:
    """Read what the registry has of stems."""
    objects: dict[Stem, list[RawObject]] = {}
    for item in transaction.objects.with_stems(stems):
        objects.setdefault((item.bucket, item.stem), []).append(item)
    entries: dict[Stem, list[MetadataEntry]] = {}
    for entry in transaction.entries.with_stems(stems):
        entries.setdefault((entry.bucket, entry.stem), []).append(entry)
    return {
        stem: Situation(
            tuple(sorted(objects.get(stem, ()), key=lambda item: item.key)),
            tuple(sorted(entries.get(stem, ()), key=lambda entry: (entry.rank, entry.target))),
        )
        for stem in stems
    }
