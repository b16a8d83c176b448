"""dYdX v4 as an account: the peers' own integers, and refusals that name the leg."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hedgerow.errors import Failure, MarketRejected
from hedgerow.margin import MarginReport, decode_rulebook, mistakes_of, require
from hedgerow.margin.venues.dydx import DydxMarket, DydxRulebook
from tests.builders import account, by_id, inverse, perpetual, quote, snapshot
from tests.rooms.margin.chain_cases import cases
from tests.rooms.margin.test_hand_check import check

D = Decimal
PAGE = Path(__file__).resolve().parents[3] / "docs" / "venues" / "dydx.md"


def dydx(**changes: Any) -> DydxRulebook:
    """The rulebook that the page of the venue shows: the markets of the peers' tests."""
    shown = PAGE.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    book = decode_rulebook(shown.encode(), where="docs/venues/dydx.md")
    assert isinstance(book, DydxRulebook)
    return msgspec.structs.replace(book, **changes)


def market_of(given: dict[str, Any]) -> DydxMarket:
    power = int(given["atomic_resolution"])
    return DydxMarket(
        initial_ppm=int(given["initial_margin_ppm"]),
        maintenance_fraction_ppm=int(given["maintenance_fraction_ppm"]),
        atomic_resolution_power=power,
        lower_cap_usd=D(given["oi_lower_cap"]).scaleb(-6),
        upper_cap_usd=D(given["oi_upper_cap"]).scaleb(-6),
        open_interest_coin=D(given["open_interest_base_quantums"]).scaleb(power),
    )


def asked(case: Any, kind: str) -> bool:
    return case is None or case["kind"] == kind


SUITE = cases("onchain/dydx_v4")


def held_in(case: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """Size in coins and price in dollars."""
    given = case["given"]
    price = D(given["price"]).scaleb(int(given["price_exponent"]))
    return D(given["base_quantums"]).scaleb(int(given["atomic_resolution"])), price


def is_an_account(case: dict[str, Any] | None) -> bool:
    """A quote has a price, and a report adds up amounts of 28 digits; no case is skipped as one."""
    if case is None:
        return True
    size, price = held_in(case)
    return price > 0 and abs(size * price) < D(10) ** 22


ASKED = [each for each in SUITE if asked(each.values[0], "margin_requirements")]


@pytest.mark.parametrize("case", [each for each in ASKED if is_an_account(each.values[0])])
def test_requirements_are_the_peers_integers(case: dict[str, Any]) -> None:
    """lib_test.go: one position, its initial and its maintenance requirement in quote quantums."""
    given, then = case["given"], case["then"]
    size, price = held_in(case)
    held = account(positions={"BTC-PERP": (size, price)})
    now = snapshot(quote("BTC-PERP", price))
    report = require(held, by_id(perpetual()), now, dydx(markets={"BTC": market_of(given)}))
    assert isinstance(report, MarginReport)
    assert report.requirement_initial_ccy == D(then["imr"]).scaleb(-6)
    assert report.requirement_maintenance_ccy == D(then["mmr"]).scaleb(-6)


@pytest.mark.parametrize("case", [each for each in ASKED if not is_an_account(each.values[0])])
def test_what_is_no_account_is_refused_and_never_rounded(case: dict[str, Any]) -> None:
    size, price = held_in(case)
    if price == 0:
        with pytest.raises(MarketRejected, match="must be positive"):
            quote("BTC-PERP", price)
        return
    held = account(positions={"BTC-PERP": (size, price)})
    rulebook = dydx(markets={"BTC": market_of(case["given"])})
    refused = require(held, by_id(perpetual()), snapshot(quote("BTC-PERP", price)), rulebook)
    assert isinstance(refused, Failure)
    assert "has more than 28 digits" in refused.message


def test_an_open_interest_between_its_caps_by_hand() -> None:
    """lib_test.go: 0.012 coins at 36750; 1123.456789 coins are open at caps of 25 and 50 million.

    41,287,036.99575 of 25 million more: 0.2 + 0.8 x 0.6514814… = 0.721185, floored to ppm.
    """
    market = DydxMarket(
        initial_ppm=200_000,
        maintenance_fraction_ppm=500_000,
        atomic_resolution_power=-6,
        lower_cap_usd=D(25_000_000),
        upper_cap_usd=D(50_000_000),
        open_interest_coin=D("1123.456789"),
    )
    held = account(positions={"BTC-PERP": ("0.012", 36_750)}, balances={"USDC": 5})
    now = snapshot(quote("BTC-PERP", 36_750))
    report = require(held, by_id(perpetual()), now, dydx(markets={"BTC": market}))
    assert isinstance(report, MarginReport)
    assert report.requirement_initial_ccy == D("318.042585")
    assert report.requirement_maintenance_ccy == D("44.1")
    assert "721185 ppm" in report.lines[0].detail
    check(report.lines[0])
    # Half a quantum more counts as a whole one: at a quantum of 100 coins, as 1200.
    coarse = msgspec.structs.replace(market, atomic_resolution_power=2)
    held = account(positions={"BTC-PERP": (100, 36_750)}, balances={"USDC": 5})
    report = require(held, by_id(perpetual()), now, dydx(markets={"BTC": coarse}))
    assert isinstance(report, MarginReport)
    # 44.1 million: 0.2 + 0.8 x 19.1 / 25.
    assert report.requirement_initial_ccy == 3_675_000 * D("0.8112")
    untold = msgspec.structs.replace(market, open_interest_coin=None)
    failure = require(held, by_id(perpetual()), now, dydx(markets={"BTC": untold}))
    assert isinstance(failure, Failure)
    assert (failure.subject, failure.reason) == ("BTC-PERP", "missing_data")


def test_net_collateral_is_the_chains_quote_balance_and_notionals() -> None:
    """liquidations_test.go: quote 110, 0.004 BTC at 50,000 and -0.1 ETH at 3,000: 10 are left.

    Maintenance is 10 % of 500, so the subaccount is liquidatable.
    """
    held = account(
        positions={"BTC-PERP": ("0.004", 40_000), "ETH-PERP": ("-0.1", 3_500)},
        balances={"USDC": D(110) + D("0.004") * 40_000 - D("0.1") * 3_500},
    )
    now = snapshot(quote("BTC-PERP", 50_000), quote("ETH-PERP", 3_000))
    report = require(held, by_id(perpetual(), perpetual("ETH")), now, dydx())
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == 10
    assert report.requirement_maintenance_ccy == 50
    assert report.is_liquidatable
    exact = require(held, by_id(perpetual(), perpetual("ETH")), now, dydx(confidence="exact"))
    assert isinstance(exact, MarginReport)
    assert exact.confidence == "exact"


@pytest.mark.parametrize("sign", [1, -1])
def test_requirements_round_up_and_notionals_towards_zero(sign: int) -> None:
    """1e-8 coins at 777.77 are 7.7777 quantums: 7 count, 20 % are 2 and half of that 1."""
    held = account(positions={"BTC-PERP": (D(sign) * D("1e-8"), "777.77")})
    report = require(held, by_id(perpetual()), snapshot(quote("BTC-PERP", "777.77")), dydx())
    assert isinstance(report, MarginReport)
    assert report.requirement_initial_ccy == D("0.000002")
    assert report.requirement_maintenance_ccy == D("0.000001")
    # Worth 7 quantums, paid 7.7777 which count as 8; the other way round 7 are owed, 7 were got.
    assert report.equity_ccy == (D("-0.000001") if sign > 0 else 0)


@pytest.mark.parametrize(
    ("positions", "balances", "told"),
    [
        ({"DOGE-PERP": (1, 1)}, {}, "no market for DOGE-PERP"),
        ({"BTC-PERP": 1}, {}, "BTC-PERP"),
        ({"BTC-PERP": ("1e-9", 1)}, {}, "BTC-PERP: 1E-9 is no whole number"),
        ({"BTC-PERPETUAL": (1, 1)}, {}, "BTC-PERPETUAL is not a USDC perpetual"),
        ({"ETH-PERP": (1, 1)}, {}, "ETH-PERP"),
        ({}, {"ETH": 1}, "takes no ETH"),
    ],
)
def test_what_is_not_covered_is_refused_by_name(
    positions: dict[str, Any], balances: dict[str, Any], told: str
) -> None:
    held = account(positions=positions, balances=balances)
    terms = by_id(perpetual(), perpetual("ETH"), perpetual("DOGE"), inverse())
    failure = require(held, terms, snapshot(quote("BTC-PERP", 1), quote("DOGE-PERP", 1)), dydx())
    assert isinstance(failure, Failure)
    assert told in failure.subject + failure.message


def test_figures_that_contradict_each_other_are_named() -> None:
    bad = msgspec.structs.replace(
        dydx().markets["BTC"], initial_ppm=1_000_001, lower_cap_usd=D(2), upper_cap_usd=D(1)
    )
    assert list(mistakes_of(dydx(markets={"BTC": bad}))) == [
        "markets.BTC.initial_ppm must be at most 1000000, was 1000001",
        "markets.BTC.lower_cap_usd is above upper_cap_usd",
    ]


def test_a_balance_rounds_down_to_a_quantum() -> None:
    report = require(account(balances={"USDC": "0.0000019"}), {}, snapshot(), dydx())
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == D("0.000001")
