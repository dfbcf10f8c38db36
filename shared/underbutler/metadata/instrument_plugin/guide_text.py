"""What a plug-in brings for those who complete it: its tests and its README."""

from __future__ import annotations

from collections.abc import Sequence

from underbutler.metadata.instrument_plugin.naming import PluginNames

__all__ = ["readme_text", "tests_text"]


def tests_text(names: PluginNames) -> str:
    """Write the tests, which read headers beside them."""
    return f'''"""The examples' headers give what they gave when this was drafted.

What is expected was computed, not looked up: compare `headers/*.json` with what you know of the
exposures, once, by eye. From then on these tests guard it.
"""

import dataclasses
import json
from pathlib import Path

import pytest
from underbutler.errors import MissingPropertyError
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import Observation

from {names.package} import INSTRUMENT
from {names.package}.translator import {names.translator}

EXAMPLES = sorted((Path(__file__).parent / "headers").glob("*.json"))


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def translate(example):
    return HeaderTranslator().translate_header(example["header"])


def test_the_instrument_names_its_translator():
    assert {names.translator}.name == INSTRUMENT.name
    assert INSTRUMENT.translator.endswith({f":{names.translator}"!r})


def test_a_header_gives_what_it_gave(example):
    found = dataclasses.asdict(translate(example))
    for name, value in example["expected"].items():
        given = list(found[name]) if isinstance(found[name], tuple) else found[name]
        is_exact = not isinstance(given, (float, list))
        assert given == (value if is_exact else pytest.approx(value, abs=1e-9)), name


def test_ingest_takes_a_header_or_says_what_is_missing(example):
    properties = translate(example)
    if example["refused"] is None:
        assert Observation.from_properties(properties).exposure.instrument == INSTRUMENT.name
    else:
        # Once translator.py is complete: put null in place of "refused" in the example.
        with pytest.raises(MissingPropertyError):
            Observation.from_properties(properties)


def test_ids_are_within_the_instruments_bounds(example):
    properties = translate(example)
    assert (properties.exposure_id or 0) < INSTRUMENT.exposure_max
    assert (properties.detector_num or 0) < INSTRUMENT.detector_max
'''


def readme_text(names: PluginNames, missing: Sequence[str]) -> str:
    """Write the README."""
    first = (
        "First write what was not recognised, each a method in `translator.py` that says so: "
        + ", ".join(f"`to_{name}`" for name in missing)
        + ".\n\n"
        if missing
        else ""
    )
    return f"""# {names.instrument} for Underbutler

Lets Underbutler register the raws of {names.instrument}.

```sh
pip install -e .
underbutler register-instrument REPO {names.instrument}
underbutler ingest-raws REPO FILES
```

| file | what |
|---|---|
| `src/{names.package}/__init__.py` | limits, filters with their bands, the focal plane |
| `src/{names.package}/translator.py` | which card gives what |
| `tests/headers/*.json` | headers of examples, and what was made of them |

It was drafted by `underbutler new-instrument`. {first}Check by eye: the kinds of exposures, the \
numbers of exposures and detectors, the
time scale, the filters' bands. IDs that were registered cannot be changed. To test: `pytest`.

Days of observation change at 0 h TAI. Where that is in the middle of the night, give
`observing_date_to_offset` in `translator.py`; see astro_metadata_translator's `translator.py`.
"""
