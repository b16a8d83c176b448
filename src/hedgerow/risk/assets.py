"""What an amount of an asset gains: in closed form, and so alike in both versions.

An amount is worth ``q u P``: u is the index of a loan or the rate of a vault's share, and
``P = B R (1 - d)`` with B the coin behind it, R the rate of a staked coin and d its discount; u, R
and ``1 - d`` are one for a plain coin. What u and R add is carry, counted at the price of the end,
as cash is; what d does is basis; the rest is the move of B, which is `numeraire`.
"""

from typing import NamedTuple

from hedgerow.errors import Failure, Outcome
from hedgerow.market import Snapshot
from hedgerow.units import to_model

__all__ = ["asset_lines"]


def asset_lines(
    asset: str,
    quantity_contracts: float,
    units_ccy: tuple[float, float],
    start: Snapshot,
    end: Snapshot,
) -> Outcome[dict[str, float]]:
    """Give the lines of what was held all the time, in dollars; they add up to what it gained.

    Parameters
    ----------
    units_ccy
        What one contract is worth in its asset at the start and at the end.
    """
    first, last = _factors(asset, start), _factors(asset, end)
    if isinstance(first, Failure):
        return first
    if isinstance(last, Failure):
        return last
    base_0, rate_0, kept_0 = first
    base_1, rate_1, kept_1 = last
    unit_0, unit_1 = units_ccy
    q = quantity_contracts
    grown = q * (unit_1 - unit_0) * base_1 * rate_1 * kept_1
    staked = q * unit_0 * base_1 * (rate_1 - rate_0) * kept_1
    return {
        "carry": grown + staked,
        "basis": q * unit_0 * base_1 * rate_0 * (kept_1 - kept_0),
        "numeraire": q * unit_0 * (base_1 - base_0) * rate_0 * kept_0,
    }


class _Factors(NamedTuple):
    """B, R and 1 - d."""

    base_usd: float
    rate_coin_per_coin: float
    kept_frac: float


def _factors(asset: str, snapshot: Snapshot) -> Outcome[_Factors]:
    price = snapshot.asset(asset)
    if isinstance(price, Failure):
        return price
    staking = snapshot.stakings.get(asset)
    if staking is None:
        return _Factors(price.price_usd, 1.0, 1.0)
    base = snapshot.spot_usd(staking.base)
    assert not isinstance(base, Failure), "the asset has a price, so its base has one"
    rate = to_model(staking.rate_coin_per_coin)
    return _Factors(to_model(base), rate, price.price_usd / to_model(base) / rate)
