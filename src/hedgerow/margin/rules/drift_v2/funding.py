"""Funding, hourly: from the spread of averages, and cut where the venue would pay too much."""

import msgspec

from hedgerow.margin.rules.checks import not_negative, positive

__all__ = ["CappedFunding", "capped_funding", "funding_rate_1e9", "payment_1e6"]

_HOURS_A_DAY = 24


class CappedFunding(msgspec.Struct, frozen=True, kw_only=True):
    """What longs and shorts pay or receive, and what the venue's own account holds afterwards."""

    long_1e9: int
    short_1e9: int
    fees_less_distributions_1e6: int


def funding_rate_1e9(
    mark_average_1e6: int,
    oracle_average_1e6: int,
    *,
    cap_divisor_count: int = 33,
    offset_divisor_count: int | None = None,
) -> int:
    """Quote that one base pays for an hour, scaled 1e9; positive when longs pay.

    The day's spread of the averages, at most a part of the oracle's, over 24.

    Parameters
    ----------
    cap_divisor_count
        The spread is at most the oracle's average over this: 33 for markets of tiers A and B, 20 of
        tier C, 10 of all others.
    offset_divisor_count
        The oracle's average over this is added to the spread first (5,000 in the program of today,
        7.3 % a year); None, as in older programs, adds nothing.
    """
    positive(oracle_average_1e6=oracle_average_1e6, cap_divisor_count=cap_divisor_count)
    spread_1e6 = mark_average_1e6 - oracle_average_1e6
    if offset_divisor_count is not None:
        positive(offset_divisor_count=offset_divisor_count)
        spread_1e6 += oracle_average_1e6 // offset_divisor_count
    size_1e6 = min(abs(spread_1e6), oracle_average_1e6 // cap_divisor_count)
    # The size is floored and takes its sign afterwards: rates round towards zero.
    rate_1e9 = size_1e6 * 1000 // _HOURS_A_DAY
    return rate_1e9 if spread_1e6 >= 0 else -rate_1e9


def payment_1e6(rate_1e9: int, base_1e9: int) -> int:
    """Quote that a position receives (negative: pays) for a rate, rounded towards zero."""
    size_1e6 = abs(rate_1e9) * abs(base_1e9) // 10**12
    pays = (rate_1e9 > 0) == (base_1e9 > 0)
    return -size_1e6 if pays else size_1e6


def capped_funding(
    rate_1e9: int,
    *,
    base_long_1e9: int,
    base_short_1e9: int,
    base_with_pool_1e9: int,
    fees_less_distributions_1e6: int,
    fee_pool_1e6: int,
) -> CappedFunding:
    """Cut the receiving side's rate where the venue would pay more than a third of its fee pool.

    Parameters
    ----------
    rate_1e9
        Positive when longs pay.
    base_long_1e9, base_short_1e9
        Open interest of either side; that of shorts is negative.
    base_with_pool_1e9
        What users hold net against the pool; the venue pays what this position receives.
    fees_less_distributions_1e6, fee_pool_1e6
        The venue's account, and what of it may be used.
    """
    not_negative(base_long_1e9=base_long_1e9, fee_pool_1e6=fee_pool_1e6)
    not_negative(base_short_sold_1e9=-base_short_1e9)
    pnl_1e6 = -payment_1e6(rate_1e9, base_with_pool_1e9)
    limit_1e6 = -(fee_pool_1e6 // 3)
    if pnl_1e6 >= limit_1e6:
        return CappedFunding(
            long_1e9=rate_1e9,
            short_1e9=rate_1e9,
            fees_less_distributions_1e6=fees_less_distributions_1e6 + pnl_1e6,
        )
    longs_pay = rate_1e9 > 0
    paying_1e9, receiving_1e9 = (
        (base_long_1e9, base_short_1e9) if longs_pay else (base_short_1e9, base_long_1e9)
    )
    # What the paying side brings, and the third of the pool; less one, in the venue's favour.
    to_share_1e6 = -limit_1e6 + abs(payment_1e6(rate_1e9, paying_1e9))
    cut_1e9 = 0
    if receiving_1e9 != 0:
        cut_1e9 = max(to_share_1e6 - 1, 0) * 10**12 // abs(receiving_1e9)
    return CappedFunding(
        long_1e9=rate_1e9 if longs_pay else -cut_1e9,
        short_1e9=cut_1e9 if longs_pay else rate_1e9,
        fees_less_distributions_1e6=fees_less_distributions_1e6 + limit_1e6,
    )
