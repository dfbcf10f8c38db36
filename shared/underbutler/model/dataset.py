"""Datasets: what is registered, where its bytes are."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from underbutler.errors import DataIdError
from underbutler.model.data_id import DataId, check_value
from underbutler.model.dimensions import DIMENSIONS, expand_dimensions, required_dimensions

__all__ = ["RAW", "DatasetFile", "DatasetRef", "DatasetType"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetType:
    """A kind of dataset: its name, its dimensions, how it is stored."""

    name: str
    dimensions: frozenset[str]
    """Required dimensions; all that a data ID must have."""
    storage_class: str
    """The Butler's name of the in-memory type, such as ``Exposure``."""
    is_calibration: bool = False

    @classmethod
    def from_names(
        cls, name: str, dimensions: list[str], storage_class: str, *, is_calibration: bool = False
    ) -> DatasetType:
        """Make a dataset type from dimension names, required or implied, in any order."""
        return cls(
            name=name,
            dimensions=required_dimensions(dimensions),
            storage_class=storage_class,
            is_calibration=is_calibration,
        )

    @property
    def all_dimensions(self) -> tuple[str, ...]:
        """Required and implied dimensions, in the universe's order."""
        return expand_dimensions(self.dimensions)

    def standardize(self, data_id: dict[str, object]) -> DataId:
        """Check a user's data ID and reduce it to the required dimensions.

        Raises
        ------
        DataIdError
            A required dimension is missing, or a value has the wrong type.
        """
        if missing := self.dimensions - data_id.keys():
            raise DataIdError(
                f"A data ID of {self.name!r} needs {', '.join(sorted(missing))}.",
                hint=f"Given: {data_id}.",
            )
        return DataId(
            {
                name: check_value(name, data_id[name], DIMENSIONS[name].key_type)
                for name in self.dimensions
            }
        )


RAW = DatasetType(
    name="raw",
    dimensions=frozenset({"instrument", "exposure", "detector"}),
    storage_class="Exposure",
)
"""What every raw is registered as (obs_base ``Instrument.raw_definition``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRef:
    """A dataset's identity: its UUID, type, data ID and run."""

    id: UUID
    dataset_type: DatasetType
    data_id: DataId
    """Values of the required dimensions."""
    run: str
    implied: DataId = field(default=DataId({}), compare=False)
    """Values of the dimensions that follow from them, where they were looked up."""

    def __str__(self) -> str:
        return f"{self.dataset_type.name}@{self.data_id!r} [{self.run}] ({self.id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFile:
    """Where a dataset, or one component of it, is stored."""

    dataset_id: UUID
    uri: str
    component: str = ""
    """Name of the component, empty for the whole dataset."""
    hdu: int | None = None
    """HDU that holds the dataset, where a file holds several; none for the whole file."""
    formatter: str = ""
    """Registered name of what reads it."""
    size_bytes: int | None = None
    etag: str | None = None
    version_id: str | None = None
    checksum: str | None = None
    raw_object_id: int | None = None
    """Row of the watched object that it is, for raws."""
