"""What a query costs does not grow with the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from factories import NOW, raw_object
from query_rows import Row
from underbutler.model.announcement import Announcement, Queue
from underbutler.model.dataset import RAW
from underbutler.registry import schema
from underbutler.registry.engine import connect_registry
from underbutler.registry.query import query_datasets, query_dimension_records
from underbutler.registry.registry import Registry
from underbutler.where.parse import parse_where

MANY = 50_000
LARGE = {
    table.name
    for table in (
        schema.dataset,
        schema.dataset_file,
        schema.exposure,
        schema.exposure_group,
        schema.outbox,
        schema.raw_object,
        schema.visit,
        schema.visit_definition,
    )
}
# Four detectors an exposure that is there, a hundred exposures a night, one object in a hundred
# a problem.
MANY_ROWS = f"""
    SET session_replication_role = replica;
    INSERT INTO instrument VALUES ('HSC', 1000000000, 1000000000, 200, 0, 'test.HSC');
    INSERT INTO physical_filter VALUES ('HSC', 'HSC-G', 'g'), ('HSC', 'HSC-R', 'r');
    INSERT INTO detector SELECT 'HSC', n, n::text FROM generate_series(0, 3) AS n;
    INSERT INTO day_obs SELECT 'HSC', n FROM generate_series(0, {MANY} / 100) AS n;
    INSERT INTO exposure_group SELECT 'HSC', n::text FROM generate_series(1, {MANY}) AS n;
    INSERT INTO exposure (instrument, id, obs_id, physical_filter, "group", day_obs,
        timespan_begin, timespan_end, observation_type, seq_num, seq_start, seq_end,
        has_simulated, metadata_source, metadata_detector, metadata_uri, metadata_corrections)
    SELECT 'HSC', n, 'HSCE' || n, CASE n % 2 WHEN 0 THEN 'HSC-G' ELSE 'HSC-R' END, n::text, n / 100,
        n * 1000, n * 1000 + 500, 'science', n % 100, n % 100, n % 100, false, 2, 0, '',
        CASE n % 1000 WHEN 1 THEN '{{}}' END
    FROM generate_series(1, {MANY}) AS n;
    INSERT INTO visit (instrument, id, name, physical_filter, day_obs, seq_num)
    SELECT 'HSC', n, 'V' || n, 'HSC-G', n / 100, n % 100 FROM generate_series(1, {MANY}) AS n;
    INSERT INTO visit_definition SELECT 'HSC', n, n FROM generate_series(1, {MANY}) AS n;
    INSERT INTO dataset_type (name, dimensions, storage_class, is_calibration)
    VALUES ('raw', 'detector,exposure,instrument', 'Exposure', false);
    INSERT INTO collection (name, type, doc) VALUES ('HSC/raw/all', 1, ''), ('u/again', 1, '');
    INSERT INTO dataset (id, dataset_type, run, data_key, instrument, exposure, detector,
        ingested_at)
    SELECT md5('id' || n)::uuid, t.id, c.id, md5('key' || n)::uuid, 'HSC', n / 4, n % 4, now()
    FROM generate_series(4, {MANY} + 3) AS n, dataset_type AS t, collection AS c
    WHERE c.name = 'HSC/raw/all';
    INSERT INTO raw_object (bucket, key, stem, kind, state, code, message, attempts, next_attempt,
        dataset_type, instrument, exposure, detector, hdus, source_key, observation,
        first_seen, last_seen)
    SELECT 'raw', 'n/' || n || '.fits', 'n/' || n, 'fits',
        CASE n % 100 WHEN 0 THEN 'waiting' ELSE 'registered' END,
        CASE n % 100 WHEN 0 THEN 'instrument-not-registered' ELSE '' END, '', 1,
        CASE n % 100 WHEN 0 THEN timestamptz '2026-03-01' + n * interval '1 second' END,
        'raw', 'HSC', n / 4, n % 4, CASE n % 100 WHEN 1 THEN '[[0,1],[1,2]]' END,
        'n/' || n / 100 || '/_index.json', md5('o' || n)::uuid, now(), now()
    FROM generate_series(1, {MANY}) AS n;
    INSERT INTO dataset_file (dataset, component, uri, formatter, raw_object)
    SELECT md5('id' || n)::uuid, '', 's3://raw/n/' || n || '.fits', 'fits-raw', n - 3
    FROM generate_series(4, {MANY} + 3) AS n;
    INSERT INTO outbox (dedup_key, destination, payload, revision, created_at)
    SELECT 'visit/HSC/' || n, 'visits', '{{}}', 0,
        timestamptz '2026-03-01' + n * interval '1 second'
    FROM generate_series(1, {MANY}) AS n;
    SET session_replication_role = DEFAULT;
    ANALYZE;
"""


def asked_datasets(where: str = "", runs: Sequence[str] = ("HSC/raw/all",), **options: Any) -> Any:
    return lambda transaction: query_datasets(
        transaction.connection, RAW, runs, where=parse_where(where), where_text=where, **options
    )


def asked_records(element: str, where: str) -> Any:
    return lambda transaction: query_dimension_records(
        transaction.connection, element, where=parse_where(where), where_text=where
    )


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "datasets of a data ID": asked_datasets(
        data_id={"instrument": "HSC", "exposure": 1000, "detector": 2}
    ),
    "the first dataset of a data ID": asked_datasets(
        data_id={"instrument": "HSC", "exposure": 1000, "detector": 2},
        runs=["u/again", "HSC/raw/all"],
        limit=1,
    ),
    "datasets of a range of exposures": asked_datasets(
        "instrument = 'HSC' AND exposure IN (1000..1010)"
    ),
    "datasets between two exposures": asked_datasets(
        "instrument = 'HSC' AND exposure >= 1000 AND exposure < 1010"
    ),
    "datasets of a night": asked_datasets("instrument = 'HSC' AND day_obs = 77"),
    "datasets of a visit": asked_datasets("instrument = 'HSC' AND visit = 1000"),
    "datasets of a time": asked_datasets(
        "instrument = 'HSC' AND exposure.timespan.begin >= 5000000"
        " AND exposure.timespan.begin < 5010000"
    ),
    "datasets at URIs": lambda transaction: transaction.datasets.stored_at(
        [f"s3://raw/n/{number}.fits" for number in range(100, 110)]
    ),
    "files of datasets": lambda transaction: transaction.datasets.files(
        [ref.id for ref in asked_datasets("exposure = 1000 AND instrument = 'HSC'")(transaction)]
    ),
    "exposures of a night": asked_records("exposure", "instrument = 'HSC' AND day_obs = 77"),
    "an exposure by its name": asked_records(
        "exposure", "instrument = 'HSC' AND exposure.obs_id = 'HSCE1000'"
    ),
    "exposures of a group": asked_records("exposure", "instrument = 'HSC' AND group = '1000'"),
    "visits of a night": asked_records("visit", "instrument = 'HSC' AND day_obs = 77"),
    "a visit by its name": asked_records("visit", "instrument = 'HSC' AND visit.name = 'V1000'"),
    "objects by stem": lambda transaction: transaction.objects.with_stems(
        [("raw", f"n/{number}") for number in range(100, 110)]
    ),
    "objects by key": lambda transaction: transaction.objects.save(
        [raw_object(f"n/{number}.fits") for number in range(100, 110)], NOW
    ),
    "objects of data IDs": lambda transaction: transaction.objects.claiming(
        [("raw", "HSC", 1000, detector) for detector in range(4)]
    ),
    "files of exposures": lambda transaction: transaction.objects.of_exposures(
        [("HSC", number) for number in range(1000, 1010)]
    ),
    "objects that wait for their exposure": (
        lambda transaction: transaction.objects.waiting_for_exposures(
            [("HSC", 1025)], "instrument-not-registered"
        )
    ),
    "corrected exposures": lambda transaction: transaction.dimensions.corrected_exposures(
        "HSC", ["HSCE7", "HSCE8"]
    ),
    "objects of exposures": lambda transaction: transaction.objects.candidates(
        [("HSC", number) for number in range(1000, 1010)]
    ),
    "objects of an index": lambda transaction: transaction.objects.described_by(
        "raw", "n/100/_index.json"
    ),
    "objects that are due": lambda transaction: transaction.objects.due(NOW, 100),
    "objects that wait for an instrument": (
        lambda transaction: transaction.objects.waiting_for_instruments(
            ["HSC"], "instrument-not-registered"
        )
    ),
    "messages that stand longest": lambda transaction: transaction.outbox.oldest(NOW, 100),
    "messages by key": lambda transaction: transaction.outbox.announce(
        [Announcement(dedup_key="visit/HSC/1000", destination=Queue.VISITS, payload={})], NOW
    ),
}


@pytest.fixture(scope="module")
def crowded(postgres_copy: Callable[[], str]) -> Iterator[Registry]:
    """A registry on PostgreSQL with many rows, and statistics of them."""
    registry = Registry(connect_registry(postgres_copy()))
    with registry.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(MANY_ROWS.replace("%", "%%"))
    yield registry
    registry.close()


def nodes(plan: Row) -> Iterator[Row]:
    """Steps of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def tables_read_whole(registry: Registry, ask: Callable[[Any], Any]) -> set[str]:
    """Ask, and tell which tables PostgreSQL goes through row by row for it."""
    asked: list[tuple[str, Any]] = []

    def record(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    with registry.begin() as transaction:
        sa.event.listen(transaction.connection, "before_cursor_execute", record)
        assert ask(transaction)
        sa.event.remove(transaction.connection, "before_cursor_execute", record)
        plans = [
            transaction.connection.exec_driver_sql(
                f"EXPLAIN (FORMAT JSON) {statement}", parameters
            ).scalar_one()[0]["Plan"]
            for statement, parameters in asked
        ]
    steps = [step for plan in plans for step in nodes(plan)]
    return {step["Relation Name"] for step in steps if "Seq Scan" in step["Node Type"]}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_the_whole_of_a_large_table(crowded: Registry, question: str):
    assert not tables_read_whole(crowded, QUESTIONS[question]) & LARGE


def test_a_question_that_no_index_answers_reads_a_whole_table(crowded: Registry):
    ask = asked_records("exposure", "exposure.zenith_angle IS NULL AND exposure.seq_end = 7")
    assert tables_read_whole(crowded, ask) == {"exposure"}
