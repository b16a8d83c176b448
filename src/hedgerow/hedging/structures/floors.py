"""The cheapest floor under a position: options of a real chain, bought at the ask, sold at the bid.

Listed options and a position enter; legs in whole lots leave, with what they cost, what no floor
can undercut, and the position's worth at the horizon at every spot looked at, each option revalued
in full. A long position is floored by puts and a short one by calls. The other side may be sold to
pay for it, covered by the position and up to a stated part of what the position would have gained;
never for more than the floor costs. What ends before the horizon is left out: what it paid would
depend on the way.

Options that end at the horizon are worth what is in the money, and then the floor holds between the
spots of the grid too, their strikes being looked at as well. What lives on is revalued by Black's
formula at its own vol, moved by what the caller says; spots at which that dips below the floor are
added and the programme is solved again.

References
----------
Methods sheet, sections 7 and 8. H. Leland (1980), Who should buy portfolio insurance?, J. Finance
35.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome
from hedgerow.hedging.structures.floor_programme import (
    AT_HORIZON_YEARS,
    FLOOR_AT,
    cost_usd,
    option_values_usd,
    programme_of,
    worth_at_horizon_usd,
)
from hedgerow.hedging.structures.floor_records import (
    FloorLeg,
    FloorOptions,
    FloorPlan,
    FloorReach,
    FloorTerms,
)
from hedgerow.pricing import Floats
from hedgerow.solving import (
    EXCESS_FRAC_MAX,
    Answer,
    Band,
    Decisions,
    Ladders,
    Part,
    Programme,
    least,
)
from hedgerow.solving.part import USED_AMOUNT

__all__ = ["floor", "highest_floor"]

_ROUNDS_COUNT: Final = 6
_DENSE_COUNT: Final = 400
# A collar that costs nothing has many equals; a search among them all ends nowhere.
_NODES_COUNT_MAX: Final = 200
# Strikes beside those of the relaxed plan that whole lots may use.
_NEIGHBOURS_COUNT: Final = 3


def floor(options: FloorOptions, terms: FloorTerms) -> Outcome[FloorPlan]:
    """Find the cheapest floor.

    Returns
    -------
    FloorPlan or Failure
        A plan that is not held where the options cannot do it: the one that misses it least, with
        what conflicts. A Failure where no option ends at the horizon or later, where one that does
        lacks what it is revalued with, or a solver came to no end.

    Raises
    ------
    OutOfDomain
        As `FloorOptions` and `FloorTerms`.
    """
    chosen = _usable(options, terms)
    if isinstance(chosen, Failure):
        return chosen
    spots = _with_strikes(terms.spots_usd, chosen, terms)
    for _ in range(_ROUNDS_COUNT):
        found = _solved(chosen, terms, spots)
        if isinstance(found, Failure):
            return found
        plan, dips = found
        if plan.is_held or plan.conflicts or not len(dips):
            return plan
        spots = np.union1d(spots, dips)
    return plan


def highest_floor(options: FloorOptions, terms: FloorTerms) -> Outcome[FloorReach]:
    """Find the highest floor that can be had, the floor of `terms` left aside.

    What is paid for it counts, so there is one: beyond it protection costs more than it protects.

    Returns
    -------
    FloorReach or Failure
        A Failure as of `floor`.
    """
    chosen = _usable(options, terms)
    if isinstance(chosen, Failure):
        return chosen
    spots = _with_strikes(terms.spots_usd, chosen, terms)
    programme = programme_of(chosen, terms, spots, lots=False)
    decisions, last = programme.decisions, len(chosen)
    # More than anything here can be worth.
    most = float(np.max(np.abs(terms.bare_usd(spots))))
    most += float(np.max(np.abs(decisions.high_amount), initial=0.0) * np.sum(chosen.strike_usd))
    wide = Decisions(
        (*decisions.names, "floor"),
        np.append(decisions.low_amount, -most),
        np.append(decisions.high_amount, most),
        np.append(decisions.lot_amount, 0.0),
    )
    # A dollar of floor is worth a dollar; what it costs is already taken off it.
    earns = Ladders(
        book_index=np.zeros(2, dtype=np.int64),
        is_up=np.array([True, False]),
        width_amount=np.array([np.inf, np.inf]),
        price_usd_per_amount=np.array([-1.0, 1.0]),
        decision_book_index=np.append(np.full(last, -1, dtype=np.int64), 0),
    )
    parts: list[Part] = [earns]
    for part in programme.parts:
        if isinstance(part, Band):
            is_floor = np.array([name.startswith(FLOOR_AT) for name in part.names])
            rises = np.where(is_floor, -1.0, 0.0)
            parts.append(
                replace(
                    part,
                    figure_per_amount=np.column_stack([part.figure_per_amount, rises]),
                    low_figure=np.where(is_floor, 0.0, part.low_figure),
                )
            )
    answer = least(Programme(wide, parts))
    if isinstance(answer, Failure):
        return answer
    amounts = np.array(answer.chosen_amount)
    return FloorReach(
        floor_usd=float(amounts[-1]),
        cost_usd=float(cost_usd(chosen, amounts[np.newaxis, :-1])[0]),
    )


def _usable(options: FloorOptions, terms: FloorTerms) -> Outcome[FloorOptions]:
    """Keep what ends at the horizon or later and may be traded on the side that is allowed."""
    protects = options.is_call == (terms.quantity_coin < 0)
    # In the money, selling would be giving up the position itself and not what it may gain.
    beyond = np.where(
        options.is_call,
        options.strike_usd >= terms.spot_usd,
        options.strike_usd <= terms.spot_usd,
    )
    sells = ~protects & beyond & (terms.given_away_usd_max > 0.0)
    with np.errstate(invalid="ignore"):
        is_priced = np.where(
            protects, options.price_ask_usd > 0.0, options.price_bid_usd > options.fee_usd
        )
    alive = options.expiry_years >= terms.horizon_years - AT_HORIZON_YEARS
    kept = np.flatnonzero(alive & is_priced & (protects | sells))
    if not np.any(protects[kept]):
        side = "call" if terms.quantity_coin < 0 else "put"
        return Failure(
            subject="floor",
            reason="missing_data",
            message=f"no {side} that ends at the horizon or later is offered: an ask is needed, a "
            "mark is none",
        )
    found = options.taken(kept)
    lives = found.expiry_years > terms.horizon_years + AT_HORIZON_YEARS
    with np.errstate(invalid="ignore"):
        known = (found.forward_usd > 0) & np.isfinite(found.forward_usd)
        known &= (found.vol_frac > 0) & np.isfinite(found.vol_frac)
    if (lives & ~known).any():
        return Failure(
            subject=found.names[int(np.argmax(lives & ~known))],
            reason="missing_data",
            message="it outlives the horizon and has no forward or vol to be revalued with",
        )
    return found


def _with_strikes(spots_usd: Floats, options: FloorOptions, terms: FloorTerms) -> Floats:
    """Add strikes between the ends of the grid, where what ends at the horizon has its kinks."""
    ends = np.abs(options.expiry_years - terms.horizon_years) <= AT_HORIZON_YEARS
    K = options.strike_usd[ends]
    return np.union1d(spots_usd, K[(spots_usd[0] < K) & (spots_usd[-1] > K)])


def _solved(
    options: FloorOptions, terms: FloorTerms, spots_usd: Floats
) -> Outcome[tuple[FloorPlan, Floats]]:
    """Solve over these spots; give the plan, and spots between at which it dips."""
    relaxed = least(programme_of(options, terms, spots_usd, lots=False))
    if isinstance(relaxed, Failure):
        return relaxed
    near = _near(options, np.array(relaxed.chosen_amount))
    few = options.taken(near)
    x, conflicts = np.zeros(len(few)), relaxed.conflicts
    if len(few):
        answer = least(
            programme_of(few, terms, spots_usd, lots=True), nodes_count_max=_NODES_COUNT_MAX
        )
        if isinstance(answer, Failure):
            return answer
        x, conflicts = np.array(answer.chosen_amount), conflicts or answer.conflicts
    found = _revalued(few, terms, spots_usd, x)
    return _plan(few, terms, relaxed, x, found, conflicts, len(spots_usd)), found.dips_usd


@dataclass(frozen=True, slots=True, eq=False)
class _Revalued:
    lowest_usd: float
    lowest_at_usd: float
    holds_from_usd: float | None
    holds_until_usd: float | None
    given_away_usd: float
    is_held: bool
    dips_usd: Floats


def _revalued(options: FloorOptions, terms: FloorTerms, spots_usd: Floats, x: Floats) -> _Revalued:
    """Value the position anew, far more densely than it was solved for, and beyond the grid."""
    low, high = float(spots_usd[0]), float(spots_usd[-1])
    dense = np.union1d(spots_usd, np.geomspace(low, high, _DENSE_COUNT))
    K = options.strike_usd[x != 0.0]
    dense = np.union1d(dense, K[(low < K) & (high > K)])
    worth = worth_at_horizon_usd(options, terms, x, dense)
    slack = EXCESS_FRAC_MAX * abs(terms.quantity_coin) * terms.spot_usd
    at = int(np.argmin(worth))
    is_short = worth < terms.floor_usd - slack
    below = np.linspace(0.0, low, _DENSE_COUNT + 1)[1:-1]
    above = np.geomspace(high, 10.0 * high, _DENSE_COUNT)[1:]
    fails_below = below[worth_at_horizon_usd(options, terms, x, below) < terms.floor_usd - slack]
    fails_above = above[worth_at_horizon_usd(options, terms, x, above) < terms.floor_usd - slack]
    protects = options.is_call == (terms.quantity_coin < 0)
    away = -(option_values_usd(options, terms, spots_usd) @ np.where(protects, 0.0, x))
    return _Revalued(
        lowest_usd=float(worth[at]),
        lowest_at_usd=float(dense[at]),
        holds_from_usd=float(np.max(fails_below)) if len(fails_below) else None,
        holds_until_usd=float(np.min(fails_above)) if len(fails_above) else None,
        given_away_usd=max(float(np.max(away)), 0.0) + 0.0,
        is_held=not bool(is_short.any()),
        dips_usd=np.setdiff1d(dense[is_short], spots_usd),
    )


def _near(options: FloorOptions, quantities_coin: Floats) -> NDArray[np.int64]:
    """Keep what the relaxed plan uses, and the next strikes of the same side and expiry."""
    kept = np.zeros(len(options), dtype=np.bool_)
    # What a solver leaves of nought is not used.
    for i in np.flatnonzero(np.abs(quantities_coin) > USED_AMOUNT).tolist():
        alike = np.flatnonzero(
            (options.is_call == options.is_call[i])
            & (np.abs(options.expiry_years - options.expiry_years[i]) <= AT_HORIZON_YEARS)
        )
        away = np.abs(np.log(options.strike_usd[alike] / options.strike_usd[i]))
        kept[alike[np.argsort(away, kind="stable")[: 2 * _NEIGHBOURS_COUNT + 1]]] = True
    return np.flatnonzero(kept).astype(np.int64)


def _plan(
    options: FloorOptions,
    terms: FloorTerms,
    relaxed: Answer,
    x: Floats,
    found: _Revalued,
    conflicts: tuple[str, ...],
    spots_count: int,
) -> FloorPlan:
    legs: list[FloorLeg] = []
    for i in np.flatnonzero(x != 0.0).tolist():
        price = options.price_ask_usd[i] if x[i] > 0 else options.price_bid_usd[i]
        alone = options.taken(np.array([i]))
        legs.append(
            FloorLeg(
                name=options.names[i],
                strike_usd=float(options.strike_usd[i]),
                expiry_years=float(options.expiry_years[i]),
                is_call=bool(options.is_call[i]),
                quantity_coin=round(float(x[i]), 12),
                price_usd=float(price),
                cost_usd=float(cost_usd(alone, x[i : i + 1][np.newaxis, :])[0]),
            )
        )
    # The plan that misses least may be of more: it is shown, and is none that was asked for.
    if terms.legs_count_max is not None and len(legs) > terms.legs_count_max:
        conflicts = (*conflicts, "number of legs")
    return FloorPlan(
        floor_usd=terms.floor_usd,
        legs=tuple(legs),
        cost_usd=sum(leg.cost_usd for leg in legs),
        relaxed_usd=relaxed.objective_usd,
        bound_usd=relaxed.bound_usd,
        lowest_usd=found.lowest_usd,
        lowest_at_usd=found.lowest_at_usd,
        holds_from_usd=found.holds_from_usd,
        holds_until_usd=found.holds_until_usd,
        given_away_usd=found.given_away_usd,
        is_held=found.is_held and not conflicts,
        conflicts=conflicts,
        shadows=relaxed.shadows,
        spots_count=spots_count,
    )
