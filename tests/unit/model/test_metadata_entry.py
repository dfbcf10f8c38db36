from __future__ import annotations

import random
from dataclasses import replace

import pytest

from underbutler.model.metadata_entry import ContentMode, MetadataEntry
from underbutler.model.observation import MetadataSource

INDEX, SIDECAR = MetadataSource.INDEX, MetadataSource.SIDECAR
TRANSLATED, METADATA = ContentMode.TRANSLATED, ContentMode.METADATA
ENTRY = MetadataEntry(
    bucket="raw",
    target="night/a.fits",
    source_key="night/_index.json",
    source=INDEX,
    content=TRANSLATED,
    source_etag="e1",
    entry={"exposure_id": 1},
)


@pytest.mark.parametrize("target", ["night/a.fits", "night/a.fits.fz", "night/a"])
def test_an_entry_goes_with_the_stem_of_its_file(target):
    assert replace(ENTRY, target=target).stem == "night/a"


def test_an_index_goes_before_a_sidecar_and_translated_metadata_before_headers():
    ranked = [
        replace(ENTRY, source=source, content=content, source_key=key)
        for source in (INDEX, SIDECAR)
        for content in (TRANSLATED, METADATA)
        for key in ("a", "b")
    ]

    assert sorted(random.Random(1).sample(ranked, 8), key=lambda entry: entry.rank) == ranked


def test_entries_of_one_content_of_one_source_are_equal():
    assert replace(ENTRY, entry={}) == ENTRY
    assert replace(ENTRY, source_etag="e2") != ENTRY
