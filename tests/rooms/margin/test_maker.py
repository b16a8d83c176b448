"""A Maker vault: what it must hold, and what goes to auction."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.instruments import LoanDebt, LoanSupply
from hedgerow.margin import LiquidationReach, MarginReport, mistakes_of, reach_of, require
from hedgerow.margin.rules.maker import is_unsafe
from hedgerow.margin.venues.maker import MakerRulebook
from hedgerow.market import MarketEvent
from hedgerow.portfolio import Account
from tests.builders import (
    RAY,
    Number,
    Positions,
    account,
    by_id,
    exact,
    lending,
    oracle,
    perpetual,
    snapshot,
)
from tests.rooms.margin.onchain import assert_needed, assert_refused, cases

D = Decimal
ILK = "ETH-A"
SUPPLY = LoanSupply(instrument_id="ink", market=ILK, asset="ETH", asset_decimals=18)
DEBT = LoanDebt(instrument_id="art", market=ILK, asset="DAI", asset_decimals=18)
TERMS = by_id(SUPPLY, DEBT)
RULES = MakerRulebook(
    name="maker/2026-01-01",
    venue="maker",
    source="made for tests",
    as_of="2026-01-01",
    confidence="exact",
    confidence_note="",
    evidence={"collateral": "V", "debt": "V"},
    market=ILK,
    collateral_asset="ETH",
    liquidation_ratio_frac=D("1.5"),
    penalty_frac=D("0.1"),
    dust_coin=D(200),
    hole_coin=D(5000),
)


def events(price: Number = 3000, rate_ray: int = RAY) -> list[MarketEvent]:
    """The price of DAI is none of the protocol's inputs."""
    return [
        oracle("ETH", price),
        msgspec.structs.replace(lending("ETH"), market=ILK),
        msgspec.structs.replace(lending("DAI", debt_ray=rate_ray), market=ILK),
    ]


def vault(ink: Number, art: Number) -> Account:
    return account("vault", positions={"ink": ink, "art": -exact(art)})


def required(held: Account, rules: MakerRulebook = RULES, **market: Any) -> MarginReport:
    report = require(held, TERMS, snapshot(*events(**market)), rules)
    assert isinstance(report, MarginReport), report
    return report


def reached(held: Account, rules: MakerRulebook = RULES, **market: Any) -> LiquidationReach | None:
    outcome = reach_of(held, TERMS, snapshot(*events(**market)), rules)
    assert not isinstance(outcome, Failure), outcome
    return outcome


def test_collateral_over_the_ratio_against_debt_with_its_fee() -> None:
    """10 · 3000 / 1.5 = 20,000; 16,000 drawn when a unit had grown to 1.25."""
    report = required(vault(10, 16_000), rate_ray=RAY * 5 // 4)
    assert report.equity_ccy == 20_000
    assert report.requirement_maintenance_ccy == report.requirement_initial_ccy == 20_000
    assert not report.is_liquidatable
    assert (report.currency, report.confidence) == ("DAI", "exact")
    assert report.lines[0].detail == (
        "art 16000000000000000000000 x rate 1250000000000000000000000000 / 1e27, to 1e-18 up"
    )
    assert report.equity_lines[0].detail == (
        "ink 10000000000000000000 x spot 2000000000000000000000000000000 / 1e27, spot being "
        "3000 / 1.5 to 1e-27 down; to 1e-18 so that it less the debt is rounded down"
    )
    more = required(vault(10, "16000.000000000000000001"), rate_ray=RAY * 5 // 4)
    assert more.is_liquidatable


rays = st.integers(RAY, 3 * RAY)
wads = st.integers(0, 10**24)


@given(wads, wads, st.integers(1, 10**22), st.integers(10**18, 5 * 10**18), rays)
def test_unsafe_is_what_the_protocols_integers_say(
    ink: int, art: int, price_wad: int, ratio_wad: int, rate_ray: int
) -> None:
    rules = msgspec.structs.replace(RULES, liquidation_ratio_frac=D(ratio_wad).scaleb(-18))
    report = required(
        vault(D(ink).scaleb(-18), D(art).scaleb(-18)),
        rules,
        price=D(price_wad).scaleb(-18),
        rate_ray=rate_ray,
    )
    spot_ray = price_wad * 10**9 * RAY // (ratio_wad * 10**9)
    assert report.is_liquidatable == is_unsafe(
        collateral_wad=ink, spot_ray=spot_ray, debt_wad=art, rate_ray=rate_ray
    )
    # And neither side is further from its exact worth than its last digit.
    for told, exactly_rad in (
        (report.equity_ccy, ink * spot_ray),
        (report.requirement_maintenance_ccy, art * rate_ray),
    ):
        assert abs(Fraction(told) - Fraction(exactly_rad, 10**45)) <= Fraction(1, 10**18)


@pytest.mark.parametrize("more_rad", [-1, 0, 1])
def test_a_difference_in_the_45th_decimal_decides(more_rad: int) -> None:
    """spot · ink is 2 · (1e27 + 1) rad, which 18 decimals cannot tell from what is owed."""
    # One wei of collateral at a spot of 2e27 + 2 + more; two wei of debt at a rate of 1e27 + 1.
    rules = msgspec.structs.replace(RULES, liquidation_ratio_frac=D(1))
    spot_ray, rate_ray = 2 * RAY + 2 * 10**9 + more_rad * 10**9, RAY + 10**9
    report = required(
        vault("1e-18", "2e-18"), rules, price=D(spot_ray).scaleb(-27), rate_ray=rate_ray
    )
    assert report.is_liquidatable == (more_rad < 0)


def test_the_auctions_of_the_vectors_through_the_engine() -> None:
    for case in cases("maker_liquidations", "bark_kick"):
        given_, then = case["given"], case["then"]
        rules = msgspec.structs.replace(
            RULES,
            penalty_frac=exact(given_["chop"]) - 1,
            dust_coin=exact(given_["dust"]),
            hole_coin=exact(given_["hole_room"]),
        )
        reach = reached(
            vault(given_["ink"], exact(given_["art"])), rules, rate_ray=RAY * given_["rate"]
        )
        assert reach is not None
        art_after = -reach.after.quantity_contracts("art")
        assert art_after == pytest.approx(D(then["art_after"]), abs=D(case["tolerance"]["abs"]))


def test_an_auction_takes_as_much_as_there_is_room_for() -> None:
    """5000 / 1.1 of 10,000 · 1.25 of debt: 4545.45 of it, and the same part of the collateral."""
    reach = reached(vault(5, 10_000), rate_ray=RAY * 5 // 4, price=3700)
    assert reach is not None
    (due,), (penalty,), (lot,) = reach.repaid, reach.fee, reach.seized
    assert due.quantity_coin + penalty.quantity_coin == pytest.approx(D(5000), abs=D("1e-15"))
    assert due.quantity_coin == pytest.approx(D(5000) / D("1.1"), abs=D("1e-15"))
    assert (due.asset, penalty.asset, lot.asset) == ("DAI", "DAI", "ETH")
    assert lot.quantity_coin == pytest.approx(5 * D(5000) / D("1.1") / 12_500, abs=D("1e-15"))
    assert (reach.lost, reach.returned) == ((), ())
    assert reach.detail.startswith("1.818181818181818181 ETH to auction for 4999.99999999999")


def test_a_safe_vault_has_no_reach_and_an_empty_one_no_auction() -> None:
    assert reached(vault(10, 20_000)) is None
    assert reached(account(positions={"ink": 1})) is None
    bare = account(positions={"art": -300})
    # Nothing carries it, and nothing can be sold.
    outcome = reach_of(bare, TERMS, snapshot(*events()), RULES)
    assert isinstance(outcome, LiquidationReach)
    assert outcome.after == bare
    refused = reached(vault(1, 3000), msgspec.structs.replace(RULES, hole_coin=D(0)))
    assert refused is not None
    assert refused.after == vault(1, 3000)
    assert refused.detail == "no auction: no room for one, dust, or no collateral to sell"


def test_an_input_that_is_missing_is_named() -> None:
    assert_needed(["ETH", f"{ILK} ETH", f"{ILK} DAI"], vault(1, 1), TERMS, events(), RULES)


def test_what_is_no_vault_of_this_kind_is_refused() -> None:
    drawn = LoanDebt(instrument_id="drawn", market=ILK, asset="ETH", asset_decimals=18)
    again = LoanDebt(instrument_id="again", market=ILK, asset="DAI", asset_decimals=18)
    small = LoanSupply(instrument_id="small", market=ILK, asset="ETH", asset_decimals=8)
    refusals: dict[str, tuple[Positions, dict[str, Any]]] = {
        f"BTC-PERP is no loan on {ILK}": ({"BTC-PERP": (1, 1)}, by_id(perpetual())),
        f"drawn: on {ILK} DAI is owed and ETH is collateral": ({"drawn": -1}, by_id(drawn)),
        "again: one position a side, there is another": (
            {"art": -1, "again": -1}, by_id(DEBT, again)),
        "small has 8 decimals, maker/2026-01-01 has 18": ({"small": 1}, by_id(small)),
    }  # fmt: skip
    assert_refused(refusals, snapshot(*events()), RULES)


def test_a_price_of_nothing_is_unknown() -> None:
    """The protocol takes a spot of zero for no price, and liquidates nobody."""
    outcome = require(vault(1, 1), TERMS, snapshot(*events(price="1e-19")), RULES)
    assert isinstance(outcome, Failure)
    assert outcome.message == "ink: a spot of zero is an unknown price"


def test_figures_that_contradict_each_other_are_told() -> None:
    made = msgspec.structs.replace(RULES, liquidation_ratio_frac=D("0.9"), collateral_asset="DAI")
    assert list(mistakes_of(made)) == [
        "liquidation_ratio_frac must not be below 1",
        "collateral_asset and debt_asset must be two assets",
    ]


@given(wads, wads.filter(bool), rays)
def test_nothing_is_made_or_lost_on_the_way_to_auction(ink: int, art: int, rate_ray: int) -> None:
    held = vault(D(ink).scaleb(-18), D(art).scaleb(-18))
    reach = reached(held, rate_ray=rate_ray)
    assert (reach is not None) == required(held, rate_ray=rate_ray).is_liquidatable
    if reach is None or not reach.seized:
        return
    (lot,), (due,) = reach.seized, reach.repaid
    left_ink, left_art = (reach.after.quantity_contracts(each) for each in ("ink", "art"))
    assert Fraction(lot.quantity_coin) + Fraction(left_ink) == Fraction(ink, 10**18)
    drawn = Fraction(art, 10**18) + Fraction(left_art)
    assert Fraction(due.quantity_coin) == drawn * Fraction(rate_ray, RAY)
