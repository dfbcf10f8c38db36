from __future__ import annotations

import pytest

from factories import translated
from underbutler.errors import MetadataError, MissingPropertyError
from underbutler.metadata.translated import properties_from_translated
from underbutler.model.auxiliary import Auxiliary
from underbutler.model.file_content import FileContent
from underbutler.model.observation import AppliedCorrections, ObservationProperties

GUIDER = Auxiliary(
    dataset_type="guider_raw", storage_class="Stamps", run="raw/guider", stem_ending="_guider"
)


def properties(hdu: int | None = None, **changes: object) -> ObservationProperties:
    found = properties_from_translated(translated(**changes))
    found.hdu = hdu
    return found


def test_a_file_of_one_detector_is_one_dataset_as_a_whole():
    content = FileContent.from_properties([properties(detector_num=7)])
    assert (content.dataset_type, content.exposure_id) == ("raw", 100_000)
    assert [detector.id for detector in content.detectors] == [7]
    assert content.hdus == ()


def test_detectors_are_in_order_of_id_and_the_lowest_speaks_for_the_exposure():
    content = FileContent.from_properties(
        [properties(1, detector_num=9, object="nine"), properties(2, detector_num=4, object="four")]
    )
    assert [detector.id for detector in content.detectors] == [4, 9]
    assert content.hdus == ((4, 2), (9, 1))
    assert content.exposure is not None
    assert content.exposure.target_name == "four"


def test_problems_of_all_detectors_are_told_once():
    first, second = properties(1, detector_num=1), properties(2, detector_num=2)
    first.problems = second.problems = ["dark_time: none"]
    assert FileContent.from_properties([first, second]).problems == ("dark_time: none",)


def test_corrections_of_the_header_are_kept():
    corrected = properties()
    corrected.corrections = AppliedCorrections(uri="s3://c/HSC-1.yaml", keywords=("EXPTIME",))
    assert FileContent.from_properties([corrected]).corrections == corrected.corrections


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"exposure_id": 2}, "many-exposures"),
        ({"instrument": "DECam"}, "many-exposures"),
        ({"detector_num": 1}, "duplicate-detector"),
    ],
)
def test_contradictory_detectors_are_refused(changes: dict[str, object], kind: str):
    second = properties(2, **({"detector_num": 2} | changes))
    with pytest.raises(MetadataError) as caught:
        FileContent.from_properties([properties(1, detector_num=1), second])
    assert caught.value.kind == kind


def test_an_auxiliary_need_only_name_what_it_belongs_to():
    sparse = ObservationProperties(instrument="LSSTCam", exposure_id=5, detector_num=193)
    content = FileContent.from_auxiliary(sparse, GUIDER)
    assert (content.dataset_type, content.exposure_id) == ("guider_raw", 5)
    assert content.exposure is None
    assert content.day_obs is None


@pytest.mark.parametrize("name", ["instrument", "exposure_id", "detector_num"])
def test_an_auxiliary_that_does_not_is_refused(name: str):
    sparse = ObservationProperties(instrument="LSSTCam", exposure_id=5, detector_num=193)
    setattr(sparse, name, None)
    with pytest.raises(MissingPropertyError, match=name):
        FileContent.from_auxiliary(sparse, GUIDER)


@pytest.mark.parametrize("number", [-1, 2**63])
def test_an_auxiliary_with_a_number_out_of_bounds_is_refused(number: int):
    wrong = ObservationProperties(instrument="LSSTCam", exposure_id=number, detector_num=193)
    with pytest.raises(MissingPropertyError, match="exposure_id"):
        FileContent.from_auxiliary(wrong, GUIDER)


@pytest.mark.parametrize(
    ("stem", "is_guider"),
    [
        ("night/MC_O_20250415_000060_R00_SG0_guider", True),
        ("night/MC_O_20250415_000060_R00_SG0", False),
        ("guider/MC_O_20250415_000060_R00_SG0", False),
    ],
)
def test_auxiliary_files_are_known_by_the_end_of_their_names(stem: str, is_guider: bool):
    assert GUIDER.matches(stem) is is_guider
