"""A plug-in for a new instrument, drafted from examples of its files and written to a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from underbutler.errors import ConflictError, MetadataError, NotFoundError, UserError
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.instrument_plugin.examples import Example, read_examples
from underbutler.metadata.instrument_plugin.focal_plane import camera_of
from underbutler.metadata.instrument_plugin.naming import PluginNames
from underbutler.metadata.instrument_plugin.package_text import Plugin, expected_of, package_files
from underbutler.metadata.instrument_plugin.pointing import fixed_rotation
from underbutler.metadata.instrument_plugin.recognition import Draft, draft_of
from underbutler.metadata.instrument_plugin.rules import Missing
from underbutler.metadata.instrument_plugin.translator_text import translator_text
from underbutler.metadata.instrument_plugin.trial import (
    instrument_known,
    refusal,
    translate_examples,
)
from underbutler.model.observation import ObservationProperties

__all__ = ["NewInstrument", "Recognised", "write_instrument_plugin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A property that the examples give."""

    name: str
    cards: tuple[str, ...]
    """Cards it is read from; none where it is constant or follows from others."""
    values: tuple[tuple[str, Any], ...]
    """Example → value, in JSON's types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInstrument:
    """What was written, and what it knows."""

    names: PluginNames
    folder: Path
    recognised: tuple[Recognised, ...]
    missing: tuple[Missing, ...]
    """Required properties that have to be written by hand."""
    refused: tuple[tuple[str, str], ...]
    """(example, why ingest would not take it)."""
    notes: tuple[str, ...]
    """What to look at."""


def write_instrument_plugin(
    files: Sequence[str], *, name: str | None = None, folder: str | None = None
) -> NewInstrument:
    """Draft a plug-in for the instrument of some FITS files, and write it.

    Parameters
    ----------
    files
        Paths of raws of one instrument, the more various the better: several exposures, several
        detectors, several filters.
    name
        Name of the instrument; what the headers say by default.
    folder
        New folder for it; by default one with the package's name, here.

    Raises
    ------
    NotFoundError
        There is no such file.
    UserError
        The files are no FITS files, of several instruments, or name none.
    ConflictError
        The folder exists; or the instrument does, or a translator knows its headers.
    """
    examples = _read(files)
    known = instrument_known(examples[0])
    if known is not None:
        raise ConflictError(
            f"{examples[0].name} is read already, as a file of {known}.",
            hint=f"Register it: underbutler register-instrument REPO {known}.",
        )
    draft = draft_of(examples)
    names = PluginNames.of(name, draft.values[0])
    target = Path(folder).expanduser() if folder is not None else Path(names.package)
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise ConflictError(f"{target} is there already, and is not overwritten.")
    plugin, translator = _drafted(names, draft, examples)
    _write(target, package_files(plugin, translator))
    return NewInstrument(
        names=names,
        folder=target,
        recognised=tuple(_recognised(plugin)),
        missing=draft.missing,
        refused=tuple(
            (example.name, why)
            for example, item in zip(examples, plugin.translated, strict=True)
            if (why := refusal(item)) is not None
        ),
        notes=tuple(_notes(plugin)),
    )


def _read(files: Sequence[str]) -> list[Example]:
    examples: list[Example] = []
    for file in dict.fromkeys(files):
        path = Path(file).expanduser()
        if path.is_dir():
            raise UserError(f"{file} is a folder.", hint=f"Name its files, as in {file}/*.fits.")
        try:
            with path.open("rb") as stream:

                def read_range(start: int, end: int, stream: Any = stream) -> bytes:
                    stream.seek(start)
                    data: bytes = stream.read(end - start)
                    return data

                found = read_examples(path.name, FitsHeaders(read_range))
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no file {file}.") from error
        except (OSError, ValueError) as error:
            raise UserError(f"{file} cannot be read: {error}.") from error
        except MetadataError as error:
            raise UserError(f"{file}: {error.message}", hint=error.hint) from error
        # The same file under two names would look like two detectors of one number.
        examples += [item for item in found if all(item.header != it.header for it in examples)]
    return examples


def _drafted(names: PluginNames, draft: Draft, examples: Sequence[Example]) -> tuple[Plugin, str]:
    """Write the translator, try it, and place the detectors with what it says."""
    translated, text = _tried(names, draft, examples)
    camera, note = camera_of(examples, translated)
    is_turned = any(item.boresight_rotation_coord is not None for item in translated)
    if camera is not None and not is_turned:
        draft = draft.with_rules(fixed_rotation())
        translated, text = _tried(names, draft, examples)
    plugin = Plugin(
        names=names,
        draft=draft,
        examples=examples,
        translated=translated,
        camera=camera,
        camera_note=note,
    )
    return plugin, text


def _tried(
    names: PluginNames, draft: Draft, examples: Sequence[Example]
) -> tuple[list[ObservationProperties], str]:
    text = translator_text(names, draft)
    with tempfile.TemporaryDirectory() as place:
        module = Path(place, "translator.py")
        module.write_text(text, encoding="utf-8")
        return translate_examples(module, names, draft, examples), text


def _write(target: Path, files: dict[str, str]) -> None:
    try:
        for name, text in files.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error}.") from error


def _recognised(plugin: Plugin) -> list[Recognised]:
    cards = {rule.name: rule.cards for rule in plugin.draft.rules}
    cards["instrument"] = (plugin.draft.card,)
    # It is what the exposure's time is taken from, and the requested one unless a card says more.
    cards.setdefault("exposure_time_requested", cards.get("exposure_time", ()))
    values: dict[str, list[tuple[str, Any]]] = {}
    for example, properties in zip(plugin.examples, plugin.translated, strict=True):
        for name, value in expected_of(properties).items():
            values.setdefault(name, []).append((example.name, value))
    return [
        Recognised(name=name, cards=cards.get(name, ()), values=tuple(found))
        for name, found in values.items()
    ]


def _notes(plugin: Plugin) -> list[str]:
    notes = []
    exposures = {item.exposure_id for item in plugin.translated}
    if len(exposures) == 1:
        notes.append(
            "All files are of one exposure: give files of several, to see what numbers them."
        )
    cards = {rule.name: rule.cards for rule in plugin.draft.rules}
    if not cards.get("exposure_id") and not plugin.draft.missing:
        notes.append("No card numbers the exposures: the second in which they began does.")
    if "exposure_id" in cards and "detector_num" in cards and not cards["detector_num"]:
        notes.append("Every exposure has one file: its detector is number 0.")
    unknown = [name for name, band in plugin.bands.items() if band == "unknown"]
    if unknown:
        notes.append(f"Write the bands of these filters: {', '.join(map(repr, unknown))}.")
    if plugin.camera is None:
        notes.append(f"{plugin.camera_note} Visits will have no regions without a camera.")
    elif plugin.camera_note:
        notes.append(plugin.camera_note)
    if all(item.boresight_rotation_coord is None for item in plugin.translated):
        notes.append("Nothing says how the camera was turned: without that, no visits are defined.")
    problems = {problem for item in plugin.translated for problem in item.problems}
    missing = {item.name for item in plugin.draft.missing}
    notes += sorted(it for it in problems if it.partition(":")[0] not in missing)
    return notes
