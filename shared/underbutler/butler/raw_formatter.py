"""Raws read as astropy objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from underbutler.errors import NotFoundError, UserError

if TYPE_CHECKING:
    from typing import BinaryIO

    from astropy.io.fits import HDUList

__all__ = ["COMPONENTS", "read_raw"]

COMPONENTS = ("metadata", "wcs")
"""What can be had of a raw without its pixels."""

# FITS 4.0 §4.3 writes units in any case; what cameras write for counts is no unit there.
_COUNTS = {"adu", "counts", "count", ""}


def read_raw(file: BinaryIO, component: str = "") -> Any:
    """Read a raw, or a component of it.

    Parameters
    ----------
    file
        The FITS file; only what is needed is read of it.
    component
        ``metadata`` for the header, ``wcs`` for the header's WCS, empty for all.

    Returns
    -------
    raw
        A ``CCDData`` when the file has one image, in the unit of BUNIT, adu by default; an
        ``HDUList`` that reads HDUs when they are asked for otherwise. A ``Header`` or ``WCS``.

    Raises
    ------
    UserError
        A raw has no such component.
    NotFoundError
        The header has no celestial WCS.
    """
    from astropy.io import fits

    if component and component not in COMPONENTS:
        raise UserError(
            f"A raw has no component {component!r}.", hint=f"It has {', '.join(COMPONENTS)}."
        )
    hdus = fits.open(file, mode="readonly", memmap=False, lazy_load_hdus=True)
    if component:
        header = _image_header(hdus)
        return header if component == "metadata" else _wcs(header)
    images = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0)]
    return _ccd(images[0]) if len(images) == 1 else hdus


def _image_header(hdus: HDUList) -> Any:
    """Take the primary header, with the first extension's cards when it has the image."""
    primary = hdus[0].header
    if primary.get("NAXIS") or not primary.get("EXTEND") or len(hdus) < 2:
        return primary.copy()
    merged = primary.copy()
    merged.update(hdus[1].header)
    return merged


def _wcs(header: Any) -> Any:
    import warnings

    from astropy.wcs import WCS, FITSFixedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        wcs = WCS(header)
    if not wcs.has_celestial:
        raise NotFoundError("The header has no WCS on the sky.")
    return wcs


def _ccd(hdu: Any) -> Any:
    import warnings

    import astropy.units as u
    from astropy.nddata import CCDData
    from astropy.wcs import WCS, FITSFixedWarning

    written = str(hdu.header.get("BUNIT", "")).strip()
    try:
        unit = u.adu if written.lower() in _COUNTS else u.Unit(written)
    except ValueError:
        unit = u.adu
    wcs = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        try:
            candidate = WCS(hdu.header)
            wcs = candidate if candidate.has_celestial else None
        # wcslib refuses headers in many ways; the image is worth having all the same.
        except Exception:  # noqa: BLE001
            wcs = None
    return CCDData(hdu.data, unit=unit, header=hdu.header, wcs=wcs)
