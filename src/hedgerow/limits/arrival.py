"""Coins that come to an account: what it is with them, and how many of them bring it back.

They come into a balance, into a supply, or off a debt. How many are enough is searched for in whole
steps, and of each the account is judged anew as if it had come.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook, terms_of
from hedgerow.margin.loans import loan_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, with_balance, with_only_position

__all__ = ["Goal", "Patient", "Use", "amount_to_goals", "arrived", "lending_market"]

Use: TypeAlias = Literal["balance", "supply", "repay"]
# Whether an account is where it is to be.
Goal: TypeAlias = Callable[[Account], Outcome[bool]]

_RAY = Decimal(10) ** 27
# More steps than any account is worth: 10^30 of the smallest there are.
_STEPS_COUNT_MAX: Final = 10**30


def arrived(
    account: Account,
    asset: str,
    use: Use,
    quantity_coin: Decimal,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    *,
    market: str | None,
) -> Outcome[Account]:
    """Give the account with so many coins more; of a repayment no more than is owed counts.

    Parameters
    ----------
    market
        The lending market that the account is a position of, by `lending_market`: another market's
        loan of the same asset is not the account's.

    Returns
    -------
    Account or Failure
        A failure where no instrument of the market takes the asset so, or its lending index is
        unknown.
    """
    if use == "balance":
        return with_balance(account, asset, quantity_coin)
    terms = None if market is None else loan_of(instruments, market, asset, is_debt=use == "repay")
    if terms is None:
        return Failure(
            subject=account.account_id,
            reason="unsupported",
            message=f"{asset} cannot be used to {use}",
        )
    index = snapshot.lending(terms.market, terms.asset)
    if isinstance(index, Failure):
        return index
    ray = index.liquidity_index_ray if use == "supply" else index.borrow_index_ray
    change = quantity_coin * _RAY / ray
    old = account.quantity_contracts(terms.instrument_id)
    new = old + change if use == "supply" else min(old + change, Decimal(0))
    return with_only_position(account, terms.instrument_id, new)


def lending_market(account: Account, rulebooks: Mapping[str, Rulebook]) -> str | None:
    """Name the lending market an account is a position of; None of exchanges and of wallets."""
    rulebook = rulebooks.get(account.rulebook or "")
    return None if rulebook is None else terms_of(rulebook).market


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """An account to be brought back, and all that its venue judges it by."""

    account: Account
    instruments: Mapping[str, Instrument]
    snapshot: Snapshot
    rulebook: Rulebook


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
