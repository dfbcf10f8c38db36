"""Dataset types, collections, datasets and their files."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from underbutler.errors import ConflictError, NotFoundError
from underbutler.model.collection import Collection, CollectionType
from underbutler.model.data_id import DataId
from underbutler.model.dataset import DatasetFile, DatasetRef, DatasetType
from underbutler.model.dataset_id import data_key
from underbutler.registry import schema
from underbutler.registry.dialect import Columns, dialect_of
from underbutler.registry.matching import delete_matching, matches, select_matching

__all__ = ["Datasets"]

_DATASET: Columns = {"dataset": sa.Uuid()}
_URI: Columns = {"uri": schema.TEXT}
_PLACE: Columns = {**_DATASET, **_URI}
_FILE_COLUMNS = ("uri", "hdu", "formatter", "size_bytes", "etag", "version_id", "checksum")


class Datasets:
    """Datasets and what they belong to, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = dialect_of(connection)

    def register_dataset_type(self, dataset_type: DatasetType) -> int:
        """Register a dataset type unless it is; returns its row number.

        Raises
        ------
        ConflictError
            The name stands for another dataset type.
        """
        table = schema.dataset_type
        row = {
            "name": dataset_type.name,
            "dimensions": ",".join(sorted(dataset_type.dimensions)),
            "storage_class": dataset_type.storage_class,
            "is_calibration": dataset_type.is_calibration,
        }
        known = self._connection.execute(
            sa.select(table).where(table.c.name == dataset_type.name)
        ).one_or_none()
        if known is None:
            self._dialect.upsert(self._connection, table, [row], conflict=("name",))
            known = self._connection.execute(
                sa.select(table).where(table.c.name == dataset_type.name)
            ).one()
        if any(known._mapping[name] != value for name, value in row.items()):
            raise ConflictError(
                f"Dataset type {dataset_type.name!r} is registered with other properties: "
                f"{dict(known._mapping)}."
            )
        number: int = known.id
        return number

    def dataset_types(self) -> list[DatasetType]:
        """List the registered dataset types by name."""
        table = schema.dataset_type
        return [
            DatasetType(
                name=row.name,
                dimensions=frozenset(row.dimensions.split(",")),
                storage_class=row.storage_class,
                is_calibration=row.is_calibration,
            )
            for row in self._connection.execute(sa.select(table).order_by(table.c.name))
        ]

    def register_collection(
        self, name: str, type_: CollectionType = CollectionType.RUN, doc: str = ""
    ) -> int:
        """Register a collection unless it is; returns its row number.

        Raises
        ------
        ConflictError
            The name stands for a collection of another type.
        """
        table = schema.collection
        statement = sa.select(table.c.id, table.c.type).where(table.c.name == name)
        known = self._connection.execute(statement).one_or_none()
        if known is None:
            row = {"name": name, "type": type_.value, "doc": doc}
            self._dialect.upsert(self._connection, table, [row], conflict=("name",))
            known = self._connection.execute(statement).one()
        if known.type != type_.value:
            raise ConflictError(
                f"Collection {name!r} is a {CollectionType(known.type).name}, not a {type_.name}."
            )
        number: int = known.id
        return number

    def collections(self) -> list[Collection]:
        """List all collections by name, with the children of chains."""
        table, chain = schema.collection, schema.collection_chain
        child = table.alias("child")
        children: dict[int, list[str]] = {}
        for row in self._connection.execute(
            sa.select(chain.c.parent, child.c.name)
            .join(child, child.c.id == chain.c.child)
            .order_by(chain.c.parent, chain.c.position)
        ):
            children.setdefault(row.parent, []).append(row.name)
        return [
            Collection(
                name=row.name,
                type=CollectionType(row.type),
                doc=row.doc,
                children=tuple(children.get(row.id, ())),
            )
            for row in self._connection.execute(sa.select(table).order_by(table.c.name))
        ]

    def insert(
        self, refs: Iterable[DatasetRef], *, dataset_type: int, run: int, now: datetime
    ) -> None:
        """Insert datasets of one type and run; those that exist stay as they are."""
        rows = [
            {
                "id": ref.id,
                "dataset_type": dataset_type,
                "run": run,
                "data_key": data_key(ref.data_id),
                **ref.data_id,
                "ingested_at": now,
            }
            for ref in sorted(refs, key=lambda ref: ref.id)
        ]
        self._dialect.upsert(self._connection, schema.dataset, rows, conflict=("id",))

    def save_files(self, files: Iterable[DatasetFile]) -> None:
        """Record where datasets are stored, in place of what was recorded before."""
        rows = [
            {
                "dataset": file.dataset_id,
                "component": file.component,
                **{name: getattr(file, name) for name in _FILE_COLUMNS},
                "raw_object": file.raw_object_id,
            }
            for file in sorted(files, key=lambda file: (file.dataset_id, file.component))
        ]
        self._dialect.upsert(
            self._connection, schema.dataset_file, rows, update=(*_FILE_COLUMNS, "raw_object")
        )

    def drop_files(self, held: Mapping[str, Some[UUID]]) -> None:
        """Forget of datasets that they are stored where others are; the datasets themselves stay.

        Parameters
        ----------
        held
            URI → datasets that are there, whether they are recorded there or elsewhere.
        """
        if not held:
            return
        table = schema.dataset_file
        statement = self._dialect.statement(
            "files at", lambda: select_matching(self._dialect, table, "wanted", _URI)
        )
        wanted = self._dialect.bind("wanted", _URI, [(uri,) for uri in sorted(held)])
        moved = sorted(
            (row.dataset, row.uri)
            for row in self._connection.execute(statement, wanted)
            if row.dataset not in held[row.uri]
        )
        if not moved:
            return
        # By both: whoever holds the exposure may just have recorded another place.
        statement = self._dialect.statement(
            "drop files", lambda: delete_matching(self._dialect, table, "unwanted", _PLACE)
        )
        self._connection.execute(statement, self._dialect.bind("unwanted", _PLACE, moved))

    def files(self, dataset_ids: Some[UUID]) -> dict[UUID, list[DatasetFile]]:
        """Find where datasets are stored; a dataset without a file has no entry."""
        if not dataset_ids:
            return {}
        table = schema.dataset_file
        statement = self._dialect.statement(
            "files",
            lambda: select_matching(self._dialect, table, "wanted", _DATASET).order_by(
                table.c.dataset, table.c.component
            ),
        )
        rows = [(number,) for number in sorted(dataset_ids)]
        found: dict[UUID, list[DatasetFile]] = {}
        for row in self._connection.execute(
            statement, self._dialect.bind("wanted", _DATASET, rows)
        ):
            found.setdefault(row.dataset, []).append(_file(row._mapping, table))
        return found

    def stored_at(self, uris: Some[str]) -> list[tuple[DatasetRef, DatasetFile]]:
        """Find the datasets that are stored at these URIs."""
        if not uris:
            return []
        files, table, kinds, runs = (
            schema.dataset_file,
            schema.dataset,
            schema.dataset_type,
            schema.collection,
        )
        wanted, condition = matches(self._dialect, files, "wanted", _URI)
        statement = (
            sa.select(files, table, kinds.c.name.label("kind"), runs.c.name.label("run_name"))
            .join(wanted, condition)
            .join(table, table.c.id == files.c.dataset)
            .join(kinds, kinds.c.id == table.c.dataset_type)
            .join(runs, runs.c.id == table.c.run)
            .order_by(files.c.uri)
        )
        values = self._dialect.bind("wanted", _URI, [(uri,) for uri in sorted(uris)])
        by_name = {kind.name: kind for kind in self.dataset_types()}
        found = []
        for row in self._connection.execute(statement, values):
            columns: Any = row._mapping
            kind = by_name[columns["kind"]]
            ref = DatasetRef(
                id=columns[table.c.id],
                dataset_type=kind,
                data_id=DataId({name: columns[table.c[name]] for name in kind.dimensions}),
                run=columns["run_name"],
            )
            found.append((ref, _file(columns, files)))
        return found

    def flatten(self, names: Sequence[str]) -> list[str]:
        """Expand collections in order of search: chains depth first, duplicates dropped.

        Raises
        ------
        NotFoundError
            A collection does not exist.
        """
        known = {collection.name: collection for collection in self.collections()}
        order: dict[str, None] = {}

        def visit(name: str) -> None:
            if name not in known:
                raise NotFoundError(f"There is no collection {name!r}.", kind="missing-collection")
            if known[name].type is CollectionType.CHAINED:
                for child in known[name].children:
                    visit(child)
            else:
                order.setdefault(name)

        for name in names:
            visit(name)
        return list(order)


def _file(columns: Any, table: sa.Table) -> DatasetFile:
    return DatasetFile(
        dataset_id=columns[table.c.dataset],
        component=columns[table.c.component],
        **{name: columns[table.c[name]] for name in _FILE_COLUMNS},
        raw_object_id=columns[table.c.raw_object],
    )
