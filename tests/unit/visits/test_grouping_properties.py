"""What is true of the visits of any nights."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from latiss_exposures import (
    BY_COUNTER,
    ONE_TO_ONE,
    latiss,
)
from underbutler.model.dimension_records import ExposureRecord
from underbutler.model.instrument import Grouper
from underbutler.visits.grouping import (
    VisitSystem,
    group_exposures,
    lock_key,
)

CIRCUMSTANCES = st.fixed_dictionaries(
    {
        "group": st.sampled_from(["1", "2", "3 b", "none"]),
        "sky_angle": st.sampled_from([0.0, 10.0, 20.0, None]),
        "physical_filter": st.sampled_from(["g", "g", "g", "r"]),
    }
)


@st.composite
def nights(draw) -> list[ExposureRecord]:
    """Draw two nights of sequences with the same counters, some exposures missing or blind."""
    exposures = []
    for day_obs in (20220405, 20220406):
        start = 1
        for length in draw(st.lists(st.integers(1, 4), max_size=4)):
            end = start + length - 1
            exposures += [
                latiss(seq_num, start, end, day_obs=day_obs, **draw(CIRCUMSTANCES))
                for seq_num in range(start, end + 1)
                if draw(st.integers(0, 4))
            ]
            start = end + 1
    return exposures


groupers = st.sampled_from(Grouper)


@given(nights(), groupers, st.randoms(use_true_random=False))
def test_the_order_of_exposures_does_not_matter(exposures, grouper, random):
    shuffled = random.sample(exposures, len(exposures))

    assert group_exposures(shuffled, grouper) == group_exposures(exposures, grouper)


@given(nights(), st.sampled_from([ONE_TO_ONE, BY_COUNTER]))
def test_every_exposure_on_the_sky_is_in_exactly_one_visit_of_one(exposures, grouper):
    members = Counter(
        exposure.id
        for visit in group_exposures(exposures, grouper).visits
        if VisitSystem.ONE_TO_ONE in visit.systems
        for exposure in visit.exposures
    )

    assert members == {exposure.id: 1 for exposure in exposures if not exposure.not_on_sky}


@given(nights())
def test_no_visit_by_counter_spans_two_nights(exposures):
    for visit in group_exposures(exposures, BY_COUNTER).visits:
        assert len({exposure.day_obs for exposure in visit.exposures}) == 1


@given(nights(), groupers)
def test_visits_have_ids_of_their_own_in_ascending_order(exposures, grouper):
    ids = [visit.id for visit in group_exposures(exposures, grouper).visits]

    assert ids == sorted(set(ids))


@given(nights(), groupers)
def test_a_visit_has_exposures_of_one_filter_in_order(exposures, grouper):
    for visit in group_exposures(exposures, grouper).visits:
        assert len({exposure.physical_filter for exposure in visit.exposures}) == 1
        assert list(visit.exposures) == sorted(visit.exposures, key=lambda e: (e.seq_num, e.id))


@given(nights(), groupers)
def test_exposures_of_one_lock_make_their_visits_without_the_others(exposures, grouper):
    by_lock: dict[str, list[ExposureRecord]] = {}
    for exposure in exposures:
        by_lock.setdefault(lock_key(exposure, grouper), []).append(exposure)

    apart = [group_exposures(members, grouper) for members in by_lock.values()]

    together = group_exposures(exposures, grouper)
    assert {visit.id: visit for part in apart for visit in part.visits} == {
        visit.id: visit for visit in together.visits
    }
    assert sorted(p.exposure for part in apart for p in part.problems) == [
        problem.exposure for problem in together.problems
    ]
