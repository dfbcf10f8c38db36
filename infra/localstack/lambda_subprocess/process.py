"""One run of a handler's interpreter, from its start to its end, with what it prints."""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# A handler that prints in an endless loop until its timeout must not fill our memory.
MAX_LINES = 20_000
# Written by us into the pipe the process writes to: what lies before it has been printed before.
MARK = b"\0--- mark ---\0"
END = b"\0--- end ---\0"
# Longest line in one piece: an event of CloudWatch Logs holds 256 KiB.
MAX_LINE_BYTES = 256 * 1024


class HandlerProcess:
    """A subprocess in a session of its own; killed as a whole, with all it has started.

    Parameters
    ----------
    command
        Program and arguments.
    environment
        All its environment variables.
    folder
        Its working directory.
    on_exit
        Called once, from another thread, when it has ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        on_exit: Callable[[], None],
    ) -> None:
        self._command, self._environment, self._folder = command, environment, folder
        self._on_exit = on_exit
        self._lines: deque[str] = deque(maxlen=MAX_LINES)
        self._marked = threading.Event()
        self._ended = threading.Event()
        self._pipe_lock = threading.Lock()
        self._output, self._input = os.pipe()
        self._spawned = threading.Event()
        self._popen: subprocess.Popen[bytes] | None = None
        self._error: OSError | None = None
        # The kernel's "die with the parent" means the thread that spawned: it lives as long as
        # the process does.
        threading.Thread(target=self._supervise, name="handler-process", daemon=True).start()
        self._spawned.wait()
        if self._error is not None:
            raise self._error
        threading.Thread(target=self._read, name="handler-output", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._popen is not None
        return self._popen.pid

    @property
    def exit_status(self) -> int | None:
        """Exit status, negative for a signal; None while the process runs."""
        return self._popen.returncode if self._popen is not None else None

    def resident_bytes(self) -> int:
        """Return the resident memory, 0 where there is no ``/proc`` or no process."""
        try:  # proc(5), statm: total and resident pages
            pages = int(Path(f"/proc/{self.pid}/statm").read_bytes().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def peak_resident_bytes(self) -> int:
        """Return the most memory that was ever resident, 0 where that is not known."""
        try:  # proc(5), status: high water mark in kB
            lines = Path(f"/proc/{self.pid}/status").read_bytes().splitlines()
        except OSError:
            return 0
        return next((int(ln.split()[1]) * 1024 for ln in lines if ln.startswith(b"VmHWM")), 0)

    def take_lines(self) -> list[str]:
        """Return the lines printed since the last call, to the very last one."""
        self._marked.clear()
        (self._marked if self._write(MARK) else self._ended).wait()
        return [self._lines.popleft() for _ in range(len(self._lines))]

    def kill(self) -> None:
        """End the process and all it has started; wait until it is gone."""
        assert self._popen is not None
        if self.exit_status is None:
            self._kill_group()
        self._popen.wait()

    def _supervise(self) -> None:
        try:
            self._popen = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=self._input,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self._error = error
            os.close(self._output)
            os.close(self._input)
            return
        finally:
            self._spawned.set()
        self._popen.wait()
        self._kill_group()  # what it has started
        self._write(END)
        self._on_exit()

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # gone; macOS says EPERM of zombies
            pass

    def _write(self, mark: bytes) -> bool:
        with self._pipe_lock:
            if self._input < 0:
                return False
            os.write(self._input, b"\n" + mark + b"\n")
            if mark == END:
                os.close(self._input)
                self._input = -1
            return True

    def _read(self) -> None:
        with os.fdopen(self._output, "rb") as output:
            while (line := output.readline(MAX_LINE_BYTES).rstrip(b"\n")) != END:
                if line == MARK:
                    self._marked.set()
                elif line:
                    # The runtime client writes the line ends of a traceback as carriage returns.
                    self._lines.extend(line.decode("utf-8", "replace").rstrip("\r").split("\r"))
        self._ended.set()
