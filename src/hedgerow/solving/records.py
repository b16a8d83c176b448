"""What enters and leaves the solving room: decisions, and the answer to a programme."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain

__all__ = ["Answer", "Decisions", "Floats", "Method", "Shadow"]

Floats: TypeAlias = NDArray[np.float64]
# What found the answer: the relaxation itself, its rounding mended lot by lot, branch and bound, or
# changes of several decisions at once.
Method: TypeAlias = Literal["relaxed", "rounded", "branched", "widened"]


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """What may be done: one column each, in its own unit; nothing done is always allowed.

    A lot of zero is an amount that may be anything; elsewhere only whole lots are done. Bounds are
    finite, because a search over whole lots without them has been seen to call a false optimum
    proven (`reference/components.md`, "Optimiser").
    """

    names: tuple[str, ...]
    low_amount: Floats
    high_amount: Floats
    lot_amount: Floats

    def __post_init__(self) -> None:
        shape = (len(self.names),)
        for name in ("low_amount", "high_amount", "lot_amount"):
            column = np.array(getattr(self, name), dtype=np.float64)
            if column.shape != shape or not np.all(np.isfinite(column)):
                raise OutOfDomain(f"{name} of decisions must be {shape[0]} finite numbers")
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        if len(set(self.names)) != len(self.names):
            twice = next(each for each in self.names if self.names.count(each) > 1)
            raise OutOfDomain(f"two decisions have one name: {twice}")
        wrong = (self.low_amount > 0) | (self.high_amount < 0) | (self.lot_amount < 0)
        if np.any(wrong):
            at = int(np.argmax(wrong))
            raise OutOfDomain(
                f"{self.names[at]}: bounds must hold zero and the lot must not be negative, were "
                f"{self.low_amount[at]} to {self.high_amount[at]} in lots of {self.lot_amount[at]}"
            )

    def __len__(self) -> int:
        return len(self.names)


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """What the last unit of a bound costs: the saving per unit by which it were looser."""

    name: str
    price_usd_per_figure: float


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts to do, with what they cost and how far from the least possible that can be.

    `objective_usd` and `excess_frac` are recomputed from the programme, not taken from a solver.
    `bound_usd` is proven: no amounts inside the bounds cost less, in truth where a part prices
    above it (`Ladders.least_own_usd_per_amount`). `excess_frac` is by how much hard bounds are
    broken, each over its scale, summed; `conflicts` names those that cannot all hold, and the
    amounts then break them as little as can be.
    """

    chosen_amount: tuple[float, ...]
    objective_usd: float
    bound_usd: float
    excess_frac: float
    method: Method
    shadows: tuple[Shadow, ...]
    conflicts: tuple[str, ...] = ()
    remark: str = ""

    @property
    def gap_usd(self) -> float:
        """How much cheaper something else could be at most."""
        return self.objective_usd - self.bound_usd
