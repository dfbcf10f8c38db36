"""The translator of a plug-in as a module's text.

Of headers, nothing enters but what `repr` writes: no header can bring code of its own.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from underbutler.metadata.instrument_plugin.naming import PluginNames
from underbutler.metadata.instrument_plugin.recognition import Draft
from underbutler.metadata.instrument_plugin.rules import Rule

__all__ = ["translator_text"]

# What the tools that read headers call science and the other kinds (astro_metadata_translator).
_TYPES = {
    **dict.fromkeys(("object", "light", "light frame", "sci", "target", "obj"), "science"),
    **dict.fromkeys(("bias frame", "zero"), "bias"),
    "dark frame": "dark",
    **dict.fromkeys(
        ("flat field", "flat frame", "domeflat", "dome flat", "skyflat", "sky flat", "twiflat"),
        "flat",
    ),
}
_COORDINATES = ("AltAz", "Angle", "EarthLocation", "SkyCoord")
_FUNCTIONS = {
    "_number": '''
def _number(value: Any) -> int:
    """Read a whole number: of a text, all its digits."""
    return int(re.sub(r"\\D", "", value) if isinstance(value, str) else value)
''',
    "_time": '''
def _time(text: str, scale: str) -> Time:
    """Read a date and time as FITS has them, or almost."""
    return Time(text.strip().replace(" ", "T").rstrip("Z"), format="isot", scale=scale)
''',
    "_angle": '''
def _angle(value: Any, unit: u.UnitBase) -> Angle:
    """Read an angle, sexagesimal or as a number."""
    try:
        return Angle(float(value), unit=unit)
    except ValueError:
        return Angle(value.strip(), unit=unit)
''',
}
_METHODS = {
    "self._scale": '''
    def _scale(self) -> str:
        """Time scale: UTC unless TIMESYS says otherwise (FITS 4.0 §9.2.1)."""
        return str(self._header.get("TIMESYS") or "UTC").partition("(")[0].strip().lower()
''',
    "self._frame": '''
    def _frame(self) -> dict[str, Any]:
        """Frame of coordinates: ICRS unless the header says otherwise (FITS 4.0 §8.3)."""
        name = str(self._header.get("RADESYS") or self._header.get("RADECSYS") or "").strip()
        equinox = self._header.get("EQUINOX")
        if name.upper() == "ICRS" or (not name and equinox is None):
            return {"frame": "icrs"}
        year = float(str(equinox or 2000.0).lstrip("JB"))
        frame = name.lower() or ("fk4" if year < 1984 else "fk5")
        return {"frame": frame, "equinox": f"{'B' if frame == 'fk4' else 'J'}{year}"}
''',
}
_HDUS = '''
    @classmethod
    def determine_translatable_headers(
        cls, filename: Any, primary: MutableMapping[str, Any] | None = None
    ) -> Iterator[MutableMapping[str, Any]]:
        """Take the header of each detector: a file holds several, an HDU each.

        Underbutler sees that this is here, and reads the HDUs by ranges itself.
        """
        with fits.open(filename) as file:
            for hdu in file[1:]:
                if hdu.is_image:
                    header = file[0].header.copy()
                    header.update(hdu.header)
                    yield header
'''


def translator_text(names: PluginNames, draft: Draft) -> str:
    """Write the module with the translator."""
    body = _class_text(names, draft)
    for sign, method in _METHODS.items():
        if sign in body:
            body += method
    functions = "".join("\n" + text for sign, text in _FUNCTIONS.items() if f"{sign}(" in body)
    types = _types_text() if "_TYPES" in body else ""
    code = types + "\n\n" + body.strip("\n") + "\n" + functions
    return f"{_docstring(names)}\n{_imports(code)}\n\n{code.lstrip()}"


def _docstring(names: PluginNames) -> str:
    return (
        f'"""How the headers of {names.instrument} are read.\n\n'
        "Drafted by `underbutler new-instrument` from examples, and yours: look at each rule. The\n"
        "properties are explained in astro_metadata_translator's properties.py.\n"
        '"""\n'
    )


def _imports(code: str) -> str:
    lines = ["from __future__ import annotations", ""]
    lines += ["import re"] if "re.sub(" in code else []
    used = "Iterator, Mapping, MutableMapping" if "Iterator[" in code else "Mapping"
    lines += [f"from collections.abc import {used}", "from typing import Any, ClassVar", ""]
    lines += ["import astropy.units as u"] if re.search(r"\bu\.", code) else []
    cached = ", cache_translation" if "@cache_translation" in code else ""
    lines.append(f"from astro_metadata_translator import FitsTranslator{cached}")
    kinds = [kind for kind in _COORDINATES if kind in code]
    lines += [f"from astropy.coordinates import {', '.join(kinds)}"] if kinds else []
    lines += ["from astropy.io import fits"] if "fits.open(" in code else []
    lines += ["from astropy.time import Time"] if " Time" in code else []
    return "\n".join(lines)


def _types_text() -> str:
    lines = "".join(f"    {given!r}: {meant!r},\n" for given, meant in _TYPES.items())
    return (
        "\n# What headers call kinds of exposures → what everybody calls them.\n"
        f"_TYPES = {{\n{lines}}}\n"
    )


def _class_text(names: PluginNames, draft: Draft) -> str:
    rules = sorted(
        [*draft.rules, *(item.rule for item in draft.missing)], key=lambda rule: rule.name
    )
    methods = [rule.method for rule in rules if rule.method]
    return (
        f"class {names.translator}(FitsTranslator):\n"
        f'    """Reads the headers of {names.instrument}."""\n\n'
        f"    name = {names.instrument!r}\n"
        f"    supported_instrument = {names.instrument!r}\n\n"
        f"{_tables(names, rules)}\n"
        f"{_can_translate(draft)}\n"
        + (_HDUS.lstrip("\n") + "\n" if draft.in_hdus else "")
        + "\n\n".join(methods)
        + "\n"
    )


def _tables(names: PluginNames, rules: Sequence[Rule]) -> str:
    constants = {"instrument": repr(names.instrument)}
    constants |= {rule.name: rule.constant for rule in rules if rule.constant}
    mappings = {rule.name: rule.mapping for rule in rules if rule.mapping}
    return (
        "    # The same for all files; None is what no card was found to say.\n"
        f"    _const_map: ClassVar[dict[str, Any]] = {{\n{_entries(constants)}    }}\n"
        "    # One card each, with a unit where it is a quantity.\n"
        f"    _trivial_map: ClassVar[dict[str, Any]] = {{\n{_entries(mappings)}    }}\n"
    )


def _entries(table: dict[str, str]) -> str:
    return "".join(f"        {name!r}: {value},\n" for name, value in table.items())


def _can_translate(draft: Draft) -> str:
    is_ours = f"str(header.get({draft.card!r}, '')).strip() == {draft.values[0].strip()!r}"
    lines = f"return {is_ours}\n"
    if draft.needed:
        lines = (
            f"is_ours = {is_ours}\n"
            "# The primary header alone does not say it all.\n"
            f"return is_ours and all(card in header for card in {draft.needed!r})\n"
        )
    return (
        "    @classmethod\n"
        "    def can_translate(cls, header: Mapping[str, Any], filename: str | None = None)"
        " -> bool:\n"
        '        """Tell whether a header is of this instrument."""\n'
        + textwrap.indent(lines, "        ")
    )
