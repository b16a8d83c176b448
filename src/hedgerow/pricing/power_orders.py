"""Every derivative of one power perpetual by spot, vol and time, from what its mark says.

Its worth is ``W = c S^p e^{h σ² f - F t}``: with h σ² the part of the mark that is variance, f the
funding period, and F the rate at which funding makes its factor fall. F follows the mark, and so
``∂F/∂σ = 2 h σ``, as long as the controller pays for all of the mark; beyond what it pays for
(`pricing.power`), F stands still at its bound, whatever vol does.
"""

from hedgerow.pricing.power import MARK_OVER_INDEX, PowerGreeks
from hedgerow.pricing.sensitivities import Orders

__all__ = ["power_orders"]


def power_orders(
    token: PowerGreeks, *, price_usd: float, exponent_power: float, funding_years: float
) -> dict[Orders, float]:
    """Derive the dollar value of one token at the present time, t = 0.

    Parameters
    ----------
    token
        One row: one token with its value, its index, its vega and its funding.
    price_usd
        Of the coin.

    Returns
    -------
    dict
        Orders in spot, vol and time → per dollar, per 1.00 of vol, per year: up to three in all, by
        time once and then by vol once at most. By vol nothing moves a token that has none.
    """
    value_usd = float(token.value_usd[0])
    x = float(token.vega_usd_per_vol[0]) / value_usd  # 2 h σ f
    # 2 h f; without vol it is not priced
    bend = 2.0 * float(token.variance_usd_per_variance[0]) / value_usd if x > 0.0 else 0.0
    # Only the upper bound is asked: below its index a mark has no vol in it.
    is_paid = value_usd / float(token.index_usd[0]) < MARK_OVER_INDEX[1]
    funding = float(token.funding_frac_per_year[0])
    funding_by_vol = x / funding_years if is_paid else 0.0
    by_vol_and_time = {
        (0, 0): 1.0,
        (1, 0): x,
        (2, 0): x * x + bend,
        (3, 0): x * (x * x + 3.0 * bend),
        (0, 1): -funding,
        (1, 1): -funding * x - funding_by_vol,
    }
    # What is derived by σ or t as well is in proportion to S^p like the value itself.
    p = exponent_power
    by_spot = (1.0, p, p * (p - 1.0), p * (p - 1.0) * (p - 2.0))
    return {
        (spot, vol, time): value_usd * part * power / price_usd**spot
        for (vol, time), part in by_vol_and_time.items()
        for spot, power in enumerate(by_spot)
        if 1 <= spot + vol + time <= 3
    }
