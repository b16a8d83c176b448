"""What a liquidation of an own account trades of a coin, by hand."""

from decimal import Decimal

import pytest

from hedgerow.app.own_levels import Traded, traded
from hedgerow.errors import Failure
from hedgerow.instruments import (
    ConstantProductShare,
    Instrument,
    InversePerpetual,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
)
from hedgerow.market import (
    AgeLimits,
    IndexPrice,
    LendingIndex,
    MarketState,
    Snapshot,
    StakingRate,
)
from hedgerow.portfolio import Account, Position
from hedgerow.units import HOUR_NS, parse_ns

NOW_NS = parse_ns("2026-02-01T00:00:00Z")
RAY = 10**27
PERP = LinearPerpetual(
    instrument_id="PERP", underlying="ETH", settlement="USDC",
    multiplier_coin_per_contract=Decimal("0.1"), tick_usd=Decimal("0.1"),
    lot_contracts=Decimal(1), funding_interval_ns=8 * HOUR_NS,
)  # fmt: skip
INVERSE = InversePerpetual(
    instrument_id="INVERSE", underlying="ETH", multiplier_usd_per_contract=Decimal(10),
    tick_usd=Decimal("0.1"), lot_contracts=Decimal(1), funding_interval_ns=8 * HOUR_NS,
)  # fmt: skip
TERMS: dict[str, Instrument] = {
    "PERP": PERP,
    "INVERSE": INVERSE,
    "POOL": ConstantProductShare(instrument_id="POOL", underlying="ETH", settlement="USDC"),
    **{
        f"{asset}-supply": LoanSupply(
            instrument_id=f"{asset}-supply", market="aave", asset=asset, asset_decimals=18
        )
        for asset in ("ETH", "wstETH", "USDC")
    },
    **{
        f"{asset}-debt": LoanDebt(
            instrument_id=f"{asset}-debt", market="aave", asset=asset, asset_decimals=18
        )
        for asset in ("ETH", "USDC")
    },
}


def market(*, lent: tuple[str, ...] = ("ETH", "wstETH", "USDC")) -> Snapshot:
    """One dollar, ether at 2,000; a supply has grown by a tenth and a debt by a fifth."""
    state = MarketState(ages=AgeLimits(), movers={}, dollars_usd={"USDC": Decimal(1)})
    state.apply(IndexPrice(time_ns=NOW_NS, underlying="ETH", price_usd=Decimal(2_000)))
    state.apply(
        StakingRate(
            time_ns=NOW_NS, asset="wstETH", base="ETH", rate_coin_per_coin=Decimal("1.25"),
            discount_frac=Decimal(0),
        )
    )  # fmt: skip
    for asset in lent:
        state.apply(
            LendingIndex(
                time_ns=NOW_NS, market="aave", asset=asset, liquidity_index_ray=RAY * 11 // 10,
                borrow_index_ray=RAY * 12 // 10,
            )
        )  # fmt: skip
    return state.freeze(NOW_NS)


def found(snapshot: Snapshot | None = None, **quantities: int) -> Traded | Failure:
    positions = tuple(
        Position(
            instrument_id=name.replace("_", "-"),
            quantity_contracts=Decimal(quantity),
            price_entry_ccy=Decimal(2_000) if name in ("PERP", "INVERSE") else None,
        )
        for name, quantity in quantities.items()
    )
    account = Account(
        account_id="ours", venue="made", currency="USDC", rulebook=None, positions=positions,
        balances=(), time_observed_ns=NOW_NS,
    )  # fmt: skip
    return traded(account, "ETH", TERMS, snapshot or market())


def sizes(held: Traded | Failure, price_usd: float = 2_000.0) -> tuple[float, float]:
    assert isinstance(held, Traded)
    return held.size_coin("fall", price_usd), held.size_coin("rise", price_usd)


def test_contracts_of_dollars_are_more_coins_at_a_lower_price() -> None:
    # 3,000 contracts of ten dollars: fifteen coins at 2,000, twenty at 1,500.
    held = found(INVERSE=3_000)
    assert sizes(held, 2_000.0) == pytest.approx((15.0, 0.0))
    assert sizes(held, 1_500.0) == pytest.approx((20.0, 0.0))
    assert sizes(found(PERP=-50), 1_500.0) == (0.0, -5.0)
    assert sizes(found(PERP=-50, INVERSE=3_000), 1_500.0) == pytest.approx((15.0, 0.0))


def test_a_supply_is_what_it_has_grown_to_and_stands_for() -> None:
    assert sizes(found(ETH_supply=100)) == pytest.approx((110.0, 0.0))
    # Each wrapped token redeems for 1.25 coins: 100 · 1.1 · 1.25.
    assert sizes(found(wstETH_supply=100)) == pytest.approx((137.5, 0.0))


def test_a_debt_is_bought_back() -> None:
    assert sizes(found(ETH_debt=-10, USDC_supply=50_000)) == pytest.approx((0.0, -12.0))
    # Of both, each is on its side.
    both = found(ETH_supply=100, ETH_debt=-10)
    assert sizes(both) == pytest.approx((110.0, -12.0))


def test_what_is_of_no_other_coin_or_unknown_is_said() -> None:
    assert sizes(found(USDC_supply=100, USDC_debt=-50)) == (0.0, 0.0)
    pool = found(POOL=1)
    assert isinstance(pool, Failure)
    assert "options or pool shares of ETH" in pool.message
    unknown = found(market(lent=()), ETH_supply=1)
    assert isinstance(unknown, Failure)
    assert "ETH" in unknown.message
