"""Execution environments, stopped at the end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandboxes import Environment


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Environment]]:
    """Make environments and stop them at the end."""
    made: list[Environment] = []

    def make_environment(code: str, **settings: Any) -> Environment:
        made.append(Environment(tmp_path / f"task-{len(made)}", code, **settings))
        return made[-1]

    yield make_environment
    for environment in made:
        environment.sandbox.stop()
