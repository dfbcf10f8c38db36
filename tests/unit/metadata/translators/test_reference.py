"""What the reference translators make of real headers."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from astro_metadata_translator import MetadataTranslator, fix_header

from fits_files import one_hdu_file, two_hdu_file
from reference_material import SHARED, reference
from translations import differences, translate
from underbutler.model.observation import Observation

PREFIXES = ("lsstCam", "comCam", "latiss")
RAWS = {
    "3018092000065-det000": ("LATISS", 3018092000065, 0),
    "3019031900001-R10-S02-det029": ("LSSTCam", 3019031900001, 29),
    "3019031900001-R22-S21-det097": ("LSSTCam", 3019031900001, 97),
}


def load(name: str) -> Any:
    return json.loads((SHARED / "headers" / name).read_text(encoding="utf-8"))


def names() -> list[str]:
    if not SHARED.is_dir():
        return []
    return sorted(it.name for it in (SHARED / "headers").iterdir() if it.name.startswith(PREFIXES))


def is_same(found: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(is_same, found, expected))
    if isinstance(expected, float):
        if not isinstance(found, float | int):
            return False
        both_unknown = math.isnan(found) and math.isnan(expected)
        return both_unknown or math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(found == expected)


@reference
@pytest.mark.parametrize("name", names())
def test_real_headers_give_what_the_reference_gives(name):
    header = load(name)
    expected = load("expected-observation-info.json")[name]
    cls = MetadataTranslator.determine_translator(header)
    fix_header(header, translator_class=cls)
    translator = cls(header)
    different = {}
    for key, wanted in expected.items():
        if key.startswith("_"):
            continue
        value = getattr(translator, f"to_{key}")()
        simple = cls.all_properties[key].to_simple
        value = simple(value) if value is not None and simple is not None else value
        if key.startswith("datetime"):
            same = abs(sum(value) - sum(wanted)) * 86400 <= 1e-4 and math.isclose(
                value[1], wanted[1], abs_tol=1e-11
            )
        else:
            same = is_same(list(value) if isinstance(wanted, list) else value, wanted)
        if not same:
            different[key] = (value, wanted)
    assert different == {}


@reference
@pytest.mark.parametrize("make", [one_hdu_file, two_hdu_file], ids=["one HDU", "two HDUs"])
@pytest.mark.parametrize("name", names())
def test_real_files_give_what_the_reference_gives(name, make):
    expected = load("expected-observation-info.json")[name]
    # Nothing in a registry is no number.
    known = {key: value for key, value in expected.items() if not is_same(value, math.nan)}
    assert differences(translate(make(load(name))), known) == {}


@reference
@pytest.mark.parametrize("name", RAWS)
def test_real_raws_give_their_exposure_and_detector(name):
    found = translate((SHARED / "raws" / f"{name}.fits").read_bytes())
    exposure = Observation.from_properties(found).exposure
    assert (exposure.instrument, exposure.id, found.detector_num) == RAWS[name]
    assert found.problems == []
