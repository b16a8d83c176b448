"""One book under four ways to ask for collateral, and where the difference comes from."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.margin.portfolio.legs import Legs, legs_of
from hedgerow.margin.portfolio.model import PortfolioModel
from hedgerow.margin.portfolio.need import STEP_USD, crowding, need
from hedgerow.market import JointScenarios, Snapshot, grid_of
from hedgerow.portfolio import Book
from hedgerow.units import digits_of, quantise, to_model

__all__ = ["Comparison", "Form", "FormRow", "Offset", "OffsetOf", "compare"]

Form: TypeAlias = Literal["isolated", "cross", "span_like", "portfolio"]
OffsetOf: TypeAlias = Literal["position", "coin", "account"]

_Asked: TypeAlias = Callable[[Sequence[int]], Decimal]

_STEPS = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)


class FormRow(msgspec.Struct, frozen=True, kw_only=True):
    """One way to ask. `freed_usd` is what it leaves free of the isolated requirement.

    `loss_beyond_frac` is the share of joint scenarios in which the whole book loses more than the
    maintenance requirement: how likely it breaks over the horizon with no more than that behind it,
    as far as the scenarios are likely.
    """

    form: Form
    requirement_maintenance_usd: Decimal
    requirement_initial_usd: Decimal
    freed_usd: Decimal
    loss_beyond_frac: float
    parts_count: int


class Offset(msgspec.Struct, frozen=True, kw_only=True):
    """How much less two parts need together than apart; never negative beyond rounding."""

    of: OffsetOf
    first: str
    second: str
    apart_usd: Decimal
    together_usd: Decimal
    saved_usd: Decimal


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The forms in the order isolated, cross, SPAN-like, portfolio; offsets largest first."""

    model: str
    time_ns: int
    equity_usd: float
    forms: tuple[FormRow, ...]
    offsets: tuple[Offset, ...]


def compare(
    book: Book,
    snapshot: Snapshot,
    scenarios: JointScenarios,
    model: PortfolioModel,
    *,
    price_range_frac: float = 0.16,
    vol_factors_frac: Sequence[float] = (0.75, 1.0, 1.5),
    pairs_count_max: int = 40,
) -> Outcome[Comparison]:
    """Compare what a book must hold.

    Isolated: every position alone. Cross: the positions of one coin together, coins added up.
    SPAN-like: as cross, over a grid of that coin's price and vols only. Portfolio: all together,
    over joint scenarios. Contingencies are charged in every form, and time to exit and
    concentration are those of the whole book in every form.

    Parameters
    ----------
    price_range_frac
        How far the SPAN-like grid reaches, both ways, in eight steps.
    pairs_count_max
        Offsets are explained for that many of the parts that need most, pair by pair.

    Returns
    -------
    Comparison or Failure
    """
    legs = legs_of(book, snapshot, scenarios, model)
    if isinstance(legs, Failure):
        return legs
    whole = range(len(legs))
    asked = _asked(legs, scenarios, model, snapshot)
    by_coin = _grouped(legs.coins)
    span = Decimal(0)
    for coin, at in by_coin.items():
        grid = grid_of(
            scenarios.factors,
            coin,
            price_moves_frac=[price_range_frac * step for step in _STEPS],
            vol_factors_frac=vol_factors_frac,
        )
        seen = legs_of(book, snapshot, grid, model)
        if isinstance(seen, Failure):
            return seen
        span += _asked(seen, grid, model, snapshot)(at)
    needs = {
        "isolated": sum((asked([i]) for i in whole), Decimal(0)),
        "cross": sum((asked(at) for at in by_coin.values()), Decimal(0)),
        "span_like": span,
        "portfolio": asked(list(whole)),
    }
    losses_usd = -legs.profits_usd.sum(axis=1)
    factor = digits_of(model.initial_factor_frac)
    parts = {"isolated": len(legs), "cross": len(by_coin), "span_like": len(by_coin)}
    forms: tuple[Form, ...] = ("isolated", "cross", "span_like", "portfolio")
    return Comparison(
        model=model.name,
        time_ns=snapshot.time_ns,
        equity_usd=float(legs.worth_usd.sum()),
        forms=tuple(
            FormRow(
                form=form,
                requirement_maintenance_usd=needs[form],
                requirement_initial_usd=quantise(needs[form] * factor, STEP_USD, "up"),
                freed_usd=needs["isolated"] - needs[form],
                loss_beyond_frac=float(np.mean(losses_usd > to_model(needs[form]))),
                parts_count=parts.get(form, 1),
            )
            for form in forms
        ),
        offsets=_offsets(legs, asked, pairs_count_max),
    )


def _offsets(legs: Legs, asked: _Asked, pairs_count_max: int) -> tuple[Offset, ...]:
    found: list[Offset] = []
    kinds: tuple[tuple[OffsetOf, Sequence[str]], ...] = (
        ("account", legs.accounts), ("coin", legs.coins), ("position", legs.subjects),
    )  # fmt: skip
    for of, names in kinds:
        parts = _grouped(names)
        alone = {name: asked(at) for name, at in parts.items()}
        # The largest parts, as many as make no more pairs than asked for.
        largest = sorted(parts, key=lambda name: (-alone[name], name))
        while len(largest) * (len(largest) - 1) // 2 > pairs_count_max:
            largest.pop()
        for first, second in combinations(largest, 2):
            both = sorted((*parts[first], *parts[second]))
            joint = asked(both)
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


def _asked(
    legs: Legs, scenarios: JointScenarios, model: PortfolioModel, snapshot: Snapshot
) -> _Asked:
    """Say what some legs need; how hard they are to leave is read off all of them."""
    crowd = crowding(legs, scenarios, model)

    def asked(at: Sequence[int]) -> Decimal:
        some = legs.taken(at)
        return need(some, crowd, scenarios, model, time_ns=snapshot.time_ns).maintenance_usd

    return asked


def _grouped(names: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        found.setdefault(name, []).append(i)
    return found
