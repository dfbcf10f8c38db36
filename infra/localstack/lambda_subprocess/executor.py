"""The emulator's Lambda service, made to run its execution environments in our sandboxes."""

import os
import tempfile
from pathlib import Path
from typing import Any

from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from .function import Function
from .runtime_api import Invocation
from .sandbox import Sandbox

# AWS allows 10 s; imports are slower here, where all environments share a few cores.
INIT_TIMEOUT_S = 30.0
# Variables by which a handler could tell one emulator from another, or from AWS.
EMULATOR_VARIABLES = ("LOCALSTACK_", "EDGE_PORT")


class SubprocessExecutor(RuntimeExecutor):
    """One execution environment."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002
        super().__init__(id=id, function_version=function_version)
        self._sandbox: Sandbox | None = None
        self._last_log = ""

    def start(self, env_vars: dict[str, Any]) -> None:
        """Make the environment; its process starts with the first invocation.

        So an initialisation that fails is the error of an invocation, with its log, as on AWS.
        """
        config = self.function_version.config
        for code in (config.code, *(layer.code for layer in config.layers)):
            code.prepare_for_execution()
        self._sandbox = Sandbox(
            Function(
                interpreter=Path(os.environ["EMULATOR_LAMBDA_PYTHON"]),
                handler=config.handler,
                runtime=config.runtime,
                task_root=Path(config.code.get_unzipped_code_location()),
                layers=tuple(
                    Path(layer.code.get_unzipped_code_location()) for layer in config.layers
                ),
                variables=_variables(env_vars, config.runtime),
                version=self.function_version.id.qualifier,
                timeout_s=float(config.timeout),
                init_timeout_s=INIT_TIMEOUT_S,
                memory_mb=int(config.memory_size),
            )
        )

    def stop(self) -> None:
        """Kill the process."""
        if self._sandbox is not None:
            self._sandbox.stop()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Have the handler answer one event."""
        assert self._sandbox is not None
        result = self._sandbox.invoke(
            Invocation(
                request_id=payload["invoke-id"],
                function_arn=payload["invoked-function-arn"],
                payload=payload["payload"].encode(),
                trace_id=payload.get("trace-id", ""),
            )
        )
        self._last_log = result.log
        return InvocationResult(
            payload["invoke-id"],
            result.outcome.payload,
            is_error=result.outcome.is_error,
            logs=result.log,
        )

    def get_logs(self) -> str:
        """Return the log of the last invocation."""
        return self._last_log

    def get_address(self) -> str:
        """Return where the environment is: here."""
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        """Return the emulator's host, as the environment sees it."""
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """Return nothing: each sandbox has a Runtime API of its own."""
        return ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack code and layers, each once, before the first environment needs them."""
        config = function_version.config
        if not (config.runtime or "").startswith("python"):
            raise NotImplementedError(f"only Python functions run here, not {config.runtime}")
        for code in (config.code, *(layer.code for layer in config.layers)):
            code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Do nothing: the emulator removes unpacked code itself."""


def _variables(given: dict[str, Any], runtime: str) -> dict[str, str]:
    variables = {
        name: str(value) for name, value in given.items() if not name.startswith(EMULATOR_VARIABLES)
    }
    variables.pop("LAMBDA_RUNTIME_DIR", None)  # there is no /var/runtime
    variables["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{runtime}"
    variables.setdefault("TMPDIR", tempfile.gettempdir())  # gone with the emulator
    # A handler must never find its developer's own account.
    variables.setdefault("AWS_CONFIG_FILE", os.devnull)
    variables.setdefault("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    return variables
