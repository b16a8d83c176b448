"""What a desk is read as: prices that are not there are not made up, and what coins earn."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.collateral import LeastPlan, least_plan
from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.limits import Survey, survey
from hedgerow.margin import Rulebook, decode_rulebook
from hedgerow.margin.rules.morpho_blue import Debt
from hedgerow.margin.venues.morpho_blue import MorphoRulebook
from hedgerow.market import IndexPrice, LendingIndex, MarketEvent
from hedgerow.portfolio import Account, book
from hedgerow.units import DAY_NS
from tests.builders import (
    RAY,
    T0_NS,
    account,
    index,
    lending,
    oracle,
    packaged,
    perpetual,
    quote,
    snapshot,
    tiered_rulebook,
)
from tests.rooms.collateral.test_least_plan import (
    MARKET,
    RULES,
    TERMS,
    buffer,
    cold,
    loan,
    perps,
    route,
)

D = Decimal
# --- accounts counted in a currency of their own -------------------------------------------------

_MORPHO = decode_rulebook(packaged("morpho-wsteth-usdc/2024-09-03"), where="packaged")
assert isinstance(_MORPHO, MorphoRulebook)
OWN = "wsteth-btc"
# A hundred bitcoin are owed, by a million shares for each smallest unit of it.
TOTALS = Debt(assets_raw=100 * 10**8, shares_raw=100 * 10**14)
OWN_RULES: dict[str, Rulebook] = RULES | {
    "btc": msgspec.structs.replace(_MORPHO, market=OWN, loan_asset="BTC", loan_decimals=8),
    "euros": tiered_rulebook([(0, "0.05")], currency="EURC"),
}
OWN_TERMS: dict[str, Instrument] = TERMS | {
    "own": LoanSupply(instrument_id="own", market=OWN, asset="wstETH", asset_decimals=18),
    "owed": LoanDebt(instrument_id="owed", market=OWN, asset="BTC", asset_decimals=8),
    "BTC-EURC": perpetual(instrument_id="BTC-EURC", settlement="EURC"),
}
OWN_MARKET: tuple[MarketEvent, ...] = (
    index("wstETH", 2400),
    quote("BTC-PERP", 1000),
    quote("BTC-EURC", 1000),
    oracle("wstETH", 2400),
    oracle("BTC", 40_000),
    oracle("USDC", 1),
    lending("USDC"),
    lending("wstETH"),
    msgspec.structs.replace(lending("wstETH"), market=OWN),
    LendingIndex(
        time_ns=T0_NS,
        market=OWN,
        asset="BTC",
        liquidity_index_ray=RAY,
        borrow_index_ray=TOTALS.index_ray,
        borrowed_raw=TOTALS.assets_raw,
        borrowed_shares_raw=TOTALS.shares_raw,
    ),
)
# Ten coins carry 10 x 2,400 x 0.86 / 40,000 = 0.516 bitcoin, against half a one.
IN_BITCOIN = account(
    "own", venue="morpho", currency="BTC", rulebook="btc", positions={"own": 10, "owed": "-0.5"}
)


def seen(accounts: list[Account], *more: MarketEvent) -> Survey:
    events = sorted((*more, *OWN_MARKET), key=lambda each: each.time_ns)
    return survey(book(accounts, OWN_TERMS), snapshot(*events), OWN_RULES, ())


def sent(found: LeastPlan) -> list[tuple[str, str, Decimal]]:
    return [
        (each.route.source_account_id, each.route.target_account_id, each.quantity_coin)
        for each in found.transfers.moves
    ]


OLD = index("BTC", 40_000, T0_NS - DAY_NS)


@pytest.mark.parametrize(
    ("price", "reason"),
    [(index("BTC", 40_000), None), (None, "missing_data"), (OLD, "stale_data")],
)
def test_an_account_counted_in_a_coin_of_unknown_price_is_not_filled_and_that_is_said(
    price: IndexPrice | None, reason: str | None
) -> None:
    """At a use of 0.8 its half of a bitcoin needs 0.625: 0.109 more, at 0.0516 a coin are 2.1124.

    Its requirement is known without the price, and so is what the other account lacks.
    """
    accounts = [IN_BITCOIN, perps("a", 50, 1), cold(wstETH=100, USDC=1_000)]
    routes = [route("cold", "own", "wstETH", use="supply"), route("cold", "a")]
    policies = [buffer("own", "0.95", "0.8"), buffer("a")]
    state = seen(accounts, *([] if price is None else [price]))
    found = least_plan(policies, routes, state, OWN_RULES)
    if reason is None:
        assert sorted(sent(found)) == [("cold", "a", D(50)), ("cold", "own", D("2.12"))]
        assert found.transfers.unmet == ()
        return
    assert sent(found) == [("cold", "a", D(50))]
    (unmet,) = found.transfers.unmet
    assert (unmet.subject, unmet.reason) == ("own", reason)
    why = state.snapshot.asset("BTC")
    assert isinstance(why, Failure)
    assert unmet.message == (
        f"counted in BTC, whose price in USD is unknown: neither filled nor drawn; {why.message}"
    )


def test_who_is_counted_in_bitcoin_weighs_as_many_dollars_as_they_are_worth() -> None:
    """One coin is there for both: it goes to who is nearer to its liquidation, 0.516 to a half.

    Of the other 96,000 stand against 90,000. A coin is worth 0.0516 bitcoin to the one and 1,920
    dollars to the other.
    """
    accounts = [IN_BITCOIN, loan(50, -90_000), cold(wstETH=1)]
    routes = [route("cold", name, "wstETH", use="supply") for name in ("loan", "own")]
    policies = [buffer("own", "0.95", "0.8"), buffer("loan", "0.9", "0.8")]
    found = least_plan(policies, routes, seen(accounts, index("BTC", 40_000)), OWN_RULES)
    assert sent(found) == [("cold", "own", D(1))]
    assert {each.subject for each in found.transfers.unmet} == {"own", "loan"}


def test_where_nobody_else_is_short_the_account_without_a_price_is_still_named() -> None:
    found = least_plan(
        [buffer("own", "0.95", "0.8")],
        [route("cold", "own", "wstETH", use="supply")],
        seen([IN_BITCOIN, cold(wstETH=100)]),
        OWN_RULES,
    )
    assert sent(found) == []
    assert [each.subject for each in found.transfers.unmet] == ["own"]


def test_an_account_without_a_price_that_lacks_nothing_is_no_matter() -> None:
    """0.516 against a half are a use of 0.969, within 0.98."""
    found = least_plan([buffer("own", "0.98", "0.8")], [], seen([IN_BITCOIN]), OWN_RULES)
    assert (sent(found), found.transfers.unmet) == ([], ())


@pytest.mark.parametrize("is_known", [True, False])
def test_an_account_counted_in_a_coin_of_unknown_price_is_not_drawn(*, is_known: bool) -> None:
    """It holds dollars beside the euros that it counts, and what its own need weighs is unknown."""
    euros = account(
        "euros",
        venue="binance",
        currency="EURC",
        rulebook="euros",
        positions={"BTC-EURC": (1, 1000)},
        balances={"EURC": 500, "USDC": 100},
    )
    accounts = [perps("a", 50, 1), euros, cold(USDC=30)]
    routes = [route("euros", "a"), route("cold", "a")]
    state = seen(accounts, *([index("EURC", "1.1")] if is_known else []))
    found = least_plan([buffer("a")], routes, state, OWN_RULES)
    if is_known:
        assert sent(found) == [("euros", "a", D(50))]
        assert found.transfers.unmet == ()
        return
    assert sent(found) == [("cold", "a", D(30))]
    assert {each.subject for each in found.transfers.unmet} == {"euros", "a"}


# --- no more than is needed ---------------------------------------------------------------------


@pytest.mark.parametrize("use", ["repay", "supply"])
def test_no_more_is_moved_for_earning_more_there_than_elsewhere(use: str) -> None:
    """At eight per cent a year, where elsewhere five are earned, moving costs nothing and no less.

    A hundred thousand are owed and 96,000 carried. For a use of 0.8 they may be 76,800, by 23,200
    repaid, or are 80 % of 125,000 by 29,000 more: 15.104 coins that carry 1,920 each.
    """
    market = [each for each in MARKET if not isinstance(each, LendingIndex)]
    dear, rich = (
        msgspec.structs.replace(
            lending(asset), borrow_frac_per_year=D("0.08"), supply_frac_per_year=D("0.08")
        )
        for asset in ("USDC", "wstETH")
    )
    accounts = [loan(), cold(USDC=100_000, wstETH=100)]
    state = survey(book(accounts, TERMS), snapshot(*market, dear, rich), RULES, ())
    way = route("cold", "loan", "USDC" if use == "repay" else "wstETH", use=use)
    found = least_plan([buffer("loan", "0.95", "0.8")], [way], state, RULES)
    assert [each.quantity_coin for each in found.transfers.moves] == [
        D(23_200) if use == "repay" else D("15.11")
    ]
    assert found.allocation is not None
    assert found.allocation.cost_usd == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("days", [30.0, 0.0])
def test_no_more_goes_over_another_account_than_is_handed_on(days: float) -> None:
    """A lacks fifty, and B stands where it needs to: coins are posted there for no loss."""
    accounts = [perps("a", 50, 1), perps("b", 100, 1), cold(USDC=1_000)]
    routes = [route("cold", "b"), route("b", "a")]
    state = survey(book(accounts, TERMS), snapshot(*MARKET), RULES, ())
    found = least_plan([buffer("a"), buffer("b")], routes, state, RULES, horizon_days=days)
    assert sent(found) == [("cold", "b", D(50)), ("b", "a", D(50))]
    direct = least_plan([buffer("a")], [route("cold", "a")], state, RULES, horizon_days=days)
    assert sent(direct) == [("cold", "a", D(50))]
