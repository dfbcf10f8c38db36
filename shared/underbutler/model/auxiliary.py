"""Auxiliary files: taken along with an exposure, without a say in what it was."""

from __future__ import annotations

from dataclasses import dataclass

from underbutler.model.dataset import DatasetType

__all__ = ["Auxiliary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Auxiliary:
    """A kind of auxiliary file, such as the stamps of a guider."""

    dataset_type: str
    storage_class: str
    """The Butler's name of the in-memory type."""
    run: str
    """Run it is registered in, after the instrument's name."""
    stem_ending: str
    """What the names of its files end with, extensions aside."""

    def matches(self, stem: str) -> bool:
        """Tell by a file's stem whether it is of this kind."""
        return stem.lower().endswith(self.stem_ending)

    @property
    def definition(self) -> DatasetType:
        """Dataset type that its files are registered as."""
        return DatasetType(
            name=self.dataset_type,
            dimensions=frozenset({"instrument", "exposure", "detector"}),
            storage_class=self.storage_class,
        )
