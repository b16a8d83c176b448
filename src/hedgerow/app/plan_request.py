"""What a plan may use of a desk: offers to trade, and what being late with a transfer costs."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

from hedgerow.app.desk import Desk
from hedgerow.collateral import Route
from hedgerow.errors import DeskRejected, Failure, HedgerowError
from hedgerow.hedging import Depth, Offer, offer
from hedgerow.instruments import EntryContract, Instrument, Option
from hedgerow.limits import Survey, account_node
from hedgerow.margin import Rulebook, terms_of
from hedgerow.planning import LATE_STATEMENT, late_cost
from hedgerow.portfolio import Account
from hedgerow.units import DAY_NS
from hedgerow.venues.recordings import option_from_name

__all__ = ["late_statements", "late_usd", "offers_of"]


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
        if account.rulebook is None or not isinstance(terms, EntryContract | Option):
            continue
        venue = terms_of(rulebooks[account.rulebook])
        if venue.charges is None or not isinstance(terms, venue.instruments):
            continue
        found = offer(terms, account, state.snapshot, venue.charges, depth)
        if isinstance(found, Failure):
            refused.append(found)
        else:
            offers.append(found)
    return tuple(offers), tuple(refused), instruments


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


def late_statements(desk: Desk, state: Survey) -> tuple[str, ...]:
    """Say how being late is counted, and where it is not because nobody knows how likely it is."""
    accounts = {each.account_id: each for each in state.book.accounts}
    unknown = []
    for account_id in dict.fromkeys(each.target_account_id for each in desk.routes):
        account = accounts[account_id]
        distance = state.distances.get(account_node(account))
        if distance is None:
            continue
        chance = (
            distance
            if isinstance(distance, Failure)
            else desk.chance(state.seen.coins_of(account), distance, DAY_NS)
        )
        if isinstance(chance, Failure):
            unknown.append(f"Being late at {account_id} is counted as nothing: {chance.message}.")
    return (LATE_STATEMENT, *unknown)


def late_usd(
    desk: Desk, state: Survey, rulebooks: Mapping[str, Rulebook]
) -> Callable[[Route], float]:
    """Say what a route's time is expected to cost: a liquidation before the arrival."""
    return late_cost(desk.chance, state, rulebooks)
