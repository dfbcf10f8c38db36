"""Order of the events of one key, by the sequencer their sender gives."""

from __future__ import annotations

import re

__all__ = ["normalize_aws_sequencer"]

_HEX = re.compile(r"[0-9A-Fa-f]{1,64}")
_WIDTH = 64


def normalize_aws_sequencer(sequencer: object) -> str | None:
    """Normalise an AWS sequencer so that text order is order of events for a key.

    "If the two strings are of different lengths, right-pad the shorter with zeros, and compare
    lexicographically" (Amazon S3 User Guide, Event message structure).

    Returns
    -------
    normalized
        64 upper-case hexadecimal digits; None when there is no sequencer or it is no such number,
        so that order must be asked of the bucket.
    """
    if not isinstance(sequencer, str) or not _HEX.fullmatch(sequencer):
        return None
    return sequencer.upper().ljust(_WIDTH, "0")
