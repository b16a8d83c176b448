"""What a joint plan promises of the limits is so once the simulated venues have executed it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from hedgerow.agents import JointAgent
from hedgerow.app.agent_of import agent_of
from hedgerow.app.desk import JointPlanning
from hedgerow.app.feed import open_market
from hedgerow.execution import Decision, Receipt, View
from hedgerow.hedging import Depth
from hedgerow.market import MarketState, Snapshot
from hedgerow.planning import JointTerms, Order, Swap, Switch
from hedgerow.simulation import Frame, World, run
from hedgerow.units import MINUTE_NS

DEPTH = Depth()


@pytest.mark.slow
def test_every_limit_that_a_plan_promises_holds_once_it_is_done() -> None:
    desk, market = open_market(None, None, 7)
    joint = JointPlanning(means="joint", depth=DEPTH, terms=JointTerms())
    desk = replace(desk, planning=joint, step_ns=30 * MINUTE_NS)
    agent = agent_of(desk, market)
    assert isinstance(agent, JointAgent)
    world = World(
        accounts=desk.accounts,
        instruments=desk.instruments,
        rulebooks=desk.rulebooks,
        routes=desk.routes,
        congestion=market.congestion,
        option_depth=DEPTH,
    )
    complete: list[bool] = []
    failures: list[str] = []

    def act(decision: Decision, snapshot: Snapshot, time_ns: int) -> Iterable[Receipt]:
        receipts: list[Receipt] = []
        is_complete = True
        for leg in () if decision.plan is None else decision.plan.legs:
            assert not isinstance(leg, Switch | Swap), "the desk lists neither"
            done = world.place(leg, time_ns) if isinstance(leg, Order) else world.move(leg, time_ns)
            receipts.append(done)
            is_complete &= done.status != "rejected" and (
                not isinstance(leg, Order) or done.filled_contracts == leg.quantity_contracts
            )
        complete.append(is_complete)
        return receipts

    def observe(seen: View, decisions: Sequence[Decision]) -> Frame:
        plan = decisions[-1].plan
        if plan is not None and plan.legs and complete[-1]:
            # What the agent says next counts what is on its way as arrived.
            now = {
                (each.node, each.metric): each.rung
                for each in agent.step(seen, seen.time_ns).limits
            }
            failures.extend(
                f"{each.node} {each.metric} was to be {each.rung}, is {now[each.node, each.metric]}"
                for each in plan.limits_after
                if each.rung in ("calm", "watch")
                and now[each.node, each.metric] not in ("calm", "watch")
            )
            executed.append(len(plan.legs))
        return Frame(
            time_ns=seen.time_ns,
            prices_usd={},
            equity_usd=None,
            exposures={},
            accounts=(),
            limits=(),
            missing=(),
            option_age_ns_max=None,
        )

    executed: list[int] = []
    run(
        market.events(),
        name="joint",
        world=world,
        state=MarketState(ages=desk.ages, movers=desk.movers, dollars_usd=desk.dollars_usd),
        agents=(agent,),
        act=act,
        observe=observe,
        step_ns=desk.step_ns,
        start_ns=desk.start_ns,
        end_ns=desk.end_ns,
    )
    assert failures == []
    assert len(executed) > 5, "hardly a plan was carried out, so hardly anything was seen"
