"""What a transfer's taking its time is expected to cost: a liquidation before it arrives."""

from collections.abc import Callable, Mapping, Sequence

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import EntryContract, Option, settlement_of
from hedgerow.limits import Chance, Survey, account_node
from hedgerow.margin import Rulebook, terms_of
from hedgerow.portfolio import Account
from hedgerow.pricing import unit_ccy
from hedgerow.units import to_model

__all__ = ["LATE_STATEMENT", "idle_usd", "late_cost", "late_unknown"]

# What a lending protocol takes of the debt it calls at least: Aave's lowest bonus (its rulebooks).
_LENDING_PENALTY_FRAC = 0.05
LATE_STATEMENT = (
    "A transfer that is late costs the account's liquidation, the fee of its venue on everything "
    f"it holds or {_LENDING_PENALTY_FRAC:.0%} of a debt, times the chance of one before it arrives."
)


def late_cost(
    chance: Chance, state: Survey, rulebooks: Mapping[str, Rulebook]
) -> Callable[[Route], float]:
    """Give a function that says it of a route, in USD; nothing where no chance is known."""
    accounts = {each.account_id: each for each in state.book.accounts}

    def cost(route: Route) -> float:
        found = idle_usd(
            chance, state, rulebooks, accounts[route.target_account_id], route.latency_ns
        )
        return 0.0 if isinstance(found, Failure) else found

    return cost


def late_unknown(
    chance: Chance, state: Survey, rulebooks: Mapping[str, Rulebook], routes: Sequence[Route]
) -> tuple[str, ...]:
    """Say of which targets nobody knows what being late there costs, and why; it is left out."""
    accounts = {each.account_id: each for each in state.book.accounts}
    said: dict[str, None] = {}
    for route in routes:
        target = route.target_account_id
        found = idle_usd(chance, state, rulebooks, accounts[target], route.latency_ns)
        if isinstance(found, Failure):
            said[f"Being late at {target} is counted as nothing: {found.message}."] = None
    return tuple(said)


def idle_usd(
    chance: Chance,
    state: Survey,
    rulebooks: Mapping[str, Rulebook],
    account: Account,
    horizon_ns: int,
) -> Outcome[float]:
    """Say what an account is expected to lose by a liquidation if nothing comes for so long.

    Nothing where no venue can liquidate it; a failure where nobody knows how likely that is.
    """
    distance = state.distances.get(account_node(account))
    if distance is None or account.rulebook is None:
        return 0.0
    if isinstance(distance, Failure):
        return distance
    likely = chance(state.seen.coins_of(account), distance, horizon_ns)
    if isinstance(likely, Failure):
        return likely
    return likely * _loss_usd(account, state, rulebooks[account.rulebook])


def _loss_usd(account: Account, state: Survey, rulebook: Rulebook) -> float:
    report = state.reports[account_node(account)]
    if isinstance(report, Failure):
        return 0.0
    charges = terms_of(rulebook).charges
    if charges is None:
        return _LENDING_PENALTY_FRAC * to_model(report.requirement_maintenance_ccy)
    notional = 0.0
    for position in account.positions:
        terms = state.book.instrument(position.instrument_id)
        if isinstance(terms, EntryContract):
            mark = state.snapshot.mark_usd(terms.instrument_id, terms.underlying)
            paid = state.snapshot.asset(settlement_of(terms))
            if not isinstance(mark, Failure) and not isinstance(paid, Failure):
                each = abs(position.quantity_contracts * unit_ccy(terms, mark))
                notional += to_model(each) * paid.price_usd
        elif isinstance(terms, Option):
            spot = state.snapshot.spot_usd(terms.underlying)
            if not isinstance(spot, Failure):
                coins = abs(position.quantity_contracts * terms.multiplier_coin_per_contract)
                notional += to_model(coins * spot)
    return notional * to_model(charges.fee_liquidation_frac)
