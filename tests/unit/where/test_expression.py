from __future__ import annotations

import dataclasses

import pytest

from underbutler.where.expression import (
    Comparison,
    Conjunction,
    Disjunction,
    Flag,
    Literal,
    Member,
    Name,
    Negation,
    Null,
    Operator,
    Range,
)

A = Name("a", 0)
ONE = Literal(1, 4)
NODES = [
    A,
    ONE,
    Range(1, 5, 2, 6),
    Comparison(A, Operator.EQUAL, ONE),
    Member(A, (ONE, Range(1, 5, 2, 6))),
    Null(A),
    Flag(A),
    Negation(Flag(A)),
    Conjunction((Flag(A), Null(A))),
    Disjunction((Flag(A), Null(A))),
]
names_of_nodes = [type(node).__name__ for node in NODES]


@pytest.mark.parametrize("node", NODES, ids=names_of_nodes)
def test_a_node_cannot_be_changed(node):
    field = dataclasses.fields(node)[0].name

    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(node, field, None)
    with pytest.raises((AttributeError, TypeError)):
        node.note = "new"


@pytest.mark.parametrize("node", NODES, ids=names_of_nodes)
def test_nodes_that_say_the_same_are_one(node):
    again = dataclasses.replace(node)

    assert again == node
    assert len({again, node}) == 1


@pytest.mark.parametrize("node", NODES, ids=names_of_nodes)
def test_nodes_that_say_different_things_differ(node):
    assert [other for other in NODES if other == node] == [node]


@pytest.mark.parametrize("written", ["=", "!=", "<", "<=", ">", ">="])
def test_an_operator_is_known_by_how_it_is_written(written):
    assert Operator(written).value == written


def test_there_are_no_other_operators():
    assert len(Operator) == 6


def test_a_literal_is_no_time_unless_it_says_so():
    assert not Literal(1, 0).is_time
    assert Literal(1, 0, is_time=True) != Literal(1, 0)
