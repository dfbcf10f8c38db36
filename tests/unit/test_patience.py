from __future__ import annotations

import time

import pytest

from underbutler.errors import RegistryUnavailableError, StoreUnavailableError
from underbutler.patience import with_patience


class Transaction:
    """A transaction that ends in one way after the other, and counts."""

    def __init__(self, *endings: object) -> None:
        self._endings = list(endings)
        self.attempts = 0

    def __call__(self) -> object:
        self.attempts += 1
        ending = self._endings.pop(0)
        if isinstance(ending, BaseException):
            raise ending
        return ending


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that were made, in seconds; none of them takes any time."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


def away() -> RegistryUnavailableError:
    return RegistryUnavailableError("The database is away.")


@pytest.mark.parametrize("result", ["done", None, 0, []])
def test_what_succeeds_is_done_once_and_without_a_pause(result, pauses):
    transaction = Transaction(result)

    assert with_patience(transaction) is result
    assert (transaction.attempts, pauses) == (1, [])


@pytest.mark.parametrize("failures", [1, 2])
def test_what_was_broken_off_is_done_again_after_a_pause_each(failures, pauses):
    transaction = Transaction(*(away() for _ in range(failures)), "done")

    assert with_patience(transaction) == "done"
    assert transaction.attempts == failures + 1
    assert len(pauses) == failures


def test_what_is_broken_off_three_times_is_given_up_with_the_last_error(pauses):
    errors = [away(), away(), away(), away()]
    transaction = Transaction(*errors)

    with pytest.raises(RegistryUnavailableError) as caught:
        with_patience(transaction)
    assert caught.value is errors[2]
    assert (transaction.attempts, len(pauses)) == (3, 2)


@pytest.mark.parametrize(
    "error", [StoreUnavailableError("Slow down."), ValueError("no"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("before", [0, 1])
def test_any_other_error_is_not_tried_again(error, before, pauses):
    transaction = Transaction(*(away() for _ in range(before)), error, "done")

    with pytest.raises(type(error)) as caught:
        with_patience(transaction)
    assert caught.value is error
    assert transaction.attempts == before + 1
    assert len(pauses) == before


def test_pauses_grow_and_are_short(pauses):
    for _ in range(100):
        with_patience(Transaction(away(), away(), "done"))

    assert all(0.05 <= pause <= 0.15 for pause in pauses[::2])
    assert all(0.1 <= pause <= 0.3 for pause in pauses[1::2])


def test_pauses_differ_so_that_those_who_ran_into_each_other_do_not_again(pauses):
    for _ in range(20):
        with_patience(Transaction(away(), "done"))

    assert len(set(pauses)) > 10
