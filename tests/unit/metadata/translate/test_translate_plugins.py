"""Headers that only the translator of a plug-in knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from astro_metadata_translator import FitsTranslator, MetadataTranslator

from fits_files import EXTENSION, MINIMAL, CountingReader, hdu, one_hdu_file, two_hdu_file
from translations import HSC, translate, translate_detectors
from underbutler.errors import UnknownInstrumentError
from underbutler.metadata import translator_search
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.translate import HeaderTranslator

TOY = {"INSTRUME": "Kaleidoscope", "CHIP": 3, "EXPNUM": 7}
OTHER = {"INSTRUME": "Camera obscura", "CHIP": 3, "EXPNUM": 7}


def register(*, reads_extensions: bool) -> None:
    """Do what importing a plug-in's translator does."""

    class Kaleidoscope(FitsTranslator):
        name = "Kaleidoscope"
        supported_instrument = "Kaleidoscope"
        _trivial_map = {"detector_num": "CHIP", "exposure_id": "EXPNUM"}  # noqa: RUF012

        if reads_extensions:

            @classmethod
            def determine_translatable_headers(cls, filename: Any, primary: Any = None) -> Any:
                raise AssertionError("There is no file to open.")


class PlugIns:
    """Stands for installed plug-ins, and counts how often they are loaded."""

    def __init__(self) -> None:
        self.loads = 0
        self.reads_extensions = False

    def load(self) -> None:
        """Register the translator the first time, as imports do."""
        self.loads += 1
        if "Kaleidoscope" not in MetadataTranslator.translators:
            register(reads_extensions=self.reads_extensions)


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlugIns]:
    """Plug-ins that nobody has loaded yet."""
    found = PlugIns()
    monkeypatch.setattr(translator_search, "load_plugin_translators", found.load)
    yield found
    MetadataTranslator.translators.pop("Kaleidoscope", None)


def test_a_header_that_no_other_translator_knows_is_translated_by_a_plug_in_s(plugins):
    found = HeaderTranslator().translate_header(TOY)

    assert (found.instrument, found.exposure_id, found.detector_num) == ("Kaleidoscope", 7, 3)


@pytest.mark.parametrize("make", [one_hdu_file, two_hdu_file], ids=["one HDU", "two HDUs"])
def test_a_file_that_no_other_translator_knows_is_translated_by_a_plug_in_s(plugins, make):
    assert translate(make(TOY)).detector_num == 3


def test_an_instrument_of_a_plug_in_may_have_a_detector_an_hdu(plugins):
    plugins.reads_extensions = True
    body = hdu({**MINIMAL, "EXTEND": True, **TOY}) + b"".join(
        hdu({**EXTENSION, **cards}) for cards in ({"CHIP": 1}, {}, {"CHIP": 2, "INHERIT": True})
    )

    found = translate_detectors(body)
    assert [(one.hdu, one.detector_num, one.exposure_id) for one in found] == [(1, 1, 7), (3, 2, 7)]


def test_plug_ins_are_not_loaded_for_headers_that_are_known(plugins):
    for make in (one_hdu_file, two_hdu_file):
        translate(make(HSC))

    assert plugins.loads == 0


def test_the_search_is_repeated_once(plugins):
    for _ in range(2):
        with pytest.raises(UnknownInstrumentError, match="Camera obscura") as caught:
            HeaderTranslator().translate_header(OTHER)
    assert plugins.loads == 2
    assert "Kaleidoscope" in caught.value.hint


def test_headers_are_not_read_again_when_plug_ins_are_loaded(plugins):
    read = CountingReader(one_hdu_file(TOY) + bytes(200_000))
    HeaderTranslator().translate_file(FitsHeaders(read))

    assert len(read.ranges) <= 2
