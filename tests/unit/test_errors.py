from __future__ import annotations

import inspect
import pickle
import re

import pytest

from underbutler import errors
from underbutler.errors import (
    BadIndexError,
    ConfigurationError,
    ConflictError,
    DataIdError,
    MetadataError,
    MissingPropertyError,
    NotFoundError,
    QuerySyntaxError,
    RefusedByRegistryError,
    RegistryUnavailableError,
    StoreUnavailableError,
    TransientError,
    UnderbutlerError,
    UnknownInstrumentError,
    UnreadableHeaderError,
    UserError,
)

# Error → what it is one of, its slug, and the exit code of a command that ends with it.
ERRORS = {
    UserError: (UnderbutlerError, "bad-request", 2),
    DataIdError: (UserError, "bad-data-id", 2),
    NotFoundError: (UserError, "not-found", 4),
    ConflictError: (UserError, "conflict", 8),
    QuerySyntaxError: (UserError, "bad-query", 2),
    MetadataError: (UnderbutlerError, "bad-metadata", 1),
    UnreadableHeaderError: (MetadataError, "bad-header", 1),
    MissingPropertyError: (MetadataError, "missing-property", 1),
    UnknownInstrumentError: (MetadataError, "unknown-instrument", 1),
    BadIndexError: (MetadataError, "bad-index", 1),
    RefusedByRegistryError: (MetadataError, "refused-by-registry", 1),
    TransientError: (UnderbutlerError, "transient", 5),
    RegistryUnavailableError: (TransientError, "registry-unavailable", 5),
    StoreUnavailableError: (TransientError, "store-unavailable", 5),
    ConfigurationError: (UnderbutlerError, "bad-configuration", 7),
}
GROUPS = (UserError, MetadataError, TransientError, ConfigurationError)
classes = pytest.mark.parametrize(
    "error", [UnderbutlerError, *ERRORS], ids=lambda error: error.__name__
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_an_error_has_its_group_its_slug_and_its_exit_code(error):
    assert (error.__base__, error.default_kind, error.exit_code) == ERRORS[error]


def test_there_are_no_other_errors():
    defined = {
        item
        for item in vars(errors).values()
        if inspect.isclass(item) and issubclass(item, BaseException)
    }

    assert defined == {UnderbutlerError, *ERRORS}
    assert {error.__name__ for error in defined} == set(errors.__all__)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_an_error_is_in_one_group(error):
    assert sum(issubclass(error, group) for group in GROUPS) == 1


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = re.findall(r"─ (\w+)", errors.__doc__ or "")

    assert sorted(drawn) == sorted(error.__name__ for error in ERRORS)


@classes
def test_no_two_errors_share_a_slug(error):
    slugs = [other.default_kind for other in (UnderbutlerError, *ERRORS)]

    assert slugs.count(error.default_kind) == 1
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.default_kind)


@classes
def test_an_error_can_be_made_of_a_message_alone(error):
    made = error("It was so.")

    assert (made.message, made.hint, made.context) == ("It was so.", "", {})
    assert made.kind == error.default_kind
    assert str(made) == "It was so."


@classes
def test_an_error_may_be_of_a_closer_kind_without_changing_that_of_others(error):
    assert error("It was so.", kind="closer").kind == "closer"
    assert error("It was so.").kind == error.default_kind


@pytest.mark.parametrize("kind", [None, ""])
def test_an_error_always_has_a_kind(kind):
    assert NotFoundError("It was so.", kind=kind).kind == "not-found"


def test_an_error_reads_as_its_message_and_then_what_to_do():
    error = NotFoundError("No instrument is called 'hsc'.", hint="Did you mean 'HSC'?")

    assert str(error) == "No instrument is called 'hsc'. Did you mean 'HSC'?"
    assert error.message == "No instrument is called 'hsc'."
    assert error.args == ("No instrument is called 'hsc'.",)


def test_a_message_that_was_completed_is_shown_complete():
    error = MetadataError("It was so.")
    error.message = "It was so, and before that otherwise."

    assert str(error) == "It was so, and before that otherwise."


def test_what_is_worth_logging_is_kept_beside_the_message():
    error = UnreadableHeaderError("The card NAXIS cannot be read.", keyword="NAXIS", card=3)

    assert error.context == {"keyword": "NAXIS", "card": 3}
    assert str(error) == "The card NAXIS cannot be read."


def test_errors_do_not_share_what_is_kept_beside_them():
    first, second = MetadataError("One."), MetadataError("Two.")
    first.context["key"] = "value"

    assert second.context == {}


def test_what_is_kept_beside_a_message_is_given_by_name():
    with pytest.raises(TypeError):
        NotFoundError("It was so.", "a hint")  # type: ignore[misc]


@classes
def test_an_error_survives_the_way_between_processes(error):
    made = error("It was so.", hint="Do that.", kind="closer", key="value")
    again = pickle.loads(pickle.dumps(made))

    assert type(again) is error
    assert (again.message, again.hint, again.kind) == ("It was so.", "Do that.", "closer")
    assert again.context == {"key": "value"}


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_each_error_is_caught_by_its_group_and_by_no_other(group):
    for error in ERRORS:
        if issubclass(error, group):
            with pytest.raises(group):
                raise error("It was so.")
        else:
            assert not isinstance(error("It was so."), group)


@classes
def test_an_error_says_what_it_means(error):
    meaning = (error.__doc__ or "").partition("\n")[0]

    assert meaning.endswith(".")
