"""Conditions that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underbutler.errors import QuerySyntaxError
from underbutler.where.expression import (
    Expression,
    Operator,
)
from underbutler.where.parse import parse_where
from underbutler.where.place import point_at
from where_words import OPERAND, names, place, read, refused, value


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("a =", "", OPERAND),
        ("a = ", " ", OPERAND),
        ("a = AND b", "b", None),
        ("a == 1", "= 1", OPERAND),
        ("a <> 1", "> 1", OPERAND),
        ('a = "HSC"', '"HSC"', OPERAND),
        ("a = 'HSC", "'HSC", OPERAND),
        ("a = 'it''s'", "'s'", None),
        ("a = .5", ".5", OPERAND),
        ("a = 5.", ".", None),
        ("a = - 1", "- 1", OPERAND),
        ("(a", "", ")"),
        ("a)", ")", "the end"),
        ("()", ")", None),
        ("a b", "b", None),
        ("a = 1 b = 2", "b = 2", None),
        ("a < b < c", "< c", None),
        ("a AND", "", f"(, NOT, {OPERAND}"),
        ("a OR OR b", "b", None),
        ("NOT", "", f"(, NOT, {OPERAND}"),
        ("a IS 7", "7", "NOT, NULL"),
        ("a IS NOT 7", "7", "NULL"),
        ("a NOT 7", "7", "IN"),
        ("a IN 1", "1", "("),
        ("a IN ()", ")", OPERAND),
        ("a IN (1,)", ")", OPERAND),
        ("a IN (1 2)", "2)", None),
        ("a IN (1..)", ")", "a number"),
        ("a IN (1...5)", ".5)", "a number"),
        ("a IN (1..5:-2)", "-2)", "a number"),
        ("a IN (1..2.5)", ".5)", None),
        ("a.b.c.d = 1", ".d = 1", None),
        ("a. = 1", ". = 1", None),
        (".a = 1", ".a = 1", None),
        ("a = 1; DROP TABLE x", "; DROP TABLE x", None),
        ("a = 1 -- no comment", "-- no comment", None),
        ("a LIKE 'x%'", "LIKE 'x%'", None),
        ("α = 1", "α = 1", None),
        ("a = t'2026-03-01'", "'2026-03-01'", None),
    ],
)
def test_an_error_says_where_it_is_and_what_was_expected_there(text, at, expected):
    message = refused(text)

    assert message.startswith("The expression cannot be read here: expected one of: ")
    assert place(message) == at
    if expected is not None:
        assert f"expected one of: {expected}.\n" in message


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("a = 1e999", "1e999", "The number is not finite."),
        ("a = 9223372036854775808", "9223372036854775808", "The number has over 64 bits."),
        ("a IN (1..9223372036854775808)", "9223372036854775808)", "The number has over 64 bits."),
        ("a = 'x\x00'", "'x\x00'", "The text has characters that no database takes."),
        ("a = T'noon'", "T'noon'", "'noon' is no ISO 8601 time"),
        ("a = T''", "T''", "'' is no ISO 8601 time"),
        ("a = T'2026-02-30'", "T'2026-02-30'", "'2026-02-30' is no ISO 8601 time"),
        ("a = T'2026-03-01T05:00Z'", "T'2026-03-01T05:00Z'", "Times are TAI"),
        ("a = T'2026-03-01T05:00+01:00'", "T'2026-03-01T05:00+01:00'", "Times are TAI"),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_pointed_at(text, at, why):
    message = refused(text)

    assert message.startswith(why)
    assert place(message) == at


def test_a_number_of_thousands_of_digits_is_refused():
    assert refused("a = " + "9" * 10_000).startswith("The number has over 64 bits.")


def test_an_error_names_no_part_of_the_parser():
    for text in ("a =", "a b", "(a", "a IN (1..5:", "a IS", "a NOT"):
        expected = refused(text).partition("\n")[0]
        assert "_" not in expected
        assert "$" not in expected


def test_an_error_shows_the_line_it_is_in():
    message = refused("a = 1\nAND b = ?\nAND c = 3")

    assert message.split("\n")[1:] == ["  AND b = ?", "          ^"]


def test_an_error_in_a_long_line_shows_what_is_around_it():
    message = refused("a = 1 AND " * 500 + "b ? c" + " AND a = 1" * 500)

    assert place(message).startswith("? c AND a = 1")
    assert len(message.split("\n")[1]) < 110


@pytest.mark.parametrize(
    "text",
    ["(" * 100 + "a" + ")" * 100, "NOT " * 100 + "a", "NOT (" * 50 + "a" + ")" * 50],
    ids=["parentheses", "NOT", "both"],
)
def test_an_expression_may_be_nested_a_hundred_deep(text):
    assert parse_where(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "(" * 101 + "a" + ")" * 101,
        "(" * 10_000,
        "(" * 9_000 + "a" + ")" * 9_000,
        "NOT " * 101 + "a",
        "not\n" * 4_900 + "a",
        "NOT(" * 51 + "a" + ")" * 51,
        "a IN (" * 3_000,
        "a AND (" * 2_400 + "a" + ")" * 2_400,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_an_expression_nested_deeper_is_refused_and_overflows_nothing(text):
    assert refused(text) == "The expression is nested over 100 deep."


def test_what_nests_in_a_string_does_not_nest():
    assert value(f"'{'(' * 5_000}{'NOT ' * 500}'")


def test_parentheses_side_by_side_do_not_nest():
    assert len(read(" AND ".join(["(NOT (a))"] * 1_400))) == 1_401


@pytest.mark.parametrize("word", ["AND", "OR"])
def test_an_expression_may_have_thousands_of_parts(word):
    assert len(read(f" {word} ".join(["a=1"] * 2_000))) == 2_001


def test_a_longer_expression_is_refused_with_a_way_out():
    with pytest.raises(QuerySyntaxError, match="20001 characters, over 20000") as caught:
        parse_where("a" * 20_001)
    assert caught.value.hint == "Bind long lists instead of writing them."


def _join(word: str) -> Any:
    def joined(parts: list[tuple[str, Any]]) -> tuple[str, Any]:
        text = f" {word} ".join(f"({text})" for text, _ in parts)
        return text, (word.lower(), *(tree for _, tree in parts))

    return joined


int64s = st.integers(-(2**63), 2**63 - 1)
texts = st.text(st.characters(exclude_characters="'\x00", exclude_categories=["Cs"]), max_size=9)
literals = (
    int64s.map(lambda number: (str(number), ("int", number)))
    | texts.map(lambda text: (f"'{text}'", ("str", text)))
    | st.booleans().map(lambda flag: (str(flag), ("bool", flag)))
    | st.floats(0.0001, 9999.0).map(lambda number: (f"{number:f}", ("float", float(f"{number:f}"))))
)
ranges = st.tuples(int64s, int64s, st.integers(1, 99)).map(
    lambda r: (f"{min(r[:2])}..{max(r[:2])}:{r[2]}", ("range", min(r[:2]), max(r[:2]), r[2]))
)
operands = names.map(lambda name: (name, name)) | literals
predicates = (
    st.tuples(operands, st.sampled_from(Operator), operands).map(
        lambda p: (f"{p[0][0]} {p[1].value} {p[2][0]}", (p[1].value, p[0][1], p[2][1]))
    )
    | st.tuples(operands, st.lists(literals | ranges, min_size=1, max_size=3)).map(
        lambda p: (
            f"{p[0][0]} IN ({', '.join(text for text, _ in p[1])})",
            ("in", p[0][1], *(tree for _, tree in p[1])),
        )
    )
    | operands.map(lambda o: (f"{o[0]} IS NULL", ("null", o[1])))
    | operands.map(lambda o: (o[0], ("flag", o[1])))
)
expressions = st.recursive(
    predicates,
    lambda inner: (
        inner.map(lambda e: (f"NOT ({e[0]})", ("not", e[1])))
        | st.lists(inner, min_size=2, max_size=3).map(_join("AND"))
        | st.lists(inner, min_size=2, max_size=3).map(_join("OR"))
    ),
    max_leaves=6,
)
scraps = st.sampled_from(
    [
        *("AND", "OR", "NOT", "IN", "IS", "NULL", "(", ")", ",", "..", ":", "'", "T'", "\n", "."),
        *("=", "<", "a", "a.b", ":x", "x", "7", "1.5", "-", "'s'", "T'2026-03-01'", "true", "é"),
    ]
)


def read_or_refuse(text: str) -> Expression | None:
    """Read an expression, or be told where and why it cannot be."""
    try:
        return parse_where(text, {"x": [1, 2]})
    except QuerySyntaxError as error:
        refusal = error
    message, _, shown = refusal.message.partition("\n")
    assert message.endswith(".")
    assert shown.endswith("^") or "nested" in message
    return None


@given(expressions)
def test_an_expression_that_is_written_is_read(expression):
    text, tree = expression

    assert read(text) == tree


@given(st.text())
def test_any_text_is_read_or_refused(text):
    read_or_refuse(text)


@given(st.lists(scraps, max_size=12), st.sampled_from(["", " "]))
def test_any_scraps_of_expressions_are_read_or_refused(parts, space):
    read_or_refuse(space.join(parts))


@given(expressions, st.integers(0, 200), st.integers(0, 3), st.text(max_size=2))
def test_an_expression_with_a_slip_is_read_or_refused(expression, at, removed, added):
    text = expression[0]

    read_or_refuse(text[:at] + added + text[at + removed :])


@pytest.mark.parametrize(
    ("text", "position", "line", "column"),
    [
        ("abc", 0, "abc", 0),
        ("abc", 2, "abc", 2),
        ("abc", 3, "abc", 3),
        ("", 0, "", 0),
        ("ab\ncd\nef", 4, "cd", 1),
        ("ab\ncd", 2, "ab", 2),
        ("ab\ncd", 3, "cd", 0),
    ],
)
def test_a_place_is_shown_by_a_caret_below_its_line(text, position, line, column):
    assert point_at(text, position, "Here.") == f"Here.\n  {line}\n  {' ' * column}^"


@given(st.text("abc \n", max_size=300), st.integers(0, 300))
def test_the_caret_stands_below_the_character_it_is_about(text, position):
    position = min(position, len(text))
    _, line, caret = point_at(text, position, "Here.").split("\n")
    rest = text[position:].partition("\n")[0]

    assert line[len(caret) - 1 :] == rest[:40] or rest.startswith(line[len(caret) - 1 :])
    assert len(line) <= 103
