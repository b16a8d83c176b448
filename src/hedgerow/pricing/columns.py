"""Options as columns: gathered once per book, used for every Greek and every scenario."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain

__all__ = ["Floats", "OptionColumns"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class OptionColumns:
    """Row i of every column is one option. Columns are copied and locked.

    Raises
    ------
    OutOfDomain
        If lengths differ, or any forward or strike is not positive, or any vol or time is negative,
        or anything is not finite. The message names the column and the first bad row.
    """

    forward_usd: Floats
    strike_usd: Floats
    vol_frac: Floats  # annualised
    expiry_years: Floats  # ACT/365
    is_call: NDArray[np.bool_]

    def __post_init__(self) -> None:
        length = len(self.is_call)
        for name, floor, strict in (
            ("forward_usd", 0.0, True),
            ("strike_usd", 0.0, True),
            ("vol_frac", 0.0, False),
            ("expiry_years", 0.0, False),
        ):
            column = np.array(getattr(self, name), dtype=np.float64)
            if column.shape != (length,):
                raise OutOfDomain(f"{name} has shape {column.shape}, expected ({length},)")
            bad = ~np.isfinite(column) | ((column <= floor) if strict else (column < floor))
            if bad.any():
                row = int(np.argmax(bad))
                wanted = "positive" if strict else "not negative"
                raise OutOfDomain(
                    f"{name} must be finite and {wanted}, row {row} was {column[row]}"
                )
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        is_call = np.array(self.is_call, dtype=np.bool_)
        is_call.setflags(write=False)
        object.__setattr__(self, "is_call", is_call)
