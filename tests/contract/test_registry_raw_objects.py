from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from factories import NOW, raw_object
from registry_dump import nothing_written
from underbutler.model.observation import AppliedCorrections, MetadataSource
from underbutler.model.raw_object import ObjectKind, ObjectState, RawObject
from underbutler.registry import schema
from underbutler.registry.registry import Registry

REGISTERED, WAITING, REJECTED, SUPERSEDED, GONE = (
    ObjectState.REGISTERED,
    ObjectState.WAITING,
    ObjectState.REJECTED,
    ObjectState.SUPERSEDED,
    ObjectState.GONE,
)
ODD_KEYS = [
    "a b.fits",
    "a+b%20c.fits",
    "50%.fits",
    "it's 'quoted' \"twice\".fits",
    "back\\slash.fits",
    "?query#fragment;:.fits",
    "α/é/漢字/\N{GRINNING FACE}.fits",
    "e\N{COMBINING ACUTE ACCENT}.fits",
    "//double//slash.fits",
    "/leading.fits",
    "../a/../b.fits",
    "trailing .fits ",
    "new\nline.fits",
    "$.json[0].fits",
    "x" * 1019 + ".fits",
]
ALL_FIELDS: dict[str, Any] = {
    "size_bytes": 2**40,
    "etag": "d41d8cd98f00b204e9800998ecf8427e-17",
    "version_id": "3HL4kqtJlcpXrof3vjVBH40Nr8X8gdRQ",
    "sequencer": "0055AED6DCD90281E5".ljust(64, "0"),
    "code": "missing-object",
    "message": "It's not there: 'x' %s",
    "attempts": 3,
    "next_attempt": NOW,
    "dataset_type": "raw",
    "instrument": "HSC",
    "exposure": 2**62,
    "detector": 42,
    "hdus": ((42, 1), (43, 0)),
    "source": MetadataSource.SIDECAR,
    "source_key": "night/f.json",
    "observation": UUID("840b31d9-05cd-5161-b2c8-00d32b280d0f"),
    "corrections": AppliedCorrections(uri="s3://c/HSC-é.yaml", keywords=("DATE-OBS", "OBJECT")),
}


def save(registry: Registry, *objects: RawObject) -> dict[tuple[str, str], int]:
    with registry.begin() as transaction:
        return transaction.objects.save(objects, NOW)


def of_exposure(key: str, detector: int = 0, **overrides: Any) -> RawObject:
    fields = {"dataset_type": "raw", "instrument": "HSC", "exposure": 1, "detector": detector}
    return raw_object(key, **(fields | overrides))


def find(registry: Registry, method: str, *arguments: Any) -> list[str]:
    """Ask for objects; returns their keys."""
    with registry.read() as transaction:
        return [item.key for item in getattr(transaction.objects, method)(*arguments)]


def test_objects_are_read_back_as_they_were_written(registry: Registry):
    written = [
        raw_object(f"{kind}/{state}/{len(fields)}.fits", kind=kind, state=state, **fields)
        for kind in ObjectKind
        for state in ObjectState
        for fields in ({}, ALL_FIELDS)
    ]
    numbers = save(registry, *written)
    with registry.read() as transaction:
        found = transaction.objects.with_stems([("raw", item.stem) for item in written])
    assert {item.key: item for item in found} == {
        item.key: replace(item, id=numbers["raw", item.key]) for item in written
    }


def test_an_odd_key_is_found_by_its_stem(registry: Registry):
    save(registry, *map(raw_object, ODD_KEYS))
    stems = [("raw", raw_object(key).stem) for key in ODD_KEYS]
    assert [find(registry, "with_stems", [stem]) for stem in stems] == [[key] for key in ODD_KEYS]


def test_an_odd_key_keeps_its_row_when_it_is_saved_again(registry: Registry):
    first = save(registry, *map(raw_object, ODD_KEYS))
    assert save(registry, *(raw_object(key, size_bytes=1) for key in ODD_KEYS)) == first


def test_keys_that_only_look_alike_are_different_objects(registry: Registry):
    alike = [
        "\N{LATIN SMALL LETTER E WITH ACUTE}.fits",
        "e\N{COMBINING ACUTE ACCENT}.fits",
        "E\N{COMBINING ACUTE ACCENT}.fits",
        "\N{LATIN SMALL LETTER E WITH ACUTE}.fits ",
    ]
    assert len(set(save(registry, *map(raw_object, alike)).values())) == len(alike)


def test_one_key_in_two_buckets_is_two_objects(registry: Registry):
    save(registry, raw_object(bucket="raw"), raw_object(bucket="raw2"))
    assert len(find(registry, "with_stems", [("raw2", "night/f")])) == 1


def test_a_file_and_its_sidecar_share_a_stem(registry: Registry):
    save(registry, *map(raw_object, ("n/f.fits", "n/f.fits.fz", "n/f.json", "n/g.fits")))
    assert sorted(find(registry, "with_stems", [("raw", "n/f")])) == [
        "n/f.fits",
        "n/f.fits.fz",
        "n/f.json",
    ]


def test_saving_gives_the_number_of_every_row(registry: Registry):
    save(registry, raw_object("b.fits"))
    numbers = save(registry, *(raw_object(f"{name}.fits") for name in "cab"))
    with registry.read() as transaction:
        table = schema.raw_object
        rows = transaction.connection.execute(sa.select(table.c.bucket, table.c.key, table.c.id))
        assert numbers == {(bucket, key): number for bucket, key, number in rows}


@pytest.mark.parametrize(
    ("before", "after"),
    [({}, ALL_FIELDS), (ALL_FIELDS, {})],
    ids=["become known", "become unknown"],
)
def test_a_change_of_any_one_value_is_written(
    registry: Registry, before: dict[str, Any], after: dict[str, Any]
):
    written = {name: raw_object(f"{name}.fits", **before) for name in ALL_FIELDS}
    save(registry, *written.values())
    blank = {name: getattr(raw_object(), name) for name in ALL_FIELDS}
    changed = {
        name: replace(item, **{name: {**blank, **after}[name]}) for name, item in written.items()
    }
    save(registry, *changed.values())
    with registry.read() as transaction:
        found = transaction.objects.with_stems([("raw", name) for name in ALL_FIELDS])
    assert {item.stem: replace(item, id=None) for item in found} == changed


def test_objects_saved_again_change_no_row(registry: Registry):
    objects = [raw_object("a.fits"), raw_object("b.fits", **ALL_FIELDS)]
    save(registry, *objects)
    with nothing_written(registry):
        save(registry, *reversed(objects))


def test_when_an_object_was_first_seen_is_kept(registry: Registry):
    save(registry, raw_object())
    with registry.begin() as transaction:
        transaction.objects.save([raw_object(attempts=2)], NOW + timedelta(hours=1))
        table = schema.raw_object
        (seen,) = transaction.connection.execute(sa.select(table.c.first_seen, table.c.last_seen))
    assert tuple(seen) == (NOW, NOW + timedelta(hours=1))


def test_those_that_hold_or_lost_a_dataset_claim_it_and_nobody_else(registry: Registry):
    save(
        registry,
        of_exposure("holds", state=REGISTERED),
        of_exposure("lost", state=REJECTED, code="conflict"),
        of_exposure("is bad", state=REJECTED, code="bad-header"),
        of_exposure("waits", state=WAITING, code="instrument-not-registered"),
        of_exposure("came too late", state=SUPERSEDED),
        of_exposure("is gone", state=GONE),
    )
    assert sorted(find(registry, "claiming", [("raw", "HSC", 1, 0)])) == ["holds", "lost"]


def test_nobody_claims_another_dataset(registry: Registry):
    save(registry, of_exposure("a.fits"))
    others = [
        ("raw", "LATISS", 1, 0),
        ("raw", "HSC", 2, 0),
        ("raw", "HSC", 1, 1),
        ("guider_raw", "HSC", 1, 0),
    ]
    assert find(registry, "claiming", others) == []


def test_all_claims_of_all_datasets_asked_for_are_found(registry: Registry):
    save(registry, *(of_exposure(f"{n}{c}.fits", n) for n in range(3) for c in "ab"))
    wanted = [("raw", "HSC", 1, 2), ("raw", "HSC", 1, 0)]
    assert sorted(find(registry, "claiming", wanted)) == [
        "0a.fits",
        "0b.fits",
        "2a.fits",
        "2b.fits",
    ]


def test_a_file_of_several_detectors_claims_each_of_them(registry: Registry):
    save(registry, of_exposure("a.fits", hdus=((0, 1), (4, 2))), of_exposure("b.fits", 4))
    assert find(registry, "claiming", [("raw", "HSC", 1, 0)]) == ["a.fits"]
    assert sorted(find(registry, "claiming", [("raw", "HSC", 1, 4)])) == ["a.fits", "b.fits"]
    assert find(registry, "claiming", [("raw", "HSC", 1, 1)]) == []


def test_only_objects_that_are_registered_or_gone_have_a_say_in_an_exposure(registry: Registry):
    digest = uuid4()
    save(registry, *(of_exposure(state, state=state, observation=digest) for state in ObjectState))
    save(registry, of_exposure("of another exposure", exposure=2, observation=digest))
    save(registry, of_exposure("never read", state=ObjectState.GONE))
    assert sorted(find(registry, "candidates", [("HSC", 1)])) == [ObjectState.GONE, REGISTERED]


def test_waiting_objects_are_due_when_their_time_has_come_the_longest_due_first(
    registry: Registry,
):
    minutes = {"late": 5, "now": 0, "early": -5, "earlier": -60}
    save(
        registry,
        *(
            raw_object(key, state=WAITING, next_attempt=NOW + timedelta(minutes=offset))
            for key, offset in minutes.items()
        ),
        raw_object("no time", state=WAITING),
        raw_object("registered", next_attempt=NOW - timedelta(days=1)),
    )
    assert find(registry, "due", NOW, 10) == ["earlier", "early", "now"]


def test_no_more_objects_are_due_than_asked_for(registry: Registry):
    save(registry, *(raw_object(str(n), state=WAITING, next_attempt=NOW) for n in range(5)))
    assert len(find(registry, "due", NOW, 3)) == 3


def test_files_wait_for_their_instrument(registry: Registry):
    code = "instrument-not-registered"
    save(
        registry,
        raw_object("a", state=WAITING, code=code, instrument="HSC"),
        raw_object("b", state=WAITING, code=code, instrument="LATISS"),
        raw_object("c", state=WAITING, code="missing-object", instrument="HSC"),
        raw_object("d", state=REJECTED, code=code, instrument="HSC"),
    )
    found = {
        names: sorted(find(registry, "waiting_for_instruments", names, code))
        for names in (("HSC",), ("HSC", "LATISS"), ())
    }
    assert found == {("HSC",): ["a"], ("HSC", "LATISS"): ["a", "b"], (): []}


def test_files_are_found_by_the_index_that_described_them(registry: Registry):
    save(
        registry,
        raw_object("n/a.fits", source_key="n/_index.json"),
        raw_object("n/b.fits", source_key="n/_index.json", bucket="other"),
        raw_object("n/c.fits", source_key="n/c.json"),
        raw_object("n/_index.json"),
    )
    assert find(registry, "described_by", "raw", "n/_index.json") == ["n/a.fits"]


def test_asked_for_nothing_nothing_is_found(registry: Registry):
    save(registry, of_exposure("a.fits"))
    assert [find(registry, m, []) for m in ("with_stems", "claiming", "candidates")] == [[], [], []]


def test_nothing_to_save_is_no_error(registry: Registry):
    assert save(registry) == {}
