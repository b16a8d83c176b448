"""The page of the rooms goes on from a breach to the written plan; here it is walked."""

from decimal import Decimal
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import pytest

from hedgerow.agents import JointAgent
from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome
from hedgerow.execution import Allowance, View
from hedgerow.hedging import INSIDE_FRAC, Depth, Offer, offer
from hedgerow.limits import USE, FirstPassage, Limit, Survey, breaches, survey
from hedgerow.margin import MarginReport, Rulebook, terms_of
from hedgerow.planning import (
    Joint,
    JointTerms,
    Plan,
    Transfer,
    compared,
    joint_switching,
    late_cost,
    made,
)
from hedgerow.portfolio import Account, Balance, book
from hedgerow.units import MINUTE_NS, to_model
from hedgerow.venues.recordings import option_from_name
from tests.episodes.test_walk import called
from tests.episodes.walking import (
    NAME,
    PACKAGE,
    PAGE,
    STEP,
    at_the_end,
    by_room,
    climbs,
    listed,
    of_rooms,
    one_row,
    opened_in_rooms_left,
    short_put,
    visits,
)

PURSE = "purse"
LIMIT = Limit(
    scope="desk/deribit/*",
    metric=USE,
    soft_frac_usd_or_coin=0.6,
    hard_frac_usd_or_coin=0.8,
    owner="risk",
)
CHANCE = FirstPassage(vol_frac={"BTC": 0.5})


def route() -> Route:
    """Let coins come from the purse: within ten minutes, for a fee."""
    return Route(
        source_account_id=PURSE,
        target_account_id="short-put",
        asset="BTC",
        use="balance",
        latency_ns=10 * MINUTE_NS,
        fee_coin=Decimal("0.0005"),
        step_coin=STEP,
    )


class Sight(NamedTuple):
    """A look at the desk of the account and a purse with five coins, and what it was taken by."""

    state: Survey
    rulebooks: dict[str, Rulebook]


def looked(folder: Path, rulebook: Rulebook) -> Sight:
    """Look at the whole desk."""
    snapshot = at_the_end(folder)
    purse = Account(
        account_id=PURSE,
        venue="treasury",
        currency="BTC",
        rulebook=None,
        positions=(),
        balances=(Balance(asset="BTC", quantity_coin=Decimal(5)),),
        time_observed_ns=snapshot.time_ns,
    )
    accounts = short_put(snapshot, rulebook, coins=7), purse
    desk = book(accounts, {NAME: option_from_name(NAME)})
    rulebooks = {rulebook.name: rulebook}
    return Sight(survey(desk, snapshot, rulebooks, [LIMIT]), rulebooks)


def offered(sight: Sight) -> Offer:
    """Offer the put itself: it may be bought back."""
    state = sight.state
    account = state.book.account("short-put")
    charges = terms_of(sight.rulebooks[account.rulebook or ""]).charges
    terms = option_from_name(NAME)
    assert charges is not None
    found = offer(terms, account, state.snapshot, charges, Depth())
    assert not isinstance(found, Failure), found
    return found


def written(sight: Sight, chosen: Outcome[Joint]) -> Plan:
    """Write what was chosen."""
    assert not isinstance(chosen, Failure), chosen
    terms = sight.state.book.terms
    return made(chosen, [LIMIT], terms, sight.rulebooks, assumptions=(), valid_ns=MINUTE_NS)


def planned(sight: Sight) -> Plan:
    """Take a look at a desk to the written plan."""
    state, rulebooks = sight
    own, way = offered(sight), route()
    late_usd = late_cost(CHANCE, state, rulebooks)
    chosen = joint_switching(
        state, [LIMIT], [own], [way], state.book.terms, rulebooks, (), late_usd=late_usd
    )
    return written(sight, chosen)


def planned_by_agent(sight: Sight) -> Plan | None:
    """Let the agent plan that `hedgerow run` asks."""
    state = sight.state
    agent = JointAgent(
        limits=(LIMIT,),
        buffers=(),
        routes=(route(),),
        pairs=((NAME, "short-put"),),
        instruments=state.book.terms,
        depth=Depth(),
        terms=JointTerms(),
        chance=CHANCE,
        means="joint",
        assumptions=(),
    )
    view = View(
        time_ns=state.snapshot.time_ns,
        book=state.book,
        snapshot=state.snapshot,
        rulebooks=sight.rulebooks,
        pending=(),
        allowance=Allowance(),
    )
    return agent.step(view, view.time_ns).plan


def planned_as_shown(sight: Sight) -> Plan:
    """Plan in every way and write the plan of all means, as `plan make` does."""
    state, rulebooks = sight
    found = compared(
        state,
        [LIMIT],
        [offered(sight)],
        [route()],
        state.book.terms,
        rulebooks,
        terms=JointTerms(),
        late_usd=late_cost(CHANCE, state, rulebooks),
        switches=(),
        swaps=(),
        late_after=lambda after: late_cost(CHANCE, after, rulebooks),
    )
    return written(sight, found["joint"])


def test_the_walk_goes_on_from_the_breach_to_the_written_plan(tmp_path: Path) -> None:
    folder, rulebook = one_row(tmp_path), packaged_rulebooks()["deribit/2026-02-15"]
    looked(folder, rulebook)  # kernels that were never compiled are, once
    with visits(PACKAGE) as look:
        sight = looked(folder, rulebook)
    with visits(PACKAGE) as way:
        plan = planned(sight)
    page = PAGE.read_text(encoding="utf-8")
    walked = [*listed(page), *listed(page, "call")]
    opened = [name for name in look if name not in walked]
    sorted_look = {room: sorted(files) for room, files in by_room(page, "look").items()}
    assert {room: sorted(files) for room, files in of_rooms(opened).items()} == sorted_look
    new = [name for name in way if name not in (*walked, *opened)]
    to_the_plan = listed(page, "plan")
    assert [name for name in new if name in to_the_plan] == to_the_plan
    assert of_rooms([name for name in new if name not in to_the_plan]) == by_room(page, "asked")
    assert [name for name in to_the_plan if name.startswith("planning/")] == [
        name for name in new if name.startswith("planning/")
    ]
    assert opened_in_rooms_left(to_the_plan) == []
    # By hand: coins add to equity alone, and the plan stops a little inside the soft bound.
    (breach,) = breaches(sight.state.limits)
    report = sight.state.reports[breach.state.node]
    assert isinstance(report, MarginReport)
    inside_frac = INSIDE_FRAC * breach.state.soft_frac_usd_or_coin
    missing_coin = to_model(report.requirement_maintenance_ccy) / inside_frac
    missing_coin -= to_model(report.equity_ccy)
    (leg,) = plan.legs
    assert isinstance(leg, Transfer)
    assert to_model(leg.quantity_coin) == pytest.approx(missing_coin, rel=1e-6)
    assert f"{leg.quantity_coin} BTC" in page
    # The fee of the route, and 5 % a year for a day of what it ties up; no liquidation is near.
    price = sight.state.snapshot.asset("BTC")
    assert not isinstance(price, Failure)
    coins = to_model(leg.quantity_coin) * 0.05 / 365 + to_model(route().fee_coin)
    assert plan.cost_expected_usd == pytest.approx(coins * price.price_usd, abs=0.01)


def test_the_agent_and_the_command_come_the_same_way(tmp_path: Path) -> None:
    folder, rulebook = one_row(tmp_path), packaged_rulebooks()["deribit/2026-02-15"]
    sight = looked(folder, rulebook)
    plan = planned(sight)
    with visits(PACKAGE) as of_agent:
        by_agent = planned_by_agent(sight)
    with visits(PACKAGE) as of_command:
        as_shown = planned_as_shown(sight)
    assert by_agent is not None
    assert by_agent.legs == as_shown.legs == plan.legs
    on_the_way = set(listed(PAGE.read_text(encoding="utf-8"), "plan"))
    assert on_the_way <= set(of_agent)
    assert on_the_way <= set(of_command)


def test_no_file_of_the_walk_calls_one_of_a_room_further_up(tmp_path: Path) -> None:
    folder, rulebook = one_row(tmp_path), packaged_rulebooks()["deribit/2026-02-15"]
    with climbs(PACKAGE) as found:
        called(folder, rulebook)
        planned(looked(folder, rulebook))
    assert found == []


def test_a_call_up_the_corridor_is_seen(tmp_path: Path) -> None:
    def function(room: str, text: str, **known: Any) -> FunctionType:
        code = compile(text, str(tmp_path / room / "a.py"), "exec")
        exec(code, known)
        found = known["ask"]
        assert isinstance(found, FunctionType)
        return found

    upper = function("planning", "def ask(): return 1")
    lower = function("limits", "def ask(): return above()", above=upper)
    asking = function("planning", "def ask(): return below()", below=lower)
    with climbs(tmp_path) as found:
        asking()
    assert found == [("limits/a.py", "planning/a.py")]
