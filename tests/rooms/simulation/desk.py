"""A small desk and market, made by the tests: round numbers that can be checked by hand."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from hedgerow.collateral import Route
from hedgerow.instruments import (
    Instrument,
    InversePerpetual,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
    Option,
)
from hedgerow.margin import (
    LendingReserve,
    LendingRulebook,
    Rulebook,
    ScanRulebook,
    Tier,
    TieredRulebook,
)
from hedgerow.market import (
    AgeLimits,
    IndexPrice,
    Ladder,
    LendingIndex,
    Level,
    MarketEvent,
    MarketState,
    OptionQuote,
    OracleAnswer,
    Quote,
    Snapshot,
    StakingRate,
)
from hedgerow.planning import Order, Transfer
from hedgerow.portfolio import Account, Balance, Position
from hedgerow.simulation import World
from hedgerow.units import HOUR_NS, MINUTE_NS, parse_ns

T0 = parse_ns("2026-03-02T00:00:00Z")
EXPIRY = parse_ns("2026-03-02T08:00:00Z")
RAY = 10**27
VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "onchain"

PERP = LinearPerpetual(
    instrument_id="BTC-PERP",
    underlying="BTC",
    settlement="USDC",
    multiplier_coin_per_contract=Decimal("1"),
    tick_usd=Decimal("0.1"),
    lot_contracts=Decimal("0.001"),
    funding_interval_ns=8 * HOUR_NS,
)
INVERSE = InversePerpetual(
    instrument_id="BTC-INVERSE",
    underlying="BTC",
    multiplier_usd_per_contract=Decimal("10"),
    tick_usd=Decimal("0.5"),
    lot_contracts=Decimal("1"),
    funding_interval_ns=8 * HOUR_NS,
)
SUPPLY = LoanSupply(
    instrument_id="aave:supply:wstETH", market="aave", asset="wstETH", asset_decimals=18
)
DEBT = LoanDebt(instrument_id="aave:debt:USDC", market="aave", asset="USDC", asset_decimals=6)


def option(right: str, strike: str, expiry_ns: int = EXPIRY) -> Option:
    return Option(
        instrument_id=f"BTC-2MAR26-{strike}-{right}",
        underlying="BTC",
        settlement="BTC",
        expiry_ns=expiry_ns,
        strike_usd=Decimal(strike),
        right="call" if right == "C" else "put",
        multiplier_coin_per_contract=Decimal(1),
        averaging_ns=30 * MINUTE_NS,
        tick_ccy=Decimal("0.0001"),
        lot_contracts=Decimal("0.1"),
    )


CALL = option("C", "100000")
PUT = option("P", "100000")
INSTRUMENTS: dict[str, Instrument] = {
    terms.instrument_id: terms for terms in (PERP, INVERSE, SUPPLY, DEBT, CALL, PUT)
}

TIERED = TieredRulebook(
    name="tiered",
    venue="perp",
    source="made for tests",
    as_of="2026-01-01",
    confidence="exact",
    confidence_note="",
    currency="USDC",
    tiers={
        "BTC": [
            Tier(
                floor_usd=Decimal(0),
                rate_maintenance_frac=Decimal("0.05"),
                rate_initial_frac=Decimal("0.10"),
            )
        ]
    },
    fee_taker_frac=Decimal("0.001"),
    fee_liquidation_frac=Decimal("0.01"),
)
SCAN = ScanRulebook(
    name="scan",
    venue="options",
    source="made for tests",
    as_of="2026-01-01",
    confidence="exact",
    confidence_note="",
    price_range_frac={"BTC": Decimal("0.16")},
    buckets_count=4,
    volatility_up_frac={"BTC": Decimal("0.50")},
    volatility_down_frac={"BTC": Decimal("0.25")},
    short_term_vega_power=Decimal("0.30"),
    long_term_vega_power=Decimal("0.13"),
    min_volatility_for_shock_up_frac=Decimal("0.50"),
    extended_moves_frac=[Decimal("-0.66"), Decimal("-0.33"), Decimal("0.50"), Decimal("1.00")],
    extended_table_factor_frac=Decimal(1),
    extended_dampener_usd={"BTC": Decimal(100000)},
    annualised_move_risk_frac={"BTC": Decimal("0.075")},
    min_annualised_move_frac={"BTC": Decimal("0.01")},
    delta_shock_threshold_usd=Decimal("20000000"),
    maintenance_factor_frac=Decimal("0.8"),
    fee_taker_frac=Decimal("0.0003"),
    fee_cap_of_price_frac=Decimal("0.125"),
    fee_delivery_frac=Decimal("0.00015"),
    fee_liquidation_frac=Decimal("0.0019"),
)
LENDING = LendingRulebook(
    name="lending",
    venue="aave",
    source="made for tests",
    as_of="2026-01-01",
    confidence="exact",
    confidence_note="",
    market="aave",
    close_factor_bps=5000,
    close_factor_full_below_health_frac=Decimal("0.95"),
    close_factor_full_below_usd=Decimal(2000),
    liquidation_protocol_fee_bps=1000,
    dust_base_usd=Decimal(1000),
    reserves={
        "wstETH": LendingReserve(
            liquidation_threshold_bps=8000, liquidation_bonus_bps=10500, asset_decimals=18
        ),
        "USDC": LendingReserve(
            liquidation_threshold_bps=8500, liquidation_bonus_bps=10500, asset_decimals=6
        ),
    },
)
RULEBOOKS: dict[str, Rulebook] = {"tiered": TIERED, "scan": SCAN, "lending": LENDING}
AGES = AgeLimits(
    quote_ns_max=HOUR_NS,
    option_ns_max=12 * HOUR_NS,
    index_ns_max=HOUR_NS,
    ladder_ns_max=HOUR_NS,
    lending_ns_max=HOUR_NS,
)


def account(
    account_id: str,
    rulebook: str | None,
    currency: str,
    balances: dict[str, str] | None = None,
    positions: Iterable[tuple[str, str, str | None]] = (),
) -> Account:
    return Account(
        account_id=account_id,
        venue=account_id,
        currency=currency,
        rulebook=rulebook,
        positions=tuple(
            Position(
                instrument_id=name,
                quantity_contracts=Decimal(quantity),
                price_entry_ccy=None if entry is None else Decimal(entry),
            )
            for name, quantity, entry in positions
        ),
        balances=tuple(
            Balance(asset=asset, quantity_coin=Decimal(amount))
            for asset, amount in (balances or {}).items()
        ),
        time_observed_ns=T0,
    )


def perp(balance: str, quantity: str | None = None, entry: str = "100000") -> Account:
    held = () if quantity is None else ((PERP.instrument_id, quantity, entry),)
    return account("perp", "tiered", "USDC", {"USDC": balance}, held)


def options(balance: str, *held: tuple[str, str, str | None]) -> Account:
    return account("options", "scan", "BTC", {"BTC": balance}, held)


def loan(supply: str, debt: str) -> Account:
    held = ((SUPPLY.instrument_id, supply, None), (DEBT.instrument_id, f"-{debt}", None))
    return account("loan", "lending", "USD", {}, held)


def wallet(**balances: str) -> Account:
    return account("wallet", None, "USDC", balances)


def quote(mark: str, time_ns: int = T0) -> Quote:
    return Quote(time_ns=time_ns, instrument_id=PERP.instrument_id, price_mark_usd=Decimal(mark))


def index(price: str, time_ns: int = T0, coin: str = "BTC") -> IndexPrice:
    return IndexPrice(time_ns=time_ns, underlying=coin, price_usd=Decimal(price))


def levels(*pairs: tuple[str, str]) -> tuple[Level, ...]:
    return tuple(Level(price_usd=Decimal(p), quantity_contracts=Decimal(q)) for p, q in pairs)


def ladder(
    bids: tuple[Level, ...] = levels(("99990", "1"), ("99980", "2"), ("99000", "10")),
    asks: tuple[Level, ...] = levels(("100010", "1"), ("100020", "2"), ("101000", "10")),
    time_ns: int = T0,
) -> Ladder:
    return Ladder(time_ns=time_ns, instrument_id=PERP.instrument_id, bids=bids, asks=asks)


def oracle(asset: str, price: str, time_ns: int = T0) -> OracleAnswer:
    return OracleAnswer(
        time_ns=time_ns, asset=asset, price_usd=Decimal(price), heartbeat_ns=24 * HOUR_NS
    )


def lent(
    asset: str, time_ns: int = T0, supply_ray: int = RAY, borrow_ray: int = RAY
) -> LendingIndex:
    return LendingIndex(
        time_ns=time_ns,
        market="aave",
        asset=asset,
        liquidity_index_ray=supply_ray,
        borrow_index_ray=borrow_ray,
    )


def chain(forward: str = "100000", vol: float = 0.5, time_ns: int = T0) -> list[MarketEvent]:
    return [
        OptionQuote(
            time_ns=time_ns,
            instrument_id=terms.instrument_id,
            underlying="BTC",
            price_underlying_usd=Decimal(forward),
            vol_mark_frac=vol,
        )
        for terms in (CALL, PUT)
    ]


def market(
    spot: str = "100000", steth: str = "2500", eth: str = "2000", time_ns: int = T0
) -> list[MarketEvent]:
    """Everything any of the three venues needs, at one time."""
    return [
        index(spot, time_ns),
        index(eth, time_ns, "ETH"),
        quote(spot, time_ns),
        StakingRate(
            time_ns=time_ns,
            asset="wstETH",
            base="ETH",
            rate_coin_per_coin=Decimal("1.25"),
            discount_frac=Decimal(0),
        ),
        oracle("wstETH", steth, time_ns),
        oracle("USDC", "1", time_ns),
        lent("wstETH", time_ns),
        lent("USDC", time_ns),
    ]


def fresh_state() -> MarketState:
    return MarketState(ages=AGES, movers={}, dollars_usd={"USDC": Decimal(1)})


def snapshot(*events: MarketEvent, time_ns: int | None = None) -> Snapshot:
    state = fresh_state()
    for event in events:
        state.apply(event)
    return state.freeze(
        max((e.time_ns for e in events), default=T0) if time_ns is None else time_ns
    )


def route(source: str, target: str, asset: str, use: str = "balance", **changed: object) -> Route:
    terms: dict[str, object] = {
        "latency_ns": 30 * MINUTE_NS,
        "fee_coin": Decimal("0.5"),
        "step_coin": Decimal("0.0001"),
    }
    return Route(
        source_account_id=source,
        target_account_id=target,
        asset=asset,
        use=use,  # type: ignore[arg-type]
        **(terms | changed),  # type: ignore[arg-type]
    )


def world(*accounts: Account, routes: Iterable[Route] = (), **more: object) -> World:
    return World(
        accounts=accounts,
        instruments=INSTRUMENTS,
        rulebooks=RULEBOOKS,
        routes=routes,
        **more,  # type: ignore[arg-type]
    )


def order(quantity: str, limit: str, client_id: str = "o1", instrument: str = "BTC-PERP") -> Order:
    return Order(
        client_id=client_id,
        account_id="perp",
        venue="perp",
        instrument_id=instrument,
        quantity_contracts=Decimal(quantity),
        price_limit_usd=Decimal(limit),
        cost_expected_usd=0.0,
        reason="test",
    )


def transfer(
    quantity: str,
    source: str = "wallet",
    target: str = "perp",
    asset: str = "USDC",
    use: str = "balance",
    client_id: str = "t1",
) -> Transfer:
    return Transfer(
        client_id=client_id,
        source_account_id=source,
        target_account_id=target,
        asset=asset,
        quantity_coin=Decimal(quantity),
        use=use,  # type: ignore[arg-type]
        cost_expected_usd=0.0,
        reason="test",
    )


def held(world: World, account_id: str) -> Account:
    (found,) = (a for a in world.accounts(T0) if a.account_id == account_id)
    return found
