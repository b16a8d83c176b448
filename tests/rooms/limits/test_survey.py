"""One look at a desk: whole, with stale positions, and with a rulebook that is not there."""

import pytest
from msgspec.structs import replace

from hedgerow.errors import Failure
from hedgerow.limits import Limit, Survey, survey
from hedgerow.margin import MarginReport, decode_rulebook
from hedgerow.portfolio import book
from hedgerow.solvency import Distance
from hedgerow.units import SECOND_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    packaged,
    perpetual,
    quote,
    resting,
    snapshot,
    tiered_rulebook,
)

RULES = tiered_rulebook([(0, "0.01")])
LIMITS = (
    Limit(
        scope="desk/*/*",
        metric="margin_use_frac",
        soft_frac_usd_or_coin=0.5,
        hard_frac_usd_or_coin=0.8,
    ),
    Limit(
        scope="coin/BTC",
        metric="delta_spot_usd",
        soft_frac_usd_or_coin=100_000,
        hard_frac_usd_or_coin=200_000,
    ),
)


def look(age_s: int = 0, rulebook: str = "rules") -> Survey:
    perp = account(
        "perp",
        venue="binance",
        rulebook=rulebook,
        positions={"BTC-PERP": (1, 60000)},
        balances={"USDC": 10_000},
        time_ns=T0_NS - age_s * SECOND_NS,
    )
    cold = account("cold", venue="treasury", balances={"USDC": 1000})
    now = snapshot(index("BTC", 60000), quote("BTC-PERP", 60000))
    return survey(book([perp, cold], by_id(perpetual())), now, {"rules": RULES}, LIMITS)


def test_a_whole_desk() -> None:
    state = look(15)
    assert list(state.reports) == list(state.distances) == ["desk/binance/perp"]
    report, far = state.reports["desk/binance/perp"], state.distances["desk/binance/perp"]
    assert isinstance(report, MarginReport)
    assert report.requirement_maintenance_ccy == 600
    assert isinstance(far, Distance)
    assert {(s.node, s.rung) for s in state.limits} == {
        ("desk/binance/perp", "calm"),
        ("coin/BTC", "calm"),
    }


def test_stale_positions_have_no_requirement_no_distance_and_no_sure_delta() -> None:
    state = look(16)
    for outcome in (state.reports["desk/binance/perp"], state.distances["desk/binance/perp"]):
        assert isinstance(outcome, Failure)
        assert (outcome.reason, outcome.subject) == ("stale_data", "perp")
        assert outcome.message == "positions are 16 s old, the limit is 15 s (ages.account)"
    assert [s.rung for s in state.limits] == ["unknown", "unknown"]


def test_an_account_whose_rulebook_is_not_at_hand_is_unknown() -> None:
    state = look(rulebook="other/2020-01-01")
    outcome = state.reports["desk/binance/perp"]
    assert isinstance(outcome, Failure)
    assert (outcome.reason, outcome.message) == (
        "missing_data",
        "rulebook other/2020-01-01 is not at hand",
    )
    assert {(s.node, s.rung) for s in state.limits} == {
        ("desk/binance/perp", "unknown"),
        ("coin/BTC", "calm"),
    }


def test_an_order_in_what_is_not_held_is_asked_margin_for_and_is_no_exposure() -> None:
    """100 ETH at 2,200 are 220,000 of notional: the tier of 1 % initial, at the least, is 2,200."""
    rules = decode_rulebook(packaged("binance/2021-11-01"), where="packaged")
    now = snapshot(
        index("BTC", 60000), quote("BTC-PERP", 60000), index("ETH", 2200), quote("ETH-PERP", 2200)
    )
    found = [
        survey(
            book(
                [
                    account(
                        rulebook=rules.name,
                        positions={"BTC-PERP": (1, 60000)},
                        balances={"USDC": 10_000},
                        orders=orders,
                    )
                ],
                by_id(perpetual(), perpetual("ETH")),
            ),
            now,
            {rules.name: rules},
            LIMITS,
        )
        for orders in ((), (resting("ETH-PERP", 100, 2200),))
    ]
    bare, ordered = (state.reports["desk/venue/main"] for state in found)
    assert isinstance(bare, MarginReport)
    assert isinstance(ordered, MarginReport)
    assert ordered.requirement_initial_ccy - bare.requirement_initial_ccy == 2200
    assert isinstance(found[1].distances["desk/venue/main"], Distance)
    assert found[1].exposures == found[0].exposures


def test_an_account_that_was_looked_at_is_not_judged_again_and_the_answer_is_the_same() -> None:
    state = look(15)
    other = account("two", venue="binance", rulebook="rules", balances={"USDC": 5})
    more = book([*state.book.accounts, other], by_id(perpetual()))
    again = survey(more, state.snapshot, {"rules": RULES}, LIMITS, known=[state])
    afresh = survey(more, state.snapshot, {"rules": RULES}, LIMITS)
    node = "desk/binance/perp"
    assert again.reports[node] is state.reports[node]
    assert again.distances[node] is state.distances[node]
    assert again.limits == afresh.limits
    assert again.reports == afresh.reports


@pytest.mark.parametrize("contracts", [1, -1])
def test_who_can_be_liquidated_and_has_no_rulebook_is_unknown(contracts: int) -> None:
    why = "it has positions and no rulebook"
    positions = {"BTC-PERP": (contracts, 60000)}
    bare = account("perp", venue="binance", positions=positions, balances={"USDC": 10_000})
    cold = account("cold", venue="treasury", balances={"USDC": 1000})
    now = snapshot(index("BTC", 60000), quote("BTC-PERP", 60000))
    limits = [
        replace(LIMITS[0], metric=metric)
        for metric in ("margin_use_frac", "liquidation_probability_frac")
    ]
    far = Limit(
        scope="desk/*/*",
        metric="distance_spot_frac",
        soft_frac_usd_or_coin=0.2,
        hard_frac_usd_or_coin=0.1,
    )
    state = survey(book([bare, cold], by_id(perpetual())), now, {"rules": RULES}, [*limits, far])
    assert list(state.reports) == list(state.distances) == ["desk/binance/perp"]
    for outcome in (state.reports["desk/binance/perp"], state.distances["desk/binance/perp"]):
        assert isinstance(outcome, Failure)
        assert (outcome.subject, outcome.reason, outcome.message) == ("perp", "missing_data", why)
    assert [(s.node, s.rung, s.message) for s in state.limits] == [
        ("desk/binance/perp", "unknown", why)
    ] * 3
    # Another look at the same market takes it from there.
    again = survey(state.book, now, {"rules": RULES}, [far], known=[state])
    assert again.reports["desk/binance/perp"] is state.reports["desk/binance/perp"]
