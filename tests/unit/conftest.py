"""What unit tests stand on: no time limit, so that a slow machine fails nothing."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
