from __future__ import annotations

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from fits_files import MINIMAL, CountingReader, hdu, raw_card
from underbutler.errors import UnreadableHeaderError
from underbutler.metadata.cards import Cards
from underbutler.metadata.header import FitsHeaders

HEADER = {"OBJECT": "COSMOS", "EXPTIME": 150.0, "DET-ID": 7}
FIXED = "HIERARCH ASTRO METADATA FIX MODIFIED"

keywords = st.sampled_from(["A", "B", "C", "D"])
mappings = st.dictionaries(keywords, st.integers())
operations = st.lists(
    st.tuples(st.sampled_from(["set", "delete", "get", "contains"]), keywords, st.integers())
)


def cards_of(*cards: str) -> Cards:
    body = hdu(MINIMAL, *(raw_card(card) for card in cards))
    return Cards(FitsHeaders(CountingReader(body)).primary())


@pytest.mark.parametrize("make", [dict, fits.Header], ids=["JSON", "FITS"])
def test_cards_are_those_of_the_header(make):
    assert dict(Cards(make(HEADER))) == HEADER


def test_cards_are_in_the_order_of_the_header_and_new_ones_after_them():
    cards = Cards(HEADER)
    cards["NEW"] = 1
    cards["OBJECT"] = "M31"

    assert list(cards) == ["OBJECT", "EXPTIME", "DET-ID", "NEW"]


def test_a_card_that_is_not_there_is_a_key_error():
    cards = Cards(HEADER)

    assert "FILTER" not in cards
    assert cards.get("FILTER") is None
    with pytest.raises(KeyError, match="FILTER"):
        cards["FILTER"]


def test_a_changed_card_has_its_new_value():
    cards = Cards(HEADER)
    cards["OBJECT"] = "M31"

    assert cards["OBJECT"] == "M31"
    assert cards.changes == {"OBJECT": "M31"}


def test_a_removed_card_is_gone():
    cards = Cards(HEADER)
    del cards["OBJECT"]

    assert "OBJECT" not in cards
    assert list(cards) == ["EXPTIME", "DET-ID"]
    assert len(cards) == 2


def test_a_removed_card_can_be_set_again():
    cards = Cards(HEADER)
    del cards["OBJECT"]
    cards["OBJECT"] = "M31"

    assert cards["OBJECT"] == "M31"


def test_what_is_not_there_cannot_be_removed():
    cards = Cards(HEADER)
    del cards["OBJECT"]

    for keyword in ("OBJECT", "FILTER"):
        with pytest.raises(KeyError, match=keyword):
            del cards[keyword]


@pytest.mark.parametrize("make", [dict, fits.Header], ids=["JSON", "FITS"])
def test_the_header_itself_is_never_changed(make):
    header = make(HEADER)
    cards = Cards(header)
    cards["OBJECT"] = "M31"
    cards["NEW"] = 1
    del cards["EXPTIME"]

    assert dict(header) == HEADER


def test_the_original_value_stays_to_be_had():
    cards = Cards(HEADER)
    cards["OBJECT"] = "M31"
    del cards["EXPTIME"]

    assert (cards.original("OBJECT"), cards.original("EXPTIME")) == ("COSMOS", 150.0)


def test_the_original_of_what_is_not_there_is_a_marker_and_no_value():
    absent = Cards(HEADER).original("FILTER")

    assert absent is not None
    assert absent is Cards({}).original("OBJECT")


def test_cards_that_were_looked_at_are_remembered_with_their_original_values():
    cards = Cards(HEADER)
    cards["OBJECT"]
    cards.get("FILTER")
    "DET-ID" in cards  # noqa: B015

    assert cards.looked_at == {
        "OBJECT": "COSMOS",
        "FILTER": cards.original("FILTER"),
        "DET-ID": 7,
    }


def test_a_card_that_was_changed_before_it_was_looked_at_does_not_matter():
    cards = Cards(HEADER)
    cards["OBJECT"] = "M31"
    cards["OBJECT"]

    assert cards.looked_at == {}


def test_a_card_that_was_looked_at_before_it_was_changed_matters_as_it_was():
    cards = Cards(HEADER)
    cards["OBJECT"]
    cards["OBJECT"] = "M31"

    assert cards.looked_at == {"OBJECT": "COSMOS"}


def test_looking_for_an_original_is_not_remembered():
    cards = Cards(HEADER)
    cards.original("OBJECT")

    assert cards.looked_at == {}


@pytest.mark.parametrize("look", [list, len, dict, str], ids=["list", "len", "dict", "str"])
def test_cards_know_whether_all_of_them_were_listed(look):
    cards = Cards(HEADER)
    cards["OBJECT"]
    assert not cards.listed
    look(cards)

    assert cards.listed is (look is not str)


@pytest.mark.parametrize("keyword", [FIXED, "ASTRO METADATA FIX MODIFIED"])
@pytest.mark.parametrize("make", [dict, fits.Header], ids=["JSON", "FITS"])
@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")
def test_a_file_cannot_say_that_its_header_was_corrected_already(keyword, make):
    header = make(HEADER)
    header[keyword] = True
    cards = Cards(header)

    assert keyword not in cards
    assert list(cards) == list(HEADER)


def test_a_correction_can_say_that_it_was_made():
    cards = Cards(HEADER)
    cards[FIXED] = True

    assert cards[FIXED] is True
    assert FIXED in list(cards)


@pytest.mark.parametrize(
    "card",
    ["BAD     = 'open", "BAD     = 1 2 3", "BAD     = word"],
)
def test_a_card_that_cannot_be_parsed_is_named_when_it_is_looked_at(card):
    cards = cards_of(card, "OBJECT  = 'COSMOS'")

    for look in (cards.original, cards.get, cards.__contains__):
        with pytest.raises(UnreadableHeaderError, match="The card BAD cannot be read") as caught:
            look("BAD")
        assert caught.value.kind == "bad-card"
        assert caught.value.context == {"keyword": "BAD"}


def test_a_card_that_cannot_be_parsed_keeps_no_other_from_being_read():
    assert cards_of("BAD     = 'open", "OBJECT  = 'COSMOS'")["OBJECT"] == "COSMOS"


def test_a_card_that_cannot_be_parsed_is_listed_all_the_same():
    assert list(cards_of("BAD     = 'open", "OBJECT  = 'COSMOS'")) == [*MINIMAL, "BAD", "OBJECT"]


@given(mappings, operations)
def test_cards_behave_as_a_dictionary_does(header, steps):
    expected = dict(header)
    cards = Cards(header)
    for step, keyword, value in steps:
        if step == "set":
            expected[keyword] = cards[keyword] = value
        elif step == "delete" and keyword in expected:
            del expected[keyword]
            del cards[keyword]
        elif step == "get":
            assert cards.get(keyword) == expected.get(keyword)
        assert (keyword in cards) is (keyword in expected)

    assert dict(cards) == expected
    assert len(cards) == len(expected)


@given(mappings, mappings, operations)
def test_a_header_that_gives_the_same_for_what_was_looked_at_gives_the_same_again(
    first, second, steps
):
    """What the cache of translations rests on."""

    def run(cards: Cards) -> list[object]:
        seen: list[object] = []
        for step, keyword, value in steps:
            if step == "set":
                cards[keyword] = value
            elif step == "delete":
                seen.append(cards.pop(keyword, None))
            else:
                seen.append(cards.get(keyword))
        return seen

    one, other = Cards(first), Cards(second)
    seen = run(one)
    if all(other.original(keyword) == value for keyword, value in one.looked_at.items()):
        assert run(other) == seen
