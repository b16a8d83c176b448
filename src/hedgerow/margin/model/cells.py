"""What a model gives: a cell an account and a shock, or nothing where the engine must be asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.instruments import Instrument
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import Floats

__all__ = ["RELATIVE", "Cells", "Model", "Scan", "Scanned", "is_near", "summed"]

# Of the gross notional: sums of some thousand doubles, each off by a few units of its last place.
RELATIVE: Final = 1e-12
# Closer than this to a jump the engine is asked: wider than any error of a notional.
_NEAR_FRAC, _NEAR_CCY = 1e-9, 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Item [a, s] of every array is account a after shock s; NaN where the engine must be asked.

    `bound_ccy` is how far the other three may be from the engine's numbers.
    """

    equity_ccy: Floats
    requirement_maintenance_ccy: Floats
    requirement_initial_ccy: Floats
    bound_ccy: Floats

    @classmethod
    def left(cls, accounts_count: int, shocks_count: int) -> "Cells":
        """Leave every cell to the engine."""
        return cls(*(np.full((accounts_count, shocks_count), np.nan) for _ in range(4)))

    def fill(
        self,
        at: Sequence[int],
        *,
        equity_ccy: Floats,
        maintenance_ccy: Floats,
        initial_ccy: Floats,
        bound_ccy: Floats,
        is_left: NDArray[np.bool_],
    ) -> None:
        """Answer for the accounts `at`; cells under `is_left` stay with the engine."""
        for column, rows in (
            (self.equity_ccy, equity_ccy),
            (self.requirement_maintenance_ccy, maintenance_ccy),
            (self.requirement_initial_ccy, initial_ccy),
            (self.bound_ccy, bound_ccy),
        ):
            column[list(at)] = np.where(is_left, np.nan, rows)


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """What a model gives, and item [a, s, c]: the initial requirement were cell c the worst.

    The worst cell of account a after shock s makes the requirement. Each alone moves in proportion
    to what is held, but for what a tail lets off and for charges beside the scan, which are the
    same in all cells. Minus infinity where there is no such cell. The maintenance requirement is
    `maintenance_frac` of the initial one.
    """

    cells: Cells
    requirement_initial_ccy: Floats
    maintenance_frac: float


# Accounts of one rulebook, terms by id, one snapshot a shock, the rulebook.
Model: TypeAlias = Callable[
    [Sequence[Account], Mapping[str, Instrument], Sequence[Snapshot], Any], Cells
]
Scan: TypeAlias = Callable[
    [Sequence[Account], Mapping[str, Instrument], Sequence[Snapshot], Any], Scanned
]


def summed(rows_ccy: Floats, owner_index: NDArray[np.int64], owners_count: int) -> Floats:
    """Add rows, shape (rows, s), up by their owner; owners never fall from row to row."""
    total = np.zeros((owners_count, rows_ccy.shape[1]))
    if len(rows_ccy):
        first = np.flatnonzero(np.diff(owner_index, prepend=-1))
        total[owner_index[first]] = np.add.reduceat(rows_ccy, first, axis=0)
    return total


def is_near(amount_ccy: Floats, jump_ccy: Floats | float) -> NDArray[np.bool_]:
    """Say where an amount is so close to a jump that a double cannot tell its side."""
    jump = np.asarray(jump_ccy)
    return np.asarray(np.abs(amount_ccy - jump) <= _NEAR_FRAC * np.abs(jump) + _NEAR_CCY)
