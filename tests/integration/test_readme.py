"""What the README tells users to type, typed in an empty folder."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from underbutler.local.night import make_night

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with raws in it."""
    path = tmp_path_factory.mktemp("user")
    for drops in make_night():
        for drop in drops:
            if drop.key.startswith("hsc/"):
                file = path / "raws" / drop.key
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(drop.body)
    return path


def block(language: str, beginning: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    (text,) = [text for text in found if text.startswith(beginning)]
    return str(text)


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_and_the_program_of_the_readme_do_what_they_promise(folder: Path):
    commands = [shlex.split(line, comments=True) for line in block("sh", "pip").splitlines()]
    assert commands[0][:2] == ["pip", "install"]
    outputs = [run(folder, "-m", "underbutler.cli", *words[1:]) for words in commands[1:]]
    assert all(words[0] == "underbutler" for words in commands[1:])
    datasets = outputs[-1]
    assert datasets.count("HSC/raw/all") == 3

    lines = run(folder, "-c", block("python", "from underbutler")).splitlines()
    assert re.fullmatch(r"\d+ file://.*\.fits", lines[0])
    assert lines[1].startswith("(")
    assert len(lines) > 2
    assert all(re.fullmatch(r"\d+ \S+ [\d.]+", line) for line in lines[2:])
