"""What a ``where`` expression says, as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "Comparison",
    "Conjunction",
    "Disjunction",
    "Expression",
    "Flag",
    "Literal",
    "Member",
    "Name",
    "Negation",
    "Null",
    "Operand",
    "Operator",
    "Range",
    "Value",
]

Value = bool | int | float | str
"""What a literal or a bound name stands for; times are TAI nanoseconds."""


class Operator(Enum):
    """Comparisons, as they are written."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier: a dimension, or ``element.column``."""

    text: str
    position: int
    """Offset in the expression, for messages."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value."""

    value: Value
    position: int
    is_time: bool = False
    """Whether it is an instant, TAI nanoseconds since 1970."""


Operand = Name | Literal


@dataclass(frozen=True, slots=True)
class Range:
    """Integers ``first..last:step``, both ends included."""

    first: int
    last: int
    step: int
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right``."""

    left: Operand
    operator: Operator
    right: Operand


@dataclass(frozen=True, slots=True)
class Member:
    """``operand IN (items)``."""

    operand: Operand
    items: tuple[Literal | Range, ...]


@dataclass(frozen=True, slots=True)
class Null:
    """``operand IS NULL``."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean column or bind on its own."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Negation:
    """``NOT expression``."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Conjunction:
    """``… AND …``."""

    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    """``… OR …``."""

    expressions: tuple[Expression, ...]


Expression = Comparison | Member | Null | Flag | Negation | Conjunction | Disjunction
