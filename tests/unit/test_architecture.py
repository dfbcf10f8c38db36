"""Who may import whom, wherever the import stands; and how large modules may be."""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = {
    path: path.read_text(encoding="utf-8")
    for folder in ("shared/underbutler", "functions")
    for path in sorted((ROOT / folder).rglob("*.py"))
}

# Part of the package → parts and modules of the package that it may import, besides itself.
ALLOWED = {
    "errors": (),
    "model": ("errors",),
    "settings": ("errors", "model"),
    "patience": ("errors",),
    "events": ("model", "errors"),
    "metadata": ("model", "errors"),
    "where": ("model", "errors"),
    "ingest": ("model", "events", "metadata", "errors", "patience"),
    "visits": ("model", "errors", "patience"),
    "registry": ("model", "errors", "patience", "where"),
    "store": ("model", "errors", "settings"),
    "queues": ("model", "errors", "settings"),
    # Where adapters and use cases meet: for functions, and for users.
    "bootstrap": (
        *("model", "errors", "settings", "ingest", "metadata"),
        *("visits", "registry", "store", "queues"),
    ),
    "butler": (
        *("model", "errors", "events", "ingest", "metadata", "visits", "where", "bootstrap"),
        *("registry", "store.routed"),
    ),
    "cli": (
        *("model", "errors", "butler"),
        # `migrate` is about a database, not about a repository.
        *("registry.engine", "registry.migrate", "registry.registry"),
    ),
    "local": (
        *("model", "errors", "butler", "visits"),
        *("registry.engine", "registry.registry", "registry.migrate"),
    ),
    "functions": (
        *("bootstrap", "errors", "settings", "model", "events", "ingest", "visits"),
        *("metadata.instruments", "butler.registration", "butler.folder_index"),
        *("registry.migrate", "store.routed"),
    ),
    "": ("butler", "model"),
}
# Library → where alone it may be imported.
LIBRARIES = {
    "alembic": ("registry",),
    "astro_metadata_translator": (
        "metadata.translate",
        "metadata.index_entry",
        "metadata.property_values",
        "metadata.translator_search",
        "metadata.translators",
    ),
    "astropy": ("metadata", "butler.raw_formatter"),
    "aws_lambda_powertools": ("functions",),
    "boto3": ("store", "queues", "bootstrap", "local"),
    "botocore": ("store", "queues", "bootstrap", "local"),
    "click": ("cli",),
    "lark": ("where",),
    "lsst.sphgeom": ("visits.regions",),
    "obstore": ("store",),
    "psutil": ("local",),
    "psycopg2": ("registry",),
    "rich": ("cli", "local"),
    "sqlalchemy": ("registry", "bootstrap", "butler.repository", "local.arrivals"),
    "yaml": ("butler.repository", "local", "metadata.corrections"),
}
COMPUTED = "a computed name"
# Modules that put off imports of their own package.
MAY_COMPUTE = ("", "cli.__main__")
LONGEST_MODULE = 400
LONGEST_MEDIAN = 150


def module_name(path: Path) -> str:
    """Name a module within the package; a function's is ``functions.…``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[2:] if parts[0] == "shared" else parts
    return ".".join(parts).removesuffix("__init__").rstrip(".")


def imports(source: str) -> Iterator[str]:
    """Find what a module imports, also inside of functions and for type checkers."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            ("import_module", "__import__")
        ):
            argument = node.args[0]
            yield str(argument.value) if isinstance(argument, ast.Constant) else COMPUTED


def violations(modules: Mapping[Path, str]) -> list[str]:
    """List the imports that break a rule."""
    found = []
    for path, source in modules.items():
        name = module_name(path)
        found += [f"{name} imports {item}" for item in imports(source) if not _may(name, item)]
    return found


def _may(name: str, imported: str) -> bool:
    part = name.partition(".")[0]
    if imported == COMPUTED:
        return name in MAY_COMPUTE
    if imported.partition(".")[0] == "underbutler":
        inner = imported.removeprefix("underbutler").lstrip(".")
        return _is_within(inner, part) or any(_is_within(inner, it) for it in ALLOWED[part])
    if imported.partition(".")[0] in sys.stdlib_module_names:
        return True
    return any(
        _is_within(name, place)
        for library, places in LIBRARIES.items()
        if _is_within(imported, library)
        for place in places
    )


def _is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def test_every_import_follows_the_direction_of_dependencies():
    assert len(PRODUCT) > 100
    assert violations(PRODUCT) == []


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("model/planted.py", "import sqlalchemy"),
        ("model/planted.py", "from underbutler.registry import schema"),
        ("ingest/planted.py", "def f():\n    from underbutler.registry.registry import Registry"),
        ("ingest/planted.py", "def f():\n    import boto3.session"),
        ("visits/planted.py", "class A:\n    def f(self):\n        import sqlalchemy as sa"),
        ("visits/planted.py", "from lsst import sphgeom"),
        (
            "metadata/planted.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import obstore",
        ),
        ("metadata/header.py", "import astro_metadata_translator"),
        ("registry/planted.py", "from underbutler import ingest"),
        ("registry/planted.py", "import importlib\nimportlib.import_module('underbutler.cli')"),
        ("registry/planted.py", "import importlib\nimportlib.import_module('under' + 'butler')"),
        ("butler/planted.py", "import functions.ingest_raw.app"),
        ("store/planted.py", "from underbutler.registry.engine import begin"),
        ("cli/planted.py", "from underbutler.store.s3 import S3Store"),
        ("cli/planted.py", "import requests"),
        ("where/planted.py", "def f():\n    __import__('astropy.io.fits')"),
    ],
)
def test_a_planted_violation_is_found(place: str, source: str):
    assert len(violations({ROOT / "shared/underbutler" / place: source})) == 1


def test_no_product_code_imports_the_rival_or_what_only_tests_need():
    forbidden = ("lsst.daf", "lsst.resources", "pytest", "hypothesis", "localstack", "moto")
    found = {
        f"{path}: {item}"
        for path, source in PRODUCT.items()
        for item in imports(source)
        if any(_is_within(item, library) for library in forbidden)
    }
    assert found == set()


def test_modules_are_small():
    lengths = {module_name(path): len(text.splitlines()) for path, text in PRODUCT.items()}
    too_long = {name: length for name, length in lengths.items() if length > LONGEST_MODULE}
    assert too_long == {}
    assert statistics.median(length for length in lengths.values() if length) < LONGEST_MEDIAN


def test_no_module_is_a_drawer():
    drawers = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base", "core"}
    assert {path for path in PRODUCT if path.stem in drawers} == set()


def test_every_rule_is_about_something():
    parts = {module_name(path).partition(".")[0] for path in PRODUCT}
    assert set(ALLOWED) == parts
    used = {item for source in PRODUCT.values() for item in imports(source)}
    unused = {name for name in LIBRARIES if not any(_is_within(item, name) for item in used)}
    assert unused <= {"psycopg2"}  # which SQLAlchemy loads by name
