"""Which events are news, given what the registry has of their object."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import raw_object
from underbutler.events.object_event import EventKind, EventOrigin, ObjectEvent
from underbutler.ingest.freshness import UNFINISHED, Verdict, collapse, judge
from underbutler.model.raw_object import ObjectState

NEWS, DUPLICATE, SUPERSEDED, ASK = (
    Verdict.NEWS,
    Verdict.DUPLICATE,
    Verdict.SUPERSEDED,
    Verdict.ASK,
)
CREATED = ObjectEvent(
    bucket="raw",
    key="night/f.fits",
    kind=EventKind.CREATED,
    name="ObjectCreated:Put",
    etag="437b930db84b8079c2dd804a71936b5f",
    sequencer="5",
)
REMOVED = replace(CREATED, kind=EventKind.REMOVED, name="ObjectRemoved:Delete", etag=None)
MARKER = replace(REMOVED, name="ObjectRemoved:DeleteMarkerCreated", version_id="v")
LISTED = replace(CREATED, origin=EventOrigin.LISTING, sequencer=None)
WANTED = replace(CREATED, origin=EventOrigin.REDRIVE, sequencer=None, etag=None)
ETAG = CREATED.etag


def known(**changes: Any) -> Any:
    return raw_object(**({"etag": ETAG, "sequencer": "5"} | changes))


@pytest.mark.parametrize("event", [CREATED, REMOVED, LISTED])
def test_what_nobody_has_seen_is_news(event: ObjectEvent):
    assert judge(event, None) is NEWS


@pytest.mark.parametrize(
    ("event", "row", "verdict"),
    [
        # The store's own order decides, whatever the content.
        (CREATED, known(), DUPLICATE),
        (CREATED, known(sequencer="4"), NEWS),
        (CREATED, known(sequencer="6"), SUPERSEDED),
        (CREATED, known(sequencer="4", etag="other"), NEWS),
        (CREATED, known(sequencer="6", etag="other"), SUPERSEDED),
        (CREATED, known(sequencer="6", state=ObjectState.GONE), SUPERSEDED),
        (REMOVED, known(sequencer="4"), NEWS),
        (REMOVED, known(sequencer="6"), SUPERSEDED),
        (REMOVED, known(state=ObjectState.GONE), DUPLICATE),
        (MARKER, known(sequencer="4"), NEWS),
        # One version of several was deleted: is the object still there?
        (replace(REMOVED, version_id="v"), known(sequencer="4"), ASK),
        (replace(REMOVED, version_id="v"), known(sequencer="6"), SUPERSEDED),
        (replace(REMOVED, version_id="v"), None, ASK),
        # No order: the same content is the same event, other content nobody can place.
        (CREATED, known(sequencer=None), DUPLICATE),
        (CREATED, known(sequencer=None, etag="other"), ASK),
        (CREATED, known(sequencer=None, version_id="other"), ASK),
        (replace(CREATED, sequencer=None), known(state=ObjectState.GONE), ASK),
        (replace(CREATED, etag=None, sequencer=None), known(etag=None), ASK),
        (replace(REMOVED, sequencer=None), known(), ASK),
        # A bad file is bad however often it is announced.
        (CREATED, known(state=ObjectState.REJECTED, code="no-end"), DUPLICATE),
        # An index that somebody died over is not done with.
        (CREATED, known(state=ObjectState.WAITING, code=UNFINISHED), NEWS),
        # A listing is how a user asks to look at problems again.
        (LISTED, known(), DUPLICATE),
        (LISTED, known(etag="other"), ASK),
        (LISTED, known(state=ObjectState.GONE), ASK),
        (LISTED, known(state=ObjectState.REJECTED), NEWS),
        (LISTED, known(state=ObjectState.WAITING), NEWS),
        (WANTED, known(), ASK),
        (WANTED, None, ASK),
    ],
)
def test_the_verdict_of_an_event(event: ObjectEvent, row: Any, verdict: Verdict):
    assert judge(event, row) is verdict


def test_events_of_several_objects_do_not_mix():
    other = replace(CREATED, key="night/g.fits")
    assert [item.newest for item in collapse([(0, CREATED), (1, other)])] == [CREATED, other]


def test_an_event_that_came_twice_in_a_batch_counts_once():
    (collapsed,) = collapse([(0, CREATED), (1, CREATED), (2, CREATED)])
    assert sorted([collapsed.position, *collapsed.others]) == [0, 1, 2]
    assert set(collapsed.others.values()) == {DUPLICATE}
    assert not collapsed.must_ask


def test_without_an_order_the_bucket_is_asked_which_is_the_newest():
    unordered = replace(CREATED, sequencer=None)
    (collapsed,) = collapse([(0, unordered), (1, replace(unordered, etag="other"))])
    assert collapsed.must_ask


def test_a_wish_to_look_again_stands_for_what_the_store_said_before():
    (collapsed,) = collapse([(0, WANTED), (1, CREATED)])
    # What is found is no older than what it stands for.
    assert collapsed.newest == replace(WANTED, sequencer=CREATED.sequencer)


@given(
    st.lists(
        st.tuples(st.sampled_from("123456789"), st.sampled_from(["x", "y"]), st.booleans()),
        min_size=1,
        max_size=8,
        unique_by=lambda item: item[0],
    ),
    st.randoms(use_true_random=False),
)
def test_the_newest_is_the_same_in_every_order_of_delivery(items: list[Any], random: Any):
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    events = [
        replace(
            REMOVED if is_removed else CREATED,
            sequencer=sequencer,
            etag=None if is_removed else etag,
            # The clocks of a store's servers disagree: its sequencers count.
            time=begin - timedelta(seconds=int(sequencer)),
        )
        for sequencer, etag, is_removed in items
    ]
    newest = max(events, key=lambda event: event.sequencer or "")
    shuffled = random.sample(events, len(events))
    (collapsed,) = collapse(enumerate(shuffled))
    assert collapsed.newest == newest
    assert shuffled[collapsed.position] == newest
    assert not collapsed.must_ask
    assert len(collapsed.others) == len(events) - 1
