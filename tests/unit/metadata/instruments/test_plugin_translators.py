"""Translators that plug-ins bring: used where no other knows a header, and only there."""

from __future__ import annotations

import dataclasses
import sys
from importlib import metadata
from types import ModuleType

import pytest
from astro_metadata_translator import FitsTranslator, MetadataTranslator

from factories import hsc_exposure
from underbutler.errors import ConfigurationError, NotFoundError, UnknownInstrumentError
from underbutler.local.night import hsc_header
from underbutler.metadata.instruments import catalogue
from underbutler.metadata.instruments.catalogue import load_instrument, load_plugin_translators
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.instrument import Grouper, Instrument

HEADER = {"INSTRUME": "PluginCam", "EXPNUM": 12}


def instrument(name: str, translator: str = "") -> Instrument:
    return Instrument(
        name=name,
        class_name=f"lsst.obs.{name.lower()}.{name}",
        visit_max=10,
        exposure_max=10,
        detector_max=1,
        visit_system=None,
        grouper=Grouper.ONE_TO_ONE,
        camera=None,
        translator=translator,
    )


@pytest.fixture
def plug_in(monkeypatch):
    """Return a function that installs plug-ins: their name, and what is in their module."""
    entries = []
    before = dict(MetadataTranslator.translators)

    def install(name: str, translator: str = "", **content) -> None:
        module = ModuleType(f"plugin_{name.lower()}")
        module.INSTRUMENT = instrument(name, translator.replace("HERE", module.__name__))
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        value = f"{module.__name__}:INSTRUMENT"
        entries.append(metadata.EntryPoint(name, value, catalogue.PLUGIN_GROUP))

    monkeypatch.setattr(metadata, "entry_points", lambda *, group: entries)
    _forget()
    yield install
    MetadataTranslator.translators.clear()
    MetadataTranslator.translators.update(before)
    _forget()


def _forget():
    for cached in (catalogue._plugins, catalogue._load_plugin, load_plugin_translators):
        cached.cache_clear()


def __getattr__(name: str) -> type:
    """Make the translator when the plug-in is imported: to be made is to be registered."""
    if name != "PluginCamTranslator":
        raise AttributeError(name)
    return type(
        name,
        (FitsTranslator,),
        {
            "name": "PluginCam",
            "supported_instrument": "PluginCam",
            "_trivial_map": {"exposure_id": "EXPNUM"},
            "__module__": __name__,
        },
    )


@pytest.fixture
def plugin_cam(plug_in, monkeypatch):
    """A plug-in that works."""
    monkeypatch.setitem(sys.modules, "plugin_translator", sys.modules[__name__])
    plug_in("PluginCam", "plugin_translator:PluginCamTranslator")
    return plug_in


def test_a_header_that_no_other_knows_is_translated_by_a_plug_in(plugin_cam):
    assert HeaderTranslator().translate_header(HEADER).exposure_id == 12
    assert load_plugin_translators() == ()


def test_headers_of_known_instruments_reach_no_plug_in(plugin_cam):
    header = hsc_header(hsc_exposure(), 0)
    assert HeaderTranslator().translate_header(header).instrument == "HSC"
    assert "PluginCam" not in MetadataTranslator.translators


def test_plug_ins_are_imported_once(plugin_cam):
    load_plugin_translators()
    first = MetadataTranslator.translators["PluginCam"]
    load_plugin_translators()
    assert MetadataTranslator.translators["PluginCam"] is first


@pytest.mark.parametrize(
    ("translator", "content", "said"),
    [
        ("no_such_module:Translator", {}, "does not load: ModuleNotFoundError"),
        ("HERE:Missing", {}, "does not load: AttributeError"),
        ("HERE:thing", {"thing": 7}, "gives 7"),
        ("HERE:thing", {"thing": FitsTranslator}, "gives <class"),
        ("", {"INSTRUMENT": None}, "gives None"),
    ],
)
def test_a_broken_plug_in_is_told_of_and_does_not_keep_others_from_working(
    plugin_cam, caplog, translator, content, said
):
    plugin_cam("ABroken", translator, **content)
    assert HeaderTranslator().translate_header(HEADER).exposure_id == 12
    (problem,) = load_plugin_translators()
    assert isinstance(problem, ConfigurationError)
    assert "plug-in 'ABroken'" in problem.message
    assert said in problem.message
    assert problem.hint
    # Once, however many headers come.
    assert [record.getMessage() for record in caplog.records] == [str(problem)]


def test_a_broken_plug_in_leaves_unknown_headers_unknown(plug_in):
    plug_in("ABroken", "no_such_module:Translator")
    with pytest.raises(UnknownInstrumentError, match="Kaleidoscope"):
        HeaderTranslator().translate_header({"INSTRUME": "Kaleidoscope"})


def test_a_broken_plug_in_does_not_hide_another_from_its_class_name(plug_in):
    plug_in("ABroken", INSTRUMENT=None)
    plug_in("PluginCam")
    assert load_instrument("lsst.obs.plugincam.PluginCam").name == "PluginCam"
    with pytest.raises(NotFoundError):
        load_instrument("lsst.obs.nobody.Nobody")


def test_a_plug_in_without_a_translator_is_none_that_is_broken(plug_in):
    plug_in("PluginCam")
    assert load_plugin_translators() == ()


def test_an_instrument_without_a_class_is_not_found_by_the_empty_name(plug_in):
    plug_in("PluginCam", INSTRUMENT=dataclasses.replace(instrument("PluginCam"), class_name=""))
    with pytest.raises(NotFoundError):
        load_instrument("")
