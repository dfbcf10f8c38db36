"""Logs of a handler; how its process lives and dies."""

import itertools
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandboxes import PACKAGE_FOLDER, Environment, await_that, is_alive
from underbutler.local.checkout import Checkout


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
    interpreter=Path({str(Checkout().lambda_python)!r}),
    handler="app.handler", task_root=folder, init_timeout_s=20))
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
