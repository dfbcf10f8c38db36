"""Conditions as text, and as what Python makes of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from query_rows import Candidate, Row
from underbutler.model.data_id import DataId
from underbutler.model.dataset import DatasetRef
from underbutler.model.timespan import NS_PER_S


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition; True, False or, of unknown values, None."""

    text: str
    holds: Callable[[Row], bool | None]
    names: frozenset[str]

    def __repr__(self) -> str:
        return self.text


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def written(value: Any, name: str) -> str:
    """Write a value as a literal."""
    if isinstance(value, str):
        return f"'{value}'"
    if ".timespan." in name:
        instant = datetime(1970, 1, 1) + timedelta(seconds=value // NS_PER_S)  # noqa: DTZ001
        return f"T'{instant.isoformat()}'"
    return str(value)


def comparison(name: str, sign: str, value: Any, is_mirrored: bool) -> Condition:
    compare = OPERATORS[sign]
    literal = written(value, name)
    text = f"{literal} {MIRRORED[sign]} {name}" if is_mirrored else f"{name} {sign} {literal}"

    def holds(row: Row) -> bool | None:
        return None if row[name] is None else compare(row[name], value)

    return Condition(text, holds, frozenset({name}))


def comparison_of_names(first: str, sign: str, second: str) -> Condition:
    compare = OPERATORS[sign]

    def holds(row: Row) -> bool | None:
        return None if None in (row[first], row[second]) else compare(row[first], row[second])

    return Condition(f"{first} {sign} {second}", holds, frozenset({first, second}))


def member(name: str, values: Sequence[Any], ranges: Sequence[range], is_not: bool) -> Condition:
    items = [written(value, name) for value in values]
    items += [
        f"{item.start}..{item.stop - 1}" + (f":{item.step}" if item.step > 1 else "")
        for item in ranges
    ]
    allowed = {*values, *(number for item in ranges for number in item)}

    def holds(row: Row) -> bool | None:
        return None if row[name] is None else (row[name] in allowed) is not is_not

    word = "NOT IN" if is_not else "IN"
    return Condition(f"{name} {word} ({', '.join(items)})", holds, frozenset({name}))


def null(name: str, is_not: bool) -> Condition:
    text = f"{name} IS {'NOT ' * is_not}NULL"
    return Condition(text, lambda row: (row[name] is None) is not is_not, frozenset({name}))


def flag(name: str) -> Condition:
    return Condition(name, lambda row: row[name] is True, frozenset({name}))


def negation(part: Condition) -> Condition:
    def holds(row: Row) -> bool | None:
        value = part.holds(row)
        return None if value is None else not value

    return Condition(f"NOT ({part.text})", holds, part.names)


def conjunction(parts: Sequence[Condition]) -> Condition:
    def holds(row: Row) -> bool | None:
        values = [part.holds(row) for part in parts]
        return False if False in values else None if None in values else True

    return _joined(" AND ", parts, holds)


def disjunction(parts: Sequence[Condition]) -> Condition:
    def holds(row: Row) -> bool | None:
        values = [part.holds(row) for part in parts]
        return True if True in values else None if None in values else False

    return _joined(" OR ", parts, holds)


def _joined(
    word: str, parts: Sequence[Condition], holds: Callable[[Row], bool | None]
) -> Condition:
    names = frozenset[str]().union(*(part.names for part in parts))
    return Condition(word.join(f"({part.text})" for part in parts), holds, names)


# Names by the type of their values; those that a query knows are among them.
INTEGERS = {"exposure", "detector", "visit", "day_obs", "exposure.seq_num", "visit.seq_num"}


INTEGERS |= {"exposure.day_obs", "instrument.visit_max", "instrument.visit_system"}


NUMBERS = {"exposure.exposure_time", "exposure.tracking_ra", "exposure.tracking_dec"}


NUMBERS |= {"exposure.zenith_angle", "visit.exposure_time"}


STRINGS = {"instrument", "band", "physical_filter", "group", "exposure.target_name", "visit.name"}


STRINGS |= {"exposure.observation_type", "detector.raft", "detector.purpose", "raw.run"}


TIMES = {"exposure.timespan.begin", "exposure.timespan.end", "visit.timespan.begin"}


TIMES |= {"day_obs.timespan.begin"}


FLAGS = {"exposure.has_simulated", "exposure.can_see_sky"}
PAIRS = [
    ("exposure.seq_num", "exposure.seq_start"),
    ("exposure.timespan.begin", "day_obs.timespan.begin"),
    ("exposure.exposure_time", "exposure.dark_time"),
    ("exposure.seq_num", "exposure.zenith_angle"),
    ("exposure.observation_type", "exposure.observation_reason"),
    ("exposure", "visit"),
    ("visit.name", "visit.target_name"),
]


def conditions(candidates: Sequence[Candidate]) -> st.SearchStrategy[Condition]:
    """Expressions of the names that these candidates have values of."""
    values = {
        name: sorted({item.values[name] for item in candidates} - {None})
        for name in candidates[0].values
    }
    known = values.keys()

    def literal(name: str) -> st.SearchStrategy[Any]:
        near = st.sampled_from(values[name])
        if name in INTEGERS:
            return near | near.map(lambda value: value + 1) | st.integers(-3, 3)
        if name in NUMBERS:
            return near | near.map(lambda value: value + 0.125) | st.integers(-200, 200)
        if name in TIMES:
            return near | near.map(lambda value: value + NS_PER_S)
        return near | st.sampled_from(["", "A", "a", "\N{GRINNING FACE}", "e", "Z%_"])

    def on(names: set[str]) -> st.SearchStrategy[str]:
        return st.sampled_from(sorted(names & known))

    sign, yes = st.sampled_from(sorted(OPERATORS)), st.booleans()
    ranges = st.builds(
        lambda first, more, step: range(first, first + more + 1, step),
        st.integers(-2, 12) | st.integers(998, 1030) | st.just(20260301),
        st.integers(0, 12),
        st.integers(1, 4),
    )
    comparable = on(INTEGERS | NUMBERS | STRINGS | TIMES)
    simple = st.one_of(
        comparable.flatmap(
            lambda name: st.builds(comparison, st.just(name), sign, literal(name), yes)
        ),
        on(INTEGERS | STRINGS | TIMES).flatmap(
            lambda name: st.builds(
                member,
                st.just(name),
                st.lists(literal(name), min_size=1, max_size=4),
                st.lists(ranges, max_size=2) if name in INTEGERS else st.just([]),
                yes,
            )
        ),
        st.builds(null, comparable, yes),
        st.builds(flag, on(FLAGS)) if FLAGS & known else st.nothing(),
        st.sampled_from([pair for pair in PAIRS if known >= set(pair)]).flatmap(
            lambda pair: st.builds(comparison_of_names, st.just(pair[0]), sign, st.just(pair[1]))
        ),
    )
    several = {"min_size": 2, "max_size": 3}
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            inner.map(negation),
            st.lists(inner, **several).map(conjunction),
            st.lists(inner, **several).map(disjunction),
        ),
        max_leaves=5,
    )


def asks_for(condition: Condition, element: str) -> bool:
    return any(name.partition(".")[0] == element for name in condition.names)


def answers(candidates: Sequence[Candidate], condition: Condition) -> list[Any]:
    """What holds, each answer once, in order."""
    return list(
        dict.fromkeys(item.answer for item in candidates if condition.holds(item.values) is True)
    )


def first_found(refs: Sequence[DatasetRef]) -> list[DatasetRef]:
    """Of equal data IDs the one in the first run; refs are in this order."""
    first: dict[DataId, DatasetRef] = {}
    for ref in refs:
        first.setdefault(ref.data_id, ref)
    return list(first.values())


def keys(rows: Sequence[Row]) -> list[tuple[str, int]]:
    return [(row["instrument"], row["id"]) for row in rows]
