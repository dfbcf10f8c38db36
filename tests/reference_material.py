"""Where the reference material is, which a fresh clone does not have, and the mark of its tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

# Beside the checkout; the project's own shared/ is another.
SHARED = Path(__file__).resolve().parents[2] / "shared"


def reference(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that compares with the reference material; without it, the test is skipped."""
    skipped = pytest.mark.skipif(not SHARED.is_dir(), reason=f"needs {SHARED}")
    return pytest.mark.reference(skipped(test))
