"""Places at which a process may die: around every statement, commit, read and message."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

__all__ = ["Failpoints"]


class Failpoints:
    """Counts the places that a process passes, and kills it at one of them.

    Parameters
    ----------
    fatal
        Number of the place at which to die, from 1 on; 0 to live.
    tell
        Told the name of that place, as the last thing the process does.
    """

    def __init__(self, fatal: int, tell: Callable[[str], None] = lambda _: None) -> None:
        self._fatal = fatal
        self._tell = tell
        self.passed: list[str] = []
        """Names of the places passed."""

    def reach(self, name: str) -> None:
        """Pass a place, or die there."""
        self.passed.append(name)
        if len(self.passed) == self._fatal:
            self._tell(name)
            os.kill(os.getpid(), signal.SIGKILL)

    def watch_engine(self, engine: sa.Engine) -> None:
        """Make places of what happens between a process and its database."""

        def before(_: Any, __: Any, statement: str, *___: Any) -> None:
            self.reach(f"before {_short(statement)}")

        def after(_: Any, __: Any, statement: str, *___: Any) -> None:
            self.reach(f"after {_short(statement)}")

        sa.event.listen(engine, "before_cursor_execute", before)
        sa.event.listen(engine, "after_cursor_execute", after)
        sa.event.listen(engine, "commit", lambda _: self.reach("before COMMIT"))
        # A connection goes back to the pool when its transaction is over.
        sa.event.listen(engine, "checkin", lambda *_: self.reach("after the transaction"))

    def watch(self, owner: Any, *names: str) -> None:
        """Make places of the calls of some methods of an object."""
        for name in names:
            setattr(owner, name, self._watched(getattr(owner, name), name))

    def _watched(self, method: Callable[..., Any], name: str) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            self.reach(f"before {name}")
            result = method(*arguments, **named)
            self.reach(f"after {name}")
            return result

        return watched


def _short(statement: str) -> str:
    """Name a statement by its verb and its table."""
    words = statement.replace('"', "").split()
    verb = words[0].upper()
    for marker in ("INTO", "FROM", "UPDATE"):
        if marker in words:
            return f"{verb} {words[words.index(marker) + 1].rstrip(',')}"
    return verb
