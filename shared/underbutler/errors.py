"""What can go wrong, grouped by what a caller should do.

::

    UnderbutlerError                 kind, message, hint, context
    ├── UserError                    change the request; exit 2
    │     ├── DataIdError
    │     ├── NotFoundError          exit 4
    │     ├── ConflictError          exit 8
    │     └── QuerySyntaxError
    ├── MetadataError                the file is bad: recorded, never retried
    │     ├── UnreadableHeaderError
    │     ├── MissingPropertyError
    │     ├── UnknownInstrumentError
    │     ├── BadIndexError
    │     └── RefusedByRegistryError
    ├── TransientError               try again: back to the queue; exit 5
    │     ├── RegistryUnavailableError
    │     └── StoreUnavailableError
    └── ConfigurationError           the set-up is wrong: fail at start; exit 7
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "BadIndexError",
    "ConfigurationError",
    "ConflictError",
    "DataIdError",
    "MetadataError",
    "MissingPropertyError",
    "NotFoundError",
    "QuerySyntaxError",
    "RefusedByRegistryError",
    "RegistryUnavailableError",
    "StoreUnavailableError",
    "TransientError",
    "UnderbutlerError",
    "UnknownInstrumentError",
    "UnreadableHeaderError",
    "UserError",
]


class UnderbutlerError(Exception):
    """Something Underbutler can name.

    Parameters
    ----------
    message
        One sentence: what was wrong, in which object.
    hint
        What to do about it; empty when the message says it.
    kind
        Stable slug recorded with a rejected object; the class's own by default.
    **context
        Values worth logging beside the message.
    """

    default_kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, hint: str = "", kind: str | None = None, **context: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind or self.default_kind
        self.context = context

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UserError(UnderbutlerError):
    """The request cannot be served as it stands: change it."""

    default_kind = "bad-request"
    exit_code = 2


class DataIdError(UserError):
    """A data ID lacks a dimension, has one too many, or a value of the wrong type."""

    default_kind = "bad-data-id"


class NotFoundError(UserError):
    """No such dataset, collection, dataset type, instrument or file."""

    default_kind = "not-found"
    exit_code = 4


class ConflictError(UserError):
    """The same identifier stands for something else already."""

    default_kind = "conflict"
    exit_code = 8


class QuerySyntaxError(UserError):
    """A ``where`` expression that cannot be read; the message points at the place."""

    default_kind = "bad-query"


class MetadataError(UnderbutlerError):
    """The file's metadata are unusable: recorded with the object, never retried."""

    default_kind = "bad-metadata"


class UnreadableHeaderError(MetadataError):
    """The bytes are not a FITS header within the bounds that are read."""

    default_kind = "bad-header"


class MissingPropertyError(MetadataError):
    """A property that registration requires is missing or of the wrong type."""

    default_kind = "missing-property"


class UnknownInstrumentError(MetadataError):
    """No translator recognises the header."""

    default_kind = "unknown-instrument"


class BadIndexError(MetadataError):
    """An index or sidecar is not of the form ``astrometadata`` writes."""

    default_kind = "bad-index"


class RefusedByRegistryError(MetadataError):
    """The database does not take the values: the object that has them is rejected alone."""

    default_kind = "refused-by-registry"


class TransientError(UnderbutlerError):
    """A fault outside the request: the same again, later, may succeed."""

    default_kind = "transient"
    exit_code = 5


class RegistryUnavailableError(TransientError):
    """The database refused, broke off or timed out."""

    default_kind = "registry-unavailable"


class StoreUnavailableError(TransientError):
    """The object store refused, broke off, timed out, or the object changed while read."""

    default_kind = "store-unavailable"


class ConfigurationError(UnderbutlerError):
    """The set-up is wrong: nothing will work until it is changed."""

    default_kind = "bad-configuration"
    exit_code = 7
