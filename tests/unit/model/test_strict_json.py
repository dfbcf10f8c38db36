from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underbutler.model.strict_json import load_json

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(documents)
def test_json_is_read_as_it_was_written(document):
    assert load_json(json.dumps(document)) == document


def test_bytes_are_read_as_utf_8():
    assert load_json('{"a": "é"}'.encode()) == {"a": "é"}


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_not_finite_are_refused(constant):
    with pytest.raises(ValueError, match="number"):
        load_json(f'{{"a": {constant}}}')


def test_numbers_that_are_not_finite_are_read_where_they_are_allowed():
    nan, *infinities = load_json("[NaN, Infinity, -Infinity, 1e999]", allow_nan=True)

    assert math.isnan(nan)
    assert infinities == [math.inf, -math.inf, math.inf]


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "c": 2, "a": 3}}]'])
def test_a_key_given_twice_is_refused_and_named(text):
    with pytest.raises(ValueError, match="'a' is given twice"):
        load_json(text)


def test_a_long_key_given_twice_is_named_in_short():
    key = json.dumps("k" * 100_000)

    with pytest.raises(ValueError, match="twice") as caught:
        load_json(f"{{{key}: 1, {key}: 2}}")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_nested_without_end_is_refused(opening):
    with pytest.raises(ValueError, match="nested too deep"):
        load_json(opening * 100_000)


def test_a_number_of_thousands_of_digits_is_refused():
    with pytest.raises(ValueError, match="digits"):
        load_json("9" * 5_000)


@pytest.mark.parametrize(
    "text", ["", " ", "{", "{'a': 1}", '{"a": 1} x', "\ufeff{}", '"\x00"', "01", "+1", ".5"]
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError):
        load_json(text)


@pytest.mark.parametrize(
    "body", [b"\xff\xfe{\x00}\x00", b'"\xe9"', b"\xef\xbb\xbf{}", b'"\xed\xa0\x80"']
)
def test_what_is_not_utf_8_or_has_a_mark_before_it_is_refused(body):
    with pytest.raises(ValueError):
        load_json(body)


@given(st.text() | st.binary())
def test_arbitrary_text_raises_nothing_but_value_error(text):
    try:
        load_json(text)
    except ValueError:
        pass
