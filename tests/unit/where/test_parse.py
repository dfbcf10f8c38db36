from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Operator,
    Range,
)
from underbutler.where.parse import parse_where
from underbutler.where.place import point_at

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


# Comparisons and operands


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


# AND, OR, NOT


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


# IN


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


# Binds


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


# Errors


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


# Size


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


# Anything


def _join(word: str) -> Any:
    def joined(parts: list[tuple[str, Any]]) -> tuple[str, Any]:
        text = f" {word} ".join(f"({text})" for text, _ in parts)
        return text, (word.lower(), *(tree for _, tree in parts))

    return joined


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}(\.[a-z]{1,4})?", fullmatch=True).filter(
    lambda name: name.lower() not in KEYWORDS
)
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


# Places


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
