from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from factories import NOW, metadata_entry
from registry_dump import count, nothing_written
from underbutler.model.metadata_entry import ContentMode, MetadataEntry
from underbutler.model.observation import MetadataSource
from underbutler.registry import schema
from underbutler.registry.registry import Registry

INDEX = "n/_index.json"
FILES = ("n/a.fits", "n/b.fits", "n/c.fits")


def save(registry: Registry, *entries: MetadataEntry) -> None:
    with registry.begin() as transaction:
        transaction.entries.save(entries, NOW)


def discard(registry: Registry, *names: tuple[str, str, str]) -> None:
    with registry.begin() as transaction:
        transaction.entries.discard(names)


def with_stems(registry: Registry, *stems: str) -> list[MetadataEntry]:
    with registry.read() as transaction:
        return transaction.entries.with_stems([("raw", stem) for stem in stems])


def targets(registry: Registry) -> list[str]:
    return sorted(entry.target for entry in with_stems(registry, "n/a", "n/b", "n/c"))


@pytest.fixture
def indexed(registry: Registry) -> Registry:
    """A registry that has seen an index and a sidecar, but none of their files."""
    save(registry, *(metadata_entry(file, INDEX) for file in FILES))
    save(registry, metadata_entry("n/a", "n/a.json", source=MetadataSource.SIDECAR))
    return registry


@pytest.mark.parametrize("source", list(MetadataSource))
@pytest.mark.parametrize("content", list(ContentMode))
def test_an_entry_is_read_back_as_it_was_written(
    registry: Registry, source: MetadataSource, content: ContentMode
):
    written = metadata_entry(FILES[0], INDEX, source=source, content=content)
    save(registry, written)
    assert with_stems(registry, "n/a") == [written]


def test_what_an_entry_says_is_read_back_to_the_bit(registry: Registry):
    said: dict[str, Any] = {
        "a float": 0.1 + 0.2,
        "a small one": 5e-324,
        "an integer": 2**80,
        "text": 'it\'s "quoted" % \N{GRINNING FACE} \\u0000',
        "nested": {"list": [1, None, True, {}], "": ""},
    }
    save(registry, metadata_entry(FILES[0], INDEX, entry=said))
    (found,) = with_stems(registry, "n/a")
    assert json.dumps(found.entry) == json.dumps(said)


def test_what_an_entry_says_may_be_no_number(registry: Registry):
    save(registry, metadata_entry(FILES[0], INDEX, entry={"ZD": float("nan"), "X": float("inf")}))
    (found,) = with_stems(registry, "n/a")
    assert str(found.entry) == "{'ZD': nan, 'X': inf}"


def test_entries_are_found_by_the_stem_of_their_file(indexed: Registry):
    found = {(entry.target, entry.source_key) for entry in with_stems(indexed, "n/a")}
    assert found == {("n/a.fits", INDEX), ("n/a", "n/a.json")}


def test_entries_of_another_bucket_are_not_found(indexed: Registry):
    with indexed.read() as transaction:
        assert transaction.entries.with_stems([("other", "n/a")]) == []


def test_entries_for_no_stem_are_none(indexed: Registry):
    assert with_stems(indexed) == []


@pytest.mark.parametrize(
    "change",
    [
        {"entry": {"instrument": "LATISS"}},
        {"source_etag": "another"},
        {"content": ContentMode.METADATA},
    ],
)
def test_a_newer_entry_of_the_same_source_replaces_the_older(
    registry: Registry, change: dict[str, Any]
):
    older = metadata_entry(FILES[0], INDEX)
    newer = replace(older, **change)
    save(registry, older)
    save(registry, newer)
    (found,) = with_stems(registry, "n/a")
    assert (found, found.entry) == (newer, newer.entry)


def test_entries_of_several_indexes_for_one_file_stand_side_by_side(indexed: Registry):
    save(indexed, metadata_entry(FILES[0], "_index.json"))
    assert targets(indexed).count("n/a.fits") == 2


def test_entries_saved_again_change_no_row(indexed: Registry):
    with nothing_written(indexed):
        save(indexed, *(metadata_entry(file, INDEX) for file in reversed(FILES)))


def test_entries_are_dropped_one_by_one_when_their_files_have_come(indexed: Registry):
    discard(indexed, ("raw", "n/a.fits", INDEX), ("raw", "n/c.fits", INDEX))
    assert targets(indexed) == ["n/a", "n/b.fits"]


@pytest.mark.parametrize(
    "name", [("other", "n/a.fits", INDEX), ("raw", "n/a.fits", "x"), ("raw", "n/x.fits", INDEX)]
)
def test_dropping_what_is_not_there_drops_nothing_else(
    indexed: Registry, name: tuple[str, str, str]
):
    with nothing_written(indexed):
        discard(indexed, name)


def test_dropping_nothing_drops_nothing(indexed: Registry):
    with nothing_written(indexed):
        discard(indexed)


def test_what_an_index_said_is_dropped_when_it_is_replaced(indexed: Registry):
    with indexed.begin() as transaction:
        transaction.entries.discard_source("raw", INDEX)
    assert targets(indexed) == ["n/a"]


def test_what_an_index_of_another_bucket_said_stays(indexed: Registry):
    with indexed.begin() as transaction:
        transaction.entries.discard_source("other", INDEX)
    assert count(indexed, schema.metadata_index) == 4
