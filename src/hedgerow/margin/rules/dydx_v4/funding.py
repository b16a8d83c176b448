"""What longs pay shorts: an index that grows by the hour, settled position by position."""

from hedgerow.margin.rules.checks import not_negative
from hedgerow.margin.rules.dydx_v4.requirement import maintenance_ppm
from hedgerow.units import mul_div_down

__all__ = ["rate_ppm_max", "settlement_ppm"]

_ONE_PPM = 10**6


def rate_ppm_max(base_ppm: int, *, fraction_ppm: int, clamp_factor_ppm: int) -> int:
    """Largest size of a market's 8-hour rate: a multiple of initial less maintenance, rounded down.

    Parameters
    ----------
    base_ppm, fraction_ppm
        Of the tier, as for `maintenance_ppm`.
    clamp_factor_ppm
        6,000,000 for rates and 60,000,000 for premium votes on the chain.
    """
    not_negative(clamp_factor_ppm=clamp_factor_ppm)
    room_ppm = base_ppm - maintenance_ppm(base_ppm, fraction_ppm=fraction_ppm)
    return mul_div_down(clamp_factor_ppm, room_ppm, _ONE_PPM)


def settlement_ppm(base_raw: int, *, index_ppm: int, index_entry_ppm: int) -> int:
    """Millionths of a quote quantum that a position receives (negative: pays), not rounded.

    Parameters
    ----------
    base_raw
        Long is positive; longs pay when the index has risen.
    index_ppm, index_entry_ppm
        The market's index now, and when the position last settled.
    """
    return -(index_ppm - index_entry_ppm) * base_raw
