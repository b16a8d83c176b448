"""Accounts of three kinds and a market that answers for all they hold; the same every time.

In turn an account of options (20 of 1,000, on one coin, and a perpetual), of perpetuals (ten of
twelve) and of loans (three supplies, two debts). Chains, tables of tiers and reserves are made up
in the form of a venue's; nothing here is a market's figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import product

import msgspec
import numpy as np

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.instruments import Instrument, LinearPerpetual, LoanDebt, LoanSupply
from hedgerow.margin import LendingReserve, LendingRulebook, Rulebook, TieredRulebook
from hedgerow.market import (
    AgeLimits,
    IndexPrice,
    LendingIndex,
    MarketState,
    OptionQuote,
    OracleAnswer,
    Quote,
    Snapshot,
)
from hedgerow.portfolio import Account, Balance, Position
from hedgerow.units import HOUR_NS, parse_ns
from hedgerow.venues.recordings import option_from_name, perpetual_from_name

__all__ = ["Population", "population"]

NOW_NS = parse_ns("2026-02-01T00:00:00Z")
SPOT_USD = 80_000
DAYS = ("6FEB26", "13FEB26", "27FEB26", "27MAR26", "26JUN26", "25SEP26", "25DEC26", "26MAR27")
STRIKES_USD = range(20_000, 145_000, 2_000)  # 63, so that 8 expiries make 1,008 calls and puts
OPTIONS_COUNT = 1_000
PERPETUALS_USD = dict(
    BTC=80_000, ETH=2_400, SOL=110, XRP="1.6", DOGE="0.1", LINK=10, AVAX=11, ADA="0.3", LTC=60,
    DOT="1.6", UNI=4, AAVE=130,
)  # fmt: skip
# Oracle price, decimals, threshold and loan-to-value in basis points.
RESERVES = {
    "WETH": ("2400.12345678", 18, 8_300, 8_050),
    "WBTC": ("80000.5", 8, 7_800, 7_300),
    "LINK": ("10.01", 18, 7_100, 6_600),
    "USDC": ("0.9999", 6, 7_800, 7_500),
    "USDT": ("1.0001", 6, 7_500, 7_200),
}
COLLATERAL, OWED = ("WETH", "WBTC", "LINK"), ("USDC", "USDT")
RAY = 10**27


@dataclass(frozen=True, slots=True)
class Population:
    """Accounts, the terms of what they hold, their market and their rulebooks."""

    accounts: list[Account]
    instruments: dict[str, Instrument]
    snapshot: Snapshot
    rulebooks: dict[str, Rulebook]
    coins: tuple[str, ...]


def population(accounts_count: int) -> Population:
    """Make so many accounts."""
    books = packaged_rulebooks()
    scan, tiered, lending = (
        books[name] for name in ("deribit/2026-02-15", "binance/2021-11-01", "aave/2023-06-20")
    )
    assert isinstance(tiered, TieredRulebook)
    assert isinstance(lending, LendingRulebook)
    tiered = msgspec.structs.replace(
        tiered, tiers=dict.fromkeys(PERPETUALS_USD, tiered.tiers["BTC"])
    )
    lending = msgspec.structs.replace(
        lending,
        reserves={
            asset: LendingReserve(
                liquidation_threshold_bps=threshold,
                liquidation_bonus_bps=10_500,
                asset_decimals=decimals,
                ltv_bps=ltv,
            )
            for asset, (_, decimals, threshold, ltv) in RESERVES.items()
        },
    )
    names = [f"BTC-{e}-{k}-{r}" for e, k, r in product(DAYS, STRIKES_USD, "CP")][:OPTIONS_COUNT]
    held: list[Instrument] = [
        perpetual_from_name("BTC-PERPETUAL"),
        *(option_from_name(name) for name in names),
        *(
            LinearPerpetual(
                instrument_id=f"{coin}USDT",
                underlying=coin,
                settlement=tiered.currency,
                multiplier_coin_per_contract=Decimal(1),
                tick_usd=Decimal("0.0001"),
                lot_contracts=Decimal("0.000001"),
                funding_interval_ns=8 * HOUR_NS,
            )
            for coin in PERPETUALS_USD
        ),
        *(
            make(
                instrument_id=f"{make.__name__}:{asset}",
                market=lending.market,
                asset=asset,
                asset_decimals=decimals,
            )
            for asset, (_, decimals, _, _) in RESERVES.items()
            for make in (LoanSupply, LoanDebt)
        ),
    ]
    rng = np.random.Generator(np.random.Philox(33))
    makers = (
        lambda n: of_options(n, names, scan, rng),
        lambda n: of_perpetuals(n, tiered, rng),
        lambda n: of_loans(n, lending, rng),
    )
    return Population(
        accounts=[makers[n % 3](n) for n in range(accounts_count)],
        instruments={each.instrument_id: each for each in held},
        snapshot=market(names, lending.market),
        rulebooks={book.name: book for book in (scan, tiered, lending)},
        coins=tuple(dict.fromkeys((*PERPETUALS_USD, *COLLATERAL))),
    )


def market(names: list[str], lending_market: str) -> Snapshot:
    """Answer for all that is held."""
    state = MarketState(ages=AgeLimits(), movers={}, dollars_usd={})
    state.apply(IndexPrice(time_ns=NOW_NS, underlying="BTC", price_usd=Decimal(SPOT_USD)))
    state.apply(quote("BTC-PERPETUAL", SPOT_USD))
    for coin, price in PERPETUALS_USD.items():
        state.apply(quote(f"{coin}USDT", price))
    for at, name in enumerate(names):
        state.apply(
            OptionQuote(
                time_ns=NOW_NS,
                instrument_id=name,
                underlying="BTC",
                price_underlying_usd=Decimal(SPOT_USD),
                vol_mark_frac=0.45 + 0.0004 * (at % 1_000),
            )
        )
    for asset, (price, _, _, _) in RESERVES.items():
        state.apply(
            OracleAnswer(
                time_ns=NOW_NS, asset=asset, price_usd=Decimal(price), heartbeat_ns=HOUR_NS
            )
        )
        state.apply(
            LendingIndex(
                time_ns=NOW_NS,
                market=lending_market,
                asset=asset,
                liquidity_index_ray=RAY + 123_456_789 * 10**16,
                borrow_index_ray=RAY + 234_567_891 * 10**16,
            )
        )
    return state.freeze(NOW_NS)


def quote(name: str, price: int | str) -> Quote:
    """Quote a perpetual."""
    return Quote(time_ns=NOW_NS, instrument_id=name, price_mark_usd=Decimal(price))


def of_options(n: int, names: list[str], book: Rulebook, rng: np.random.Generator) -> Account:
    """Hold 20 options of either sign, and a perpetual."""
    some = rng.choice(len(names), 20, replace=False).tolist()
    sizes = rng.normal(0.0, 2.0, 20).tolist()
    rows = [(names[at], size, None) for at, size in zip(some, sizes, strict=True)]
    rows.append(("BTC-PERPETUAL", round(rng.normal(0.0, 100_000.0), -1), Decimal(79_000)))
    return account(n, book, "BTC", rows, 20)


def of_perpetuals(n: int, book: TieredRulebook, rng: np.random.Generator) -> Account:
    """Hold ten perpetuals of either side, of some hundred to some million dollars each."""
    coins = rng.permutation(list(PERPETUALS_USD))[:10].tolist()
    rows = []
    for coin in coins:
        price = Decimal(PERPETUALS_USD[coin])
        size = float(rng.normal()) * 10.0 ** rng.uniform(2.0, 6.0) / float(price)
        rows.append((f"{coin}USDT", size, price * Decimal(round(rng.uniform(0.9, 1.1), 3))))
    return account(n, book, book.currency, rows, 1_000_000)


def of_loans(n: int, book: LendingRulebook, rng: np.random.Generator) -> Account:
    """Supply three assets and owe two."""
    rows = []
    for make, assets, most in (("LoanSupply", COLLATERAL, 1e5), ("LoanDebt", OWED, -6e4)):
        for asset in assets:
            coins = rng.uniform(0.01, 1.0) * most / float(RESERVES[asset][0])
            rows.append((f"{make}:{asset}", coins, None))
    return account(n, book, "USD", rows, 0)


def account(
    n: int,
    book: Rulebook,
    currency: str,
    rows: list[tuple[str, float, Decimal | None]],
    balance: int,
) -> Account:
    """Put rows of instrument, size and entry in an account."""
    return Account(
        account_id=f"account-{n}",
        venue=book.venue,
        currency=currency,
        rulebook=book.name,
        positions=tuple(
            Position(
                instrument_id=name,
                quantity_contracts=Decimal(f"{size:.6f}"),
                price_entry_ccy=entry,
            )
            for name, size, entry in rows
        ),
        balances=(Balance(asset=currency, quantity_coin=Decimal(balance)),) if balance else (),
        time_observed_ns=NOW_NS,
    )
