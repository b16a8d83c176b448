"""What a part of a programme is, and the little that all parts share."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.solving.assembly import Assembly
from hedgerow.solving.records import Decisions, Floats

__all__ = ["INF", "USED_AMOUNT", "Part", "dense", "locked", "nothing", "used_columns"]

INF = float("inf")
# An amount, in its own unit, is a decision taken from here on: below it is what a solver leaves of
# zero (up to 1e-10, its tolerance), above it any lot that is listed (1e-8).
USED_AMOUNT = 1e-9


class Part(Protocol):
    """Something that costs, or bounds, what is decided."""

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        ...

    def usd(self, amounts: Floats) -> Floats:
        """Give what each plan costs by this part; `amounts` is (plans, decisions)."""
        ...

    def excess(self, amounts: Floats) -> Floats:
        """Give by how much each plan breaks this part's hard bounds, each over its scale."""
        ...

    def assemble(self, into: Assembly, at: NDArray[np.int64], decisions: Decisions) -> None:
        """Add this part to a matrix whose columns `at` are the decisions."""
        ...


def nothing(plans_amount: Floats) -> Floats:
    """Give zero for every plan."""
    return np.zeros(len(plans_amount))


def locked(
    value: Floats, name: str, shape_count: tuple[int, ...], *, finite: bool = True
) -> Floats:
    """Copy a column that holds numbers and has a shape, so that nobody changes it later."""
    column = np.array(value, dtype=np.float64)
    if column.shape != shape_count:
        raise OutOfDomain(f"{name} must have shape {shape_count}, had {column.shape}")
    if np.any(np.isnan(column)) or (finite and not np.all(np.isfinite(column))):
        raise OutOfDomain(f"{name} must hold numbers{' that are finite' if finite else ''}")
    column.setflags(write=False)
    return column


def dense(
    figure_per_amount: Floats, column_index: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Write a small matrix as entries of rows, columns standing at their places."""
    rows, columns = np.nonzero(figure_per_amount)
    return rows.astype(np.int64), column_index[columns], figure_per_amount[rows, columns]


def used_columns(
    into: Assembly,
    column_index: NDArray[np.int64],
    decisions: Decisions,
    decision_index: NDArray[np.int64],
    cost_usd: Floats,
) -> NDArray[np.int64]:
    """Add a column for each of some decisions, nought or one: one where it is used at all."""
    count, at = len(decision_index), column_index[decision_index]
    free, none, ones = np.full(count, INF), np.zeros(count), np.ones(count)
    used = into.columns(none, ones, cost_usd, is_whole=np.ones(count, dtype=np.bool_))
    rows = np.arange(count)
    names = [f"use of {decisions.names[i]}" for i in decision_index.tolist()]
    for most, low, high in (
        (decisions.high_amount[decision_index], -free, none),
        (decisions.low_amount[decision_index], none, free),
    ):
        into.rows([(rows, at, ones), (rows, used, -most)], low, high, names)
    return used
