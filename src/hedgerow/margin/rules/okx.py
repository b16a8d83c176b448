"""OKX: isolated positions, whose closing fee is part of the need, and portfolio margin's risks.

Portfolio margin takes one *risk unit* an underlying, whatever its contracts are settled in, and
adds what the unit may lose in several ways, which the venue numbers: MR1 the spot shock, MR2 the
theta of a day, MR3 vega across expiries, MR4 the basis, MR5 interest rates, MR6 an extreme move,
MR7 the least charge, MR8 what is borrowed, MR9 a stablecoin off its peg. The interface's page says
of MR2, MR3 and MR5 that they are of options alone.

References
----------
venue-margin.md section 4. OKX help, "Portfolio margin mode: cross-margin trading (Risk Unit Merge)"
(3 December 2024, as of 4 December 2025), "Multi-currency margin mode vs. Portfolio margin mode" (as
of 9 July 2025) and "OKX will further adjust portfolio margin parameters" (2 January 2025); OKX API
v5, *Position builder (new)*, whose printed answer these rules give to the digit.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from hedgerow.errors import OutOfDomain

__all__ = [
    "PEGS",
    "cash_delta_hedges_usd",
    "charge_multiplier",
    "isolated_liquidation_price_usd",
    "price_moves_frac",
    "sliced_charge_usd",
    "spot_in_use_coin",
    "worst_move",
]

# Which hedge between dollars is taken first.
PEGS = (("USDT", "USD"), ("USDT", "USDC"), ("USDC", "USD"))


def isolated_liquidation_price_usd(
    quantity_coin: Fraction,
    entry_usd: Fraction,
    *,
    margin_usd: Fraction,
    rate_frac: Fraction,
    fee_frac: Fraction,
) -> Fraction:
    """Give ``LP = (EP - s margin / |q|) / (1 - s (mmr + fee))``; zero or less means never."""
    if quantity_coin == 0:
        raise OutOfDomain("a position of nothing has no liquidation price")
    sign = 1 if quantity_coin > 0 else -1
    denominator = 1 - sign * (rate_frac + fee_frac)
    if denominator <= 0:
        raise OutOfDomain(f"rate and fee of {float(rate_frac + fee_frac)} leave no price")
    return (entry_usd - sign * margin_usd / abs(quantity_coin)) / denominator


# --- portfolio margin ----------------------------------------------------------------------------


def price_moves_frac(steps_frac: Sequence[Decimal]) -> list[Decimal]:
    """Give the moves of a grid, from the furthest down over nothing to the furthest up."""
    return [*(-step for step in reversed(steps_frac)), Decimal(0), *steps_frac]


def worst_move(
    exposure_coin: Fraction, spot_usd: Fraction, moves_frac: Sequence[Fraction]
) -> tuple[int, Fraction]:
    """Say which move loses most, and how much; that of nothing if none loses (MR1, MR6).

    A future or perpetual moves by as many dollars as its index, so that an exposure earns
    ``coins · spot · move``.

    Parameters
    ----------
    moves_frac
        No move is one of them.

    Returns
    -------
    int, Fraction
        The index of the move, and the loss.
    """
    losses = [-exposure_coin * spot_usd * move for move in moves_frac]
    loss_usd = max(losses)
    if loss_usd == 0:
        return list(moves_frac).index(Fraction(0)), loss_usd
    return losses.index(loss_usd), loss_usd


def spot_in_use_coin(equity_coin: Fraction, delta_coin: Fraction) -> Fraction:
    """Give how much spot joins its unit: what it hedges of the derivatives, and no more.

    Parameters
    ----------
    equity_coin
        What the account has of the coin.
    delta_coin
        Coins that the unit's derivatives are worth, positive when long.
    """
    return max(Fraction(0), min(equity_coin, -delta_coin))


def cash_delta_hedges_usd(cash_usd: Mapping[str, Fraction]) -> dict[tuple[str, str], Fraction]:
    """Give what each pair of dollars hedges of the other (MR9).

    The smaller of both where their signs differ; what one pair has taken is gone for the next.

    Parameters
    ----------
    cash_usd
        Dollars of delta by what the contracts are settled in; coins are ``USD``.
    """
    left = {name: cash_usd.get(name, Fraction(0)) for pair in PEGS for name in pair}
    hedged = {}
    for one, other in PEGS:
        volume_usd = Fraction(0)
        if left[one] * left[other] < 0:
            volume_usd = min(abs(left[one]), abs(left[other]))
            for name in (one, other):
                left[name] -= volume_usd if left[name] > 0 else -volume_usd
        hedged[one, other] = volume_usd
    return hedged


def sliced_charge_usd(volume_usd: Fraction, tiers: Sequence[tuple[Fraction, Fraction]]) -> Fraction:
    """Charge every slice of a volume at its own rate; tiers are floor and rate, rising (MR9)."""
    ends = [*(floor for floor, _ in tiers[1:]), max(volume_usd, tiers[-1][0])]
    return sum(
        (
            (min(volume_usd, end) - floor) * rate
            for (floor, rate), end in zip(tiers, ends, strict=True)
            if volume_usd > floor
        ),
        Fraction(0),
    )


def charge_multiplier(raw_usd: Decimal, tiers: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    """Give by what a raw charge is multiplied; tiers are floor and multiplier, rising (MR7).

    A tier begins above its floor and ends with the next one's: ``(10 000, 70 000]``.
    """
    above = [multiplier for floor, multiplier in tiers if raw_usd > floor]
    return above[-1] if above else tiers[0][1]
