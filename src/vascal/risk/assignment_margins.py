"""By how much the best one-to-one pairing is better than the best one with, or without, a certain pair.

In place of a new assignment for each pair, the shortest chains of exchanges between the rows of the best one (Floyd
and Warshall): a row that takes another's column sends that row to look for one, until a column is free or the first
row's own is taken. Exact, and cubic in the number of lesions for all pairs together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from vascal.risk.scan_alignment import Costs

Squares = Float[np.ndarray, "n n"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Margins:
    """What answers other than the best pairing lose.

    Parameters
    ----------
    without
        For each pair (earlier, later): what is lost if it may not be; 0 where the best pairing lacks it anyway.
    forced
        For each pair (earlier, later): what is lost if it must be.
    """

    without: Costs
    forced: Costs


def find_margins(costs: Costs, worth: float) -> Margins:
    """Find what is lost if a pair is forbidden, or forced, for every pair at once.

    Parameters
    ----------
    costs
        (earlier, later); a pair that costs more than its worth is none.
    worth
        Of a pair without cost.
    """
    rows, columns = costs.shape
    size = max(rows, columns)
    gains = np.zeros((size, size))
    gains[:rows, :columns] = np.maximum(worth - costs, 0.0)
    partner = linear_sum_assignment(gains, maximize=True)[1]
    owner = np.argsort(partner)
    own = gains[np.arange(size), partner]
    losses = own[:, None] - gains[:, partner]
    chains = _shortest_chains(losses)
    around = losses + chains.T
    np.fill_diagonal(around, own)  # a row may stay with what it has, as a pair worth nothing
    without = np.zeros((size, size))
    without[np.arange(size), partner] = np.maximum(around.min(axis=1), 0.0)
    forced = own[:rows, None] - (worth - costs) + chains[owner[:columns], :rows].T
    return Margins(without=without[:rows, :columns], forced=forced)


def _shortest_chains(losses: Squares) -> Squares:
    """Give what the cheapest chain of exchanges from one row to another loses; none where the rows are the same."""
    chains = losses.copy()
    np.fill_diagonal(chains, 0.0)
    for row in range(len(chains)):
        np.minimum(chains, chains[:, row, None] + chains[None, row, :], out=chains)
    return chains
