"""The emulator's own settings, in words that any emulator would understand, and their checks."""

import ipaddress
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

DEFAULT_LISTEN = "127.0.0.1:4566"
# `patches` reaches into its internals: no other version will do.
EMULATOR_REQUIREMENT = ("localstack-core", "4.13.1")


class SettingsError(Exception):
    """The emulator cannot start as it is told to; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the emulator listens, keeps its files, and finds the Lambda environment."""

    host: str
    """An address of the loopback interface."""

    port: int
    """TCP port."""

    state: Path | None
    """Folder for its files; None for a temporary one."""

    lambda_python: Path
    """Interpreter of an environment that has ``awslambdaric`` and boto3."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read ``EMULATOR_LISTEN``, ``EMULATOR_STATE`` and ``EMULATOR_LAMBDA_PYTHON``.

        Raises
        ------
        SettingsError
            One of them is missing or makes no sense.
        """
        host, port = _loopback_address(environment.get("EMULATOR_LISTEN") or DEFAULT_LISTEN)
        lambda_python = environment.get("EMULATOR_LAMBDA_PYTHON")
        if not lambda_python:
            raise SettingsError(
                "EMULATOR_LAMBDA_PYTHON must name the Python of an environment with awslambdaric."
            )
        state = environment.get("EMULATOR_STATE")
        return cls(
            host=host,
            port=port,
            state=Path(state).absolute() if state else None,
            # Not resolved: the link inside a virtual environment is what makes it one.
            lambda_python=Path(lambda_python).absolute(),
        )

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def check(self) -> None:
        """See to it that the emulator can start.

        Raises
        ------
        SettingsError
            It cannot: a piece is not installed, the port is taken, the interpreter will not do.
        """
        _check_installation()
        _check_port(self.host, self.port)
        _check_interpreter(self.lambda_python)


def _loopback_address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    host = "127.0.0.1" if host in {"", "localhost"} else host
    try:
        if ipaddress.IPv4Address(host).is_loopback and 0 < int(port) < 1 << 16:
            return host, int(port)
    except ValueError:
        pass
    raise SettingsError(f"EMULATOR_LISTEN must be 127.0.0.1:PORT, not {listen!r}.")


def _check_installation() -> None:
    name, wanted = EMULATOR_REQUIREMENT
    try:
        installed = metadata.version(name)
        metadata.version("localstack-twisted")
    except metadata.PackageNotFoundError as error:
        raise SettingsError(
            f"{error.name} is not installed here: pip install -r requirements.lock."
        ) from error
    if installed != wanted:
        raise SettingsError(f"{name} {wanted} is needed, and {installed} is installed.")
    if not metadata.entry_points(
        group="localstack.lambda.runtime_executor",
        value="lambda_subprocess.plugin:SubprocessExecutorPlugin",
    ):
        raise SettingsError(
            "lambda-subprocess is not installed here: pip install --no-deps infra/localstack."
        )


def _check_port(host: str, port: int) -> None:
    with socket.socket() as listener:
        # As the server will: a closed connection that lingers is no obstacle.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"EMULATOR_LISTEN {host}:{port} cannot be had: {error.strerror}."
            ) from error


def _check_interpreter(python: Path) -> None:
    find = (
        "from importlib.util import find_spec as f; print(bool(f('awslambdaric') and f('boto3')))"
    )
    try:
        found = subprocess.run(
            [python, "-I", "-c", find], capture_output=True, text=True, check=True, timeout=60
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"EMULATOR_LAMBDA_PYTHON {python} does not run: {reason}.") from error
    if found.strip() != "True":
        raise SettingsError(
            f"EMULATOR_LAMBDA_PYTHON {python} lacks awslambdaric or boto3: "
            "pip install awslambdaric boto3."
        )
