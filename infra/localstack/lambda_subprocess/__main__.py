"""Run the emulator in the foreground: ``python -m lambda_subprocess``."""

import os
import signal
import sys
from collections.abc import Mapping
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
    try:
        settings = Settings.from_environment(os.environ)
        settings.check()
        with state_folder(settings.state) as state:
            environment = {n: os.environ[n] for n in PASSED_THROUGH if n in os.environ}
            environment |= _emulator_environment(settings, state)
            os.environ.clear()
            os.environ.update(environment)
            add_service_index(state)
            return _run()
    except SettingsError as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2


def _run() -> int:
    # Only now: the emulator reads its settings when it is imported.
    from localstack.logging.setup import setup_logging_from_config
    from localstack.runtime.current import initialize_runtime

    from . import patches

    setup_logging_from_config()
    patches.apply()
    exec(os.environ.get("TUNE", ""))
    runtime = initialize_runtime()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: runtime.exit(0))
    runtime.run()
    return int(runtime.exit_code)


def _emulator_environment(settings: Settings, state: Path) -> Mapping[str, str]:
    return {
        # Ours, for the executor
        "EMULATOR_LAMBDA_PYTHON": str(settings.lambda_python),
        "LAMBDA_RUNTIME_EXECUTOR": "subprocess",
        # Where it listens, and what it says of itself in URLs: an address, which needs no name server
        "GATEWAY_LISTEN": settings.address,
        "LOCALSTACK_HOST": settings.address,
        "SQS_ENDPOINT_STRATEGY": "path",
        "OVERRIDE_IN_DOCKER": "0",
        # All its files in one folder
        "FILESYSTEM_ROOT": str(state),
        "CONFIG_DIR": str(state),
        "XDG_CACHE_HOME": str(state),
        "TMPDIR": str(state / "tmp"),
        # Nothing leaves the machine
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0",
        **eval(os.environ.get("EXTRA", "{}")),
        "LS_LOG": os.environ.get("EMULATOR_LOG", "warn"),
    }


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not `sys.exit`: it would take the interpreter seconds to free all that the emulator loaded.
    os._exit(status)
