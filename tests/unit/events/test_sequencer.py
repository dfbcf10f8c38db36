from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underbutler.events.sequencer import normalize_aws_sequencer

digits = st.text("0123456789ABCDEF", min_size=1, max_size=32)


def is_earlier(first: str, second: str) -> bool:
    """The rule as AWS states it: pad the shorter with zeros on the right, compare as text."""
    width = max(len(first), len(second))
    return first.ljust(width, "0") < second.ljust(width, "0")


@given(digits, digits)
def test_text_order_of_normalised_sequencers_is_the_order_of_aws(first, second):
    normalized = normalize_aws_sequencer(first), normalize_aws_sequencer(second)

    assert (normalized[0] < normalized[1]) == is_earlier(first, second)


@given(digits, st.integers(0, 32))
def test_zeros_at_the_end_change_nothing(sequencer, zeros):
    assert normalize_aws_sequencer(sequencer + "0" * zeros) == normalize_aws_sequencer(sequencer)


@given(digits)
def test_case_changes_nothing(sequencer):
    assert normalize_aws_sequencer(sequencer.lower()) == normalize_aws_sequencer(sequencer)


@given(digits)
def test_what_is_normalised_stays_as_it_is(sequencer):
    normalized = normalize_aws_sequencer(sequencer)

    assert normalize_aws_sequencer(normalized) == normalized


def test_a_recorded_sequencer_is_padded_on_the_right():
    assert normalize_aws_sequencer("0055aed6dcd90281e5") == "0055AED6DCD90281E5".ljust(64, "0")


@pytest.mark.parametrize("sequencer", ["0", "00A", "0" * 30, "F" * 64])
def test_any_number_of_digits_up_to_64_is_taken(sequencer):
    assert normalize_aws_sequencer(sequencer) is not None


@pytest.mark.parametrize(
    "sequencer",
    [
        None,
        "",
        " ",
        "0x12",
        "12 ",
        "GG",
        "-1",
        "1.5",
        "F" * 65,
        "١٢",
        "00\n",
        12,
        1.5,
        True,
        ["00"],
        {},
    ],
)
def test_what_is_no_hexadecimal_number_is_no_sequencer(sequencer):
    assert normalize_aws_sequencer(sequencer) is None
