"""The Lambda execution environment of the local stack, alone: no emulator, a real runtime client.

``UNDERBUTLER_LAMBDA_PYTHON`` names the interpreter of an environment with awslambdaric and boto3.
"""

import importlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

PACKAGE_FOLDER = Path(__file__).parents[2] / "infra" / "localstack"
PYTHON = os.environ.get("UNDERBUTLER_LAMBDA_PYTHON", "")

pytestmark = pytest.mark.skipif(not PYTHON, reason="UNDERBUTLER_LAMBDA_PYTHON is not set")


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
                interpreter=Path(PYTHON),
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


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Environment]]:
    """Make environments and stop them at the end."""
    made: list[Environment] = []

    def make_environment(code: str, **settings: Any) -> Environment:
        made.append(Environment(tmp_path / f"task-{len(made)}", code, **settings))
        return made[-1]

    yield make_environment
    for environment in made:
        environment.sandbox.stop()


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


# What the handler answers


def test_the_answer_of_the_handler_is_returned(make: Callable[..., Environment]) -> None:
    environment = make("def handler(event, context): return {'doubled': event['n'] * 2}")
    assert environment.answer({"n": 21}) == {"doubled": 42}


def test_a_warm_process_keeps_its_state(make: Callable[..., Environment]) -> None:
    environment = make(
        """
        calls = []
        def handler(event, context):
            calls.append(event)
            return len(calls)
        """
    )
    assert [environment.answer() for _ in range(5)] == [1, 2, 3, 4, 5]


def test_the_context_tells_id_arn_and_remaining_time(make: Callable[..., Environment]) -> None:
    environment = make(
        """
        def handler(event, context):
            return [context.aws_request_id, context.invoked_function_arn,
                    context.get_remaining_time_in_millis()]
        """,
        timeout_s=7.0,
    )
    (request_id, arn, remaining_ms), _, _ = environment.invoke(request_id="the-id")
    assert (request_id, arn.rpartition(":")[2]) == ("the-id", "tested")
    assert 5000 < remaining_ms <= 7000


@pytest.mark.parametrize("size", [0, 1, 1 << 16, 6 * 1024 * 1024 - 2])
def test_payloads_pass_unchanged_up_to_six_megabytes(
    make: Callable[..., Environment], size: int
) -> None:
    environment = make("def handler(event, context): return event")
    assert environment.answer("x" * size) == "x" * size


def test_a_larger_answer_is_refused_and_the_next_one_is_not(
    make: Callable[..., Environment],
) -> None:
    environment = make("def handler(event, context): return 'x' * event")
    assert environment.error(7 << 20)["errorType"] == "Function.ResponseSizeTooLarge"
    assert environment.answer(1) == "x"


def test_text_beyond_ascii_passes_unchanged(make: Callable[..., Environment]) -> None:
    environment = make("def handler(event, context): return event")
    assert environment.answer("Žluťoučký \U0001f52d \x00") == "Žluťoučký \U0001f52d \x00"


# What goes wrong in the handler


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


# What goes wrong before the handler


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


# Limits


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


# What the handler sees


def test_the_environment_holds_what_is_documented_and_no_more(
    make: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    inherited = {
        "PATH": os.environ["PATH"],
        "HOME": "/somewhere",
        "LANG": "C.UTF-8",
        "PYTHONPATH": "/never",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_PROFILE": "mine",
        "AWS_ENDPOINT_URL": "https://example.org",
        "VIRTUAL_ENV": "/venv",
        "A_SECRET": "of the shell",
    }
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in inherited.items():
        monkeypatch.setenv(name, value)
    environment = make(
        "import os\ndef handler(event, context): return dict(os.environ)",
        variables={"AWS_REGION": "us-east-1", "LANG": "cs_CZ.UTF-8"},
        runtime="python3.11",
    )
    seen = environment.answer()
    task_root = str(environment.sandbox._function.task_root)
    assert seen.pop("AWS_LAMBDA_RUNTIME_API").startswith("127.0.0.1:")
    seen.pop("LC_CTYPE", None)  # Python's own doing in the C locale, PEP 538
    assert seen == {
        "PATH": os.environ["PATH"],
        "HOME": "/somewhere",
        "LANG": "cs_CZ.UTF-8",
        "AWS_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "LAMBDA_TASK_ROOT": task_root,
        "PYTHONPATH": task_root,
        "PYTHONUNBUFFERED": "1",
    }


def test_the_import_path_is_code_then_later_layers_then_runtime(
    make: Callable[..., Environment], tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (
        first / "python",
        first / "python/lib/python3.11/site-packages",
        second / "python",
        second / "python/lib/python3.9/site-packages",  # of another runtime
    ):
        folder.mkdir(parents=True)
    environment = make(
        "import sys\ndef handler(event, context): return sys.path",
        layers=(first, second),
        runtime="python3.11",
    )
    runtime_path = json.loads(
        subprocess.run(
            [PYTHON, "-I", "-c", "import json, sys; print(json.dumps(sys.path))"],
            check=True,
            capture_output=True,
        ).stdout
    )
    assert environment.answer() == [
        str(tmp_path / "task-0"),
        str(first / "python/lib/python3.11/site-packages"),
        str(second / "python"),
        str(first / "python"),
        *runtime_path,
    ]


def test_a_later_layer_overwrites_an_earlier_one_and_the_code_both(
    make: Callable[..., Environment], tmp_path: Path
) -> None:
    layers = (tmp_path / "first", tmp_path / "second")
    for layer, modules in zip(layers, ("abc", "bc"), strict=True):
        (layer / "python").mkdir(parents=True)
        for module in modules:
            (layer / "python" / f"mod_{module}.py").write_text(f"origin = {layer.name!r}")
    environment = make(
        """
        import mod_a, mod_b, mod_c
        def handler(event, context): return [mod_a.origin, mod_b.origin, mod_c.origin]
        """,
        layers=layers,
    )
    (tmp_path / "task-0" / "mod_c.py").write_text("origin = 'code'")
    assert environment.answer() == ["first", "second", "code"]


def test_programs_of_a_layer_are_found_before_others(
    make: Callable[..., Environment], tmp_path: Path
) -> None:
    tool = tmp_path / "layer" / "bin" / "tool"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho of the layer\n")
    tool.chmod(0o755)
    environment = make(
        """
        import subprocess
        def handler(event, context): return subprocess.check_output(['tool'], text=True)
        """,
        layers=(tmp_path / "layer",),
    )
    assert environment.answer() == "of the layer\n"


def test_compiled_code_is_kept_for_the_next_start(
    make: Callable[..., Environment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    make("def handler(event, context): pass").answer()
    assert list((tmp_path / "task-0" / "__pycache__").glob("app.*.pyc"))


# Logs


def test_the_log_of_a_cold_start_has_the_lines_of_aws_in_order(
    make: Callable[..., Environment],
) -> None:
    environment = make(
        """
        import sys
        print('while it initialises')
        def handler(event, context):
            print('to stdout')
            print('to stderr', file=sys.stderr)
            print('unfinished', end='')
        """,
        memory_mb=256,
        version="7",
    )
    _, _, log = environment.invoke(request_id="an-id")
    *lines, report = log.splitlines()
    assert lines == [
        "while it initialises",
        "START RequestId: an-id Version: 7",
        "to stdout",
        "to stderr",
        "unfinished",
        "END RequestId: an-id",
    ]
    assert re.fullmatch(
        r"REPORT RequestId: an-id\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 256 MB\tMax Memory Used: [1-9]\d* MB\tInit Duration: \d+\.\d\d ms",
        report,
    )


def test_a_warm_invocation_reports_no_initialisation_and_only_its_own_lines(
    make: Callable[..., Environment],
) -> None:
    environment = make("def handler(event, context): print('event', event)")
    environment.invoke(1)
    _, _, log = environment.invoke(2)
    assert "Init Duration" not in log
    assert re.findall(r"^event .*$", log, re.MULTILINE) == ["event 2"]


def test_not_a_line_is_lost_however_late_it_was_printed(make: Callable[..., Environment]) -> None:
    environment = make(
        """
        def handler(event, context):
            for number in range(2000):
                print(event, number, 'x' * 100)
        """
    )
    for event in range(5):
        _, _, log = environment.invoke(event)
        numbers = re.findall(rf"^{event} (\d+) x+$", log, re.MULTILINE)
        assert numbers == [str(number) for number in range(2000)]


def test_a_traceback_is_in_the_log_line_by_line(make: Callable[..., Environment]) -> None:
    environment = make("def handler(event, context): raise KeyError('visit')")
    _, _, log = environment.invoke()
    assert "[ERROR] KeyError: 'visit'" in log.splitlines()
    assert "Traceback (most recent call last):" in log.splitlines()
    assert "\r" not in log


# Life and death


def test_stopping_kills_the_process(make: Callable[..., Environment]) -> None:
    environment = make("import os\ndef handler(event, context): return os.getpid()")
    pid = environment.answer()
    environment.sandbox.stop()
    assert not is_alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_a_stopped_sandbox_leaves_no_threads_and_no_descriptors(
    make: Callable[..., Environment],
) -> None:
    def count() -> int:
        return threading.active_count() + len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    for _ in range(5):
        environment = make("def handler(event, context): 1 / event")
        environment.answer(1)
        environment.error(0)
        environment.sandbox.stop()
    await_that(lambda: count() <= before)


def test_a_stopped_sandbox_runs_nothing_more(make: Callable[..., Environment]) -> None:
    environment = make("def handler(event, context): pass")
    environment.answer()
    environment.sandbox.stop()
    assert environment.error()["errorType"] == "Runtime.ExitError"
    assert environment.sandbox.pid is None


def test_stopping_ends_a_running_invocation_as_a_crash(make: Callable[..., Environment]) -> None:
    environment = make("import time\ndef handler(event, context): time.sleep(event)")
    environment.answer(0)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(environment.error, 600)
        environment.sandbox.stop()
        assert running.result(timeout=10)["errorMessage"].endswith("signal: killed")


def test_the_process_outlives_the_thread_that_made_it(make: Callable[..., Environment]) -> None:
    environment = make("import os\ndef handler(event, context): return os.getpid()")
    pids: list[int] = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: pids.append(environment.answer()))
        thread.start()
        thread.join()
    assert pids == [environment.sandbox.pid] * 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has PR_SET_PDEATHSIG")
def test_the_process_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context): pass")
    parent_code = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(PACKAGE_FOLDER)!r})
from lambda_subprocess.function import Function
from lambda_subprocess.runtime_api import Invocation
from lambda_subprocess.sandbox import Sandbox
folder = Path({str(tmp_path)!r})
sandbox = Sandbox(Function(
    interpreter=Path({PYTHON!r}), handler="app.handler", task_root=folder, init_timeout_s=20))
sandbox.invoke(Invocation(request_id="1", function_arn="arn", payload=b"{{}}"))
print(sandbox.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        await_that(lambda: not is_alive(pid))


def test_sandboxes_run_at_the_same_time_and_do_not_mix(make: Callable[..., Environment]) -> None:
    code = """
        import os
        def handler(event, context):
            print('seen', event)
            return [os.environ['NAME'], event]
        """

    def converse(environment: Environment, name: str) -> None:
        for event in range(20):
            answer, _, log = environment.invoke(f"{name}-{event}")
            assert answer == [name, f"{name}-{event}"]
            assert re.findall(r"^seen (.*)$", log, re.MULTILINE) == [f"{name}-{event}"]

    def variables(name: str) -> Mapping[str, str]:
        return {"NAME": name}

    names = [f"n{index}" for index in range(6)]
    environments = [make(code, variables=variables(name)) for name in names]
    with ThreadPoolExecutor(len(names)) as pool:
        for future in [
            pool.submit(converse, *pair) for pair in zip(environments, names, strict=True)
        ]:
            future.result(timeout=60)


def test_one_sandbox_takes_one_invocation_at_a_time(make: Callable[..., Environment]) -> None:
    environment = make(
        """
        import time
        def handler(event, context):
            begin = time.monotonic()
            time.sleep(0.05)
            return [begin, time.monotonic()]
        """
    )
    with ThreadPoolExecutor(4) as pool:
        spans = sorted(pool.map(environment.answer, range(8)))
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(spans))
