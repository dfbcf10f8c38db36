"""The files of a plug-in around its translator: a package that can be installed as it is.

Of headers, nothing enters but what `repr` and JSON write: no header can bring code of its own.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from underbutler.metadata.instrument_plugin.examples import Example
from underbutler.metadata.instrument_plugin.focal_plane import image_section
from underbutler.metadata.instrument_plugin.guide_text import readme_text, tests_text
from underbutler.metadata.instrument_plugin.naming import PluginNames
from underbutler.metadata.instrument_plugin.recognition import Draft
from underbutler.metadata.instrument_plugin.trial import refusal
from underbutler.metadata.instruments.catalogue import PLUGIN_GROUP
from underbutler.model.band_names import infer_band
from underbutler.model.instrument import Camera, CameraDetector
from underbutler.model.observation import ObservationProperties

__all__ = ["Plugin", "package_files"]

# Room for the years to come: powers of ten, so that they are seen not to be the camera's own.
_EXPOSURE_LIMITS = (10**6, 10**9, 10**12, 10**15, 10**18)
# Files whose headers become tests: more say no more.
_MOST_TESTED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """All that is known of an instrument, to be written."""

    names: PluginNames
    draft: Draft
    examples: Sequence[Example]
    translated: Sequence[ObservationProperties]
    """What the drafted translator gives of each example."""
    camera: Camera | None
    camera_note: str
    """What to know of the camera, or why there is none."""

    @property
    def bands(self) -> dict[str, str]:
        """Band of each filter found; ``unknown`` where its name does not tell."""
        found = {item.physical_filter for item in self.translated if item.physical_filter}
        return {
            name: infer_band(self.names.instrument, name, {}) or "unknown" for name in sorted(found)
        }


def package_files(plugin: Plugin, translator: str) -> dict[str, str]:
    """Write a plug-in; returns the text of each file, by its path in the plug-in's folder.

    Parameters
    ----------
    plugin
        What to write.
    translator
        Text of the translator's module.
    """
    names = plugin.names
    source = f"src/{names.package}"
    return {
        "pyproject.toml": _project(names),
        "README.md": readme_text(names, [item.name for item in plugin.draft.missing]),
        f"{source}/__init__.py": _instrument(plugin),
        f"{source}/translator.py": translator,
        f"tests/test_{names.package}.py": tests_text(names),
        **_expectations(plugin),
    }


def _project(names: PluginNames) -> str:
    return f"""[build-system]
requires = ["setuptools>=64"]
build-backend = "setuptools.build_meta"

[project]
name = "{names.package.replace("_", "-")}"
version = "0.1.0"
description = "Lets Underbutler read the raws of {names.instrument}"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["underbutler"]

# How Underbutler finds it: name of the instrument, and what describes it.
[project.entry-points."{PLUGIN_GROUP}"]
{names.instrument} = "{names.package}:INSTRUMENT"

[tool.setuptools.packages.find]
where = ["src"]

[tool.ruff]
line-length = 100
src = ["src"]

[tool.pytest.ini_options]
pythonpath = ["src"]
testpaths = ["tests"]
"""


def _instrument(plugin: Plugin) -> str:
    names = plugin.names
    numbers = [item.exposure_id or 0 for item in plugin.translated]
    exposures = next((limit for limit in _EXPOSURE_LIMITS if limit > 1000 * max(numbers)), 2**62)
    detectors = max((item.detector_num or 0 for item in plugin.translated), default=0)
    bands = "".join(f"        {name!r}: {band!r},\n" for name, band in plugin.bands.items())
    imported = ["Grouper", "Instrument"]
    if plugin.camera is not None:
        imported = ["Camera", "CameraDetector", *imported]
    return f'''"""What Underbutler has to know of {names.instrument} to register its raws.

Drafted by `underbutler new-instrument` from {len(plugin.examples)} examples, and yours to complete.
"""

from underbutler.model.instrument import {", ".join(imported)}

INSTRUMENT = Instrument(
    name={names.instrument!r},
    # The Butler's own class, if there is one: such as lsst.obs.subaru.HyperSuprimeCam.
    class_name="",
    # No ID will be larger; what is registered cannot be changed.
    exposure_max={exposures},
    visit_max={exposures},
    # Above every detector's number: the largest of the examples is {detectors}.
    detector_max={10 ** len(str(detectors)) if detectors else 1},
    # A visit for every exposure.
    visit_system=0,
    grouper=Grouper.ONE_TO_ONE,
{_camera(plugin)}    # Filter → band. Filters that are not listed are registered as they come.
    bands={{
{bands}    }},
    translator="{names.package}.translator:{names.translator}",
)
'''


def _camera(plugin: Plugin) -> str:
    if plugin.camera is None:
        return (
            f"    # {plugin.camera_note}\n"
            "    # Without a camera, visits have no regions, so that they are not found by place.\n"
            "    # To add one: Camera(focal_plane_x_flipped=False, detectors=(CameraDetector(…),\n"
            "    # …)) with, of each detector, the field angles (x, y) of its corners x0y0, x1y0,\n"
            "    # x1y1, x0y1, degrees from where the telescope points; +X West when +Y is North.\n"
            f"{_found(plugin)}"
            "    camera=None,\n"
        )
    rows = "".join(_detector(detector) for detector in plugin.camera.detectors)
    note = f"    # {plugin.camera_note}\n" if plugin.camera_note else ""
    return (
        "    # Corners from the WCS of the examples, relative to where the telescope pointed.\n"
        f"{note}"
        "    camera=Camera(\n"
        "        focal_plane_x_flipped=False,\n"
        f"        detectors=(\n{rows}        ),\n"
        "    ),\n"
    )


def _found(plugin: Plugin) -> str:
    """List the detectors that the examples show, in comments."""
    lines = {}
    for example, item in zip(plugin.examples, plugin.translated, strict=True):
        section = image_section(example.image)
        if item.detector_num is None or section is None:
            continue
        size = f"nx={section[1] - section[0] + 1}, ny={section[3] - section[2] + 1}"
        # A name may hold anything: as a literal it stays on its line.
        name = item.detector_unique_name or str(item.detector_num)
        found = f"id={item.detector_num}, full_name={name!r}, {size}"
        lines[item.detector_num] = f"    # Found: {found}\n"
    return "".join(line for _, line in sorted(lines.items()))


def _detector(detector: CameraDetector) -> str:
    rows = "".join(
        f"                {name}={value!r},\n"
        for name, value in (
            *(("id", detector.id), ("full_name", detector.full_name), ("raft", detector.raft)),
            *(("name_in_raft", detector.name_in_raft), ("purpose", detector.purpose)),
            *(("nx", detector.nx), ("ny", detector.ny)),
        )
    )
    corners = "".join(
        f"                    {corner!r},\n" for corner in detector.field_angle_corners_deg
    )
    return (
        f"            CameraDetector(\n{rows}"
        f"                field_angle_corners_deg=(\n{corners}                ),\n"
        "            ),\n"
    )


def _expectations(plugin: Plugin) -> dict[str, str]:
    """Write the headers of some examples, each with what is made of it now."""
    files: dict[str, str] = {}
    pairs = list(zip(plugin.examples, plugin.translated, strict=True))[:_MOST_TESTED]
    for number, (example, properties) in enumerate(pairs, start=1):
        content: Mapping[str, Any] = {
            "file": example.name,
            "refused": refusal(properties),
            "expected": expected_of(properties),
            "header": dict(plugin.draft.header_of(example)),
        }
        text = json.dumps(content, indent=1, allow_nan=False)
        files[f"tests/headers/example_{number:02d}.json"] = text + "\n"
    return files


def expected_of(properties: ObservationProperties) -> dict[str, Any]:
    """Take the properties that are there, as JSON has them."""
    known = {
        name: value
        for name, value in dataclasses.asdict(properties).items()
        if value is not None and name not in ("problems", "hdu", "corrections")
    }
    loaded: dict[str, Any] = json.loads(json.dumps(known, allow_nan=False))
    return loaded
