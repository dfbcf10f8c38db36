"""Event-driven registration of astronomical raws, in the vocabulary of the LSST Butler."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from underbutler.butler.butler import Butler, DatasetRefURIs
    from underbutler.butler.repository import Repository, create_repository
    from underbutler.model.collection import Collection, CollectionType
    from underbutler.model.data_id import DataId
    from underbutler.model.dataset import DatasetRef, DatasetType
    from underbutler.model.uri import ObjectUri

__version__ = "0.1.0"

__all__ = [
    "Butler",
    "Collection",
    "CollectionType",
    "DataId",
    "DatasetRef",
    "DatasetRefURIs",
    "DatasetType",
    "ObjectUri",
    "Repository",
    "create_repository",
]

_PLACES = {
    "Butler": "butler.butler",
    "Collection": "model.collection",
    "CollectionType": "model.collection",
    "DataId": "model.data_id",
    "DatasetRef": "model.dataset",
    "DatasetRefURIs": "butler.butler",
    "DatasetType": "model.dataset",
    "ObjectUri": "model.uri",
    "Repository": "butler.repository",
    "create_repository": "butler.repository",
}


def __getattr__(name: str) -> Any:
    # Imported when they are asked for: the functions need none of them.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value
