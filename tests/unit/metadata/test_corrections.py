"""Files of header corrections."""

from __future__ import annotations

import datetime as dt
import random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from underbutler.errors import MetadataError
from underbutler.metadata.corrections import LARGEST_CORRECTIONS_BYTES, parse_corrections

URI = "s3://corrections/HSC-HSCE00100000.yaml"

values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=70)
    | st.dates().map(str)
)
keywords = st.from_regex(r"[A-Z][A-Z0-9_-]{0,7}|HIERARCH ESO DET [A-Z]{1,8}", fullmatch=True)


def cards_of(text: str | bytes) -> dict[str, object]:
    return dict(parse_corrections(text.encode() if isinstance(text, str) else text, URI).cards)


def why_refused(text: str | bytes) -> str:
    with pytest.raises(MetadataError) as caught:
        cards_of(text)
    assert caught.value.kind == "bad-corrections"
    assert URI in caught.value.message
    assert len(caught.value.message) < 400
    assert "EXPTIME: 30.0" in caught.value.hint
    return caught.value.message


def test_corrections_are_keywords_and_their_values():
    found = parse_corrections(b"EXPTIME: 30.0\nIMGTYPE: bias # was dark\nSEQNUM: 7\n", URI)

    assert found.uri == URI
    assert found.cards == {"EXPTIME": 30.0, "IMGTYPE": "bias", "SEQNUM": 7}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("30", 30), ("30.0", 30.0), ("-1.5e+3", -1500.0), ("true", True), ("'30'", "30"),
        ("", None), ("null", None), ("r2 and more", "r2 and more"), ("'it''s'", "it's"),
        # A date or sexagesimal number is a header's text, not what YAML 1.1 makes of it.
        ("2026-03-01", "2026-03-01"), ("2026-03-01T05:00:00.5", "2026-03-01T05:00:00.5"),
        ("10:00:24", "10:00:24"), ("-02:12:00.000", "-02:12:00.000"), ("12:30", "12:30"),
    ],
)  # fmt: skip
def test_a_value_is_what_a_header_would_have(written, value):
    found = cards_of(f"KEY: {written}\n")["KEY"]

    assert (found, type(found)) == (value, type(value))


@given(st.dictionaries(keywords, values, max_size=20))
def test_whatever_is_written_as_yaml_is_read(cards):
    assert cards_of(yaml.safe_dump(cards)) == cards


@pytest.mark.parametrize("text", ["", "\n", "# none\n", "---\n", "{}\n"])
def test_an_empty_file_corrects_nothing(text):
    assert cards_of(text) == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("just words", "no mapping"),
        ("- EXPTIME\n- 30.0\n", "a keyword and its value a line"),
        ("EXPTIME: [30.0]\n", "a keyword and its value a line"),
        ("EXPTIME: {value: 30.0}\n", "a keyword and its value a line"),
        ("? {a: b}\n: c\n", "a keyword and its value a line"),
        ("A: 1\n---\nB: 2\n", "a keyword and its value a line"),
        ("A: &a 1\nB: 2\n", "an anchor or alias"),
        ("A: &a 1\nB: *a\n", "an anchor or alias"),
        ("&a A: 1\n", "an anchor or alias"),
        ("&all\nA: 1\n", "an anchor or alias"),
        ("A: !!str 1\n", "a tag"),
        ("A: !!binary aGFsbG8=\n", "a tag"),
        ("A: !!python/object/apply:os.system [id]\n", "a tag"),
        ("!!map\nA: 1\n", "a tag"),
        ("A: 1\nB: 2\nA: 3\n", "A twice"),
        ("7: seven\n", "in quotes"),
        ("NO: 7\n", "in quotes"),
        ("'': 7\n", "no keyword"),
        ("' ': 7\n", "no keyword"),
        ('"A\\0B": 7\n', "no keyword"),
        (f"{'A' * 81}: 7\n", "no keyword"),
        ("<<: 7\n", "cannot be read as YAML"),
        ("A: 'open\n", "cannot be read as YAML"),
        ("A: 1\n B: 2\n", "cannot be read as YAML"),
        ("A: \x07\n", "cannot be read as YAML"),
        (f"A: {'9' * 5000}\n", "cannot be read as YAML"),
        (b"A: \xff\n", "cannot be read as YAML"),
        ("A: 1\n".encode("utf-16"), "cannot be read as YAML"),
    ],
)
def test_what_is_no_keyword_and_value_is_refused_and_the_reason_named(text, why):
    assert why in why_refused(text)


def test_a_bomb_of_aliases_is_refused():
    lines = ["a: &a [x]", *(f"b{n}: &b{n} [*a, *a, *a, *a, *a, *a, *a, *a]" for n in range(20))]

    assert "anchor" in why_refused("\n".join(lines))


@pytest.mark.parametrize("text", ["A: " + "[" * 60_000, "{" * 60_000, "? " * 20_000])
def test_a_deep_file_is_refused_before_anything_is_built_of_it(text):
    why_refused(text)


def test_a_file_may_be_as_large_as_the_cap():
    text = "A: 1\n".ljust(LARGEST_CORRECTIONS_BYTES)

    assert cards_of(text) == {"A": 1}
    assert f"over {LARGEST_CORRECTIONS_BYTES}" in why_refused(text + " ")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(body):
    try:
        found = cards_of(body)
    except MetadataError as error:
        found = {}
        assert error.kind == "bad-corrections"  # noqa: PT017
    assert all(not isinstance(value, (list, dict, bytes, dt.date)) for value in found.values())


def test_a_file_of_thousands_of_cards_is_read():
    cards = {f"C{number}": random.Random(number).random() for number in range(1500)}

    assert cards_of(yaml.safe_dump(cards)) == cards
