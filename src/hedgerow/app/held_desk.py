"""A desk as it stands, held from step to step through its market: nothing traded or liquidated.

Funding is paid on what is held when it falls due and what expires is delivered, by the same rules
as in a run; both are handed on as flows beside the books and markets of each step's ends.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from hedgerow.app.desk import Desk
from hedgerow.instruments import expiry_of
from hedgerow.market import FundingSettlement, MarketEvent, MarketState, OptionQuote, Snapshot
from hedgerow.portfolio import Book, book
from hedgerow.risk import CashFlow
from hedgerow.simulation.deliveries import Deliveries
from hedgerow.simulation.fundings import Fundings
from hedgerow.simulation.holdings import Holdings
from hedgerow.simulation.records import Settlement
from hedgerow.simulation.rulebook_shelf import RulebookShelf
from hedgerow.units import HOUR_NS

__all__ = ["HeldStep", "held_steps"]

# Longer than any settlement window: spot is watched from here on.
_BEFORE_EXPIRY_NS = HOUR_NS


@dataclass(frozen=True, slots=True, eq=False)
class HeldStep:
    """One step: the desk and the market at both ends, and what was paid between.

    `troubles` say what could not be paid or delivered, and why; `funded` names what settled funding
    so far.
    """

    before: Book
    after: Book
    start: Snapshot
    end: Snapshot
    flows: tuple[CashFlow, ...]
    troubles: tuple[str, ...]
    funded: frozenset[str]


def held_steps(
    desk: Desk,
    events: Iterable[MarketEvent],
    *,
    start_ns: int,
    end_ns: int,
    every_ns: int | None,
) -> Iterator[HeldStep]:
    """Play the market and give each step as it ends.

    Parameters
    ----------
    every_ns
        Length of a step, the last of which may be shorter; None from one option chain to the next,
        of those in the window.

    Raises
    ------
    DeskRejected
        If an account names neither a rulebook nor the venue of one.
    """
    held = _Held(desk)
    state = MarketState(ages=desk.ages, movers=desk.movers, dollars_usd=desk.dollars_usd)
    planned = None if every_ns is None else _times(start_ns, end_ns, every_ns)
    due = None if planned is None else next(planned, None)
    last: tuple[Book, Snapshot] | None = None
    for time_ns, group in groupby(events, key=attrgetter("time_ns")):
        while due is not None and planned is not None and due < time_ns:
            yield from held.step(last, here := state.freeze(due))
            last, due = (held.book(due), here), next(planned, None)
        if time_ns > end_ns or (planned is not None and due is None):
            return
        has_chain = False
        for event in group:
            state.apply(event)
            if time_ns > start_ns:
                held.hear(event)
            has_chain = has_chain or isinstance(event, OptionQuote)
        if time_ns > start_ns and held.is_due(time_ns):
            held.settle(state.freeze(time_ns))
        if planned is None and has_chain and time_ns >= start_ns:
            yield from held.step(last, here := state.freeze(time_ns))
            last = held.book(time_ns), here
    while due is not None and planned is not None:
        yield from held.step(last, here := state.freeze(due))
        last, due = (held.book(due), here), next(planned, None)


def _times(start_ns: int, end_ns: int, every_ns: int) -> Iterator[int]:
    yield from range(start_ns, end_ns, every_ns)
    yield end_ns


class _Held:
    """The accounts, what they are paid, and what was paid since the last step."""

    def __init__(self, desk: Desk) -> None:
        self._instruments = desk.instruments
        self._holdings = Holdings(desk.accounts)
        self._shelf = RulebookShelf(desk.rulebooks, desk.accounts)
        self._fundings = Fundings(holdings=self._holdings, instruments=desk.instruments)
        self._deliveries = Deliveries(
            holdings=self._holdings, instruments=desk.instruments, rulebooks=self._shelf
        )
        self._flows: list[CashFlow] = []
        self._troubles: dict[str, None] = {}
        self._is_funding_due = False
        self._funded: set[str] = set()

    def hear(self, event: MarketEvent) -> None:
        if isinstance(event, FundingSettlement):
            self._fundings.announce(event)
            self._is_funding_due = True
            self._funded.add(event.instrument_id)

    def is_due(self, time_ns: int) -> bool:
        """Whether something is paid now, or spot is to be watched for what is delivered soon."""
        return self._is_funding_due or any(
            expiry_ns - _BEFORE_EXPIRY_NS <= time_ns for expiry_ns in self._expiries_ns()
        )

    def settle(self, snapshot: Snapshot) -> None:
        self._shelf.turn(snapshot.time_ns)
        self._deliveries.watch(snapshot)
        delivered, undelivered = self._deliveries.deliver(snapshot)
        paid, unpaid = self._fundings.pay(snapshot)
        self._is_funding_due = bool(unpaid)
        self._flows += map(_flow, (*delivered, *paid))
        self._troubles |= dict.fromkeys((*undelivered, *unpaid))

    def book(self, time_ns: int) -> Book:
        return book(self._holdings.observed(time_ns), self._instruments)

    def step(self, last: tuple[Book, Snapshot] | None, here: Snapshot) -> Iterator[HeldStep]:
        """Give the step that ends here, if one began; and begin the next."""
        if self.is_due(here.time_ns):
            self.settle(here)
        if last is not None:
            yield HeldStep(
                before=last[0],
                after=self.book(here.time_ns),
                start=last[1],
                end=here,
                flows=tuple(self._flows),
                troubles=tuple(self._troubles),
                funded=frozenset(self._funded),
            )
        self._flows.clear()
        self._troubles.clear()

    def _expiries_ns(self) -> Iterator[int]:
        for account_id in self._holdings.ids():
            for position in self._holdings[account_id].positions:
                expiry_ns = expiry_of(self._instruments[position.instrument_id])
                if expiry_ns is not None:
                    yield expiry_ns


def _flow(settlement: Settlement) -> CashFlow:
    return CashFlow(
        account_id=settlement.account_id,
        asset=settlement.currency,
        quantity_coin=settlement.amount_ccy,
        kind=settlement.kind,
        instrument_id=settlement.instrument_id,
    )
