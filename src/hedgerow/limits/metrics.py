"""What a limit can be set on, declared once: a metric is one entry here and its measure."""

from typing import Final, Literal, NamedTuple, TypeAlias

from hedgerow.limits import measures
from hedgerow.limits.concentration import concentration
from hedgerow.limits.seen import Measure, Side
from hedgerow.pricing import GREEKS, Greek
from hedgerow.solvency import DISTANCE_FRAC_MAX

__all__ = ["METRICS", "TRIGGERS", "USE", "Metric", "NodeKind"]

# account: those that a venue may liquidate. tree: every node of the exposure tree, and `coin/COIN`.
# holder: venues and accounts of the tree. name: who a desk leans on, `issuer/circle`.
NodeKind: TypeAlias = Literal["tree", "account", "holder", "name"]
# What of a limit's `Given` a metric takes: the word of the desk file.
Asked: TypeAlias = Literal["shock", "horizon"]
# What brings one back. exposure: a leg adds to the row of its node. losses: a leg gains under
# every shock stated. use: an account's equity against its requirement. distance: the same after a
# joint move of that size. chance: the same after the move that is so likely.
_Mended: TypeAlias = Literal["exposure", "losses", "use", "distance", "chance"]
# What a delta to spot is counted in.
_Counted: TypeAlias = Literal["usd", "coin"]


class Metric(NamedTuple):
    """Something a limit can be set on.

    Attributes
    ----------
    title, unit
        What a person reads; no unit for a fraction.
    measure
        What answers for it.
    side
        Whether more is worse (a ceiling) or less (a floor).
    nodes
        Of which kind of nodes it is.
    bound_frac_max
        Of a fraction, as far as a bound can mean anything: a ceiling's may lie there, a floor's
        lies below. None for what is no fraction.
    asks
        What a person may state for it beside the bounds.
    trigger
        Of an account: the word for the rungs of a call that begin by it; empty where none do.
    mended_by
        What a plan changes to bring it back; None where no leg is known to mend it.
    delta_in
        Of a delta to spot, which a hedge of the coin moves one to one: what it is counted in. None
        for all else, the premium-adjusted delta too: kinds of delta are never added.
    """

    title: str
    unit: str
    measure: Measure = measures.exposure_of
    side: Side = "ceiling"
    nodes: NodeKind = "tree"
    bound_frac_max: float | None = None
    asks: Asked | None = None
    trigger: str = ""
    mended_by: _Mended | None = "exposure"
    delta_in: _Counted | None = None

    @property
    def is_of_account(self) -> bool:
        """Whether it comes from an account's requirement and distance."""
        return self.nodes == "account"

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


USE: Final = "margin_use_frac"
"""The one that every ladder has: a call says to which use it brings an account."""

# `margin_use_frac`: requirement over equity. `distance_spot_frac`: how far the joint spot may still
# move before an account is liquidatable.
METRICS: Final[dict[str, Metric]] = {
    "delta_spot_usd": Metric("delta", "USD", delta_in="usd"),
    "delta_spot_coin": Metric("delta in coin", "coin", delta_in="coin"),
    "delta_premium_adjusted_coin": Metric("premium-adjusted delta", "coin"),
    **{name: _metric(greek) for name, greek in GREEKS.items()},
    # Beyond a use of one the venue liquidates: a bound out there is met when all is over.
    USE: Metric(
        "margin use",
        "",
        measures.margin_use,
        nodes="account",
        bound_frac_max=1.0,
        trigger="use",
        mended_by="use",
    ),
    # An account that breaks nowhere in the search is judged as if it broke at its edge: a bound
    # there or beyond would always be broken.
    "distance_spot_frac": Metric(
        "distance",
        "",
        measures.distance_left,
        side="floor",
        nodes="account",
        bound_frac_max=DISTANCE_FRAC_MAX,
        trigger="distance",
        mended_by="distance",
    ),
    "liquidation_probability_frac": Metric(
        "liquidation probability",
        "",
        measures.liquidation_chance,
        nodes="account",
        bound_frac_max=1.0,
        asks="horizon",
        trigger="probability",
        mended_by="chance",
    ),
    "scenario_loss_usd": Metric(
        "scenario loss", "USD", measures.scenario_loss, asks="shock", mended_by="losses"
    ),
    "funding_paid_usd_per_day": Metric(
        "funding paid", "USD per day", measures.funding_paid, mended_by=None
    ),
    "default_loss_usd": Metric(
        "loss if it defaults", "USD", measures.default_loss, nodes="holder", mended_by=None
    ),
    "concentration_usd": Metric(
        "concentration", "USD", concentration, nodes="name", mended_by=None
    ),
    "concentration_frac": Metric(
        "concentration share", "", concentration, nodes="name", bound_frac_max=1.0, mended_by=None
    ),
}

TRIGGERS: Final[dict[str, Metric]] = {name: each for name, each in METRICS.items() if each.trigger}
"""What the rungs of a call may begin by."""
