"""Filters that nobody described: added as files name them, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from scenes import FILE, Scene
from underbutler.model.outcome import Outcome
from underbutler.registry import schema
from writers import put_file, put_sidecar


def bands(scene: Scene) -> dict[str, str]:
    table = schema.physical_filter
    with scene.registry.read() as transaction:
        rows = transaction.connection.execute(sa.select(table.c.name, table.c.band))
        return {row.name: row.band for row in rows}


@pytest.mark.parametrize(
    ("name", "band"),
    [("HSC-G9", "g"), ("NB0999", "N999"), ("HSC-Q", "unknown"), ("something", "unknown")],
)
def test_an_unseen_filter_is_added_with_the_band_its_name_tells_and_a_warning(
    scene: Scene, name: str, band: str
):
    sidecar = put_sidecar(scene.store, 1, 0, physical_filter=name)
    outcomes = scene.outcomes(sidecar, put_file(scene.store, 1, 0))
    assert outcomes == [Outcome.REGISTERED] * 2
    assert bands(scene)[name] == band
    assert name in scene.row().message
    assert band in scene.row().message


def test_a_known_filter_is_no_matter_for_a_warning(scene: Scene):
    sidecar = put_sidecar(scene.store, 1, 0, physical_filter="HSC-G")
    scene.ingest(sidecar, put_file(scene.store, 1, 0))
    assert bands(scene)["HSC-G"] == "g"
    assert scene.row(FILE).message == ""


def test_a_band_that_a_curator_gave_is_kept(scene: Scene):
    with scene.registry.begin() as transaction:
        transaction.connection.execute(
            sa.insert(schema.physical_filter).values(instrument="HSC", name="HSC-Q", band="q")
        )
    scene.ingest(
        put_sidecar(scene.store, 1, 0, physical_filter="HSC-Q"), put_file(scene.store, 1, 0)
    )
    assert bands(scene)["HSC-Q"] == "q"
