"""What capital would be free if positions lay elsewhere, or an account were kept another way.

Nothing is moved: each question is put to the margin engines as a whole account before and after.
Free is what an account has above its initial requirement, which is what a venue lets one withdraw;
so a difference in what counts as collateral is part of the answer. A position is moved as if the
other venue listed the same contract at the same mark; what trading it twice costs stands beside.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from hedgerow.collateral.records import Freed
from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.instruments import EntryContract, Option, settlement_of
from hedgerow.limits import Survey, account_node
from hedgerow.margin import MarginReport, Rulebook, mark_ccy, require, terms_of, with_leg
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import unit_ccy
from hedgerow.units import digits_of

__all__ = ["freed"]


def freed(survey: Survey, rulebooks: Mapping[str, Rulebook]) -> tuple[Outcome[Freed], ...]:
    """Ask for every mode of each account's own venue, and for every position elsewhere.

    Parameters
    ----------
    rulebooks
        Those at hand; one of another kind of an account's venue is another mode of it. A dated one
        is left out where its name without the date is there too.

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
        own = rulebooks[account.rulebook or ""]
        for name, rulebook in sorted(rulebooks.items()):
            # Another kind of rulebook is another mode; the same kind is another date or market.
            # A mode's venue is named after its house: okx-portfolio is of okx.
            is_house = rulebook.venue.partition("-")[0] == own.venue.partition("-")[0]
            is_mode = is_house and type(rulebook) is not type(own)
            is_told = "/" in name and name.partition("/")[0] in rulebooks
            if not is_mode or is_told:
                continue
            after = require(account, survey.book.terms, survey.snapshot, rulebook)
            if isinstance(after, Failure):
                yield _asked(after, f"{account.account_id} by {name}")
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
    before: Sequence[MarginReport],
    terms: EntryContract | Option,
    quantity_contracts: Decimal,
) -> Outcome[Freed]:
    """Ask both accounts for one position of the first in the second."""
    source, target = ends
    question = f"{terms.instrument_id} from {source.account_id} to {target.account_id}"
    mark = mark_ccy(terms, survey.snapshot)
    if isinstance(mark, Failure):
        return mark
    price = digits_of(mark)
    try:
        changed = [
            with_leg(source, terms, -quantity_contracts, price),
            with_leg(target, terms, quantity_contracts, price),
        ]
    except OutOfDomain as bad:
        return Failure(subject=question, reason="unsupported", message=str(bad))
    after: list[MarginReport] = []
    for account in changed:
        report = require(
            account, survey.book.terms, survey.snapshot, rulebooks[account.rulebook or ""]
        )
        if isinstance(report, Failure):
            return _asked(report, question)
        after.append(report)
    change = _change(before, after, survey.snapshot)
    if isinstance(change, Failure):
        return change
    fees = _fees_usd(survey, rulebooks, ends, terms, quantity_contracts, price)
    return Freed(
        how="move",
        account_id=source.account_id,
        target=target.account_id,
        instrument_id=terms.instrument_id,
        initial_before_usd=change[0],
        initial_after_usd=change[1],
        freed_usd=change[2],
        fees_usd=None if isinstance(fees, Failure) else fees,
        fees_missing=fees if isinstance(fees, Failure) else None,
    )


def _asked(found: Failure, question: str) -> Failure:
    """Name the question that an engine refuses: the account as it is has an answer.

    What is missing keeps its own name, by which one finds what to write.
    """
    if found.reason != "unsupported":
        return found
    return msgspec.structs.replace(found, subject=question)


def _change(
    before: Sequence[MarginReport], after: Sequence[MarginReport], snapshot: Snapshot
) -> Outcome[tuple[Decimal, Decimal, Decimal]]:
    """Give initial requirements before and after, and what more is free, all in dollars."""
    totals: list[tuple[Decimal, Decimal]] = []
    for reports in (before, after):
        initial, free = Decimal(0), Decimal(0)
        for report in reports:
            price = _price_usd(report.currency, snapshot)
            if isinstance(price, Failure):
                return price
            initial += report.requirement_initial_ccy * price
            free += (report.equity_ccy - report.requirement_initial_ccy) * price
        totals.append((initial, free))
    return totals[0][0], totals[1][0], totals[1][1] - totals[0][1]


def _price_usd(currency: str, snapshot: Snapshot) -> Outcome[Decimal]:
    if currency == "USD":
        return Decimal(1)
    return snapshot.spot_usd(currency)


def _fees_usd(
    survey: Survey,
    rulebooks: Mapping[str, Rulebook],
    ends: tuple[Account, Account],
    terms: EntryContract | Option,
    quantity_contracts: Decimal,
    price_ccy: Decimal,
) -> Outcome[Decimal]:
    """Give the takers' fees at both ends, at the mark; a failure where one of them is unknown."""
    settled = _price_usd(settlement_of(terms), survey.snapshot)
    if isinstance(settled, Failure):
        return settled
    forward_usd = Decimal(1)
    if isinstance(terms, Option) and not terms.is_coin_settled:
        marked = survey.snapshot.option(terms)
        if isinstance(marked, Failure):
            return marked
        forward_usd = digits_of(marked.forward_usd)
    total_usd = Decimal(0)
    for account in ends:
        rulebook = rulebooks[account.rulebook or ""]
        charges = terms_of(rulebook).charges
        if charges is None:
            return Failure(
                subject=account.account_id,
                reason="missing_data",
                message=f"its rulebook {rulebook.name} does not say what a trade costs",
            )
        if isinstance(terms, Option):
            coins = abs(quantity_contracts) * terms.multiplier_coin_per_contract
            fee_ccy = coins * charges.fee_of_option_ccy(forward_usd, price_ccy)
        else:
            fee_ccy = charges.fee_taker_frac * abs(quantity_contracts * unit_ccy(terms, price_ccy))
        total_usd += fee_ccy * settled
    return total_usd
