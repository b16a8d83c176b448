"""Settlement windows of options in a grid of scenarios: which cells reach them, and what is known.

An option that settles on an average over its last `window_years` is, before them, a plain option
(the venue's own convention, `pricing.averaging`). Inside them only the open part moves. A shock
comes now, so what has been observed by now stays what it was; what would be observed between now
and the time of a cell is at the forward of that cell, as nothing else is known of it. So with f₀
open now, f at the time of the cell, and F the forward of the cell,

    average of the window at that time  =  ((1-f₀) A_obs + (f₀-f) F) / (1-f)

and the value is that of `averaged_greeks` at that average, discounted as a plain one would be; in
coin that of `averaged_coin_greeks`. Once the expiry has passed, f is zero and the whole average is
known.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.european import EuropeanColumns
from hedgerow.pricing.gate import PRICE, Bools, Bounds, Floats, check, floats

__all__ = ["AveragingWindows", "Reached", "reached"]

_WINDOW: Final[Bounds] = (0.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class AveragingWindows:
    """Item i of every column is the window of option i. Columns are copied and locked.

    Attributes
    ----------
    window_years
        Shape (n,); length of the window before the expiry, ACT/365, at most one. Zero for an option
        that has none.
    average_observed_usd
        Shape (n,), the average of the window so far, positive; it does not matter where the window
        has not begun. None takes the present forward for all: an estimate.

    Raises
    ------
    OutOfDomain
        If lengths differ or anything is not finite or out of bounds.
    """

    window_years: Floats
    average_observed_usd: Floats | None = None

    def __post_init__(self) -> None:
        for name, bounds in (("window_years", _WINDOW), ("average_observed_usd", PRICE)):
            given = getattr(self, name)
            if given is None:
                continue
            column = floats(name, given).copy()
            if column.ndim != 1 or len(column) != np.size(self.window_years):
                raise OutOfDomain(
                    f"{name} has shape {column.shape}, expected ({np.size(self.window_years)},)"
                )
            check(name, column, bounds)
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.window_years)


def reached(
    windows: AveragingWindows | None,
    options: EuropeanColumns,
    is_coin_settled: Bools,
    elapsed_years_max: float,
) -> "Reached | None":
    """Give the options whose window is open now or in some cell; None where there are none.

    Raises
    ------
    OutOfDomain
        If there are more or fewer windows than options.
    """
    if windows is None:
        return None
    if len(windows) != len(options):
        raise OutOfDomain(f"window_years has shape ({len(windows)},), expected ({len(options)},)")
    found = Reached(windows, options, is_coin_settled, elapsed_years_max)
    return found if found.is_reached.any() else None


@final
class Reached:
    """Options whose profits in a grid are to be written over, because their window is reached."""

    __slots__ = ("_is_coin", "_options", "_terms", "is_reached")

    def __init__(
        self,
        windows: AveragingWindows,
        options: EuropeanColumns,
        is_coin_settled: Bools,
        elapsed_years_max: float,
    ) -> None:
        S, _, _, T, _, b, _ = options.given
        W = windows.window_years
        self.is_reached: Bools = (W > 0.0) & (T - elapsed_years_max < W)
        share = np.where(T < W, T / np.where(W > 0.0, W, 1.0), 1.0)
        average = windows.average_observed_usd
        observed = S * np.exp(b * T) if average is None else average
        self._terms = np.array([W, share, (1.0 - share) * observed])
        self._options = options
        self._is_coin = is_coin_settled

    def write_over(self, cells: Floats, first: int, last: int, profits_ccy: Floats) -> None:
        """Write over the profits of options from first to last where their window is reached.

        Parameters
        ----------
        cells
            From `cell_terms`.
        first, last
            Which options; first is a multiple of the block of the plain kernel, whose blocks are
            kept, so that no bit of a row depends on who computes it.
        profits_ccy
            Shape (cells, last - first).
        """
        from hedgerow.pricing.kernels import averaged, vanilla

        for begin in range(first, last, vanilla.BLOCK):
            end = min(begin + vanilla.BLOCK, last)
            at = begin + np.flatnonzero(self.is_reached[begin:end])
            if not len(at):
                continue
            some = np.empty((cells.shape[1], len(at)))
            averaged.profits(
                np.ascontiguousarray(self._options.given[:, at]),
                np.ascontiguousarray(self._terms[:, at]),
                self._is_coin[at],
                cells,
                some,
            )
            profits_ccy[:, at - first] = some
