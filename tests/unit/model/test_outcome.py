from __future__ import annotations

from underbutler.model.outcome import EventOutcome, Outcome
from underbutler.model.raw_object import ObjectState


def test_outcomes_have_the_names_that_are_kept_and_shown():
    assert [outcome.value for outcome in Outcome] == [
        "registered",
        "duplicate",
        "superseded",
        "waiting",
        "rejected",
        "gone",
        "ignored",
        "transient",
    ]


def test_an_object_can_end_in_no_state_that_no_event_ends_in():
    assert {state.value for state in ObjectState} <= {outcome.value for outcome in Outcome}


def test_an_outcome_needs_no_reason():
    ended = EventOutcome(uri="s3://raw/a.fits", outcome=Outcome.REGISTERED)

    assert (ended.code, ended.message, ended.message_id) == ("", "", "")
