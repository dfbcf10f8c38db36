"""Fixtures of these tests."""

from __future__ import annotations

import pytest

from store_places import PLACES, Place


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    """A place to put objects: the test runs on every store, unless it says on which."""
    return PLACES[request.param](request)
