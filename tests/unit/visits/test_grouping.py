from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from latiss_exposures import (
    BY_COUNTER,
    BY_GROUP,
    EXPOSURE,
    ONE_TO_ONE,
    latiss,
    problems_of,
    visits_of,
)
from underbutler.model.instrument import Grouper
from underbutler.visits.grouping import (
    Grouping,
    VisitSystem,
    group_exposures,
    lock_key,
    systems_of,
)

SINGLE = latiss(347, 347, 347)
FIRST, SECOND = latiss(348, 348, 349), latiss(349, 348, 349)


class TestByCounter:
    def test_a_sequence_makes_a_visit_of_all_and_one_of_each(self):
        assert visits_of(group_exposures([SINGLE, FIRST, SECOND], BY_COUNTER)) == [
            (2022040500347, "AT_O_20220405_000347", [0, 2], [2022040500347]),
            (2022040500348, "AT_O_20220405_000348", [2], [2022040500348, 2022040500349]),
            (2022040500349, "AT_O_20220405_000349", [0], [2022040500349]),
            (92022040500348, "AT_O_20220405_000348_first", [0], [2022040500348]),
        ]

    def test_a_sequence_without_its_first_makes_visits_of_one_only(self):
        assert visits_of(group_exposures([SINGLE, SECOND], BY_COUNTER)) == [
            (2022040500347, "AT_O_20220405_000347", [0, 2], [2022040500347]),
            (2022040500349, "AT_O_20220405_000349", [0], [2022040500349]),
        ]

    def test_a_sequence_of_which_only_the_first_is_there_makes_its_visit_of_all(self):
        assert visits_of(group_exposures([FIRST], BY_COUNTER)) == [
            (2022040500348, "AT_O_20220405_000348", [2], [2022040500348]),
            (92022040500348, "AT_O_20220405_000348_first", [0], [2022040500348]),
        ]

    @pytest.mark.parametrize(
        "order", [*itertools.permutations([latiss(seq_num, 10, 12) for seq_num in (10, 11, 12)])]
    )
    def test_three_snaps_make_the_same_visits_in_any_order(self, order):
        assert visits_of(group_exposures(order, BY_COUNTER)) == [
            (2022040500010, "AT_O_20220405_000010", [2], [2022040500010 + n for n in range(3)]),
            (2022040500011, "AT_O_20220405_000011", [0], [2022040500011]),
            (2022040500012, "AT_O_20220405_000012", [0], [2022040500012]),
            (92022040500010, "AT_O_20220405_000010_first", [0], [2022040500010]),
        ]

    def test_the_same_counters_of_another_night_make_another_visit(self):
        other_night = latiss(349, 348, 349, day_obs=20220406)

        grouping = group_exposures([FIRST, other_night], BY_COUNTER)

        assert visits_of(grouping) == [
            (2022040500348, "AT_O_20220405_000348", [2], [2022040500348]),
            (2022040600349, "AT_O_20220406_000349", [0], [2022040600349]),
            (92022040500348, "AT_O_20220405_000348_first", [0], [2022040500348]),
        ]

    def test_the_same_counters_of_another_instrument_make_another_visit(self):
        grouping = group_exposures([FIRST, replace(SECOND, instrument="LSSTCam")], BY_COUNTER)

        assert [visit.instrument for visit in grouping.visits if len(visit.exposures) > 1] == []

    def test_an_exposure_without_a_counter_is_in_both_systems(self):
        uncounted = replace(latiss(5, 0, 0), seq_num=None)

        assert visits_of(group_exposures([uncounted], BY_COUNTER)) == [
            (uncounted.id, uncounted.obs_id, [0, 2], [uncounted.id])
        ]

    def test_mixed_filters_keep_the_visits_of_one_with_the_ids_they_would_have_had(self):
        grouping = group_exposures(
            [FIRST, replace(SECOND, physical_filter="SDSSg_65mm~empty")], BY_COUNTER
        )

        assert visits_of(grouping) == [
            (2022040500349, "AT_O_20220405_000349", [0], [2022040500349]),
            (92022040500348, "AT_O_20220405_000348_first", [0], [2022040500348]),
        ]
        assert problems_of(grouping) == [
            (FIRST.id, "mixed-filter"),
            (SECOND.id, "mixed-filter"),
        ]

    def test_a_visit_whose_own_id_has_over_63_bits_is_a_problem_of_that_visit_alone(self):
        # It fits 63 bits, but not with a 9 before it.
        big = replace(FIRST, id=10**18)

        grouping = group_exposures([big, SECOND], BY_COUNTER)

        assert [visit.id for visit in grouping.visits] == [SECOND.id, big.id]
        assert problems_of(grouping) == [(big.id, "visit-id-too-large")]

    def test_two_visits_never_have_one_id(self):
        taken = replace(SINGLE, id=int(f"9{FIRST.id}"), obs_id="Z")

        grouping = group_exposures([taken, FIRST, SECOND], BY_COUNTER)

        assert Counter(visit.id for visit in grouping.visits)[taken.id] == 1
        assert problems_of(grouping) == [(taken.id, "duplicate-visit-id")]


class TestByGroup:
    def test_the_digits_of_the_groups_name_are_the_visits_id(self):
        grouping = group_exposures([EXPOSURE], BY_GROUP)

        assert visits_of(grouping) == [
            (20220406025653255, "2022-04-06T02:56:53.255", [1], [EXPOSURE.id])
        ]

    def test_a_group_may_be_observed_over_midnight(self):
        night = latiss(1, 1, 1, group="field 7"), latiss(1, 1, 1, day_obs=20220406, group="field 7")

        assert visits_of(group_exposures(night, BY_GROUP)) == [
            (7, "field 7", [1], [night[0].id, night[1].id])
        ]

    def test_members_are_in_order_of_their_counter_then_of_their_id(self):
        exposures = [
            latiss(9, 9, 9, group="1", id=1),
            latiss(8, 8, 8, group="1", id=3),
            latiss(8, 8, 8, group="1", id=2),
            replace(latiss(0, 0, 0, group="1", id=0), seq_num=None),
        ]

        assert visits_of(group_exposures(exposures, BY_GROUP)) == [(1, "1", [1], [2, 3, 1, 0])]

    def test_a_groups_name_without_digits_makes_no_visit(self):
        grouping = group_exposures([replace(EXPOSURE, group="dome flats")], BY_GROUP)

        assert grouping.visits == ()
        assert problems_of(grouping) == [(EXPOSURE.id, "bad-group-name")]
        assert "'dome flats'" in grouping.problems[0].message

    def test_mixed_filters_make_no_visit(self):
        exposures = [
            replace(EXPOSURE, physical_filter="r"),
            replace(EXPOSURE, id=1, physical_filter="g"),
        ]

        grouping = group_exposures(exposures, BY_GROUP)

        assert grouping.visits == ()
        assert problems_of(grouping) == [(1, "mixed-filter"), (EXPOSURE.id, "mixed-filter")]
        assert "g, r" in grouping.problems[0].message

    @pytest.mark.parametrize("group", ["9223372036854775808", "1" * 250])
    def test_a_group_id_of_over_63_bits_makes_no_visit(self, group):
        grouping = group_exposures([replace(EXPOSURE, group=group)], BY_GROUP)

        assert grouping.visits == ()
        assert problems_of(grouping) == [(EXPOSURE.id, "visit-id-too-large")]

    def test_the_largest_id_of_63_bits_makes_a_visit(self):
        grouping = group_exposures([replace(EXPOSURE, group="9223372036854775807")], BY_GROUP)

        assert [visit.id for visit in grouping.visits] == [2**63 - 1]

    @pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
    def test_of_two_groups_with_the_same_digits_the_first_by_name_makes_the_visit(self, order):
        exposures = [replace(EXPOSURE, group="a-1"), replace(EXPOSURE, id=5, group="b-1")]

        grouping = group_exposures(exposures[order], BY_GROUP)

        assert visits_of(grouping) == [(1, "a-1", [1], [EXPOSURE.id])]
        assert problems_of(grouping) == [(5, "duplicate-visit-id")]


class TestOnSky:
    @pytest.mark.parametrize("grouper", Grouper)
    @pytest.mark.parametrize(
        "change",
        [
            {"tracking_ra": None},
            {"tracking_dec": None},
            {"sky_angle": None},
            {"can_see_sky": False},
        ],
    )
    def test_an_exposure_that_saw_no_sky_makes_no_visit(self, grouper, change):
        blind = replace(EXPOSURE, **change)

        grouping = group_exposures([blind], grouper)

        assert grouping.visits == ()
        assert problems_of(grouping) == [(blind.id, "not-on-sky")]
        assert next(iter(change)) in grouping.problems[0].message

    @pytest.mark.parametrize("grouper", Grouper)
    def test_an_exposure_that_may_have_seen_sky_makes_a_visit(self, grouper):
        assert len(group_exposures([replace(EXPOSURE, can_see_sky=None)], grouper).visits) == 1

    @pytest.mark.parametrize("grouper", [BY_GROUP, BY_COUNTER])
    def test_an_exposure_that_saw_no_sky_is_no_sibling(self, grouper):
        seeing = group_exposures([FIRST], grouper)
        with_blind = group_exposures(
            [FIRST, replace(SECOND, sky_angle=None, physical_filter="other")], grouper
        )

        assert with_blind.visits == seeing.visits


class TestInput:
    @pytest.mark.parametrize("grouper", Grouper)
    def test_no_exposures_make_no_visits(self, grouper):
        assert group_exposures([], grouper) == Grouping(visits=(), problems=())

    @pytest.mark.parametrize("grouper", Grouper)
    def test_an_exposure_given_twice_counts_once(self, grouper):
        once = group_exposures([FIRST, SECOND], grouper)

        assert group_exposures([FIRST, SECOND, replace(FIRST)], grouper) == once

    def test_two_accounts_of_one_exposure_are_refused(self):
        with pytest.raises(ValueError, match=f"Exposure {FIRST.id} of LATISS"):
            group_exposures([FIRST, replace(FIRST, exposure_time=1.0)], ONE_TO_ONE)


class TestSystems:
    def test_systems_have_the_butlers_numbers_and_names(self):
        assert {system.value: system.label for system in VisitSystem} == {
            0: "one-to-one",
            1: "by-group-metadata",
            2: "by-seq-start-end",
        }

    @pytest.mark.parametrize(
        ("grouper", "systems"), [(ONE_TO_ONE, (0,)), (BY_GROUP, (1,)), (BY_COUNTER, (0, 2))]
    )
    def test_a_grouper_defines_its_systems(self, grouper, systems):
        assert systems_of(grouper) == systems


class TestLockKey:
    def test_exposures_that_may_share_a_visit_share_the_key(self):
        assert lock_key(FIRST, BY_COUNTER) == lock_key(SECOND, BY_COUNTER)
        assert lock_key(FIRST, BY_GROUP) == lock_key(SECOND, BY_GROUP)

    def test_exposures_that_never_share_a_visit_have_keys_of_their_own(self):
        others = [
            replace(FIRST, instrument="LSSTCam"),
            replace(FIRST, day_obs=20220406),
            replace(FIRST, seq_start=1),
            replace(FIRST, seq_end=1),
            replace(FIRST, instrument='LATISS","sequence'),
        ]

        assert len({lock_key(exposure, BY_COUNTER) for exposure in (FIRST, *others)}) == 6
        assert lock_key(FIRST, ONE_TO_ONE) != lock_key(SECOND, ONE_TO_ONE)
