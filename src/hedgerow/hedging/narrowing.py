"""A band is never wider than a soft limit that a person set on its coin's delta.

A `Narrowing` says what that takes of the band which a policy has by its costs, so that nobody reads
the one and is hedged by the other.
"""

from typing import Final, NamedTuple

import msgspec

from hedgerow.limits import METRICS, Survey

__all__ = ["INSIDE_FRAC", "Ends", "Narrowing", "inside_limits"]

# A plan stops a little inside a soft limit: at the bound itself the limit is broken.
INSIDE_FRAC: Final = 0.95


class Ends(NamedTuple):
    """Low and high, and where a delta below the one or above the other is brought to."""

    low_coin: float
    high_coin: float
    to_low_coin: float
    to_high_coin: float

    def within(self, bound_coin: float) -> "Ends":
        """Bring all of them inside a bound on the size of a delta."""
        return Ends(*(min(max(each, -bound_coin), bound_coin) for each in self))


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """From which band to which a soft limit narrows it.

    The limit is that of `metric` on `node`; what is left ends at `INSIDE_FRAC` of it.
    """

    from_low_coin: float
    from_high_coin: float
    low_coin: float
    high_coin: float
    node: str
    metric: str
    soft_usd_or_coin: float


def inside_limits(
    coin: str, survey: Survey, spot_usd: float, ends: Ends
) -> tuple[Ends, Narrowing | None]:
    """Cut a band to stay inside the soft limits on its coin's delta; say by which, if by any."""
    unit_usd = {"usd": spot_usd, "coin": 1.0}
    bounds = [
        (INSIDE_FRAC * state.soft_frac_usd_or_coin / unit_usd[counted_in], state)
        for state in survey.limits
        if state.node == f"coin/{coin}"
        and (counted_in := METRICS[state.metric].delta_in) is not None
    ]
    if not bounds:
        return ends, None
    bound_coin, state = min(bounds, key=lambda each: each[0])
    inside = ends.within(bound_coin)
    if inside == ends:
        return ends, None
    return inside, Narrowing(
        from_low_coin=ends.low_coin,
        from_high_coin=ends.high_coin,
        low_coin=inside.low_coin,
        high_coin=inside.high_coin,
        node=state.node,
        metric=state.metric,
        soft_usd_or_coin=state.soft_frac_usd_or_coin,
    )
