"""What leaves the limits room: the limits, their state, and the breaches.

What a limit can be set on is declared once, in `METRICS`: the two measures of an account, the three
deltas, and every Greek of `pricing.GREEKS`, so that a new one can be limited from its first day.
"""

from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from hedgerow.pricing import GREEKS, Greek
from hedgerow.solvency import DISTANCE_FRAC_MAX

__all__ = ["METRICS", "Breach", "Limit", "LimitState", "Metric", "Rung", "Side"]

Side: TypeAlias = Literal["ceiling", "floor"]
# watch: beyond 70 % of soft. soft: act. hard: never wanted. unknown: a breach of its own kind.
Rung: TypeAlias = Literal["calm", "watch", "soft", "hard", "unknown"]


class Metric(NamedTuple):
    """Something a limit can be set on: a number of an account, or one of any node's exposure.

    Attributes
    ----------
    title, unit
        What a person reads; no unit for a fraction.
    side
        Whether more is worse (a ceiling) or less (a floor).
    is_of_account
        Whether it comes from requirement and distance; else it is a field of `ExposureRow`.
    bound_frac_max
        Of a fraction, as far as a bound can mean anything: a ceiling's may lie there, a floor's
        lies below. None for what is no fraction.
    """

    title: str
    unit: str
    side: Side = "ceiling"
    is_of_account: bool = False
    bound_frac_max: float | None = None

    def trouble_with(self, bound_frac_usd_or_coin: float) -> str | None:
        """Say what a bound must be, where it is beyond what it can mean, as per cent are; or None.

        A bound that is not positive is none of its business.
        """
        frac_max = self.bound_frac_max
        is_ceiling = self.side == "ceiling"
        if frac_max is None or bound_frac_usd_or_coin < frac_max:
            return None
        if is_ceiling and bound_frac_usd_or_coin == frac_max:
            return None
        return f"must be {'at most' if is_ceiling else 'below'} {frac_max:g}: write 0.5 for 50 %"


def _metric(greek: Greek) -> Metric:
    """Say that what a Greek counts is dollars, where its column heading names the Greek below."""
    unit = greek.unit if greek.unit.startswith("USD") else f"USD of {greek.unit}"
    return Metric(greek.title.lower(), unit)


# `margin_use_frac`: requirement over equity. `distance_spot_frac`: how far the joint spot may still
# move before an account is liquidatable.
METRICS: Final[dict[str, Metric]] = {
    "delta_spot_usd": Metric("delta", "USD"),
    "delta_spot_coin": Metric("delta in coin", "coin"),
    "delta_premium_adjusted_coin": Metric("premium-adjusted delta", "coin"),
    **{name: _metric(greek) for name, greek in GREEKS.items()},
    # Beyond a use of one the venue liquidates: a bound out there is met when all is over.
    "margin_use_frac": Metric("margin use", "", is_of_account=True, bound_frac_max=1.0),
    # An account that breaks nowhere in the search is judged as if it broke at its edge: a bound
    # there or beyond would always be broken.
    "distance_spot_frac": Metric(
        "distance", "", side="floor", is_of_account=True, bound_frac_max=DISTANCE_FRAC_MAX
    ),
}


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One tolerance that a person set.

    `scope` is a node path of the exposure tree; ``*`` matches one step of it: ``desk/binance/*`` is
    every account of the venue ``binance``. Ceilings are compared with the size of the metric;
    floors with the metric itself. `metric` is a key of `METRICS`.
    """

    scope: str
    metric: str
    soft_frac_usd_or_coin: float
    hard_frac_usd_or_coin: float

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ValueError(
                f"limit on {self.scope}: no metric {self.metric!r}; there are: {', '.join(METRICS)}"
            )
        soft, hard = self.soft_frac_usd_or_coin, self.hard_frac_usd_or_coin
        near, far = (hard, soft) if self.side == "floor" else (soft, hard)
        # Written so that a NaN fails it: a limit of NaN would never bind.
        if not 0 <= near <= far < float("inf"):
            order = "hard at or below soft" if self.side == "floor" else "soft at or below hard"
            raise ValueError(
                f"limit {self.metric} on {self.scope}: bounds must be finite and not negative, "
                f"{order}, were soft {soft} and hard {hard}"
            )
        for name, bound in (("soft", soft), ("hard", hard)):
            if (trouble := METRICS[self.metric].trouble_with(bound)) is not None:
                raise ValueError(
                    f"limit {self.metric} on {self.scope}: {name} {trouble}, was {bound}"
                )

    @property
    def side(self) -> Side:
        """Whether more or less is worse."""
        return METRICS[self.metric].side


class LimitState(msgspec.Struct, frozen=True, kw_only=True):
    """One limit on one node, now. Its value is None when unknown, which is a breach."""

    node: str
    metric: str
    value_frac_usd_or_coin: float | None
    soft_frac_usd_or_coin: float
    hard_frac_usd_or_coin: float
    rung: Rung
    message: str


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A limit state that calls for action: beyond soft, beyond hard, or unknown."""

    state: LimitState
