"""Conditions on what is in memory already: no database is asked."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from underbutler.errors import QuerySyntaxError
from underbutler.where.expression import (
    Comparison,
    Conjunction,
    Disjunction,
    Expression,
    Flag,
    Literal,
    Member,
    Negation,
    Null,
    Operand,
    Operator,
    Range,
)
from underbutler.where.place import point_at

__all__ = ["matches"]

_OPERATORS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}


def matches(expression: Expression, values: Mapping[str, str], text: str) -> bool:
    """Tell whether a condition holds.

    Parameters
    ----------
    expression
        Condition.
    values
        Name → value, of all names that mean something.
    text
        The condition as it was written, for messages.

    Raises
    ------
    QuerySyntaxError
        A name means nothing here, or a value is no string.
    """
    match expression:
        case Conjunction(parts) | Disjunction(parts):
            # Every part is looked at: a mistake is told wherever it stands.
            held = [matches(part, values, text) for part in parts]
            return all(held) if isinstance(expression, Conjunction) else any(held)
        case Negation(part):
            return not matches(part, values, text)
        case Comparison(left, sign, right):
            return _OPERATORS[sign](_value(left, values, text), _value(right, values, text))
        case Member(operand, items):
            found = _value(operand, values, text)
            return found in [_value(item, values, text) for item in items]
        case Null(operand):
            _value(operand, values, text)
            return False
        case Flag(operand):
            raise QuerySyntaxError(
                point_at(text, operand.position, "A value on its own is no condition.")
            )


def _value(operand: Operand | Range, values: Mapping[str, str], text: str) -> str:
    if isinstance(operand, Range):
        message = "A range of numbers is compared with what is a 'string'."
    elif isinstance(operand, Literal):
        if isinstance(operand.value, str):
            return operand.value
        message = f"{operand.value!r} is compared with what is a 'string'."
    elif operand.text in values:
        return values[operand.text]
    else:
        message = f"{operand.text} means nothing here. Known: {', '.join(values)}."
    raise QuerySyntaxError(point_at(text, operand.position, message))
