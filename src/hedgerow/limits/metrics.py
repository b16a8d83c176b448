"""What a limit can be set on, declared once: a metric is one entry of `METRICS` and its measure.

A measure says of every node it is asked about a number, or why there is none; it never leaves out
what is missing. One that takes a page of its own has a module (`concentration`).
"""

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure import funding
from hedgerow.limits.concentration import concentration
from hedgerow.limits.seen import (
    Given,
    Measure,
    Measured,
    Seen,
    Side,
    Toward,
    incomplete,
    unknown,
)
from hedgerow.margin import MarginReport
from hedgerow.pricing import GREEKS, Greek, value
from hedgerow.solvency import DISTANCE_FRAC_MAX, Distance
from hedgerow.units import HOUR_NS, percent, to_model

__all__ = [
    "METRICS",
    "TRIGGERS",
    "USE",
    "Metric",
    "NodeKind",
    "default_loss",
    "distance_left",
    "exposure_of",
    "funding_paid",
    "liquidation_chance",
    "margin_use",
    "scenario_loss",
]

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
Covers = Callable[[str], bool]


def exposure_of(name: str, seen: Seen, _: Given, covers: Covers) -> Iterator[Measured]:
    """Read a delta or a Greek off the exposure tree."""
    for row in seen.exposures.rows:
        if not covers(row.node):
            continue
        if row.missing:
            yield incomplete(row.node, row.missing)
            continue
        number: float | None = getattr(row, name)
        if number is None:
            said = f"{name} of a node that joins several coins: coins of two kinds do not add"
            yield unknown(row.node, Failure(subject=row.node, reason="unsupported", message=said))
            continue
        digits = ".0f" if abs(number) >= 1_000 else ".4g"
        yield Measured(row.node, number, f"{name} is {number:,{digits}}")


def margin_use(_: str, seen: Seen, __: Given, covers: Covers) -> Iterator[Measured]:
    """Set the requirement against equity."""
    for node, report in seen.reports.items():
        if not covers(node):
            continue
        if isinstance(report, Failure):
            yield unknown(node, report)
            continue
        use = report.use_frac
        if use is None:
            yield Measured(node, None, "equity is not positive", "hard")
        else:
            yield Measured(node, to_model(use), f"requirement is {percent(use)} of equity")


def distance_left(_: str, seen: Seen, __: Given, covers: Covers) -> Iterator[Measured]:
    """Say how far the joint spot may still move."""
    for node, found in seen.distances.items():
        if not covers(node):
            continue
        if isinstance(found, Failure):
            yield unknown(node, found)
            continue
        nearest = found.nearest_frac
        if nearest is None:
            # Known to be further than anything searched: report the edge of the search, not
            # infinity.
            edge = min(abs(found.searched_down_frac), found.searched_up_frac)
            said = f"no breach within {percent(edge, 0)} of the joint spot"
            yield Measured(node, edge, said, toward="nowhere")
            continue
        is_fall = found.down_frac is not None and abs(found.down_frac) == nearest
        way: Toward = "fall" if is_fall else "rise"
        yield Measured(node, nearest, f"breaks after a {way} of {percent(nearest)}", toward=way)


def liquidation_chance(_: str, seen: Seen, given: Given, covers: Covers) -> Iterator[Measured]:
    """Say how likely a liquidation is within a horizon, by whoever was named to know."""
    for node, found in seen.distances.items():
        if not covers(node):
            continue
        chance = _chance(node, found, seen, given)
        if isinstance(chance, Failure):
            yield unknown(node, chance)
        else:
            hours = given.horizon_ns / HOUR_NS
            said = f"liquidated within {hours:g} h: {percent(chance, 3)} at most"
            by = getattr(given.chance, "said", "")  # a model may say what it takes prices to do
            yield Measured(node, chance, f"{said}, by {by}" if by else said)


def scenario_loss(_: str, seen: Seen, given: Given, covers: Covers) -> Iterator[Measured]:
    """Revalue everything under every shock that is given, and take the worst loss of each node.

    Where nothing is lost under any, the loss is zero.
    """
    asked = [row for row in seen.exposures.rows if covers(row.node)]
    if not asked:
        return
    if not given.stresses:
        for row in asked:
            said = "no shock is stated"
            why = Failure(subject=row.node, reason="missing_data", message=said)
            yield unknown(row.node, why)
        return
    found = seen.profits(given.stresses)
    column_of = {node: at for at, node in enumerate(found.nodes)}
    for row in asked:
        at = column_of[row.node]
        missing = [*row.missing, *found.missing[at]]
        if missing:
            yield incomplete(row.node, missing)
            continue
        losses = {
            each.name: -float(gained)
            for each, gained in zip(given.stresses, found.profit_usd[:, at], strict=True)
        }
        worst = max(losses, key=lambda name: losses[name])
        if losses[worst] <= 0.0:
            yield Measured(row.node, 0.0, "loses nothing under any shock")
        else:
            yield Measured(row.node, losses[worst], f"loses {losses[worst]:,.0f} USD: {worst}")


def funding_paid(_: str, seen: Seen, __: Given, covers: Covers) -> Iterator[Measured]:
    """Say what a day of funding costs; what is received is no cost."""
    table = funding(seen.book, value(seen.book, seen.snapshot), seen.snapshot)
    known = {row.node: row for row in table.rows}
    for node in (row.node for row in seen.exposures.rows if covers(row.node)):
        row = known.get(node)
        if row is None:
            yield Measured(node, 0.0, "no perpetual and no loan")
        elif row.missing:
            yield incomplete(node, row.missing)
        else:
            received = row.funding_usd_per_day or 0.0  # None only where there is no perpetual
            verb = "receives" if received > 0.0 else "pays"
            said = f"{verb} {abs(received):,.0f} USD a day"
            yield Measured(node, max(0.0, -received), said)


def default_loss(_: str, seen: Seen, __: Given, covers: Covers) -> Iterator[Measured]:
    """Say what is lost if a venue, or one of its accounts, gives nothing back: positive equity.

    Accounts of one venue are not netted: what one owes is asked for, what another holds is gone.
    """
    rows = {row.node: row for row in seen.exposures.rows}
    places = dict.fromkeys(f"desk/{each.venue}" for each in seen.book.accounts)
    for node in (row.node for row in seen.exposures.rows if covers(row.node)):
        steps = node.split("/")
        if node in places:
            below = [row for name, row in rows.items() if name.split("/")[:-1] == steps]
        elif len(steps) == 3 and steps[0] == "desk":
            below = [rows[node]]
        else:
            said = "a venue or an account may fail to give back, this is neither"
            yield unknown(node, Failure(subject=node, reason="unsupported", message=said))
            continue
        missing = [gone for row in below for gone in row.missing]
        if missing:
            yield incomplete(node, missing)
            continue
        held = sum(max(0.0, row.value_usd) for row in below)
        yield Measured(node, held, f"holds {held:,.0f} USD that may not come back")


def _chance(node: str, found: Outcome[Distance], seen: Seen, given: Given) -> Outcome[float]:
    report: Outcome[MarginReport] = seen.reports[node]
    for each in (report, found):
        if isinstance(each, Failure):
            return each
    assert not isinstance(found, Failure)
    if given.chance is None:
        said = "no vol is known, so no probability is"
        return Failure(subject=node, reason="missing_data", message=said)
    return given.chance(seen.coins_of(seen.account(node)), found, given.horizon_ns)


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
    measure: Measure = exposure_of
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
        margin_use,
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
        distance_left,
        side="floor",
        nodes="account",
        bound_frac_max=DISTANCE_FRAC_MAX,
        trigger="distance",
        mended_by="distance",
    ),
    "liquidation_probability_frac": Metric(
        "liquidation probability",
        "",
        liquidation_chance,
        nodes="account",
        bound_frac_max=1.0,
        asks="horizon",
        trigger="probability",
        mended_by="chance",
    ),
    "scenario_loss_usd": Metric(
        "scenario loss", "USD", scenario_loss, asks="shock", mended_by="losses"
    ),
    "funding_paid_usd_per_day": Metric("funding paid", "USD per day", funding_paid, mended_by=None),
    "default_loss_usd": Metric(
        "loss if it defaults", "USD", default_loss, nodes="holder", mended_by=None
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
