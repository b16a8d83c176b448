"""Four ways to ask: which is the least, what is saved where, and what never is."""

from decimal import Decimal
from math import log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.margin.portfolio import Comparison, compare, require_portfolio, require_together
from hedgerow.market import JointScenarios
from hedgerow.portfolio import Account, book
from tests.builders import account
from tests.draws import draws
from tests.rooms.margin.portfolio.market import CALL, PUT, TERMS, market, model, moved
from tests.rooms.margin.portfolio.test_need import CHARGES, MOVES, NAMES

D = Decimal
SLACK = D("0.0001")


def compared(
    *held: Account, scenarios: JointScenarios = MOVES, pairs_count_max: int = 40, **changes: Any
) -> Comparison:
    found = compare(
        book(held, TERMS), market(), scenarios, model(**changes), pairs_count_max=pairs_count_max
    )
    assert isinstance(found, Comparison), found
    return found


def by_form(found: Comparison) -> dict[str, Decimal]:
    return {row.form: row.requirement_maintenance_usd for row in found.forms}


@given(
    st.dictionaries(st.sampled_from(NAMES), st.integers(-30, 30), min_size=1, max_size=5),
    st.dictionaries(st.sampled_from(NAMES), st.integers(-30, 30), max_size=3),
    st.sampled_from(["worst", "shortfall"]),
)
@draws(20)
def test_putting_together_never_asks_for_more(
    first: dict[str, int], second: dict[str, int], basis: str
) -> None:
    held = [
        account(name, positions={each: (size, 50_000) for each, size in sizes.items()})
        for name, sizes in (("a", first), ("b", second))
    ]
    found = compared(*held, basis=basis, level_frac=0.95, pairs_count_max=10, **CHARGES)
    needs = by_form(found)
    assert needs["portfolio"] <= needs["cross"] + SLACK
    assert needs["cross"] <= needs["isolated"] + SLACK
    assert all(each.saved_usd >= -SLACK for each in found.offsets)
    assert all(each.saved_usd == each.apart_usd - each.together_usd for each in found.offsets)


def test_the_portfolio_of_one_account_is_its_report() -> None:
    held = account(positions={"BTC-PERP": (3, 50_000), CALL.instrument_id: -5})
    report = require_portfolio(held, TERMS, market(), MOVES, model(**CHARGES))
    assert not isinstance(report, Failure)
    (row,) = (each for each in compared(held, **CHARGES).forms if each.form == "portfolio")
    assert row.requirement_maintenance_usd == report.margin.requirement_maintenance_ccy
    assert row.requirement_initial_usd == report.margin.requirement_initial_ccy


FALLS = moved({"spot BTC": log(0.9), "spot ETH": log(0.8)}, {"spot ETH": log(1.1)})
PAIR = (
    account("a", positions={"BTC-PERP": (1, 50_000), "ETH-PERP": (-10, 2_500)}),
    account("b", positions={"BTC-L": (-1, 51_000)}),
)


def test_forms_by_hand() -> None:
    """Long BTC, short ETH and long BTC elsewhere: three falls, three joint moves."""
    found = compared(*PAIR, scenarios=FALLS)
    # BTC-PERP loses 5,000 in the first, ETH-PERP 2,500 in the second, BTC-L nothing in either.
    needs = by_form(found)
    assert needs["isolated"] == D(7_500)
    # BTC alone gains 100 in the first, and needs nothing; ETH needs its 2,500.
    assert needs["cross"] == D(2_500)
    assert needs["portfolio"] == D(2_500)
    # 16 per cent of 50,000 up against 51,000 short, and of 25,000 short.
    assert float(needs["span_like"]) == pytest.approx(0.16 * (51_000 - 50_000) + 0.16 * 25_000)
    freed = {row.form: row.freed_usd for row in found.forms}
    assert freed["isolated"] == 0
    assert freed["portfolio"] == D(5_000)
    saved = {(each.of, each.first, each.second): each.saved_usd for each in found.offsets}
    assert saved["position", "a BTC-PERP", "b BTC-L"] == D(5_000)
    assert saved["account", "a", "b"] == D(2_500) + 0 - D(2_500)


def test_the_share_of_scenarios_beyond_a_requirement() -> None:
    falls = moved(*({"spot BTC": log(1 - 0.01 * i)} for i in range(1, 11)))
    held = account(positions={"BTC-PERP": (1, 50_000)})
    found = compared(held, scenarios=falls, basis="shortfall", level_frac=0.75)
    (row,) = (each for each in found.forms if each.form == "portfolio")
    assert row.loss_beyond_frac == 0.1  # the mean of the tail is 4,600: only 5,000 is beyond


def test_a_crowded_book_is_as_crowded_in_pieces() -> None:
    held = account(positions={CALL.instrument_id: -50, PUT.instrument_id: -50})
    found = compared(held, concentration_frac=0.5, volume_coin_per_day={"BTC": 1_000.0})
    alone = compared(
        account(positions={CALL.instrument_id: -50}),
        concentration_frac=0.5,
        volume_coin_per_day={"BTC": 1_000.0},
    )
    assert by_form(found)["isolated"] > 2 * by_form(alone)["isolated"] * D("0.9")
    plain = by_form(compared(held))["isolated"]
    # 100 coins of 1,000 a day at a half: five per cent of five millions, however it is cut.
    assert float(by_form(found)["isolated"] - plain) >= 0.05 * 5_000_000 - 1


def test_pairs_are_as_many_as_asked_for() -> None:
    held = account(positions={name: (2, 50_000) for name in NAMES})
    few = compared(held, pairs_count_max=6)
    assert len([each for each in few.offsets if each.of == "position"]) == 6


def test_a_missing_input_makes_the_whole_comparison_a_failure() -> None:
    held = account(balances={"DOGE": 1})
    found = compare(book([held], TERMS), market(), MOVES, model())
    assert isinstance(found, Failure)
    assert found.subject == "spot:DOGE"


def test_an_empty_desk_needs_nothing() -> None:
    found = compared(account())
    assert set(by_form(found).values()) == {D(0)}


def test_accounts_together_are_one_report_with_what_their_parts_need_apart() -> None:
    """As by hand above: BTC-PERP needs 5,000 alone, ETH-PERP 2,500, BTC-L nothing."""
    held = book(PAIR, TERMS)
    found = require_together(held, "desk", market(), FALLS, model(), pairs_count_max=3)
    assert not isinstance(found, Failure)
    assert (found.margin.account_id, found.margin.requirement_maintenance_ccy) == ("desk", D(2_500))
    # Account a gains on ETH in the first what it loses on BTC, so that only the second is left.
    assert found.apart_usd == {"account": D(2_500), "coin": D(2_500), "position": D(7_500)}
    saved = {
        (each.of, each.first, each.second): (each.apart_usd, each.together_usd, each.saved_usd)
        for each in found.offsets
    }
    assert saved == {
        ("position", "a BTC-PERP", "a ETH-PERP"): (D(7_500), D(2_500), D(5_000)),
        ("position", "a BTC-PERP", "b BTC-L"): (D(5_000), D(0), D(5_000)),
        ("position", "a ETH-PERP", "b BTC-L"): (D(2_500), D(2_500), D(0)),
        ("coin", "ETH", "BTC"): (D(2_500), D(2_500), D(0)),
        ("account", "a", "b"): (D(2_500), D(2_500), D(0)),
    }
    fewer = require_together(held, "desk", market(), FALLS, model(), pairs_count_max=2)
    assert not isinstance(fewer, Failure)
    # Three positions would make three pairs: the two that need most make one.
    pairs = [(each.first, each.second) for each in fewer.offsets if each.of == "position"]
    assert pairs == [("a BTC-PERP", "a ETH-PERP")]
    untold = require_together(held, "desk", market(), FALLS, model())
    assert not isinstance(untold, Failure)
    assert (untold.margin, untold.apart_usd, untold.offsets) == (found.margin, {}, ())
