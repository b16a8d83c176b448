"""Every policy in one shape, what it costs, and the risk aversion that a budget allows."""

import math
from math import inf, nan

import msgspec
import numpy as np
import pytest

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.hedging import (
    BAND_KINDS,
    Band,
    BandInputs,
    BandKind,
    BandPaths,
    HedgeBudget,
    band,
    band_on_paths,
    leland_vol_frac,
    risk_aversion_for_budget,
    whalley_wilmott_halfwidth_coin,
    zakamouline,
)
from hedgerow.hedging.widths import paid

S, VOL, GAMMA, COST, YEARS = 6e4, 0.6, 3.851120212064754e-05, 5e-4, 30 / 365
BOOK = BandInputs(
    price_usd=S,
    vol_frac=VOL,
    cost_frac=COST,
    gamma_coin_per_usd=-GAMMA,
    notional_usd=S,
    fixed_cost_usd=2.0,
    lot_coin=0.001,
    time_years=YEARS,
    target_coin=0.5,
    halfwidth_min_coin=0.01,
    rate_frac_per_year=0.05,
)
FREE = msgspec.structs.replace(BOOK, fixed_cost_usd=0.0, lot_coin=0.0, rate_frac_per_year=0.0)
TICKETS = msgspec.structs.replace(FREE, fixed_cost_usd=2.0)
DISCOUNT = math.exp(-0.05 * YEARS)
AVERSION = 1e-5


def moved(factor: float) -> float:
    """A delta that rises by a hundredth of a coin for a vol twice as high."""
    return 3.0 + 0.01 * (factor - 1.0)


def made(kind: BandKind, inputs: BandInputs = BOOK, aversion: float | None = AVERSION) -> Band:
    found = band(kind, inputs, aversion, moved)
    assert isinstance(found, Band), found
    return found


@pytest.mark.parametrize("kind", BAND_KINDS)
def test_one_shape(kind: BandKind) -> None:
    found = made(kind)
    assert found.kind == kind
    assert found.low_coin <= found.to_low_coin <= found.centre_coin
    assert found.centre_coin <= found.to_high_coin <= found.high_coin
    assert found.high_coin - found.centre_coin == pytest.approx(found.centre_coin - found.low_coin)
    assert found.delta_regime == "sticky_strike"
    assert (found.risk_aversion_per_usd is None) == (kind == "fixed")
    assert (found.interval_years is not None) == (kind == "leland")


def test_widths_are_the_formulas() -> None:
    base = {"gamma_coin_per_usd": GAMMA, "risk_aversion_per_usd": AVERSION}
    edges = whalley_wilmott_halfwidth_coin(
        cost_frac=COST, price_usd=S, discount_frac=DISCOUNT, **base
    )
    found = made("whalley-wilmott")
    assert found.high_coin - 0.5 == pytest.approx(edges, rel=1e-12)
    assert (found.to_low_coin, found.to_high_coin) == (found.low_coin, found.high_coin)
    reset = (12.0 * 2.0 * DISCOUNT * GAMMA**2 / AVERSION) ** 0.25
    found = made("fixed-cost")
    assert found.high_coin - 0.5 == pytest.approx(reset, rel=1e-12)
    assert (found.to_low_coin, found.to_high_coin) == (0.5, 0.5)
    # Where the sum of costs and risk is least: both of its derivatives are nothing.
    found = made("combined-cost")
    h, a = found.high_coin - 0.5, found.to_high_coin - 0.5
    square = 12.0 * DISCOUNT * GAMMA**2 / AVERSION
    assert (h + a) * (h - a) ** 3 == pytest.approx(2.0 * square, rel=1e-9)
    assert 4.0 * a * h * (h + a) == pytest.approx(COST * S * square, rel=1e-9)
    fit = zakamouline(
        cost_frac=COST, price_usd=S, vol_frac=VOL, time_years=YEARS, discount_frac=DISCOUNT,
        **base | {"gamma_coin_per_usd": -GAMMA},
    )  # fmt: skip
    found = made("zakamouline")
    assert found.high_coin - found.centre_coin == pytest.approx(fit.halfwidth_coin, rel=1e-12)
    # On target is the delta at the other vol: 3.0 + 0.01 (f - 1) stands for a displayed 3.0.
    assert found.centre_coin == pytest.approx(0.5 - 0.01 * (fit.vol_factor_frac - 1), abs=1e-15)
    assert made("fixed").high_coin == 0.51


def test_a_given_time_between_hedges_is_lelands() -> None:
    daily = msgspec.structs.replace(BOOK, interval_years=1 / 365)
    found = made("leland", daily, None)
    changed = leland_vol_frac(
        vol_frac=VOL, cost_frac=COST, interval_years=1 / 365, is_short_gamma=True
    )
    assert found.centre_coin == pytest.approx(0.5 - 0.01 * (changed / VOL - 1), abs=1e-15)
    assert (found.low_coin, found.high_coin) == (found.centre_coin, found.centre_coin)
    assert found.rebalance == "centre_at_times"
    # A normal's mean size is √(2/π): so many coins a day, each at λS, and one ticket.
    coins = GAMMA * S * VOL * math.sqrt(1 / 365) * math.sqrt(2 / math.pi)
    assert found.cost_usd_per_day == pytest.approx(COST * S * coins + 2.0, rel=1e-12)


def test_the_time_between_hedges_is_the_cheapest() -> None:
    found = made("leland")
    assert found.interval_years is not None

    def total(years: float) -> float:
        at = made("leland", msgspec.structs.replace(BOOK, interval_years=years), None)
        assert at.cost_usd_per_day is not None
        aversion = AVERSION / DISCOUNT
        return 365 * at.cost_usd_per_day + 0.5 * aversion * 365 * at.deviation_usd_per_day**2

    best = total(found.interval_years)
    assert best < total(found.interval_years * 1.01)
    assert best < total(found.interval_years / 1.01)


def test_cost_rates_are_those_of_the_derivation() -> None:
    v, w = (GAMMA * VOL * S) ** 2, None
    found = made("whalley-wilmott", FREE)
    w = found.high_coin - 0.5
    assert found.cost_usd_per_day == pytest.approx(COST * S * v / (2 * w) / 365, rel=1e-12)
    assert found.deviation_usd_per_day == pytest.approx(S * VOL * w / math.sqrt(3 * 365), rel=1e-12)
    tickets = msgspec.structs.replace(FREE, fixed_cost_usd=2.0, cost_frac=0.0)
    found = made("fixed-cost", tickets)
    w = found.high_coin - 0.5
    assert found.cost_usd_per_day == pytest.approx(2.0 * v / w**2 / 365, rel=1e-12)
    assert found.deviation_usd_per_day == pytest.approx(S * VOL * w / math.sqrt(6 * 365), rel=1e-12)


def test_ever_smaller_trades_with_tickets_have_no_bound() -> None:
    assert (
        made("whalley-wilmott", msgspec.structs.replace(FREE, fixed_cost_usd=2.0)).cost_usd_per_day
        is None
    )
    cost = made(
        "whalley-wilmott", msgspec.structs.replace(FREE, fixed_cost_usd=2.0, lot_coin=0.1)
    ).cost_usd_per_day
    assert cost is not None
    assert math.isfinite(cost)


@pytest.mark.parametrize(
    ("width", "back", "step"),
    [(1, 1, 0.1), (1, 1, 0.5), (1, 1, 3.0), (1, 0, 0.1), (1, 0, 1.0), (1, 0, 3.0), (1, 0.5, 0.5)],
)
def test_looked_at_seldom_it_costs_what_a_drawn_walk_says(
    width: float, back: float, step: float
) -> None:
    """A walk of normal steps, traded back to `back` of the width whenever it is found outside.

    In a book whose delta moves by `step` between two looks, one look a day.
    """
    rng = np.random.default_rng(11)
    off = rng.uniform(-width, width, 2_000)
    coins = trades = square = 0.0
    count = 3_000
    for n in range(count + 1_000):
        off = off + step * rng.standard_normal(len(off))
        goal = np.where(np.abs(off) > width, np.sign(off) * back * width, off)
        if n >= 1_000:
            coins += float(np.abs(goal - off).mean()) / count
            trades += float((goal != off).mean()) / count
            # Until the next look it walks on: half a step's square more on average.
            square += (float((goal**2).mean()) + 0.5 * step**2) / count
        off = goal
    inputs = BandInputs(
        price_usd=1.0, vol_frac=math.sqrt(365.0), gamma_coin_per_usd=step, notional_usd=1.0,
        cost_frac=1.0, look_years=1 / 365,
    )  # fmt: skip
    gap = (1 - back) * width
    found = paid(inputs, width, gap)
    assert found.cost_usd_per_year / 365 == pytest.approx(coins, rel=0.035)
    assert found.square_coin2 == pytest.approx(square, rel=0.04)
    ticket = msgspec.structs.replace(inputs, cost_frac=0.0, fixed_cost_usd=1.0)
    assert paid(ticket, width, gap).cost_usd_per_year / 365 == pytest.approx(trades, rel=0.09)


def test_looked_at_ever_more_often_it_is_watched() -> None:
    watched = made("combined-cost", TICKETS)
    often = made("combined-cost", msgspec.structs.replace(TICKETS, look_years=1e-12))
    assert often.cost_usd_per_day == pytest.approx(watched.cost_usd_per_day, rel=1e-3)
    assert often.deviation_usd_per_day == pytest.approx(watched.deviation_usd_per_day, rel=1e-3)
    seldom = made("combined-cost", msgspec.structs.replace(TICKETS, look_years=1 / 365))
    assert seldom.high_coin == watched.high_coin
    assert seldom.deviation_usd_per_day > watched.deviation_usd_per_day
    # Never more than a trade at each look.
    every = made("fixed", msgspec.structs.replace(TICKETS, look_years=1 / 365))
    coins = GAMMA * VOL * S * math.sqrt(2 / math.pi / 365)
    assert every.cost_usd_per_day is not None
    assert 0.8 * (2.0 + COST * S * coins) < every.cost_usd_per_day <= 2.0 + COST * S * coins


def test_nobody_hedges_more_often_than_he_looks() -> None:
    seldom = made("leland", msgspec.structs.replace(BOOK, look_years=1.0))
    assert seldom.interval_years == 1.0


def test_where_gammas_meet_the_floor_holds_the_band_open() -> None:
    """Net gamma is nothing; its size within a day's deviation is not."""
    flat = msgspec.structs.replace(FREE, gamma_coin_per_usd=0.0, halfwidth_min_coin=0.0)
    assert made("whalley-wilmott", flat).high_coin == 0.5
    floored = msgspec.structs.replace(flat, gamma_floor_coin_per_usd=GAMMA)
    assert made("whalley-wilmott", floored).high_coin == made("whalley-wilmott", FREE).high_coin


@pytest.mark.parametrize("kind", BAND_KINDS)
def test_without_gamma_every_band_is_the_least_one(kind: BandKind) -> None:
    """Options that have expired leave a delta behind, and it is still hedged."""
    flat = msgspec.structs.replace(BOOK, gamma_coin_per_usd=0.0, time_years=None)
    found = made(kind, flat)
    assert (found.low_coin, found.centre_coin, found.high_coin) == (0.49, 0.5, 0.51)
    assert found.to_high_coin == (0.5 if kind == "fixed-cost" else 0.51)
    assert found.interval_years is None
    assert found.cost_usd_per_day == 0.0


def test_without_an_answer_it_is_a_failure() -> None:
    never = msgspec.structs.replace(BOOK, time_years=None)
    found = band("zakamouline", never, AVERSION, moved)
    assert isinstance(found, Failure)
    assert "nothing of the book expires" in found.message
    lost = Failure(subject="BTC", reason="missing_data", message="no quote")
    assert band("zakamouline", BOOK, AVERSION, lambda _: lost) == lost
    found = band("zakamouline", BOOK, AVERSION)
    assert isinstance(found, Failure)
    assert "which nobody said" in found.message
    long = msgspec.structs.replace(BOOK, gamma_coin_per_usd=GAMMA, interval_years=1e-6)
    found = band("leland", long, None, moved)
    assert isinstance(found, Failure)
    assert "costs more than it earns" in found.message


@pytest.mark.parametrize("aversion", [None, 0.0, -1.0, nan, inf])
def test_a_risk_aversion_is_needed(aversion: float | None) -> None:
    with pytest.raises(OutOfDomain, match="needs a positive risk aversion"):
        band("combined-cost", BOOK, aversion, moved)


@pytest.mark.parametrize("changed", [
    {"price_usd": 0.0}, {"vol_frac": nan}, {"cost_frac": -1e-9}, {"interval_years": 0.0},
    {"gamma_coin_per_usd": inf}, {"halfwidth_min_coin": -1.0}, {"notional_usd": 0.0},
])  # fmt: skip
def test_inputs_are_checked(changed: dict[str, float]) -> None:
    with pytest.raises(OutOfDomain, match=next(iter(changed))):
        msgspec.structs.replace(BOOK, **changed)


# --- budgets -----------------------------------------------------------------------------------

AVERSE = [kind for kind in BAND_KINDS if kind != "fixed"]


@pytest.mark.parametrize("kind", AVERSE)
def test_a_cost_budget_is_spent_to_the_last(kind: BandKind) -> None:
    found = risk_aversion_for_budget(kind, BOOK, HedgeBudget(cost_bps_per_day=1.0))
    assert isinstance(found, float)
    cost = made(kind, BOOK, found).cost_usd_per_day
    assert cost is not None
    assert cost == pytest.approx(1e-4 * S, rel=1e-9)
    assert cost <= 1e-4 * S * (1 + 1e-12)


def test_the_cost_budget_of_edges_in_closed_form() -> None:
    """λSv/2w = b and w³ = 3λSΓ²/2γ give γ = 12 b³ / (λ²S²Γ⁴σ⁶S⁶) for a year's budget b."""
    found = risk_aversion_for_budget("whalley-wilmott", FREE, HedgeBudget(cost_bps_per_day=0.5))
    b = 0.5e-4 * S * 365
    expected = 12 * b**3 / ((COST * S) ** 2 * GAMMA**4 * (VOL * S) ** 6)
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_band_that_cannot_be_narrower_has_the_least_aversion_for_it() -> None:
    """A cost that cannot be reached: the least width is met, and more aversion changes nothing."""
    found = risk_aversion_for_budget("zakamouline", BOOK, HedgeBudget(cost_bps_per_day=1e4))
    assert isinstance(found, float)
    here, more, less = (made("zakamouline", BOOK, found * by) for by in (1.0, 1.1, 0.9))
    assert here.high_coin - here.centre_coin == pytest.approx(0.01, rel=2e-3)
    assert more.high_coin - more.centre_coin == pytest.approx(0.01, rel=1e-9)
    assert less.high_coin - less.centre_coin > here.high_coin - here.centre_coin


def test_what_no_band_costs_any_aversion_affords() -> None:
    calm = msgspec.structs.replace(FREE, gamma_coin_per_usd=0.0)
    found = risk_aversion_for_budget("whalley-wilmott", calm, HedgeBudget(cost_bps_per_day=1.0))
    assert found == pytest.approx(1e-9 / S)


@pytest.mark.parametrize("kind", AVERSE)
def test_a_shortfall_budget_takes_the_cheapest_band_that_keeps_to_it(kind: BandKind) -> None:
    budget = HedgeBudget(shortfall_usd=600.0)
    found = risk_aversion_for_budget(kind, BOOK, budget)
    assert isinstance(found, float)

    def shortfall(aversion: float) -> float:
        at = made(kind, BOOK, aversion)
        assert at.cost_usd_per_day is not None
        return at.cost_usd_per_day + 2.3378027922014 * at.deviation_usd_per_day  # φ(1.95996)/0.025

    assert shortfall(found) == pytest.approx(600.0, rel=1e-9)
    assert shortfall(found * 0.99) > 600.0 > shortfall(found * 1.01)


def test_a_shortfall_that_no_band_keeps_to_is_told() -> None:
    found = risk_aversion_for_budget("whalley-wilmott", BOOK, HedgeBudget(shortfall_usd=60.0))
    assert isinstance(found, Failure)
    assert "no band brings the shortfall below" in found.message
    never = msgspec.structs.replace(BOOK, time_years=None)
    found = risk_aversion_for_budget("zakamouline", never, HedgeBudget(shortfall_usd=60.0))
    assert isinstance(found, Failure)


def test_what_has_no_risk_aversion_has_no_budget() -> None:
    with pytest.raises(OutOfDomain, match="follows from no risk aversion"):
        risk_aversion_for_budget("fixed", BOOK, HedgeBudget(cost_bps_per_day=1.0))
    for bad in ({}, {"cost_bps_per_day": 1.0, "shortfall_usd": 1.0}, {"shortfall_usd": nan}):
        with pytest.raises(OutOfDomain, match="one of the two"):
            HedgeBudget(**bad)


# --- on paths ----------------------------------------------------------------------------------


def paths(count: int, steps: int, days: float, seed: int = 7) -> BandPaths:
    """Small moves of a book of constant gamma in dollars, so that its cost rate stays the same."""
    dt = days / 365 / steps
    rng = np.random.default_rng(seed)
    moves = rng.standard_normal((count, steps)) * VOL * S * math.sqrt(dt)
    walk = np.concatenate([np.zeros((count, 1)), np.cumsum(moves, axis=1)], axis=1)
    return BandPaths(
        price_usd=S + 1e-3 * walk,  # prices hardly move, deltas as if they did
        delta_coin=-GAMMA * walk,
        gamma_coin_per_usd=np.full(walk.shape, -GAMMA),
        step_years=dt,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["whalley-wilmott", "fixed-cost", "combined-cost"])
def test_paths_cost_what_the_rates_say(kind: BandKind) -> None:
    """A walk in small steps: what it sees late, 0.58 of a step, is as if the band were wider."""
    inputs = msgspec.structs.replace(FREE, fixed_cost_usd=2.0 if kind != "whalley-wilmott" else 0.0)
    given = paths(200, 6_000, 20.0)
    found = band_on_paths(kind, inputs, 1e-3, given)
    told = made(kind, inputs, 1e-3)
    assert told.cost_usd_per_day is not None
    step = GAMMA * VOL * S * math.sqrt(given.step_years)
    late = 0.5826 * step / (told.high_coin - 0.5)
    cost = float(found.cost_usd.mean()) / 20
    assert 1 - 2 * late - 0.03 < cost / told.cost_usd_per_day < 1.02


def test_at_times_is_paid_at_times() -> None:
    inputs = msgspec.structs.replace(FREE, interval_years=1 / 365, fixed_cost_usd=2.0)
    found = band_on_paths("leland", inputs, None, paths(400, 240, 20.0))
    told = made("leland", inputs, None)
    assert set(found.trades_count) == {19}  # the twentieth day ends the path
    assert float(found.cost_usd.mean()) / 19 == pytest.approx(told.cost_usd_per_day, rel=0.03)


def test_one_path_by_hand() -> None:
    """A fixed band of 0.1: 0.15 off is brought to 0.1; the rest waits and gains with the price."""
    price = np.array([[100.0, 110.0, 121.0]])
    given = BandPaths(
        price_usd=price, delta_coin=np.array([[0.0, 0.15, 0.15]]),
        gamma_coin_per_usd=np.zeros((1, 3)), step_years=1 / 365,
    )  # fmt: skip
    inputs = BandInputs(
        price_usd=100.0, vol_frac=0.5, cost_frac=0.01, gamma_coin_per_usd=0.0, notional_usd=100.0,
        fixed_cost_usd=0.2, halfwidth_min_coin=0.1,
    )  # fmt: skip
    found = band_on_paths("fixed", inputs, None, given)
    assert found.cost_usd == pytest.approx([0.2 + 0.01 * 110 * 0.05])
    assert found.profit_usd == pytest.approx([-0.255 + 0.1 * 11])
    assert list(found.trades_count) == [1]
    assert found.shortfall_usd(0.975) == pytest.approx(0.255 - 1.1)
    lots = msgspec.structs.replace(inputs, lot_coin=0.06)
    assert list(band_on_paths("fixed", lots, None, given).trades_count) == [0]


def test_the_delta_at_another_vol_is_held_to_first_order() -> None:
    given = paths(1, 10, 1.0)
    vanna = msgspec.structs.replace(FREE, interval_years=0.5 / 365)
    shifted = BandPaths(
        price_usd=given.price_usd, delta_coin=given.delta_coin, step_years=given.step_years,
        gamma_coin_per_usd=given.gamma_coin_per_usd, vanna_coin_per_vol=np.ones((1, 11)),
    )  # fmt: skip
    factor = leland_vol_frac(
        vol_frac=VOL, cost_frac=COST, interval_years=0.5 / 365, is_short_gamma=True
    )
    off = factor - VOL
    change = given.price_usd[0, -1] - given.price_usd[0, 0]
    plain = band_on_paths("leland", vanna, None, given)
    held = band_on_paths("leland", vanna, None, shifted)
    assert held.profit_usd - plain.profit_usd == pytest.approx(-off * change, rel=1e-9)


@pytest.mark.slow
def test_budgets_on_paths_are_kept() -> None:
    given = paths(200, 96, 1.0)
    budget = HedgeBudget(cost_bps_per_day=0.5)
    found = risk_aversion_for_budget("whalley-wilmott", FREE, budget, given)
    assert isinstance(found, float)
    costs = band_on_paths("whalley-wilmott", FREE, found, given)
    assert costs.cost_usd.mean() <= 0.5e-4 * S
    assert costs.cost_usd.mean() == pytest.approx(0.5e-4 * S, rel=0.01)
    tail = HedgeBudget(shortfall_usd=20.0)
    found = risk_aversion_for_budget("whalley-wilmott", FREE, tail, given)
    assert isinstance(found, float)
    assert band_on_paths("whalley-wilmott", FREE, found, given).shortfall_usd(0.975) <= 20.0
    with pytest.raises(OutOfDomain, match="1 days long, the horizon 2"):
        risk_aversion_for_budget(
            "whalley-wilmott", FREE, HedgeBudget(shortfall_usd=20.0, horizon_days=2.0), given
        )


def test_paths_are_checked() -> None:
    good = paths(2, 3, 1.0)
    for changed in (
        {"price_usd": -good.price_usd}, {"delta_coin": good.delta_coin[:, 1:]},
        {"step_years": 0.0}, {"gamma_coin_per_usd": good.gamma_coin_per_usd * nan},
    ):  # fmt: skip
        given = {
            "price_usd": good.price_usd, "delta_coin": good.delta_coin,
            "gamma_coin_per_usd": good.gamma_coin_per_usd, "step_years": 1.0,
        } | changed  # fmt: skip
        with pytest.raises(OutOfDomain):
            BandPaths(**given)  # type: ignore[arg-type]
    with pytest.raises(OutOfDomain, match="beyond the paths' end"):
        band_on_paths("zakamouline", msgspec.structs.replace(FREE, time_years=1e-4), 1e-5, good)
    with pytest.raises(OutOfDomain, match="needs a positive risk aversion"):
        band_on_paths("combined-cost", FREE, None, good)
