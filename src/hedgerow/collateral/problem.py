"""What an allocation is asked of: piles of assets, venues that want collateral, links between.

Everything that is known of a desk enters here as plain numbers, so that the same problem may be
written by hand, from a file, or read off a desk (`collateral.reading`). A pile is so much of one
asset at one place, kept for one use; a venue is a place with needs; a need is one row that must be
covered: now, at the initial requirement, or in a scenario with that scenario's prices, haircuts and
requirement (methods.md section 26). What a pile counts for falls with its size by tiers, the form
in which exchanges publish discounts. Refused, with the field's name: what is no number, what names
no place there is, and an asset that would count more the more there is of it.
"""

import math
from collections import Counter

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.limits import Use

__all__ = ["Link", "Need", "OnTheWay", "Pile", "Problem", "Tier", "Venue", "Worth"]

INF = math.inf


def _bounded(owner: str, bounds: tuple[float, float], **given: float) -> None:
    """Hold numbers between two ends; infinity only where the end is."""
    low, high = bounds
    for name, value in given.items():
        if math.isnan(value) or not low <= value <= high:
            raise OutOfDomain(f"{owner}: {name} must lie from {low:g} to {high:g}, was {value}")


_MOST = 1e300


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """The next so many coins of an asset, and what each counts for; the last may be endless."""

    width_coin: float
    worth_ccy_per_coin: float

    def __post_init__(self) -> None:
        _bounded("tier", (0.0, INF), width_coin=self.width_coin)
        _bounded("tier", (0.0, _MOST), worth_ccy_per_coin=self.worth_ccy_per_coin)


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What an asset counts for at a venue, from its first coin on; beyond the last tier nothing.

    An asset of which a venue has no worth is not eligible there. `need` names the row this is for;
    None where every row of the venue counts alike.
    """

    venue: str
    asset: str
    tiers: tuple[Tier, ...]
    use: Use = "balance"
    need: str | None = None

    def __post_init__(self) -> None:
        for nearer, further in zip(self.tiers, self.tiers[1:], strict=False):
            if further.worth_ccy_per_coin > nearer.worth_ccy_per_coin:
                raise OutOfDomain(
                    f"tiers of {self.asset} at {self.venue}: worth_ccy_per_coin grows from "
                    f"{nearer.worth_ccy_per_coin:g} to {further.worth_ccy_per_coin:g}; more of an "
                    "asset must not count more"
                )


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One row to be covered: a requirement with its buffer, less what counts beside the piles.

    What counts beside them is equity that no transfer changes, such as unrealised profit; it may be
    negative.
    """

    name: str
    requirement_ccy: float
    buffer_frac: float = 0.0
    counted_ccy: float = 0.0

    def __post_init__(self) -> None:
        _bounded(f"need {self.name}", (-_MOST, _MOST), requirement_ccy=self.requirement_ccy)
        _bounded(f"need {self.name}", (0.0, _MOST), buffer_frac=self.buffer_frac)
        _bounded(f"need {self.name}", (-_MOST, _MOST), counted_ccy=self.counted_ccy)

    @property
    def needed_ccy(self) -> float:
        """What must be covered."""
        return self.requirement_ccy * (1.0 + self.buffer_frac)


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """A place that asks for collateral.

    Attributes
    ----------
    currency_usd
        What one unit is worth of the currency its needs are counted in.
    deadline_ns
        How long from now what is sent may take; None where nobody waits.
    urgency_frac
        How much more a dollar short weighs here where not every venue can be covered.
    value_usd_max
        What may lie here at most, in dollars before haircuts: a limit on the counterparty.
    share_frac_max
        What part of that one asset may be: concentration.
    """

    name: str
    needs: tuple[Need, ...]
    currency: str = "USD"
    currency_usd: float = 1.0
    deadline_ns: int | None = None
    urgency_frac: float = 1.0
    value_usd_max: float = INF
    share_frac_max: float = 1.0

    def __post_init__(self) -> None:
        owner = f"venue {self.name}"
        # Bounds are included: so small stands for anything above zero.
        _bounded(owner, (1e-300, _MOST), currency_usd=self.currency_usd)
        _bounded(owner, (1e-9, 1e9), urgency_frac=self.urgency_frac)
        _bounded(owner, (0.0, INF), value_usd_max=self.value_usd_max)
        _bounded(owner, (0.0, 1.0), share_frac_max=self.share_frac_max)
        if self.deadline_ns is not None:
            _bounded(owner, (0.0, _MOST), deadline_ns=self.deadline_ns)
        _named_once(f"{owner}: needs", [need.name for need in self.needs])


class Pile(msgspec.Struct, frozen=True, kw_only=True):
    """So much of one asset at one place for one use; a place without a pile of it holds none.

    Attributes
    ----------
    spare_coin
        What of it may leave, before any need of the place is asked; None for all of it.
    earns_frac_per_year
        What a coin earns by lying here. What a move costs is the difference of both ends.
    held_coin_max
        What may lie here at most: the venue's cap on the asset, or what is owed, of a repayment.
    reserve_usd_per_coin
        What a coin counts for in the emergency reserve; zero where it could not be had at once.
    """

    place: str
    asset: str
    use: Use = "balance"
    held_coin: float = 0.0
    spare_coin: float | None = None
    price_usd: float = 1.0
    earns_frac_per_year: float = 0.0
    held_coin_max: float = INF
    reserve_usd_per_coin: float = 0.0

    def __post_init__(self) -> None:
        owner = f"pile of {self.asset} at {self.place}"
        _bounded(owner, (0.0, _MOST), held_coin=self.held_coin, price_usd=self.price_usd)
        _bounded(owner, (0.0, _MOST), reserve_usd_per_coin=self.reserve_usd_per_coin)
        _bounded(owner, (0.0, INF), held_coin_max=self.held_coin_max)
        _bounded(owner, (-_MOST, _MOST), earns_frac_per_year=self.earns_frac_per_year)
        if self.spare_coin is not None:
            _bounded(owner, (0.0, self.held_coin), spare_coin=self.spare_coin)

    @property
    def may_leave_coin(self) -> float:
        """What of it may leave."""
        return self.held_coin if self.spare_coin is None else self.spare_coin


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One way for one asset: nothing moves along any other.

    Attributes
    ----------
    use
        What it becomes at the target; it is always drawn from a balance.
    fee_coin, fee_usd
        Fixed for each transfer; coins are drawn from the source beside what is sent.
    fee_frac
        A fee in proportion to what is sent, paid beside it.
    dearer_usd_per_coin
        What a coin by this way is held dearer than it is, to tell apart ways that cost alike; no
        part of what is told as cost.
    minimum_coin, step_coin
        What is sent is nothing or at least so much, in steps; a step of zero is any amount.
    latency_ns
        By when it has arrived as surely as the caller wants: a high percentile, not a mean.
    transit_haircut_frac
        What part of it is not counted upon, for what may happen to it on the way.
    """

    source: str
    target: str
    asset: str
    use: Use = "balance"
    fee_coin: float = 0.0
    fee_usd: float = 0.0
    minimum_coin: float = 0.0
    step_coin: float = 0.0
    latency_ns: int = 0
    transit_haircut_frac: float = 0.0
    sent_coin_max: float | None = None
    fee_frac: float = 0.0
    dearer_usd_per_coin: float = 0.0

    def __post_init__(self) -> None:
        owner = f"link {self.title}"
        _bounded(owner, (0.0, _MOST), fee_coin=self.fee_coin, fee_usd=self.fee_usd)
        _bounded(owner, (0.0, _MOST), minimum_coin=self.minimum_coin, step_coin=self.step_coin)
        _bounded(owner, (0.0, _MOST), latency_ns=self.latency_ns)
        _bounded(owner, (0.0, 1.0), transit_haircut_frac=self.transit_haircut_frac)
        _bounded(owner, (0.0, 1.0), fee_frac=self.fee_frac)
        _bounded(owner, (0.0, _MOST), dearer_usd_per_coin=self.dearer_usd_per_coin)
        if self.sent_coin_max is not None:
            _bounded(owner, (0.0, _MOST), sent_coin_max=self.sent_coin_max)
        if self.source == self.target and self.use == "balance":
            raise OutOfDomain(f"{owner}: source and target are one place")

    @property
    def title(self) -> str:
        """What it is called in answers."""
        return f"{self.asset} {self.source} > {self.target} ({self.use})"


class OnTheWay(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent earlier and has not arrived: gone from its source, not yet in a pile.

    It counts once, at its target, less its haircut, and only where it is there in time.
    """

    target: str
    asset: str
    quantity_coin: float
    use: Use = "balance"
    latency_ns: int = 0
    transit_haircut_frac: float = 0.0

    def __post_init__(self) -> None:
        owner = f"on the way to {self.target}"
        _bounded(owner, (0.0, _MOST), quantity_coin=self.quantity_coin, latency_ns=self.latency_ns)
        _bounded(owner, (0.0, 1.0), transit_haircut_frac=self.transit_haircut_frac)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is there, what is asked for, and along which ways; see the module.

    `reserve_usd` is what must stay at hand in piles that count for the reserve, and `horizon_years`
    how long what is posted is taken to stay there.
    """

    piles: tuple[Pile, ...]
    venues: tuple[Venue, ...]
    worths: tuple[Worth, ...]
    links: tuple[Link, ...]
    on_the_way: tuple[OnTheWay, ...] = ()
    reserve_usd: float = 0.0
    horizon_years: float = 1.0

    def __post_init__(self) -> None:
        _bounded("problem", (0.0, _MOST), reserve_usd=self.reserve_usd)
        _bounded("problem", (0.0, 1e3), horizon_years=self.horizon_years)
        _named_once("venues", [venue.name for venue in self.venues])
        _named_once("links", [link.title for link in self.links])
        _named_once("piles", [f"{pile.asset} at {pile.place} ({pile.use})" for pile in self.piles])
        needs = {venue.name: {need.name for need in venue.needs} for venue in self.venues}
        _named_once(
            "worths", [f"{w.asset} at {w.venue} ({w.use}) for {w.need}" for w in self.worths]
        )
        for worth in self.worths:
            if worth.venue not in needs:
                raise OutOfDomain(f"worth of {worth.asset}: there is no venue {worth.venue}")
            if worth.need is not None and worth.need not in needs[worth.venue]:
                raise OutOfDomain(
                    f"worth of {worth.asset}: venue {worth.venue} has no need {worth.need}"
                )
        places = {pile.place for pile in self.piles} | needs.keys()
        for link in self.links:
            for end, place in (("source", link.source), ("target", link.target)):
                if place not in places:
                    raise OutOfDomain(f"link {link.title}: {end} {place} is no place there is")
        for sent in self.on_the_way:
            if sent.target not in places:
                raise OutOfDomain(f"on the way: target {sent.target} is no place there is")


def _named_once(what: str, names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise OutOfDomain(f"{what}: {twice[0]} stands twice")
