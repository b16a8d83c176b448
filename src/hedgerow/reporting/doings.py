"""What hedgerow did so far, in one line."""

from collections.abc import Sequence

from hedgerow.planning import Transfer
from hedgerow.reporting.figures import clock, quantity, usd
from hedgerow.reporting.marks import short
from hedgerow.simulation import Action

__all__ = ["counted", "doings"]

_UNDER_WAY_MAX = 3


def counted(actions: Sequence[Action]) -> str:
    """How many actions were sent, at what cost, and how many were only proposed."""
    sent = [action for action in actions if action.status != "proposed"]
    proposals_count = len(actions) - len(sent)
    parts = []
    if sent or not proposals_count:
        word = "action" if len(sent) == 1 else "actions"
        cost = f", {usd(sum(action.cost_usd for action in sent))} USD" if sent else ""
        parts.append(f"{len(sent):,} {word}{cost}")
    if proposals_count:
        word = "proposal" if proposals_count == 1 else "proposals"
        parts.append(f"{proposals_count:,} {word}, nothing sent")
    return "; ".join(parts)


def doings(actions: Sequence[Action]) -> str:
    """One line such as ``58 actions, 789 USD; last: 20:45 sell 0.154 BTCUSDT-PERP``.

    What was sent and is not done is under way; what nobody has answered for is unresolved.
    """
    parts = [counted(actions)]
    if actions:
        last = max(actions, key=lambda action: action.time_ns)
        parts.append(f"last: {clock(last.time_ns)[-5:]} {short(last)}")
    for status, word in (("acknowledged", "under way"), ("unknown", "unresolved")):
        open_now = [_moving(action) for action in actions if action.status == status]
        if open_now:
            more = len(open_now) - _UNDER_WAY_MAX
            shown = open_now[-_UNDER_WAY_MAX:] + ([f"and {more} more"] if more > 0 else [])
            parts.append(f"{word}: {', '.join(shown)}")
    return "; ".join(parts)


def _moving(action: Action) -> str:
    leg = action.leg
    if not isinstance(leg, Transfer):
        return short(action)
    return f"{quantity(leg.quantity_coin)} {leg.asset} to {leg.target_account_id}"
