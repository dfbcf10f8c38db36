"""What tests stand on: a scrubbed environment, PostgreSQL, SQLite, an AWS endpoint."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from reference_material import SHARED
from underbutler.local.background import Background
from underbutler.local.checkout import Checkout
from underbutler.local.endpoint import Endpoint
from underbutler.local.postgres import PostgresServer, free_port
from underbutler.local.stack import start_emulator
from underbutler.registry.engine import connect_registry
from underbutler.registry.migrate import migrate_registry
from underbutler.registry.registry import Registry

_SCRUBBED = ("AWS_", "UNDERBUTLER_", "PG", "S3_", "METADATA_", "LSST_", "DAF_", "NO_COLOR")
_NUMBERS = itertools.count()
_TOLD = "told"
_ENOUGH_BYTES = 4 * 2**30
_DATABASES = ("postgresql", "sqlite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what compares with the reference material where there is none: not a skip."""
    if not SHARED.is_dir():
        left_out = [item for item in items if item.get_closest_marker("reference")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say something at the end of the run, whoever ran the test."""
    return lambda text: record_property(_TOLD, text)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests want to be known."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, text in getattr(report, "user_properties", ()):
                if name == _TOLD and report.when == "call":
                    terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {text}")


@pytest.fixture(autouse=True)
def _scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the developer's own set-up would lend to a test."""
    for name in list(os.environ):
        if name.startswith(_SCRUBBED):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections that leave the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        is_local = self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost")
        assert is_local, f"a test connects to {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the session, fast and forgetful."""
    server = PostgresServer(
        _fast_folder(f"tests-{os.getpid()}"),
        free_port(),
        ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=80"),
    )
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """Name of a database with a registry's tables, to be copied."""
    name = "registry_template"
    _execute(postgres, f"CREATE DATABASE {name}")
    engine = connect_registry(postgres.url(name))
    migrate_registry(engine)
    engine.dispose()
    return name


@pytest.fixture
def make_database(postgres: PostgresServer, postgres_template: str) -> Iterator[Callable[..., str]]:
    """Make PostgreSQL databases with a registry's tables, or copies of one by its URL."""
    names: list[str] = []

    def make(original: str | None = None) -> str:
        name = f"registry_{next(_NUMBERS)}"
        template = original.rpartition("/")[2] if original else postgres_template
        _execute(postgres, f"CREATE DATABASE {name} TEMPLATE {template}")
        names.append(name)
        return postgres.url(name)

    yield make
    for name in names:
        _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(make_database: Callable[..., str]) -> str:
    """URL of a PostgreSQL database of the test's own, with a registry's tables."""
    return make_database()


@pytest.fixture
def empty_postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """URL of an empty PostgreSQL database of the test's own."""
    name = f"empty_{next(_NUMBERS)}"
    _execute(postgres, f"CREATE DATABASE {name}")
    yield postgres.url(name)
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with a registry's tables, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    engine = connect_registry(f"sqlite:///{path}")
    migrate_registry(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of an SQLite database of the test's own, with a registry's tables."""
    path = tmp_path / f"registry-{next(_NUMBERS)}.sqlite3"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=_DATABASES)
def registry_url(request: pytest.FixtureRequest) -> str:
    """URL of a registry: the test runs on PostgreSQL, and again on SQLite."""
    url: str = request.getfixturevalue(
        "postgres_url" if request.param == "postgresql" else "sqlite_url"
    )
    return url


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    """A registry with its tables and nothing in them, on PostgreSQL and again on SQLite."""
    opened = Registry(connect_registry(registry_url, pool_size=12))
    yield opened
    opened.close()


@pytest.fixture
def postgres_registry(postgres_url: str) -> Iterator[Registry]:
    """A registry on PostgreSQL."""
    opened = Registry(connect_registry(postgres_url, pool_size=12))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """An AWS endpoint for the session, with nothing deployed to it."""
    with tempfile.TemporaryDirectory(prefix="underbutler-emulator-") as folder:
        process = Background(Path(folder), "emulator")
        yield start_emulator(process, Path(folder), Checkout(), free_port())
        process.stop()


@pytest.fixture
def bucket(endpoint: Endpoint) -> str:
    """A bucket of the test's own."""
    name = f"bucket-{next(_NUMBERS)}"
    endpoint.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def aws_environment(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The endpoint, with the environment that leads to it."""
    for name, value in endpoint.environment.items():
        monkeypatch.setenv(name, value)
    return endpoint


def _fast_folder(name: str) -> Path:
    """Choose a folder in memory where there is one: a database a test is much to write."""
    folder, memory = PostgresServer.reachable_folder(name), Path("/dev/shm")
    if not (os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ENOUGH_BYTES):
        return folder
    return memory / folder.name


def _execute(server: PostgresServer, statement: str) -> None:
    connection = psycopg2.connect(server.url())
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
