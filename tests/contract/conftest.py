"""Fixtures of contract tests."""

from __future__ import annotations

import pytest

from factories import instrument
from scenes import Scene
from underbutler.registry.registry import Registry


@pytest.fixture
def scene(registry: Registry) -> Scene:
    with registry.begin() as transaction:
        transaction.dimensions.register_instrument(instrument(detectors=8))
    return Scene(registry)
