"""What capital would be free if positions lay elsewhere, or an account were kept another way.

Nothing is moved: each question is put to the margin engines as a whole account before and after.
Free is what an account has above its initial requirement, which is what a venue lets one withdraw;
so a difference in what counts as collateral is part of the answer. A position is moved as if the
other venue listed the same contract at the same mark; what trading it twice costs stands beside.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.instruments import EntryContract, Option, underlying_of
from hedgerow.limits import Survey, account_node
from hedgerow.margin import MarginReport, Rulebook, require, terms_of, with_leg
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import digits_of

__all__ = ["Freed", "freed"]


class Freed(msgspec.Struct, frozen=True, kw_only=True):
    """One way to have more free, or less where negative.

    `how` is ``mode`` where `account_id` would be kept by the rulebook `target`, and ``move`` where
    its position in `instrument_id` would lie in the account `target`. `fees_usd` is what closing
    and opening it would cost; None where a rulebook does not know its fee, nothing for a mode.
    """

    how: Literal["mode", "move"]
    account_id: str
    target: str
    instrument_id: str | None
    initial_before_usd: Decimal
    initial_after_usd: Decimal
    freed_usd: Decimal
    fees_usd: Decimal | None


def freed(survey: Survey, rulebooks: Mapping[str, Rulebook]) -> tuple[Outcome[Freed], ...]:
    """Ask for every mode of each account's own venue, and for every position elsewhere.

    Parameters
    ----------
    rulebooks
        Those at hand; another one of an account's venue is another mode of it.

    Returns
    -------
    tuple of Freed or Failure
        Most freed first; what the engines cannot answer comes last, with the reason.
    """
    found = [*_modes(survey, rulebooks), *_moves(survey, rulebooks)]
    known = [each for each in found if isinstance(each, Freed)]
    return (
        *sorted(known, key=lambda each: (-each.freed_usd, each.account_id, each.target)),
        *(each for each in found if isinstance(each, Failure)),
    )


def _judged(survey: Survey) -> Iterator[tuple[Account, MarginReport]]:
    for account in survey.book.accounts:
        report = survey.reports.get(account_node(account))
        if isinstance(report, MarginReport):
            yield account, report


def _modes(survey: Survey, rulebooks: Mapping[str, Rulebook]) -> Iterator[Outcome[Freed]]:
    for account, before in _judged(survey):
        for name, rulebook in sorted(rulebooks.items()):
            if rulebook.venue != account.venue or name == account.rulebook:
                continue
            after = require(account, survey.book.terms, survey.snapshot, rulebook)
            if isinstance(after, Failure):
                yield after
                continue
            change = _change([before], [after], survey.snapshot)
            if isinstance(change, Failure):
                yield change
                continue
            yield Freed(
                how="mode",
                account_id=account.account_id,
                target=name,
                instrument_id=None,
                initial_before_usd=change[0],
                initial_after_usd=change[1],
                freed_usd=change[2],
                fees_usd=Decimal(0),
            )


def _moves(survey: Survey, rulebooks: Mapping[str, Rulebook]) -> Iterator[Outcome[Freed]]:
    judged = list(_judged(survey))
    for source, source_before in judged:
        for target, target_before in judged:
            if source is target or target.rulebook is None or source.rulebook is None:
                continue
            takes = terms_of(rulebooks[target.rulebook]).instruments
            for position in source.positions:
                terms = survey.book.instrument(position.instrument_id)
                if isinstance(terms, EntryContract | Option) and isinstance(terms, takes):
                    yield _moved(
                        survey,
                        rulebooks,
                        (source, target),
                        [source_before, target_before],
                        terms,
                        position.quantity_contracts,
                    )


def _moved(
    survey: Survey,
    rulebooks: Mapping[str, Rulebook],
    ends: tuple[Account, Account],
    before: list[MarginReport],
    terms: EntryContract | Option,
    quantity_contracts: Decimal,
) -> Outcome[Freed]:
    """Ask both accounts for one position of the first in the second."""
    source, target = ends
    price = _mark_ccy(terms, survey.snapshot)
    if isinstance(price, Failure):
        return price
    try:
        changed = [
            with_leg(source, terms, -quantity_contracts, price),
            with_leg(target, terms, quantity_contracts, price),
        ]
    except OutOfDomain as bad:
        return Failure(subject=terms.instrument_id, reason="unsupported", message=str(bad))
    after: list[MarginReport] = []
    for account in changed:
        report = require(
            account, survey.book.terms, survey.snapshot, rulebooks[account.rulebook or ""]
        )
        if isinstance(report, Failure):
            return report
        after.append(report)
    change = _change(before, after, survey.snapshot)
    if isinstance(change, Failure):
        return change
    fees = _fees_usd(survey, rulebooks, ends, terms, quantity_contracts)
    return Freed(
        how="move",
        account_id=source.account_id,
        target=target.account_id,
        instrument_id=terms.instrument_id,
        initial_before_usd=change[0],
        initial_after_usd=change[1],
        freed_usd=change[2],
        fees_usd=fees,
    )
