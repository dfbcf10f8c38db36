"""Processes in the background, known by their PID and the time they started."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from underbutler.errors import ConfigurationError

__all__ = ["Background"]

_PATIENCE_S = 10
_POLL_S = 0.05
_LOG_TAIL_BYTES = 2000


class Background:
    """A process that outlives the command that starts it.

    Parameters
    ----------
    folder
        Where its PID and its log are kept.
    name
        What to call it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._name = name
        self._pid_file = folder / f"{name}.pid"
        self._child: subprocess.Popen[bytes] | None = None
        self.log = folder / f"{name}.log"

    @property
    def process(self) -> psutil.Process | None:
        """The running process; None when it is not running, whoever has its PID now."""
        try:
            pid, started = self._pid_file.read_text().split()
            process = psutil.Process(int(pid))
            is_it = abs(process.create_time() - float(started)) < 1
            is_alive = process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.NoSuchProcess):
            return None
        return process if is_it and is_alive else None

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        is_ready: Callable[[], bool],
        patience_s: float,
    ) -> None:
        """Start it, and wait until it is ready.

        Raises
        ------
        ConfigurationError
            It ended, or is not ready in time; the message has the end of its log.
        """
        self._pid_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            started = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self._pid_file.parent,
            )
        # Kept: one that is dropped while it runs warns of that.
        self._child = started
        self._pid_file.write_text(f"{started.pid} {psutil.Process(started.pid).create_time()}")
        deadline = time.monotonic() + patience_s
        while not is_ready():
            if started.poll() is not None:
                self._pid_file.unlink()
                raise ConfigurationError(f"{self._name} ended at its start: {self._tail()}")
            if time.monotonic() > deadline:
                self.stop()
                raise ConfigurationError(
                    f"{self._name} is not ready after {patience_s:.0f} s: {self._tail()}"
                )
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """Stop it and its children; kill what does not stop."""
        process = self.process
        if process is not None:
            family = [*process.children(recursive=True), process]
            process.terminate()
            _, alive = psutil.wait_procs(family, timeout=_PATIENCE_S)
            for member in alive:
                member.kill()
            psutil.wait_procs(alive, timeout=_PATIENCE_S)
            _reap(process.pid)
        if self._child is not None:
            self._child.poll()
        self._pid_file.unlink(missing_ok=True)

    def _tail(self) -> str:
        text = self.log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace")
        return text.strip() or "it said nothing."


def _reap(pid: int) -> None:
    """Take note of a child's end, or it would stay as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
