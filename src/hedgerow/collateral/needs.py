"""Where every need of a problem stands, and what counts for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from hedgerow.collateral.problem import Need, Pile, Problem, Tier, Venue, Worth
from hedgerow.limits import Use
from hedgerow.solving.part import INF
from hedgerow.solving.records import Floats

__all__ = ["RESERVE", "Key", "Row", "counted_ccy", "rows_of", "worth_at"]

Key: TypeAlias = tuple[str, str, Use]  # place, asset, use
# What the row of the emergency reserve is told of as.
RESERVE = "reserve"
# Of its scale, what a need may lack and be met as things are: a solver's last digit (1e-10), and a
# hundredth of what a programme may leave.
_LAST_BITS_FRAC = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One need of one venue: where it stands, what it needs, and whether that is there today.

    `at_ccy` counts what is on the way, `now_ccy` does not.
    """

    venue: Venue
    need: Need
    at_ccy: float
    now_ccy: float

    @property
    def title(self) -> str:
        """What it is called in answers."""
        return RESERVE if self.venue.name == RESERVE else f"{self.venue.name}: {self.need.name}"

    @property
    def is_met(self) -> bool:
        """Whether it is covered as things are, of which a solver's last digit is no judge."""
        return self.at_ccy >= self.need.needed_ccy - _LAST_BITS_FRAC * self.scale_ccy

    @property
    def floor_ccy(self) -> float:
        """What it must not fall below on the way: what it needs, or where it stands if lower."""
        return min(self.need.needed_ccy, self.now_ccy)

    @property
    def scale_ccy(self) -> float:
        """What a shortfall is compared with."""
        return max(abs(self.need.needed_ccy), 1.0 / self.venue.currency_usd)


def rows_of(
    problem: Problem, keys: tuple[Key, ...], piles: Mapping[Key, Pile], waiting_coin: Floats
) -> Iterator[tuple[Row, dict[int, Worth]]]:
    """Give the rows of a problem with what each pile counts for in them."""
    kept: list[tuple[Venue, dict[int, Worth]]] = []
    for venue in problem.venues:
        at = [i for i, key in enumerate(keys) if key[0] == venue.name]
        for need in venue.needs:
            found = {i: worth_at(problem, keys[i], need.name) for i in at}
            only = msgspec.structs.replace(venue, needs=(need,))
            kept.append((only, {i: worth for i, worth in found.items() if worth is not None}))
    if problem.reserve_usd > 0:
        need = Need(name=RESERVE, requirement_ccy=problem.reserve_usd)
        worths = {
            i: Worth(
                venue=RESERVE,
                asset=pile.asset,
                tiers=(Tier(width_coin=INF, worth_ccy_per_coin=pile.reserve_usd_per_coin),),
            )
            for i, pile in enumerate(piles.values())
            if pile.reserve_usd_per_coin > 0
        }
        kept.append((Venue(name=RESERVE, needs=(need,)), worths))
    for venue, worth_of in kept:
        (need,) = venue.needs
        now = then = need.counted_ccy
        for i, worth in worth_of.items():
            held = piles[keys[i]].held_coin
            now += counted_ccy(worth, held)
            then += counted_ccy(worth, held + float(waiting_coin[i]))
        yield Row(venue=venue, need=need, at_ccy=then, now_ccy=now), worth_of


def counted_ccy(worth: Worth, coin: float) -> float:
    """Give what so many coins of an asset count for."""
    total, left = 0.0, max(coin, 0.0)
    for tier in worth.tiers:
        taken = min(left, tier.width_coin)
        total += taken * tier.worth_ccy_per_coin
        left -= taken
    return total


def worth_at(problem: Problem, key: Key, need: str) -> Worth | None:
    """Give what an asset counts for in one row: what is said of it, else of all rows."""
    place, asset, use = key
    found = {
        worth.need: worth
        for worth in problem.worths
        if (worth.venue, worth.asset, worth.use) == (place, asset, use)
    }
    return found.get(need, found.get(None))
