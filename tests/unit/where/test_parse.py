"""What conditions mean."""

from __future__ import annotations

import pytest

from underbutler.model.timespan import NS_PER_S
from underbutler.where.expression import (
    Comparison,
    Member,
    Operator,
)
from underbutler.where.parse import parse_where
from where_words import FIVE_NS, brief, place, read, refused, value


@pytest.mark.parametrize("operator", Operator)
@pytest.mark.parametrize("space", ["", " ", "\n\t "])
def test_a_comparison_is_of_two_operands(operator, space):
    text = f"exposure{space}{operator.value}{space}7"

    assert read(text) == (operator.value, "exposure", ("int", 7))


@pytest.mark.parametrize("text", ["7 < a", "a < b.c", "1 = 1", "'x' = a"])
def test_any_operand_may_stand_on_either_side(text):
    assert isinstance(parse_where(text), Comparison)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", ("int", 7)),
        ("-7", ("int", -7)),
        ("+7", ("int", 7)),
        ("007", ("int", 7)),
        ("9223372036854775807", ("int", 2**63 - 1)),
        ("-9223372036854775808", ("int", -(2**63))),
        ("1.5", ("float", 1.5)),
        ("-1.5e-3", ("float", -0.0015)),
        ("1E5", ("float", 1e5)),
        ("2e+3", ("float", 2000.0)),
        ("true", ("bool", True)),
        ("FALSE", ("bool", False)),
        ("'HSC'", ("str", "HSC")),
        ("''", ("str", "")),
        ("' a  b '", ("str", " a  b ")),
        ("'a = 1 AND (b'", ("str", "a = 1 AND (b")),
        ("'say \"α\"'", ("str", 'say "α"')),
        ("'two\nlines'", ("str", "two\nlines")),
        ("'back\\slash'", ("str", "back\\slash")),
        ("T'2026-03-01T05:00:00'", ("time", FIVE_NS)),
        ("T'2026-03-01 05:00:00'", ("time", FIVE_NS)),
        ("T'2026-03-01T05:00'", ("time", FIVE_NS)),
        ("T'2026-03-01'", ("time", FIVE_NS - 5 * 3600 * NS_PER_S)),
        ("T'2026-03-01T05:00:00.000001'", ("time", FIVE_NS + 1000)),
        ("T'1970-01-01'", ("time", 0)),
        ("T'1969-12-31T23:59:59'", ("time", -NS_PER_S)),
        ("other", "other"),
        ("exposure.day_obs", "exposure.day_obs"),
        ("a.b.c", "a.b.c"),
        ("_under_2", "_under_2"),
        ("android", "android"),
        ("null_island", "null_island"),
        ("T", "T"),
    ],
)
def test_an_operand_is_what_is_written(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize("text", ["", "  ", "\n\t\r\n"])
def test_an_empty_expression_is_none(text):
    assert parse_where(text) is None


def test_a_name_on_its_own_is_a_flag():
    assert read("exposure.can_see_sky") == ("flag", "exposure.can_see_sky")


def test_operands_know_where_they_stand():
    text = "visit.seeing\n  < 1.5"
    expression = parse_where(text)

    assert isinstance(expression, Comparison)
    assert (expression.left.position, expression.right.position) == (0, text.index("1.5"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a IS NULL", ("null", "a")),
        ("a is not null", ("not", ("null", "a"))),
        ("NOT a IS NULL", ("not", ("null", "a"))),
    ],
)
def test_a_value_may_be_asked_to_be_unknown(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a AND b OR c", "(a AND b) OR c"),
        ("a OR b AND c", "a OR (b AND c)"),
        ("NOT a AND b", "(NOT a) AND b"),
        ("NOT a OR b", "(NOT a) OR b"),
        ("NOT a = 1", "NOT (a = 1)"),
        ("NOT a IN (1)", "NOT (a IN (1))"),
        ("a NOT IN (1)", "NOT (a IN (1))"),
        ("NOT NOT a", "NOT (NOT a)"),
        ("a = 1 AND NOT b = 2 OR c < 3", "((a = 1) AND (NOT (b = 2))) OR (c < 3)"),
        ("((a))", "a"),
        ("a and b Or not c", "a AND b OR NOT c"),
        ("a=1and b=2", "a = 1 AND b = 2"),
        ("(a)AND(b)", "a AND b"),
        ("a\nAND\tb", "a AND b"),
    ],
)
def test_not_binds_more_than_and_and_and_more_than_or(text, same):
    assert read(text) == read(same)


def test_what_is_joined_alike_is_one_node():
    assert read("a AND b AND c") == ("and", ("flag", "a"), ("flag", "b"), ("flag", "c"))


def test_parentheses_keep_their_meaning():
    assert read("(a OR b) AND c") == ("and", ("or", ("flag", "a"), ("flag", "b")), ("flag", "c"))


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("1", [("int", 1)]),
        ("1, 2,3", [("int", 1), ("int", 2), ("int", 3)]),
        ("'g', 'r'", [("str", "g"), ("str", "r")]),
        ("1..5", [("range", 1, 5, 1)]),
        ("1..5:2", [("range", 1, 5, 2)]),
        ("1 .. 5 : 2", [("range", 1, 5, 2)]),
        ("-5..-1", [("range", -5, -1, 1)]),
        ("7..7", [("range", 7, 7, 1)]),
        ("1..5:2, 7, 9..11", [("range", 1, 5, 2), ("int", 7), ("range", 9, 11, 1)]),
        ("1.5, T'1970-01-01'", [("float", 1.5), ("time", 0)]),
        ("1..9223372036854775807", [("range", 1, 2**63 - 1, 1)]),
    ],
)
def test_in_takes_values_and_ranges(items, expected):
    assert read(f"detector IN ({items})") == ("in", "detector", *expected)


@pytest.mark.parametrize("items", ["5..1", "1..5:0", "-1..-5"])
def test_a_range_without_members_is_refused(items):
    message = refused(f"detector IN ({items})")

    assert message.startswith("The range has no members.")
    assert place(message) == f"{items})"


def test_in_takes_no_names():
    message = refused("detector IN (1, exposure)")

    assert message.startswith("IN takes values, not names.")
    assert place(message) == "exposure)"


@pytest.mark.parametrize("text", ["a = x", "a = :x"])
@pytest.mark.parametrize("bound", [7, -1.5, True, "HSC", "it's"])
def test_a_bound_name_stands_for_its_value(text, bound):
    assert read(text, x=bound) == ("=", "a", (type(bound).__name__, bound))


def test_a_bind_may_be_named_with_its_colon():
    assert brief(parse_where("a = :x", {":x": 7})) == ("=", "a", ("int", 7))


def test_a_bound_text_is_never_read_as_an_expression():
    assert read("a = x", x="1 OR true") == ("=", "a", ("str", "1 OR true"))


@pytest.mark.parametrize("bound", [[1, 2], (1, 2), {1, 2}, frozenset({1, 2}), range(1, 3)])
@pytest.mark.parametrize("text", ["a IN (x)", "a IN (:x)"])
def test_a_bound_list_gives_in_its_members(text, bound):
    assert read(text, x=bound) == ("in", "a", ("int", 1), ("int", 2))


def test_a_bound_list_may_stand_among_other_members():
    assert read("a IN (0, x, 7..9)", x=[1]) == (
        "in",
        *("a", ("int", 0), ("int", 1), ("range", 7, 9, 1)),
    )


def test_an_empty_bound_list_has_no_members():
    assert read("a IN (x)", x=[]) == ("in", "a")


def test_a_long_list_may_be_bound():
    expression = parse_where("a IN (x)", {"x": range(100_000)})

    assert isinstance(expression, Member)
    assert len(expression.items) == 100_000


def test_a_bound_flag_stands_on_its_own():
    assert read("x OR a", x=True) == ("or", ("flag", ("bool", True)), ("flag", "a"))


def test_a_bind_that_is_not_used_does_not_matter():
    assert read("a = 1", x=object()) == ("=", "a", ("int", 1))


@pytest.mark.parametrize("text", ["a = x", "x = a", "x", "x IS NULL", "NOT x", "x IN (1)"])
@pytest.mark.parametrize("bound", [[1, 2], []], ids=["list", "empty"])
def test_a_bound_list_goes_nowhere_else(text, bound):
    assert refused(text, x=bound).startswith("A bound list goes with IN only.")


@pytest.mark.parametrize(
    ("bound", "why"),
    [
        (None, "bound to NoneType, not a number or text"),
        (b"HSC", "bound to bytes, not a number or text"),
        ({"a": 1}, "bound to dict, not a number or text"),
        ([[1]], "bound to list, not a number or text"),
        ([1, None], "bound to NoneType, not a number or text"),
        (float("nan"), "The number is not finite"),
        (float("inf"), "The number is not finite"),
        (2**63, "The number has over 64 bits"),
        ([1, -(2**63) - 1], "The number has over 64 bits"),
        ("a\x00b", "characters that no database takes"),
        ("\ud800", "characters that no database takes"),
    ],
)
def test_what_no_column_holds_cannot_be_bound(bound, why):
    message = refused("detector IN (:x)", x=bound)

    assert why in message
    assert place(message) == ":x)"


def test_a_name_that_nothing_is_bound_to_is_refused():
    message = refused("a = :x", y=1)

    assert message.startswith("Nothing is bound to 'x'.")
    assert place(message) == ":x"
