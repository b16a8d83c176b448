"""What a joint plan comes to: its moves, the desk after them, and which of two plans is worse."""

from collections.abc import Sequence
from dataclasses import dataclass

from hedgerow.errors import Failure
from hedgerow.hedging import Ask, ChosenTrade, Offer
from hedgerow.limits import METRICS, LimitState, Survey
from hedgerow.planning.costs import ChosenMove, ChosenSwap, ModeSwitch
from hedgerow.planning.wants import Demand
from hedgerow.solving import Shadow

__all__ = ["Joint", "badness", "is_further_out"]

# What is broken counts as broken by so much of its bound at least: more than `badness` rounds away
# (1e-9), less than any breach that anybody sees.
_BROKEN_FRAC = 1e-6
# Who has no equity has no use of it, and is beyond hard. That is finite, so that of two plans which
# leave such accounts the other limits still tell the better one; and no use of what equity is left
# counts for as much, though it grows without end: from half of it on less and less is added.
_NO_EQUITY_FRAC = 10.0
# Fees and what a trade does to its own account move what is hard by less than this share of it; who
# trades two sides one after the other moves it by much more.
_FURTHER_FRAC = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """The moves, and the desk after them.

    `after` is the survey of the desk with everything done exactly and arrived; `cost_usd` leaves
    out what is `uncounted`; `bound_usd` is what no moves cost less than, by the programme
    they were chosen with, and `excess_frac` by how much they break its bounds, each over its scale:
    in whole lots not all may hold. `unplanned` are limits that were left out and `refused` what
    could not be traded or moved, each with the reason.
    `lacking` are demands of accounts that do not hold while something is on its way to them,
    `demands` all that were made of accounts and could be judged.
    `switches` and then `swaps` are done first of all, and trades and moves were chosen for the desk
    after them.
    """

    trades: tuple[ChosenTrade, ...]
    moves: tuple[ChosenMove, ...]
    cost_usd: float
    bound_usd: float
    excess_frac: float
    before: Survey
    after: Survey
    offers: tuple[Offer, ...]
    asks: tuple[Ask, ...]
    shadows: tuple[Shadow, ...]
    conflicts: tuple[str, ...]
    unplanned: tuple[Failure, ...]
    refused: tuple[Failure, ...]
    remark: str
    lacking: tuple[str, ...] = ()
    switches: tuple[ModeSwitch, ...] = ()
    swaps: tuple[ChosenSwap, ...] = ()
    demands: tuple[Demand, ...] = ()

    @property
    def uncounted(self) -> tuple[str, ...]:
        """What nobody knows of its cost, so that no cost has it: fundings, and being late."""
        fundings = [each.instrument_id for each in self.trades if each.carry_usd is None]
        late = [each.route.target_account_id for each in self.moves if each.late_usd is None]
        return tuple(
            dict.fromkeys(
                [f"the funding of {each}" for each in fundings]
                + [f"being late at {each}" for each in late]
            )
        )

    @property
    def broken(self) -> tuple[LimitState, ...]:
        """The limits that are still beyond soft or hard after it."""
        return tuple(each for each in self.after.limits if each.rung in ("soft", "hard"))

    @property
    def worsened(self) -> tuple[LimitState, ...]:
        """The limits that are hard, or unknown, after it and were not before."""
        was = {each.key: each.rung for each in self.before.limits}
        return tuple(
            each
            for each in self.after.limits
            if each.rung in ("hard", "unknown") and was.get(each.key) != each.rung
        )


def badness(plan: Joint) -> tuple[int, float, float]:
    """Say what it makes worse, then how far limits are still broken, then what it costs."""
    beyond = 0.0
    for state in plan.broken:
        value, soft = state.value_frac_usd_or_coin, state.soft_frac_usd_or_coin
        if value is None:
            far = _NO_EQUITY_FRAC
        elif METRICS[state.metric].side == "floor":
            far = 1.0 - value / soft if soft else 1.0
        else:
            # A limit at zero is always broken: the nearer to it the better.
            far = abs(value) / soft - 1.0 if soft else abs(value) / (1.0 + abs(value))
            if METRICS[state.metric].mended_by == "use" and far > _NO_EQUITY_FRAC / 2.0:
                far = _NO_EQUITY_FRAC - _NO_EQUITY_FRAC**2 / 4.0 / far
        # At its bound a limit is broken, by however little: no saving is worth that.
        beyond += max(far, _BROKEN_FRAC) + (1.0 if state.rung == "hard" else 0.0)
    worse_count = len(plan.worsened) + len(plan.lacking)
    return (worse_count, round(beyond, 9), plan.cost_usd)


def is_further_out(then: LimitState, ends: Sequence[LimitState]) -> bool:
    """Say whether a limit stands further outside than at both ends, by more than a hundredth.

    The hundredth is of its hard bound, or of where it stood where that is more.
    """
    stood = [each.value_frac_usd_or_coin for each in ends]
    value, hard = then.value_frac_usd_or_coin, then.hard_frac_usd_or_coin
    known = [each for each in stood if each is not None]
    # Hard without a number has no equity: nothing is further out.
    if value is None or len(known) < len(stood):
        return then.rung == "hard" and len(known) == len(stood)
    is_floor = METRICS[then.metric].side == "floor"
    worst = min(known) if is_floor else max(abs(each) for each in known)
    beyond = worst - value if is_floor else abs(value) - worst
    return beyond > _FURTHER_FRAC * max(hard, abs(worst))
