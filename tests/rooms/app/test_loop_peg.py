"""The discount of a loop at its looks: one without a price is unknown, not the one before."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from hedgerow.app.loop_backtest import _Peg
from hedgerow.errors import DeskRejected, Failure

LOOP: Any = SimpleNamespace(
    supply=SimpleNamespace(asset="stETH", market="aave", instrument_id="supply"),
    debt=SimpleNamespace(asset="ETH"),
)
NONE = Failure(subject="ETH", reason="missing_data", message="no price")


def look(at: int, discount: str, price_usd: int | None) -> Any:
    """Ten supplied at an index of two, redeemed for a quarter more."""
    staking = SimpleNamespace(
        base="ETH",
        discount_frac=Decimal(discount),
        rate_coin_per_coin=Decimal("1.25"),
        time_ns=at,
    )
    account = SimpleNamespace(quantity_contracts=lambda name: Decimal(10))
    return SimpleNamespace(
        time_ns=at,
        book=SimpleNamespace(accounts=(account,)),
        snapshot=SimpleNamespace(
            stakings={"stETH": staking},
            spot_usd=lambda coin: NONE if price_usd is None else Decimal(price_usd),
            lending=lambda market, asset: SimpleNamespace(liquidity_index_ray=2 * 10**27),
        ),
    )


def seen(*looks: Any) -> Any:
    peg = _Peg(LOOP)
    for each in looks:
        peg.look(each)
    return peg.seen()


def test_what_the_peg_takes_is_the_discount_of_all_that_is_supplied() -> None:
    found = seen(look(1, "0.01", 1_000), look(2, "0.05", 900), look(3, "0.02", 1_100))
    assert (found.start_usd, found.deepest_usd, found.end_usd) == pytest.approx((250, 1_125, 550))
    assert (found.deepest_frac, found.deepest_ns) == (0.05, 2)
    assert found.waiting_usd == pytest.approx(300)


def test_ends_without_a_price_are_unknown() -> None:
    end = seen(look(1, "0.01", 1_000), look(2, "0.05", 900), look(3, "0.02", None))
    assert (end.end_frac, end.end_usd, end.waiting_usd) == (None, None, None)
    assert end.deepest_frac == 0.05
    start = seen(look(1, "0.01", None), look(2, "0.05", 900))
    assert (start.start_frac, start.start_usd, start.waiting_usd) == (None, None, None)
    assert start.end_usd == pytest.approx(1_125)


def test_no_price_at_any_look_is_refused() -> None:
    with pytest.raises(DeskRejected, match="no price at any look"):
        seen(look(1, "0.01", None))
