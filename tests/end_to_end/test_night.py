"""From a dropped file to a defined visit, on the real template."""

from __future__ import annotations

import json

import pytest

from factories import hsc_exposure, hsc_fits
from translations import SUPRIMECAM
from underbutler.butler.raw_ingest import ingest_locations
from underbutler.butler.registration import register_instruments
from underbutler.local.night import (
    HSC_DETECTORS,
    Drop,
    bad_files,
    hsc_header,
    make_fits,
    make_night,
)
from underbutler.model.dataset_id import dataset_uuid


@pytest.fixture(scope="module")
def night() -> list[Drop]:
    return [drop for drops in make_night() for drop in drops]


@pytest.fixture
def dropped(stack, night):
    """The stack once the night was dropped into its bucket; by the first test that asks."""
    if not stack.rows("SELECT 1 FROM dataset WHERE exposure = 300006 LIMIT 1"):
        stack.drop(*night)
    return stack


def test_every_file_of_the_night_is_a_dataset_under_the_butlers_uuid(dropped, butler) -> None:
    refs = butler.query_datasets("raw", instrument="HSC", where="exposure IN (300000..300006)")

    assert len(refs) == 4 * HSC_DETECTORS
    assert all(ref.id == dataset_uuid("raw", "HSC/raw/all", ref.data_id) for ref in refs)


def test_every_exposure_on_the_sky_has_its_visit(dropped) -> None:
    lonely = dropped.rows(
        "SELECT id FROM exposure e WHERE can_see_sky AND NOT EXISTS (SELECT FROM visit_definition d"
        " WHERE d.instrument = e.instrument AND d.exposure = e.id)"
    )

    assert lonely == []


def test_two_snaps_make_a_visit_together_and_one_each(dropped) -> None:
    visits = dropped.rows(
        "SELECT v.id, count(*) FROM visit v JOIN visit_definition d ON d.instrument = v.instrument"
        " AND d.visit = v.id WHERE v.instrument = 'LATISS' GROUP BY v.id ORDER BY v.id"
    )

    assert [tuple(row) for row in visits] == [
        (2026030100348, 2),
        (2026030100349, 1),
        (92026030100348, 1),
    ]


def test_metadata_come_from_the_cheapest_source(dropped) -> None:
    sources = dropped.rows(
        "SELECT exposure, array_agg(DISTINCT source) AS sources FROM raw_object"
        " WHERE kind = 'fits' AND exposure BETWEEN 300000 AND 300006 GROUP BY exposure"
    )

    # 0 index, 1 sidecar, 2 header.
    assert {row.exposure: row.sources for row in sources} == {
        300_000: [2],
        300_002: [2],
        300_004: [1],
        300_006: [0],
    }


def test_the_same_night_again_adds_nothing(dropped, night) -> None:
    tables = ("dataset", "dataset_file", "raw_object", "exposure", "visit", "visit_definition")
    count = ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    before = dropped.row(f"SELECT {count}")

    dropped.drop(*night[:60], *night[-4:])

    assert dropped.row(f"SELECT {count}") == before


def test_a_listing_of_the_bucket_finds_nothing_new(dropped, butler) -> None:
    report = ingest_locations(butler.client, ["s3://raw/hsc/2026-03-01/HSCE00300002"])

    assert {outcome.value: number for outcome, number in report.outcomes.items()} == {
        "duplicate": HSC_DETECTORS
    }


def test_a_raw_is_read_from_the_bucket_it_was_dropped_into(dropped, butler) -> None:
    ccd = butler.get("raw", instrument="HSC", exposure=300_002, detector=7)

    assert ccd.header["DET-ID"] == 7
    assert ccd.shape == (41, 64)


def test_bad_files_end_as_one_row_each_and_block_nothing(dropped) -> None:
    drops = bad_files()

    dropped.drop(*drops.values())

    rows = dropped.rows("SELECT key, state, code FROM raw_object WHERE key LIKE '%/odd/%'")
    found = {row.key: (row.state, row.code) for row in rows}
    assert {what: found[drop.key] for what, drop in drops.items()} == {
        "corrupt FITS": ("rejected", "no-end"),
        "bad JSON": ("rejected", "bad-sidecar"),
        "unknown instrument": ("rejected", "unknown-instrument"),
        "odd key": ("registered", ""),
    }
    assert dropped.messages("RawEventsQueueUrl") == 0


def test_a_late_sidecar_takes_the_place_of_the_header(dropped) -> None:
    header = hsc_header(hsc_exposure(310_000, target="X"), 5)
    dropped.drop(Drop("late/a.fits", make_fits(header)))

    body = json.dumps(header | {"OBJECT": "Y", "__CONTENT__": "metadata"}).encode()
    dropped.drop(Drop("late/a.json", body))

    exposed = dropped.row("SELECT target_name FROM exposure WHERE id = 310000")
    assert exposed.target_name == "Y"
    visit = "SELECT target_name FROM visit WHERE id = 310000"
    dropped.wait_until(lambda: dropped.row(visit).target_name == "Y")


def test_an_overwritten_file_keeps_its_uuid_and_shows_its_new_content(dropped) -> None:
    key = "overwritten/a.fits"
    dropped.drop(Drop(key, hsc_fits(320_000)))
    question = (
        "SELECT f.dataset, f.etag, f.size_bytes FROM dataset_file f JOIN raw_object o"
        " ON o.id = f.raw_object WHERE o.key = :key"
    )
    before = dropped.row(question, key=key)

    body = hsc_fits(320_000, OBSERVER="Somebody else")
    dropped.drop(Drop(key, body + bytes(2880)))

    after = dropped.row(question, key=key)
    assert after.dataset == before.dataset
    assert after.etag != before.etag
    assert after.size_bytes == len(body) + 2880


def test_a_removed_file_is_marked_gone_and_its_dataset_stays(dropped) -> None:
    key = "removed/a.fits"
    dropped.drop(Drop(key, hsc_fits(330_000)))

    dropped.client("s3").delete_object(Bucket="raw", Key=key)

    question = "SELECT state FROM raw_object WHERE key = :key"
    dropped.wait_until(lambda: dropped.row(question, key=key).state == "gone")
    assert len(dropped.rows("SELECT id FROM dataset WHERE exposure = 330000")) == 1


def test_a_file_of_an_instrument_to_come_waits_and_is_registered_when_it_comes(
    dropped, butler
) -> None:
    key = "suprimecam/a.fits"
    dropped.drop(Drop(key, make_fits(SUPRIMECAM)))
    question = "SELECT state, code FROM raw_object WHERE key = :key"
    assert tuple(dropped.row(question, key=key)) == ("waiting", "instrument-not-registered")

    register_instruments(butler.client.registry, ["SuprimeCam"])
    relay = dropped.state.outputs["RelayOutboxFunction"]

    def is_registered() -> bool:
        dropped.client("lambda").invoke(FunctionName=relay, Payload=b"{}")
        return bool(dropped.row(question, key=key).state == "registered")

    dropped.wait_until(is_registered)


def test_no_message_died(dropped) -> None:
    assert dropped.messages("RawEventsDeadLetterQueueUrl") == 0
    assert dropped.messages("VisitDeadLetterQueueUrl") == 0
