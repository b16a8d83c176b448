"""When a position is liquidated, in which orders, and whose profit pays if that is not enough."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.checks import not_negative, positive
from hedgerow.margin.rules.hyperliquid.tiers import Tier

__all__ = [
    "Profit",
    "backstop_usd",
    "deleveraging_index_frac",
    "deleveraging_order",
    "liquidation_price_usd",
    "order_usd",
]

_BACKSTOP_FRAC = Fraction(2, 3)


def liquidation_price_usd(
    price_usd: Fraction,
    size_coin: Fraction,
    *,
    margin_usd: Fraction,
    tiers: Sequence[Tier],
    other_maintenance_usd: Fraction = Fraction(0),
) -> Fraction:
    """Price at which margin equals maintenance, in the tier of the notional at that price.

    Where that is the tier of today: ``price - side · available / size / (1 - l · side)``, with
    `available` the margin less maintenance and `l` the rate. Other positions stand still.

    Parameters
    ----------
    size_coin
        Signed; long is positive.
    margin_usd
        Account value of a cross position, own margin of an isolated one, at `price_usd`.
    other_maintenance_usd
        What the account's other positions require.

    Returns
    -------
    Fraction
        Negative for a long whose margin outlasts a fall to nothing: no price liquidates it.

    Raises
    ------
    OutOfDomain
        If the size is nought, there is no tier, or a long's rate is one or more.
    """
    positive(price_usd=price_usd)
    if size_coin == 0:
        raise OutOfDomain("size_coin must not be 0: nothing is held that could be liquidated")
    if not tiers:
        raise OutOfDomain("a margin table needs at least one tier, was empty")
    not_negative(other_maintenance_usd=other_maintenance_usd)
    side = 1 if size_coin > 0 else -1
    size = abs(size_coin)
    # Requirement and margin are continuous and cross once: the root that lies in its own tier.
    root = Fraction(0)
    for at, tier in enumerate(tiers):
        slope = side - tier.maintenance_frac
        if side * slope <= 0:
            raise OutOfDomain(f"a rate of {tier.maintenance_frac} leaves a long no way to hold on")
        needed = other_maintenance_usd - tier.deduction_usd - margin_usd
        root = (side * size * price_usd + needed) / (size * slope)
        if at + 1 < len(tiers) and size * root < tiers[at + 1].notional_lower_usd:
            break
    return root


def order_usd(
    notional_usd: Fraction,
    *,
    in_cooldown: bool,
    whole_usd_max: Fraction = Fraction(100_000),
    part_frac: Fraction = Fraction(1, 5),
) -> Fraction:
    """Notional of the next liquidation order on the book: all of it, or a part of a large position.

    Parameters
    ----------
    in_cooldown
        Whether less than 30 seconds have gone by since a part was ordered: then the whole goes.
    whole_usd_max
        Positions above this go in parts.
    """
    not_negative(notional_usd=notional_usd, whole_usd_max=whole_usd_max, part_frac=part_frac)
    if in_cooldown or notional_usd <= whole_usd_max:
        return notional_usd
    return notional_usd * part_frac


def backstop_usd(requirement_usd: Fraction) -> Fraction:
    """Value below which (not at which) the backstop takes positions and margin: two thirds."""
    not_negative(requirement_usd=requirement_usd)
    return requirement_usd * _BACKSTOP_FRAC


class Profit(msgspec.Struct, frozen=True, kw_only=True):
    """A position on the side that gains, and the account that holds it."""

    price_mark_usd: Fraction
    price_entry_usd: Fraction
    notional_usd: Fraction
    account_value_usd: Fraction
    is_long: bool = True


def deleveraging_index_frac(profit: Profit) -> Fraction:
    """Profit times leverage: ``(mark / entry) · (notional / account value)``.

    For shorts entry over mark: their profit grows as the mark falls. The venue prints the formula
    for longs only.

    Raises
    ------
    OutOfDomain
        If a price or the account's value is not positive.
    """
    positive(
        price_mark_usd=profit.price_mark_usd,
        price_entry_usd=profit.price_entry_usd,
        account_value_usd=profit.account_value_usd,
    )
    not_negative(notional_usd=profit.notional_usd)
    gain = profit.price_mark_usd / profit.price_entry_usd
    leverage = profit.notional_usd / profit.account_value_usd
    return (gain if profit.is_long else 1 / gain) * leverage


def deleveraging_order(profits: Mapping[str, Profit]) -> tuple[str, ...]:
    """List who is closed first: by index from the largest, equals in the order they came."""
    index = {name: deleveraging_index_frac(profit) for name, profit in profits.items()}
    return tuple(sorted(index, key=lambda name: -index[name]))
