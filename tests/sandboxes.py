"""A Lambda execution environment of the local stack: no emulator, a real runtime client."""

import importlib
import json
import textwrap
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from underbutler.local.checkout import Checkout

PACKAGE_FOLDER = Path(__file__).parents[1] / "infra" / "localstack"


def _load(name: str) -> Any:
    """Import a module of the emulator's package, which is not installed here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PACKAGE_FOLDER)
        return importlib.import_module(f"lambda_subprocess.{name}")


function_module = _load("function")
runtime_api = _load("runtime_api")
sandbox_module = _load("sandbox")


class Environment:
    """A sandbox with code on disk, and short words for what the tests ask of it."""

    def __init__(self, folder: Path, code: str, **settings: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "app.py").write_text(textwrap.dedent(code))
        settings = {"timeout_s": 20.0, "init_timeout_s": 20.0, "memory_mb": 512, **settings}
        self.sandbox = sandbox_module.Sandbox(
            function_module.Function(
                interpreter=Checkout().lambda_python,
                handler=settings.pop("handler", "app.handler"),
                task_root=folder,
                **settings,
            )
        )

    def invoke(self, event: Any = None, request_id: str | None = None) -> tuple[Any, bool, str]:
        """Return the decoded answer, whether it is an error, and the log."""
        result = self.sandbox.invoke(
            runtime_api.Invocation(
                request_id=request_id or str(uuid.uuid4()),
                function_arn="arn:aws:lambda:us-east-1:000000000000:function:tested",
                payload=json.dumps(event).encode(),
            )
        )
        return json.loads(result.outcome.payload), result.outcome.is_error, result.log

    def answer(self, event: Any = None) -> Any:
        """Return the answer of an invocation that must succeed."""
        answer, is_error, log = self.invoke(event)
        assert not is_error, (answer, log)
        return answer

    def error(self, event: Any = None) -> dict[str, Any]:
        """Return the error document of an invocation that must fail."""
        answer, is_error, log = self.invoke(event)
        assert is_error, (answer, log)
        return answer


def await_that(condition: Callable[[], bool], deadline_s: float = 10.0) -> None:
    """Return as soon as the condition holds; fail after the deadline."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie that its new parent has not reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
