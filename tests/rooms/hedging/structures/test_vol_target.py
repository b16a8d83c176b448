"""Volatility targeting: the sheet's figure, no look-ahead, and a cap that binds by liquidation."""

from decimal import Decimal
from functools import partial
from importlib.resources import files
from math import sqrt
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.hedging.structures.vol_target import (
    VolEstimates,
    VolTarget,
    book_scale_frac,
    ewma_vols,
    fast_slow_vols,
    isolated_liquidation_frac,
    leverage_cap,
    target_weight_frac,
    targeted,
)
from hedgerow.instruments import LinearPerpetual
from hedgerow.margin import Tier, decode_rulebook
from hedgerow.market import AgeLimits, MarketState, Quote
from hedgerow.portfolio import Account, Balance, Position
from hedgerow.solvency import Direction, Side, frontier, hit_frac
from hedgerow.units import HOUR_NS, parse_ns

Floats = NDArray[np.float64]
YEARS_7D = 7.0 / 365.0


def _returns(count: int, vol: float = 0.6, seed: int = 4) -> Floats:
    return np.random.default_rng(seed).standard_normal(count) * vol / sqrt(365.0)


def _vols(r: Floats, half_life: float = 20.0) -> VolEstimates:
    return ewma_vols(r, half_life_count=half_life, periods_count_per_year=365.0, warm_count=30)


def test_the_weight_of_the_sheet() -> None:
    target = VolTarget(vol_frac=0.2, leverage_frac_max=3.0)
    assert target_weight_frac(target, vol_frac=0.65) == pytest.approx(0.3076923, abs=5e-8)
    assert target_weight_frac(target, vol_frac=0.01) == 3.0
    assert target_weight_frac(target, vol_frac=0.0, signal_frac=-0.5) == -1.5


def test_a_floor_keeps_quiet_markets_small() -> None:
    target = VolTarget(vol_frac=0.2, leverage_frac_max=3.0, vol_frac_min=0.25)
    assert target_weight_frac(target, vol_frac=0.05) == pytest.approx(0.8)


def test_an_average_as_risk_metrics_writes_it() -> None:
    """σ² = λσ² + (1-λ)r², begun at the mean square of what warms it up."""
    r = np.array([0.01, -0.02, 0.03, 0.0])
    half_life = np.log(0.5) / np.log(0.94)
    found = ewma_vols(r, half_life_count=half_life, periods_count_per_year=1.0, warm_count=2)
    first = 0.5 * (1e-4 + 4e-4)
    second = 0.94 * first + 0.06 * 9e-4
    assert found.vol_frac**2 == pytest.approx([first, second, 0.94 * second])
    assert found.first_index == 2


@given(st.integers(31, 199), st.floats(-0.5, 0.5))
@settings(max_examples=40)
def test_nothing_is_known_before_its_time(at: int, shock: float) -> None:
    """A return changed changes no estimate and no weight up to its own."""
    r = _returns(200)
    changed = r.copy()
    changed[at] += shock
    target = VolTarget(vol_frac=0.3, leverage_frac_max=2.0, band_frac=0.05)
    paths = [targeted(each, _vols(each), target) for each in (r, changed)]
    until = at - paths[0].first_index + 1
    assert np.array_equal(paths[0].weight_frac[:until], paths[1].weight_frac[:until])
    earned = paths[0].weight_frac[until - 1] * np.expm1(r[at])
    assert paths[0].earned_frac[until - 1] == earned


def test_a_shift_by_one_moves_the_weights_by_one() -> None:
    r = _returns(300)
    target = VolTarget(vol_frac=0.3, leverage_frac_max=2.0)
    full = targeted(r, _vols(r), target)
    for end in (100, 200, 299):
        part = targeted(r[:end], _vols(r[:end]), target)
        assert part.next_weight_frac == full.weight_frac[end - full.first_index]


def test_with_constant_vol_the_book_has_the_vol_wanted() -> None:
    """Realised is the target to √(1/2n) of it: within three of those, estimates almost still."""
    n = 20_000
    r = _returns(n)
    target = VolTarget(vol_frac=0.2, leverage_frac_max=5.0)
    found = targeted(r, _vols(r, 2_000.0), target)
    # After the estimate has settled; a half life of 2,000 returns leaves it within 1 %.
    earned = found.earned_frac[5_000:]
    realised = float(np.std(earned)) * sqrt(365.0)
    assert realised == pytest.approx(0.2, rel=3.0 * sqrt(0.5 / len(earned)) + 0.005)


def test_a_band_trades_less_and_a_slow_step_less_still() -> None:
    r = _returns(1_000)
    plain, banded, slow = (
        targeted(r, _vols(r), VolTarget(vol_frac=0.2, leverage_frac_max=5.0, **more))
        for more in ({}, {"band_frac": 0.1}, {"change_frac_max": 0.001})
    )
    assert np.sum(banded.traded_frac) < 0.5 * np.sum(plain.traded_frac)
    assert np.max(slow.traded_frac[1:]) <= 0.001 + 1e-12
    wanted = plain.weight_frac
    assert (np.abs(wanted - banded.weight_frac) <= 0.1 * np.abs(banded.weight_frac) + 1e-12).all()


def test_the_larger_of_fast_and_slow() -> None:
    r = np.concatenate([_returns(300, 0.3, 1), _returns(30, 1.2, 2), _returns(300, 0.3, 3)])
    told: dict[str, Any] = {"periods_count_per_year": 365.0, "warm_count": 30}
    both = fast_slow_vols(r, fast_half_life_count=5, slow_half_life_count=60, **told)
    fast = ewma_vols(r, half_life_count=5, **told).vol_frac
    slow = ewma_vols(r, half_life_count=60, **told).vol_frac
    assert np.array_equal(both.vol_frac, np.maximum(fast, slow))
    # Quick to fear, slow to forget: the fast one leads the rise, the slow one holds afterwards.
    assert both.vol_frac[300] == fast[300]
    assert both.vol_frac[340] == slow[340]


def test_a_book_is_scaled_as_a_whole() -> None:
    """Two coins at 60 % with a correlation of 0.8, half in each: 0.6 √0.9."""
    sigma = 0.36 * np.array([[1.0, 0.8], [0.8, 1.0]])
    found = book_scale_frac(np.array([0.5, 0.5]), sigma, vol_frac=0.2)
    assert found == pytest.approx(0.2 / (0.6 * sqrt(0.9)))


def test_a_book_is_scaled_beside_what_stands_still() -> None:
    """Of a coin at 60 %, a tenth held: shorts of half of it bring it to nothing and beyond."""
    sigma, short = np.array([[0.36]]), np.array([-0.5])
    found = book_scale_frac(short, sigma, vol_frac=0.03, fixed_frac=np.array([0.1]))
    assert found == pytest.approx(0.3)  # 0.1 - 0.3 / 2 is a twentieth short: the larger of both
    # Two coins that go apart: 0.2² + k² 0.5² = 0.25² by hand.
    apart = book_scale_frac(
        np.array([0.0, 1.0]), np.diag([0.16, 0.25]), vol_frac=0.25, fixed_frac=np.array([0.5, 0.0])
    )
    assert apart == pytest.approx(0.15 / 0.5)
    none = book_scale_frac(
        np.array([0.0, 1.0]), np.diag([0.16, 0.25]), vol_frac=0.19, fixed_frac=np.array([0.5, 0.0])
    )
    assert isinstance(none, Failure)
    assert "moves more than 0.19 a year" in none.message


@pytest.mark.parametrize(
    ("side", "leverage", "wanted"),
    [("fall", 5, 0.0096507), ("fall", 10, 0.2387349), ("fall", 20, 0.5908774),
     ("rise", 5, 0.0300201), ("rise", 10, 0.2646636), ("rise", 20, 0.5849542)],
)  # fmt: skip
def test_the_cap_is_the_leverage_at_which_liquidation_is_as_likely(
    side: Side, leverage: float, wanted: float
) -> None:
    """The sheet's probabilities (16.2) of seven days at 60 %, asked the other way round."""
    chance = partial(
        isolated_liquidation_frac, side=side, maintenance_frac=0.005, vol_frac=0.6,
        horizon_years=YEARS_7D,
    )  # fmt: skip
    assert chance(leverage) == pytest.approx(wanted, abs=5e-8)
    found = leverage_cap(chance, allowed_frac=wanted, leverage_frac_max=100.0)
    assert not isinstance(found, Failure)
    assert found.is_binding
    assert found.leverage_frac == pytest.approx(leverage, rel=1e-5)
    assert found.liquidation_frac <= wanted


@given(st.floats(0.1, 2.0), st.floats(1e-6, 0.5), st.floats(1e-4, 0.5))
@settings(max_examples=60)
def test_a_cap_holds_and_a_little_more_does_not(vol: float, allowed: float, years: float) -> None:
    chance = partial(
        isolated_liquidation_frac, side="rise", maintenance_frac=0.005, vol_frac=vol,
        horizon_years=years,
    )  # fmt: skip
    found = leverage_cap(chance, allowed_frac=allowed, leverage_frac_max=100.0)
    assert not isinstance(found, Failure)
    assert chance(found.leverage_frac) <= allowed
    assert found.is_binding == (chance(100.0) > allowed)
    if found.is_binding:
        assert chance(found.leverage_frac * (1.0 + 1e-6)) > allowed
    wilder = leverage_cap(
        partial(chance, vol_frac=1.2 * vol), allowed_frac=allowed, leverage_frac_max=100.0
    )
    assert not isinstance(wilder, Failure)
    assert wilder.leverage_frac <= found.leverage_frac * (1.0 + 1e-8)


def test_the_weights_stay_below_the_cap_that_liquidation_sets() -> None:
    chance = partial(
        isolated_liquidation_frac, side="fall", maintenance_frac=0.005, vol_frac=0.6,
        horizon_years=YEARS_7D,
    )  # fmt: skip
    cap = leverage_cap(chance, allowed_frac=0.01, leverage_frac_max=20.0)
    assert not isinstance(cap, Failure)
    r = _returns(300, 0.05)
    target = VolTarget(
        vol_frac=0.5, leverage_frac_max=cap.leverage_frac, band_frac=0.1, change_frac_max=0.5
    )
    found = targeted(r, _vols(r), target)
    assert np.max(found.weight_frac) == pytest.approx(cap.leverage_frac)
    assert chance(float(np.max(found.weight_frac))) <= 0.01


def test_where_no_leverage_is_safe_enough_there_is_none() -> None:
    found = leverage_cap(lambda _: 0.5, allowed_frac=0.01, leverage_frac_max=5.0)
    assert isinstance(found, Failure)
    free = leverage_cap(lambda _: 0.0, allowed_frac=0.01, leverage_frac_max=5.0)
    assert not isinstance(free, Failure)
    assert (free.leverage_frac, free.is_binding) == (5.0, False)


def test_a_chance_that_falls_with_leverage_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="falls"):
        leverage_cap(
            lambda leverage: 0.9 if 2.0 < leverage < 4.0 else min(leverage / 10.0, 0.5),
            allowed_frac=0.05,
            leverage_frac_max=5.0,
        )


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="warm up"):
        ewma_vols(np.zeros(5), half_life_count=3, periods_count_per_year=365, warm_count=9)
    with pytest.raises(OutOfDomain, match="finite"):
        ewma_vols(np.full(9, np.nan), half_life_count=3, periods_count_per_year=365, warm_count=3)
    r = _returns(100)
    with pytest.raises(OutOfDomain, match="one more"):
        targeted(r[:-1], _vols(r), VolTarget(vol_frac=0.2, leverage_frac_max=1.0))
    with pytest.raises(OutOfDomain, match="variance"):
        book_scale_frac(np.zeros(2), np.eye(2), vol_frac=0.2)
    with pytest.raises(OutOfDomain, match="do not go with"):
        book_scale_frac(np.ones(2), np.eye(2), vol_frac=0.2, fixed_frac=np.ones(1))


def test_the_cap_binds_through_a_venues_own_engine() -> None:
    """A long bitcoin of which leverage decides the margin: where Binance's rules break it."""
    now_ns = parse_ns("2026-02-01T00:00:00Z")
    perpetual = LinearPerpetual(
        instrument_id="BTC-PERP", underlying="BTC", settlement="USDC",
        multiplier_coin_per_contract=Decimal(1), tick_usd=Decimal("0.1"),
        lot_contracts=Decimal("0.001"), funding_interval_ns=8 * HOUR_NS,
    )  # fmt: skip
    market = MarketState(ages=AgeLimits(), movers={}, dollars_usd={"USDC": Decimal(1)})
    market.apply(Quote(time_ns=now_ns, instrument_id="BTC-PERP", price_mark_usd=Decimal(60_000)))
    file = files("hedgerow.margin") / "rulebooks" / "binance" / "2021-11-01.toml"
    half = Tier(
        floor_usd=Decimal(0), rate_maintenance_frac=Decimal("0.005"),
        rate_initial_frac=Decimal("0.01"),
    )  # fmt: skip
    rules = msgspec.structs.replace(
        decode_rulebook(file.read_bytes(), where="packaged"),
        tiers={"BTC": [half]},
        tiers_borrowed=[],
    )
    along = Direction(kind="spot", beta_frac={"BTC": 1.0})
    held = Position(
        instrument_id="BTC-PERP", quantity_contracts=Decimal(1), price_entry_ccy=Decimal(60_000)
    )

    def chance(leverage: float) -> float:
        if leverage == 0.0:
            return 0.0
        margin = Balance(asset="USDC", quantity_coin=Decimal(repr(60_000.0 / leverage)))
        account = Account(
            account_id="a", venue="binance", currency="USDC", rulebook=None, positions=(held,),
            time_observed_ns=now_ns, balances=(margin,),
        )  # fmt: skip
        found = frontier(account, {"BTC-PERP": perpetual}, market.freeze(now_ns), rules, along)
        assert not isinstance(found, Failure)
        if found.down is None:
            return 0.0
        return float(hit_frac(1.0, 1.0 + found.down, 0.0, 0.6, YEARS_7D))

    found = leverage_cap(chance, allowed_frac=0.01, leverage_frac_max=20.0)
    closed = leverage_cap(
        partial(
            isolated_liquidation_frac, side="fall", maintenance_frac=0.005, vol_frac=0.6,
            horizon_years=YEARS_7D,
        ),
        allowed_frac=0.01,
        leverage_frac_max=20.0,
    )  # fmt: skip
    assert not isinstance(found, Failure)
    assert not isinstance(closed, Failure)
    assert found.is_binding
    assert found.leverage_frac == pytest.approx(closed.leverage_frac, rel=1e-4)


def test_a_passage_of_ones_own_is_asked_for_the_move_to_the_liquidation() -> None:
    """The sheet, 16.1: ten times long at half a per cent is liquidated at 54271.3568 of 60000."""
    seen: list[tuple[float, float, float]] = []

    def passage(move: float, vol: float, years: float) -> float:
        seen.append((move, vol, years))
        return 0.25

    def ask(leverage: float, growth: float = 0.0) -> float:
        return isolated_liquidation_frac(
            leverage, side="fall", maintenance_frac=0.005, vol_frac=0.6, horizon_years=YEARS_7D,
            growth_frac_per_year=growth, passage_frac=passage,
        )  # fmt: skip

    assert ask(10.0) == 0.25
    ((move, *rest),) = seen
    assert move == pytest.approx(54_271.3568 / 60_000.0 - 1.0, abs=1e-9)
    assert rest == [0.6, YEARS_7D]
    # What leaves no margin, or holds nothing, needs no passage.
    assert (ask(0.0), ask(200.0), ask(1.0)) == (0.0, 1.0, 0.0)
    assert len(seen) == 1
    with pytest.raises(OutOfDomain, match="takes no growth"):
        ask(10.0, growth=0.1)
