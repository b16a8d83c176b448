"""Scans of many accounts at once: profits of instruments once, accounts as a sparse table of them.

What `need` does leg by leg for one account with every reason beside it, this does for thousands in
one go, for the scan alone: contingencies are sums over holdings and need no scenarios.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    EuropeanColumns,
    Floats,
    ScenarioGrid,
    account_scenario_profits,
)

__all__ = ["AccountScans", "scan_accounts", "scans_of"]


@dataclass(frozen=True, slots=True, eq=False)
class AccountScans:
    """Item a of every column is one account. Losses are positive.

    `worst_usd` and `shortfall_usd` may be negative, where an account gains in every scenario;
    `requirement_usd` may not.
    """

    worst_index: NDArray[np.int64]
    worst_usd: Floats
    shortfall_usd: Floats
    requirement_usd: Floats


def scan_accounts(
    options: EuropeanColumns,
    grid: ScenarioGrid,
    quantities_coin: sparse.csr_array,
    *,
    other_profits_usd: Floats | None = None,
    level_frac: float = 0.99,
    threads_count: int = 1,
) -> AccountScans:
    """Scan accounts of options, and of whatever else they hold, over a grid.

    Parameters
    ----------
    quantities_coin
        Shape (accounts, n): how much of each option each account holds, long positive.
    other_profits_usd
        Shape (accounts, cells): what everything that is no option gains; None for nothing.

    Raises
    ------
    OutOfDomain
        If a shape does not fit or a number is not finite, or for the reasons of
        `pricing.account_scenario_profits`.
    """
    profits = account_scenario_profits(options, grid, quantities_coin, threads_count=threads_count)
    if other_profits_usd is not None:
        if other_profits_usd.shape != profits.shape:
            raise OutOfDomain(
                f"other_profits_usd has shape {other_profits_usd.shape}, expected {profits.shape}"
            )
        profits += other_profits_usd
    return scans_of(profits, level_frac=level_frac)


def scans_of(profits_usd: Floats, *, level_frac: float = 0.99) -> AccountScans:
    """Reduce profits of accounts, shape (accounts, scenarios), to what they must hold.

    Raises
    ------
    OutOfDomain
        If there is no scenario, a profit is not finite, or the level not in [0, 1).
    """
    if profits_usd.ndim != 2 or profits_usd.shape[1] == 0:
        raise OutOfDomain(f"profits must be accounts by scenarios, shape was {profits_usd.shape}")
    if not 0.0 <= level_frac < 1.0:
        raise OutOfDomain(f"level_frac must be in [0, 1), was {level_frac}")
    if not np.isfinite(profits_usd).all():
        raise OutOfDomain("a profit is not finite")
    count = profits_usd.shape[1]
    at = np.argmin(profits_usd, axis=1)
    worst = -profits_usd[np.arange(len(profits_usd)), at]
    mass = max((1.0 - level_frac) * count, 1.0)
    deepest = min(int(np.ceil(mass)), count)
    tail = np.sort(np.partition(profits_usd, deepest - 1, axis=1)[:, :deepest], axis=1)
    weights = np.clip(mass - np.arange(deepest), 0.0, 1.0) / mass
    return AccountScans(
        worst_index=at.astype(np.int64),
        worst_usd=worst,
        shortfall_usd=-(tail @ weights),
        requirement_usd=np.maximum(worst, 0.0),
    )
