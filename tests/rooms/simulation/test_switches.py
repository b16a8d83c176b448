"""A simulated lending market lets an account switch its category where the protocol would."""

import msgspec
import pytest

from hedgerow.execution import Receipt
from hedgerow.margin.venues.aave_rulebook import LendingCategory
from hedgerow.planning import Switch
from hedgerow.simulation import World
from tests.rooms.simulation.desk import (
    INSTRUMENTS,
    LENDING,
    T0,
    TIERED,
    held,
    loan,
    market,
    perp,
    snapshot,
)

JOINED = msgspec.structs.replace(
    LENDING,
    name="joined",
    e_mode=LendingCategory(
        ltv_bps=8800,
        liquidation_threshold_bps=9000,
        liquidation_bonus_bps=10100,
        members=["wstETH"],
        borrowable=["USDC"],
    ),
)


def world(owed: str, rulebook: str = "lending") -> World:
    """One coin of 2,500 dollars is supplied."""
    account = msgspec.structs.replace(loan("1", owed), rulebook=rulebook)
    made = World(
        accounts=(account, perp("1")),
        instruments=INSTRUMENTS,
        rulebooks={"lending": LENDING, "joined": JOINED, "tiered": TIERED},
    )
    made.settle(snapshot(*market()))
    return made


def switch(to: str, account_id: str = "loan") -> Switch:
    return Switch(
        client_id="s1", account_id=account_id, rulebook=to, cost_expected_usd=1.0, reason=""
    )


def asked(here: World, what: Switch) -> Receipt:
    receipt = here.switch(what, T0)
    assert here.query("s1", T0) == receipt
    assert here.switch(what, T0) == receipt, "a repeated client id is the same leg"
    return receipt


def test_an_account_is_judged_by_the_category_that_it_joined() -> None:
    """1,900 owed are less than 2,500 x 0.80, and so with 0.90."""
    here = world("1900")
    assert asked(here, switch("joined")).status == "filled"
    assert held(here, "loan").rulebook == "joined"
    before = held(here, "loan")
    # At 2,250 a coin 1,800 count outside of the category, 2,025 in it: nobody is liquidated.
    here.settle(snapshot(*market(steth="2250")))
    assert held(here, "loan").positions == before.positions
    assert here.drain().liquidations == ()
    outside = world("1900")
    outside.settle(snapshot(*market(steth="2250")))
    assert len(outside.drain().liquidations) == 1


def test_what_the_protocol_refuses_changes_nothing() -> None:
    here = world("2100", "joined")
    receipt = asked(here, switch("lending"))
    assert receipt.status == "rejected"
    # 2,000 over 2,100.
    assert "health factor would be 0.95238095238095238" in receipt.message
    assert held(here, "loan").rulebook == "joined"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (switch("unheard"), "no rulebook unheard here"),
        (switch("joined", "nobody"), "no account nobody here"),
        (switch("joined", "perp"), "has no categories to switch between"),
    ],
)
def test_what_is_not_there_is_refused(what: Switch, said: str) -> None:
    receipt = asked(world("1000"), what)
    assert receipt.status == "rejected"
    assert said in receipt.message


def test_before_the_market_has_opened_nothing_is_switched() -> None:
    here = World(
        accounts=(loan("1", "1"),),
        instruments=INSTRUMENTS,
        rulebooks={"lending": LENDING, "joined": JOINED},
    )
    assert "has not opened" in here.switch(switch("joined"), T0).message
    assert held(here, "loan").rulebook == "lending"
