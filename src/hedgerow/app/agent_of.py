"""The agent that a desk file chooses."""

from hedgerow.agents import DeskAgent, JointAgent
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market
from hedgerow.execution import Agent
from hedgerow.instruments import EntryContract, Option
from hedgerow.planning import LATE_STATEMENT

__all__ = ["agent_of"]


def agent_of(desk: Desk, market: Market) -> Agent:
    """Make it: bands and buffers, or trades and transfers planned together."""
    if desk.planning is None:
        return DeskAgent(
            limits=desk.limits,
            hedges=desk.hedges,
            buffers=desk.buffers,
            routes=desk.routes,
            perpetuals=desk.perpetuals,
            assumptions=market.statements,
        )
    return JointAgent(
        limits=desk.limits,
        buffers=desk.buffers,
        routes=desk.routes,
        pairs=_pairs(desk),
        instruments=desk.instruments,
        depth=desk.planning.depth,
        terms=desk.planning.terms,
        chance=desk.chance,
        means=desk.planning.means,
        assumptions=(*market.statements, LATE_STATEMENT),
        switches=desk.switches,
        swaps=desk.swaps,
    )


def _pairs(desk: Desk) -> tuple[tuple[str, str], ...]:
    """List what may be traded: what the desk opens with, and what `[[hedges]]` name."""
    found = {
        (position.instrument_id, account.account_id): None
        for account in desk.accounts
        for position in account.positions
        if isinstance(desk.instruments[position.instrument_id], EntryContract | Option)
    }
    found |= {(policy.instrument_id, policy.account_id): None for policy in desk.hedges}
    return tuple(found)
