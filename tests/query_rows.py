"""Rows to be queried, and what Python finds among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from factories import BEGIN_NS, NOW
from underbutler.model.data_id import DataId
from underbutler.model.dataset import RAW, DatasetRef, DatasetType
from underbutler.model.dataset_id import dataset_uuid
from underbutler.model.timespan import NS_PER_S
from underbutler.registry import schema
from underbutler.registry.query import query_datasets, query_dimension_records
from underbutler.registry.registry import Registry
from underbutler.where.parse import parse_where

Row = dict[str, Any]
RUNS = ("HSC/raw/all", "LATISS/raw/all", "u/again")
BIAS = DatasetType.from_names("bias", ["instrument", "detector"], "ExposureF", is_calibration=True)
TARGETS = [None, "COSMOS", "cosmos", "Cosmos 2", "É", "e\N{COMBINING ACUTE ACCENT}", "", "_", "漢"]
MINUTE_NS = 60 * NS_PER_S


# Rows


def exposure_row(instrument: str, number: int) -> Row:
    """One of the exposures, its optional values missing here and there."""
    filters = ["HSC-G", "HSC-R", "HSC-R2"] if instrument == "HSC" else ["empty"]
    begin = None if number % 11 == 5 else BEGIN_NS + number * 10 * MINUTE_NS
    day = 20260301 + number // 12
    return {
        "instrument": instrument,
        "id": 1000 + number,
        "obs_id": f"{instrument[0]}E{number:08d}",
        # Those of one visit share what a visit has one of.
        "physical_filter": filters[number // 4 % len(filters)],
        "group": str(number // 2),
        "day_obs": day,
        "timespan_begin": begin,
        "timespan_end": None if begin is None else begin + 5 * MINUTE_NS,
        "exposure_time": None if number % 13 == 3 else [0.0, 30.5, 150.0][number % 3],
        "dark_time": [0.0, 30.5, 150.25][number % 3],
        "observation_type": ["science", "bias", "dark"][number % 3],
        "observation_reason": [None, "science"][number % 2],
        "seq_num": None if number % 9 == 4 else number % 12,
        "seq_start": number // 2 * 2 % 12,
        "seq_end": number // 2 * 2 % 12 + 1,
        "target_name": TARGETS[number % len(TARGETS)],
        "science_program": f"o{number % 4}",
        "tracking_ra": None if number % 3 else number * 12.5,
        "tracking_dec": None if number % 3 else number - 15.75,
        "sky_angle": 270.0,
        "azimuth": None,
        "zenith_angle": number / 2,
        "has_simulated": number % 5 == 0,
        "can_see_sky": [True, False, None][number % 3],
        "metadata_source": 2,
        "metadata_detector": 0,
        "metadata_uri": f"s3://raw/{number}.fits",
    }


def visit_row(exposure: Row, number: int) -> Row:
    """A visit that begins with an exposure."""
    taken = ("instrument", "physical_filter", "day_obs", "seq_num", "target_name", "azimuth")
    taken += ("timespan_begin", "timespan_end", "exposure_time", "observation_reason")
    taken += ("science_program", "zenith_angle")
    row = {name: exposure[name] for name in taken}
    return {**row, "id": number, "name": f"V{number}", "region": b"region"}


def make_rows() -> dict[sa.Table, list[Row]]:
    """A few hundred rows: two instruments, visits of none to two exposures, and raws."""
    names = ("HSC", "LATISS")
    exposures = [exposure_row(name, number) for name in names for number in range(30)]
    visits, definitions = [], []
    for row in exposures:
        number = row["id"] - 1000
        if number % 2 == 0 and number % 14:
            visits.append(visit_row(row, row["id"]))
            definitions += [
                {
                    "instrument": row["instrument"],
                    "exposure": row["id"] + offset,
                    "visit": row["id"],
                }
                for offset in (0, 1)
            ]
        if number % 5 == 0:
            visits.append(visit_row(row, row["id"] + 10_000))
            definitions.append(
                {
                    "instrument": row["instrument"],
                    "exposure": row["id"],
                    "visit": row["id"] + 10_000,
                }
            )
    filters = {"HSC-G": "g", "HSC-R": "r", "HSC-R2": "r", "empty": "white"}
    days = sorted({(row["instrument"], row["day_obs"]) for row in exposures})
    groups = sorted({(row["instrument"], row["group"]) for row in exposures})
    return {
        schema.instrument: [
            {
                "name": name,
                "visit_max": 10**9 + position,
                "exposure_max": 10**9,
                "detector_max": 200,
                "visit_system": None if position else 0,
                "class_name": f"test.{name}",
            }
            for position, name in enumerate(names)
        ],
        schema.detector: [
            {
                "instrument": name,
                "id": number,
                "full_name": f"1_{number:02d}",
                "name_in_raft": f"{number:02d}",
                "raft": None if number == 2 else f"R{number % 2}",
                "purpose": "SCIENCE" if number < 3 else "GUIDER",
            }
            for name in names
            for number in range(4)
        ],
        schema.physical_filter: [
            {"instrument": "LATISS" if name == "empty" else "HSC", "name": name, "band": band}
            for name, band in filters.items()
        ],
        schema.day_obs: [
            {
                "instrument": name,
                "id": day,
                "timespan_begin": None if day == 20260302 else BEGIN_NS + (day % 100) * MINUTE_NS,
                "timespan_end": None,
            }
            for name, day in days
        ],
        schema.exposure_group: [{"instrument": name, "name": group} for name, group in groups],
        schema.exposure: exposures,
        schema.visit: visits,
        schema.visit_definition: definitions,
        schema.subfilter: [{"band": band, "id": number} for band in "gr" for number in range(2)],
    }


def make_refs() -> list[DatasetRef]:
    """Raws of most detectors of all exposures, some of them in two runs."""
    refs = []
    for row in ROWS[schema.exposure]:
        for detector in range(4):
            values = {
                "instrument": row["instrument"],
                "exposure": row["id"],
                "detector": detector,
            }
            runs = [f"{row['instrument']}/raw/all"] * ((row["id"] + detector) % 6 != 0)
            runs += ["u/again"] * ((row["id"] + detector) % 4 == 0)
            refs += [raw(run, values) for run in runs]
    return refs


def raw(run: str, values: Mapping[str, Any]) -> DatasetRef:
    data_id = DataId(values)
    number = dataset_uuid("raw", run, data_id)
    return DatasetRef(id=number, dataset_type=RAW, data_id=data_id, run=run)


ROWS = make_rows()
REFS = make_refs()


def fill(registry: Registry) -> None:
    """Write all rows."""
    with registry.begin() as transaction:
        for table, rows in ROWS.items():
            transaction.connection.execute(sa.insert(table), rows)
        datasets = transaction.datasets
        kind = datasets.register_dataset_type(RAW)
        datasets.register_dataset_type(BIAS)
        for run in RUNS:
            number = datasets.register_collection(run)
            mine = [ref for ref in REFS if ref.run == run]
            datasets.insert(mine, dataset_type=kind, run=number, now=NOW)


def datasets(registry: Registry, where: str = "", **options: Any) -> list[DatasetRef]:
    """Ask for raws."""
    bind = options.pop("bind", None)
    runs = options.pop("runs", RUNS)
    with registry.read() as transaction:
        return query_datasets(
            transaction.connection,
            options.pop("dataset_type", RAW),
            runs,
            where=parse_where(where, bind),
            where_text=where,
            **options,
        )


def records(registry: Registry, element: str, where: str = "", **options: Any) -> list[Row]:
    """Ask for dimension records."""
    bind = options.pop("bind", None)
    with registry.read() as transaction:
        return query_dimension_records(
            transaction.connection,
            element,
            where=parse_where(where, bind),
            where_text=where,
            **options,
        )


# What Python finds: a row that could answer, with the values of all names that reach it


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of what a query is about, joined with what its names ask for."""

    answer: Any
    values: Row


def fields(element: str, row: Row) -> Row:
    """Values of an element's columns by the names that queries use."""
    return {
        f"{element}.{name.replace('timespan_', 'timespan.')}": value for name, value in row.items()
    }


@cache
def _indexed() -> dict[str, dict[tuple[Any, ...], Row]]:
    keys = {"instrument": ("name",), "physical_filter": ("instrument", "name")}
    return {
        table.name: {
            tuple(row[column] for column in keys.get(table.name, ("instrument", "id"))): row
            for row in ROWS[table]
        }
        for table in (
            schema.instrument,
            schema.detector,
            schema.physical_filter,
            schema.day_obs,
            schema.exposure,
            schema.visit,
        )
    }


def of_exposure(row: Row) -> Row:
    """Values of names that an exposure reaches."""
    instrument = row["instrument"]
    known = _indexed()
    kind = known["physical_filter"][instrument, row["physical_filter"]]
    return {
        "instrument": instrument,
        "exposure": row["id"],
        "physical_filter": row["physical_filter"],
        "day_obs": row["day_obs"],
        "group": row["group"],
        "band": kind["band"],
        **fields("instrument", known["instrument"][instrument,]),
        **fields("day_obs", known["day_obs"][instrument, row["day_obs"]]),
        **fields("exposure", row),
    }


def of_visit(row: Row) -> Row:
    """Values of names that a visit reaches, without its exposures."""
    shared = of_exposure(_indexed()["exposure"][row["instrument"], row["id"] % 10_000])
    left_out = ("exposure", "group")
    return {
        **{name: value for name, value in shared.items() if name.partition(".")[0] not in left_out},
        "visit": row["id"],
        **fields("visit", row),
    }


def visits_of(exposure: Row) -> list[Row]:
    """Visits that have an exposure."""
    return [
        _indexed()["visit"][row["instrument"], row["visit"]]
        for row in ROWS[schema.visit_definition]
        if (row["instrument"], row["exposure"]) == (exposure["instrument"], exposure["id"])
    ]


@cache
def raws(with_visits: bool) -> list[Candidate]:
    """Raws in order of data ID and run; with their visits, those that have any."""
    found = []
    for ref in sorted(REFS, key=lambda ref: (*_data_id_order(ref), RUNS.index(ref.run))):
        exposure = _indexed()["exposure"][ref.data_id["instrument"], ref.data_id["exposure"]]
        detector = _indexed()["detector"][ref.data_id["instrument"], ref.data_id["detector"]]
        values = {
            **of_exposure(exposure),
            "detector": detector["id"],
            **fields("detector", detector),
            "raw.run": ref.run,
        }
        joined = [of_visit(row) for row in visits_of(exposure)] if with_visits else [{}]
        found += [Candidate(ref, {**more, **values}) for more in joined]
    return found


def _data_id_order(ref: DatasetRef) -> tuple[Any, ...]:
    return tuple(ref.data_id[name] for name in sorted(ref.data_id))


@cache
def exposures(with_visits: bool) -> list[Candidate]:
    """Exposures in order; with their visits, those that have any."""
    return [
        Candidate((row["instrument"], row["id"]), {**more, **of_exposure(row)})
        for row in ROWS[schema.exposure]
        for more in ([of_visit(visit) for visit in visits_of(row)] if with_visits else [{}])
    ]


@cache
def visits(with_exposures: bool) -> list[Candidate]:
    """Visits in order; with their exposures, if asked for."""
    found = []
    for row in sorted(ROWS[schema.visit], key=lambda row: (row["instrument"], row["id"])):
        members = [
            of_exposure(_indexed()["exposure"][item["instrument"], item["exposure"]])
            for item in ROWS[schema.visit_definition]
            if (item["instrument"], item["visit"]) == (row["instrument"], row["id"])
        ]
        for member_values in members if with_exposures else [{}]:
            values = {**member_values, **of_visit(row)}
            # A group belongs to exposures, and is no visit's.
            values.pop("group", None)
            found.append(Candidate((row["instrument"], row["id"]), values))
    return found
