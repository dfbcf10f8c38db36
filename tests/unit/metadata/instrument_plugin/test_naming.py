from __future__ import annotations

import pytest

from underbutler.errors import ConflictError, UserError
from underbutler.metadata.instrument_plugin.naming import PluginNames


@pytest.mark.parametrize(
    ("told", "instrument", "package", "translator"),
    [
        ("MyCam", "MyCam", "mycam", "MyCamTranslator"),
        ("  Wide Field/2 ", "Wide_Field_2", "wide_field_2", "WideField2Translator"),
        ("4K-Imager", "4K-Imager", "camera_4k_imager", "Camera4KImagerTranslator"),
        ("json", "json", "camera_json", "JsonTranslator"),
        ("class", "class", "camera_class", "ClassTranslator"),
        ("numpy", "numpy", "camera_numpy", "NumpyTranslator"),
        ("Test", "Test", "camera_test", "TestTranslator"),
        ('"""; import os #', "import_os", "import_os", "ImportOsTranslator"),
        ("///", "NewInstrument", "newinstrument", "NewInstrumentTranslator"),
        ("é" * 50, "NewInstrument", "newinstrument", "NewInstrumentTranslator"),
    ],
)
def test_what_headers_say_becomes_names_that_code_can_have(told, instrument, package, translator):
    names = PluginNames.of(None, told)
    assert (names.instrument, names.package, names.translator) == (instrument, package, translator)


def test_the_users_name_comes_first():
    assert PluginNames.of("Other", "MyCam").instrument == "Other"


@pytest.mark.parametrize("wanted", ["", "a b", "x" * 33, "../up", "-x", 'a"b', "a\n"])
def test_a_name_that_cannot_be_one_is_refused(wanted):
    with pytest.raises(UserError, match="cannot name an instrument"):
        PluginNames.of(wanted, "MyCam")


@pytest.mark.parametrize("wanted", ["HSC", "hsc", "LSSTCam", "SDSS"])
def test_a_name_that_is_taken_is_refused(wanted):
    with pytest.raises(ConflictError, match=f"an instrument '{wanted}' already"):
        PluginNames.of(wanted, "MyCam")
