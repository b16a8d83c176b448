"""Paradex: open size, partial liquidation, the floor of portfolio margin, funding, orders.

References
----------
venue-margin.md section 6.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal, TypeAlias

import msgspec

from hedgerow.errors import OutOfDomain

__all__ = [
    "Bankrupt",
    "DeltaFloor",
    "FundingStep",
    "OpenOrder",
    "OpenSize",
    "ShareRow",
    "SocialisedLoss",
    "cancelled_when_deleveraging",
    "choose_share",
    "delta_floor",
    "funding_step",
    "impact_premium_usd",
    "long_option_usd",
    "open_size",
    "price_band_usd",
    "share_table",
    "shocked_vol_frac",
    "short_option_usd",
    "socialised_loss",
    "takes_past_zero",
]

Side: TypeAlias = Literal["buy", "sell"]


class OpenSize(msgspec.Struct, frozen=True, kw_only=True):
    """How far fills of one side could take a position."""

    buy_coin: Fraction
    sell_coin: Fraction

    @property
    def worst_coin(self) -> Fraction:
        """The larger of the two, which the initial requirement is for."""
        return max(self.buy_coin, self.sell_coin)


class ShareRow(msgspec.Struct, frozen=True, kw_only=True):
    """What liquidating a share of every position would leave."""

    share_frac: Fraction
    requirement_usd: Fraction
    penalty_usd: Fraction
    value_usd: Fraction
    ratio_frac: Fraction | None


class DeltaFloor(msgspec.Struct, frozen=True, kw_only=True):
    """The least a portfolio needs for its deltas."""

    net_coin: Fraction
    gross_coin: Fraction
    hedged_coin: Fraction
    floor_usd: Fraction


class FundingStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the funding index."""

    clamped_frac: Fraction
    rate_frac: Fraction
    premium_usdc_per_coin: Fraction
    index_change_usdc: Fraction
    profit_usd: Fraction
    payment_usdc: Fraction


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One resting order."""

    id: int
    side: Side
    quantity_coin: Fraction
    price_usd: Fraction


class Bankrupt(msgspec.Struct, frozen=True, kw_only=True):
    """One account in the pool of a socialised loss."""

    id: str
    balance_usdc: Fraction
    profit_usd: Fraction


class SocialisedLoss(msgspec.Struct, frozen=True, kw_only=True):
    """What bankruptcies cost those who withdraw."""

    bankruptcy_usd: Mapping[str, Fraction]
    exchange_bankruptcy_usdc: Fraction
    exchange_balance_usdc: Fraction
    factor_frac: Fraction


def open_size(position_coin: Fraction, buys_coin: Fraction, sells_coin: Fraction) -> OpenSize:
    """Give ``max(0, buys + position)`` and ``max(0, sells - position)``."""
    return OpenSize(
        buy_coin=max(Fraction(0), buys_coin + position_coin),
        sell_coin=max(Fraction(0), sells_coin - position_coin),
    )


def share_table(
    *,
    value_usd: Fraction,
    requirement_usd: Fraction,
    fee_frac: Fraction,
    step_frac: Fraction,
) -> tuple[ShareRow, ...]:
    """List what each multiple of the step, below the whole, would leave.

    Of every position the same share goes; the penalty is that share of a fraction of the
    requirement, and the account is worth less by it.
    """
    if not 0 < step_frac <= 1:
        raise OutOfDomain(f"step must lie in (0, 1], was {float(step_frac)}")
    rows = []
    share = step_frac
    while share < 1:
        penalty = share * fee_frac * requirement_usd
        left = value_usd - penalty
        required = requirement_usd * (1 - share)
        rows.append(
            ShareRow(
                share_frac=share,
                requirement_usd=required,
                penalty_usd=penalty,
                value_usd=left,
                ratio_frac=required / left if left > 0 else None,
            )
        )
        share += step_frac
    return tuple(rows)


def choose_share(rows: Sequence[ShareRow], target_frac: Fraction) -> Fraction:
    """Give the smallest share that brings the ratio below its target; the whole if none does."""
    for row in rows:
        if row.ratio_frac is not None and row.ratio_frac < target_frac:
            return row.share_frac
    return Fraction(1)


def delta_floor(
    deltas_coin: Sequence[Fraction],
    *,
    spot_usd: Fraction,
    unhedged_frac: Fraction,
    hedged_frac: Fraction,
) -> DeltaFloor:
    """Give ``(a |net| + b hedged) S`` with ``hedged = (gross - |net|) / 2``."""
    net = sum(deltas_coin, Fraction(0))
    gross = sum((abs(each) for each in deltas_coin), Fraction(0))
    hedged = (gross - abs(net)) / 2
    return DeltaFloor(
        net_coin=net,
        gross_coin=gross,
        hedged_coin=hedged,
        floor_usd=(unhedged_frac * abs(net) + hedged_frac * hedged) * spot_usd,
    )


def impact_premium_usd(bid_usd: Fraction, ask_usd: Fraction, spot_usd: Fraction) -> Fraction:
    """Give ``max(0, bid - spot) - max(0, spot - ask)``."""
    zero = Fraction(0)
    return max(zero, bid_usd - spot_usd) - max(zero, spot_usd - ask_usd)


def funding_step(
    quantity_coin: Fraction,
    *,
    premium_frac: Fraction,
    baseline_frac: Fraction,
    clamp_frac: Fraction,
    multiplier_frac: Fraction,
    most_frac: Fraction,
    spot_usd: Fraction,
    usdc_usd: Fraction,
    elapsed_s: Fraction,
    period_s: Fraction,
) -> FundingStep:
    """Give the raw rate, and what the index and a position gain in so many seconds.

    ``raw = clip(multiplier (P + clip(baseline - P, ±clamp)), ±most)``; the index advances by
    ``raw spot / usdc · seconds / period``; the holder gains ``-q Δindex · usdc``.
    """
    if usdc_usd <= 0 or period_s <= 0:
        raise OutOfDomain(
            f"price and period must be positive, were {float(usdc_usd)}, {float(period_s)}"
        )
    clamped = max(-clamp_frac, min(clamp_frac, baseline_frac - premium_frac))
    raw = max(-most_frac, min(most_frac, multiplier_frac * (premium_frac + clamped)))
    premium_usdc = raw * spot_usd / usdc_usd
    change_usdc = premium_usdc * elapsed_s / period_s
    return FundingStep(
        clamped_frac=clamped,
        rate_frac=raw,
        premium_usdc_per_coin=premium_usdc,
        index_change_usdc=change_usdc,
        profit_usd=-quantity_coin * change_usdc * usdc_usd,
        payment_usdc=abs(quantity_coin * premium_usdc),
    )


def shocked_vol_frac(
    vol_frac: float, shock_frac: float, *, days: float, days_least: float, power: float
) -> float:
    """Give ``iv (1 + shock (30 / max(days, least))^power)``."""
    if days_least <= 0.0:
        raise OutOfDomain(f"the least number of days must be positive, was {days_least}")
    tenor: float = (30.0 / max(days, days_least)) ** power
    return vol_frac * (1.0 + shock_frac * tenor)


def long_option_usd(
    size_coin: Fraction, *, mark_usd: Fraction, spot_usd: Fraction, in_frac: Fraction
) -> Fraction:
    """Give ``min(mark, in_frac · spot)`` a coin of a long option."""
    return min(mark_usd, in_frac * spot_usd) * size_coin


def short_option_usd(
    size_coin: Fraction,
    *,
    spot_usd: Fraction,
    out_of_the_money_usd: Fraction,
    in_frac: Fraction,
    out_frac: Fraction,
) -> Fraction:
    """Give ``max(in_frac S - OTM, out_frac S)`` a coin of a short option."""
    required = max(in_frac * spot_usd - out_of_the_money_usd, out_frac * spot_usd)
    return required * abs(size_coin)


def takes_past_zero(
    position_coin: Fraction, resting_coin: Fraction, side: Side, order_coin: Fraction
) -> bool:
    """Say whether an order could, with the resting ones of its side, take a position past zero.

    `resting_coin` is what already rests on that side. An order that adds to a position does.
    """
    against = position_coin if side == "sell" else -position_coin
    return resting_coin + order_coin > max(against, Fraction(0))


def cancelled_when_deleveraging(
    position_coin: Fraction, orders: Sequence[OpenOrder]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Give the ids of orders cancelled and kept, each in the order given.

    What adds goes; what reduces stays, nearest to the market first, while it fits the position.
    """
    reducing: Side = "sell" if position_coin > 0 else "buy"
    left = abs(position_coin)
    kept: set[int] = set()
    near_first = sorted(
        (order for order in orders if order.side == reducing),
        key=lambda order: order.price_usd if reducing == "sell" else -order.price_usd,
    )
    for order in near_first:
        if order.quantity_coin <= left:
            left -= order.quantity_coin
            kept.add(order.id)
        else:
            break
    cancelled = tuple(order.id for order in orders if order.id not in kept)
    return cancelled, tuple(order.id for order in orders if order.id in kept)


def price_band_usd(mark_usd: Fraction, width_frac: Fraction) -> tuple[Fraction, Fraction]:
    """Give the lowest price of a sell and the highest of a buy."""
    return mark_usd * (1 - width_frac), mark_usd * (1 + width_frac)


def socialised_loss(
    accounts: Sequence[Bankrupt], *, fund_usdc: Fraction, usdc_usd: Fraction
) -> SocialisedLoss:
    """Give what part of a withdrawal goes to the fund.

    A bankruptcy is what an account is worth below nothing; the exchange's is what they come to
    beyond the fund, and the factor that over all balances and the fund, all in USDC.
    """
    if usdc_usd <= 0:
        raise OutOfDomain(f"price must be positive, was {float(usdc_usd)}")
    zero = Fraction(0)
    bankruptcy = {
        each.id: max(zero, -(each.balance_usdc * usdc_usd + each.profit_usd)) for each in accounts
    }
    lack = max(zero, sum(bankruptcy.values(), zero) / usdc_usd - fund_usdc)
    balances = sum((each.balance_usdc for each in accounts), zero) + fund_usdc
    if lack > 0 and balances <= 0:
        raise OutOfDomain("nobody holds a balance that could bear the loss")
    return SocialisedLoss(
        bankruptcy_usd=bankruptcy,
        exchange_bankruptcy_usdc=lack,
        exchange_balance_usdc=balances,
        factor_frac=lack / balances if lack > 0 else zero,
    )
