"""An object of a store as a file: what is read of it is fetched, and nothing else."""

from __future__ import annotations

import io
import os
from collections.abc import Callable

__all__ = ["RangedFile"]

# Small seeks around a header cost one request; a large read costs one of its own size.
_LEAST_READ_BYTES = 64 * 1024


class RangedFile(io.RawIOBase):
    """A read-only, seekable file over ranged reads.

    Parameters
    ----------
    read_range
        Reads bytes [start, end).
    size_bytes
        Size of the object.
    name
        What to call it.
    """

    def __init__(self, read_range: Callable[[int, int], bytes], size_bytes: int, name: str) -> None:
        super().__init__()
        self._read_range = read_range
        self._size = size_bytes
        self._position = 0
        self._start = 0
        self._data = b""
        self.name = name
        self.mode = "rb"

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read from anywhere."""
        return True

    def tell(self) -> int:
        """Tell the position of the next read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position of the next read; nothing is fetched."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Read bytes, all to the end by default."""
        end = self._size if size < 0 else min(self._position + size, self._size)
        if end <= self._position:
            return b""
        if not self._start <= self._position <= end <= self._start + len(self._data):
            wanted = max(end, min(self._position + _LEAST_READ_BYTES, self._size))
            self._data = self._read_range(self._position, wanted)
            self._start = self._position
        data = self._data[self._position - self._start : end - self._start]
        self._position += len(data)
        return data

    def readall(self) -> bytes:
        """Read to the end."""
        return self.read()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read into a buffer; returns how many bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
