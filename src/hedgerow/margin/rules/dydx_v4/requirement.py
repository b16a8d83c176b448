"""What a position is worth and must be backed with; requirements round up, twice where nested."""

from fractions import Fraction

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.checks import not_negative
from hedgerow.units import mul_div_down, mul_div_up

__all__ = [
    "initial_ppm",
    "maintenance_ppm",
    "notional_raw",
    "requirement_initial_raw",
    "requirement_maintenance_raw",
]

_ONE_PPM = 10**6
_QUOTE_RAW = 10**6  # quantums in one USDC


def notional_raw(base_raw: int, *, price_usd: Fraction, atomic_resolution_power: int) -> int:
    """Value of a signed position in quote quantums, rounded towards zero.

    Parameters
    ----------
    price_usd
        Of one whole unit of the asset, not negative.
    atomic_resolution_power
        A base quantum is ten to this of the asset; -8 for ten decimals less two.
    """
    not_negative(price_usd=price_usd)
    return int(base_raw * Fraction(10) ** atomic_resolution_power * price_usd * _QUOTE_RAW)


def initial_ppm(
    base_ppm: int, *, open_interest_raw: int, lower_cap_raw: int, upper_cap_raw: int
) -> int:
    """Initial margin fraction at an open interest: linear from the base to one between two caps.

    Parameters
    ----------
    base_ppm
        The tier's own fraction, which holds up to and at the lower cap.
    open_interest_raw, lower_cap_raw, upper_cap_raw
        In quote quantums. An upper cap of zero switches the scaling off.

    Raises
    ------
    OutOfDomain
        If the fraction exceeds one or the lower cap the upper.
    """
    _at_most_one(initial_margin_ppm=base_ppm)
    not_negative(
        open_interest_raw=open_interest_raw,
        lower_cap_raw=lower_cap_raw,
        upper_cap_raw=upper_cap_raw,
    )
    if upper_cap_raw == 0:
        return base_ppm
    if lower_cap_raw > upper_cap_raw:
        raise OutOfDomain(
            f"lower_cap_raw must not exceed upper_cap_raw, were {lower_cap_raw} and {upper_cap_raw}"
        )
    if open_interest_raw <= lower_cap_raw:
        return base_ppm
    if open_interest_raw >= upper_cap_raw:
        return _ONE_PPM
    return base_ppm + mul_div_down(
        _ONE_PPM - base_ppm, open_interest_raw - lower_cap_raw, upper_cap_raw - lower_cap_raw
    )


def maintenance_ppm(base_ppm: int, *, fraction_ppm: int) -> int:
    """Maintenance margin fraction of a tier, rounded down: a figure, not how it is required.

    Parameters
    ----------
    base_ppm
        The tier's own initial fraction, never the one scaled by open interest.
    fraction_ppm
        Which part of it maintenance is.
    """
    _at_most_one(initial_margin_ppm=base_ppm, maintenance_fraction_ppm=fraction_ppm)
    return mul_div_down(base_ppm, fraction_ppm, _ONE_PPM)


def requirement_initial_raw(notional_raw: int, *, initial_ppm: int, chosen_ppm: int = 0) -> int:
    """Initial requirement of a position of either side, rounded up.

    Parameters
    ----------
    initial_ppm
        Scaled by open interest.
    chosen_ppm
        The inverse of the leverage that the user chose; it only ever raises the requirement.
    """
    not_negative(initial_ppm=initial_ppm, chosen_ppm=chosen_ppm)
    return mul_div_up(abs(notional_raw), max(initial_ppm, chosen_ppm), _ONE_PPM)


def requirement_maintenance_raw(notional_raw: int, *, base_ppm: int, fraction_ppm: int) -> int:
    """Maintenance requirement of a position of either side.

    From the tier's own initial fraction: neither open interest nor a chosen leverage raises it.
    Rounded up to the initial requirement first and again to its part.
    """
    _at_most_one(initial_margin_ppm=base_ppm, maintenance_fraction_ppm=fraction_ppm)
    initial_raw = mul_div_up(abs(notional_raw), base_ppm, _ONE_PPM)
    return mul_div_up(initial_raw, fraction_ppm, _ONE_PPM)


def _at_most_one(**values_ppm: int) -> None:
    not_negative(**values_ppm)
    for name, value in values_ppm.items():
        if value > _ONE_PPM:
            raise OutOfDomain(f"{name} must be at most 1,000,000, was {value}")
