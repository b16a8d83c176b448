"""Small desks and markets in a line or two, in round numbers that can be checked by hand."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

import hedgerow
from hedgerow.agents import DeskAgent
from hedgerow.collateral import BufferPolicy, Route
from hedgerow.errors import Failure
from hedgerow.exposure import ExposureRow
from hedgerow.hedging import HedgePolicy
from hedgerow.instruments import (
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
    Option,
    PowerPerpetual,
    QuantoFuture,
    QuantoPerpetual,
)
from hedgerow.limits import Limit
from hedgerow.margin import (
    LendingReserve,
    LendingRulebook,
    ScanRulebook,
    Tier,
    TieredRulebook,
    decode_rulebook,
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
    PowerState,
    Quote,
    ShareRate,
    Snapshot,
    StakingRate,
)
from hedgerow.portfolio import Account, Balance, OpenOrder, Position
from hedgerow.pricing import GREEKS
from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, parse_ns

T0_NS = parse_ns("2026-02-01T00:00:00Z")
EXPIRY_NS = T0_NS + 73 * DAY_NS  # a fifth of a year
RAY = 10**27


def exposure_row(
    node: str = "desk",
    *,
    delta_spot_coin: float | None = None,
    missing: tuple[Failure, ...] = (),
    **figures: float,
) -> ExposureRow:
    """One node's exposure: what is given, and zero for the rest."""
    zero = dict.fromkeys(("value_usd", "delta_spot_usd", *GREEKS), 0.0)
    return ExposureRow(
        node=node,
        delta_spot_coin=delta_spot_coin,
        delta_premium_adjusted_coin=None,
        is_estimate=False,
        missing=missing,
        **(zero | figures),
    )


Number: TypeAlias = Decimal | int | str | float
Positions: TypeAlias = Mapping[str, "Number | tuple[Number, Number]"]


def exact(number: Number) -> Decimal:
    """0.1 stays 0.1."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


# --- instruments ---------------------------------------------------------------------------------


def perpetual(coin: str = "BTC", **changes: Any) -> LinearPerpetual:
    terms = LinearPerpetual(
        instrument_id=f"{coin}-PERP",
        underlying=coin,
        settlement="USDC",
        multiplier_coin_per_contract=Decimal(1),
        tick_usd=Decimal("0.1"),
        lot_contracts=Decimal("0.001"),
        funding_interval_ns=8 * HOUR_NS,
    )
    return msgspec.structs.replace(terms, **changes)


def inverse(coin: str = "BTC", **changes: Any) -> InversePerpetual:
    terms = InversePerpetual(
        instrument_id=f"{coin}-PERPETUAL",
        underlying=coin,
        multiplier_usd_per_contract=Decimal(1),
        tick_usd=Decimal("0.5"),
        lot_contracts=Decimal(1),
        funding_interval_ns=8 * HOUR_NS,
    )
    return msgspec.structs.replace(terms, **changes)


def inverse_future(instrument_id: str, expiry_ns: int, coin: str = "BTC") -> InverseFuture:
    return InverseFuture(
        instrument_id=instrument_id,
        underlying=coin,
        expiry_ns=expiry_ns,
        multiplier_usd_per_contract=Decimal(1),
        tick_usd=Decimal("0.5"),
        lot_contracts=Decimal(1),
    )


def linear_future(instrument_id: str, expiry_ns: int, coin: str = "BTC") -> LinearFuture:
    return LinearFuture(
        instrument_id=instrument_id,
        underlying=coin,
        settlement="USDC",
        expiry_ns=expiry_ns,
        multiplier_coin_per_contract=Decimal(1),
        tick_usd=Decimal("0.5"),
        lot_contracts=Decimal("0.001"),
    )


def quanto(coin: str = "ETH", settlement: str = "BTC") -> QuantoPerpetual:
    """One contract gains a millionth of the settlement coin per dollar."""
    return QuantoPerpetual(
        instrument_id=f"{coin}-QUANTO",
        underlying=coin,
        settlement=settlement,
        multiplier_coin_per_usd=Decimal("1e-6"),
        tick_usd=Decimal("0.05"),
        lot_contracts=Decimal(1),
        funding_interval_ns=8 * HOUR_NS,
    )


def quanto_future(instrument_id: str, expiry_ns: int, coin: str = "ETH") -> QuantoFuture:
    return QuantoFuture(
        instrument_id=instrument_id,
        underlying=coin,
        settlement="BTC",
        expiry_ns=expiry_ns,
        multiplier_coin_per_usd=Decimal("1e-6"),
        tick_usd=Decimal("0.05"),
        lot_contracts=Decimal(1),
    )


def power(settlement: str = "ETH") -> PowerPerpetual:
    """The terms of Squeeth."""
    return PowerPerpetual(
        instrument_id="oSQTH",
        underlying="ETH",
        settlement=settlement,
        exponent_power=2,
        scale_usd=Decimal(10_000),
        funding_period_ns=420 * HOUR_NS,
    )


def option(
    strike: Number,
    right: Literal["call", "put"],
    *,
    coin: str = "BTC",
    settlement: str | None = None,
    expiry_ns: int = EXPIRY_NS,
    averaging_ns: int = 30 * MINUTE_NS,
) -> Option:
    return Option(
        instrument_id=f"{coin}-{strike}-{right}" + (f"-{settlement}" if settlement else ""),
        underlying=coin,
        settlement=settlement or coin,
        expiry_ns=expiry_ns,
        strike_usd=exact(strike),
        right=right,
        multiplier_coin_per_contract=Decimal(1),
        averaging_ns=averaging_ns,
        tick_ccy=Decimal("0.0001"),
        lot_contracts=Decimal("0.1"),
    )


def supply(asset: str, decimals: int = 18) -> LoanSupply:
    return LoanSupply(
        instrument_id=f"supply:{asset}", market="aave", asset=asset, asset_decimals=decimals
    )


def debt(asset: str, decimals: int = 6) -> LoanDebt:
    return LoanDebt(
        instrument_id=f"debt:{asset}", market="aave", asset=asset, asset_decimals=decimals
    )


def by_id(*terms: Instrument) -> dict[str, Instrument]:
    return {one.instrument_id: one for one in terms}


# --- accounts ------------------------------------------------------------------------------------


def account(
    account_id: str = "main",
    *,
    venue: str = "venue",
    currency: str = "USDC",
    rulebook: str | None = None,
    positions: Positions | None = None,
    balances: Mapping[str, Number] | None = None,
    orders: tuple[OpenOrder, ...] = (),
    time_ns: int = T0_NS,
) -> Account:
    """Positions are `quantity` or `(quantity, entry)`."""
    held = []
    for instrument_id, much in (positions or {}).items():
        quantity, entry = much if isinstance(much, tuple) else (much, None)
        held.append(
            Position(
                instrument_id=instrument_id,
                quantity_contracts=exact(quantity),
                price_entry_ccy=None if entry is None else exact(entry),
            )
        )
    return Account(
        account_id=account_id,
        venue=venue,
        currency=currency,
        rulebook=rulebook,
        positions=tuple(held),
        balances=tuple(
            Balance(asset=asset, quantity_coin=exact(much))
            for asset, much in (balances or {}).items()
        ),
        time_observed_ns=time_ns,
        orders=orders,
    )


def resting(instrument_id: str, quantity: Number, price: Number, **more: bool) -> OpenOrder:
    """An order that rests."""
    return OpenOrder(
        instrument_id=instrument_id,
        quantity_contracts=exact(quantity),
        price_ccy=exact(price),
        **more,
    )


# --- policies ------------------------------------------------------------------------------------


def hedge_policy(**changes: Any) -> HedgePolicy:
    """BTC's delta is held at nothing, a quarter of a coin either way, in the account ``perp``."""
    policy = HedgePolicy(
        underlying="BTC",
        instrument_id="BTC-PERP",
        account_id="perp",
        target_delta_coin=0.0,
        risk_aversion_per_usd=1e-6,
        band_min_coin=0.25,
        fee_taker_frac=0.0005,
        slippage_limit_frac=0.01,
    )
    return msgspec.structs.replace(policy, **changes)


def desk_agent(*, fee_taker_frac: float = 0.0005, latency_ns: int = 1) -> DeskAgent:
    """Hedge so in ``perp``, and refill it from half of its equity in use to a quarter."""
    return DeskAgent(
        limits=(
            Limit(
                scope="coin/BTC",
                metric="delta_spot_usd",
                soft_frac_usd_or_coin=60_000,
                hard_frac_usd_or_coin=120_000,
            ),
        ),
        hedges=(hedge_policy(fee_taker_frac=fee_taker_frac),),
        buffers=(
            BufferPolicy(
                account_id="perp",
                trigger_use_frac=Decimal("0.5"),
                target_use_frac=Decimal("0.25"),
            ),
        ),
        routes=(
            Route(
                source_account_id="cold",
                target_account_id="perp",
                asset="USDC",
                use="balance",
                latency_ns=latency_ns,
                fee_coin=Decimal(0),
                step_coin=Decimal(1),
            ),
        ),
        perpetuals=(perpetual(),),
        assumptions=("a model",),
    )


# --- market --------------------------------------------------------------------------------------


def quote(instrument_id: str, mark: Number, time_ns: int = T0_NS) -> Quote:
    return Quote(time_ns=time_ns, instrument_id=instrument_id, price_mark_usd=exact(mark))


def index(coin: str, price: Number, time_ns: int = T0_NS) -> IndexPrice:
    return IndexPrice(time_ns=time_ns, underlying=coin, price_usd=exact(price))


def option_quote(
    terms: Option, forward: Number, vol_frac: float, time_ns: int = T0_NS
) -> OptionQuote:
    return OptionQuote(
        time_ns=time_ns,
        instrument_id=terms.instrument_id,
        underlying=terms.underlying,
        price_underlying_usd=exact(forward),
        vol_mark_frac=vol_frac,
    )


def oracle(asset: str, price: Number, time_ns: int = T0_NS) -> OracleAnswer:
    return OracleAnswer(time_ns=time_ns, asset=asset, price_usd=exact(price), heartbeat_ns=HOUR_NS)


def lending(
    asset: str, time_ns: int = T0_NS, supply_ray: int = RAY, debt_ray: int = RAY
) -> LendingIndex:
    return LendingIndex(
        time_ns=time_ns,
        market="aave",
        asset=asset,
        liquidity_index_ray=supply_ray,
        borrow_index_ray=debt_ray,
    )


def staking(asset: str, base: str, rate: Number, time_ns: int = T0_NS) -> StakingRate:
    return StakingRate(
        time_ns=time_ns,
        asset=asset,
        base=base,
        rate_coin_per_coin=exact(rate),
        discount_frac=Decimal(0),
    )


def share_rate(vault: str, rate: Number, time_ns: int = T0_NS) -> ShareRate:
    return ShareRate(time_ns=time_ns, vault=vault, rate_coin_per_share=exact(rate))


def power_state(
    factor: Number, coin_usd: Number, mark_usd: Number, time_ns: int = T0_NS
) -> PowerState:
    return PowerState(
        time_ns=time_ns,
        instrument_id="oSQTH",
        norm_factor_frac=exact(factor),
        price_underlying_usd=exact(coin_usd),
        price_mark_usd=exact(mark_usd),
    )


def ladder(
    instrument_id: str,
    mid: Number,
    *,
    half_spread: Number = "0.5",
    size: Number = 1000,
    levels: int = 2,
    time_ns: int = T0_NS,
) -> Ladder:
    """Equal sizes, one half spread apart."""

    def side(sign: int) -> tuple[Level, ...]:
        return tuple(
            Level(
                price_usd=exact(mid) + sign * exact(half_spread) * (i + 1),
                quantity_contracts=exact(size),
            )
            for i in range(levels)
        )

    return Ladder(time_ns=time_ns, instrument_id=instrument_id, bids=side(-1), asks=side(1))


def state(
    *events: MarketEvent,
    movers: Mapping[str, str] | None = None,
    ages: AgeLimits | None = None,
) -> MarketState:
    kept = MarketState(
        ages=ages or AgeLimits(),
        movers=movers or {},
        dollars_usd={"USDC": Decimal(1)},
    )
    for event in events:
        kept.apply(event)
    return kept


def snapshot(
    *events: MarketEvent,
    time_ns: int = T0_NS,
    movers: Mapping[str, str] | None = None,
    ages: AgeLimits | None = None,
) -> Snapshot:
    return state(*events, movers=movers, ages=ages).freeze(time_ns)


# --- rulebooks -----------------------------------------------------------------------------------


def packaged(name: str) -> bytes:
    """The bytes of a rulebook that ships with the package, such as ``deribit/2026-02-15``."""
    folder = Path(hedgerow.__file__).parent / "margin" / "rulebooks"
    return (folder / f"{name}.toml").read_bytes()


def scan_rulebook(**changes: Any) -> ScanRulebook:
    book = decode_rulebook(packaged("deribit/2026-02-15"), where="packaged")
    assert isinstance(book, ScanRulebook)
    return msgspec.structs.replace(book, **changes)


def tiered_rulebook(
    tiers: list[tuple[Number, Number]], coins: tuple[str, ...] = ("BTC",), **changes: Any
) -> TieredRulebook:
    """Tiers are `(floor, maintenance rate)`."""
    book = decode_rulebook(packaged("binance/2021-11-01"), where="packaged")
    assert isinstance(book, TieredRulebook)
    table = [
        Tier(
            floor_usd=exact(floor),
            rate_maintenance_frac=exact(rate),
            rate_initial_frac=2 * exact(rate),
        )
        for floor, rate in tiers
    ]
    made = {"tiers": dict.fromkeys(coins, table), "tiers_borrowed": [], **changes}
    return msgspec.structs.replace(book, **made)


def lending_rulebook(**threshold_bps: int) -> LendingRulebook:
    """Reserves by asset; USDC has 6 decimals, all else 18."""
    book = decode_rulebook(packaged("aave/2023-06-20"), where="packaged")
    assert isinstance(book, LendingRulebook)
    reserves = {
        asset: LendingReserve(
            liquidation_threshold_bps=bps,
            liquidation_bonus_bps=10500,
            asset_decimals=6 if asset == "USDC" else 18,
        )
        for asset, bps in threshold_bps.items()
    }
    return msgspec.structs.replace(book, reserves=reserves)
