"""Raws read as astropy objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from underbutler.errors import NotFoundError, UnreadableHeaderError, UserError

if TYPE_CHECKING:
    from gzip import GzipFile
    from typing import BinaryIO

    from astropy.io.fits import HDUList

__all__ = ["COMPONENTS", "read_raw"]

COMPONENTS = ("metadata", "wcs")
"""What can be had of a raw without its pixels."""

# FITS 4.0 §4.3 writes units in any case; what cameras write for counts is no unit there.
_COUNTS = {"adu", "counts", "count", ""}
# RFC 1952 §2.3.1.
_GZIP_MAGIC = b"\x1f\x8b"


def read_raw(file: BinaryIO, component: str = "", hdu: int | None = None) -> Any:
    """Read a raw, or a component of it.

    Parameters
    ----------
    file
        The FITS file; only what is needed is read of it.
    component
        ``metadata`` for the header, ``wcs`` for the header's WCS, empty for all.
    hdu
        HDU that holds the raw, the primary one being 0; None: the whole file does. Of an HDU the
        header has the cards of the primary one as well, unless its INHERIT says F.

    Returns
    -------
    raw
        A ``CCDData`` when the file or HDU has one image, in the unit of BUNIT, adu by default; an
        ``HDUList`` that reads HDUs when they are asked for otherwise. A ``Header`` or ``WCS``.

    Raises
    ------
    UserError
        A raw has no such component.
    NotFoundError
        The header has no celestial WCS; the file has no such HDU.
    UnreadableHeaderError
        The file is no FITS file, or the HDU no image.
    """
    from astropy.io import fits

    if component and component not in COMPONENTS:
        raise UserError(
            f"A raw has no component {component!r}.", hint=f"It has {', '.join(COMPONENTS)}."
        )
    try:
        hdus = fits.open(_unpacked(file), mode="readonly", memmap=False, lazy_load_hdus=True)
    except OSError as error:
        raise UnreadableHeaderError(f"{file.name} is no FITS file: {error}") from error
    found = None if hdu is None else _hdu(hdus, hdu, file.name)
    if component:
        header = _image_header(hdus) if found is None else _inheriting(found, hdus)
        return header if component == "metadata" else _wcs(header)
    if found is not None:
        if not found.is_image or not found.header.get("NAXIS", 0):
            raise UnreadableHeaderError(f"HDU {hdu} of {file.name} holds no image.")
        # Pixels first: scaled then, they leave a header that says so no longer.
        return _ccd(found.data, _inheriting(found, hdus))
    images = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0)]
    return _ccd(images[0].data, images[0].header) if len(images) == 1 else hdus


def _unpacked(file: BinaryIO) -> BinaryIO | GzipFile:
    import gzip

    # Left to itself, astropy unpacks files of a name alone.
    magic = file.read(len(_GZIP_MAGIC))
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if magic == _GZIP_MAGIC else file


def _image_header(hdus: HDUList) -> Any:
    """Take the primary header, with the first extension's cards when it has the image."""
    primary = hdus[0].header
    merged = primary.copy()
    if primary.get("NAXIS") or not primary.get("EXTEND"):
        return merged
    try:
        # Not len(hdus): that reads the headers of all.
        merged.update(hdus[1].header)
    except IndexError:
        pass
    return merged


def _hdu(hdus: HDUList, number: int, name: str) -> Any:
    try:
        # Headers are read as far as this one; data between them are passed over.
        return hdus[number]
    except IndexError as error:
        raise NotFoundError(f"{name} has no HDU {number}.") from error


def _inheriting(hdu: Any, hdus: HDUList) -> Any:
    """Take an HDU's header with the primary header's cards that it has not itself."""
    header = hdu.header.copy()
    if hdu is not hdus[0] and header.get("INHERIT") is not False:
        # Those on the layout of the primary HDU are left out.
        header.extend(hdus[0].header, strip=True, unique=True)
    return header


def _wcs(header: Any) -> Any:
    import warnings

    from astropy.wcs import WCS, FITSFixedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        wcs = WCS(header)
    if not wcs.has_celestial:
        raise NotFoundError("The header has no WCS on the sky.")
    return wcs


def _ccd(pixels: Any, header: Any) -> Any:
    import warnings

    import astropy.units as u
    from astropy.nddata import CCDData
    from astropy.wcs import WCS, FITSFixedWarning

    written = str(header.get("BUNIT", "")).strip()
    try:
        unit = u.adu if written.lower() in _COUNTS else u.Unit(written)
    except ValueError:
        unit = u.adu
    wcs = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        try:
            candidate = WCS(header)
            wcs = candidate if candidate.has_celestial else None
        # wcslib refuses headers in many ways; the image is worth having all the same.
        except Exception:  # noqa: BLE001
            wcs = None
    return CCDData(pixels, unit=unit, header=header, wcs=wcs)
