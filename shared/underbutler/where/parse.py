"""``where`` expressions read into trees."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from underbutler.errors import QuerySyntaxError
from underbutler.model.timespan import NS_PER_S
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
    Value,
)
from underbutler.where.place import point_at

__all__ = ["parse_where"]

# Long lists are bound, not written.
_LONGEST = 20_000
_DEEPEST = 100
# Columns of integers have 64 bits.
_INT64 = 2**63
_UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")
# What nests, what does not, and strings, in which nothing does.
_NESTING = re.compile(r"'[^']*'|[()]|\w+|[^\s\w]")

_TERMINALS = {
    "_AND": "AND",
    "_OR": "OR",
    "_NOT": "NOT",
    "_IN": "IN",
    "_IS": "IS",
    "_NULL": "NULL",
    "COMPARISON": "a comparison",
    "NAME": "a name",
    "BIND": "a bind",
    "SIGNED_INT": "a number",
    "FLOAT": "a number",
    "INT": "a number",
    "STRING": "a 'string'",
    "TIME": "a time",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "__ANON_0": "..",
    "COLON": ":",
    "$END": "the end",
}


def parse_where(text: str, bind: Mapping[str, Any] | None = None) -> Expression | None:
    """Read an expression; None for an empty one.

    Parameters
    ----------
    text
        The expression.
    bind
        Values of names that stand for them, with or without a colon before them in the text.

    Raises
    ------
    QuerySyntaxError
        It cannot be read; the message points at the place.
    """
    if not text.strip():
        return None
    if len(text) > _LONGEST:
        raise QuerySyntaxError(
            f"The expression has {len(text)} characters, over {_LONGEST}.",
            hint="Bind long lists instead of writing them.",
        )
    if _depth(text) > _DEEPEST:
        raise QuerySyntaxError(f"The expression is nested over {_DEEPEST} deep.")
    try:
        tree = _parser().parse(text)
        expression: Expression = _Builder(text, bind or {}).transform(tree)
    except UnexpectedInput as error:
        raise QuerySyntaxError(_explain(text, error)) from error
    except VisitError as error:
        if isinstance(error.orig_exc, QuerySyntaxError):
            raise error.orig_exc from None
        raise
    return expression


@cache
def _parser() -> Lark:
    return Lark.open("grammar.lark", rel_to=__file__, parser="lalr", maybe_placeholders=False)


def _depth(text: str) -> int:
    """Bound how deep a tree can get: by parentheses and by runs of NOT before and in them."""
    deepest = depth = negations = 0
    outer: list[int] = []
    for part in _NESTING.findall(text):
        if part == "(":
            outer.append(negations + 1)
            depth += negations + 1
        elif part == ")":
            depth -= outer.pop() if outer else 0
        negations = negations + 1 if part.upper() == "NOT" else 0
        deepest = max(deepest, depth + negations)
    return deepest


def _explain(text: str, error: UnexpectedInput) -> str:
    position = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    expected: Iterable[str] = ()
    if isinstance(error, UnexpectedToken):
        expected = error.expected
        if error.token.type == "$END":
            position = len(text.rstrip())
    elif isinstance(error, UnexpectedCharacters):
        expected = error.allowed or ()
    names = sorted({_TERMINALS.get(name, name) for name in expected})
    return point_at(
        text, position, f"The expression cannot be read here: expected one of: {', '.join(names)}."
    )


class _Builder(Transformer[Token, Expression]):
    """Makes the tree, and looks up binds on the way."""

    def __init__(self, text: str, bind: Mapping[str, Any]) -> None:
        super().__init__()
        self._text = text
        self._bind = {name.removeprefix(":"): value for name, value in bind.items()}

    def disjunction(self, parts: list[Expression]) -> Expression:
        return Disjunction(tuple(parts))

    def conjunction(self, parts: list[Expression]) -> Expression:
        return Conjunction(tuple(parts))

    def negated(self, parts: list[Expression]) -> Expression:
        return Negation(parts[0])

    def comparison(self, parts: list[Any]) -> Expression:
        left, operator, right = parts
        return Comparison(self._one(left), Operator(str(operator)), self._one(right))

    def member(self, parts: list[Any]) -> Expression:
        operand, *items = parts
        flat: list[Literal | Range] = []
        for item in items:
            if isinstance(item, Name):
                raise self._error(item.position, "IN takes values, not names.")
            flat += item if isinstance(item, list) else [item]
        return Member(self._one(operand), tuple(flat))

    def not_member(self, parts: list[Any]) -> Expression:
        return Negation(self.member(parts))

    def null(self, parts: list[Any]) -> Expression:
        return Null(self._one(parts[0]))

    def not_null(self, parts: list[Any]) -> Expression:
        return Negation(self.null(parts))

    def flag(self, parts: list[Any]) -> Expression:
        return Flag(self._one(parts[0]))

    def range(self, parts: list[Any]) -> Range:
        first, last = parts[0], parts[1]
        step = self._integer(parts[2]) if len(parts) > 2 else 1
        if step < 1 or last.value < first.value:
            raise self._error(first.position, "The range has no members.")
        return Range(first.value, last.value, step, first.position)

    def signed(self, parts: list[Token]) -> Literal:
        return Literal(self._integer(parts[0]), _position(parts[0]))

    integer = signed

    def number(self, parts: list[Token]) -> Literal:
        return self._literal(float(parts[0]), _position(parts[0]))

    def string(self, parts: list[Token]) -> Literal:
        return self._literal(str(parts[0])[1:-1], _position(parts[0]))

    def time(self, parts: list[Token]) -> Literal:
        token = parts[0]
        written = str(token)[2:-1]
        try:
            instant = datetime.fromisoformat(written)
        except ValueError:
            raise self._error(
                _position(token), f"{written!r} is no ISO 8601 time such as 2026-03-01T05:00:00."
            ) from None
        if instant.tzinfo is not None:
            raise self._error(_position(token), "Times are TAI, and have no time zone.")
        since = instant.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        tai_ns = (since.days * 86_400 + since.seconds) * NS_PER_S + since.microseconds * 1000
        return Literal(tai_ns, _position(token), is_time=True)

    def name(self, parts: list[Token]) -> Any:
        token = parts[0]
        if str(token) in self._bind:
            return self._bound(str(token), _position(token))
        lowered = str(token).lower()
        if lowered in ("true", "false"):
            return Literal(lowered == "true", _position(token))
        return Name(str(token), _position(token))

    def bind(self, parts: list[Token]) -> Any:
        token = parts[0]
        name = str(token)[1:]
        if name not in self._bind:
            raise self._error(_position(token), f"Nothing is bound to {name!r}.")
        return self._bound(name, _position(token))

    def _bound(self, name: str, position: int) -> Any:
        value = self._bind[name]
        if isinstance(value, (list, tuple, set, frozenset, range)):
            return [self._bound_one(name, item, position) for item in value]
        return self._bound_one(name, value, position)

    def _bound_one(self, name: str, value: Any, position: int) -> Literal:
        if not isinstance(value, (bool, int, float, str)):
            raise self._error(
                position, f"{name!r} is bound to {type(value).__name__}, not a number or text."
            )
        return self._literal(value, position)

    def _integer(self, token: Token) -> int:
        # Python itself refuses to read numbers of thousands of digits.
        number = int(token) if len(token) < 100 else _INT64
        self._literal(number, _position(token))
        return number

    def _literal(self, value: Value, position: int) -> Literal:
        """Make a literal of what a database can take."""
        if isinstance(value, str):
            if _UNWRITABLE.search(value):
                raise self._error(position, "The text has characters that no database takes.")
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise self._error(position, "The number is not finite.")
        elif not -_INT64 <= value < _INT64:
            raise self._error(position, "The number has over 64 bits.")
        return Literal(value, position)

    def _one(self, operand: Any) -> Operand:
        if isinstance(operand, list):
            position = operand[0].position if operand else 0
            raise self._error(position, "A bound list goes with IN only.")
        one: Operand = operand
        return one

    def _error(self, position: int, message: str) -> QuerySyntaxError:
        return QuerySyntaxError(point_at(self._text, position, message))


def _position(token: Token) -> int:
    return token.start_pos or 0
