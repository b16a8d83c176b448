"""Sum what holdings add, under whatever names: nodes of the tree, or buckets of one node.

A part is one holding. Its value and its Greeks belong to the coin it moves with; the delta of its
settled profit, and what bends with the settlement coin, to the coin it is counted in. Some names
join coins and some hold one alone; the difference matters for dollar coins, whose delta is peg risk
and would drown everything else where coins are joined.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import fsum
from typing import TypeAlias

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure.records import ExposureRow
from hedgerow.instruments import Instrument
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import GREEKS, DollarGreeks
from hedgerow.units import to_model

__all__ = ["Part", "Places", "Sums", "row_of", "summed"]

# For a part and a coin: the names that join coins, and those that hold this coin alone.
Places: TypeAlias = Callable[["Part", str], tuple[tuple[str, ...], tuple[str, ...]]]

_OF_SPOT = frozenset(name for name, greek in GREEKS.items() if greek.spot)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one holding adds. Without an answer it adds nothing but its troubles.

    Attributes
    ----------
    own, settled_in
        The coin it moves with, and the coin its worth is counted in.
    own_delta_coin, settled_delta_coin
        Of each of the two.
    greeks, settled_greeks
        Of the whole holding, those of spot by each of the two coins alone; None where there is no
        answer or nothing but a delta.
    troubles
        What is wrong with it; positions seen too long ago still count.
    """

    account: Account
    instrument: Instrument
    own: str
    settled_in: str
    is_known: bool
    troubles: tuple[Failure, ...]
    value_usd: float = 0.0
    own_delta_coin: float = 0.0
    settled_delta_coin: float = 0.0
    greeks: DollarGreeks | None = None
    settled_greeks: DollarGreeks | None = None
    is_estimate: bool = False


@dataclass(slots=True)
class Sums:
    """Addends of one name; `fsum` at the end keeps totals independent of the order of holdings."""

    value_usd: list[float] = field(default_factory=list)
    delta_usd: list[float] = field(default_factory=list)
    delta_coin: list[float] = field(default_factory=list)
    delta_own_coin: list[float] = field(default_factory=list)
    greeks: list[DollarGreeks] = field(default_factory=list)
    pegged: list[DollarGreeks] = field(default_factory=list)  # without those of spot
    coins: set[str] = field(default_factory=set)
    is_estimate: bool = False
    missing: dict[Failure, None] = field(default_factory=dict)


def summed(parts: Iterable[Part], snapshot: Snapshot, places: Places) -> dict[str, Sums]:
    """Gather the addends of every name."""
    sums: dict[str, Sums] = {}
    spots_usd: dict[str, Outcome[float]] = {}

    def spot_usd(coin: str) -> Outcome[float]:
        found = spots_usd.get(coin)
        if found is None:
            spot = snapshot.spot_usd(coin)
            found = spots_usd[coin] = spot if isinstance(spot, Failure) else to_model(spot)
        return found

    def named(name: str) -> Sums:
        found = sums.get(name)
        if found is None:
            found = sums[name] = Sums()
        return found

    for part in parts:
        joined, own_places = places(part, part.own)
        if part.troubles:
            _, settled_places = places(part, part.settled_in)
            for name in (*joined, *own_places, *settled_places):
                named(name).missing.update(dict.fromkeys(part.troubles))
        if not part.is_known:
            continue
        is_peg = part.own in snapshot.dollars_usd
        for name in (*joined, *own_places):
            each = named(name)
            each.value_usd.append(part.value_usd)
            each.is_estimate = each.is_estimate or part.is_estimate
            if part.greeks is not None:
                (each.pegged if is_peg and name in joined else each.greeks).append(part.greeks)
        for coin, delta_coin, is_own in (
            (part.own, part.own_delta_coin, True),
            (part.settled_in, part.settled_delta_coin, False),
        ):
            greeks = part.greeks if is_own else part.settled_greeks
            if delta_coin == 0.0 and greeks is None:
                continue
            spot = spot_usd(coin)
            above, alone = (joined, own_places) if coin == part.own else places(part, coin)
            for name in alone if coin in snapshot.dollars_usd else (*above, *alone):
                each = named(name)
                if isinstance(spot, Failure):
                    each.missing[spot] = None
                    continue
                each.coins.add(coin)
                each.delta_coin.append(delta_coin)
                each.delta_usd.append(delta_coin * spot)
                if is_own:
                    each.delta_own_coin.append(delta_coin)
                elif greeks is not None:
                    each.greeks.append(greeks)
    return sums


def row_of(name: str, sums: Sums) -> ExposureRow:
    """Add up one name."""
    is_one_coin = len(sums.coins) <= 1
    greeks = {
        greek: fsum(
            getattr(addend, greek)
            for addends in ((sums.greeks,) if greek in _OF_SPOT else (sums.greeks, sums.pegged))
            for addend in addends
        )
        for greek in GREEKS
    }
    return ExposureRow(
        node=name,
        value_usd=fsum(sums.value_usd),
        delta_spot_usd=fsum(sums.delta_usd),
        delta_spot_coin=fsum(sums.delta_coin) if is_one_coin else None,
        delta_premium_adjusted_coin=fsum(sums.delta_own_coin) if is_one_coin else None,
        is_estimate=sums.is_estimate,
        missing=tuple(sorted(sums.missing, key=lambda failure: (failure.subject, failure.message))),
        **greeks,
    )
