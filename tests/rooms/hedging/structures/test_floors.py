"""The cheapest floor: closed cases, an independent solver, and revaluation at every spot."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.hedging.structures.floor_programme import worth_at_horizon_usd
from hedgerow.hedging.structures.floor_records import FloorOptions, FloorPlan, FloorTerms
from hedgerow.hedging.structures.floors import floor, highest_floor
from hedgerow.pricing import value_usd

Floats = NDArray[np.float64]
HORIZON = 30.0 / 365.0
GRID = np.linspace(50.0, 160.0, 23)


def _chain(
    strikes: Any,
    *,
    vol: float = 0.6,
    years: float = HORIZON,
    spread: float = 0.04,
    lot: float = 0.1,
    fee: float = 0.0,
    tag: str = "",
) -> FloorOptions:
    """Calls and puts on 100 at their Black values, a spread around them, no carry."""
    K = np.repeat(np.asarray(strikes, dtype=float), 2)
    is_call = np.tile([True, False], len(K) // 2)
    fair = value_usd(
        np.full(len(K), 100.0), K, np.full(len(K), vol), np.full(len(K), years), is_call
    )
    n = len(K)
    return FloorOptions(
        names=tuple(f"{k:g}{'C' if c else 'P'}{tag}" for k, c in zip(K, is_call, strict=True)),
        expiry_years=np.full(n, years),
        strike_usd=K,
        is_call=is_call,
        price_bid_usd=fair * (1.0 - spread),
        price_ask_usd=fair * (1.0 + spread),
        forward_usd=np.full(n, 100.0),
        vol_frac=np.full(n, vol),
        fee_usd=np.full(n, fee),
        lot_coin=np.full(n, lot),
    )


def _terms(**more: Any) -> FloorTerms:
    told: dict[str, Any] = {
        "quantity_coin": 1.0, "spot_usd": 100.0, "floor_usd": 85.0, "horizon_years": HORIZON,
        "spots_usd": GRID,
    }  # fmt: skip
    return FloorTerms(**(told | more))


def _held(options: FloorOptions, terms: FloorTerms) -> FloorPlan:
    found = floor(options, terms)
    assert not isinstance(found, Failure), found
    return found


def _one_put() -> FloorOptions:
    one = _chain([90.0])
    return replace(
        one,
        price_ask_usd=np.array([20.0, 2.0]),
        price_bid_usd=np.array([10.0, 1.0]),
    )


def test_one_put_floors_at_its_strike_less_its_price() -> None:
    found = _held(_one_put(), _terms(floor_usd=88.0))
    (leg,) = found.legs
    assert (leg.name, leg.quantity_coin) == ("90P", 1.0)
    assert found.cost_usd == pytest.approx(2.0)
    assert found.lowest_usd == pytest.approx(88.0)
    assert found.is_held
    assert found.holds_from_usd is None  # as many puts as coins: down to nothing
    assert found.holds_until_usd is None


def test_the_highest_floor_of_one_put_is_the_one_it_gives() -> None:
    reach = highest_floor(_one_put(), _terms())
    assert not isinstance(reach, Failure)
    assert reach.floor_usd == pytest.approx(88.0)
    assert reach.cost_usd == pytest.approx(2.0)


def test_a_floor_beyond_reach_says_what_conflicts_and_is_not_held() -> None:
    found = _held(_one_put(), _terms(floor_usd=95.0))
    assert not found.is_held
    assert found.conflicts
    assert all(name.startswith("floor at ") for name in found.conflicts)
    assert found.lowest_usd < 95.0


def test_a_floor_that_stands_already_costs_nothing() -> None:
    for away in (0.0, 20.0):
        found = _held(_chain([70, 80, 90, 110]), _terms(floor_usd=49.0, given_away_usd_max=away))
        assert (found.legs, found.cost_usd, found.is_held) == ((), 0.0, True)


def test_a_collar_is_paid_for_by_the_call() -> None:
    """A call at 110 for 3 pays the put at 90 for 2 in part: two thirds of it would do."""
    options = replace(
        _chain([90.0, 110.0]),
        price_bid_usd=np.array([np.nan, 1.0, 3.0, 9.0]),
        price_ask_usd=np.array([20.0, 2.0, 4.0, 20.0]),
        lot_coin=np.zeros(4),
    )
    terms = _terms(floor_usd=90.0, given_away_usd_max=50.0)
    found = _held(options, terms)
    assert {leg.name: round(leg.quantity_coin, 9) for leg in found.legs} == {
        "90P": 1.0, "110C": pytest.approx(-2 / 3, abs=1e-6),
    }  # fmt: skip
    assert found.cost_usd == pytest.approx(0.0, abs=1e-6)
    assert found.given_away_usd == pytest.approx(50.0 * 2 / 3, rel=1e-5)
    capped = _held(options, replace(terms, floor_usd=89.0, given_away_usd_max=25.0))
    # Half a call pays 1.5; puts x with 50 + 40 x - 2 x + 1.5 = 89 at the lower end of the grid.
    assert capped.cost_usd == pytest.approx(2.0 * 37.5 / 38.0 - 1.5)
    assert capped.given_away_usd <= 25.0 + 1e-6


def test_fewer_legs_where_so_many_are_too_many() -> None:
    options = _chain([70, 75, 80, 85, 90, 95, 100, 110, 120, 130])
    terms = _terms(floor_usd=86.5, given_away_usd_max=40.0)
    free = _held(options, terms)
    few = _held(options, replace(terms, legs_count_max=2))
    assert len(free.legs) > 2 >= len(few.legs)
    assert few.is_held
    assert few.cost_usd >= free.bound_usd - 1e-4


def test_more_legs_than_allowed_are_no_floor_and_are_named() -> None:
    """A tenth of a coin of each option: no one of them floors a coin."""
    options = _chain([70, 75, 80, 85, 90, 95, 100, 110, 120, 130])
    terms = _terms(
        floor_usd=84.0, quantity_coin_max=0.1, legs_count_max=1,
        spots_usd=np.linspace(50.0, 160.0, 101),
    )  # fmt: skip
    found = _held(options, terms)
    assert len(found.legs) > 1
    assert not found.is_held
    assert "number of legs" in found.conflicts


def test_a_short_is_floored_by_calls_beyond_the_grid() -> None:
    options = _chain([90, 100, 110, 120])
    terms = _terms(quantity_coin=-2.0, cash_usd=200.0, floor_usd=-40.0)
    found = _held(options, terms)
    assert found.is_held
    assert all(leg.is_call and leg.quantity_coin > 0 for leg in found.legs)
    assert sum(leg.quantity_coin for leg in found.legs) >= 2.0 - 1e-9
    assert found.holds_until_usd is None


def _independent_usd(options: FloorOptions, terms: FloorTerms) -> float | None:
    """The same programme written down anew for another solver: puts bought, calls sold."""
    spots = np.union1d(terms.spots_usd, options.strike_usd)
    spots = spots[(spots >= terms.spots_usd[0]) & (spots <= terms.spots_usd[-1])]
    puts = ~options.is_call
    put = np.maximum(options.strike_usd[puts] - spots[:, None], 0.0)
    call = np.maximum(spots[:, None] - options.strike_usd[~puts], 0.0)
    ask = (options.price_ask_usd + options.fee_usd)[puts]
    bid = (options.price_bid_usd - options.fee_usd)[~puts]
    q = terms.quantity_coin
    n, m = len(ask), len(bid)
    cost = np.concatenate([ask, -bid])
    A = [
        np.column_stack([-(put - ask), call - bid]),
        np.column_stack([np.zeros((len(spots), n)), call]),
        np.concatenate([np.zeros(n), np.ones(m)])[None],
        -cost[None],
    ]
    b = [
        q * spots + terms.cash_usd - terms.floor_usd,
        np.full(len(spots), terms.given_away_usd_max),
        [q],
        [0.0],
    ]
    most = 0.0 if terms.given_away_usd_max == 0.0 else 2.0 * q
    sold = options.strike_usd[~puts] >= terms.spot_usd
    bounds = [(0.0, 2.0 * q)] * n + [
        (0.0, most if price > 0 and fine else 0.0) for price, fine in zip(bid, sold, strict=True)
    ]
    found = linprog(cost, np.vstack(A), np.concatenate(b), bounds=bounds, method="highs")
    return float(found.fun) if found.fun is not None and found.status == 0 else None


chains = st.lists(st.integers(12, 30), min_size=2, max_size=9, unique=True).map(
    lambda steps: sorted(5.0 * step for step in steps)
)


@pytest.mark.slow
@given(
    chains, st.floats(0.2, 1.2), st.floats(60.0, 96.0), st.sampled_from([0.0, 5.0, 30.0]),
    st.floats(0.2, 5.0), st.floats(0.0, 0.05),
)  # fmt: skip
@settings(max_examples=20, deadline=None)
def test_another_solver_finds_the_same_and_revaluation_confirms_it(
    strikes: list[float], vol: float, frac: float, away: float, quantity: float, fee: float
) -> None:
    options = _chain(strikes, vol=vol, fee=fee)
    terms = _terms(
        quantity_coin=quantity, floor_usd=frac * quantity, given_away_usd_max=away * quantity
    )
    found = floor(options, terms)
    wanted = _independent_usd(options, terms)
    if isinstance(found, Failure) or wanted is None:
        assert isinstance(found, Failure) or not found.is_held or wanted is not None
        return
    assert found.relaxed_usd == pytest.approx(wanted, abs=2e-5 * quantity)
    assert abs(found.gap_usd) <= 1e-6
    if not found.is_held:  # lots may be too coarse for a floor at the very edge of what is there
        assert found.conflicts
        return
    assert found.cost_usd >= found.bound_usd - 1e-7 * 100.0 * quantity
    amounts = np.zeros(len(options))
    for leg in found.legs:
        at = options.names.index(leg.name)
        amounts[at] = leg.quantity_coin
        assert leg.quantity_coin / 0.1 == pytest.approx(round(leg.quantity_coin / 0.1), abs=1e-9)
        assert leg.is_call == (leg.quantity_coin < 0)
    anywhere = np.random.default_rng(1).uniform(GRID[0], GRID[-1], 500)
    paid = np.where(options.is_call, np.maximum(anywhere[:, None] - options.strike_usd, 0.0),
                    np.maximum(options.strike_usd - anywhere[:, None], 0.0)) @ amounts  # fmt: skip
    worth = quantity * anywhere + paid - found.cost_usd
    assert np.min(worth) >= terms.floor_usd - 1e-4 * quantity
    assert found.given_away_usd <= away * quantity + 1e-4 * quantity


@pytest.mark.slow
@given(chains, st.integers(12, 30), st.floats(70.0, 92.0), st.sampled_from([0.0, 20.0]))
@settings(max_examples=10, deadline=None)
def test_another_option_never_makes_it_dearer(
    strikes: list[float], more: int, wanted: float, away: float
) -> None:
    terms = _terms(floor_usd=wanted, given_away_usd_max=away)
    few = floor(_chain(strikes), terms)
    many = floor(_chain(sorted({*strikes, 5.0 * more})), terms)
    if isinstance(few, Failure) or few.conflicts:
        return
    assert not isinstance(many, Failure)
    assert many.relaxed_usd <= few.relaxed_usd + 1e-5


def test_what_lives_on_is_revalued_and_dips_are_closed() -> None:
    """Options of three months under a floor of one: a coarse grid is refined where it dips."""
    options = _chain([70, 80, 90, 100], years=3 * HORIZON)
    terms = _terms(spots_usd=np.array([40.0, 100.0, 160.0]), floor_usd=86.0)
    found = _held(options, terms)
    assert found.is_held
    assert found.spots_count > 3
    assert found.lowest_usd >= 86.0 - 1e-4
    amounts = np.zeros(len(options))
    for leg in found.legs:
        amounts[options.names.index(leg.name)] = leg.quantity_coin
    spots = np.linspace(40.0, 160.0, 900)
    left = value_usd(
        spots[:, None], options.strike_usd, options.vol_frac, np.full(8, 2 * HORIZON),
        options.is_call,
    )  # fmt: skip
    worth = spots + left @ amounts - found.cost_usd
    assert np.min(worth) >= 86.0 - 1e-3
    assert np.allclose(worth_at_horizon_usd(options, terms, amounts, spots), worth)
    # Vols that fall make what lives on worth less, and the floor dearer.
    calmer = _held(options, replace(terms, vol_move_frac=-0.5))
    assert calmer.relaxed_usd > found.relaxed_usd


def test_what_ends_before_the_horizon_is_not_used() -> None:
    found = floor(_chain([80, 90], years=0.5 * HORIZON), _terms())
    assert isinstance(found, Failure)
    assert "no put" in found.message


def test_what_lives_on_without_a_vol_is_no_answer() -> None:
    options = replace(_chain([80, 90], years=2 * HORIZON), vol_frac=np.full(4, np.nan))
    found = floor(options, _terms())
    assert isinstance(found, Failure)
    assert found.reason == "missing_data"


def test_interest_on_the_cost_counts_until_the_horizon() -> None:
    terms = _terms(floor_usd=88.0, rate_frac_per_year=0.1)
    found = _held(_one_put(), terms)
    assert not found.is_held  # 2 grow to 2.016 until then
    reach = highest_floor(_one_put(), terms)
    assert not isinstance(reach, Failure)
    assert reach.floor_usd == pytest.approx(90.0 - 2.0 * np.exp(0.1 * HORIZON))


def test_nobody_quotes_nothing_is_bought() -> None:
    options = replace(_one_put(), price_ask_usd=np.array([20.0, np.nan]))
    assert isinstance(floor(options, _terms()), Failure)


def test_what_cannot_be_is_refused_by_name() -> None:
    with pytest.raises(OutOfDomain, match="90C has a bid above"):
        replace(_one_put(), price_bid_usd=np.array([21.0, 1.0]))
    with pytest.raises(OutOfDomain, match="needs no floor"):
        _terms(quantity_coin=0.0)
    with pytest.raises(OutOfDomain, match="spots_usd"):
        _terms(spots_usd=np.array([0.0, 1.0]))
    with pytest.raises(OutOfDomain, match="one name"):
        replace(_one_put(), names=("x", "x"))
    options = replace(_one_put(), price_bid_usd=np.array([np.nan, 1.0]))
    with pytest.raises(OutOfDomain, match="nobody quotes"):
        worth_at_horizon_usd(options, _terms(), np.array([-1.0, 0.0]), GRID)


@given(chains, st.floats(0.3, 1.0), st.floats(70.0, 92.0), st.floats(0.5, 4.0))
@settings(max_examples=15, deadline=None)
def test_no_change_of_a_lot_in_one_or_two_legs_and_no_plan_nearby_is_cheaper(
    strikes: list[float], vol: float, frac: float, quantity: float
) -> None:
    options = _chain(strikes, vol=vol)
    terms = _terms(quantity_coin=quantity, floor_usd=frac * quantity)
    found = floor(options, terms)
    if isinstance(found, Failure) or not found.is_held or not found.legs:
        return
    puts = np.flatnonzero(~options.is_call)
    amounts = np.zeros(len(puts))
    for leg in found.legs:
        amounts[puts.tolist().index(options.names.index(leg.name))] = leg.quantity_coin
    one = 0.1 * np.eye(len(puts))
    moves = [sign * one[i] for i in range(len(puts)) for sign in (1, -1)]
    moves += [a + b for n, a in enumerate(moves) for b in moves[n + 1 :]]
    near = 0.1 * np.random.default_rng(3).integers(-3, 4, (10_000, len(puts)))
    plans = amounts + np.vstack([np.array(moves), near])
    plans = plans[(plans >= -1e-9).all(axis=1)]
    ask = options.price_ask_usd[puts]
    spots = np.union1d(GRID, options.strike_usd)
    spots = spots[(spots >= GRID[0]) & (spots <= GRID[-1])]
    paid = np.maximum(options.strike_usd[puts] - spots[:, None], 0.0)
    worth = quantity * spots + plans @ paid.T - (plans @ ask)[:, None]
    held = worth.min(axis=1) >= terms.floor_usd
    assert np.min((plans @ ask)[held], initial=np.inf) >= found.cost_usd - 1e-5 * quantity
