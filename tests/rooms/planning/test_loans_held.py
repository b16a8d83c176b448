"""What is supplied and owed, in coins: where that is unknown it is said, not taken for nothing."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.limits import Survey, loan_held_coin, survey
from hedgerow.margin import Rulebook
from hedgerow.market import LendingIndex, MarketEvent, Snapshot
from hedgerow.planning import ChosenSwap, joint, joint_switching
from hedgerow.planning.costs import route_name
from hedgerow.planning.done import Desk
from hedgerow.planning.swaps import swap_refusal, swappable_coin
from hedgerow.portfolio import Account, book
from hedgerow.units import DAY_NS
from tests.builders import (
    RAY,
    T0_NS,
    account,
    by_id,
    debt,
    index,
    lending,
    lending_rulebook,
    oracle,
    perpetual,
    quote,
    snapshot,
    staking,
    supply,
    tiered_rulebook,
)
from tests.rooms.planning.test_joint import limit
from tests.rooms.planning.test_swaps import REPAY, WAY

D = Decimal
TERMS: dict[str, Instrument] = by_id(
    supply("wstETH"), supply("USDC"), debt("USDC"), perpetual("BTC")
)
RULES: dict[str, Rulebook] = {
    "loan": lending_rulebook(wstETH=8000, USDC=8500),
    "perps": tiered_rulebook([(0, "0.05")]),
}
LIMITS = (limit("desk/*/*", "margin_use_frac", 0.5, 0.8),)
FILL = msgspec.structs.replace(REPAY, target_account_id="perps", use="balance")
# A fortieth has grown on what is supplied, a fifth on what is owed.
GROWN = {
    asset: lending(asset, supply_ray=RAY * 41 // 40, debt_ray=RAY * 6 // 5)
    for asset in ("wstETH", "USDC")
}
OLD = {
    asset: msgspec.structs.replace(each, time_ns=T0_NS - 10 * DAY_NS)
    for asset, each in GROWN.items()
}


def market(*lendings: LendingIndex) -> Snapshot:
    fixed: list[MarketEvent] = [
        index("BTC", 1000),
        quote("BTC-PERP", 1000),
        index("ETH", 100),
        oracle("wstETH", 100),
        oracle("USDC", 1),
        staking("wstETH", "ETH", "1"),
    ]
    return snapshot(*sorted([*fixed, *lendings], key=lambda each: each.time_ns))


def loan(owed: int = 700_000, rulebook: str = "loan") -> Account:
    return account(
        "loan",
        venue="aave",
        rulebook=rulebook,
        currency="USD",
        positions={"supply:wstETH": 10_000, "debt:USDC": -owed},
    )


def desk(now: Snapshot, lender: Account) -> Survey:
    """Beside the lender a million dollars, and an account that uses two thirds of what it has."""
    cold = account("cold", venue="treasury", balances={"USDC": 1_000_000})
    perps = account(
        "perps",
        venue="binance",
        rulebook="perps",
        positions={"BTC-PERP": (4, 1000)},
        balances={"USDC": 300},
    )
    return survey(book((lender, perps, cold), TERMS), now, RULES, LIMITS)


HELD = """
    asset   is_debt  coins
    wstETH  no       10250
    USDC    yes      840000
    wstETH  yes      0
    USDC    no       0
"""


@pytest.mark.parametrize("row", HELD.strip().splitlines()[1:])
def test_what_is_held_grows_with_its_own_side_of_the_index(row: str) -> None:
    """Ten thousand by 1.025, and 700,000 by 1.2."""
    asset, is_debt, coins = row.split()
    found = loan_held_coin(
        loan(), asset, market(*GROWN.values()), TERMS, RULES, is_debt=is_debt == "yes"
    )
    assert found == D(coins)


def test_who_owes_nothing_owes_nothing_whatever_the_index() -> None:
    for owed in (0, -5):
        assert loan_held_coin(loan(owed), "USDC", market(), TERMS, RULES, is_debt=True) == 0


LACKING = (
    ("gone", "loan", "missing_data"),
    ("old", "loan", "stale_data"),
    ("known", "nowhere", "missing_data"),
)


def _lacking(asset: str, state: str) -> Snapshot:
    """Give a market in which one asset's index is there, is not, or is ten days old."""
    told = {"gone": [], "old": [OLD[asset]], "known": [GROWN[asset]]}[state]
    return market(*(each for name, each in GROWN.items() if name != asset), *told)


def _why(now: Snapshot, asset: str, rulebook: str) -> Failure:
    if rulebook not in RULES:
        return Failure(
            subject="loan",
            reason="missing_data",
            message=f"rulebook {rulebook} is not at hand",
        )
    found = now.lending("aave", asset)
    assert isinstance(found, Failure)
    return found


@pytest.mark.parametrize(("state", "rulebook", "reason"), LACKING)
def test_a_debt_that_is_unknown_is_no_debt_of_nothing(
    state: str, rulebook: str, reason: str
) -> None:
    """Some 840,000 are owed, and a million is there to repay them with."""
    now = _lacking("USDC", state)
    seen = desk(now, loan(rulebook=rulebook))
    why = _why(now, "USDC", rulebook)
    assert why.reason == reason
    assert Desk(seen, LIMITS, TERMS, RULES).most_coin(REPAY) == why
    # What is filled besides, 200 against half of 400, is filled all the same.
    found = joint(seen, LIMITS, (), (REPAY, FILL), TERMS, RULES)
    assert not isinstance(found, Failure)
    assert [each.route for each in found.moves] == [FILL]
    of_route = [each for each in found.refused if each.subject == route_name(REPAY)]
    assert [(each.reason, each.message) for each in of_route] == [
        (reason, f"nobody knows what loan owes: {why.message}")
    ]
    assert not [each for each in found.refused if "owes 0" in each.message]


def test_a_debt_that_is_known_to_be_nothing_is_said_to_be() -> None:
    seen = desk(market(*GROWN.values()), loan(owed=0))
    _, refused = Desk(seen, LIMITS, TERMS, RULES).touches((), (REPAY,), ())
    (said,) = refused
    assert (said.reason, said.message) == ("no_source", "loan owes 0 USDC")


@pytest.mark.parametrize(("state", "rulebook", "reason"), LACKING)
def test_collateral_that_is_unknown_is_not_swapped_and_that_is_said(
    state: str, rulebook: str, reason: str
) -> None:
    now, lender = _lacking("wstETH", state), loan(rulebook=rulebook)
    why = _why(now, "wstETH", rulebook)
    assert why.reason == reason
    assert swappable_coin(WAY, lender, now, TERMS, RULES) == why
    swap = ChosenSwap(
        way=WAY, quantity_coin=D(1), quantity_take_coin=D(99), crossing_usd=0.1, fee_usd=0.3
    )
    assert swap_refusal(lender, swap, now, TERMS, RULES) == why
    found = joint_switching(desk(now, lender), LIMITS, (), (FILL,), TERMS, RULES, (), swaps=(WAY,))
    assert not isinstance(found, Failure)
    assert found.swaps == ()
    assert why in found.refused
