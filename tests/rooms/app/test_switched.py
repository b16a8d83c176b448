"""A desk that may switch an e-mode does so through the journal, the guards and the venue."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hedgerow.app.desk import JointPlanning
from hedgerow.app.episode import play
from hedgerow.app.feed import open_market
from hedgerow.execution import Header, Journal, read
from hedgerow.hedging import Depth
from hedgerow.margin.venues.aave_rulebook import LendingCategory, LendingRulebook
from hedgerow.planning import JointTerms, ModeSwitch, Switch
from hedgerow.units import HOUR_NS

JOINED = "aave-eth/2023-06-20"


@pytest.mark.slow
def test_a_loan_is_brought_back_by_a_switch_and_judged_by_it_from_then_on(tmp_path: Path) -> None:
    desk, market = open_market(None, None, 7)
    (loan,) = (each for each in desk.accounts if each.venue == "aave")
    plain = desk.rulebooks[loan.rulebook or ""]
    assert isinstance(plain, LendingRulebook)
    joined = msgspec.structs.replace(
        plain,
        name=JOINED,
        venue="aave-eth",
        e_mode=LendingCategory(
            ltv_bps=9000,
            liquidation_threshold_bps=9300,
            liquidation_bonus_bps=10100,
            members=["wstETH"],
            borrowable=["USDC"],
        ),
    )
    desk = replace(
        desk,
        rulebooks={**desk.rulebooks, JOINED: joined},
        switches=(ModeSwitch(account_id=loan.account_id, rulebook=JOINED, gas_usd=4.0),),
        planning=JointPlanning(means="joint", depth=Depth(), terms=JointTerms()),
        step_ns=HOUR_NS,
    )
    path = tmp_path / "journal.db"
    header = Header(
        desk_digest="d" * 64,
        rulebooks_digest="e" * 64,
        data_name=market.name,
        data_digest=market.digest,
        seed=7,
        mode=desk.mode,
    )
    with Journal.create(path, header, time_ns=desk.start_ns) as journal:
        played = play(desk, market, journal, is_quiet=True, is_brief=True)
    switches = [each for each in played.actions if isinstance(each.leg, Switch)]
    assert [(each.status, each.cost_usd) for each in switches] == [("filled", 0.0)]
    assert "judged by aave-eth/2023-06-20 from now on" in switches[0].message
    assert played.liquidations == ()
    rows = [row.kind for row in read(path) if row.client_id == switches[0].leg.client_id]
    assert rows == ["intent", "sent", "filled"]
