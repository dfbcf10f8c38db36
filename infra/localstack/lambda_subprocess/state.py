"""The emulator's files: a folder per run, gone with it, and an index kept with the installation."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from .settings import SettingsError

# The folder in which an emulator's container image holds what was computed when it was built.
LIBRARIES = Path("usr/lib/localstack")
KEPT = Path(sys.prefix) / "var" / "emulator"


@contextmanager
def state_folder(root: Path | None) -> Iterator[Path]:
    """Give a folder for the files of one run: empty before, gone after.

    Parameters
    ----------
    root
        Folder to make it in, which no other emulator may use; None for a temporary one.

    Raises
    ------
    SettingsError
        Another emulator uses this folder.
    """
    parent = root or Path(tempfile.mkdtemp(prefix="emulator-"))
    parent.mkdir(parents=True, exist_ok=True)
    state = parent / "emulator"
    lock = os.open(parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SettingsError(f"EMULATOR_STATE {root} is in use by another emulator.") from error
    shutil.rmtree(state, ignore_errors=True)  # of one that was killed
    (state / "tmp").mkdir(parents=True)
    try:
        yield state
    finally:
        shutil.rmtree(state, ignore_errors=True)
        if root is None:
            parent.rmdir()
        os.close(lock)


def add_service_index(state: Path) -> None:
    """Spare the run the indexing of all services of AWS: 5 s and 370 MB with the first request.

    It is done once per installation, in a process of its own, and kept beside it.
    """
    versions = (metadata.version(name) for name in ("localstack-core", "botocore"))
    name = f"service-catalog-{'-'.join(versions)}".replace(".", "_") + ".dill"
    if (KEPT / name).exists() or _build_service_index(name):
        (state / LIBRARIES).mkdir(parents=True)
        (state / LIBRARIES / name).symlink_to(KEPT / name)


def _build_service_index(name: str) -> bool:
    try:
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as folder:
            (Path(folder) / LIBRARIES).mkdir(parents=True)
            subprocess.run(
                [sys.executable, "-m", "localstack.aws.spec"],
                env=os.environ | {"FILESYSTEM_ROOT": folder},
                check=True,
                capture_output=True,
            )
            (Path(folder) / LIBRARIES / name).rename(KEPT / name)
    except (OSError, subprocess.SubprocessError):  # the emulator will do it itself, each time
        return False
    return True
