from __future__ import annotations

import gzip
import io
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from fits_files import CountingReader
from underbutler.butler.ranged_file import RangedFile
from underbutler.butler.raw_formatter import COMPONENTS, read_raw
from underbutler.errors import NotFoundError, UnreadableHeaderError, UserError

ON_SKY = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
    "CRPIX1": 3.0, "CRPIX2": 2.0, "CDELT1": -1e-4, "CDELT2": 1e-4,
}  # fmt: skip
PIXELS = np.arange(30, dtype=np.uint16).reshape(5, 6) * 2000
LARGE = np.zeros((400, 400), dtype=np.int16)


def primary(pixels: Any = None, **cards: Any) -> fits.PrimaryHDU:
    return fits.PrimaryHDU(pixels, fits.Header(cards))


def extension(pixels: Any = PIXELS, **cards: Any) -> fits.ImageHDU:
    return fits.ImageHDU(pixels, fits.Header(cards))


def compressed(pixels: Any = PIXELS, **cards: Any) -> fits.CompImageHDU:
    return fits.CompImageHDU(pixels, fits.Header(cards))


def table() -> fits.BinTableHDU:
    return fits.BinTableHDU.from_columns([fits.Column("x", "J", array=np.arange(3))])


def opened(*hdus: Any) -> tuple[RangedFile, CountingReader]:
    """A file of these HDUs, and the reader that counts what is asked of it."""
    written = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(written)
    return ranged(written.getvalue())


def ranged(body: bytes) -> tuple[RangedFile, CountingReader]:
    reader = CountingReader(body)
    return RangedFile(reader, len(body), "s3://raw/f.fits"), reader


def read(*hdus: Any, component: str = "") -> Any:
    return read_raw(opened(*hdus)[0], component)


@pytest.mark.parametrize(
    "hdus",
    [
        (primary(PIXELS, OBJECT="COSMOS"),),
        (primary(), extension(OBJECT="COSMOS")),
        (primary(), compressed(OBJECT="COSMOS")),
        (primary(PIXELS, OBJECT="COSMOS"), table()),
        (primary(), table(), extension(OBJECT="COSMOS")),
        (primary(), extension(None), extension(OBJECT="COSMOS")),
    ],
    ids=[
        "primary",
        "extension",
        "compressed",
        "and a table",
        "after a table",
        "after an empty one",
    ],
)
def test_the_one_image_of_a_file_is_the_raw(hdus):
    raw = read(*hdus)
    np.testing.assert_array_equal(raw.data, PIXELS)
    assert raw.data.dtype == np.uint16
    assert raw.header["OBJECT"] == "COSMOS"


@pytest.mark.parametrize(
    "pixels", [PIXELS, PIXELS.astype("f4"), PIXELS.astype("i2"), PIXELS > 5000]
)
def test_pixels_have_the_type_that_astropy_gives_them(pixels):
    pixels = pixels.astype("u1") if pixels.dtype == bool else pixels
    written = io.BytesIO()
    primary(pixels).writeto(written)
    expected = fits.getdata(io.BytesIO(written.getvalue()))
    raw = read_raw(ranged(written.getvalue())[0])
    np.testing.assert_array_equal(raw.data, expected)
    assert raw.data.dtype == expected.dtype


def test_several_images_are_the_files_hdus():
    hdus = read(primary(OBJECT="COSMOS"), extension(EXTNAME="A"), extension(EXTNAME="B"))
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "A", "B"]
    np.testing.assert_array_equal(hdus["B"].data, PIXELS)


def test_no_image_at_all_is_the_files_hdus():
    assert len(read(primary(), table())) == 2


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        (None, "adu"),
        ("", "adu"),
        ("ADU", "adu"),
        ("adu  ", "adu"),
        ("Counts", "adu"),
        ("electron", "electron"),
        ("nJy", "nJy"),
        ("furlong / fortnight?", "adu"),
    ],
)
def test_the_unit_is_the_headers_and_adu_when_it_names_none(written, unit):
    cards = {} if written is None else {"BUNIT": written}
    assert read(primary(PIXELS, **cards)).unit == unit


def test_a_wcs_on_the_sky_comes_with_the_pixels():
    assert read(primary(PIXELS, **ON_SKY)).wcs.wcs.crval.tolist() == [150.0, 2.0]


@pytest.mark.parametrize(
    "cards",
    [
        {},
        {"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"},
        ON_SKY | {"CDELT1": 0.0, "CDELT2": 0.0},
        ON_SKY | {"CTYPE1": "RA---NONSENSE"},
    ],
    ids=["none", "not of the sky", "singular", "nonsense"],
)
def test_pixels_are_had_also_without_a_wcs_that_works(cards):
    raw = read(primary(PIXELS, **cards))
    np.testing.assert_array_equal(raw.data, PIXELS)
    assert raw.wcs is None or raw.wcs.has_celestial


def test_metadata_are_the_primary_header_where_it_has_the_image():
    header = read(primary(PIXELS, OBJECT="COSMOS"), extension(OBJECT="M31"), component="metadata")
    assert header["OBJECT"] == "COSMOS"


@pytest.mark.parametrize("make", [extension, compressed])
def test_metadata_are_both_headers_where_the_extension_has_the_image(make):
    header = read(
        primary(TELESCOP="Subaru", OBJECT="?"), make(OBJECT="COSMOS"), component="metadata"
    )
    assert (header["TELESCOP"], header["OBJECT"]) == ("Subaru", "COSMOS")


@pytest.mark.parametrize("promised", [True, False])
def test_metadata_of_a_file_without_extensions_are_the_primary_header(promised):
    header = read(primary(EXTEND=promised, OBJECT="COSMOS"), component="metadata")
    assert header["OBJECT"] == "COSMOS"


def test_metadata_may_be_changed_without_harm_to_the_file():
    hdus = (primary(PIXELS, OBJECT="COSMOS"),)
    read(*hdus, component="metadata")["OBJECT"] = "M31"
    assert read(*hdus, component="metadata")["OBJECT"] == "COSMOS"


@pytest.mark.parametrize("cards", [{}, {"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"}])
def test_a_missing_wcs_is_not_found(cards):
    with pytest.raises(NotFoundError, match="no WCS on the sky"):
        read(primary(PIXELS, **cards), component="wcs")


@pytest.mark.parametrize("make", [extension, compressed])
def test_the_wcs_is_that_of_the_image(make):
    wcs = read(primary(), make(**ON_SKY), component="wcs")
    assert wcs.pixel_to_world_values(2.0, 1.0)[0] == pytest.approx(150.0)


@pytest.mark.parametrize("component", ["image", "Metadata", "metadata "])
def test_an_unknown_component_is_refused_before_the_file_is_read(component):
    file, reader = opened(primary(PIXELS))
    with pytest.raises(UserError, match="It has metadata, wcs"):
        read_raw(file, component)
    assert reader.ranges == []


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize(
    "hdus",
    [
        (primary(LARGE, **ON_SKY),),
        (primary(), extension(LARGE, **ON_SKY), *(extension(LARGE) for _ in range(8))),
        (primary(), compressed(LARGE, **ON_SKY), table()),
    ],
    ids=["one image", "many images", "compressed"],
)
def test_a_component_is_read_without_pixels_or_other_extensions(hdus, component):
    file, reader = opened(*hdus)
    read_raw(file, component)
    assert reader.asked_bytes <= 64 * 1024


CCDS = (
    primary(TELESCOP="CTIO", OBJECT="COSMOS", NEXTEND=3),
    extension(CCDNUM=1, OBJECT="first", **ON_SKY),
    compressed(PIXELS + 1, CCDNUM=2, INHERIT=False, **(ON_SKY | {"CRVAL1": 160.0})),
    table(),
)


def test_the_image_of_an_hdu_is_the_raw_of_its_detector():
    for number, pixels in ((1, PIXELS), (2, PIXELS + 1)):
        raw = read_raw(opened(*CCDS)[0], hdu=number)
        np.testing.assert_array_equal(raw.data, pixels)
        assert raw.header["CCDNUM"] == number
        assert raw.unit == "adu"
        assert raw.wcs.has_celestial


def test_the_primary_hdu_is_hdu_0():
    raw = read_raw(opened(primary(PIXELS, OBJECT="COSMOS"), extension())[0], hdu=0)
    np.testing.assert_array_equal(raw.data, PIXELS)
    assert raw.header["OBJECT"] == "COSMOS"


@pytest.mark.parametrize("component", ["", "metadata"])
def test_an_hdu_inherits_the_primary_headers_cards_that_it_has_not_itself(component):
    found = read_raw(opened(*CCDS)[0], component, 1)
    header = found if component else found.header
    assert (header["TELESCOP"], header["OBJECT"]) == ("CTIO", "first")
    assert "SIMPLE" not in header


@pytest.mark.parametrize("component", ["", "metadata"])
def test_an_hdu_that_does_not_inherit_has_its_own_cards_alone(component):
    found = read_raw(opened(*CCDS)[0], component, 2)
    header = found if component else found.header
    assert "TELESCOP" not in header


def test_scaled_pixels_leave_no_scale_in_the_header():
    image = extension(PIXELS.astype("f4"))
    image.scale("int16", bscale=2000.0)
    raw = read_raw(opened(primary(), image)[0], hdu=1)
    np.testing.assert_array_equal(raw.data, PIXELS)
    assert "BSCALE" not in raw.header


def test_the_wcs_of_an_hdu_is_its_own():
    found = [read_raw(opened(*CCDS)[0], "wcs", number) for number in (1, 2)]
    assert [wcs.wcs.crval[0] for wcs in found] == [150.0, 160.0]


@pytest.mark.parametrize("component", ["", *COMPONENTS])
def test_an_hdu_that_the_file_does_not_have_is_not_found(component):
    with pytest.raises(NotFoundError, match="no HDU 4"):
        read_raw(opened(*CCDS)[0], component, 4)


@pytest.mark.parametrize("number", [0, 3], ids=["empty", "table"])
def test_an_hdu_without_an_image_is_no_raw(number):
    with pytest.raises(UnreadableHeaderError, match=f"HDU {number} of .* holds no image"):
        read_raw(opened(*CCDS)[0], hdu=number)


@pytest.mark.parametrize(("component", "pixels"), [("", LARGE.nbytes), ("metadata", 0), ("wcs", 0)])
def test_of_a_file_of_many_hdus_the_pixels_of_one_are_read(component, pixels):
    file, reader = opened(primary(), *(extension(LARGE, **ON_SKY) for _ in range(8)))
    read_raw(file, component, 5)
    # At most a read of 64 KiB for each header on the way.
    assert reader.asked_bytes <= pixels + 7 * 64 * 1024
    assert max(end for _, end in reader.ranges) <= 7 * LARGE.nbytes


def test_pixels_are_read_once():
    file, reader = opened(primary(LARGE))
    read_raw(file)
    assert reader.asked_bytes <= len(reader.body) + 64 * 1024


def test_of_several_images_only_those_that_are_looked_at_are_read():
    file, reader = opened(primary(), *(extension(LARGE) for _ in range(4)))
    hdus = read_raw(file)
    before = reader.asked_bytes
    assert hdus[2].data.shape == LARGE.shape
    assert reader.asked_bytes - before <= LARGE.nbytes + 64 * 1024


@pytest.mark.parametrize("component", ["", *COMPONENTS])
def test_a_gzipped_file_reads_as_the_file_in_it(component):
    file, reader = opened(primary(PIXELS, **ON_SKY))
    packed = read_raw(ranged(gzip.compress(reader.body))[0], component)
    plain = read_raw(file, component)
    if component == "":
        np.testing.assert_array_equal(packed.data, plain.data)
    else:
        assert repr(packed) == repr(plain)


@pytest.mark.parametrize(
    "body",
    [b"", b"no FITS at all", b"\x1f\x8b no gzip", b"\x00" * 5760],
    ids=["empty", "text", "bad gzip", "zeros"],
)
@pytest.mark.parametrize("component", ["", "metadata"])
def test_what_is_no_fits_is_told_by_its_name(body, component):
    with pytest.raises(UnreadableHeaderError, match=r"s3://raw/f\.fits is no FITS file"):
        read_raw(ranged(body)[0], component)
