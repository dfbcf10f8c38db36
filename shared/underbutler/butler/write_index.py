"""Indexes written for files that are there: ``_index.json``, as ``astrometadata`` writes them."""

from __future__ import annotations

import posixpath
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from underbutler.errors import MetadataError, NotFoundError, UnderbutlerError, UserError
from underbutler.ingest.stored_corrections import StoredCorrections
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.index_draft import IndexDraft
from underbutler.model.metadata_entry import ContentMode
from underbutler.model.object_info import ObjectInfo
from underbutler.model.raw_object import INDEX_NAME, ObjectKind, classify_key, object_uri
from underbutler.model.uri import ObjectUri

if TYPE_CHECKING:
    from underbutler.metadata.translate import HeaderTranslator
    from underbutler.store.routed import RoutedStore

__all__ = [
    "IndexPlan",
    "IndexReport",
    "Remark",
    "index_files",
    "make_translator",
    "write_index",
]

# What is wrong with one file; another fault of the store is one with all of them.
_FAULTS_OF_A_FILE = ("access-denied", "missing-object", "object-changed")

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A file that is in no index, or not with all it says."""

    uri: str
    code: str
    """Stable slug."""
    message: str
    """The same in a sentence."""


@dataclass(slots=True)
class IndexReport:
    """What was written, and what could not be."""

    written: dict[str, int] = field(default_factory=dict)
    """URI of an index → number of files in it."""
    files: int = 0
    """Number of files that were looked at."""
    problems: list[Remark] = field(default_factory=list)
    """Files that are in none, and why."""
    notes: list[Remark] = field(default_factory=list)
    """Files whose entry lacks cards or properties, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPlan:
    """How indexes are to be written."""

    content: ContentMode = ContentMode.TRANSLATED
    """What to write of each file: header cards, or what they translate to."""
    outpath: str | None = None
    """One index for all files, a path or URI that ends in ``.json``, never in a bucket that files
    are read from; by default each local folder gets its own."""
    regex: str | None = None
    """Searched for in the names of files below a location; by default all are taken that are FITS
    files by their names."""
    lists_detectors: bool = False
    """Whether files of many HDUs get lists of detectors, which the Butler does not read."""
    workers: int = 16
    """Files read at once."""


def write_index(
    locations: Sequence[str],
    plan: IndexPlan,
    *,
    store: RoutedStore | None = None,
    corrections: ObjectUri | None = None,
    progress: Callable[[IndexReport], None] | None = None,
) -> IndexReport:
    """Write indexes of the FITS files at some locations.

    Parameters
    ----------
    locations
        Files, folders, ``s3://`` objects or prefixes.
    plan
        How.
    store
        Where files are and indexes go; by default what the environment names.
    corrections
        Folder or prefix of header corrections, for what is written of translated headers.
    progress
        Told the report after each file.

    Raises
    ------
    NotFoundError
        There is no FITS file at a location.
    UserError
        A location or a part of the plan cannot be used, or an index would be too large.
    StoreUnavailableError
        The store does not answer.
    """
    addresses = [ObjectUri.from_location(location) for location in locations]
    target = _target(plan.outpath, addresses)
    if store is None:
        from underbutler.bootstrap import make_store

        store = make_store()
    report = IndexReport()
    translator = make_translator(store, corrections)
    for index, files in _files_by_index(store, addresses, target, plan.regex).items():
        draft = index_files(
            store, files, index, plan, translator=translator, report=report, progress=progress
        )
        if len(draft):
            store.write(index.bucket, index.key, draft.to_json())
            report.written[str(index)] = len(draft)
    return report


def index_files(
    store: RoutedStore,
    files: Iterable[ObjectInfo],
    index: ObjectUri,
    plan: IndexPlan,
    *,
    translator: HeaderTranslator,
    report: IndexReport,
    progress: Callable[[IndexReport], None] | None = None,
) -> IndexDraft:
    """Read the headers of files, side by side, and make an index of them; nothing is written.

    Parameters
    ----------
    store
        Where the files are.
    files
        The files, each once.
    index
        Where the index will be: names are relative to its folder, or URIs where there is no way.
    plan
        How; it does not say where from and where to.
    translator
        Translates and corrects headers.
    report
        Takes what goes wrong with a file.
    progress
        Told the report after each file.

    Raises
    ------
    StoreUnavailableError
        The store does not answer.
    """
    from underbutler.metadata.index_entry import describe_file, open_headers

    def fetch(info: ObjectInfo) -> FitsHeaders | UnderbutlerError:
        try:
            return open_headers(
                store.reader(
                    info.bucket,
                    info.key,
                    etag=info.etag,
                    version_id=info.version_id,
                    size_bytes=info.size_bytes,
                )
            )
        except UnderbutlerError as error:
            return error

    draft = IndexDraft(plan.content)
    ordered = sorted(files, key=lambda info: info.key)
    for info, headers in zip(ordered, _in_order(fetch, ordered, plan.workers), strict=True):
        uri = object_uri(info.bucket, info.key)
        try:
            if isinstance(headers, UnderbutlerError):
                raise headers
            entry = describe_file(
                headers, plan.content, translator, lists_detectors=plan.lists_detectors
            )
        except UnderbutlerError as error:
            if not isinstance(error, MetadataError) and error.kind not in _FAULTS_OF_A_FILE:
                raise
            report.problems.append(Remark(uri=uri, code=error.kind, message=error.message))
        else:
            draft.add(_name(info, index), entry.metadata)
            report.notes += [Remark(uri=uri, code="lost", message=note) for note in entry.notes]
        report.files += 1
        if progress is not None:
            progress(report)
    return draft


def make_translator(store: RoutedStore, corrections: ObjectUri | None) -> HeaderTranslator:
    """Make the translator of the headers that indexes are made of."""
    from underbutler.metadata.translate import HeaderTranslator

    return HeaderTranslator(StoredCorrections(store, corrections) if corrections else None)


def _target(outpath: str | None, addresses: Iterable[ObjectUri]) -> ObjectUri | None:
    """Find where the one index goes; None where each folder gets its own."""
    buckets = {address.bucket for address in addresses} - {""}
    if outpath is None:
        if buckets:
            raise UserError(
                f"s3://{min(buckets)} is read only here: an index of its files goes elsewhere.",
                hint="Say where with --outpath, such as s3://another-bucket/_index.json.",
            )
        return None
    target = ObjectUri.from_location(outpath)
    if not target.key.endswith(".json"):
        raise UserError(f"An index's name ends in .json, unlike {outpath}.")
    if target.bucket in buckets:
        raise UserError(
            f"s3://{target.bucket} is read only here: files are read from it.",
            hint="Give --outpath another bucket, or a local path.",
        )
    return target


def _files_by_index(
    store: RoutedStore,
    addresses: Iterable[ObjectUri],
    target: ObjectUri | None,
    regex: str | None,
) -> dict[ObjectUri, list[ObjectInfo]]:
    """List the files at locations, each once, under the index that each goes into."""
    try:
        pattern = re.compile(regex) if regex is not None else None
    except re.error as error:
        raise UserError(f"{regex!r} is no regular expression: {error}.") from error
    files: dict[tuple[str, str], ObjectInfo] = {}
    for address in addresses:
        found = [
            info
            for info in store.list(address.bucket, address.key)
            if info.key == address.key or _is_wanted(info.key, pattern)
        ]
        if not found:
            raise NotFoundError(f"There is no FITS file at {address}.")
        files |= {(info.bucket, info.key): info for info in found}
    by_index: dict[ObjectUri, list[ObjectInfo]] = {}
    for info in files.values():
        folder = info.key.rpartition("/")[0]
        index = target or ObjectUri("file", "", f"{folder}/{INDEX_NAME}")
        by_index.setdefault(index, []).append(info)
    return by_index


def _is_wanted(key: str, pattern: re.Pattern[str] | None) -> bool:
    if pattern is None:
        return classify_key(key) is ObjectKind.FITS
    return pattern.search(key.rpartition("/")[2]) is not None


def _name(info: ObjectInfo, index: ObjectUri) -> str:
    """Name a file in an index: readers look for it from the index's folder."""
    if info.bucket != index.bucket:
        return object_uri(info.bucket, info.key)
    return posixpath.relpath(info.key, posixpath.dirname(index.key) or "/")


def _in_order(
    function: Callable[[_Item], _Result], items: Iterable[_Item], workers: int
) -> Iterator[_Result]:
    """Apply a function side by side, results in order, few of them ahead of who takes them."""
    rest = iter(items)
    ahead: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="read") as executor:
        try:
            ahead.extend(executor.submit(function, item) for item in islice(rest, 2 * workers))
            while ahead:
                result = ahead.popleft().result()
                ahead.extend(executor.submit(function, item) for item in islice(rest, 1))
                yield result
        finally:
            # Who gives up, gives up at once.
            executor.shutdown(wait=False, cancel_futures=True)
