"""Fixtures of these tests."""

from __future__ import annotations

import pytest

from underbutler.metadata.translate import HeaderTranslator


@pytest.fixture(scope="module")
def translator() -> HeaderTranslator:
    return HeaderTranslator()
