"""A plug-in drafted for a camera that nobody described, installed, and at work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from command_lines import done, refused, run
from fits_files import EXTENSION, MINIMAL, hdu
from new_camera import new_file, new_header, wcs_cards, write_new_camera
from plugin_install import install_plugin
from underbutler.local.night import HscExposure, hsc_header

IMAGE = {**EXTENSION, "BITPIX": 16, "NAXIS": 2, "NAXIS1": 60, "NAXIS2": 48}


@pytest.fixture
def raws(tmp_path: Path) -> list[Path]:
    return write_new_camera(tmp_path / "raws")


def python(folder: Path, *arguments: object, site: Path | None = None) -> str:
    """Run Python in a process of its own, maybe with what was installed in a folder."""
    ended = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **({"PYTHONPATH": str(site)} if site else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def registered(folder: Path, plugin: Path, raws: Path, element: str) -> list[dict[str, Any]]:
    """Install a plug-in, ingest raws with it, and list records."""
    install_plugin(plugin, folder / "site")
    repo = folder / "repo"
    for arguments in (
        ("create", repo),
        ("register-instrument", repo, "MyCam"),
        ("ingest-raws", repo, raws),
    ):
        python(folder, "-m", "underbutler.cli", *arguments, site=folder / "site")
    listed = python(
        folder, "-m", "underbutler.cli", "query-dimension-records", repo, element, "--regions",
        "-o", "json", site=folder / "site",
    )  # fmt: skip
    rows: list[dict[str, Any]] = json.loads(listed)
    return rows


def test_the_draft_of_a_well_behaved_camera_works_at_once(tmp_path: Path):
    for ccd in (1, 2):
        write_new_camera(tmp_path / "raws", ccds=[ccd], **wcs_cards(ccd))
    raws = sorted((tmp_path / "raws").iterdir())
    done("new-instrument", *raws, "--folder", tmp_path / "mycam")
    visits = registered(tmp_path, tmp_path / "mycam", tmp_path / "raws", "visit")
    assert [(visit["id"], visit["physical_filter"]) for visit in visits] == [(501, "r"), (502, "r")]
    assert all(visit["region"] for visit in visits)
    python(tmp_path / "mycam", "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    python(tmp_path / "mycam", "-m", "ruff", "check", "--isolated", "--no-cache", "src")


def test_files_of_many_detectors_are_registered_each(tmp_path: Path):
    raws = tmp_path / "raws"
    raws.mkdir()
    for number in (501, 502):
        primary = new_header(number, CCDNUM=None)
        images = b"".join(hdu({**IMAGE, "CCDNUM": ccd}) for ccd in (1, 2, 3))
        body = hdu({**MINIMAL, "EXTEND": True, **primary}) + images
        (raws / f"{number}.fits").write_bytes(body)
    done("new-instrument", raws / "501.fits", raws / "502.fits", "--folder", tmp_path / "mycam")
    detectors = registered(tmp_path, tmp_path / "mycam", raws, "detector")
    assert [row["id"] for row in detectors] == [1, 2, 3]


def test_what_is_recognised_is_shown_with_its_card_and_its_values(raws: list[Path], tmp_path: Path):
    ended = done("new-instrument", *raws, "--folder", tmp_path / "mycam")
    rows = {words[0]: words[1:] for line in ended.out.splitlines() if (words := line.split())}
    assert rows["exposure_id"] == ["EXPNUM", "501", "(501-1.fits);", "502", "(502-1.fits)"]
    assert rows["instrument"] == ["INSTRUME", '"MyCam"']
    assert f"  pip install -e {tmp_path / 'mycam'}\n" in ended.out
    assert "Note: Nothing says how the camera was turned" in ended.out


def test_a_draft_that_lacks_something_passes_its_tests_and_says_what_is_missing(tmp_path: Path):
    raws = write_new_camera(tmp_path / "raws", FILTER=None, FLTWHEEL="r-band")
    ended = run("new-instrument", *raws, "--folder", tmp_path / "mycam")
    assert (ended.status, ended.err) == (6, "")
    assert "Not recognised: physical_filter: no known card has it in every file. " in ended.out
    assert 'FLTWHEEL = "r-band"' in ended.out
    assert "  Complete " in ended.out
    python(tmp_path / "mycam", "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert "`to_physical_filter`" in (tmp_path / "mycam" / "README.md").read_text()


@pytest.mark.parametrize(
    "evil",
    [
        "'); raise SystemExit #",
        '"""\' + str(1/0) + """',
        "{1/0}",
        "\\'; import nothing_like_it",
        "%s {0} \\x00 \\N{DIGIT ONE}",
    ],
)
@pytest.mark.parametrize("filter_card", ["FILTER", "FLTX"])
def test_no_header_brings_code_of_its_own(tmp_path: Path, evil: str, filter_card: str):
    written = []
    for place, value in (("good", "plain"), ("bad", evil)):
        told = dict.fromkeys(("INSTRUME", "OBJECT", "CCDNAME", "IMAGETYP", "PROPID"), value)
        changes = {"CCDNUM": None, "FILTER": None, **told, filter_card: value}
        raws = write_new_camera(tmp_path / place, numbers=[501], ccds=[1], **changes)
        raws += write_new_camera(
            tmp_path / place, numbers=[501], ccds=[2], **changes | {"CCDNAME": f"{value}'"}
        )
        folder = tmp_path / f"{place}-plugin"
        ended = run("new-instrument", *raws, "--name", "MyCam", "--folder", folder)
        assert ended.status == (0 if filter_card == "FILTER" else 6), ended
        package = folder / "src" / "mycam"
        written.append([without_literals(path.read_text()) for path in sorted(package.iterdir())])
    # Literals differ, and nothing else.
    assert written[0] == written[1]


def without_literals(code: str) -> str:
    """The structure of code, all constants being equal."""
    import ast

    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def test_the_same_file_twice_is_one_example(raws: list[Path], tmp_path: Path):
    copy = tmp_path / "copy.fits"
    copy.write_bytes(raws[0].read_bytes())
    done("new-instrument", *raws, raws[0], copy, "--folder", tmp_path / "mycam")
    assert len(list((tmp_path / "mycam/tests/headers").iterdir())) == len(raws)


def test_a_folder_that_is_there_is_not_overwritten(raws: list[Path], tmp_path: Path):
    (tmp_path / "mycam").mkdir()
    (tmp_path / "mycam" / "mine").write_text("precious")
    said = refused(8, "new-instrument", *raws, "--folder", tmp_path / "mycam")
    assert "is there already, and is not overwritten" in said
    assert [path.name for path in (tmp_path / "mycam").iterdir()] == ["mine"]


def test_files_that_are_read_already_need_no_plug_in(tmp_path: Path):
    from datetime import datetime

    exposure = HscExposure(
        id=100_000,
        begin_utc=datetime(2026, 3, 1, 5),  # noqa: DTZ001 - as headers have it
        target="M 31", ra="00:42:44.3", dec="+41:16:09",
    )  # fmt: skip
    (tmp_path / "hsc.fits").write_bytes(new_file(hsc_header(exposure, 0)))
    said = refused(8, "new-instrument", tmp_path / "hsc.fits")
    assert "a file of HSC" in said
    assert "underbutler register-instrument REPO HSC" in said


@pytest.mark.parametrize(
    ("name", "body", "status", "said"),
    [
        ("none.fits", None, 4, "There is no file"),
        ("text.fits", b"hello\n" * 1000, 2, "no FITS file"),
        ("cut.fits", new_file(new_header())[:1000], 2, "before its header does"),
        ("nobody.fits", new_file(new_header(INSTRUME=None)), 2, "name no instrument"),
    ],
)
def test_a_file_that_is_no_example_is_refused(tmp_path: Path, name, body, status, said):
    if body is not None:
        (tmp_path / name).write_bytes(body)
    assert said in refused(status, "new-instrument", tmp_path / name)


def test_a_folder_is_no_file(tmp_path: Path):
    assert "is a folder. Name its files" in refused(2, "new-instrument", tmp_path)


def test_a_place_that_cannot_be_written_is_told(raws: list[Path], tmp_path: Path):
    (tmp_path / "file").touch()
    said = refused(2, "new-instrument", *raws, "--folder", tmp_path / "file" / "mycam")
    assert "cannot be written" in said


def test_a_name_that_cannot_be_one_is_refused(raws: list[Path]):
    assert "cannot name an instrument" in refused(2, "new-instrument", *raws, "--name", "../x")
