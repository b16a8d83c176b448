"""What may go against an account, one thing at a time: prices, vols, bases, pegs, funding, time.

A `Direction` and a move along it enter; the account and the shock after it leave. Moves are counted
from the present market, at which every move is nothing: a relative change (-0.1 is a fall of 10 %),
or days for `funding` and `time`. Several names go by their betas in logs: after a move of -10 % a
coin of beta 2 stands at 0.9 squared of its price.

The venue's convention freezes all marks but one (`mark`); every other direction is hedgerow's:
whatever hangs on a price moves with it.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import (
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    LoanDebt,
    QuantoFuture,
    settlement_of,
)
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account, Balance
from hedgerow.solvency.records import Direction
from hedgerow.units import DAY_NS, digits_of, format_ns, quantise

__all__ = ["applied", "shock_of"]

_STEP_COIN = Decimal("1e-18")
_DATED = (LinearFuture, InverseFuture, QuantoFuture)


def shock_of(direction: Direction, move_frac_or_days: float) -> Shock:
    """Give what a move does to the market; of ``funding`` nothing, which is the account's."""
    match direction.kind:
        case "spot" | "peg":
            return Shock(spot_factor_frac=_factors(direction, move_frac_or_days))
        case "mark":
            return Shock(mark_factor_frac=_factors(direction, move_frac_or_days))
        case "basis":
            return Shock(basis_factor_frac=_factors(direction, move_frac_or_days))
        case "vol":
            return Shock(vol_factor_frac=1.0 + move_frac_or_days)
        case "time":
            return Shock(time_forward_ns=round(move_frac_or_days * DAY_NS))
        case "funding":
            return Shock()


def applied(
    direction: Direction,
    move_frac_or_days: float,
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
) -> Outcome[tuple[Account, Shock]]:
    """Give account and shock after a move.

    Returns
    -------
    tuple or Failure
        A failure where the funding of something held, or a debt along time, has no rate, and from
        when a dated future has settled: what it hedged is then by itself.
    """
    if direction.kind == "time":
        shock = shock_of(direction, move_frac_or_days)
        lost = _lost_sight(account, instruments, snapshot.shocked(shock))
        return (account, shock) if lost is None else lost
    if direction.kind != "funding":
        return account, shock_of(direction, move_frac_or_days)
    paid: dict[str, Decimal] = {}
    for position in account.positions:
        terms = instruments.get(position.instrument_id)
        if terms is None or not position.quantity_contracts:
            continue  # what has no terms the requirement refuses
        received = _funding_ccy(
            terms, position.quantity_contracts, direction, move_frac_or_days, snapshot
        )
        if isinstance(received, Failure):
            return received
        if received is not None:
            asset, amount = received
            paid[asset] = paid.get(asset, Decimal(0)) + amount
    more = tuple(Balance(asset=asset, quantity_coin=amount) for asset, amount in paid.items())
    return msgspec.structs.replace(account, balances=account.balances + more), Shock()


def _lost_sight(
    account: Account, instruments: Mapping[str, Instrument], later: Snapshot
) -> Failure | None:
    """Name what nobody knows the state of later: a debt without a rate, a future that has settled.

    A supply without a rate errs against us.
    """
    later_ns = later.time_ns + later.shock.time_forward_ns
    for position in account.positions:
        terms = instruments.get(position.instrument_id)
        if not position.quantity_contracts:
            continue
        if isinstance(terms, LoanDebt):
            index = later.lending(terms.market, terms.asset)
            if isinstance(index, Failure):
                return index
            if index.borrow_frac_per_year is None:
                return Failure(
                    subject=terms.instrument_id,
                    reason="missing_data",
                    message=f"the lending index of {terms.asset} on {terms.market} carries no "
                    "rate: how its debt grows is unknown",
                )
        if isinstance(terms, _DATED) and terms.expiry_ns <= later_ns:
            return Failure(
                subject=terms.instrument_id,
                reason="unsupported",
                message=f"{terms.instrument_id} settles {format_ns(terms.expiry_ns)}: what the "
                "account is without it is not followed",
            )
    return None


def _factors(direction: Direction, move_frac_or_days: float) -> dict[str, float]:
    return {name: (1.0 + move_frac_or_days) ** beta for name, beta in direction.beta_frac.items()}


def _funding_ccy(
    terms: Instrument,
    quantity_contracts: Decimal,
    direction: Direction,
    days: float,
    snapshot: Snapshot,
) -> Outcome[tuple[str, Decimal] | None]:
    """Give the asset and the amount that a position receives; None for what pays no funding."""
    interval_ns: int | None = getattr(terms, "funding_interval_ns", None)
    if interval_ns is None:
        return None
    name = terms.instrument_id
    if not isinstance(terms, LinearPerpetual | InversePerpetual):
        return Failure(
            subject=name,
            reason="unsupported",
            message=f"{name}: funding is followed of linear and inverse perpetuals, not of a "
            f"{type(terms).__name__}",
        )
    told = direction.beta_frac.get(name)
    rate = snapshot.funding_frac(name) if told is None else digits_of(told)
    if isinstance(rate, Failure):
        return rate
    mark = snapshot.mark_usd(name, terms.underlying)
    if isinstance(mark, Failure):
        return mark
    if isinstance(terms, LinearPerpetual):
        notional = quantity_contracts * terms.multiplier_coin_per_contract * mark
    else:
        notional = quantity_contracts * terms.multiplier_usd_per_contract / mark
    intervals = digits_of(days) * DAY_NS / interval_ns
    return settlement_of(terms), quantise(-notional * rate * intervals, _STEP_COIN, "down")
