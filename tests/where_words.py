"""Short words for parsed conditions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from underbutler.errors import QuerySyntaxError
from underbutler.model.timespan import NS_PER_S
from underbutler.where.expression import (
    Comparison,
    Conjunction,
    Disjunction,
    Flag,
    Literal,
    Member,
    Name,
    Negation,
    Null,
    Range,
)
from underbutler.where.parse import parse_where

# 2026-03-01T05:00:00 TAI.
FIVE_NS = 1_772_341_200 * NS_PER_S
OPERAND = "a 'string', a bind, a name, a number, a time"
KEYWORDS = {"and", "or", "not", "in", "is", "null", "true", "false", "t"}


def brief(node: Any) -> Any:
    """A tree without positions, short enough to be written down."""
    match node:
        case Name(text):
            return text
        case Literal(value, _, True):
            return ("time", value)
        case Literal(value):
            return (type(value).__name__, value)
        case Range(first, last, step):
            return ("range", first, last, step)
        case Comparison(left, operator, right):
            return (operator.value, brief(left), brief(right))
        case Member(operand, items):
            return ("in", brief(operand), *map(brief, items))
        case Null(operand):
            return ("null", brief(operand))
        case Flag(operand):
            return ("flag", brief(operand))
        case Negation(part):
            return ("not", brief(part))
        case Conjunction(parts):
            return ("and", *map(brief, parts))
        case Disjunction(parts):
            return ("or", *map(brief, parts))
    raise AssertionError(node)


def read(text: str, **bind: object) -> Any:
    return brief(parse_where(text, bind))


def value(text: str) -> Any:
    """What a literal on its own says."""
    expression = parse_where(f"a = {text}")
    assert isinstance(expression, Comparison)
    return brief(expression.right)


def refused(text: str, **bind: object) -> str:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_where(text, bind)
    assert caught.value.kind == "bad-query"
    return caught.value.message


def place(message: str) -> str:
    """What the caret of a message points at."""
    _, line, caret = message.split("\n")
    assert caret.strip() == "^"
    return line[len(caret) - 1 :]


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}(\.[a-z]{1,4})?", fullmatch=True).filter(
    lambda name: name.lower() not in KEYWORDS
)
