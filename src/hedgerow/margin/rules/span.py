"""CME's SPAN: the loss of a position in sixteen scenarios, and the short-option minimum.

Losses are positive. The last scenarios are extreme moves of which a fraction counts.

References
----------
venue-margin.md section 8.
"""

from collections.abc import Sequence
from fractions import Fraction

from hedgerow.errors import OutOfDomain

__all__ = ["requirement", "risk_array", "scanning_risk", "short_option_charge"]


def risk_array(
    quantity: Fraction,
    moves_frac: Sequence[Fraction],
    *,
    range_points: Fraction,
    multiplier: Fraction,
    cover_frac: Fraction,
) -> tuple[Fraction, ...]:
    """Give the loss of a future in each scenario; vol does not move a future.

    Parameters
    ----------
    moves_frac
        Of the price scan range; one beyond it in size is extreme, and its loss counts in part.
    cover_frac
        That part.
    """
    return tuple(
        -quantity * move * range_points * multiplier * (cover_frac if abs(move) > 1 else 1)
        for move in moves_frac
    )


def scanning_risk(losses: Sequence[Fraction]) -> Fraction:
    """Give the largest loss, not below zero."""
    if not losses:
        raise OutOfDomain("a scan needs a scenario")
    return max(Fraction(0), *losses)


def short_option_charge(net_short: Fraction, rate: Fraction) -> Fraction:
    """Give the least that so many net short options need; longs need none."""
    return max(net_short, Fraction(0)) * rate


def requirement(
    scanning: Fraction,
    *,
    short_option_minimum: Fraction = Fraction(0),
    intra_commodity: Fraction = Fraction(0),
    delivery: Fraction = Fraction(0),
    inter_credit: Fraction = Fraction(0),
) -> Fraction:
    """Give ``max(scan + intra + delivery - credit, short option minimum)``."""
    return max(scanning + intra_commodity + delivery - inter_credit, short_option_minimum)
