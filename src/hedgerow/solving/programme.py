"""A programme: decisions, and the parts that price and bound them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hedgerow.solving.assembly import Assembly, Matrix
from hedgerow.solving.part import Part
from hedgerow.solving.records import Decisions, Floats

__all__ = ["Programme", "Tiers"]


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """What may be done, and what it costs and must keep to.

    The cost of a plan is the sum of its parts, and so is its excess: both are worked out here
    without a solver, for many plans at once.
    """

    decisions: Decisions
    parts: Sequence[Part]

    def usd(self, amounts: Floats) -> Floats:
        """Give the cost of each plan; `amounts` is (plans, decisions)."""
        total = np.zeros(len(amounts))
        for part in self.parts:
            total += part.usd(amounts)
        return total

    def excess_frac(self, amounts: Floats) -> Floats:
        """Give by how much each plan breaks hard bounds, each over its scale, summed."""
        total = np.zeros(len(amounts))
        for part in self.parts:
            total += part.excess(amounts)
        return total

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        return all(part.is_linear for part in self.parts)

    def matrix(self) -> Matrix:
        """Write it as columns and rows; the first columns are the decisions."""
        into = Assembly()
        at = into.columns(
            self.decisions.low_amount, self.decisions.high_amount, np.zeros(len(self.decisions))
        )
        for part in self.parts:
            part.assemble(into, at, self.decisions)
        return into.matrix()


class Tiers(NamedTuple):
    """How plans are compared: an excess up to `held_frac` is none, others by so many decimals."""

    held_frac: float
    decimals: int

    def of(self, excess_frac: Floats) -> Floats:
        """Give the excess that counts."""
        return np.where(excess_frac <= self.held_frac, 0.0, np.round(excess_frac, self.decimals))
