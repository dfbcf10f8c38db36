"""Folders of the raw bucket whose files changed, so that their index is out of date."""

from __future__ import annotations

from collections.abc import Mapping

from underbutler.model.announcement import Announcement, Queue
from underbutler.model.raw_object import ObjectKind, ObjectState, RawObject

__all__ = ["folder_announcements"]

_ObjectKey = tuple[str, str]


def folder_announcements(
    rows: Mapping[_ObjectKey, RawObject], before: Mapping[_ObjectKey, RawObject]
) -> list[Announcement]:
    """Make the messages that ask for the indexes of folders to be written.

    Parameters
    ----------
    rows
        New rows by (bucket, key).
    before
        Rows as they were.
    """
    folders = {
        (bucket, key.rpartition("/")[0])
        for (bucket, key), row in rows.items()
        if row.kind is ObjectKind.FITS and _content(row) != _content(before.get((bucket, key)))
    }
    return [
        Announcement(
            dedup_key=f"index/{bucket}/{folder}",
            destination=Queue.INDEXES,
            payload={"bucket": bucket, "folder": folder},
        )
        for bucket, folder in sorted(folders)
    ]


def _content(row: RawObject | None) -> tuple[object, ...] | None:
    """Tell which bytes of a file belong into an index, and how they are read, if any do."""
    if row is None or row.state is not ObjectState.REGISTERED:
        return None
    # Corrections change what is said of the same bytes.
    return row.etag, row.version_id, row.corrections, row.observation
