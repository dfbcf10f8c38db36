"""The clone of the repository that the local stack is made from."""

from __future__ import annotations

from pathlib import Path

from underbutler.errors import ConfigurationError

__all__ = ["Checkout"]


class Checkout:
    """Folders of a clone.

    Parameters
    ----------
    root
        Root of the clone; where this package was installed from by default.

    Raises
    ------
    ConfigurationError
        There is no clone.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or Path(__file__).resolve().parents[3]
        if not self.template.is_file():
            raise ConfigurationError(
                f"{self.root} is no clone of Underbutler: it has no template.yaml.",
                hint="The local stack runs from a clone: git clone, then make demo.",
            )

    @property
    def template(self) -> Path:
        """The SAM template."""
        return self.root / "template.yaml"

    @property
    def build(self) -> Path:
        """Whatever is built, installed or left by a run."""
        return self.root / "build"

    @property
    def layer(self) -> Path:
        """The layer for this machine's interpreter."""
        return self._built("layer/local", "make layer")

    @property
    def emulator_python(self) -> Path:
        """Interpreter of the emulator's environment."""
        return self._built("env/emulator/bin/python", "make environments")

    @property
    def lambda_python(self) -> Path:
        """Interpreter of the environment that stands for the Lambda runtime."""
        return self._built("env/lambda/bin/python", "make environments")

    def _built(self, path: str, command: str) -> Path:
        found = self.build / path
        if not found.exists():
            raise ConfigurationError(f"build/{path} is missing.", hint=f"Run `{command}`.")
        return found
