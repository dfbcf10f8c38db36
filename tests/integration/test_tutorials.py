"""What the tutorials tell users to type, typed in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from plugin_install import install_plugin

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [str(text) for text in found]


class _User:
    """Somebody who types commands; what is installed is there for nobody else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._site = folder / "site-packages"

    def type(self, line: str) -> str:
        """Run a command as a shell would; returns what it printed."""
        words = [path for word in shlex.split(line, comments=True) for path in self._expanded(word)]
        if words[:3] == ["pip", "install", "-e"]:
            # It would ask an index for setuptools; the same end is reached without a network.
            install_plugin(self._folder / words[3], self._site)
            return ""
        program = {"python": [], "underbutler": ["-m", "underbutler.cli"]}[words[0]]
        done = subprocess.run(
            [sys.executable, *program, *words[1:]],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(self._site)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _expanded(self, word: str) -> list[str]:
        found = sorted(self._folder.glob(word)) if "*" in word else []
        return [str(path.relative_to(self._folder)) for path in found] or [word]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Command of the tutorial about a new instrument → what it printed."""
    page = TUTORIALS / "new-instrument.md"
    folder = tmp_path_factory.mktemp("user")
    (program,) = blocks(page, "python")
    (folder / "make_raws.py").write_text(program)
    user = _User(folder)
    return {line: user.type(line) for text in blocks(page, "sh") for line in text.splitlines()}


def out(printed: dict[str, str], beginning: str) -> str:
    (text,) = [text for line, text in printed.items() if line.startswith(beginning)]
    return text


def test_every_required_property_is_recognised(printed: dict[str, str]):
    shown = out(printed, "underbutler new-instrument")
    assert re.search(r"^ exposure_id +EXPNUM +501 ", shown, re.MULTILINE)
    assert "Not recognised" not in shown
    assert "Note:" not in shown


def test_the_drafts_own_tests_pass(printed: dict[str, str]):
    assert re.search(r"\d+ passed", out(printed, "python -m pytest"))


def test_all_raws_are_registered_and_the_query_finds_those_asked_for(printed: dict[str, str]):
    assert re.search(r"^ +8 +8 +0 +3 ", out(printed, "underbutler ingest-raws"), re.MULTILINE)
    assert out(printed, "underbutler query-datasets").count("MyCam/raw/all") == 2


def test_the_raws_of_the_sky_make_three_visits(printed: dict[str, str]):
    visits = out(printed, "underbutler query-dimension-records")
    assert re.findall(r"^ MyCam +(\d+)", visits, re.MULTILINE) == ["502", "503", "504"]
