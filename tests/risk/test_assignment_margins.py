"""What other pairings lose is the same as by assigning again for each pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from vascal.risk.assignment_margins import find_margins

WORTH = 11.56


def best(gains: np.ndarray) -> float:
    rows, columns = linear_sum_assignment(gains, maximize=True)
    return float(gains[rows, columns].sum())


def test_a_lone_pair_is_worth_what_it_does_not_cost() -> None:
    found = find_margins(np.array([[1.56]]), WORTH)
    assert found.without.tolist() == [[pytest.approx(10.0)]]
    assert found.forced.tolist() == [[pytest.approx(0.0)]]


def test_two_lesions_may_change_places() -> None:
    # Straight 2 * 11.56 - 2, crossed 2 * 11.56 - 6; one of them alone 11.56 - 1 or, crossed, 11.56 - 3.
    found = find_margins(np.array([[1.0, 3.0], [3.0, 1.0]]), WORTH)
    np.testing.assert_allclose(found.without, [[4.0, 0.0], [0.0, 4.0]])
    np.testing.assert_allclose(found.forced, [[0.0, 4.0], [4.0, 0.0]])


def test_a_pair_too_dear_to_be_one_costs_what_is_beyond_its_worth() -> None:
    np.testing.assert_allclose(find_margins(np.array([[20.0]]), WORTH).forced, [[20.0 - WORTH]])


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 10_000), st.floats(5, 40))
def test_all_margins_are_those_of_assigning_again(rows: int, columns: int, seed: int, spread: float) -> None:
    costs = np.random.default_rng(seed).uniform(0, spread, (rows, columns))
    gains = np.maximum(WORTH - costs, 0.0)
    found = find_margins(costs, WORTH)
    for row in range(rows):
        for column in range(columns):
            forbidden = gains.copy()
            forbidden[row, column] = 0.0
            assert found.without[row, column] == pytest.approx(best(gains) - best(forbidden), abs=1e-9)
            rest = np.delete(np.delete(gains, row, axis=0), column, axis=1)
            forced = WORTH - costs[row, column] + best(rest)
            assert found.forced[row, column] == pytest.approx(best(gains) - forced, abs=1e-9)


def test_five_hundred_lesions_are_no_burden() -> None:
    costs = np.random.default_rng(1).uniform(0, 40, (500, 480))
    found = find_margins(costs, WORTH)
    assert found.without.shape == found.forced.shape == (500, 480)
    assert found.forced.min() > -1e-9
