from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits

from fits_files import COMPRESSED, EXTENSION, MINIMAL, CountingReader, hdu
from new_camera import LAYOUT, cards_of, new_file, new_header
from underbutler.errors import UnreadableHeaderError
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.instrument_plugin.examples import Example, read_examples
from underbutler.metadata.instrument_plugin.recognition import draft_of

# Of many HDUs, what all have in common stands in the primary header.
COMMON = {key: value for key, value in new_header().items() if key != "CCDNUM"}
IMAGE = {**EXTENSION, "BITPIX": 16, "NAXIS": 2, "NAXIS1": 60, "NAXIS2": 48}


def read(body: bytes) -> list[Example]:
    return read_examples("a.fits", FitsHeaders(CountingReader(body)))


def image(**cards) -> bytes:
    return hdu({**IMAGE, **cards})


def test_a_file_of_one_image_is_one_example():
    (example,) = read(new_file(new_header()))
    assert (example.name, example.hdu, example.header["EXPNUM"]) == ("a.fits", None, 501)
    assert example.header == example.primary


def test_a_gzipped_file_is_read_as_it_was():
    (plain,), (packed,) = (
        read(body) for body in (new_file(new_header()), gzip.compress(new_file(new_header())))
    )
    assert packed.header == plain.header


def test_a_compressed_image_brings_its_own_cards_and_its_size():
    body = hdu({**MINIMAL, "EXTEND": True}) + hdu({**COMPRESSED, **new_header()})
    (example,) = read(body)
    assert (example.header["EXPNUM"], example.image["ZNAXIS1"]) == (501, 64)
    assert "EXPNUM" not in example.primary


def test_an_fpacked_file_of_astropys_is_read():
    stream = io.BytesIO()
    header = fits.Header(new_header())
    packed = fits.CompImageHDU(np.zeros((48, 60), dtype=np.int16), header)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(stream)
    (example,) = read(stream.getvalue())
    assert (example.header["CCDNUM"], example.image["ZNAXIS2"]) == (1, 48)


def test_a_file_with_a_detector_an_hdu_is_an_example_for_each():
    primary = hdu({**MINIMAL, "EXTEND": True, **COMMON})
    found = read(primary + image(CCDNUM=1) + image(CCDNUM=2))
    assert [(item.name, item.header["CCDNUM"], item.header["EXPNUM"]) for item in found] == [
        ("a.fits[1]", 1, 501),
        ("a.fits[2]", 2, 501),
    ]
    draft = draft_of(found)
    assert draft.in_hdus
    assert cards_of(draft, "detector_num") == ("CCDNUM",)


def test_detectors_in_hdus_may_be_told_by_the_names_of_extensions():
    primary = hdu({**MINIMAL, "EXTEND": True, **COMMON})
    found = read(primary + image(EXTNAME="CCD7") + image(EXTNAME="CCD9"))
    assert cards_of(draft_of(found), "detector_num") == ("EXTNAME",)


def test_amplifiers_in_hdus_are_one_detector():
    primary = hdu({**MINIMAL, "EXTEND": True, **COMMON})
    found = read(
        primary + image(CCDNUM=3, EXTNAME="Segment00") + image(CCDNUM=3, EXTNAME="Segment01")
    )
    assert [(item.hdu, item.header["CCDNUM"]) for item in found] == [(None, 3)]


def test_an_extension_that_inherits_nothing_stands_alone():
    primary = hdu({**MINIMAL, "EXTEND": True, "OBJECT": "primary's"})
    (example,) = read(primary + image(INHERIT=False, CCDNUM=3))
    assert "OBJECT" not in example.header


def test_cards_that_only_the_image_has_are_needed_to_know_the_header():
    primary = hdu({**MINIMAL, "EXTEND": True, **COMMON})
    found = [
        example
        for ccd in (1, 2)
        for example in read_examples(
            f"{ccd}.fits", FitsHeaders(CountingReader(primary + image(CCDNUM=ccd)))
        )
    ]
    draft = draft_of(found)
    assert draft.needed == ("CCDNUM",)
    assert draft.header_of(found[1])["CCDNUM"] == 2


def test_what_is_in_the_primary_header_is_read_there_alone():
    found = read(hdu({**MINIMAL, "EXTEND": True, **new_header()}) + image())
    draft = draft_of(found)
    assert draft.needed == ()
    assert draft.header_of(found[0]) == found[0].primary


def test_a_unit_in_a_comment_counts():
    header = fits.Header(new_header())
    header["EXPTIME"] = (30000.0, "[ms] how long the shutter was open")
    stream = io.BytesIO()
    fits.PrimaryHDU(np.zeros((48, 60), dtype=np.int16), header).writeto(stream)
    (example,) = read(stream.getvalue())
    assert example.units == {"EXPTIME": "ms"}
    (rule,) = [rule for rule in draft_of([example]).rules if rule.name == "exposure_time"]
    assert rule.mapping == "('EXPTIME', {'unit': u.ms})"


def test_cards_without_a_value_are_no_cards():
    header = fits.Header(new_header())
    header["FILTER"] = None
    header["COMMENT"] = "said"
    stream = io.BytesIO()
    fits.PrimaryHDU(np.zeros((48, 60), dtype=np.int16), header).writeto(stream)
    (example,) = read(stream.getvalue())
    assert {"FILTER", "COMMENT"} & set(example.header) == set()


def test_a_gzip_stream_cut_to_its_first_image_is_one_example():
    body = new_file(new_header()) + bytes(LAYOUT["NAXIS1"])
    (example,) = read(gzip.compress(body))
    assert example.header["EXPNUM"] == 501


def test_what_is_no_fits_file_is_refused():
    with pytest.raises(UnreadableHeaderError, match="no FITS file"):
        read(b"P5 60 48 255\n" * 600)
