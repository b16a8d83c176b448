"""Legs that only help together: the cells of a venue's scan stand in the programme themselves."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.hedging import Offer, crossing_and_fee_usd
from hedgerow.limits import Survey
from hedgerow.margin import MarginReport, require, require_across
from hedgerow.market import NO_SHOCK
from hedgerow.planning import Joint, joint
from hedgerow.planning.done import traded_at_cost
from tests.rooms.planning.test_joint_options import (
    NOW,
    RULES,
    TERMS,
    desk,
    limit,
    offers,
)

D = Decimal
NODE = "desk/deribit/deri"
SOLD: dict[str, Any] = {"BTC-1200-call": -8, "BTC-800-put": -8}
STRADDLE: dict[str, Any] = {"BTC-1000-call": -5, "BTC-1000-put": -5}
WINGS = ("BTC-1200-call", "BTC-800-put")


def _planned(
    held: dict[str, Any], btc: str, use_frac: float, names: tuple[str, ...]
) -> tuple[Survey, list[Offer], Joint]:
    asked = (limit(NODE, "margin_use_frac", use_frac, 0.95),)
    now = desk(asked, held=held, btc=btc)
    offered = [each for each in offers(now) if each.instrument_id in names]
    found = joint(now, asked, offered, (), TERMS, RULES)
    assert isinstance(found, Joint), found
    return now, offered, found


@pytest.mark.parametrize("use_frac", [0.1, 0.05])
def test_a_strangle_is_capped_by_both_legs_at_least_cost(use_frac: float) -> None:
    """Each leg alone leaves the other side the worst: no slope of the requirement sees it help.

    Against every plan of both legs in lots, each done exactly and judged by the venue's rules.
    """
    now, offered, found = _planned(SOLD, "1.5", use_frac, WINGS)
    assert not found.broken
    assert {each.instrument_id for each in found.trades} == set(WINGS)
    holder = now.book.account("deri")
    costs, accounts = [], []
    for lots in np.ndindex(81, 81):
        amounts = [D(lot) / 10 for lot in lots]
        paid = [
            sum(crossing_and_fee_usd(each, float(amount)))
            for each, amount in zip(offered, amounts, strict=True)
        ]
        after = holder
        for each, amount, cost in zip(offered, amounts, paid, strict=True):
            if amount:
                after = traded_at_cost(after, each, amount, NOW, cost)
        costs.append(sum(paid))
        accounts.append(after)
    told = require_across(accounts, TERMS, NOW, [NO_SHOCK], RULES)
    # A plan stops a twentieth inside a soft limit, as it does for every limit.
    wanted = 0.95 * use_frac * told.equity_ccy[:, 0]
    held = told.requirement_maintenance_ccy[:, 0] <= wanted + 1e-9
    best_usd = np.min(np.array(costs)[held])
    lot_usd = max(sum(crossing_and_fee_usd(each, 0.1)) for each in offered)
    assert found.cost_usd == pytest.approx(best_usd, abs=2 * lot_usd)
    report = require(found.after.book.account("deri"), TERMS, NOW, RULES["scan"])
    assert isinstance(report, MarginReport)
    assert float(report.use_frac or 0) <= use_frac


@pytest.mark.parametrize("use_frac", [0.2, 0.1, 0.05])
def test_a_straddle_is_brought_inside_whichever_cell_becomes_the_worst(use_frac: float) -> None:
    """Wings move the worst cell to the middle, where only the straddle's own legs help."""
    names = (*WINGS, "BTC-1000-call", "BTC-1000-put")
    now, _, found = _planned(STRADDLE, "1.9", use_frac, names)
    assert not found.broken
    assert found.cost_usd < 10.0
    state = next(each for each in now.limits if each.node == NODE)
    assert state.value_frac_usd_or_coin is not None
    assert state.value_frac_usd_or_coin > 0.3


def test_one_leg_alone_cannot_and_says_so() -> None:
    _, _, found = _planned(SOLD, "1.5", 0.1, WINGS[:1])
    assert found.broken
    assert found.conflicts == (f"{NODE} margin_use_frac",)


def test_one_more_instrument_never_makes_a_plan_dearer() -> None:
    found = [
        _planned(SOLD, "1.5", 0.1, names)[2]
        for names in (WINGS, (*WINGS, "BTC-1000-call"), (*WINGS, "BTC-1000-call", "BTC-1000-put"))
    ]
    assert not any(each.broken for each in found)
    bounds = [each.bound_usd for each in found]
    assert bounds == sorted(bounds, reverse=True) or np.ptp(bounds) < 1e-6


def test_an_account_that_nothing_is_offered_on_is_still_judged() -> None:
    asked = (limit(NODE, "margin_use_frac", 0.1, 0.95),)
    now = desk(asked, held=SOLD, btc="1.5")
    found = joint(now, asked, (), (), TERMS, RULES)
    assert not isinstance(found, Failure)
    assert not found.trades
    assert [(each.node, each.metric) for each in found.broken] == [(NODE, "margin_use_frac")]
    assert found.remark == "a limit is broken, and there is nothing to trade or move"
