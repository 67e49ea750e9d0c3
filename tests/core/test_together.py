"""Callers that come at the same time share one piece of work."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

import pytest

from tests.crowds import Gate


def add_one(numbers: Sequence[int]) -> list[int]:
    if -1 in numbers:
        raise ValueError("minus one")
    return [number + 1 for number in numbers]


def crowd(gate: Gate, *numbers: int) -> list[Future[int]]:
    return gate.gather(*(partial(gate.together.do, number) for number in numbers))


def test_who_comes_while_work_is_under_way_goes_with_the_next() -> None:
    gate = Gate(add_one, 10)
    assert [each.result() for each in crowd(gate, 1, 2, 3, 4)] == [2, 3, 4, 5]
    assert gate.sizes == [1, 3]


def test_no_more_share_than_may() -> None:
    gate = Gate(add_one, 2)
    assert [each.result() for each in crowd(gate, 1, 2, 3, 4, 5, 6)] == [2, 3, 4, 5, 6, 7]
    assert gate.sizes == [1, 2, 2, 1]


def test_what_goes_wrong_is_told_to_all_who_shared_it_and_to_nobody_else() -> None:
    gate = Gate(add_one, 10)
    first, *others = crowd(gate, 1, -1, 2)
    assert first.result() == 2
    for each in others:
        with pytest.raises(ValueError, match="minus one"):
            each.result()
    assert gate.together.do(7) == 8
