"""What a plan may use of a desk: offers to trade, and what being late with a transfer costs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from hedgerow.app.desk import Desk
from hedgerow.errors import DeskRejected, Failure, HedgerowError, Outcome
from hedgerow.hedging import Depth, Offer, offer
from hedgerow.instruments import EntryContract, Instrument, Option, settlement_of
from hedgerow.limits import Survey, account_node
from hedgerow.margin import Rulebook, mark_ccy, terms_of
from hedgerow.planning import LATE_STATEMENT, Order, Plan, idle_usd, late_unknown
from hedgerow.portfolio import Account
from hedgerow.reporting.figures import duration
from hedgerow.units import DAY_NS, HOUR_NS, SECOND_NS, to_model
from hedgerow.venues.recordings import option_from_name

__all__ = ["ages_of", "interest_statements", "late_statements", "offers_of", "premiums_of"]

# What a plan leaves out of the cost of capital where a transfer changes a loan, by its use.
_INTEREST: Final = {
    "repay": "The interest that a repayment saves is not counted; `collateral plan` counts it.",
    "supply": "The interest that what is supplied earns is not counted; `collateral plan` counts "
    "it.",
}


def offers_of(
    desk: Desk,
    state: Survey,
    rulebooks: Mapping[str, Rulebook],
    patterns: Sequence[str],
    depth: Depth,
) -> tuple[tuple[Offer, ...], tuple[Failure, ...], dict[str, Instrument]]:
    """List what may be traded: what is held, what `[[hedges]]` name, what the patterns find.

    Returns
    -------
    tuple
        The offers, why others have no price, and the terms of everything held or offered.

    Raises
    ------
    DeskRejected
        If a pattern names no account, or nothing that its account may hold.
    """
    accounts = {each.account_id: each for each in state.book.accounts}
    instruments: dict[str, Instrument] = {**desk.instruments, **state.book.terms}
    wanted: dict[tuple[str, str], None] = {}
    for account in state.book.accounts:
        for position in account.positions:
            wanted[position.instrument_id, account.account_id] = None
    for policy in desk.hedges:
        wanted[policy.instrument_id, policy.account_id] = None
    for pattern in patterns:
        wanted |= dict.fromkeys(_matched(pattern, accounts, state, instruments, rulebooks))
    offers, refused = [], []
    for instrument_id, account_id in wanted:
        account, terms = accounts[account_id], instruments[instrument_id]
        if not isinstance(terms, EntryContract | Option):
            continue  # a loan, a share: moved along routes and by swaps, and not traded
        found = _offer(terms, account, state, rulebooks, depth)
        if isinstance(found, Failure):
            refused.append(found)
        else:
            offers.append(found)
    return tuple(offers), tuple(refused), instruments


def _offer(
    terms: EntryContract | Option,
    account: Account,
    state: Survey,
    rulebooks: Mapping[str, Rulebook],
    depth: Depth,
) -> Outcome[Offer]:
    """Price a trade by what the account's rulebook charges; a failure where it does not say."""
    why = "no rulebook says what an order costs there"
    if account.rulebook is not None:
        rulebook = rulebooks[account.rulebook]
        venue = terms_of(rulebook)
        if not isinstance(terms, venue.instruments):
            why = f"{rulebook.name} has no rules for it"
        elif venue.charges is None:
            why = f"{rulebook.name} does not say what an order costs"
        else:
            return offer(terms, account, state.snapshot, venue.charges, depth)
    return Failure(
        subject=f"{terms.instrument_id} on {account.account_id}", reason="unsupported", message=why
    )


def _matched(
    pattern: str,
    accounts: Mapping[str, Account],
    state: Survey,
    instruments: dict[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> list[tuple[str, str]]:
    names, at, account_id = pattern.rpartition("@")
    if not at or account_id not in accounts:
        raise DeskRejected(
            f"--offer {pattern}: write PATTERN@ACCOUNT; the accounts are: {', '.join(accounts)}"
        )
    rulebook = accounts[account_id].rulebook
    kinds = () if rulebook is None else terms_of(rulebooks[rulebook]).instruments
    for name in state.snapshot.options:
        if name not in instruments and fnmatchcase(name, names):
            try:
                instruments[name] = option_from_name(name)
            except HedgerowError:  # a name of another venue's, whose terms are not known
                continue
    found = [
        (name, account_id)
        for name, terms in instruments.items()
        if fnmatchcase(name, names) and isinstance(terms, kinds)
    ]
    if not found:
        raise DeskRejected(
            f"--offer {pattern}: nothing quoted or described matches {names!r} that {account_id} "
            "may hold"
        )
    return found


def late_statements(
    desk: Desk, state: Survey, rulebooks: Mapping[str, Rulebook], horizon_days: float
) -> tuple[str, ...]:
    """Say how being late is counted, what doing nothing would be alike, and what nobody knows."""
    idle = []
    horizon_ns = round(horizon_days * DAY_NS)
    # Those to which nothing can be sent too: it is they that doing nothing is likeliest to cost.
    for account in state.book.accounts:
        account_id = account.account_id
        distance = state.distances.get(account_node(account))
        if distance is None:
            continue
        chance = (
            distance
            if isinstance(distance, Failure)
            else desk.chance(state.seen.coins_of(account), distance, DAY_NS)
        )
        if isinstance(chance, Failure):
            idle.append(f"unknown at {account_id}")
            continue
        lost = idle_usd(desk.chance, state, rulebooks, account, horizon_ns)
        told = "unknown" if isinstance(lost, Failure) else f"{lost:,.2f} USD"
        idle.append(f"{told} at {account_id}")
    unknown = late_unknown(desk.chance, state, rulebooks, desk.routes)
    if idle:
        unknown += (
            f"Doing nothing is charged to no plan; counted like being late it would be, within "
            f"{horizon_days * DAY_NS / HOUR_NS:g} h, {', '.join(idle)}.",
        )
    return LATE_STATEMENT, *unknown


def interest_statements(uses: Iterable[str]) -> tuple[str, ...]:
    """Say what transfers of these uses save or earn and no cost here counts, each once."""
    found = set(uses)
    return tuple(said for use, said in _INTEREST.items() if use in found)


def premiums_of(
    plan: Plan, state: Survey, instruments: Mapping[str, Instrument]
) -> dict[str, float]:
    """Give what the options of a plan cost (negative) or bring at their marks, by client id."""
    found = {}
    for leg, terms in _options(plan, instruments):
        mark, paid = mark_ccy(terms, state.snapshot), state.snapshot.asset(settlement_of(terms))
        if isinstance(mark, Failure) or isinstance(paid, Failure):
            continue  # nothing is offered without them
        coins = to_model(leg.quantity_contracts * terms.multiplier_coin_per_contract)
        found[leg.client_id] = round(-coins * mark * paid.price_usd, 6)
    return found


def ages_of(plan: Plan, state: Survey, instruments: Mapping[str, Instrument]) -> tuple[str, ...]:
    """Say how old the oldest quote is of the options that a plan trades."""
    quotes = state.snapshot.options
    ages_s = [
        (plan.time_ns - quotes[leg.instrument_id].time_ns) / SECOND_NS
        for leg, _ in _options(plan, instruments)
        if leg.instrument_id in quotes
    ]
    if not ages_s:
        return ()
    return (f"The option quotes that it trades by are up to {duration(max(ages_s))} old.",)


def _options(plan: Plan, instruments: Mapping[str, Instrument]) -> Iterator[tuple[Order, Option]]:
    for leg in plan.legs:
        terms = instruments.get(leg.instrument_id) if isinstance(leg, Order) else None
        if isinstance(leg, Order) and isinstance(terms, Option):
            yield leg, terms
