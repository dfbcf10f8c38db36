"""The index of one folder of a raw bucket, written into a bucket of its own."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from underbutler.butler.write_index import IndexPlan, IndexReport, index_files, make_translator
from underbutler.errors import UserError
from underbutler.model.raw_object import INDEX_NAME, ObjectKind, classify_key
from underbutler.model.uri import ObjectUri

if TYPE_CHECKING:
    from underbutler.model.metadata_entry import ContentMode
    from underbutler.store.routed import RoutedStore

__all__ = ["MOST_OBJECTS", "write_folder_index"]

MOST_OBJECTS = 10_000
"""Objects below a folder, its subfolders included, that one index is made from: more than a
function reads in its time."""
_WORKERS = 32


def write_folder_index(
    store: RoutedStore,
    bucket: str,
    folder: str,
    *,
    into: str,
    content: ContentMode,
    corrections: ObjectUri | None = None,
) -> IndexReport:
    """Write the index of the files in a folder, as they are now.

    It gets the key that it would have beside the files, and names them by their URIs. The same
    again writes the same.

    Parameters
    ----------
    store
        Where the files are, and the index goes.
    bucket, folder
        Folder of the files, without a slash at its end; its subfolders have indexes of their own.
    into
        Bucket of the index, another one.
    content
        What to write.
    corrections
        Prefix of header corrections, for what is written of translated headers.

    Raises
    ------
    UserError
        The bucket is the files' own, or the folder holds too much for one index.
    StoreUnavailableError
        The store does not answer.
    """
    if into == bucket:
        raise UserError(f"s3://{bucket} holds raws: an index of ours does not go there.")
    prefix = f"{folder}/" if folder else ""
    objects = list(islice(store.list(bucket, prefix), MOST_OBJECTS + 1))
    if len(objects) > MOST_OBJECTS:
        raise UserError(
            f"s3://{bucket}/{prefix} holds over {MOST_OBJECTS} objects.",
            hint="Use folders of fewer files, one an exposure, or write its index by hand.",
            kind="too-large",
        )
    files = [
        info
        for info in objects
        if "/" not in info.key.removeprefix(prefix) and classify_key(info.key) is ObjectKind.FITS
    ]
    index = ObjectUri("s3", into, f"{prefix}{INDEX_NAME}")
    report = IndexReport()
    plan = IndexPlan(content=content, lists_detectors=True, workers=_WORKERS)
    translator = make_translator(store, corrections)
    draft = index_files(store, files, index, plan, translator=translator, report=report)
    if len(draft):
        store.write(index.bucket, index.key, draft.to_json())
        report.written[str(index)] = len(draft)
    return report
