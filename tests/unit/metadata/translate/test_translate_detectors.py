"""Files of many detectors, one an HDU."""

from __future__ import annotations

import gzip
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from astro_metadata_translator import MetadataTranslator, ObservationInfo

from detector_files import (
    CAMERA_FILES,
    compressed,
    decam_ccd,
    decam_primary,
    image,
    megaprime_ccd,
    sparse,
    table,
    written,
)
from fits_files import (
    COMPRESSED,
    EXTENSION,
    MINIMAL,
    CountingReader,
    hdu,
    header_block,
    observed,
    raw_card,
)
from translations import (
    DECAM_EXPOSURE,
    MEGAPRIME,
    differences,
    translate,
    translate_detectors,
    without,
)
from underbutler.errors import MetadataError, MissingPropertyError, UnreadableHeaderError
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import Observation

PRIMARY = {**DECAM_EXPOSURE, "NEXTEND": 4}
MEGAPRIME_PRIMARY = {**without(MEGAPRIME, "EXTNAME", "EXTVER"), "OBJECT": "of the primary"}
# With what is no detector's image among the detectors.
FILES = {
    "DECam": written(PRIMARY, *(image(decam_ccd(number)) for number in (25, 1, 62))),
    "DECam compressed": written(PRIMARY, *(compressed(decam_ccd(number)) for number in (7, 61))),
    "DECam with focus CCDs and others": written(
        PRIMARY,
        table(),
        image(decam_ccd(3)),
        image({"INHERIT": True}),
        image(decam_ccd(63)),
        compressed(decam_ccd(4)),
        table(decam_ccd(70)),
    ),
    "MegaPrime": written(MEGAPRIME_PRIMARY, *(image(megaprime_ccd(n)) for n in (0, 12, 39))),
    "MegaPrime compressed": written(
        MEGAPRIME_PRIMARY, *(compressed(megaprime_ccd(number)) for number in (0, 12))
    ),
}


def kind_of(body: bytes) -> tuple[str, str]:
    """Why a file is refused: the kind of the error and its message."""
    with pytest.raises(MetadataError) as caught:
        translate_detectors(body)
    return caught.value.kind, caught.value.message


def decam_of(*own: dict[str, Any], primary: dict[str, Any] | None = None) -> bytes:
    """A file of DECam's whose extensions have these cards of their own."""
    layout = {**EXTENSION, "BITPIX": 16, "NAXIS": 2, "NAXIS1": 8, "NAXIS2": 9}
    first = {**MINIMAL, "EXTEND": True, **(primary or DECAM_EXPOSURE)}
    return hdu(first) + b"".join(hdu(layout | cards) for cards in own)


def megaprime_of(*own: dict[str, Any]) -> bytes:
    """A file of MegaPrime's whose extensions have its cards, but for these."""
    layout = {**EXTENSION, "INHERIT": False, **without(MEGAPRIME, "EXTNAME", "EXTVER")}
    return hdu({**MINIMAL, "EXTEND": True}) + b"".join(hdu(layout | cards) for cards in own)


@pytest.mark.parametrize("name", FILES)
def test_detectors_of_a_file_are_those_that_astro_metadata_translator_finds(name, tmp_path: Path):
    path = tmp_path / "file.fits"
    path.write_bytes(FILES[name])
    instrument = name.partition(" ")[0]
    translator = MetadataTranslator.translators[instrument]
    headers = translator.determine_translatable_headers(
        str(path), None if instrument == "MegaPrime" else dict(PRIMARY)
    )
    expected = [ObservationInfo(dict(header)).to_simple() for header in headers]
    found = translate_detectors(FILES[name])

    assert len(found) == len(expected) > 1
    for one, wanted in zip(found, expected, strict=True):
        hdu_number, one.hdu = one.hdu, None
        assert hdu_number is not None
        assert differences(one, wanted) == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DECam", [(1, 25), (2, 1), (3, 62)]),
        ("DECam compressed", [(1, 7), (2, 61)]),
        ("DECam with focus CCDs and others", [(2, 3), (5, 4)]),
        ("MegaPrime", [(1, 0), (2, 12), (3, 39)]),
    ],
)
def test_detectors_come_in_the_order_of_their_hdus(name, expected):
    assert [(one.hdu, one.detector_num) for one in translate_detectors(FILES[name])] == expected


@pytest.mark.parametrize(
    ("others", "expected"), [((), None), ((image(decam_ccd(63)),), 2), ((table(),), 2)]
)
def test_the_hdu_of_a_single_detector_is_told_unless_it_is_the_first_and_only_image(
    others, expected
):
    (found,) = translate_detectors(written(PRIMARY, *others, image(decam_ccd(5))))
    assert (found.detector_num, found.hdu) == (5, expected)


@pytest.mark.parametrize("name", CAMERA_FILES)
def test_a_camera_s_file_gives_all_its_detectors_that_can_be_registered(name):
    found = HeaderTranslator().translate_file(FitsHeaders(sparse(name)))

    assert [one.hdu for one in found] == list(range(1, len(CAMERA_FILES[name])))
    assert {Observation.from_properties(one).exposure.id for one in found} == {100_000}
    assert len({Observation.from_properties(one).detector.full_name for one in found}) == len(found)


def test_what_detectors_share_is_translated_once_a_file(monkeypatch):
    asked = []
    translator = MetadataTranslator.translators["DECam"]
    original = translator.to_datetime_begin
    monkeypatch.setattr(translator, "to_tracking_radec", lambda self: asked.append(original(self)))
    found = translate_detectors(FILES["DECam"])

    assert len(found) == 3
    assert len(asked) == 1


def test_detectors_of_two_files_of_an_exposure_are_told_apart():
    translator = HeaderTranslator()
    first, second = (
        translator.translate_file(
            FitsHeaders(CountingReader(decam_of(*(decam_ccd(number) for number in numbers))))
        )
        for numbers in ((1, 2), (3, 4))
    )

    assert [one.detector_num for one in (*first, *second)] == [1, 2, 3, 4]


@pytest.mark.parametrize("own", [{"CCDNUM": 25}, {"CCDNUM": 25, "INHERIT": True}])
def test_a_file_with_one_detector_holds_it_as_a_whole(own):
    (found,) = translate_detectors(decam_of(own))

    assert (found.detector_num, found.hdu) == (25, None)


def test_an_image_in_the_primary_hdu_is_a_detector_when_it_names_one():
    layout = {"BITPIX": 16, "NAXIS": 1, "NAXIS1": 9, "CCDNUM": 5}
    found = translate_detectors(decam_of(decam_ccd(6), primary=DECAM_EXPOSURE | layout))

    assert [(one.hdu, one.detector_num) for one in found] == [(0, 5), (1, 6)]


def test_a_detector_s_number_that_is_inherited_makes_no_detector_of_an_hdu():
    found = translate_detectors(
        decam_of({}, decam_ccd(6), decam_ccd(7), primary=DECAM_EXPOSURE | {"CCDNUM": 5})
    )

    assert [one.detector_num for one in found] == [6, 7]


def test_the_only_image_may_inherit_its_detector_s_number():
    assert translate(decam_of({}, primary=DECAM_EXPOSURE | {"CCDNUM": 5})).detector_num == 5


def test_a_file_of_many_images_without_a_detector_cannot_be_registered():
    (found,) = translate_detectors(decam_of({}, {}, {}))

    with pytest.raises(MissingPropertyError, match="no detector_num"):
        Observation.from_properties(found)


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"EXTNAME": "COMPRESSED_IMAGE", "EXTVER": 7}, 7),
        ({"EXTNAME": "COMPRESSED_IMAGE", "EXTVER": 39}, 39),
        ({"EXTNAME": "COMPRESSED_IMAGE", "EXTVER": 0}, 0),
        ({"EXTNAME": "ccd07", "EXTVER": 3}, 7),
        ({"EXTNAME": "COMPRESSED_IMAGE"}, None),
        ({"EXTNAME": "COMPRESSED_IMAGE", "EXTVER": "seven"}, None),
        ({"EXTNAME": "IM07", "EXTVER": 7}, None),
        ({"EXTVER": 7}, None),
        ({"EXTNAME": "ccd99"}, None),
    ],
)
def test_megaprime_names_its_detectors_by_extname_or_where_fpack_took_it_by_extver(cards, expected):
    (found,) = translate_detectors(megaprime_of(cards))

    assert found.detector_num == expected


def test_of_two_cards_extname_megaprime_s_is_the_one_of_its_detectors():
    ccd = observed(without(MEGAPRIME, "EXTNAME", "EXTVER")) | {"EXTVER": 1}
    names = [raw_card("EXTNAME = 'COMPRESSED_IMAGE'"), raw_card("EXTNAME = 'ccd07   '")]
    body = hdu({**MINIMAL, "EXTEND": True}) + hdu({**EXTENSION, **ccd}, *names)

    assert translate(body).detector_num == 7


def test_megaprime_s_primary_header_is_not_inherited():
    assert {one.object for one in translate_detectors(FILES["MegaPrime"])} == {"COSMOS"}


@pytest.mark.parametrize("value", ["abc", True, "", "NaN"])
def test_a_detector_s_number_that_is_none_is_refused_and_the_hdu_named(value):
    kind, message = kind_of(decam_of(decam_ccd(1), {"CCDNUM": value}))

    assert kind == "bad-value"
    assert message.startswith("HDU 2: ")


@pytest.mark.parametrize("card", ["CCDNUM  = 'open", "CCDNUM  = 1 2", "INHERIT = 'open"])
def test_a_card_that_cannot_be_parsed_is_refused_and_the_hdu_named(card):
    body = decam_of(decam_ccd(1)) + hdu({**EXTENSION, "DETPOS": "S2"}, raw_card(card))
    kind, message = kind_of(body)

    assert kind == "bad-card"
    assert message.startswith("HDU 2: The card ")


def test_a_detector_s_number_without_a_value_is_refused():
    body = decam_of(decam_ccd(1)) + hdu(EXTENSION, raw_card("CCDNUM  ="))

    assert kind_of(body)[0] == "bad-value"


def test_two_hdus_of_one_detector_are_refused_and_both_named():
    kind, message = kind_of(decam_of(decam_ccd(1), decam_ccd(25), {}, decam_ccd(25)))

    assert kind == "duplicate-detector"
    assert "HDU 2 and HDU 4" in message
    assert "detector 25" in message


def test_detectors_of_two_exposures_in_one_file_are_refused_and_both_named():
    kind, message = kind_of(decam_of(decam_ccd(1), decam_ccd(2) | {"EXPNUM": 100_002}))

    assert kind == "many-exposures"
    assert "100000" in message
    assert "100002" in message


@pytest.mark.parametrize("instrument", ["DECam", "MegaPrime"])
def test_a_file_of_many_detectors_that_is_cut_short_is_refused(instrument):
    body = FILES[instrument]

    assert kind_of(body[: len(body) - 2880])[0] == "truncated"


def test_a_damaged_header_is_refused_also_when_no_detector_is_lost_by_it():
    kind, message = kind_of(decam_of(decam_ccd(1)) + header_block(COMPRESSED | {"NAXIS": -1}))

    assert kind == "bad-header"
    assert message.startswith("HDU 2: ")


def test_a_small_gzipped_file_gives_all_its_detectors():
    assert [asdict(one) for one in translate_detectors(gzip.compress(FILES["DECam"]))] == [
        asdict(one) for one in translate_detectors(FILES["DECam"])
    ]


def test_a_large_gzipped_file_is_refused_and_what_to_do_is_told():
    pixels = {"BITPIX": 32, "NAXIS": 2, "NAXIS1": 1000, "NAXIS2": 1000}
    ccds = (hdu({**EXTENSION, **pixels, **decam_ccd(number)}) for number in (1, 2))
    body = hdu(decam_primary()) + b"".join(ccds)

    with pytest.raises(UnreadableHeaderError, match="HDU 2") as caught:
        translate_detectors(gzip.compress(body))
    assert caught.value.kind == "many-detectors"
    assert "fpack" in caught.value.hint
