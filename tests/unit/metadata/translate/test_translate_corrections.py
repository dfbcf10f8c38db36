"""Corrections of headers before they are translated."""

from __future__ import annotations

from pathlib import Path

import pytest
from astro_metadata_translator import MetadataTranslator, ObservationInfo, fix_header

from detector_files import decam_ccd, image, written
from factories import hsc_exposure
from fits_files import CountingReader, one_hdu_file, two_hdu_file
from translations import DECAM, DECAM_EXPOSURE, HSC, GivenCorrections, differences
from underbutler.errors import MetadataError, StoreUnavailableError, UnreadableHeaderError
from underbutler.local.night import hsc_header
from underbutler.metadata.corrections import Corrections
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import AppliedCorrections, Observation, ObservationProperties

M31 = "OBJECT: M31\nPROP-ID: o26002\n"
# Of which the package has a correction as well: HSC-HSCA00042600.yaml, DATA-TYP: OBJECT.
SHIPPED = HSC | {"EXP-ID": "HSCA00042600", "DATE-OBS": "2012-01-01", "DATA-TYP": "BIAS"}


def given(text: str, name: str = "HSC_HSCE00100000") -> GivenCorrections:
    return GivenCorrections(**{name: text})


def read(translator: HeaderTranslator, body: bytes) -> list[ObservationProperties]:
    return translator.translate_file(FitsHeaders(CountingReader(body)))


def test_a_correction_of_an_exposure_is_applied_to_all_its_detectors():
    translator = HeaderTranslator(given(M31))
    first, second = (
        translator.translate_header(hsc_header(hsc_exposure(), detector)) for detector in (0, 1)
    )

    assert (first.object, first.science_program) == ("M31", "o26002")
    assert (second.object, second.detector_num) == ("M31", 1)


def test_what_was_corrected_is_told():
    found = HeaderTranslator(given(M31)).translate_header(HSC)

    assert found.corrections == AppliedCorrections(
        uri="s3://c/HSC-HSCE00100000.yaml", keywords=("OBJECT", "PROP-ID")
    )


@pytest.mark.parametrize("make", [one_hdu_file, two_hdu_file])
def test_a_file_is_corrected_as_its_header_is(make):
    (found,) = read(HeaderTranslator(given(M31)), make(HSC))

    assert found == HeaderTranslator(given(M31)).translate_header(HSC)


def test_all_detectors_of_a_file_are_corrected_and_the_corrections_looked_for_once():
    source = given("OBJECT: M31\n", "DECam_ct4m20260301t050000")
    body = written(DECAM_EXPOSURE, *(image(decam_ccd(number)) for number in (1, 2, 3)))
    found = read(HeaderTranslator(source), body)

    assert [(one.object, one.detector_num) for one in found] == [("M31", n) for n in (1, 2, 3)]
    assert {one.corrections.keywords for one in found if one.corrections} == {("OBJECT",)}
    assert source.asked == ["DECam-ct4m20260301t050000"]


def test_a_correction_of_another_exposure_is_not_applied():
    found = HeaderTranslator(given(M31, "HSC_HSCE00100002")).translate_header(HSC)

    assert (found.object, found.corrections) == ("COSMOS", None)


def test_a_correction_gives_what_the_reference_gives(tmp_path: Path):
    text = "OBJECT: M31\nEXPTIME: 30.0\nDATE-OBS: '2026-03-02'\nDET-ID: 7\nFILTER01: HSC-I\n"
    (tmp_path / "HSC-HSCE00100000.yaml").write_text(text)
    fixed = dict(HSC)
    fix_header(fixed, search_path=str(tmp_path))
    found = HeaderTranslator(given(text)).translate_header(HSC)
    found.corrections = None

    assert differences(found, ObservationInfo(fixed).to_simple()) == {}


@pytest.mark.parametrize(
    ("text", "observation_type"),
    [("OBJECT: M31", "bias"), ("DATA-TYP: DARK", "dark"), ("", "science")],
)
def test_a_correction_of_ours_goes_instead_of_one_that_ships_with_the_translators(
    text, observation_type, tmp_path: Path
):
    (tmp_path / "HSC-HSCA00042600.yaml").write_text(text)
    fixed = dict(SHIPPED)
    fix_header(fixed, search_path=str(tmp_path))
    found = HeaderTranslator(given(text, "HSC_HSCA00042600")).translate_header(SHIPPED)
    found.corrections = None

    assert found.observation_type == observation_type
    assert differences(found, ObservationInfo(fixed).to_simple()) == {}


def test_corrections_that_ship_with_the_translators_are_applied():
    fixed = ObservationInfo(dict(SHIPPED)).to_simple()

    assert fixed["observation_type"] == "science"
    assert differences(HeaderTranslator().translate_header(SHIPPED), fixed) == {}


def test_a_translator_corrects_what_it_knows_of_after_a_correction_of_ours():
    source = given("OBSTYPE: zero\n", "DECam_ct4m20260301t050000")
    found = HeaderTranslator(source).translate_header(DECAM)

    # decam.py, fix_header.
    assert (found.observation_type, found.physical_filter) == ("zero", "solid plate 0.0 0.0")


def test_a_translator_that_fails_to_correct_a_header_keeps_it_from_nothing(monkeypatch, caplog):
    def fail(*_: object, **__: object) -> bool:
        raise RuntimeError("stumbled")

    monkeypatch.setattr(MetadataTranslator.translators["HSC"], "fix_header", fail)
    found = HeaderTranslator(given(M31)).translate_header(HSC)

    assert found.object == "M31"
    assert "HSC-HSCE00100000 fail: stumbled" in caplog.text


def test_a_card_of_a_detector_is_corrected():
    other = HSC | {"DET-ID": 42}
    found = HeaderTranslator(given("DET-ID: 42\n")).translate_header(HSC)

    assert found.detector_num == 42
    assert found.detector_name == HeaderTranslator().translate_header(other).detector_name


def test_a_correction_of_one_detector_s_number_is_refused_where_a_file_has_many():
    source = given("CCDNUM: 7\n", "DECam_ct4m20260301t050000")
    body = written(DECAM_EXPOSURE, *(image(decam_ccd(number)) for number in (1, 2)))

    with pytest.raises(UnreadableHeaderError, match="detector 7") as caught:
        read(HeaderTranslator(source), body)
    assert caught.value.kind == "duplicate-detector"


def test_a_correction_may_change_which_exposure_it_is_and_is_not_looked_for_again():
    source = GivenCorrections(
        HSC_HSCE00100000="EXP-ID: HSCE00100002\n", HSC_HSCE00100002="EXP-ID: HSCE00100000\n"
    )
    translator = HeaderTranslator(source)
    found = [translator.translate_header(hsc_header(hsc_exposure(), n)) for n in (0, 1)]

    assert [(one.exposure_id, one.observation_id) for one in found] == [
        (100_002, "HSCE00100002")
    ] * 2
    assert source.asked == ["HSC-HSCE00100000"]
    assert Observation.from_properties(found[0]).exposure.id == 100_002


def test_a_card_that_a_correction_empties_is_unknown():
    assert HeaderTranslator(given("OBJECT:\n")).translate_header(HSC).object is None


def test_a_file_cannot_keep_its_correction_off():
    marked = HSC | {
        f"HIERARCH ASTRO METADATA FIX {what}": True for what in ("MODIFIED", "DATE", "FILE")
    }

    assert HeaderTranslator(given(M31)).translate_header(marked).object == "M31"


def test_a_correction_does_not_change_the_header_it_is_given():
    header = dict(HSC)
    HeaderTranslator(given(M31)).translate_header(header)

    assert header == HSC


def test_a_header_without_an_observation_id_is_not_looked_up():
    source = given(M31)
    HeaderTranslator(source).translate_header(
        {"INSTRUME": HSC["INSTRUME"], "EXPTIME": 3.0}
        | {keyword: value for keyword, value in HSC.items() if keyword != "EXP-ID"}
    )

    assert source.asked == []


@pytest.mark.parametrize("text", [None, "OBJECT: M31\n"])
def test_corrections_are_looked_for_once_an_exposure_until_forgotten(text):
    source = given(text) if text else GivenCorrections()
    translator = HeaderTranslator(source)
    for batch in range(1, 4):
        for detector in range(3):
            translator.translate_header(hsc_header(hsc_exposure(), detector))
        assert len(source.asked) == batch
        translator.forget()


def test_a_correction_that_comes_changes_or_goes_is_seen_by_the_next_batch():
    source = GivenCorrections()
    translator = HeaderTranslator(source)
    found = []
    for text in (None, "OBJECT: M31\n", "OBJECT: M33\n", "PROP-ID: o26002\n", None, "OBJECT: M31"):
        source.texts = {} if text is None else {"HSC-HSCE00100000": text}
        translator.forget()
        found.append(translator.translate_header(HSC).object)

    assert found == ["COSMOS", "M31", "M33", "COSMOS", "COSMOS", "M31"]


def test_a_correction_that_comes_within_a_batch_waits_for_the_next():
    source = GivenCorrections()
    translator = HeaderTranslator(source)
    translator.translate_header(HSC)
    source.texts = {"HSC-HSCE00100000": M31}

    assert translator.translate_header(HSC).object == "COSMOS"


def test_a_bad_correction_keeps_its_exposure_from_being_translated_and_no_other():
    translator = HeaderTranslator(given("OBJECT: [M31]\n"))

    for _ in range(2):
        with pytest.raises(MetadataError, match=r"HSC-HSCE00100000\.yaml") as caught:
            translator.translate_header(HSC)
        assert caught.value.kind == "bad-corrections"
    assert translator.translate_header(HSC | {"EXP-ID": "HSCE00100002"}).object == "COSMOS"


def test_corrections_that_cannot_be_had_are_looked_for_again():
    class Failing(GivenCorrections):
        def find(self, instrument: str, observation_id: str) -> Corrections | None:
            if not self.asked:
                self.asked.append("failed")
                raise StoreUnavailableError("The store does not answer.")
            return super().find(instrument, observation_id)

    translator = HeaderTranslator(Failing(HSC_HSCE00100000=M31))
    with pytest.raises(StoreUnavailableError):
        translator.translate_header(HSC)

    assert translator.translate_header(HSC).object == "M31"
