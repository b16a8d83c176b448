"""Every kind of contract against its own formula, worked out by hand."""

from decimal import Decimal
from math import exp, log

import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import ConcentratedShare, ConstantProductShare, StakedCoin
from hedgerow.margin.portfolio import (
    PortfolioReport,
    factors_of,
    require_portfolio,
    worth_of,
)
from hedgerow.market import Factor, JointScenarios, Shock
from hedgerow.portfolio import book
from hedgerow.pricing import value, value_usd
from hedgerow.units import MINUTE_NS
from tests.builders import (
    EXPIRY_NS,
    Positions,
    account,
    by_id,
    index,
    option_quote,
    power,
    power_state,
    snapshot,
    staking,
)
from tests.rooms.margin.portfolio.market import (
    CALL,
    FACTORS,
    LINEAR,
    TERMS,
    asked,
    market,
    model,
    moved,
)

YEARS = 0.2


def loss(positions: Positions, move: dict[str, float], **balances: float) -> float:
    """What a book loses in one scenario; a gain is negative."""
    held = account(positions=positions, balances=balances)
    return asked(held, moved(move)).worst_usd


def test_a_linear_perpetual_gains_in_its_dollar() -> None:
    assert loss({"BTC-PERP": (2, 48_000)}, {"spot BTC": log(0.9)}) == pytest.approx(2 * 5_000)
    # What it has gained since its entry is in USDC, and falls with the peg.
    both = {"spot BTC": log(0.9), "peg USDC": log(0.95)}
    assert loss({"BTC-PERP": (2, 48_000)}, both) == pytest.approx(4_000 - -6_000 * 0.95)


def test_an_inverse_perpetual_gains_in_coin() -> None:
    """100,000 contracts of 1 USD, from 40,000: worth 2.5 - 2 coins now, 2.5 - 2.5 after -20 %."""
    now, then = 0.5 * 50_000, 0.0 * 40_000
    held = {"BTC-PERPETUAL": (100_000, 40_000)}
    assert loss(held, {"spot BTC": log(0.8)}) == pytest.approx(now - then)


def test_dated_futures_also_move_by_their_basis() -> None:
    up = {"spot BTC": log(1.1), "basis BTC": 0.05}
    then = 51_000 * 1.1 * exp(0.05 * YEARS)
    assert loss({"BTC-L": (-1, 51_000)}, up) == pytest.approx(then - 51_000)
    coins = 51_000 * (1 / 51_000 - 1 / then)
    assert loss({"BTC-F": (-51_000, 51_000)}, up) == pytest.approx(coins * 55_000)


def test_a_perpetual_may_leave_its_spot() -> None:
    """Long a coin against a perpetual is no flat book once the premium moves."""
    held = {"BTC-PERP": (-1, 50_000)}
    both = {"spot BTC": log(1.1), "premium BTC": log(1.02)}
    assert loss(held, both, BTC=1) == pytest.approx(50_000 * 1.1 * 0.02)
    inverse = 100_000 * (1 / 50_000 - 1 / (50_000 * 1.1 * 1.02)) * 55_000
    assert loss({"BTC-PERPETUAL": (-100_000, 50_000)}, both) == pytest.approx(inverse)


def test_a_quanto_pays_a_fixed_rate_in_a_coin_that_moves_too() -> None:
    both = {"spot ETH": log(0.8), "spot BTC": log(0.5)}
    paid_coin = 1_000 * 1e-6 * (2_500 * 0.8 - 2_600)
    now_coin = 1_000 * 1e-6 * (2_500 - 2_600)
    assert loss({"ETH-QUANTO": (1_000, 2_600)}, both) == pytest.approx(
        now_coin * 50_000 - paid_coin * 25_000
    )


def test_longs_pay_funding_for_every_eight_hours_of_the_horizon() -> None:
    more = {"funding BTC": 0.001}
    assert loss({"BTC-PERP": (1, 50_000)}, more) == pytest.approx(50_000 * 0.001 * 6)
    assert loss({"BTC-PERP": (-1, 50_000)}, more) == pytest.approx(-50_000 * 0.001 * 6)
    assert loss({"BTC-PERPETUAL": (1_000, 50_000)}, more) == pytest.approx(1_000 * 0.001 * 6)


def black(forward: float, strike: float, vol: float, years: float) -> float:
    f, k, v, t = (np.array([x]) for x in (forward, strike, vol, years))
    return float(value_usd(f, k, v, t, np.array([True]))[0])


def test_an_option_has_its_own_vol_in_every_scenario() -> None:
    move = {
        "spot BTC": log(1.1), "basis BTC": 0.1, "vol_level BTC": 0.3, "vol_skew BTC": 0.2,
        "vol_term BTC": 0.5,
    }  # fmt: skip
    nearer = 30 / 73
    vol = 0.6 * exp(0.3 * nearer**0.3 + 0.5 * log(nearer)) + 0.2 * log(55_000 / 50_500)
    forward = 50_500 * 1.1 * exp(0.1 * YEARS)
    now = black(50_500, 55_000, 0.6, YEARS) / 50_500 * 50_000
    then = black(forward, 55_000, vol, YEARS) / forward * 55_000
    assert loss({CALL.instrument_id: 1}, move) == pytest.approx(now - then, rel=1e-12)
    vol = 0.6 * exp(0.3 * nearer**0.3 + 0.5 * log(nearer)) + 0.2 * log(50_000 / 50_500)
    now, then = black(50_500, 50_000, 0.6, YEARS), black(forward, 50_000, vol, YEARS)
    assert loss({LINEAR.instrument_id: -2}, move) == pytest.approx(2 * (then - now), rel=1e-12)


def test_a_vol_never_falls_below_nothing() -> None:
    move = {"vol_skew BTC": -9.0}
    kept = max(50_500 - 50_000, 0.0)
    lost = black(50_500, 50_000, 0.6, YEARS)
    assert loss({LINEAR.instrument_id: 1}, {"vol_skew BTC": 9.0}) > 0
    assert loss({CALL.instrument_id: -1}, move) < 0
    assert loss({LINEAR.instrument_id: 1}, {"vol_level BTC": -10.0}) == pytest.approx(lost - kept)


def test_inside_the_settlement_window_only_what_is_to_come_moves() -> None:
    now_ns = EXPIRY_NS - 15 * MINUTE_NS
    now = snapshot(
        index("BTC", 50_000, now_ns), option_quote(LINEAR, 50_000, 0.6, now_ns), time_ns=now_ns
    )
    held = account(positions={LINEAR.instrument_id: 1}, time_ns=now_ns)
    gain = -asked(held, moved({"spot BTC": log(1.1)}), now=now).worst_usd
    assert gain == pytest.approx(50_000 * 0.1 * 0.5, rel=0.02)


def test_coins_and_dollars_held_move_too() -> None:
    move = {"spot ETH": log(0.7), "peg USDC": log(0.9)}
    assert loss({}, move, ETH=10, USDC=1_000) == pytest.approx(10 * 750 + 100)


def test_nothing_moves_nothing() -> None:
    held = account(positions={name: (3, 49_000) for name in TERMS}, balances={"BTC": 1})
    report = asked(held, moved({}))
    assert report.worst_usd == 0.0
    assert report.margin.requirement_maintenance_ccy == 0


@pytest.mark.parametrize("name", sorted(TERMS))
def test_no_factor_of_an_instrument_may_be_missing(name: str) -> None:
    terms, now, whole = TERMS[name], market(), moved({"spot BTC": 0.1})
    wanted = factors_of(terms, now)
    assert wanted
    for factor in wanted:
        kept = [at for at, each in enumerate(FACTORS) if each != factor]
        short = JointScenarios(
            tuple(FACTORS[at] for at in kept), whole.labels, whole.moves_log_or_frac[:, kept]
        )
        found = worth_of(terms, now, short, horizon_days=2.0, vol_tenor_power=0.3)
        assert isinstance(found, Failure)
        assert found.subject == name
        assert f"{factor.kind} of {factor.name}" in found.message


def test_a_leg_without_an_input_is_named() -> None:
    still = moved({})
    known = market()
    cases = {
        "BTC-PERP": (snapshot(index("BTC", 50_000)), account(positions={"BTC-PERP": (1, 1)}), {}),
        CALL.instrument_id: (
            snapshot(index("BTC", 50_000)),
            account(positions={CALL.instrument_id: -1}),
            {},
        ),
        "ETH-PERP": (
            known,
            account(positions={"ETH-PERP": (1, 2_500)}),
            {"volume_coin_per_day": {"BTC": 1.0}},
        ),
        "BTC-L": (known, account(positions={"BTC-L": 1}), {}),
        "spot:DOGE": (known, account(balances={"DOGE": 5}), {}),
    }
    for name, (now, held, changes) in cases.items():
        found = require_portfolio(held, TERMS, now, still, model(**changes))
        assert isinstance(found, Failure), name
        assert found.subject == name
        assert found.reason == "missing_data"


def test_a_staked_coin_moves_with_its_base_and_with_its_own_peg() -> None:
    terms = StakedCoin(instrument_id="staked", asset="stETH", base="ETH")
    now = snapshot(index("ETH", 2_500), staking("stETH", "ETH", "1.2"))
    factors = (*FACTORS, Factor(kind="peg", name="stETH"))
    moves = np.zeros((1, len(factors)))
    moves[0, factors.index(Factor(kind="spot", name="ETH"))] = log(0.8)
    moves[0, -1] = log(0.95)
    held = account(positions={"staked": 4})
    found = require_portfolio(
        held, by_id(terms), now, JointScenarios(factors, ("s",), moves), model()
    )
    assert isinstance(found, PortfolioReport), found
    assert found.worst_usd == pytest.approx(4 * 3_000 * (1 - 0.8 * 0.95))
    without = require_portfolio(held, by_id(terms), now, moved({}), model())
    assert isinstance(without, Failure)
    assert "peg of stETH" in without.message


def test_a_power_and_a_pool_keep_their_own_curves() -> None:
    """Squeeth goes with the square of the coin; a share of x · y = L² with its root."""
    pool = ConstantProductShare(instrument_id="pool", underlying="ETH", settlement="USDC")
    now = snapshot(index("ETH", 2_500), power_state("0.8", 2_500, 500))
    terms = by_id(power(), pool)
    fall = moved({"spot ETH": log(0.81)})
    token_usd = 500.0
    squared = asked(account(positions={"oSQTH": 2}), fall, now=now, terms=terms).worst_usd
    assert squared == pytest.approx(2 * token_usd * (1 - 0.81**2), rel=1e-6)
    rooted = asked(account(positions={"pool": 3}), fall, now=now, terms=terms).worst_usd
    assert rooted == pytest.approx(3 * 2 * 50.0 * (1 - 0.9))


def test_which_factors_move_what() -> None:
    def names(instrument_id: str) -> set[str]:
        found = factors_of(TERMS[instrument_id], market())
        return {f"{factor.kind} {factor.name}" for factor in found}

    perpetual = {"premium BTC", "funding BTC"}
    vols = {"vol_level BTC", "vol_skew BTC", "vol_term BTC"}
    assert names(CALL.instrument_id) == {"spot BTC", "basis BTC", "liquidity BTC", *vols}
    assert names("BTC-PERP") == {"spot BTC", "peg USDC", *perpetual, "liquidity BTC"}
    assert names("BTC-F") == {"spot BTC", "basis BTC", "liquidity BTC"}
    assert names("ETH-QUANTO") == {
        "spot BTC", "spot ETH", "premium ETH", "funding ETH", "liquidity ETH",
    }  # fmt: skip


def test_pools_and_powers_are_worth_what_a_shocked_snapshot_says() -> None:
    """The same curves as `pricing.value` takes, peg and vol moved as well."""
    pools = by_id(
        ConcentratedShare(
            instrument_id="range",
            underlying="ETH",
            settlement="USDC",
            price_lower_usd=Decimal(2_000),
            price_upper_usd=Decimal(2_800),
        ),
        power(),
    )
    now = snapshot(index("ETH", 2_500), power_state("0.8", 2_500, 550))
    move = {"spot ETH": log(0.9), "peg USDC": log(0.97), "vol_level ETH": log(1.3)}
    shock = Shock(spot_factor_frac={"ETH": 0.9, "USDC": 0.97}, vol_factor_frac=1.3)
    for name, terms in pools.items():
        held = account(positions={name: 1})
        before, after = (
            value(book([held], {name: terms}), market) for market in (now, now.shocked(shock))
        )
        lost = (before.unit_ccy * before.settlement_price_usd)[0] - (
            after.unit_ccy * after.settlement_price_usd
        )[0]
        report = asked(held, moved(move), now=now, terms={name: terms})
        assert report.worst_usd == pytest.approx(lost, rel=1e-9), name
