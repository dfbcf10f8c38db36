"""Header corrections where curators keep them: a folder, or a prefix of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from underbutler.errors import MetadataError, NotFoundError, UserError
from underbutler.metadata.corrections import (
    BAD_CORRECTIONS,
    LARGEST_CORRECTIONS_BYTES,
    Corrections,
    parse_corrections,
)
from underbutler.model.uri import ObjectUri

if TYPE_CHECKING:
    from underbutler.ingest.ports import ObjectStore

__all__ = ["StoredCorrections"]

_SUFFIX = ".yaml"


class StoredCorrections:
    """Corrections in files ``<instrument>-<observation_id>.yaml``.

    Parameters
    ----------
    store
        Where the files are.
    place
        Folder or prefix.
    """

    def __init__(self, store: ObjectStore, place: ObjectUri) -> None:
        self._store = store
        self._place = place

    def find(self, instrument: str, observation_id: str) -> Corrections | None:
        """Read the corrections of an observation; None when there are none.

        Raises
        ------
        MetadataError
            The file holds none that can be read (kind ``bad-corrections``).
        StoreUnavailableError
            The store does not answer.
        """
        uri = self._uri(f"{instrument}-{observation_id}{_SUFFIX}")
        try:
            body = self._store.read(uri.bucket, uri.key, largest_bytes=LARGEST_CORRECTIONS_BYTES)
        except NotFoundError:
            return None
        except UserError as error:
            if error.kind != "too-large":
                raise
            raise MetadataError(error.message, kind=BAD_CORRECTIONS) from error
        return parse_corrections(body, str(uri))

    def observation_ids(self, instrument: str) -> list[str]:
        """List the observations of an instrument that have corrections."""
        place = self._uri("")
        names = (
            info.key.removeprefix(place.key)
            for info in self._store.list(place.bucket, self._listed(instrument))
        )
        beginning = f"{instrument}-"
        return sorted(
            name.removeprefix(beginning).removesuffix(_SUFFIX)
            for name in names
            if name.startswith(beginning) and name.endswith(_SUFFIX) and "/" not in name
        )

    def _listed(self, instrument: str) -> str:
        # Folders of the file system have no prefixes.
        place = self._uri("")
        return f"{place.key}{instrument}-" if place.bucket else place.key.rstrip("/")

    def _uri(self, name: str) -> ObjectUri:
        folder = self._place.key.rstrip("/")
        key = f"{folder}/{name}" if folder or not self._place.bucket else name
        return ObjectUri(self._place.scheme, self._place.bucket, key)
