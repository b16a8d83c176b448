"""Funding by hand, over the tree, and unknown where a rate is."""

from decimal import Decimal
from math import fsum

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.exposure import FundingRow, FundingTable, funding
from hedgerow.market import AgeLimits, FundingSettlement, LendingIndex, MarketEvent, Shock
from hedgerow.portfolio import Account, book
from hedgerow.pricing import value
from hedgerow.units import HOUR_NS, SECOND_NS
from tests.builders import T0_NS, account, by_id, index, inverse, perpetual, quanto, quote, snapshot
from tests.rooms.exposure.desk import ACCOUNTS, TERMS, held, market, now

NUMBERS = (
    "funding_usd_per_day",
    "funding_usd_per_day_per_bps",
    "funding_usd_per_day_per_pct",
)


def funded(accounts: tuple[Account, ...] = ACCOUNTS, *events: MarketEvent) -> FundingTable:
    of = held(accounts)
    at = now(*(events or market()))
    return funding(of, value(of, at), at)


def row(table: FundingTable, node: str) -> FundingRow:
    found = table.row(node)
    assert not isinstance(found, Failure), found
    return found


def rate(instrument_id: str, frac: str, time_ns: int = T0_NS) -> FundingSettlement:
    return FundingSettlement(time_ns=time_ns, instrument_id=instrument_id, rate_frac=Decimal(frac))


def test_a_linear_perpetual_by_hand() -> None:
    """Long 2.5 coins at 60,000 pay 1 bp three times a day: 45 dollars."""
    got = row(funded(), "desk/binance/perps/BTC")
    assert got.funding_usd_per_day == pytest.approx(-2.5 * 60_000 * 0.0001 * 3, rel=1e-14)
    assert got.funding_usd_per_day_per_bps == pytest.approx(-45.0, rel=1e-14)
    assert got.funding_usd_per_day_per_pct == pytest.approx(-0.45, rel=1e-14)


def test_a_short_is_paid_and_a_negative_rate_is_paid_by_shorts() -> None:
    """Short 20 coins at 3,000 and minus half a basis point: pays 9 dollars a day."""
    assert row(funded(), "desk/binance/perps/ETH").funding_usd_per_day == pytest.approx(-9.0)


def test_an_inverse_perpetual_pays_the_same_dollars_at_every_price() -> None:
    """Short 90,000 dollars at 2 bp, three times a day: 54 dollars, in coin."""
    of = book(
        [account(currency="BTC", positions={"BTC-PERPETUAL": (-90_000, 59_000)})],
        by_id(inverse()),
    )
    for spot in (30_000, 60_000):
        at = snapshot(
            index("BTC", spot), quote("BTC-PERPETUAL", spot), rate("BTC-PERPETUAL", "0.0002")
        )
        got = row(funding(of, value(of, at), at), "desk")
        assert got.funding_usd_per_day == pytest.approx(54.0, rel=1e-14)
        assert got.funding_usd_per_day_per_bps == pytest.approx(27.0, rel=1e-14)
        assert got.funding_usd_per_day_per_pct == 0.0


def test_a_quanto_pays_in_its_coin() -> None:
    """Short 50,000 at 2,500: 125 bitcoins of 60,000 dollars at 1 bp, three times a day."""
    terms = quanto()
    of = book([account(positions={terms.instrument_id: (-50_000, 1)})], by_id(terms))
    at = snapshot(
        index("ETH", 2500), index("BTC", 60000), quote(terms.instrument_id, 2500),
        rate(terms.instrument_id, "0.0001"),
    )  # fmt: skip
    got = row(funding(of, value(of, at), at), "coin/ETH")
    assert got.funding_usd_per_day == pytest.approx(125 * 60000 * 3e-4, rel=1e-12)


def test_another_interval_pays_more_often() -> None:
    terms = perpetual(funding_interval_ns=HOUR_NS)
    of = book([account(positions={"BTC-PERP": (1, 1)})], by_id(terms))
    at = snapshot(index("BTC", 100), quote("BTC-PERP", 100), rate("BTC-PERP", "0.01"))
    assert row(funding(of, value(of, at), at), "desk").funding_usd_per_day == pytest.approx(-24.0)


@pytest.mark.parametrize("name", NUMBERS)
def test_sensitivities_are_slopes_and_nodes_are_sums(name: str) -> None:
    table = funded()
    leaves = [one for one in table.rows if one.node.count("/") == 4]
    for one in table.rows:
        below = [getattr(x, name) for x in leaves if x.node.startswith(f"{one.node}/")]
        if below:
            assert getattr(one, name) == pytest.approx(fsum(below), rel=1e-12, abs=1e-12)


def test_one_basis_point_and_one_per_cent_by_moving_them() -> None:
    base = row(funded(), "desk")
    raised = tuple(
        msgspec.structs.replace(e, rate_frac=e.rate_frac + Decimal("0.0001"))
        if isinstance(e, FundingSettlement)
        else e
        for e in market()
    )
    assert base.funding_usd_per_day is not None
    assert row(funded(ACCOUNTS, *raised), "desk").funding_usd_per_day == pytest.approx(
        base.funding_usd_per_day + (base.funding_usd_per_day_per_bps or 0.0), rel=1e-12
    )
    of, up = held(), now().shocked(Shock(spot_factor_frac={"BTC": 1.01, "ETH": 1.01}))
    assert row(funding(of, value(of, up), up), "desk").funding_usd_per_day == pytest.approx(
        base.funding_usd_per_day + (base.funding_usd_per_day_per_pct or 0.0), rel=1e-12
    )


def test_a_rate_that_was_never_heard_is_missing_and_not_nothing() -> None:
    events = tuple(e for e in market() if not isinstance(e, FundingSettlement))
    got = row(funded(ACCOUNTS, *events), "desk/binance/perps")
    assert got.funding_usd_per_day is None
    assert got.funding_usd_per_day_per_pct is None
    assert [f.subject for f in got.missing] == ["BTC-PERP", "ETH-PERP"]
    # What one more basis point costs is known without the rate.
    assert got.funding_usd_per_day_per_bps == row(funded(), got.node).funding_usd_per_day_per_bps


def test_a_rate_too_old_is_stale_and_the_rest_is_still_summed() -> None:
    late = T0_NS + 10 * HOUR_NS
    events = (
        rate("BTC-PERP", "0.0001"), rate("ETH-PERP", "0.0001", late),
        index("BTC", 60_000, late), index("ETH", 3_000, late),
        quote("BTC-PERP", 60_000, late), quote("ETH-PERP", 3_000, late),
    )  # fmt: skip
    of = book(
        [account(positions={"BTC-PERP": (1, 1), "ETH-PERP": (-1, 1)}, time_ns=late)], by_id(*TERMS)
    )
    at = snapshot(*events, time_ns=late)
    got = row(funding(of, value(of, at), at), "desk")
    assert got.funding_usd_per_day == pytest.approx(0.9)
    assert [(f.subject, f.reason) for f in got.missing] == [("BTC-PERP", "stale_data")]


def test_a_perpetual_without_a_price_and_positions_too_old_are_missing() -> None:
    events = tuple(
        e
        for e in market()
        if getattr(e, "instrument_id", "") != "BTC-PERP" or isinstance(e, FundingSettlement)
    )
    got = row(funded(ACCOUNTS, *events), "coin/BTC")
    assert [f.subject for f in got.missing] == ["BTC-PERP"]
    old = account("old", positions={"BTC-PERP": (1, 1)}, time_ns=T0_NS - 1)
    of = book([old], by_id(*TERMS))
    at = snapshot(*market(), ages=AgeLimits(account_ns_max=0))
    got = row(funding(of, value(of, at), at), "desk")
    assert [(f.subject, f.reason) for f in got.missing] == [("old", "stale_data")]
    assert AgeLimits().account_ns_max == 15 * SECOND_NS


def test_interest_is_unknown_where_a_loan_has_no_rate_and_none_where_there_is_no_loan() -> None:
    table = funded()
    assert row(table, "desk/binance").interest_usd_per_day == 0.0
    loan = row(table, "desk/aave")
    assert loan.interest_usd_per_day is None
    assert [f.subject for f in loan.interest_missing] == ["debt:USDC", "supply:wstETH"]
    assert loan.missing == ()
    assert isinstance(table.row("desk/deribit/options/ETH"), Failure)


def test_interest_by_hand() -> None:
    """Supplied: 40 tokens of 3,600 dollars at 0.5 % a year; owed: 60,000 dollars at 7.3 %."""
    rates = {"wstETH": ("0.005", "0.03"), "USDC": ("0.04", "0.073")}
    events = tuple(
        msgspec.structs.replace(
            e,
            supply_frac_per_year=Decimal(rates[e.asset][0]),
            borrow_frac_per_year=Decimal(rates[e.asset][1]),
        )
        if isinstance(e, LendingIndex)
        else e
        for e in market()
    )
    table = funded(ACCOUNTS, *events)
    earned, owed = 40 * 3600 * 0.005 / 365, -60_000 * 0.073 / 365
    assert row(table, "coin/ETH").interest_usd_per_day == pytest.approx(earned, rel=1e-12)
    assert row(table, "coin/USDC").interest_usd_per_day == pytest.approx(owed, rel=1e-12)
    loan = row(table, "desk/aave")
    assert loan.interest_usd_per_day == pytest.approx(earned + owed, rel=1e-12)
    assert loan.interest_missing == ()
    without = tuple(e for e in events if not (isinstance(e, LendingIndex) and e.asset == "USDC"))
    partly = row(funded(ACCOUNTS, *without), "desk/aave")
    assert partly.interest_usd_per_day == pytest.approx(earned, rel=1e-12)
    assert [f.subject for f in partly.interest_missing] == ["debt:USDC"]
