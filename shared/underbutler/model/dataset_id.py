"""Dataset IDs, byte for byte those of the LSST Butler."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from uuid import UUID, uuid5

from underbutler.model.data_id import DataIdValue

__all__ = ["NAMESPACE", "IdGenerationMode", "data_key", "dataset_uuid"]

# uuid5(NAMESPACE_DNS, "lsst.org"): daf_butler DatasetIdFactory.NS_UUID.
NAMESPACE = UUID("840b31d9-05cd-5161-b2c8-00d32b280d0f")


class IdGenerationMode(Enum):
    """What a deterministic dataset ID depends on, by the Butler's names."""

    DATAID_TYPE = "dataset type and data ID"
    DATAID_TYPE_RUN = "dataset type, run and data ID; what raws use"


def _items(data_id: Mapping[str, DataIdValue]) -> list[str]:
    return [f"{name}={data_id[name]}" for name in sorted(data_id)]


def dataset_uuid(
    dataset_type: str,
    run: str,
    data_id: Mapping[str, DataIdValue],
    mode: IdGenerationMode = IdGenerationMode.DATAID_TYPE_RUN,
) -> UUID:
    """Compute the UUID that the Butler gives a dataset.

    Parameters
    ----------
    dataset_type, run
        Names.
    data_id
        The *required* dimensions of the dataset type and their values, no others.
    mode
        Whether the run counts.
    """
    items = [f"dataset_type={dataset_type}"]
    if mode is IdGenerationMode.DATAID_TYPE_RUN:
        items.append(f"run={run}")
    return uuid5(NAMESPACE, ",".join(items + _items(data_id)))


def data_key(data_id: Mapping[str, DataIdValue]) -> UUID:
    """Compute the key under which a data ID is unique within a dataset type and collection."""
    return uuid5(NAMESPACE, ",".join(_items(data_id)))
