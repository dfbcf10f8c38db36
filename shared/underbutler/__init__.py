"""Event-driven registration of astronomical raws, in the vocabulary of the LSST Butler."""

from __future__ import annotations

__version__ = "0.1.0"
