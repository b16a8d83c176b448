"""What a desk's bands are made of, and trades to where each of them says."""

import math
from typing import Any

import msgspec
import pytest
from scipy.stats import norm

from hedgerow.errors import Failure
from hedgerow.hedging import (
    BAND_KINDS,
    Band,
    BandInputs,
    BandKind,
    HedgeBudget,
    HedgePolicy,
    TradePlan,
    band_held,
    bands_across,
    delta_at_vols,
    half_spread_frac,
    inputs_of,
    plan,
    zakamouline,
)
from hedgerow.limits import Survey, survey
from hedgerow.market import MarketEvent
from hedgerow.portfolio import book
from hedgerow.units import DAY_NS, HOUR_NS
from tests.builders import (
    T0_NS,
    Number,
    account,
    by_id,
    hedge_policy,
    index,
    ladder,
    option,
    option_quote,
    perpetual,
    quote,
    snapshot,
)

S, VOL, YEARS = 6e4, 0.6, 30 / 365
GAMMA = 3.851120212064754e-05  # the sheet's: at the money, 30 days, 60 %
CALL = option(60000, "call", expiry_ns=T0_NS + 30 * DAY_NS)
HIGH = option(66000, "call", expiry_ns=T0_NS + 30 * DAY_NS)
LATE = option(60010, "call", expiry_ns=T0_NS + 90 * DAY_NS)
POLICY = hedge_policy(
    band="whalley-wilmott", band_min_coin=0.0, vol_frac=VOL, fee_taker_frac=0.00045,
    risk_aversion_per_usd=1e-5,
)  # fmt: skip


def desk(coins: Number = 0, *, time_ns: int = T0_NS, **quantities: int) -> Survey:
    """A treasury's coins, and so many of the options above."""
    options = {"call": CALL, "high": HIGH, "late": LATE}
    events: list[MarketEvent] = [
        index("BTC", 60000, time_ns=time_ns),
        quote("BTC-PERP", 60000, time_ns=time_ns),
        ladder("BTC-PERP", 60000, half_spread=3, size=100, time_ns=time_ns),  # half a bp
        *(option_quote(each, 60000, VOL, time_ns=time_ns) for each in options.values()),
    ]
    held = {options[name].instrument_id: many for name, many in quantities.items()}
    accounts = [
        account("cold", balances={"BTC": coins} if coins else {}, time_ns=time_ns),
        account("options", currency="BTC", positions=held, time_ns=time_ns),
        account("perp", venue="binance", time_ns=time_ns),
    ]
    terms = by_id(perpetual(), *options.values())
    return survey(book(accounts, terms), snapshot(*events, time_ns=time_ns), {}, ())


def inputs(state: Survey, policy: HedgePolicy = POLICY) -> BandInputs:
    spread = state.snapshot.ladder("BTC-PERP")
    assert not isinstance(spread, Failure)
    found = inputs_of(policy, state, perpetual(), half_spread_frac(spread))
    assert isinstance(found, BandInputs), found
    return found


def traded(state: Survey, **changes: Any) -> TradePlan:
    return plan([msgspec.structs.replace(POLICY, **changes)], state, [perpetual()])


def gamma_of(spot: float, strike: float, years: float = YEARS) -> float:
    deviation = VOL * math.sqrt(years)
    d1 = math.log(spot / strike) / deviation + 0.5 * deviation
    return float(norm.pdf(d1)) / (spot * deviation)


def test_inputs_are_those_of_the_desk() -> None:
    found = inputs(desk(call=-2))
    assert found.price_usd == S
    assert found.gamma_coin_per_usd == pytest.approx(-2 * GAMMA, rel=1e-9)
    assert found.cost_frac == pytest.approx(5e-4, rel=1e-12)
    assert found.time_years == pytest.approx(YEARS, rel=1e-12)
    assert found.notional_usd == 2 * S
    assert found.lot_coin == pytest.approx(0.001, rel=1e-12)
    assert found.delta_regime == "sticky_strike"


def test_the_time_to_expiry_is_weighted_with_gamma() -> None:
    found = inputs(desk(call=-2, late=1))
    weights = 2 * gamma_of(S, 60000), gamma_of(S, 60010, 90 / 365)
    wanted = (weights[0] * 30 + weights[1] * 90) / sum(weights) / 365
    assert found.time_years == pytest.approx(wanted, rel=1e-9)
    assert found.notional_usd == 3 * S


def test_gamma_is_floored_by_its_size_within_a_days_deviation() -> None:
    """Short at 60,000, long at 66,000: near where they cancel net gamma says nothing."""
    found = inputs(desk(call=-10, high=11))
    day = VOL / math.sqrt(365)
    spots = [S * math.exp(u * day) for u in (-1, -0.5, 0, 0.5, 1)]
    size = [abs(-10 * gamma_of(each, 60000) + 11 * gamma_of(each, 66000)) for each in spots]
    wanted = (size[0] / 2 + size[1] + size[2] + size[3] + size[4] / 2) / 4
    assert found.gamma_floor_coin_per_usd == pytest.approx(wanted, rel=1e-9)
    assert found.gamma_wide_coin_per_usd == found.gamma_floor_coin_per_usd
    assert abs(found.gamma_coin_per_usd) < 0.25 * wanted


def test_a_coin_of_which_nothing_is_held_has_no_gamma() -> None:
    found = inputs(desk())
    assert (found.gamma_coin_per_usd, found.gamma_floor_coin_per_usd) == (0.0, 0.0)
    assert found.time_years is None
    spread = HedgeBudget(cost_bps_per_day=1.0)
    refused = inputs_of(msgspec.structs.replace(POLICY, budget=spread), desk(), perpetual(), 5e-5)
    assert isinstance(refused, Failure)
    assert "nothing of BTC is held besides the hedge" in refused.message


def test_back_to_the_centre_or_to_an_edge_or_between() -> None:
    state = desk(2, call=-2)
    row = state.exposures.row("coin/BTC")
    assert not isinstance(row, Failure)
    assert row.delta_spot_coin is not None
    delta = row.delta_spot_coin
    after: dict[str, float] = {}
    for kind in ("fixed", "whalley-wilmott", "fixed-cost", "combined-cost"):
        (trade,) = traded(state, band=kind, band_min_coin=0.01, fixed_cost_usd=2.0).trades
        assert trade.delta_before_coin == delta
        after[kind] = trade.delta_after_coin
    gamma = inputs(state).gamma_wide_coin_per_usd
    assert after["fixed"] == pytest.approx(0.01, abs=0.001)
    assert abs(after["fixed-cost"]) < 0.001
    width = (12.0 * 2.0 * gamma**2 / 1e-5) ** 0.25
    assert delta > width, "otherwise nothing would have been traded"
    costly = msgspec.structs.replace(POLICY, fixed_cost_usd=2.0)
    found = band_held("combined-cost", costly, inputs(state, costly), delta_at_vols(state, "BTC"))
    assert isinstance(found, Band)
    assert after["combined-cost"] == pytest.approx(found.to_high_coin, abs=0.001)
    assert 0 < after["combined-cost"] < after["whalley-wilmott"]


def test_the_centre_at_another_vol_is_by_full_revaluation() -> None:
    state = desk(call=-2, high=3)
    here = inputs(state)
    found = band_held("zakamouline", POLICY, here, delta_at_vols(state, "BTC"))
    assert isinstance(found, Band)
    fit = zakamouline(
        cost_frac=here.cost_frac, price_usd=S, gamma_coin_per_usd=here.gamma_coin_per_usd,
        risk_aversion_per_usd=1e-5, vol_frac=VOL, time_years=YEARS,
    )  # fmt: skip

    def spot_delta(vol: float, strike: float) -> float:
        return float(norm.cdf(math.log(S / strike) / (vol * YEARS**0.5) + 0.5 * vol * YEARS**0.5))

    there = VOL * fit.vol_factor_frac
    moved = sum(
        many * (spot_delta(there, strike) - spot_delta(VOL, strike))
        for many, strike in ((-2, 60000), (3, 66000))
    )
    assert found.centre_coin == pytest.approx(-moved, rel=1e-9)


def test_at_times_it_hedges_at_the_first_look_after_each() -> None:
    looks = [traded(
        desk(5, call=-2, time_ns=T0_NS + hours * HOUR_NS), band="leland", interval_ns=8 * HOUR_NS,
        risk_aversion_per_usd=None, look_ns=HOUR_NS,
    ) for hours in range(17)]  # fmt: skip
    assert all(not each.unmet for each in looks)
    start = T0_NS // HOUR_NS
    wanted = [(start + hours) % 8 == 0 for hours in range(17)]
    assert [bool(each.trades) for each in looks] == wanted
    assert 2 <= sum(wanted) <= 3
    # Who looks once is told what is to be done next.
    at = next(hours for hours in range(17) if not wanted[hours])
    policy = msgspec.structs.replace(
        POLICY, band="leland", interval_ns=8 * HOUR_NS, risk_aversion_per_usd=None, look_ns=HOUR_NS
    )
    once = desk(5, call=-2, time_ns=T0_NS + at * HOUR_NS)
    assert len(plan([policy], once, [perpetual()], is_once=True).trades) == 1
    assert plan([policy], once, [perpetual()]).trades == ()


def test_a_budget_finds_the_risk_aversion() -> None:
    state = desk(5, call=-2)
    budget = HedgeBudget(cost_bps_per_day=0.5)
    policy = msgspec.structs.replace(POLICY, budget=budget, risk_aversion_per_usd=None)
    found = band_held("whalley-wilmott", policy, inputs(state, policy), delta_at_vols(state, "BTC"))
    assert isinstance(found, Band)
    assert found.cost_usd_per_day == pytest.approx(0.5e-4 * 2 * S, rel=1e-9)
    (trade,) = traded(state, budget=budget, risk_aversion_per_usd=None).trades
    assert trade.band_halfwidth_coin == pytest.approx(found.high_coin, rel=1e-12)


@pytest.mark.parametrize(("changes", "message"), [
    ({"vol_frac": None}, "no vol of BTC is given"),
    ({"risk_aversion_per_usd": None}, "neither that nor a budget is given"),
    ({"risk_aversion_per_usd": None, "budget": HedgeBudget(shortfall_usd=0.01)},
     "no band brings the shortfall below"),
])  # fmt: skip
def test_without_a_band_nothing_is_traded(changes: dict[str, Any], message: str) -> None:
    made = traded(desk(5, call=-2), **changes)
    assert made.trades == ()
    (unmet,) = made.unmet
    assert unmet.subject == "BTC"
    assert message in unmet.message


@pytest.mark.parametrize("kind", BAND_KINDS)
def test_across_spot_the_bands_here_are_the_bands_here(kind: BandKind) -> None:
    state = desk(1, call=-2, high=1)
    here, delta_at = inputs(state), delta_at_vols(state, "BTC")
    bands = {kind: band_held(kind, POLICY, here, delta_at)}
    across = bands_across(state, "BTC", here, bands, [-0.06, -0.03, 0.0, 0.03, 0.06])
    found = bands[kind]
    assert isinstance(found, Band)
    # Gamma within a day is taken from between the moves asked for, so the floor is coarser there.
    assert across.low_coin[kind][2] == pytest.approx(found.low_coin, abs=2e-3)
    assert across.high_coin[kind][2] == pytest.approx(found.high_coin, abs=2e-3)
    there = state.exposures.row("coin/BTC")
    assert not isinstance(there, Failure)
    assert across.delta_coin[2] == there.delta_spot_coin
    assert len({len(across.delta_coin), len(across.low_coin[kind]), 5}) == 1
