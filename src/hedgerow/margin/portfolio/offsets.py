"""How much less the parts of a book need together than apart: by position, coin and account."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Literal, TypeAlias

import msgspec

from hedgerow.margin.portfolio.legs import Legs
from hedgerow.margin.portfolio.model import PortfolioModel
from hedgerow.margin.portfolio.need import Need, crowding, need
from hedgerow.market import JointScenarios, Snapshot

__all__ = ["Asked", "Offset", "OffsetOf", "apart_usd", "asked_of", "grouped", "offsets_of"]

OffsetOf: TypeAlias = Literal["account", "coin", "position"]

# What some legs, by their places, need of their own.
Asked: TypeAlias = Callable[[Sequence[int]], Need]


class Offset(msgspec.Struct, frozen=True, kw_only=True):
    """How much less two parts need together than apart; never negative beyond rounding."""

    of: OffsetOf
    first: str
    second: str
    apart_usd: Decimal
    together_usd: Decimal
    saved_usd: Decimal


def asked_of(
    legs: Legs, scenarios: JointScenarios, model: PortfolioModel, snapshot: Snapshot
) -> Asked:
    """Say what some legs need; how hard they are to leave is read off all of them."""
    crowd = crowding(legs, scenarios, model)

    def asked(at: Sequence[int]) -> Need:
        return need(legs.taken(at), crowd, scenarios, model, time_ns=snapshot.time_ns)

    return asked


def apart_usd(legs: Legs, asked: Asked) -> dict[OffsetOf, Decimal]:
    """Give what all parts of a kind need when each stands alone; together they need no more."""
    return {
        of: sum((asked(at).maintenance_usd for at in grouped(names).values()), Decimal(0))
        for of, names in _kinds(legs)
    }


def offsets_of(legs: Legs, asked: Asked, pairs_count_max: int) -> tuple[Offset, ...]:
    """Pair the parts of each kind that need most, as many as make no more pairs than asked for."""
    found: list[Offset] = []
    for of, names in _kinds(legs):
        parts = grouped(names)
        alone = {name: asked(at).maintenance_usd for name, at in parts.items()}
        largest = sorted(parts, key=lambda name: (-alone[name], name))
        while len(largest) * (len(largest) - 1) // 2 > pairs_count_max:
            largest.pop()
        for first, second in combinations(largest, 2):
            joint = asked(sorted((*parts[first], *parts[second]))).maintenance_usd
            apart = alone[first] + alone[second]
            found.append(
                Offset(
                    of=of,
                    first=first,
                    second=second,
                    apart_usd=apart,
                    together_usd=joint,
                    saved_usd=apart - joint,
                )
            )
    return tuple(sorted(found, key=lambda each: (-each.saved_usd, each.of, each.first)))


def grouped(names: Sequence[str]) -> dict[str, list[int]]:
    """Give the places of each name."""
    found: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        found.setdefault(name, []).append(i)
    return found


def _kinds(legs: Legs) -> tuple[tuple[OffsetOf, Sequence[str]], ...]:
    return ("account", legs.accounts), ("coin", legs.coins), ("position", legs.subjects)
