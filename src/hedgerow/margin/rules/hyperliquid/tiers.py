"""What a notional requires: by tier, and without a jump between tiers."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.checks import not_negative, positive

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
    not_negative(notional_lower_usd=notionals_lower_usd[0])
    tiers: list[Tier] = []
    for lower_usd, leverage in zip(notionals_lower_usd, leverages_max, strict=True):
        positive(leverage_max=leverage)
        rate = 1 / Fraction(2 * leverage)
        deduction = Fraction(0)
        if tiers:
            last = tiers[-1]
            if lower_usd <= last.notional_lower_usd:
                raise OutOfDomain(
                    f"bounds must rise, {lower_usd} came after {last.notional_lower_usd}"
                )
            deduction = last.deduction_usd + lower_usd * (rate - last.maintenance_frac)
        tiers.append(
            Tier(notional_lower_usd=lower_usd, maintenance_frac=rate, deduction_usd=deduction)
        )
    return tuple(tiers)


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
