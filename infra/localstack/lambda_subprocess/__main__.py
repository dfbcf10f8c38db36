"""Run the emulator in the foreground: ``python -m lambda_subprocess``."""

import logging
import os
import signal
import sys
import tempfile
from pathlib import Path

from .function import PASSED_THROUGH
from .settings import Settings, SettingsError
from .state import add_service_index, state_folder


def main() -> int:
    """Start the emulator and return when it has stopped.

    Returns
    -------
    status
        2 when it cannot start as it is told to; else the emulator's own.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # until the emulator has handlers of its own
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        settings = Settings.from_environment(os.environ)
        settings.check()
        with state_folder(settings.state) as state:
            _set_environment(settings, state)
            add_service_index(state)
            return _run()
    except SettingsError as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    except SystemExit as stop:
        return int(stop.code or 0)


def _run() -> int:
    # Only now: the emulator reads its settings when it is imported.
    from localstack.logging.setup import setup_logging_from_config
    from localstack.runtime.current import initialize_runtime

    from . import patches

    setup_logging_from_config()
    logging.raiseExceptions = False  # some of its own messages do not fit their arguments
    patches.apply()
    runtime = initialize_runtime()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: runtime.exit(0))
    runtime.run()
    return int(runtime.exit_code)


def _set_environment(settings: Settings, state: Path) -> None:
    """Replace the environment: nothing of the shell's may configure the emulator."""
    environment = {name: os.environ[name] for name in PASSED_THROUGH if name in os.environ}
    environment.pop("TMPDIR", None)  # means something else to the emulator
    environment |= {
        # For the executor
        "EMULATOR_LAMBDA_PYTHON": str(settings.lambda_python),
        "LAMBDA_RUNTIME_EXECUTOR": "subprocess",
        # Where it listens; URLs that it makes hold the address, so that none needs a name server
        "GATEWAY_LISTEN": settings.address,
        "LOCALSTACK_HOST": settings.address,
        "SQS_ENDPOINT_STRATEGY": "path",
        "OVERRIDE_IN_DOCKER": "0",
        # All its files in one folder
        "FILESYSTEM_ROOT": str(state),
        "CONFIG_DIR": str(state),
        "XDG_CACHE_HOME": str(state),
        # Nothing leaves the machine
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        # No pauses: its services call each other without sockets, CloudFormation looks again at
        # once whether a function is ready, and a poll follows the one before it
        "IN_MEMORY_CLIENT": "1",
        "CFN_NO_WAIT_ITERATIONS": "60",
        "BOTO_WAITER_DELAY": "0",
        "BOTO_WAITER_MAX_ATTEMPTS": "20000",
        "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0",
        "LS_LOG": os.environ.get("EMULATOR_LOG", "warn"),
    }
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = str(state / "tmp")


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not `sys.exit`: it would take the interpreter seconds to free all that the emulator loaded.
    os._exit(status)
