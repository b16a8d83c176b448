"""One book under four ways to ask for collateral, and where the difference comes from."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.margin.portfolio.legs import legs_of
from hedgerow.margin.portfolio.model import PortfolioModel
from hedgerow.margin.portfolio.need import Need
from hedgerow.margin.portfolio.offsets import Offset, asked_of, grouped, offsets_of
from hedgerow.market import JointScenarios, Snapshot, grid_of
from hedgerow.portfolio import Book
from hedgerow.units import to_model

__all__ = ["Comparison", "Form", "FormRow", "compare"]

Form: TypeAlias = Literal["isolated", "cross", "span_like", "portfolio"]
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
    asked = asked_of(legs, scenarios, model, snapshot)
    by_coin = grouped(legs.coins)
    span: list[Need] = []
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
        span.append(asked_of(seen, grid, model, snapshot)(at))
    parts: dict[Form, list[Need]] = {
        "isolated": [asked([i]) for i in whole],
        "cross": [asked(at) for at in by_coin.values()],
        "span_like": span,
        "portfolio": [asked(list(whole))],
    }
    needs = {
        form: sum((each.maintenance_usd for each in found), Decimal(0))
        for form, found in parts.items()
    }
    losses_usd = -legs.profits_usd.sum(axis=1)
    return Comparison(
        model=model.name,
        time_ns=snapshot.time_ns,
        equity_usd=float(legs.worth_usd.sum()),
        forms=tuple(
            FormRow(
                form=form,
                requirement_maintenance_usd=needs[form],
                requirement_initial_usd=sum((each.initial_usd for each in found), Decimal(0)),
                freed_usd=needs["isolated"] - needs[form],
                loss_beyond_frac=float(np.mean(losses_usd > to_model(needs[form]))),
                parts_count=len(found),
            )
            for form, found in parts.items()
        ),
        offsets=offsets_of(legs, asked, pairs_count_max),
    )
