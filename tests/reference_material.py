"""Where the reference material is, which a fresh clone does not have, and the mark of its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

# Beside the checkout; the project's own shared/ is another.
SHARED = Path(__file__).resolve().parents[2] / "shared"

# Marks a test that compares with it; without it such tests are not collected (see conftest.py).
reference = pytest.mark.reference
