"""Places in an expression, shown to whoever wrote it."""

from __future__ import annotations

__all__ = ["point_at"]


def point_at(text: str, position: int, message: str) -> str:
    """Write a message with the expression below it and a caret at the place it is about."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[start : end if end >= 0 else len(text)]
    column = position - start
    # A line of a long expression is shown around the place.
    cut = max(0, column - 60)
    shown = ("…" if cut else "") + line[cut : cut + 100]
    return f"{message}\n  {shown}\n  {' ' * (column - cut + bool(cut))}^"
