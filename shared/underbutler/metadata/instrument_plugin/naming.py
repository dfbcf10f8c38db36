"""Names of a plug-in: of its instrument, its package and its classes."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass

from underbutler.errors import ConflictError, UserError
from underbutler.metadata.instruments.catalogue import instrument_names

__all__ = ["PluginNames"]

# It goes into collections, entry points and names of files, and is typed.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
# Translators that astro_metadata_translator registers beside those of instruments we describe.
_OTHER_TRANSLATORS = ("SDSS", "VisitInfo")
_PREFIX = "camera_"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginNames:
    """Names that are safe to be written into code."""

    instrument: str
    package: str
    """Python package, and project."""
    translator: str
    """Class."""

    @classmethod
    def of(cls, wanted: str | None, told: str) -> PluginNames:
        """Choose the names of an instrument.

        Parameters
        ----------
        wanted
            Name that the user gave.
        told
            Name that the headers give, which may be anything.

        Raises
        ------
        UserError
            The user's name cannot be one.
        ConflictError
            There is an instrument of that name.
        """
        instrument = wanted if wanted is not None else _sanitised(told)
        if not _NAME.fullmatch(instrument):
            raise UserError(
                f"{instrument[:40]!r} cannot name an instrument.",
                hint="Take up to 32 letters, digits, - and _, with --name.",
            )
        if instrument.lower() in {
            name.lower() for name in (*instrument_names(), *_OTHER_TRANSLATORS)
        }:
            raise ConflictError(
                f"There is an instrument {instrument!r} already.",
                hint="Take another name, with --name, or uninstall its plug-in.",
            )
        package = re.sub(r"\W", "_", instrument.lower().replace("-", "_"))
        if not package.isidentifier() or keyword.iskeyword(package) or _is_taken(package):
            package = _PREFIX + package
        words = [word for word in re.split(r"[-_]", instrument) if word]
        title = "".join(word[0].upper() + word[1:] for word in words)
        if not title.isidentifier():
            title = f"Camera{title}"
        return cls(instrument=instrument, package=package, translator=f"{title}Translator")


def _sanitised(told: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", told.strip())[:32].strip("_-")
    return name or "NewInstrument"


def _is_taken(package: str) -> bool:
    """Tell whether a package of that name is there, and would be hidden or hide."""
    from importlib.util import find_spec

    if package in sys.stdlib_module_names or package.startswith("test"):
        return True
    spec = find_spec(package)
    # A folder without code may be what the user calls the place for the plug-in.
    return spec is not None and spec.origin is not None
