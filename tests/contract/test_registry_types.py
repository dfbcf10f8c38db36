"""Values of every column type come back as they went in, in both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from factories import exposure_metadata, raw_object, save_exposures, visit
from underbutler.metadata.translated import properties_from_translated
from underbutler.registry.registry import Registry

ODD_TEXTS = [
    "",
    " ",
    "trailing space ",
    "'; DROP TABLE dataset; --",
    "\"double\" 'single' `back`",
    "50% of %s, %(name)s and :bind",
    "back\\slash \\n {braces} NULL",
    "two\nlines\tand a tab",
    "α β é \N{GRINNING FACE} 漢字",
    "e\N{COMBINING ACUTE ACCENT} is not é",
    "\N{ZERO WIDTH SPACE}\N{RIGHT-TO-LEFT OVERRIDE}",
    "x" * 100_000,
]
FLOATS = [
    0.0,
    0.1,
    0.1 + 0.2,
    1 / 3,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    -123456789.123456789,
    9007199254740993.0,
    1e22,
    150.0,
]
LONG_INTEGERS = [0, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
SHORT_INTEGERS = [0, -1, 2**31 - 1, -(2**31)]
INSTANTS = [
    datetime(2026, 3, 1, 5, 4, 3, 123456, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
]
UUIDS = [UUID(int=0), UUID(int=2**128 - 1), UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")]


def through_raw_objects(registry: Registry, field: str, values: list[Any]) -> list[Any]:
    """Write objects with these values of a field; returns the values that are read back."""
    written = [raw_object(f"{n:03d}.fits", **{field: value}) for n, value in enumerate(values)]
    with registry.begin() as transaction:
        transaction.objects.save(written, datetime(2026, 3, 1, tzinfo=UTC))
    with registry.read() as transaction:
        found = transaction.objects.with_stems([("raw", item.stem) for item in written])
    return [getattr(item, field) for item in sorted(found, key=lambda item: item.key)]


def test_text_comes_back_as_it_was(registry: Registry):
    assert through_raw_objects(registry, "message", ODD_TEXTS) == ODD_TEXTS


def test_floats_come_back_to_the_bit(registry: Registry):
    with registry.begin() as transaction:
        save_exposures(
            transaction,
            *(exposure_metadata(id=n, dark_time=value) for n, value in enumerate(FLOATS)),
        )
        found = transaction.dimensions.lock_exposures([("HSC", n) for n in range(len(FLOATS))])
    assert [found["HSC", n].record.dark_time.hex() for n in range(len(FLOATS))] == [
        value.hex() for value in FLOATS
    ]


def test_64_bit_integers_come_back_as_they_were(registry: Registry):
    assert through_raw_objects(registry, "exposure", LONG_INTEGERS) == LONG_INTEGERS


def test_32_bit_integers_come_back_as_they_were(registry: Registry):
    assert through_raw_objects(registry, "detector", SHORT_INTEGERS) == SHORT_INTEGERS


def test_uuids_come_back_as_they_were(registry: Registry):
    assert through_raw_objects(registry, "observation", UUIDS) == UUIDS


def test_instants_come_back_to_the_microsecond(registry: Registry):
    assert through_raw_objects(registry, "next_attempt", INSTANTS) == INSTANTS


def test_instants_come_back_in_utc_whatever_their_time_zone(registry: Registry):
    in_hilo = datetime(2026, 3, 1, 5, 0, tzinfo=timezone(timedelta(hours=-10)))
    (found,) = through_raw_objects(registry, "next_attempt", [in_hilo])
    assert (found, found.utcoffset()) == (in_hilo, timedelta(0))


def test_minus_zero_does_not_get_as_far_as_a_database_which_would_not_keep_its_sign():
    assert str(properties_from_translated({"dark_time": -0.0}).dark_time) == "0.0"


def test_flags_come_back_as_they_were(registry: Registry):
    flags = [True, False, None]
    with registry.begin() as transaction:
        save_exposures(
            transaction,
            *(exposure_metadata(id=n, can_see_sky=value) for n, value in enumerate(flags)),
        )
        found = transaction.dimensions.lock_exposures([("HSC", n) for n in range(3)])
    assert [found["HSC", n].record.can_see_sky for n in range(3)] == flags


def test_bytes_come_back_as_they_were(registry: Registry):
    every_byte = bytes(range(256))
    with registry.begin() as transaction:
        save_exposures(transaction, exposure_metadata())
        tables = transaction.visits("HSC")
        tables.register_systems({0: "one-to-one"})
        tables.save([visit(detector_regions={0: every_byte, 1: b""})])
        rows = transaction.connection.exec_driver_sql(
            "SELECT region FROM visit_detector_region ORDER BY detector"
        )
        assert [bytes(region) for (region,) in rows] == [every_byte, b""]
