"""What a handler answers, and what it sees."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sandboxes import Environment
from underbutler.local.checkout import Checkout


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
            [Checkout().lambda_python, "-I", "-c", "import json, sys; print(json.dumps(sys.path))"],
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
