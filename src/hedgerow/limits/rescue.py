"""How much brings an account back: the least amount, by the venue's own rules.

The amount is searched for in whole steps, and the venue's engine says of each whether it is enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.limits.arrival import Use, arrived
from hedgerow.margin import Rulebook, require
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account

__all__ = ["Goal", "Patient", "amount_to_goal", "moves_both_ways"]

# More steps than any account is worth: 10^30 of the smallest there are.
_STEPS_COUNT_MAX: Final = 10**30


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """An account to be brought back, and all that its venue judges it by."""

    account: Account
    instruments: Mapping[str, Instrument]
    snapshot: Snapshot
    rulebook: Rulebook


@dataclass(frozen=True, slots=True)
class Goal:
    """Where an account is to be: at that use or below, and not liquidatable after any shock."""

    use_frac: Decimal
    shocks: tuple[Shock, ...] = ()


def amount_to_goal(
    patient: Patient, goal: Goal, asset: str, use: Use, step_coin: Decimal
) -> Outcome[Decimal]:
    """Give the least number of steps of an asset that reaches a goal, as an amount.

    More must never be worse than less; of all venues here it is not.

    Returns
    -------
    Decimal or Failure
        Zero where the account is there already. A failure where no amount is enough, as where all
        that is owed does not suffice, or where the requirement is unknown.
    """

    def is_enough(steps_count: int) -> Outcome[bool]:
        changed = arrived(
            patient.account,
            asset,
            use,
            steps_count * step_coin,
            patient.snapshot,
            patient.instruments,
        )
        return changed if isinstance(changed, Failure) else _is_there(changed, patient, goal)

    low, high = -1, 0  # low is not enough, or not asked
    while True:
        found = is_enough(high)
        if isinstance(found, Failure):
            return found
        if found:
            break
        if high > _STEPS_COUNT_MAX:
            return Failure(
                subject=patient.account.account_id,
                reason="no_source",
                message=f"no amount of {asset} to {use} brings it to {goal.use_frac:.1%} of its "
                "equity; reduce its positions",
            )
        low, high = high, max(1, 4 * high)
    while high - low > 1:
        middle = (low + high) // 2
        found = is_enough(middle)
        if isinstance(found, Failure):
            return found
        low, high = (low, middle) if found else (middle, high)
    return high * step_coin


def _is_there(account: Account, patient: Patient, goal: Goal) -> Outcome[bool]:
    report = require(account, patient.instruments, patient.snapshot, patient.rulebook)
    if isinstance(report, Failure):
        return report
    use = report.use_frac
    if use is None or use > goal.use_frac:
        return False
    for shock in goal.shocks:
        then = require(
            account, patient.instruments, patient.snapshot.shocked(shock), patient.rulebook
        )
        if isinstance(then, Failure):
            return then
        if then.is_liquidatable:
            return False
    return True


def moves_both_ways(coins: Sequence[str], distance_frac: float) -> tuple[Shock, ...]:
    """Give the two shocks that an account must stand to be so far from its liquidation."""
    return tuple(
        Shock(spot_factor_frac=dict.fromkeys(coins, 1.0 + move))
        for move in (-distance_frac, distance_frac)
    )
