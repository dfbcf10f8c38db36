"""Fixtures of these tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from command_lines import done, write_night


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A folder of good raws."""
    return write_night(tmp_path / "night")


@pytest.fixture(scope="module")
def registered_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repo = tmp_path_factory.mktemp("registered") / "repo"
    done("create", repo)
    done("register-instrument", repo, "HSC")
    return repo


@pytest.fixture(scope="module")
def ingested(registered_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a night in it, to be read only."""
    folder = tmp_path_factory.mktemp("ingested")
    shutil.copytree(registered_template, folder / "repo")
    done("ingest-raws", folder / "repo", write_night(folder / "night"))
    return folder / "repo"


@pytest.fixture
def repo(registered_template: Path, tmp_path: Path) -> Path:
    """A repository of the test's own that knows HSC and no datasets."""
    shutil.copytree(registered_template, tmp_path / "repo")
    return tmp_path / "repo"
