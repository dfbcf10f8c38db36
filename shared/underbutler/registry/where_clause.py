"""Expression trees compiled to SQLAlchemy: bound parameters only."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from underbutler.errors import QuerySyntaxError
from underbutler.registry.namespace import Namespace
from underbutler.where.expression import (
    Comparison,
    Conjunction,
    Disjunction,
    Expression,
    Flag,
    Literal,
    Member,
    Name,
    Negation,
    Null,
    Operand,
    Operator,
    Range,
)
from underbutler.where.place import point_at

__all__ = ["compile_where"]

_OPERATORS: dict[Operator, Any] = {
    Operator.EQUAL: sa.sql.operators.eq,
    Operator.NOT_EQUAL: sa.sql.operators.ne,
    Operator.LESS: sa.sql.operators.lt,
    Operator.LESS_OR_EQUAL: sa.sql.operators.le,
    Operator.GREATER: sa.sql.operators.gt,
    Operator.GREATER_OR_EQUAL: sa.sql.operators.ge,
}

_VALUES: dict[str, tuple[type, ...]] = {
    "true or false": (bool,),
    "a number": (int, float),
    "a 'string'": (str,),
}


def compile_where(
    expression: Expression, namespace: Namespace, text: str
) -> sa.ColumnElement[bool]:
    """Compile an expression; the namespace joins what its names need.

    Raises
    ------
    QuerySyntaxError
        A name means nothing here, or a value has the wrong type for its column.
    """
    return _Compiler(namespace, text).compile(expression)


class _Compiler:
    def __init__(self, namespace: Namespace, text: str) -> None:
        self._namespace = namespace
        self._text = text

    def compile(self, expression: Expression) -> sa.ColumnElement[bool]:
        match expression:
            case Conjunction(parts):
                return sa.and_(*(self.compile(part) for part in parts))
            case Disjunction(parts):
                return sa.or_(*(self.compile(part) for part in parts))
            case Negation(part):
                return sa.not_(self.compile(part))
            case Null(operand):
                return self._column(operand).is_(None)
            case Flag(operand):
                return self._flag(operand)
            case Member(operand, items):
                column = self._column(operand)
                return sa.or_(*self._members(operand, column, items))
            case Comparison(left, operator, right):
                return self._comparison(left, operator, right)

    def _comparison(
        self, left: Operand, operator: Operator, right: Operand
    ) -> sa.ColumnElement[bool]:
        compare = _OPERATORS[operator]
        if isinstance(left, Name) and isinstance(right, Name):
            first, second = self._column(left), self._column(right)
            if self._kind(first, left) != self._kind(second, right):
                raise self._error(right.position, f"{left.text} is nothing like {right.text}.")
            result: sa.ColumnElement[bool] = compare(first, second)
        elif isinstance(left, Name) and isinstance(right, Literal):
            column = self._column(left)
            result = compare(column, self._value(right, column, left))
        elif isinstance(right, Name) and isinstance(left, Literal):
            column = self._column(right)
            result = compare(self._value(left, column, right), column)
        else:
            assert isinstance(left, Literal)
            raise self._error(left.position, "A comparison needs a name on one side.")
        return result

    def _members(
        self, operand: Operand, column: sa.ColumnElement[Any], items: tuple[Literal | Range, ...]
    ) -> list[sa.ColumnElement[bool]]:
        values = [self._value(item, column, operand) for item in items if isinstance(item, Literal)]
        conditions: list[sa.ColumnElement[bool]] = [column.in_(values)] if values else []
        for item in items:
            if isinstance(item, Range):
                self._check_type(column, item.first, item.position, operand)
                if not isinstance(column.type, sa.Integer):
                    raise self._error(item.position, "A range is of integers.")
                condition: sa.ColumnElement[bool] = column.between(item.first, item.last)
                if item.step > 1:
                    condition = sa.and_(condition, (column - item.first) % item.step == 0)
                conditions.append(condition)
        return conditions or [sa.false()]

    def _flag(self, operand: Operand) -> sa.ColumnElement[bool]:
        if isinstance(operand, Literal):
            if not isinstance(operand.value, bool):
                raise self._error(operand.position, "A value on its own is no condition.")
            return sa.literal(operand.value)
        column = self._column(operand)
        if not isinstance(column.type, sa.Boolean):
            raise self._error(operand.position, f"{operand.text} is no condition on its own.")
        return column.is_(True)

    def _column(self, operand: Operand) -> sa.ColumnElement[Any]:
        if isinstance(operand, Literal):
            raise self._error(operand.position, "A name is needed here.")
        try:
            return self._namespace.resolve(operand.text)
        except QuerySyntaxError as error:
            raise QuerySyntaxError(point_at(self._text, operand.position, str(error))) from error

    def _value(self, literal: Literal, column: sa.ColumnElement[Any], operand: Operand) -> Any:
        self._check_type(column, literal.value, literal.position, operand)
        return literal.value

    def _kind(self, column: sa.ColumnElement[Any], operand: Operand) -> str:
        """Tell what a column holds, where it can be compared."""
        if isinstance(column.type, sa.Boolean):
            return "true or false"
        # A Float is a Numeric in SQLAlchemy 2.0 and none in 2.1.
        if isinstance(column.type, (sa.Integer, sa.Numeric, sa.Float)):
            return "a number"
        if isinstance(column.type, sa.String):
            return "a 'string'"
        name = operand.text if isinstance(operand, Name) else str(operand.value)
        raise self._error(operand.position, f"{name} cannot be compared.")

    def _check_type(
        self, column: sa.ColumnElement[Any], value: Any, position: int, operand: Operand
    ) -> None:
        """Refuse a comparison that one database would refuse and the other answer wrongly."""
        name = self._kind(column, operand)
        wanted = _VALUES[name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise self._error(position, f"{value!r} is compared with what is {name}.")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise self._error(position, f"{value} has more than 64 bits.")

    def _error(self, position: int, message: str) -> QuerySyntaxError:
        return QuerySyntaxError(point_at(self._text, position, message))
