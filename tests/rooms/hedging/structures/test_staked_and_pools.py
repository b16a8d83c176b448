"""Hedges of staked coins and pool shares: the sheet's shares, pegs apart, bands and lots."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.pool_hedge import PoolHedge, pool_hedge
from hedgerow.hedging.structures.staked import StakedHedge, staked_hedge
from hedgerow.pricing import concentrated_shares


def _staked(**more: Any) -> StakedHedge:
    told: dict[str, Any] = {
        "quantity_coin": 100.0, "rate_coin_per_coin": 1.2, "price_base_usd": 3_000.0,
        "discount_frac": 0.05, "exit": "sold", "multiplier_coin_per_contract": Decimal(1),
        "lot_contracts": Decimal("0.1"), "wait_days": 36.5, "peg_vol_frac_per_sqrt_year": 0.1,
    }  # fmt: skip
    return staked_hedge(**(told | more))


def test_what_is_sold_moves_less_than_what_is_redeemed() -> None:
    """100 tokens at 1.2 are 120 coins; at a discount of 5 % they move like 114."""
    sold, redeemed = _staked(), _staked(exit="redeemed")
    assert sold.delta_coin == pytest.approx(114.0)
    assert sold.quantity_contracts == Decimal("-114.0")
    assert redeemed.quantity_contracts == Decimal("-120.0")
    assert sold.value_usd == redeemed.value_usd == pytest.approx(342_000.0)


def test_the_peg_is_a_risk_of_its_own() -> None:
    """One point of discount is 3,600; a tenth of a year at 10 points a root year are 3.162."""
    found = _staked()
    assert found.peg_usd_per_frac == pytest.approx(-360_000.0)
    assert found.peg_deviation_usd == pytest.approx(360_000.0 * 0.1 * 0.1**0.5)
    assert found.discount_usd == pytest.approx(18_000.0)
    # However large the short, a discount of one point more costs the same.
    worse = _staked(discount_frac=0.06)
    assert worse.value_usd - found.value_usd == pytest.approx(-3_600.0)


def test_waiting_earns_the_discount_and_the_carry() -> None:
    """A tenth of a year of 4 % on 360,000 and of 10 % on a short of 342,000."""
    found = _staked(reward_frac_per_year=0.04, funding_frac_per_year=0.1)
    assert found.carry_usd == pytest.approx(1_440.0 + 3_420.0)
    assert found.redeem_gain_usd == pytest.approx(18_000.0 + 4_860.0)
    assert _staked(funding_frac_per_year=-0.1).carry_usd == pytest.approx(-3_420.0)


@given(st.floats(0.01, 1e5), st.floats(0.9, 1.5), st.floats(-0.05, 0.3))
def test_lots_leave_half_a_lot_at_most(quantity: float, rate: float, discount: float) -> None:
    found = _staked(quantity_coin=quantity, rate_coin_per_coin=rate, discount_frac=discount)
    assert found.delta_coin == pytest.approx(quantity * rate * (1.0 - discount))
    assert abs(found.residual_coin) <= 0.05 + 1e-9 * quantity
    assert found.quantity_contracts <= 0


def _pool(**more: Any) -> PoolHedge:
    told: dict[str, Any] = {
        "liquidity_contracts": 1_000.0, "price_usd": 2_000.0, "price_lower_usd": 1_600.0,
        "price_upper_usd": 2_500.0, "held_contracts": Decimal(0),
        "multiplier_coin_per_contract": Decimal(1), "lot_contracts": Decimal("0.001"),
        "band_coin": 0.1, "vol_frac": 0.6,
    }  # fmt: skip
    return pool_hedge(**(told | more))


def test_the_share_of_the_sheet_is_brought_to_the_edge_of_its_band() -> None:
    """Section 3: 2.3606797750 coins, gamma -0.005590169944; short 2.261 of them."""
    found = _pool()
    assert found.delta_coin == pytest.approx(2.3606797750)
    assert found.gamma_coin_per_usd == pytest.approx(-0.005590169944)
    assert found.value_usd == pytest.approx(9442.7190999916)
    assert found.quantity_contracts == Decimal("-2.261")
    assert found.after_coin == pytest.approx(0.0996797750)
    # σ²L√P/4, the fees at which it breaks even.
    assert found.loss_usd_per_year == pytest.approx(0.36 * 1_000.0 * 2_000.0**0.5 / 4.0)


def test_within_the_band_nothing_is_traded() -> None:
    found = _pool(held_contracts=Decimal("-2.3"))
    assert found.quantity_contracts == 0
    assert found.before_coin == found.after_coin == pytest.approx(0.0606797750)


def test_a_move_of_band_frac_meets_the_band() -> None:
    found = _pool(held_contracts=Decimal("-2.361"))
    price = 2_000.0 * (1.0 + found.band_frac)
    share = concentrated_shares(
        liquidity_contracts=1_000.0, price_usd=price, price_lower_usd=1_600.0,
        price_upper_usd=2_500.0,
    )  # fmt: skip
    assert float(share.delta_coin[0]) - 2.361 == pytest.approx(-0.1, abs=0.002)


@given(
    st.floats(500.0, 5_000.0), st.floats(-5.0, 5.0), st.floats(0.0, 1.0),
    st.sampled_from(["0.001", "0.1", "1"]),
)  # fmt: skip
def test_a_trade_never_leaves_more_than_there_was(
    price: float, held: float, band: float, lot: str
) -> None:
    found = _pool(
        price_usd=price, held_contracts=Decimal(f"{held:.3f}"), band_coin=band,
        lot_contracts=Decimal(lot),
    )  # fmt: skip
    assert abs(found.after_coin) <= abs(found.before_coin) + 1e-12
    assert found.quantity_contracts % Decimal(lot) == 0
    if Decimal(lot) <= Decimal(repr(2.0 * band)) or abs(found.before_coin) <= band:
        assert abs(found.after_coin) <= max(band, 0.0) + 1e-9


def test_a_pool_without_a_range() -> None:
    found = _pool(price_lower_usd=None, price_upper_usd=None, price_usd=2_500.0)
    assert found.delta_coin == pytest.approx(20.0)  # L/√P
    assert found.value_usd == pytest.approx(100_000.0)
    assert found.loss_usd_per_year == pytest.approx(0.36 * 100_000.0 / 8.0)


def test_out_of_its_range_a_share_has_no_gamma_to_leave_a_band_by() -> None:
    found = _pool(price_usd=3_000.0, held_contracts=Decimal(-1))
    assert (found.delta_coin, found.band_frac) == (0.0, float("inf"))
    assert found.quantity_contracts == Decimal("0.9")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="both or neither"):
        _pool(price_upper_usd=None)
    with pytest.raises(OutOfDomain, match="band_coin"):
        _pool(band_coin=-1.0)
    with pytest.raises(OutOfDomain, match="below one"):
        _staked(discount_frac=1.0)
    with pytest.raises(OutOfDomain, match="sold or redeemed"):
        _staked(exit="burnt")
    with pytest.raises(OutOfDomain, match="positive multiplier"):
        _staked(lot_contracts=Decimal(0))
