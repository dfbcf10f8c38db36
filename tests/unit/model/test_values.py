"""Rules that hold for every class of the model."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import pytest

from underbutler import model
from underbutler.model.observation import ObservationProperties

MODULES = [
    importlib.import_module(f"{model.__name__}.{m.name}")
    for m in pkgutil.iter_modules(model.__path__)
]
CLASSES = sorted(
    {
        item
        for module in MODULES
        for item in vars(module).values()
        if isinstance(item, type)
        and dataclasses.is_dataclass(item)
        and item.__module__.startswith(model.__name__)
    },
    key=lambda item: item.__qualname__,
)
# Filled in property by property by those who read metadata.
MUTABLE = {ObservationProperties}


@pytest.mark.parametrize("value", CLASSES, ids=lambda item: item.__qualname__)
def test_a_value_has_slots(value):
    assert "__slots__" in vars(value)


@pytest.mark.parametrize(
    "value", sorted(set(CLASSES) - MUTABLE, key=str), ids=lambda item: item.__qualname__
)
def test_a_value_is_frozen(value):
    assert value.__dataclass_params__.frozen


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_a_module_names_what_it_offers(module):
    assert all(hasattr(module, name) for name in module.__all__)
