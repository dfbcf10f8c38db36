"""The Butler: what is registered, where it is, what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from underbutler.bootstrap import Client, build_client
from underbutler.butler.limit import asked_for, capped
from underbutler.butler.ranged_file import RangedFile
from underbutler.butler.raw_formatter import read_raw
from underbutler.butler.repository import Repository
from underbutler.errors import NotFoundError, UserError
from underbutler.model.collection import Collection
from underbutler.model.data_id import DataId
from underbutler.model.dataset import DatasetFile, DatasetRef, DatasetType
from underbutler.model.uri import ObjectUri
from underbutler.registry.query import query_datasets, query_dimension_records
from underbutler.where.matches import matches
from underbutler.where.parse import parse_where

if TYPE_CHECKING:
    from underbutler.registry.registry import RegistryTransaction

__all__ = ["Butler", "DatasetRefURIs"]


@dataclass(frozen=True, slots=True)
class DatasetRefURIs:
    """Where a dataset is stored."""

    primaryURI: ObjectUri | None  # noqa: N815 - the Butler's name
    """The one file of the whole dataset; None when it is stored in components."""
    componentURIs: Mapping[str, ObjectUri] = field(default_factory=dict)  # noqa: N815
    """Component → its file."""
    hdu: int | None = None
    """HDU of the one file that holds it, the primary one being 0; None: the whole file does."""


class Butler:
    """Reads a repository, in the words of ``lsst.daf.butler``.

    Parameters
    ----------
    location
        Folder, ``s3://`` prefix, or path of a ``butler.yaml``.
    collections
        Collections that are searched where none are named.

    Raises
    ------
    NotFoundError
        There is no repository.
    ConfigurationError
        Its configuration or its registry cannot be used by this software.
    """

    def __init__(self, location: str, *, collections: str | Iterable[str] = ()) -> None:
        self.repository = Repository.read(str(location))
        self._client: Client = build_client(self.repository.database, self.repository.corrections)
        self._collections = _names(collections)

    def __enter__(self) -> Butler:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the registry."""
        self._client.registry.close()

    @property
    def client(self) -> Client:
        """Adapters it works with, for the commands that write."""
        return self._client

    def query_datasets(
        self,
        dataset_type: str,
        collections: str | Iterable[str] | None = None,
        *,
        find_first: bool = True,
        data_id: Mapping[str, Any] | None = None,
        where: str | None = "",
        bind: Mapping[str, Any] | None = None,
        order_by: str | Iterable[str] | None = (),
        limit: int | None = None,
        **data_id_values: Any,
    ) -> list[DatasetRef]:
        """Find datasets of one type.

        Parameters
        ----------
        dataset_type
            Name.
        collections
            Where to search, in order; the Butler's own by default, all runs when it has none.
        find_first
            Whether of equal data IDs only the dataset found first counts.
        data_id, **data_id_values
            Values of dimensions, such as ``instrument="HSC"``.
        where, bind
            Condition, and values of names in it.
        order_by
            Names to sort by, ``-`` before one for descending.
        limit
            Most results; negative: as many, with a warning when there are more.

        Raises
        ------
        NotFoundError
            There is no such dataset type or collection.
        QuerySyntaxError
            The condition cannot be read, or a name means nothing here.
        DataIdError
            A value of the data ID has the wrong type.
        """
        expression = parse_where(where or "", bind)
        with self._client.registry.read() as transaction:
            found = query_datasets(
                transaction.connection,
                self._dataset_type(transaction, dataset_type),
                self._runs(transaction, collections),
                where=expression,
                where_text=where or "",
                data_id={**(data_id or {}), **data_id_values},
                find_first=find_first,
                order_by=_names(order_by or ()),
                limit=asked_for(limit),
            )
        return capped(found, limit)

    def query_dimension_records(
        self,
        element: str,
        *,
        data_id: Mapping[str, Any] | None = None,
        where: str | None = "",
        bind: Mapping[str, Any] | None = None,
        order_by: str | Iterable[str] | None = (),
        limit: int | None = None,
        **data_id_values: Any,
    ) -> list[dict[str, Any]]:
        """Find records of a dimension; parameters and errors as those of `query_datasets`.

        Returns
        -------
        records
            Column → value, with the Butler's names and units; ``timespan_begin`` and
            ``timespan_end`` in TAI nanoseconds since 1970, regions as lsst-sphgeom encodes them.
        """
        expression = parse_where(where or "", bind)
        with self._client.registry.read() as transaction:
            found = query_dimension_records(
                transaction.connection,
                element,
                where=expression,
                where_text=where or "",
                data_id={**(data_id or {}), **data_id_values},
                order_by=_names(order_by or ()),
                limit=asked_for(limit),
            )
        return capped(found, limit)

    def query_collections(
        self, where: str | None = None, *, bind: Mapping[str, Any] | None = None
    ) -> list[Collection]:
        """List collections by name.

        Parameters
        ----------
        where, bind
            Condition on ``name``, ``type`` (such as ``'RUN'``) and ``doc``; all by default.

        Raises
        ------
        QuerySyntaxError
            The condition cannot be read, or a name means nothing here.
        """
        expression = parse_where(where or "", bind)
        if expression is not None:
            # A mistake is told also where there is no collection yet.
            matches(expression, dict.fromkeys(("name", "type", "doc"), ""), where or "")
        with self._client.registry.read() as transaction:
            found = transaction.datasets.collections()
        if expression is None:
            return found
        return [
            item
            for item in found
            if matches(
                expression,
                {"name": item.name, "type": item.type.name, "doc": item.doc},
                where or "",
            )
        ]

    def query_dataset_types(self) -> list[DatasetType]:
        """List all dataset types by name."""
        with self._client.registry.read() as transaction:
            return transaction.datasets.dataset_types()

    def find_dataset(
        self,
        dataset_type: str,
        data_id: Mapping[str, Any] | None = None,
        *,
        collections: str | Iterable[str] | None = None,
        **data_id_values: Any,
    ) -> DatasetRef | None:
        """Find the one dataset of a data ID; None when there is none.

        Raises
        ------
        DataIdError
            The data ID lacks a required dimension, or a value has the wrong type.
        NotFoundError
            There is no such dataset type or collection.
        """
        values = {**(data_id or {}), **data_id_values}
        with self._client.registry.read() as transaction:
            kind = self._dataset_type(transaction, dataset_type)
            required = kind.standardize(values)
            found = query_datasets(
                transaction.connection,
                kind,
                self._runs(transaction, collections),
                # What a data ID implies must hold, too.
                data_id={**values, **required},
                limit=1,
            )
        return found[0] if found else None

    def getURIs(  # noqa: N802 - the Butler's name
        self,
        ref_or_type: DatasetRef | str,
        data_id: Mapping[str, Any] | None = None,
        *,
        collections: str | Iterable[str] | None = None,
        **data_id_values: Any,
    ) -> DatasetRefURIs:
        """Tell where a dataset is stored; whether the files are there is not asked.

        Raises
        ------
        NotFoundError
            There is no such dataset, or it is stored nowhere.
        DataIdError
            The data ID lacks a required dimension, or a value has the wrong type.
        """
        ref = self._resolve(ref_or_type, data_id, collections, data_id_values)
        return self.get_many_uris([ref])[ref]

    def get_many_uris(self, refs: Iterable[DatasetRef]) -> dict[DatasetRef, DatasetRefURIs]:
        """Tell where many datasets are stored, in one question to the registry.

        Raises
        ------
        NotFoundError
            One of them is stored nowhere.
        """
        wanted = list(refs)
        with self._client.registry.read() as transaction:
            files = transaction.datasets.files([ref.id for ref in wanted])
        return {ref: _uris(ref, files.get(ref.id, ())) for ref in wanted}

    def getURI(  # noqa: N802 - the Butler's name
        self,
        ref_or_type: DatasetRef | str,
        data_id: Mapping[str, Any] | None = None,
        *,
        collections: str | Iterable[str] | None = None,
        **data_id_values: Any,
    ) -> ObjectUri:
        """Tell where a dataset is stored, in one file; errors as those of `getURIs`.

        Raises
        ------
        UserError
            It is stored in components: use `getURIs`.
        """
        uris = self.getURIs(ref_or_type, data_id, collections=collections, **data_id_values)
        if uris.primaryURI is None:
            raise UserError("The dataset is stored in components.", hint="Use getURIs.")
        return uris.primaryURI

    def get(
        self,
        ref_or_type: DatasetRef | str,
        data_id: Mapping[str, Any] | None = None,
        *,
        collections: str | Iterable[str] | None = None,
        **data_id_values: Any,
    ) -> Any:
        """Read a dataset, or a component of it such as ``raw.metadata``.

        Only what is needed is read of the file. By a ref the registry is asked for its file alone.

        Returns
        -------
        dataset
            Of a raw: a ``CCDData``, or an ``HDUList`` when the file has several images.

        Raises
        ------
        NotFoundError
            There is no such dataset, or its file is gone.
        DataIdError
            The data ID lacks a required dimension, or a value has the wrong type.
        StoreUnavailableError
            The store does not answer, or the file is not the one that was registered any more.
        UnreadableHeaderError
            The file is no FITS file.
        """
        component = ""
        if isinstance(ref_or_type, str):
            ref_or_type, _, component = ref_or_type.partition(".")
        ref = self._resolve(ref_or_type, data_id, collections, data_id_values)
        with self._client.registry.read() as transaction:
            files = transaction.datasets.files([ref.id]).get(ref.id, ())
        _uris(ref, files)
        whole = next((file for file in files if not file.component), None)
        if whole is None:
            raise NotFoundError(f"{ref} is stored in components.")
        return read_raw(self._open(whole), component, whole.hdu)

    def _open(self, file: DatasetFile) -> Any:
        uri = ObjectUri.parse(file.uri)
        store = self._client.store
        size = file.size_bytes
        if size is None:
            info = store.head(uri.bucket, uri.key)
            if info is None:
                raise NotFoundError(f"The file {uri} is gone.", kind="missing-object")
            size = info.size_bytes
        read_range = store.reader(
            uri.bucket, uri.key, etag=file.etag, version_id=file.version_id, size_bytes=size
        )
        return RangedFile(read_range, size, str(uri))

    def _resolve(
        self,
        ref_or_type: DatasetRef | str,
        data_id: Mapping[str, Any] | None,
        collections: str | Iterable[str] | None,
        data_id_values: Mapping[str, Any],
    ) -> DatasetRef:
        if isinstance(ref_or_type, DatasetRef):
            return ref_or_type
        name = ref_or_type.partition(".")[0]
        ref = self.find_dataset(name, data_id, collections=collections, **data_id_values)
        if ref is None:
            values = DataId({**(data_id or {}), **data_id_values})
            raise NotFoundError(f"There is no {name} with {values!r}.", kind="no-dataset")
        return ref

    def _dataset_type(self, transaction: RegistryTransaction, name: str) -> DatasetType:
        known = {kind.name: kind for kind in transaction.datasets.dataset_types()}
        if name not in known:
            raise NotFoundError(
                f"There is no dataset type {name!r}.",
                hint=f"Known: {', '.join(known)}." if known else "Nothing is registered yet.",
                kind="missing-dataset-type",
            )
        return known[name]

    def _runs(
        self, transaction: RegistryTransaction, collections: str | Iterable[str] | None
    ) -> list[str]:
        names = _names(collections if collections is not None else self._collections)
        if not names:
            names = tuple(item.name for item in transaction.datasets.collections())
        return transaction.datasets.flatten(names)


def _uris(ref: DatasetRef, files: Sequence[DatasetFile]) -> DatasetRefURIs:
    if not files:
        raise NotFoundError(f"{ref} is registered, but stored nowhere.", kind="no-file")
    uris = {file.component: ObjectUri.parse(file.uri) for file in files}
    hdus = {file.component: file.hdu for file in files}
    return DatasetRefURIs(uris.pop("", None), uris, hdus.get(""))


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
