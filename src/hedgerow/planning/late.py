"""What a transfer's taking its time is expected to cost: a liquidation before it arrives."""

from collections.abc import Mapping, Sequence

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import EntryContract, LoanSupply, Option, settlement_of
from hedgerow.limits import Chance, Survey, account_node
from hedgerow.margin import Rulebook, terms_of
from hedgerow.planning.costs import LateUsd
from hedgerow.portfolio import Account, Position
from hedgerow.pricing import unit_ccy
from hedgerow.units import DAY_NS, percent, to_model

__all__ = ["LATE_STATEMENT", "idle_usd", "late_cost", "late_unknown"]

# What a lending protocol takes beyond a debt, and an exchange of what is held, whose rulebook does
# not know: the most that a rulebook does know.
_LENDING_PENALTY_FRAC = 0.13
_VENUE_FEE_FRAC = 0.0125
LATE_STATEMENT = (
    "A transfer that is late costs the account's liquidation, the fee of its venue on everything "
    f"it holds ({percent(_VENUE_FEE_FRAC, 2)} where its rulebook has none) or the penalty of its "
    f"dearest collateral on all of a debt ({percent(_LENDING_PENALTY_FRAC, 0)} where its rulebook "
    "has none), times the chance of one before it arrives. Who can be liquidated already is "
    "charged as much again for a day's delay, so that the quicker of two ways is the better."
)


def late_cost(chance: Chance, state: Survey, rulebooks: Mapping[str, Rulebook]) -> LateUsd:
    """Give a function that says it of a route, in USD; None where nobody knows.

    Who can be liquidated already is so before anything arrives, however quick: the chance of one
    tells no way from another then, though each minute is one more in which nobody may have acted.
    So its delay is charged beside, at the same again for a day.
    """
    accounts = {each.account_id: each for each in state.book.accounts}

    def cost(route: Route) -> float | None:
        target = accounts[route.target_account_id]
        found = idle_usd(chance, state, rulebooks, target, route.latency_ns)
        if isinstance(found, Failure):
            return None
        is_due = idle_usd(chance, state, rulebooks, target, 0) == found
        return found * (1.0 + route.latency_ns / DAY_NS) if is_due else found

    return cost


def late_unknown(
    chance: Chance, state: Survey, rulebooks: Mapping[str, Rulebook], routes: Sequence[Route]
) -> tuple[str, ...]:
    """Say of which targets nobody knows what being late there costs, and why; no cost has it."""
    accounts = {each.account_id: each for each in state.book.accounts}
    said: dict[str, None] = {}
    for route in routes:
        target = route.target_account_id
        found = idle_usd(chance, state, rulebooks, accounts[target], route.latency_ns)
        if isinstance(found, Failure):
            words = f"What being late at {target} costs is unknown and not in the cost"
            said[f"{words}: {found.message}."] = None
    return tuple(said)


def idle_usd(
    chance: Chance,
    state: Survey,
    rulebooks: Mapping[str, Rulebook],
    account: Account,
    horizon_ns: int,
) -> Outcome[float]:
    """Say what an account is expected to lose by a liquidation if nothing comes for so long.

    Nothing where no venue can liquidate it; a failure where nobody knows how likely that is or what
    it takes, as of one that holds what can be liquidated and has no rulebook.
    """
    distance = state.distances.get(account_node(account))
    if distance is None:
        return 0.0
    if isinstance(distance, Failure):
        return distance
    assert account.rulebook is not None, "a distance is known by a rulebook"
    likely = chance(state.seen.coins_of(account), distance, horizon_ns)
    if isinstance(likely, Failure):
        return likely
    loss_usd = _loss_usd(account, state, rulebooks[account.rulebook])
    return loss_usd if isinstance(loss_usd, Failure) else likely * loss_usd


def _loss_usd(account: Account, state: Survey, rulebook: Rulebook) -> Outcome[float]:
    """Say what a liquidation takes: of a loan a part of its debt, else a fee on all that is held.

    The part and the fee are those of the rulebook where it has them; which collateral is taken is
    for who liquidates to choose. A failure where a debt or a price is unknown.
    """
    terms = terms_of(rulebook)
    if terms.market is not None:
        report = state.reports[account_node(account)]
        if isinstance(report, Failure):
            return report
        debt_usd = _usd(to_model(report.requirement_maintenance_ccy), report.currency, state)
        if isinstance(debt_usd, Failure):
            return debt_usd
        held = (state.book.instrument(each.instrument_id) for each in account.positions)
        supplied = {each.asset for each in held if isinstance(each, LoanSupply)}
        taken = [asset for asset in supplied if terms.threshold_frac.get(asset, 1) > 0]
        penalties = [terms.penalty_frac.get(asset) for asset in taken]
        return debt_usd * max(
            (_LENDING_PENALTY_FRAC if each is None else to_model(each) for each in penalties),
            default=_LENDING_PENALTY_FRAC,
        )
    fee_frac = _VENUE_FEE_FRAC
    if terms.charges is not None:
        fee_frac = to_model(terms.charges.fee_liquidation_frac)
    held_usd = 0.0
    for position in account.positions:
        each_usd = _notional_usd(position, state)
        if isinstance(each_usd, Failure):
            return each_usd
        held_usd += each_usd
    return held_usd * fee_frac


def _notional_usd(position: Position, state: Survey) -> Outcome[float]:
    """Say what the market is worth that a position stands for, whichever way; nothing of a loan."""
    terms, snapshot = state.book.instrument(position.instrument_id), state.snapshot
    if isinstance(terms, EntryContract):
        mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
        if isinstance(mark, Failure):
            return mark
        amount_ccy = to_model(abs(position.quantity_contracts * unit_ccy(terms, mark)))
        return _usd(amount_ccy, settlement_of(terms), state)
    if isinstance(terms, Option):
        coins = abs(position.quantity_contracts * terms.multiplier_coin_per_contract)
        spot = snapshot.spot_usd(terms.underlying)
        return spot if isinstance(spot, Failure) else to_model(coins * spot)
    return 0.0


def _usd(amount_ccy: float, currency: str, state: Survey) -> Outcome[float]:
    if currency == "USD":
        return amount_ccy
    paid = state.snapshot.asset(currency)
    return paid if isinstance(paid, Failure) else amount_ccy * paid.price_usd
