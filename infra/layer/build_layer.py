"""Builds the functions' layer: the package and what it needs, for the system it will run on.

Standard library only: runs on a machine that has Python and pip and nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# AWS Lambda: the unzipped function and its layers together.
MOST_BYTES = 250 * 2**20
# Amazon Linux 2023, on which python3.12 and newer run, has glibc 2.34.
GLIBC = (2, 34)
# What the runtime brings, what functions do not use, and what only tests need.
LEFT_OUT_PACKAGES = ("boto3", "botocore", "s3transfer", "pip", "setuptools", "bin")
LEFT_OUT_MODULES = ("underbutler/cli", "underbutler/local")
# Not tests, in spite of its name: astropy imports it.
KEPT = ("astropy/tests",)
LEFT_OUT_PATTERNS = ("**/tests", "**/__pycache__", "**/*.pyi", "**/*.pyx", "**/*.c", "**/*.h")


def main() -> None:
    """Build a layer into a folder, and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path, help="folder that becomes the layer")
    parser.add_argument(
        "--python", help="version of the runtime, such as 3.12; this interpreter's by default"
    )
    arguments = parser.parse_args()
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    version = arguments.python or own
    # A layer for AWS is resolved for its system even where that looks like this one.
    for_lambda = arguments.python is not None
    packages = arguments.target / "python"
    is_new = _install_dependencies(packages, version, for_lambda=for_lambda)
    _install_package(packages)
    interpreter = sys.executable if version == own else shutil.which(f"python{version}")
    if interpreter and _works(interpreter, version):
        _compile(packages if is_new else packages / "underbutler", interpreter)
    else:
        print(
            f"warning: no python{version} here, so the layer has no bytecode and the functions "
            "start two to three times slower.",
            file=sys.stderr,
        )
    _report(arguments.target)


def _install_dependencies(packages: Path, version: str, *, for_lambda: bool) -> bool:
    """Install what the package needs, unless it is there; tells whether it was not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["lambda"]]
    recipe = json.dumps([version, for_lambda, wanted, Path(__file__).read_text()])
    stamp = packages.parent / ".dependencies"
    if stamp.exists() and stamp.read_text() == recipe:
        return False
    shutil.rmtree(packages.parent, ignore_errors=True)
    packages.mkdir(parents=True)
    platform: list[str] = []
    if for_lambda:
        platform = ["--only-binary=:all:", "--python-version", version, "--implementation", "cp"]
        for minor in range(GLIBC[1], 16, -1):
            platform += ["--platform", f"manylinux_2_{minor}_x86_64"]
        platform += ["--platform", "manylinux2014_x86_64"]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    target = ["--no-compile", "--target", str(packages)]
    subprocess.run([*command, *target, *platform, *wanted], check=True)
    for name in LEFT_OUT_PACKAGES:
        for path in [packages / name, *packages.glob(f"{name}-*.dist-info")]:
            shutil.rmtree(path, ignore_errors=True)
    _prune(packages)
    stamp.write_text(recipe)
    return True


def _install_package(packages: Path) -> None:
    """Put the package itself in place of an older build of it."""
    shutil.rmtree(packages / "underbutler", ignore_errors=True)
    shutil.copytree(
        ROOT / "shared" / "underbutler",
        packages / "underbutler",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for module in LEFT_OUT_MODULES:
        shutil.rmtree(packages / module)


def _prune(packages: Path) -> None:
    for pattern in LEFT_OUT_PATTERNS:
        for path in list(packages.glob(pattern)):
            if path.is_dir() and path.relative_to(packages).as_posix() not in KEPT:
                shutil.rmtree(path)
            elif path.is_file():
                path.unlink()


def _compile(packages: Path, interpreter: str) -> None:
    """Compile to bytecode that is believed without a look at the source: times change in a zip."""
    command = [interpreter, "-m", "compileall", "-q", "-j", "0"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(
        [*command, "--invalidation-mode", "unchecked-hash", str(packages)],
        check=True,
        env=environment,
    )


def _works(interpreter: str, version: str) -> bool:
    """Tell whether a command is the interpreter it is named after, and no shim of one."""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    found = subprocess.run(
        [interpreter, "-c", program], capture_output=True, text=True, check=False
    )
    return found.returncode == 0 and found.stdout.strip() == version


def _report(target: Path) -> None:
    sizes = {
        path.name: sum(file.stat().st_size for file in _files(path))
        for path in (target / "python").iterdir()
    }
    total = sum(sizes.values())
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:6]
    print(
        f"Layer {target}: {total / 2**20:.0f} MB unzipped of {MOST_BYTES // 2**20} allowed ("
        + ", ".join(f"{name} {size / 2**20:.0f}" for name, size in largest)
        + ")."
    )
    if total > MOST_BYTES:
        sys.exit("The layer is too large for AWS Lambda.")


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]


if __name__ == "__main__":
    main()
