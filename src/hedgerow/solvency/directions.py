"""What may go against an account, one thing at a time: prices, vols, bases, pegs, funding, time.

A `Direction` and a move along it enter; the account and the shock after it leave. Moves are counted
from the present market, at which every move is nothing: a relative change (-0.1 is a fall of 10 %),
or days for `funding` and `time`. Several names go by their betas in logs: after a move of -10 % a
coin of beta 2 stands at 0.9 squared of its price.

The venue's convention freezes all marks but one (`mark`); every other direction is hedgerow's:
whatever hangs on a price moves with it.
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias

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
from hedgerow.units import DAY_NS, digits_of, format_ns, quantise

__all__ = ["Direction", "DirectionKind", "applied", "shock_of"]

DirectionKind: TypeAlias = Literal["spot", "mark", "vol", "basis", "peg", "funding", "time"]

# As far as a search goes unless told: prices to a twentieth and to five times.
_RANGE: Final[Mapping[DirectionKind, tuple[float, float]]] = {
    "spot": (-0.95, 4.0),
    "mark": (-0.95, 4.0),
    "vol": (-0.9, 4.0),
    "basis": (-0.5, 1.0),
    "peg": (-0.9, 0.5),
    "funding": (0.0, 365.0),
    "time": (0.0, 365.0),
}
_STEP_COIN = Decimal("1e-18")
_REACH_LOG_MAX: Final = 100.0
_DATED = (LinearFuture, InverseFuture, QuantoFuture)


class Direction(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which the market may go.

    Attributes
    ----------
    kind
        ``spot``: coins, with all that hangs on them. ``mark``: single futures and perpetuals, all
        else frozen. ``vol``: all vols by a factor. ``basis``: forwards, futures and perpetuals of
        coins against their spot. ``peg``: dollar coins against the dollar, staked tokens against
        their base. ``funding``: days of the rates last settled, prices frozen. ``time``: days in
        which options decay and loans grow, prices frozen.
    beta_frac
        What moves, by name, and how far for each move of the direction; empty for ``vol`` and
        ``time``. For ``funding`` the rate an interval by instrument, where it is not to be the one
        last settled.
    low_frac_or_days, high_frac_or_days
        Where a search ends: relative moves, or days; None for what is usual.
    """

    kind: DirectionKind
    beta_frac: Mapping[str, float] = {}
    low_frac_or_days: float | None = None
    high_frac_or_days: float | None = None

    def __post_init__(self) -> None:
        wanted = self.kind in ("spot", "mark", "basis", "peg")
        if wanted and not self.beta_frac:
            raise ValueError(f"a direction along {self.kind} names what moves, and names nothing")
        if self.kind in ("vol", "time") and self.beta_frac:
            raise ValueError(f"a direction along {self.kind} moves all at once; it names {self}")
        if not all(math.isfinite(beta) for beta in self.beta_frac.values()):
            raise ValueError(f"betas must be finite, were {dict(self.beta_frac)}")
        low, high = self.span
        if not (self.floor <= low <= 0.0 <= high < math.inf and low < high):
            raise ValueError(
                f"a search along {self.kind} goes from {self.floor:g} or more over 0 to something "
                f"finite, was {low:g} to {high:g}"
            )
        if wanted:
            self._check_reach()

    def _check_reach(self) -> None:
        """Refuse betas that move nothing, or a price beyond what a number can hold."""
        if not any(self.beta_frac.values()):
            raise ValueError(f"a direction along {self.kind} moves something; every beta was 0")
        farthest_log = max(abs(self.coordinate(move)) for move in self.span)
        for name, beta in self.beta_frac.items():
            if abs(beta) * farthest_log > _REACH_LOG_MAX:
                raise ValueError(
                    f"betas must leave prices that can be: one of {beta:g} takes {name} by a "
                    f"factor of e^{abs(beta) * farthest_log:.0f}, where the search ends"
                )

    @property
    def span(self) -> tuple[float, float]:
        """Where a search begins and ends."""
        usual_low, usual_high = _RANGE[self.kind]
        low, high = self.low_frac_or_days, self.high_frac_or_days
        return usual_low if low is None else low, usual_high if high is None else high

    @property
    def is_days(self) -> bool:
        """Whether moves are days; else they are relative."""
        return self.kind in ("funding", "time")

    @property
    def floor(self) -> float:
        """The least that a move can be."""
        return 0.0 if self.is_days else -0.999999

    @property
    def title(self) -> str:
        """What a person calls it."""
        if not self.beta_frac:
            return self.kind
        if self.kind == "funding":
            rates = ", ".join(f"{rate:.4%} of {name}" for name, rate in self.beta_frac.items())
            return f"funding, an interval {rates}"
        names = ", ".join(
            name if beta == 1.0 else f"{name} x {beta:.4g}" for name, beta in self.beta_frac.items()
        )
        return f"{self.kind} of {names}"

    def coordinate(self, move_frac_or_days: float) -> float:
        """Give where a move lies on a scale on which equal steps count alike: logs, or roots."""
        return math.sqrt(move_frac_or_days) if self.is_days else math.log1p(move_frac_or_days)

    def move_at(self, coordinate: float) -> float:
        """Give the move at a place on that scale."""
        return coordinate * coordinate if self.is_days else math.expm1(coordinate)


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
