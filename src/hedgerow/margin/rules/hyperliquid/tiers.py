"""What a notional requires: by tier, and without a jump between tiers."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.checks import not_negative, positive
from hedgerow.margin.rules.tiers import deductions

__all__ = ["Tier", "maintenance_usd", "tier_of", "tiers_of"]


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """From which notional on which rate holds, and what is taken off the product.

    Attributes
    ----------
    maintenance_frac
        Half of the initial rate at the tier's maximum leverage.
    deduction_usd
        Makes the requirement continuous: what lower tiers ask less for.
    """

    notional_lower_usd: Fraction
    maintenance_frac: Fraction
    deduction_usd: Fraction


def tiers_of(
    notionals_lower_usd: Sequence[Fraction], leverages_max: Sequence[Fraction]
) -> tuple[Tier, ...]:
    """Build the tiers of a margin table.

    ``d_0 = 0``, ``d_n = d_(n-1) + lower_n · (rate_n - rate_(n-1))``. A margin table of a number
    below 50 has one tier from nought, of that leverage.

    Raises
    ------
    OutOfDomain
        If there is none, the two do not match, a bound does not exceed the one before it, or a
        leverage is not positive.
    """
    if not notionals_lower_usd or len(notionals_lower_usd) != len(leverages_max):
        raise OutOfDomain(
            f"a margin table needs a leverage for every bound, "
            f"were {len(notionals_lower_usd)} bounds and {len(leverages_max)} leverages"
        )
    positive(**{f"leverage_max_{at}": each for at, each in enumerate(leverages_max)})
    rates = [1 / Fraction(2 * each) for each in leverages_max]
    return tuple(
        Tier(notional_lower_usd=lower_usd, maintenance_frac=rate, deduction_usd=deduction_usd)
        for lower_usd, rate, deduction_usd in zip(
            notionals_lower_usd, rates, deductions(notionals_lower_usd, rates), strict=True
        )
    )


def tier_of(notional_usd: Fraction, tiers: Sequence[Tier]) -> Tier:
    """Find the tier that a notional is in; one that equals a bound is above it.

    Raises
    ------
    OutOfDomain
        If it lies below every tier.
    """
    for tier in reversed(tiers):
        if notional_usd >= tier.notional_lower_usd:
            return tier
    raise OutOfDomain(f"no tier for a notional of {notional_usd}: all begin above it")


def maintenance_usd(notional_usd: Fraction, tiers: Sequence[Tier]) -> Fraction:
    """Maintenance requirement of a notional of either side: its rate, less its deduction."""
    not_negative(notional_usd=notional_usd)
    tier = tier_of(notional_usd, tiers)
    return notional_usd * tier.maintenance_frac - tier.deduction_usd
