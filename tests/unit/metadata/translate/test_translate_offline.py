"""Translation asks nobody outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import underbutler
from translations import DECAM, HEADERS, MEGAPRIME, without

# Of the last two the translators look the site up by its name.
PLACES = {
    "DECam without its place": without(DECAM, "OBS-LONG", "OBS-LAT", "OBS-ELEV"),
    "MegaPrime without its place": without(MEGAPRIME, "LATITUDE", "LONGITUD"),
}
SCRIPT = """
import json, os, socket, sys
tried = []
def refuse(*args, **_):
    tried.append(repr(args[1:]))
    raise OSError("There is no network.")
for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, name, refuse)

from underbutler.metadata.translate import HeaderTranslator

translator = HeaderTranslator()
problems = {
    name: translator.translate_header(header).problems
    for name, header in json.load(sys.stdin).items()
}
print(json.dumps([problems, tried]))
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[str]], list[str]]:
    """What is lost of headers where there is no network, and what was tried."""
    home = tmp_path_factory.mktemp("home")
    root = str(Path(underbutler.__file__).parents[1])
    run = subprocess.run(
        # A new process, and a home without what astropy may have kept there.
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {root!r})\n{SCRIPT}"],
        input=json.dumps(HEADERS | PLACES),
        env={"HOME": str(home), "XDG_CACHE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    problems, tried = json.loads(run.stdout)
    return problems, tried


@pytest.mark.parametrize("name", [*HEADERS, *PLACES])
def test_no_property_is_lost_for_want_of_a_network(outcome, name):
    assert outcome[0][name] == []


def test_no_connection_is_tried(outcome):
    assert outcome[1] == []
