"""Aave in float64: many accounts under many shocks; see `hedgerow.margin.model`.

What an account owes and has supplied is read once, in the protocol's integers; the protocol's price
(whole units of 1e-8 dollars, a shocked one rounded against the borrower) is asked once a reserve
and shock. What stays is the worth of each loan, cut to 1e-8 dollars by the protocol and not here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin.loans import PRICE_DECIMALS, price_base
from hedgerow.margin.model import RELATIVE, Cells, summed
from hedgerow.margin.venues.aave_rulebook import Held, LendingRulebook, read_held
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import Floats

__all__ = ["lending_cells"]

_BPS = 10_000.0
_STEP_USD = 10.0**-PRICE_DECIMALS
# A little below the 1e28 basis points of 1e-8 dollars beyond which the engine refuses.
_WORTH_USD_MAX = 0.99e16


@dataclass(slots=True)
class _Rows:
    """One item a loan, by account."""

    accounts: list[int] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    amount_coin: list[float] = field(default_factory=list)
    # Which asset it is in, and whether it is owed: prices are rounded by that.
    priced: list[int] = field(default_factory=list)
    prices: dict[tuple[str, bool], int] = field(default_factory=dict)

    def take(self, at: int, held: Sequence[Held]) -> None:
        """Add an account."""
        for each in held:
            self.owner.append(len(self.accounts))
            self.amount_coin.append(each.amount_raw / 10**each.terms.asset_decimals)
            key = (each.terms.asset, each.loan.is_debt)
            self.priced.append(self.prices.setdefault(key, len(self.prices)))
        self.accounts.append(at)


def lending_cells(
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    snapshots: Sequence[Snapshot],
    rulebook: LendingRulebook,
) -> Cells:
    """Give weighted collateral and debt of accounts, and what their loan-to-values leave."""
    cells, rows = Cells.left(len(accounts), len(snapshots)), _Rows()
    if len({each.shock.time_forward_ns for each in snapshots}) > 1:
        return cells  # what is owed grows with time, and is read once
    for at, account in enumerate(accounts):
        held = None if account.orders else read_held(account, instruments, snapshots[0], rulebook)
        if held is not None and not isinstance(held, Failure):
            rows.take(at, held)
    count = len(rows.accounts)
    owner, priced = np.array(rows.owner, dtype=np.int64), np.array(rows.priced, dtype=np.int64)
    is_debt = np.array([debt for _, debt in rows.prices], dtype=np.bool_)[priced]
    threshold, ltv = _weights(rulebook, list(rows.prices))
    worth = np.array(rows.amount_coin)[:, None] * _prices_usd(rows, snapshots)[priced]
    debt = summed(np.where(is_debt[:, None], worth, 0.0), owner, count)
    supplied = np.where(is_debt[:, None], 0.0, worth)
    weighted = summed(supplied * threshold[priced][:, None], owner, count)
    loans = np.bincount(owner, minlength=count)[:, None]
    counted = np.where(threshold[priced][:, None] > 0.0, supplied, 0.0)
    power, is_left = _power(counted, ltv[priced], owner, loans)
    owes = summed(is_debt[:, None].astype(np.float64), owner, count) > 0.0
    told = all(each.ltv_bps is not None for each in rulebook.reserves.values())
    cells.fill(
        rows.accounts,
        equity_ccy=weighted,
        maintenance_ccy=debt,
        initial_ccy=np.where(owes & told, debt + weighted - power, debt),
        bound_ccy=RELATIVE * summed(worth, owner, count) + _STEP_USD * (2.0 * loans + 2.0),
        is_left=(is_left & owes & told) | (np.maximum(weighted, debt) > _WORTH_USD_MAX),
    )
    return cells


def _prices_usd(rows: _Rows, snapshots: Sequence[Snapshot]) -> Floats:
    """Give the protocol's prices, shape (prices, s)."""
    prices = np.empty((len(rows.prices), len(snapshots)))
    for (asset, is_debt), row in rows.prices.items():
        for s, snapshot in enumerate(snapshots):
            oracle = snapshot.oracle_usd(asset)
            # A shock moves prices: it makes none older.
            assert not isinstance(oracle, Failure), oracle
            prices[row, s] = price_base(oracle, is_debt=is_debt) / 10**PRICE_DECIMALS
    return prices


def _weights(
    rulebook: LendingRulebook, priced: Sequence[tuple[str, bool]]
) -> tuple[Floats, Floats]:
    """Give thresholds as fractions and loan-to-values in basis points, by price."""
    category = rulebook.category
    threshold, ltv = np.zeros(len(priced)), np.zeros(len(priced))
    for row, (asset, _) in enumerate(priced):
        own_bps = rulebook.reserves[asset].ltv_bps or 0
        threshold[row] = rulebook.threshold_bps(asset) / _BPS
        ltv[row] = own_bps if category is None else category.loan_to_value_bps(asset, own_bps)
    return threshold, ltv


def _power(
    counted_usd: Floats, ltv_bps: Floats, owner: NDArray[np.int64], loans: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Give what collateral lets borrow, and where the engine must be asked.

    The protocol floors the average loan-to-value to a whole basis point, which is a jump. Averaged
    is what lies above the least of an account, so that one loan-to-value for all is met exactly.
    """
    count = len(loans)
    least = np.full(count, np.inf)
    holds = counted_usd.max(axis=1, initial=0.0) > 0.0
    np.minimum.at(least, owner[holds], ltv_bps[holds])
    least = np.where(np.isfinite(least), least, 0.0)[:, None]
    collateral = summed(counted_usd, owner, count)
    beyond = summed(counted_usd * np.abs(ltv_bps[:, None] - least[owner]), owner, count)
    with np.errstate(divide="ignore", invalid="ignore"):
        average = np.where(collateral > 0.0, beyond / collateral, 0.0)
        # What the steps of every worth may move the average by.
        slack = np.where(
            collateral > 0.0, 2.0 * _BPS * (loans + 1.0) * _STEP_USD / collateral + 1e-9, 0.0
        )
    is_left = (beyond > 0.0) & (np.abs(average - np.round(average)) <= slack)
    return collateral * (least + np.floor(average)) / _BPS, is_left
