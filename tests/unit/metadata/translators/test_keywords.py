"""What is unknown, and what is wrong."""

from __future__ import annotations

import datetime as dt

import pytest
from astropy.io.fits.card import UNDEFINED

from underbutler.metadata.translators import keywords

READERS = {
    "text": keywords.text,
    "label": keywords.label,
    "number": lambda header, keyword: keywords.number(header, keyword, 0.0, 10.0),
    "whole number": lambda header, keyword: keywords.whole_number(header, keyword, 0, 10),
    "choice": lambda header, keyword: keywords.choice(header, keyword, ("NO", "FULLY")),
    "flag": keywords.flag,
    "day": keywords.day_obs,
    "date": keywords.date_text,
}
readers = pytest.mark.parametrize("reader", READERS)


@readers
@pytest.mark.parametrize("header", [{}, {"K": None}, {"K": UNDEFINED}, {"K": ""}, {"K": "  "}])
def test_absent_undefined_and_blank_cards_are_unknown(reader, header):
    assert READERS[reader](header, "K") is None


@readers
@pytest.mark.parametrize("value", ["Grün", "a\nb", [1], {"a": 1}, "NaN1", 99.5, "1066-01-01"])
def test_a_wrong_card_is_refused_by_its_name_or_taken_as_it_stands(reader, value):
    refused = ""
    read = None
    try:
        read = READERS[reader]({"KEYWORD": value}, "KEYWORD")
    except ValueError as error:
        refused = str(error)
    is_text = reader in ("text", "label") and isinstance(value, str)
    assert "KEYWORD" in refused or (is_text and read == value)


@pytest.mark.parametrize("value", [float("nan"), "NaN"])
def test_a_number_that_is_none_is_unknown(value):
    assert keywords.number({"K": value}, "K", 0.0, 10.0) is None


@pytest.mark.parametrize("value", [True, float("inf"), -0.5, 10.5, 10**400, "inf"])
def test_numbers_out_of_bounds_and_logical_values_are_refused(value):
    with pytest.raises(ValueError, match=r"^K is "):
        keywords.number({"K": value}, "K", 0.0, 10.0)


def test_a_number_may_be_written_as_text():
    assert keywords.number({"K": "2.5"}, "K", 0.0, 10.0) == 2.5


@pytest.mark.parametrize("value", [20250801, "20250801", "2025-08-01", "2025-08-01T12:00:00"])
def test_a_day_may_be_written_in_several_ways(value):
    assert keywords.day_obs({"DAYOBS": value}) == 20250801


@pytest.mark.parametrize("value", ["20250230", "2025080", 19990101, 20510101, 2025.5, "today"])
def test_what_is_no_day_of_the_observatory_is_refused(value):
    with pytest.raises(ValueError, match=r"^DAYOBS is "):
        keywords.day_obs({"DAYOBS": value})


def test_dates_that_yaml_made_of_text_are_texts_again():
    moment = dt.datetime(2020, 1, 29, 7, 25, 52)  # noqa: DTZ001
    assert keywords.text({"GROUPID": moment}, "GROUPID") == "2020-01-29T07:25:52.000"
    assert keywords.day_obs({"DAYOBS": dt.date(2020, 1, 29)}) == 20200129
