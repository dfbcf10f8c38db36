from __future__ import annotations

import pytest

from new_camera import cards_of, drafted, new_header
from underbutler.errors import UserError
from underbutler.metadata.instrument_plugin.recognition import Draft

NIGHT = [(number, ccd) for number in (501, 502) for ccd in (1, 2)]


def night(*pairs: tuple[int, int], **changes) -> Draft:
    """A draft of files of exposures and detectors, each of two by default."""
    return drafted(*(new_header(*pair, **changes) for pair in pairs or NIGHT))


def missing(draft: Draft) -> set[str]:
    return {item.name for item in draft.missing}


def test_a_well_behaved_header_is_recognised_whole():
    draft = night()
    assert (draft.card, draft.values, draft.missing, draft.needed) == (
        *("INSTRUME", ("MyCam",)),
        *((), ()),
    )
    assert {
        name: cards_of(draft, name)
        for name in ("exposure_id", "detector_num", "physical_filter", "tracking_radec")
    } == {
        "exposure_id": ("EXPNUM",),
        "detector_num": ("CCDNUM",),
        "physical_filter": ("FILTER",),
        "tracking_radec": ("RA", "DEC"),
    }


@pytest.mark.parametrize(
    ("removed", "added", "name", "cards"),
    [
        ("DATE-OBS", {"DATE-BEG": "2026-03-01T20:00:00"}, "datetime_begin", ("DATE-BEG",)),
        ("DATE-OBS", {"MJD-OBS": 61100.5}, "datetime_begin", ("MJD-OBS",)),
        ("DATE-OBS", {"JD": 2461101.0}, "datetime_begin", ("JD",)),
        (
            "DATE-OBS",
            {"DATE-OBS": "2026-03-01", "UT": "20:01:02.5"},
            "datetime_begin",
            ("DATE-OBS", "UT"),
        ),
        ("EXPTIME", {"EXPOSURE": "12.5"}, "exposure_time", ("EXPOSURE",)),
        ("FILTER", {"FILTER1": "g", "FILTER2": "ND1"}, "physical_filter", ("FILTER1", "FILTER2")),
        ("FILTER", {"FILTNAM": "g"}, "physical_filter", ("FILTNAM",)),
        ("IMAGETYP", {"OBSTYPE": "flat"}, "observation_type", ("OBSTYPE",)),
        ("CCDNUM", {"DET-ID": 4}, "detector_num", ("DET-ID",)),
        ("RA", {"RA_DEG": 10.5, "DEC_DEG": 41.0}, "tracking_radec", ("RA_DEG", "DEC_DEG")),
        ("INSTRUME", {"INSTRUMT": "MyCam"}, "exposure_id", ("EXPNUM",)),
        ("OBJECT", {"TARGET": "M 33"}, "object", ("TARGET",)),
    ],
)
def test_other_keywords_are_recognised(removed, added, name, cards):
    header = {**{k: v for k, v in new_header().items() if k != removed}, **added}
    draft = drafted(header)
    assert cards_of(draft, name) == cards
    assert not draft.missing


def test_what_numbers_the_exposures_differs_between_them_and_not_between_their_detectors():
    # OBSID would come first, but it is the detector's, and RUN the same every night.
    headers = [
        new_header(number, ccd, EXPNUM=None, OBSID=10 * number + ccd, RUN=7, FRAMENO=number)
        for number, ccd in NIGHT
    ]
    assert cards_of(drafted(*headers), "exposure_id") == ("FRAMENO",)


def test_what_begins_again_every_night_is_taken_last():
    headers = [
        new_header(number, EXPNUM=None, SEQNUM=number, OBSID=f"MC_20260301_{number:06d}")
        for number in (1, 2)
    ]
    assert cards_of(drafted(*headers), "exposure_id") == ("OBSID",)


def test_detectors_may_begin_a_moment_one_after_the_other():
    headers = [
        new_header(number, ccd, DATE_OBS=f"2026-03-01T20:{number - 500:02d}:00.{ccd}")
        for number, ccd in NIGHT
    ]
    draft = drafted(*headers)
    assert (cards_of(draft, "exposure_id"), cards_of(draft, "detector_num")) == (
        ("EXPNUM",),
        ("CCDNUM",),
    )


def test_without_a_number_exposures_are_numbered_by_their_time():
    draft = night(EXPNUM=None)
    assert cards_of(draft, "exposure_id") == ()
    assert not draft.missing


def test_a_camera_of_one_detector_needs_no_card_for_it():
    draft = night((501, 1), (502, 1), CCDNUM=None)
    assert cards_of(draft, "detector_num") == ()
    assert not draft.missing


def test_the_extensions_name_of_an_amplifier_numbers_no_detector():
    draft = night((501, 1), (502, 1), CCDNUM=None, EXTNAME="Segment10")
    assert cards_of(draft, "detector_num") == ()


def test_detectors_of_an_exposure_that_nothing_tells_apart_are_missing():
    headers = [new_header(CCDNUM=3), new_header(CCDNUM=3, OBJECT="another")]
    draft = drafted(*headers)
    assert missing(draft) == {"detector_num"}
    assert ("CCDNUM", 3) in draft.missing[0].promising


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("DATE_OBS", "datetime_begin"),
        ("EXPTIME", "exposure_time"),
        ("FILTER", "physical_filter"),
        ("IMAGETYP", "observation_type"),
    ],
)
def test_a_required_property_without_a_card_is_missing(keyword, name):
    draft = night((501, 1), (502, 1), **{keyword: None})
    assert missing(draft) == {name}


def test_a_missing_property_comes_with_cards_that_sound_like_it():
    draft = drafted(new_header(FILTER=None, FLTWHEEL="r-band"))
    (item,) = draft.missing
    assert item.promising == (("FLTWHEEL", "r-band"),)


def test_a_date_that_is_none_is_passed_over():
    draft = drafted(new_header(DATE_OBS="yesterday", MJD_OBS=61100.5))
    assert cards_of(draft, "datetime_begin") == ("MJD-OBS",)


def test_files_of_several_instruments_are_refused():
    with pytest.raises(UserError, match=r"several instruments: INSTRUME is 'MyCam', 'Other'"):
        drafted(new_header(), new_header(INSTRUME="Other"))


def test_files_that_name_no_instrument_are_refused():
    with pytest.raises(UserError, match="name no instrument"):
        drafted(new_header(INSTRUME=None))
