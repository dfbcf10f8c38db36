"""What goes wrong in a handler and before it; limits."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sandboxes import Environment, await_that, function_module, is_alive, sandbox_module


def test_an_exception_is_an_error_with_type_message_and_trace(
    make: Callable[..., Environment],
) -> None:
    environment = make("def handler(event, context): raise ValueError('no such detector')")
    error = environment.error()
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such detector")
    assert "in handler" in "".join(error["stackTrace"])


def test_an_exception_leaves_the_process_as_it_is(make: Callable[..., Environment]) -> None:
    environment = make(
        """
        calls = []
        def handler(event, context):
            calls.append(event)
            if event == 'bad':
                raise ValueError
            return len(calls)
        """
    )
    environment.answer()
    pid = environment.sandbox.pid
    environment.error("bad")
    assert (environment.answer(), environment.sandbox.pid) == (3, pid)


def test_a_handler_that_takes_too_long_is_killed_in_the_words_of_aws(
    make: Callable[..., Environment],
) -> None:
    environment = make(
        """
        import time
        def handler(event, context):
            print('begins', flush=True)
            time.sleep(event)
        """,
        timeout_s=1.5,
    )
    environment.answer(0)
    pid = environment.sandbox.pid
    error, is_error, log = environment.invoke(60, request_id="slow")
    assert is_error
    assert error == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: slow Error: Task timed out after 1.50 seconds",
    }
    assert not is_alive(pid)
    assert re.search(
        r"^\S+Z RequestId: slow Error: Task timed out after 1\.50 sec", log, re.MULTILINE
    )
    assert "begins" in log
    assert "Status: timeout" in log
    assert environment.answer(0) is None


def test_what_a_handler_has_started_is_killed_with_it(make: Callable[..., Environment]) -> None:
    environment = make(
        """
        import subprocess, sys, time
        def handler(event, context):
            child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
            print('child', child.pid, flush=True)
            time.sleep(600)
        """,
        timeout_s=2.0,
    )
    _, _, log = environment.invoke()
    child = int(re.search(r"child (\d+)", log)[1])
    await_that(lambda: not is_alive(child))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
        ("os.abort()", "Runtime exited with error: signal: aborted"),
    ],
)
def test_a_crash_is_reported_and_the_next_invocation_starts_anew(
    make: Callable[..., Environment], code: str, reason: str
) -> None:
    environment = make(
        f"""
        import os
        def handler(event, context):
            print('last words')
            if event == 'crash':
                {code}
            return os.getpid()
        """
    )
    before = environment.answer()
    error, is_error, log = environment.invoke("crash", request_id="id")
    assert is_error
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"] == f"RequestId: id Error: {reason}"
    assert "last words" in log
    assert environment.answer() != before


def test_a_crash_after_the_answer_spares_the_next_invocation(
    make: Callable[..., Environment],
) -> None:
    environment = make(
        """
        import os
        def handler(event, context):
            if event == 'die':
                import runtime_client
                post = runtime_client.post_invocation_result
                def post_and_die(*args):
                    post(*args)
                    os._exit(1)
                runtime_client.post_invocation_result = post_and_die
            return os.getpid()
        """
    )
    first = environment.answer("die")
    assert environment.answer() != first


@pytest.mark.parametrize(
    ("code", "handler", "error_type", "words"),
    [
        ("import no_such_module", "app.handler", "Runtime.ImportModuleError", "no_such_module"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound", "handler"),
        ("x = 1", "absent.handler", "Runtime.ImportModuleError", "absent"),
        ("x = 1", "nodot", "Runtime.MalformedHandlerName", "nodot"),
        ("def (", "app.handler", "Runtime.UserCodeSyntaxError", "invalid syntax"),
        ("1 / 0", "app.handler", "ZeroDivisionError", "division by zero"),
    ],
)
def test_an_initialisation_that_fails_names_its_reason(
    make: Callable[..., Environment], code: str, handler: str, error_type: str, words: str
) -> None:
    error, is_error, log = make(code, handler=handler).invoke()
    assert is_error
    assert error["errorType"] == error_type
    assert words in error["errorMessage"]
    assert words in log
    assert re.search(r"^INIT_REPORT .*Status: error", log, re.MULTILINE)


def test_a_process_that_ends_while_it_initialises_is_reported(
    make: Callable[..., Environment],
) -> None:
    error, is_error, log = make("import sys; print('gone'); sys.exit(4)").invoke()
    assert is_error
    assert (error["errorType"], error["errorMessage"].partition("Error: ")[2]) == (
        "Runtime.ExitError",
        "Runtime exited with error: exit status 4",
    )
    assert "gone" in log


def test_an_initialisation_that_takes_too_long_is_killed(make: Callable[..., Environment]) -> None:
    environment = make("import time; print('waits', flush=True); time.sleep(600)", init_timeout_s=2)
    error, is_error, log = environment.invoke()
    assert is_error
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 2.00 seconds")
    assert re.search(r"^INIT_REPORT .*Status: timeout", log, re.MULTILINE)
    assert "waits" in log
    assert environment.sandbox.pid is None


def test_every_invocation_tries_to_initialise_again(make: Callable[..., Environment]) -> None:
    environment = make(
        """
        import pathlib
        mark = pathlib.Path('been_here')
        if not mark.exists():
            mark.touch()
            raise RuntimeError('not yet')
        def handler(event, context): return 'now'
        """
    )
    assert environment.error()["errorMessage"] == "not yet"
    assert environment.answer() == "now"


def test_an_interpreter_that_is_missing_is_an_error_of_the_invocation(tmp_path: Path) -> None:
    environment = Environment(tmp_path, "", handler="app.handler")
    function = function_module.Function(
        interpreter=tmp_path / "no-python", handler="app.handler", task_root=tmp_path
    )
    environment.sandbox = sandbox_module.Sandbox(function)
    error = environment.error()
    assert error["errorType"] == "Runtime.InvalidEntrypoint"
    assert "no-python" in error["errorMessage"]


def test_a_handler_over_its_memory_size_is_killed_in_the_words_of_aws(
    make: Callable[..., Environment],
) -> None:
    environment = make(
        """
        import time
        def handler(event, context):
            ballast = bytearray(b'x') * (event << 20)
            time.sleep(600 if event else 0)
        """,
        memory_mb=128,
    )
    environment.answer(0)
    error, is_error, log = environment.invoke(200, request_id="fat")
    assert is_error
    assert error == {
        "errorType": "Runtime.ExitError",
        "errorMessage": "RequestId: fat Error: Runtime exited with error: signal: killed",
    }
    report = log.splitlines()[-1].split("\t")
    assert "Error Type: Runtime.OutOfMemory" in report
    assert int(re.search(r"Max Memory Used: (\d+) MB", log)[1]) >= 128
    assert environment.answer(0) is None


def test_a_peak_between_two_looks_counts(make: Callable[..., Environment]) -> None:
    environment = make(
        """
        def handler(event, context):
            ballast = bytearray(b'x') * (event << 20)
            del ballast
        """,
        memory_mb=128,
    )
    assert environment.error(200)["errorMessage"].endswith("signal: killed")


def test_an_initialisation_over_the_memory_size_is_killed(make: Callable[..., Environment]) -> None:
    environment = make("ballast = bytearray(b'x') * (200 << 20)", memory_mb=128)
    error, _, log = environment.invoke()
    assert error["errorMessage"].endswith("signal: killed")
    assert "Runtime.OutOfMemory" in log
