"""Repositories: a folder or a prefix with a ``butler.yaml`` that names the registry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from underbutler.bootstrap import make_store
from underbutler.errors import ConfigurationError, ConflictError, NotFoundError, UserError
from underbutler.model.uri import ObjectUri
from underbutler.registry.engine import connect_registry, registry_url
from underbutler.registry.migrate import migrate_registry

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["CONFIG_NAME", "Repository", "create_repository"]

CONFIG_NAME = "butler.yaml"
# As in the Butler's own configuration: the folder that holds it.
_ROOT = "<butlerRoot>"
_SQLITE_NAME = "registry.sqlite3"
_LARGEST_CONFIG_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository's configuration."""

    root: ObjectUri
    """Folder or prefix that holds it."""
    database: URL
    """Where its registry is; without a password."""
    corrections: ObjectUri | None = None
    """Folder or prefix of header corrections."""

    @classmethod
    def read(cls, location: str) -> Repository:
        """Read the configuration of a repository.

        Parameters
        ----------
        location
            Folder, ``s3://`` prefix, or path of its ``butler.yaml``.

        Raises
        ------
        NotFoundError
            There is no ``butler.yaml``.
        ConfigurationError
            It is of the LSST Butler, or none that can be read.
        """
        root = _root(location)
        name = _join(root, CONFIG_NAME)
        try:
            text = make_store().read(name.bucket, name.key, largest_bytes=_LARGEST_CONFIG_BYTES)
        except NotFoundError as error:
            raise NotFoundError(
                f"There is no repository at {location}: it has no {CONFIG_NAME}.",
                hint=f"Make one with `underbutler create {location}`.",
                kind="no-repository",
            ) from error
        try:
            config = yaml.safe_load(text)
            if "managers" in config["registry"]:
                raise ConfigurationError(
                    f"{name} is a repository of the LSST Butler, with a registry of its own kind.",
                    hint="Make one of ours beside it, with `underbutler create`.",
                )
            database = str(config["registry"]["db"])
            corrections = config.get("corrections")
        except (yaml.YAMLError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{name} is no configuration of a repository: registry.db is missing."
            ) from error
        return cls(
            root=root,
            database=registry_url(database.replace(_ROOT, root.key)),
            corrections=None if corrections is None else _place(str(corrections), root),
        )


def create_repository(
    location: str, database: str | None = None, corrections: str | None = None
) -> Repository:
    """Create a repository: its ``butler.yaml``, and its registry unless the database has one.

    Parameters
    ----------
    location
        Folder, made where missing, or ``s3://`` prefix.
    database
        URL of the registry's database; by default an SQLite file in the folder. A password in it
        is used now and not written down.
    corrections
        Folder or ``s3://`` prefix where curators keep corrections of headers.

    Raises
    ------
    ConflictError
        There is a repository already.
    ConfigurationError
        The database is none that a registry runs on.
    RegistryUnavailableError
        The database is not available.
    """
    root = _root(location)
    store = make_store()
    name = _join(root, CONFIG_NAME)
    if store.head(name.bucket, name.key) is not None:
        raise ConflictError(
            f"There is a repository at {location} already.",
            hint=f"Delete {name} to make another.",
            kind="repository-exists",
        )
    if database is None:
        if root.scheme != "file":
            raise ConfigurationError(
                f"A repository at {root} needs a database: SQLite does not live in S3.",
                hint="Give one: --db postgresql://user@host/database.",
            )
        database = f"sqlite:///{_ROOT}/{_SQLITE_NAME}"
    url = registry_url(database.replace(_ROOT, root.key))
    if url.get_backend_name() == "sqlite":
        url = _prepare_file(url)
    engine = connect_registry(url)
    try:
        migrate_registry(engine)
    finally:
        engine.dispose()
    # libpq takes a password from the query as well.
    url = url.set(password=None).difference_update_query(["password"])
    written = database if _ROOT in database else url.render_as_string()
    config: dict[str, Any] = {"registry": {"db": written}, "datastore": {"root": _ROOT}}
    place = None
    if corrections is not None:
        place = _place(corrections, root)
        config["corrections"] = str(place)
    heading = "# A repository of Underbutler. Passwords: ~/.pgpass or PGPASSWORD.\n"
    store.write(name.bucket, name.key, (heading + yaml.safe_dump(config)).encode())
    return Repository(root=root, database=url, corrections=place)


def _prepare_file(url: URL) -> URL:
    """Make the folder of an SQLite file; returns its URL, the same from any working directory."""
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            "A registry in memory is gone with the command.",
            hint="Give a file: --db sqlite:////path/file.sqlite3.",
        )
    path = Path(url.database).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {path.parent} cannot be made: {error.strerror or error}."
        ) from error
    return url.set(database=str(path))


def _root(location: str) -> ObjectUri:
    if not location.strip():
        raise UserError("The repository's location is empty.", hint="Give a folder or a prefix.")
    location = location.removesuffix(f"/{CONFIG_NAME}") if location != CONFIG_NAME else "."
    if "://" in location:
        uri = ObjectUri.parse(location)
        return ObjectUri(uri.scheme, uri.bucket, uri.key.rstrip("/"))
    return ObjectUri("file", "", str(Path(location).expanduser().absolute()))


def _place(text: str, root: ObjectUri) -> ObjectUri:
    """Read where corrections are, perhaps in the repository itself."""
    return ObjectUri.from_location(text.replace(_ROOT, str(root)))


def _join(root: ObjectUri, name: str) -> ObjectUri:
    return ObjectUri(root.scheme, root.bucket, f"{root.key}/{name}" if root.key else name)
