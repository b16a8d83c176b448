"""How much brings an account back: the least amount, by the venue's own rules.

The amount is searched for in whole steps, and of each the account is judged anew as if it had come.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.limits.arrival import Use, arrived
from hedgerow.margin import Rulebook, terms_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["Goal", "Patient", "amount_to_goals"]

# More steps than any account is worth: 10^30 of the smallest there are.
_STEPS_COUNT_MAX: Final = 10**30


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """An account to be brought back, and all that its venue judges it by."""

    account: Account
    instruments: Mapping[str, Instrument]
    snapshot: Snapshot
    rulebook: Rulebook


# Whether an account is where it is to be.
Goal: TypeAlias = Callable[[Account], Outcome[bool]]


def amount_to_goals(
    patient: Patient, goals: Sequence[Goal], asset: str, use: Use, step_coin: Decimal
) -> Outcome[Decimal]:
    """Give the least number of steps of an asset that reaches every goal, as an amount.

    More must never be worse than less; of all venues here it is not. A goal is asked only of
    amounts that reach those before it: put first what is cheap to ask.

    Returns
    -------
    Decimal or Failure
        Zero where the account is there already. A failure where no amount is enough, as where all
        that is owed does not suffice, or where a goal does not know.
    """
    # A balance is no market's: only a supply and a repayment ask whose loan it is.
    market = None if use == "balance" else terms_of(patient.rulebook).market
    steps_count = 0
    for goal in goals:

        def is_enough(steps_count: int, goal: Goal = goal) -> Outcome[bool]:
            changed = arrived(
                patient.account,
                asset,
                use,
                steps_count * step_coin,
                patient.snapshot,
                patient.instruments,
                market=market,
            )
            return changed if isinstance(changed, Failure) else goal(changed)

        found = _least_count(is_enough, steps_count)
        if isinstance(found, Failure):
            return found
        if found is None:
            return Failure(
                subject=patient.account.account_id,
                reason="no_source",
                message=f"no amount of {asset} to {use} is enough to end the call; "
                "reduce its positions",
            )
        steps_count = found
    return steps_count * step_coin


def _least_count(
    is_enough: Callable[[int], Outcome[bool]], least_count: int
) -> Outcome[int | None]:
    """Give the least number from `least_count` on that is enough; None where none is."""
    low, high = least_count - 1, least_count  # low is not enough, or not asked
    while True:
        found = is_enough(high)
        if isinstance(found, Failure):
            return found
        if found:
            break
        if high > _STEPS_COUNT_MAX:
            return None
        low, high = high, least_count + max(1, 4 * (high - least_count))
    while high - low > 1:
        middle = (low + high) // 2
        found = is_enough(middle)
        if isinstance(found, Failure):
            return found
        low, high = (low, middle) if found else (middle, high)
    return high
