"""Registered files copied into a repository, under the names that the Butler gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from underbutler.model.data_id import DataId, DataIdValue
from underbutler.model.dataset import DatasetFile, DatasetRef
from underbutler.model.uri import ObjectUri
from underbutler.registry.query import query_dimension_records

if TYPE_CHECKING:
    from underbutler.bootstrap import Client
    from underbutler.registry.registry import RegistryTransaction

__all__ = ["copy_in"]

# What ends a part of a path, of an S3 key or of a URI.
_NOT_OF_NAMES = re.compile(r"[\s/\\?#%\x00-\x1f\x7f]")


def copy_in(client: Client, root: ObjectUri, uris: Sequence[str]) -> int:
    """Copy files that datasets are registered at, and register the copies instead.

    A file is read where it is until its copy is whole; a crash leaves it registered there.

    Parameters
    ----------
    client
        Adapters of the repository.
    root
        Folder or prefix of the repository.
    uris
        Files; those that no dataset is registered at are passed over.

    Returns
    -------
    copied
        Number of files copied.

    Raises
    ------
    NotFoundError, StoreUnavailableError
        A file is gone, or cannot be copied now.
    """
    with client.registry.read() as transaction:
        records = _Records(transaction)
        stored: dict[str, list[tuple[DatasetRef, DatasetFile]]] = {}
        for ref, file in transaction.datasets.stored_at(uris):
            stored.setdefault(file.uri, []).append((ref, file))
        # A file with several detectors is named after the lowest.
        targets = {
            uri: _target(root, _path(records, *min(items, key=_detector)))
            for uri, items in stored.items()
        }
        wanted = sorted({str(target) for target in targets.values()})
        holders = {file.uri: ref.id for ref, file in transaction.datasets.stored_at(wanted)}
    copies: list[DatasetFile] = []
    for uri, items in stored.items():
        target = targets[uri]
        first = min(items, key=_detector)[1].dataset_id
        if holders.setdefault(str(target), first) not in {file.dataset_id for _, file in items}:
            # Names that should be unique are not: no dataset takes another's file.
            folder, _, name = target.key.rpartition("/")
            target = replace(target, key=f"{folder}/{first}_{name}")
        source = ObjectUri.parse(uri)
        info = client.store.copy((source.bucket, source.key), (target.bucket, target.key))
        copies += [
            replace(
                file,
                uri=str(target),
                size_bytes=info.size_bytes,
                etag=info.etag,
                version_id=info.version_id,
            )
            for _, file in items
        ]
    if copies:
        with client.registry.begin() as transaction:
            transaction.datasets.save_files(copies)
    return len(stored)


def _detector(item: tuple[DatasetRef, DatasetFile]) -> DataIdValue:
    return item[0].data_id["detector"]


class _Records:
    """Dimension records, each read once."""

    def __init__(self, transaction: RegistryTransaction) -> None:
        self._connection = transaction.connection
        self._known: dict[tuple[str, DataIdValue, DataIdValue], dict[str, Any]] = {}

    def find(self, element: str, data_id: DataId) -> dict[str, Any]:
        """Find the record of an element of an instrument."""
        instrument, value = data_id["instrument"], data_id[element]
        name = (element, instrument, value)
        if name not in self._known:
            wanted = {"instrument": instrument, element: value}
            self._known[name] = query_dimension_records(self._connection, element, data_id=wanted)[
                0
            ]
        return self._known[name]


def _path(records: _Records, ref: DatasetRef, file: DatasetFile) -> str:
    """Name a raw's file as the Butler's datastore template for raws does."""
    exposure = records.find("exposure", ref.data_id)
    detector = records.find("detector", ref.data_id)
    kind, instrument = ref.dataset_type.name, ref.data_id["instrument"]
    parts = (kind, instrument, exposure["obs_id"], detector["full_name"], ref.run)
    name = "_".join(_name(part) for part in parts)
    suffix = ".fits" + next((s for s in (".fz", ".gz") if file.uri.lower().endswith(s)), "")
    return f"{ref.run}/{kind}/{exposure['day_obs']}/{_name(exposure['obs_id'])}/{name}{suffix}"


def _name(value: Any) -> str:
    """Make part of a path of what a file's metadata say: it stays in its folder."""
    name = _NOT_OF_NAMES.sub("_", str(value))
    return name if name.strip(".") else "_" * max(1, len(name))


def _target(root: ObjectUri, path: str) -> ObjectUri:
    return replace(root, key=f"{root.key}/{path}" if root.key else path)
