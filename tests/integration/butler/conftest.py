"""Fixtures of these tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from client_raws import SUFFIXES, open_butler, write_raw
from underbutler import Butler
from underbutler.butler.raw_ingest import ingest_locations
from underbutler.registry.engine import connect_registry
from underbutler.store.file import FileStore


@pytest.fixture(scope="module")
def raws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of raws, to be read only."""
    folder = tmp_path_factory.mktemp("raws")
    for exposure in SUFFIXES:
        write_raw(folder, exposure)
    write_raw(folder, 100_000, 1)
    return folder


@pytest.fixture
def butler(registry_url: str, tmp_path: Path) -> Iterator[Butler]:
    """A Butler of the test's own, that knows HSC and no datasets."""
    with open_butler(registry_url, tmp_path / "repo") as opened:
        yield opened


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def full(
    request: pytest.FixtureRequest, raws: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Butler]:
    """A Butler with the raws registered, to be read only."""
    folder = tmp_path_factory.mktemp("full")
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        url = f"sqlite:///{shutil.copy(template, folder / 'registry.sqlite3')}"
    else:
        template = request.getfixturevalue("postgres_template")
        server = request.getfixturevalue("postgres")
        engine = connect_registry(server.url())
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(f"CREATE DATABASE {folder.name} TEMPLATE {template}"))
        engine.dispose()
        url = server.url(folder.name)
    with open_butler(url, folder / "repo") as opened:
        ingest_locations(opened.client, [str(raws)])
        yield opened


@pytest.fixture
def own(butler: Butler, raws: Path) -> Butler:
    """A Butler of the test's own with the raws of one exposure registered."""
    ingest_locations(butler.client, [str(path) for path in raws.glob("100000*")])
    return butler


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Ranges of bytes that are read of files, as they are read."""
    ranges: list[tuple[int, int]] = []
    make_reader = FileStore.reader

    def make_counting(self: FileStore, *place: Any, **content: Any) -> Any:
        read = make_reader(self, *place, **content)

        def counted(start: int, end: int) -> bytes:
            ranges.append((start, end))
            return read(start, end)

        return counted

    monkeypatch.setattr(FileStore, "reader", make_counting)
    return ranges
