"""Packaged rulebooks of protocols and later brackets: each judges one account worked out by hand.

The figures typed here are those of the sources that the rulebooks name, and all sums are done from
them.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import Failure
from hedgerow.instruments import LoanDebt, LoanSupply
from hedgerow.margin import LiquidationReach, MarginReport, Rulebook, reach_of, require
from hedgerow.margin.rules.morpho_blue import Debt
from hedgerow.margin.tiered import deductions_usd
from hedgerow.margin.venues.binance import TieredRulebook
from hedgerow.margin.venues.dydx import DydxRulebook
from hedgerow.market import MarketEvent
from tests.builders import (
    account,
    by_id,
    exact,
    index,
    lending,
    oracle,
    perpetual,
    quote,
    snapshot,
)
from tests.rooms.app.made import hedgerow_here

D = Decimal


def book(name: str) -> Rulebook:
    return packaged_rulebooks()[name]


def loan(
    name: str, market: str, supplied: tuple[str, int, Any], owed: tuple[str, int, Any],
    prices: Any, *more: MarketEvent,
) -> tuple[Any, ...]:  # fmt: skip
    """What `require` asks for: so much of one asset supplied and of another owed, no interest."""
    asset, decimals, quantity = supplied
    debt, debt_decimals, due = owed
    terms = by_id(
        LoanSupply(instrument_id="supply", market=market, asset=asset, asset_decimals=decimals),
        LoanDebt(instrument_id="debt", market=market, asset=debt, asset_decimals=debt_decimals),
    )
    idle = msgspec.structs.replace(lending(asset), market=market)
    indices = more or (msgspec.structs.replace(lending(debt), market=market),)
    now = snapshot(*(oracle(each, price) for each, price in prices.items()), idle, *indices)
    held = account("loan", positions={"supply": quantity, "debt": -exact(due)})
    return held, terms, now, book(name)


def amounts(asked: tuple[Any, ...]) -> tuple[Decimal | int, ...]:
    """Equity, maintenance, initial."""
    report = require(*asked)
    assert isinstance(report, MarginReport), report
    assert report.confidence == "estimate"
    return report.equity_ccy, report.requirement_maintenance_ccy, report.requirement_initial_ccy


# --- loans ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "market", "asset", "owed", "equity", "initial"),
    [
        # 20,000 x 0.895; and 20,000 x (0.895 - 0.825) beside the debt
        ("compound-usdc/2022-08-13", "comet-usdc", "WETH", "USDC", 17_900, 13_400),
        # 20,000 x 0.9; and 20,000 x (0.9 - 0.83)
        ("compound-usdt/2024-07-08", "comet-usdt", "WETH", "USDT", 18_000, 13_400),
        # 20,000 x 0.85; and 20,000 x (0.85 - 0.80)
        ("compound-usdt/2024-07-08", "comet-usdt", "wstETH", "USDT", 17_000, 13_000),
    ],
)
def test_a_comet_counts_ten_ether_at_2000_against_12000_owed(
    name: str, market: str, asset: str, owed: str, equity: int, initial: int
) -> None:
    asked = loan(name, market, (asset, 18, 10), (owed, 6, 12_000), {asset: 2000, owed: 1})
    assert amounts(asked) == (equity, 12_000, initial)


def test_a_comet_credits_what_it_absorbs_by_its_own_factor() -> None:
    """100 COMP at 50: 5,000 x 0.70 is below 3,600 owed; 5,000 x 0.93 is credited at once."""
    asked = loan(
        "compound-usdc/2022-08-13", "comet-usdc", ("COMP", 18, 100), ("USDC", 6, 3_600),
        {"COMP": 50, "USDC": 1},
    )  # fmt: skip
    assert amounts(asked)[:2] == (3_500, 3_600)
    base = LoanSupply(instrument_id="base", market="comet-usdc", asset="USDC", asset_decimals=6)
    taken = reach_of(asked[0], {**asked[1], "base": base}, *asked[2:])
    assert isinstance(taken, LiquidationReach), taken
    (back,) = taken.returned
    assert back.quantity_coin == D("1050")  # 4,650 - 3,600


@pytest.mark.parametrize(
    ("name", "ilk", "asset", "ratio"),
    [
        ("maker-eth-a/2022-11-09", "ETH-A", "ETH", "1.45"),
        ("maker-eth-a/2026-08-13", "ETH-A", "ETH", "1.45"),
        ("maker-wsteth-a/2026-08-13", "WSTETH-A", "wstETH", "1.5"),
    ],
)
def test_a_vault_of_ten_ether_at_2900_carries_its_price_over_the_ratio(
    name: str, ilk: str, asset: str, ratio: str
) -> None:
    asked = loan(name, ilk, (asset, 18, 10), ("DAI", 18, 19_000), {asset: 2900})
    equity, maintenance, initial = amounts(asked)
    assert (maintenance, initial) == (19_000, 19_000)
    exactly = Fraction(29_000) / Fraction(ratio)
    assert 0 <= exactly - Fraction(equity) < Fraction(1, 10**17)


def test_a_vaults_penalty_stayed_and_what_it_may_be_left_with_was_halved() -> None:
    """13 % of the 20,500 that go to auction; dust of 15,000, then of 7,500."""
    for name, dust in (("maker-eth-a/2022-11-09", "15000"), ("maker-eth-a/2026-08-13", "7500")):
        asked = loan(name, "ETH-A", ("ETH", 18, 10), ("DAI", 18, 20_500), {"ETH": 2900})
        taken = reach_of(*asked)
        assert isinstance(taken, LiquidationReach), taken
        (repaid,), (fee,) = taken.repaid, taken.fee
        assert repaid.quantity_coin == 20_500
        assert fee.quantity_coin == 2_665
        assert asked[-1].dust_coin == D(dust)


def test_a_morpho_borrower_carries_86_percent() -> None:
    """10 wstETH at 2,700: 27,000 x 0.86; a million shares owe one unit when a market begins."""
    totals = Debt(assets_raw=20_000 * 10**6, shares_raw=20_000 * 10**12)
    borrowed = msgspec.structs.replace(
        lending("USDC", debt_ray=totals.index_ray), market="wsteth-usdc",
        borrowed_raw=totals.assets_raw, borrowed_shares_raw=totals.shares_raw,
    )  # fmt: skip
    asked = loan(
        "morpho-wsteth-usdc/2024-09-03", "wsteth-usdc", ("wstETH", 18, 10), ("USDC", 6, 20_000),
        {"wstETH": 2700, "USDC": 1}, borrowed,
    )  # fmt: skip
    assert amounts(asked) == (23_220, 20_000, 20_000)


def test_aave_of_october_2023_lends_less_than_it_liquidates_at() -> None:
    """10 WETH at 2,000: threshold 83 %, loan-to-value 80.5 %."""
    asked = loan(
        "aave/2023-10-31", "aave", ("WETH", 18, 10), ("USDC", 6, 12_000), {"WETH": 2000, "USDC": 1}
    )
    assert amounts(asked) == (16_600, 12_000, 12_500)


def test_aave_of_october_2023_knows_no_dust() -> None:
    """A health factor between 0.95 and 1 lets half be repaid, of however little is owed."""
    asked = loan(
        "aave/2023-10-31", "aave", ("WETH", 18, 1), ("USDC", 6, 1_700), {"WETH": 2000, "USDC": 1}
    )
    assert amounts(asked)[:2] == (1_660, 1_700)
    taken = reach_of(*asked)
    assert isinstance(taken, LiquidationReach), taken
    (repaid,) = taken.repaid
    assert repaid.quantity_coin == 850


# --- perpetuals ----------------------------------------------------------------------------------


def perp(
    name: str, coin: str, positions: Any, balances: Any, mark: Any,
    settlement: str = "USDC", currency: str = "USDC",
) -> tuple[Any, ...]:  # fmt: skip
    terms = by_id(perpetual(coin, settlement=settlement))
    held = account(currency=currency, positions=positions, balances=balances)
    now = snapshot(quote(f"{coin}-PERP", mark), index(coin, mark))
    return held, terms, now, book(name)


@pytest.mark.parametrize("name", ["dydx/2024-01-22", "dydx/2024-06-06"])
def test_dydx_asks_five_percent_of_bitcoin_and_sixty_percent_of_that(name: str) -> None:
    """Half a bitcoin at 70,000: 35,000 x 5 % to open, x 60 % to keep."""
    asked = perp(name, "BTC", {"BTC-PERP": ("0.5", 68_000)}, {"USDC": 2_000}, 70_000)
    assert amounts(asked) == (3_000, 1_050, 1_750)


def test_dydx_since_june_2024_asks_for_the_open_interest_of_smaller_markets() -> None:
    """1,000 SOL at 140: 10 % and half of that; with 35 of 20 to 50 million open, 55 % to open."""
    held = {"SOL-PERP": (1_000, 140)}, {"USDC": 100_000}, 140
    assert amounts(perp("dydx/2024-01-22", "SOL", *held)) == (100_000, 7_000, 14_000)
    asked = perp("dydx/2024-06-06", "SOL", *held)
    refused = require(*asked)
    assert isinstance(refused, Failure)
    assert "open interest" in refused.message
    rules = asked[-1]
    assert isinstance(rules, DydxRulebook)
    told = msgspec.structs.replace(rules.markets["SOL"], open_interest_coin=D(250_000))
    rules = msgspec.structs.replace(rules, markets={"SOL": told})
    assert amounts((*asked[:-1], rules)) == (100_000, 7_000, 77_000)


def test_gmx_asks_half_a_percent_and_the_fee_of_closing_is_gone() -> None:
    """2 ETH from 3,000, now at 2,950: 6,000 of size; 0.07 % is 4.2, nothing for an impact."""
    asked = perp(
        "gmx/2024-08-01", "ETH", {"ETH-PERP": (2, 3_000)}, {"USDC": 200, "USD": -1}, 2_950,
        currency="USD",
    )  # fmt: skip
    assert amounts(asked) == (200 - 100 - D("4.2") - 1, 30, 30)


def test_gate_asks_its_first_tier_and_the_fee_and_no_more_is_known() -> None:
    """1 BTC at 60,000: 0.4 % and 0.075 % to keep, 0.8 % to open."""
    held = {"BTC-PERP": (1, 60_000)}, {"USDT": 5_000}, 60_000, "USDT", "USDT"
    assert amounts(perp("gate/2024-01-19", "BTC", *held)) == (5_000, 240 + 45, 480)
    beyond = {"BTC-PERP": (17, 60_000)}, {"USDT": 50_000}, 60_000, "USDT", "USDT"
    refused = require(*perp("gate/2024-01-19", "BTC", *beyond))
    assert isinstance(refused, Failure)
    assert "tiers for BTC/USDT are known up to 1000000" in refused.message


@pytest.mark.parametrize(
    ("name", "maintenance", "initial"),
    [
        # 2.5 % less 16,300 (50 + 1,250 + 15,000); 20 times leverage
        ("binance-usdt/2021-03-18", 108_700, 250_000),
        # 1 % less the 2,550 that the venue's answer gives with the tier; 50 times
        ("binance-usdt/2024-02-29", 47_450, 100_000),
        # 1 % less 12,000; 50 times
        ("binance-usdt/2026-09-29", 38_000, 100_000),
    ],
)
def test_binance_asks_less_of_five_million_of_bitcoin_from_revision_to_revision(
    name: str, maintenance: int, initial: int
) -> None:
    held = {"BTC-PERP": (100, 50_000)}, {"USDT": 400_000}, 50_000, "USDT", "USDT"
    assert amounts(perp(name, "BTC", *held)) == (400_000, maintenance, initial)


@pytest.mark.parametrize(
    ("name", "coin", "last"),
    [
        ("binance/2024-02-29", "BTC", "288402550"),
        ("binance/2026-09-29", "BTC", "288402550"),
        ("binance-usdt/2024-02-29", "BTC", "288402550"),
        ("binance-usdt/2024-02-29", "ETH", "182804300"),
        ("binance-usdt/2026-09-29", "BTC", "421482000"),
        ("binance-usdt/2026-09-29", "ETH", "280507000"),
    ],
)
def test_the_tiers_add_up_to_what_the_venue_takes_off_the_last(
    name: str, coin: str, last: str
) -> None:
    """The answer of the endpoint gives the amount of every tier (`cum`); the last sums them all."""
    found = book(name)
    assert isinstance(found, TieredRulebook)
    assert deductions_usd(found.tiers[coin])[-1] == D(last)


def test_ether_at_binance_has_a_table_of_its_own_since_2024() -> None:
    """3,000,000 of ETH at 1 % less 4,300; in 2021 it had bitcoin's table, for want of a source."""
    held = {"ETH-PERP": (1_000, 3_000)}, {"USDT": 200_000}, 3_000, "USDT", "USDT"
    report = require(*perp("binance-usdt/2024-02-29", "ETH", *held))
    assert isinstance(report, MarginReport), report
    assert report.requirement_maintenance_ccy == 25_700
    assert {line.evidence for line in report.lines} == {"S"}


@pytest.mark.parametrize(
    ("old", "new", "some"),
    [
        ("dydx/2024-01-22", "dydx/2024-06-06", {"markets.SOL.upper_cap_usd": ("0", "50000000")}),
        ("maker-eth-a/2022-11-09", "maker-eth-a/2026-08-13", {"dust_coin": ("15000", "7500")}),
        (
            "aave/2023-06-20", "aave/2023-10-31",
            {"reserves.wstETH.liquidation_threshold_bps": ("8300", "8100")},
        ),
    ],
)  # fmt: skip
def test_two_days_of_a_venue_are_told_apart_by_the_command(
    tmp_path: Any, old: str, new: str, some: dict[str, tuple[str, str]]
) -> None:
    got = hedgerow_here("margin", "rulebooks", "diff", old, new, "--json", cwd=tmp_path)
    assert got.code == 1
    told = {each["path"]: (each["old"], each["new"]) for each in got.json()["differences"]}
    assert some.items() <= told.items()
