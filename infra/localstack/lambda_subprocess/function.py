"""A Lambda function as its execution environment sees it: code, layers, limits and variables."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

# All that a handler sees of the environment it is started from. Nothing of Python's (PYTHONPATH,
# PYTHONDONTWRITEBYTECODE, virtual environments), nothing of AWS (profiles, endpoints, keys).
PASSED_THROUGH = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What is run, within which limits."""

    interpreter: Path
    """Python of an environment that has ``awslambdaric`` and boto3, as AWS's runtimes do."""

    handler: str
    """Module and callable, ``module.function``; slashes in the module's path are allowed."""

    task_root: Path
    """Folder of the unpacked code, ``/var/task`` on AWS; the working directory."""

    runtime: str = f"python{sys.version_info.major}.{sys.version_info.minor}"
    """Identifier of the Lambda runtime, ``python3.11``."""

    layers: tuple[Path, ...] = ()
    """Folders of the unpacked layers, in the order the function lists them."""

    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The function's own environment variables and those that AWS defines."""

    version: str = "$LATEST"
    """Version that the log's START line names."""

    timeout_s: float = 3.0
    """Longest invocation, seconds."""

    init_timeout_s: float = 10.0
    """Longest initialisation, seconds."""

    memory_mb: int = 128
    """Most resident memory, MiB."""

    def command(self) -> tuple[str, ...]:
        """Return the command line of the handler's process.

        ``-s`` leaves out the user's site-packages, ``-P`` the folder of the script.
        """
        parent = str(os.getpid())
        return (str(self.interpreter), "-s", "-P", str(BOOTSTRAP), parent, self.handler)

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return all environment variables of the handler's process.

        Parameters
        ----------
        inherited
            Environment of this process, of which only `PASSED_THROUGH` is taken.

        Returns
        -------
        environment
            In order of precedence: search paths of code and layers, the function's variables,
            what is passed through.
        """
        environment = {name: inherited[name] for name in PASSED_THROUGH if name in inherited}
        environment.update(self.variables)
        environment["LAMBDA_TASK_ROOT"] = str(self.task_root)
        environment.setdefault("AWS_EXECUTION_ENV", f"AWS_Lambda_{self.runtime}")
        # A pipe makes Python buffer its output, and a killed process would take its last words.
        environment.setdefault("PYTHONUNBUFFERED", "1")
        _prepend(environment, "PATH", self._opt("bin"))
        _prepend(environment, "LD_LIBRARY_PATH", self._opt("lib"))
        _prepend(environment, "PYTHONPATH", self._import_path())
        return environment

    def _import_path(self) -> Iterator[Path]:
        yield self.task_root
        yield from self._opt(f"python/lib/{self.runtime}/site-packages")
        yield from self._opt("python")

    def _opt(self, subfolder: str) -> Iterator[Path]:
        """Yield a folder of ``/opt`` in each layer; later ones first, as on AWS they overwrite."""
        return (folder for layer in reversed(self.layers) if (folder := layer / subfolder).is_dir())


def _prepend(environment: dict[str, str], name: str, folders: Iterator[Path]) -> None:
    entries = [*map(str, folders), *filter(None, [environment.get(name)])]
    if entries:
        environment[name] = os.pathsep.join(entries)
