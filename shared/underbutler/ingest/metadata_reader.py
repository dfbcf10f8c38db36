"""Metadata of files from the cheapest source that gives them: index, sidecar, header."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from underbutler.errors import (
    BadIndexError,
    ConfigurationError,
    MetadataError,
    NotFoundError,
    UnderbutlerError,
    UserError,
)
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.index import LARGEST_INDEX_BYTES, Index, parse_index
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.metadata.sidecar import LARGEST_SIDECAR_BYTES, parse_sidecar
from underbutler.metadata.translated import properties_from_translated
from underbutler.model.file_content import FileContent
from underbutler.model.metadata_entry import HDU, ContentMode, MetadataEntry
from underbutler.model.observation import MetadataSource, ObservationProperties
from underbutler.model.raw_object import stem_of

if TYPE_CHECKING:
    from underbutler.ingest.ports import HeaderTranslator, ObjectStore
    from underbutler.ingest.read_pool import ReadPool
    from underbutler.model.instrument import Instrument

__all__ = ["FileToRead", "MetadataReader", "Reading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileToRead:
    """A FITS file whose metadata are wanted, and where they may be."""

    bucket: str
    key: str
    etag: str | None
    version_id: str | None
    size_bytes: int | None
    entries: tuple[MetadataEntry, ...] = ()
    """What indexes and its sidecar say, as far as it is at hand, the best first."""
    index_key: str | None = None
    """Index to read again, for what it said of the file before."""
    sidecar_key: str | None = None
    """Sidecar to read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file's metadata say, and where that was read."""

    content: FileContent
    source: MetadataSource
    source_key: str | None
    notes: tuple[str, ...] = ()
    """Sources that were better but could not be used, properties that were lost, and what else
    curators should know."""


@dataclass(slots=True)
class _Sources:
    """Sources of one file as they were fetched, the best first."""

    entries: list[MetadataEntry] = field(default_factory=list)
    headers: FitsHeaders | None = None
    notes: list[str] = field(default_factory=list)
    error: UnderbutlerError | None = None
    knows_sidecar: bool = False

    def __post_init__(self) -> None:
        self.knows_sidecar = any(e.source is MetadataSource.SIDECAR for e in self.entries)


_ReadAgain = Mapping[str, MetadataEntry] | UnderbutlerError
"""What an index says of files by key, or why it cannot be had."""


class MetadataReader:
    """Reads metadata of files.

    Parameters
    ----------
    store
        Where the objects are.
    make_translator
        Makes the translator of headers when the first header is to be translated, since that
        takes most of a second.
    pool
        Where reads run side by side.
    """

    def __init__(
        self, store: ObjectStore, make_translator: Callable[[], HeaderTranslator], pool: ReadPool
    ) -> None:
        self._store = store
        self._make_translator = make_translator
        self._translator: HeaderTranslator | None = None
        self._pool = pool

    def read_index(self, bucket: str, key: str, etag: str | None) -> Index:
        """Read an index object.

        Raises
        ------
        BadIndexError
            It is none, or too large.
        NotFoundError, StoreUnavailableError
            It cannot be had.
        """
        body = self._read_json(bucket, key, etag, LARGEST_INDEX_BYTES)
        return parse_index(body, bucket=bucket, key=key, etag=etag or "")

    def read_sidecar(self, bucket: str, key: str, etag: str | None) -> MetadataEntry:
        """Read a sidecar object; errors as those of `read_index`."""
        body = self._read_json(bucket, key, etag, LARGEST_SIDECAR_BYTES)
        return parse_sidecar(body, bucket=bucket, key=key, etag=etag or "")

    def read_files(
        self, files: Sequence[FileToRead]
    ) -> Iterator[tuple[FileToRead, Reading | UnderbutlerError]]:
        """Read the metadata of files: concurrently from the store, translated one by one.

        Yields
        ------
        result
            Each file in order, with what was read, or why nothing could be: a `MetadataError`
            when the file itself is bad, a `NotFoundError` when it is not there, a
            `StoreUnavailableError` when the store failed or the file changed.
        """
        if self._translator is not None:
            self._translator.forget()
        reread: dict[tuple[str, str], _ReadAgain] = {}
        for file in files:
            if file.index_key is not None and (file.bucket, file.index_key) not in reread:
                reread[file.bucket, file.index_key] = self._read_again(file.bucket, file.index_key)
        fetched = self._pool.map(lambda file: self._fetch(file, reread), files)
        for file, sources in zip(files, fetched, strict=True):
            yield file, self._observe(file, sources)

    def _read_again(self, bucket: str, key: str) -> _ReadAgain:
        try:
            index = self.read_index(bucket, key, None)
        except (BadIndexError, NotFoundError):
            return {}
        except UnderbutlerError as error:
            return error
        return {entry.target: entry for entry in index.entries}

    def _fetch(self, file: FileToRead, reread: Mapping[tuple[str, str], _ReadAgain]) -> _Sources:
        """Fetch the best source of a file; lesser ones are fetched when it fails."""
        sources = _Sources(entries=list(file.entries))
        try:
            if file.index_key is not None:
                index = reread[file.bucket, file.index_key]
                if isinstance(index, UnderbutlerError):
                    raise index
                if file.key in index:
                    sources.entries.append(index[file.key])
            if not sources.entries:
                self._read_sidecar_again(file, sources)
            if not sources.entries:
                sources.headers = self._headers(file)
        except UnderbutlerError as error:
            sources.error = error
        return sources

    def _read_sidecar_again(self, file: FileToRead, sources: _Sources) -> None:
        if file.sidecar_key is None or sources.knows_sidecar:
            return
        sources.knows_sidecar = True
        try:
            sources.entries.append(self.read_sidecar(file.bucket, file.sidecar_key, None))
        except (BadIndexError, NotFoundError) as error:
            sources.notes.append(f"{file.sidecar_key}: {error.message}")

    def _observe(self, file: FileToRead, sources: _Sources) -> Reading | UnderbutlerError:
        if sources.error is not None:
            return sources.error
        try:
            for entry in self._entries(file, sources):
                try:
                    return self._from_entry(file, entry, sources.notes)
                except MetadataError as error:
                    sources.notes.append(f"{entry.source_key}: {error.message}")
            headers = sources.headers or self._headers(file)
            return self._from_header(file, headers, sources.notes)
        except MetadataError as error:
            if sources.notes:
                error.message = f"{error.message} Before that, {'; '.join(sources.notes)}"
            return error
        except UnderbutlerError as error:
            return error

    def _entries(self, file: FileToRead, sources: _Sources) -> Iterator[MetadataEntry]:
        yield from sorted(sources.entries, key=lambda entry: entry.rank)
        tried = len(sources.entries)
        self._read_sidecar_again(file, sources)
        yield from sources.entries[tried:]

    def _from_entry(self, file: FileToRead, entry: MetadataEntry, notes: Sequence[str]) -> Reading:
        detectors = [self._properties(entry, item) for item in entry.detectors or (entry.entry,)]
        content = _content(file.key, detectors)
        return Reading(
            content=content,
            source=entry.source,
            source_key=entry.source_key,
            notes=(*notes, *_remarks(content)),
        )

    def _properties(self, entry: MetadataEntry, item: Mapping[str, Any]) -> ObservationProperties:
        if entry.content is ContentMode.TRANSLATED:
            properties = properties_from_translated(item)
        else:
            properties = self._translate().translate_header(item)
        properties.hdu = item.get(HDU) if entry.detectors else None
        return properties

    def _from_header(self, file: FileToRead, headers: FitsHeaders, notes: Sequence[str]) -> Reading:
        content = _content(file.key, self._translate().translate_file(headers))
        return Reading(
            content=content,
            source=MetadataSource.HEADER,
            source_key=None,
            notes=(*notes, *_remarks(content)),
        )

    def _headers(self, file: FileToRead) -> FitsHeaders:
        return FitsHeaders(
            self._store.reader(
                file.bucket,
                file.key,
                etag=file.etag,
                version_id=file.version_id,
                size_bytes=file.size_bytes,
            ),
            self._pool.map,
        )

    def _read_json(self, bucket: str, key: str, etag: str | None, largest_bytes: int) -> bytes:
        try:
            return self._store.read(bucket, key, largest_bytes=largest_bytes, etag=etag)
        except UserError as error:
            if error.kind != "too-large":
                raise
            raise BadIndexError(error.message, kind="too-large") from error

    def _translate(self) -> HeaderTranslator:
        if self._translator is None:
            self._translator = self._make_translator()
        return self._translator


def _content(key: str, detectors: Sequence[ObservationProperties]) -> FileContent:
    """Make of the metadata of a file's detectors what the file holds."""
    instrument = _known_instrument(detectors[0].instrument)
    auxiliary = instrument.auxiliary_at(stem_of(key)) if instrument else None
    if auxiliary is not None:
        return FileContent.from_auxiliary(detectors[0], auxiliary)
    return FileContent.from_properties(detectors)


def _remarks(content: FileContent) -> Iterator[str]:
    """Say what curators should know of a file that can be registered."""
    yield from content.problems
    if content.exposure is None:
        return
    instrument = _known_instrument(content.instrument)
    name = content.exposure.physical_filter
    if instrument is not None and name not in instrument.bands:
        yield (
            f"{content.instrument} has no filter {name!r} that is known; "
            f"its band is taken to be {instrument.band_of(name)!r}."
        )


def _known_instrument(name: str | None) -> Instrument | None:
    """Find a described instrument; None where nobody described it, or its plug-in is broken."""
    try:
        return load_instrument(name) if name else None
    except (NotFoundError, ConfigurationError):
        return None
