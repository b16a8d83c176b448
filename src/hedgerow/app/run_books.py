"""The books of one run: what happened since the last step ended, and every step that has.

Looks of a run and what its venues booked enter; steps with their cost leave, each explained by what
was booked in it. A fee or funding in an asset that never had a price is told, not dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.app.desk import Desk
from hedgerow.errors import Failure
from hedgerow.execution import Liquidation, View
from hedgerow.exposure import aggregate
from hedgerow.instruments import (
    Instrument,
    LinearPerpetual,
    Option,
    has_entry,
    settlement_of,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, Book, Position, book
from hedgerow.pricing import unit_ccy, value
from hedgerow.risk import CashFlow, Explained, Fill, Method, RunStep, explain
from hedgerow.simulation import Frame, News
from hedgerow.units import to_model

__all__ = ["RunBooks", "chain_ns"]


@dataclass(slots=True, eq=False)
class RunBooks:
    """What happened since the last step ended, and every step that has."""

    desk: Desk
    methods: Sequence[Method]
    every_ns: int | None
    end_ns: int
    steps: list[RunStep] = field(default_factory=list)
    explained: dict[Method, list[Explained]] = field(default_factory=dict)
    delta_coin: dict[str, list[float | None]] = field(default_factory=dict)
    hedge_coin: dict[str, list[float]] = field(default_factory=dict)
    liquidated: list[Liquidation] = field(default_factory=list)
    _last: tuple[Book, Snapshot] | None = None
    _due_ns: int = 0
    _chain_ns: int = 0
    _flows: list[CashFlow] = field(default_factory=list)
    _fills: list[Fill] = field(default_factory=list)
    _unpriced: list[CashFlow] = field(default_factory=list)
    _fresh: list[Fill] = field(default_factory=list)
    _fees_usd: float = 0.0
    _funding_usd: float = 0.0
    _spread_usd: float = 0.0
    _forced_usd: float = 0.0
    _trades_count: int = 0

    def opened(self, view: View) -> float | None:
        """Begin with the accounts and the market before anything was done."""
        self._last = view.book, view.snapshot
        self._chain_ns = chain_ns(view.snapshot)
        if self.every_ns is not None:
            self._due_ns = view.time_ns + self.every_ns
        return None

    def hear(self, news: News) -> None:
        """Take what was booked; dollars are counted at the next look."""
        self._flows += news.flows
        self._fills += news.fills
        self._unpriced += (each for each in news.flows if each.kind in ("fee", "funding"))
        self._fresh += (each for each in news.fills if each.kind == "trade")
        self.liquidated += news.liquidations
        self._forced_usd += sum(float(each.loss_usd) for each in news.liquidations)
        self._trades_count += sum(each.filled_contracts != 0 for each in news.receipts)

    def seen(self, view: View) -> Frame:
        """Count what was paid since the last look, and end a step where one ends."""
        self._count(view.snapshot)
        assert self._last is not None, "a run opens before it is looked at"
        if view.time_ns > self._last[1].time_ns and self._is_end(view.snapshot):
            self._end(view.book, view.snapshot)
        return Frame(
            time_ns=view.time_ns,
            prices_usd={},
            equity_usd=None,
            exposures={},
            accounts=(),
            limits=(),
            missing=(),
            option_age_ns_max=None,
        )

    def troubles(self) -> tuple[str, ...]:
        """Say what could not be counted."""
        assets = sorted({each.asset for each in self._unpriced})
        return tuple(f"fees or funding in {asset} had no price to the end" for asset in assets)

    def _is_end(self, snapshot: Snapshot) -> bool:
        if snapshot.time_ns >= self.end_ns:
            return True
        if self.every_ns is None:
            before_ns, self._chain_ns = self._chain_ns, chain_ns(snapshot)
            return self._chain_ns > before_ns
        if snapshot.time_ns < self._due_ns:
            return False
        while self._due_ns <= snapshot.time_ns:
            self._due_ns += self.every_ns
        return True

    def _count(self, snapshot: Snapshot) -> None:
        waiting = []
        for flow in self._unpriced:
            price = snapshot.asset(flow.asset)
            if isinstance(price, Failure):
                waiting.append(flow)
            elif flow.kind == "fee":
                self._fees_usd -= to_model(flow.quantity_coin) * price.price_usd
            else:
                self._funding_usd += to_model(flow.quantity_coin) * price.price_usd
        self._unpriced = waiting
        # Orders are filled at looks, so that this is the market they were filled in.
        for fill in self._fresh:
            self._spread_usd += _spread_usd(fill, self.desk.instruments, snapshot)
        self._fresh = []

    def _end(self, held: Book, snapshot: Snapshot) -> None:
        assert self._last is not None, "a step has a start"
        before, start = self._last
        actual_usd: float | None = None
        for method in self.methods:
            explained = explain(
                before,
                held,
                start,
                snapshot,
                flows=self._flows,
                fills=self._fills,
                instruments=self.desk.instruments,
                method=method,
            )
            self.explained.setdefault(method, []).append(explained)
            row = explained.row("desk")
            assert not isinstance(row, Failure), "every explanation has a row for the desk"
            actual_usd = None if row.missing else row.actual_usd
        self.steps.append(
            RunStep(
                start_ns=start.time_ns,
                end_ns=snapshot.time_ns,
                profit_usd=actual_usd,
                fees_usd=self._fees_usd,
                spread_usd=self._spread_usd,
                funding_usd=self._funding_usd,
                liquidations_usd=self._forced_usd,
                trades_count=self._trades_count,
            )
        )
        self._hold(held, snapshot)
        self._last = held, snapshot
        self._flows, self._fills = [], []
        self._fees_usd = self._funding_usd = self._spread_usd = self._forced_usd = 0.0
        self._trades_count = 0

    def _hold(self, held: Book, snapshot: Snapshot) -> None:
        """Note deltas and hedges as the step leaves them."""
        exposures = aggregate(held, value(held, snapshot), snapshot)
        for policy in self.desk.hedges:
            coin = policy.underlying
            row = exposures.row(f"coin/{coin}")
            delta = 0.0 if isinstance(row, Failure) else row.delta_spot_coin
            is_known = isinstance(row, Failure) or not row.missing
            self.delta_coin.setdefault(coin, []).append(delta if is_known else None)
            contracts = sum(
                each.quantity_contracts(policy.instrument_id)
                for each in held.accounts
                if each.account_id == policy.account_id
            )
            terms = self.desk.instruments[policy.instrument_id]
            assert isinstance(terms, LinearPerpetual), "hedges are linear perpetuals"
            hedge = contracts * terms.multiplier_coin_per_contract
            self.hedge_coin.setdefault(coin, []).append(to_model(hedge))


def chain_ns(snapshot: Snapshot) -> int:
    """Give when the last option quote came; zero where there is none."""
    return max((each.time_ns for each in snapshot.options.values()), default=0)


def _spread_usd(fill: Fill, instruments: Mapping[str, Instrument], snapshot: Snapshot) -> float:
    """Give what a fill cost by being worse than the mark."""
    terms = instruments[fill.instrument_id]
    price = snapshot.asset(settlement_of(terms))
    assert fill.price_ccy is not None, "a trade has a price"
    assert not isinstance(price, Failure), "what was traded has a price"
    if has_entry(terms):
        mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
        assert not isinstance(mark, Failure), "what was traded has a mark"
        worse_ccy = to_model(unit_ccy(terms, fill.price_ccy) - unit_ccy(terms, mark))
    else:
        assert isinstance(terms, Option), "futures and options alone are traded"
        one = Account(
            account_id=fill.account_id,
            venue="",
            currency="USD",
            rulebook=None,
            positions=(Position(instrument_id=fill.instrument_id, quantity_contracts=Decimal(1)),),
            balances=(),
            time_observed_ns=snapshot.time_ns,
        )
        units = value(book((one,), instruments), snapshot).unit_ccy
        assert len(units), "what was traded has a mark"
        paid_ccy = to_model(fill.price_ccy * terms.multiplier_coin_per_contract)
        worse_ccy = paid_ccy - float(units[0])
    return to_model(fill.quantity_contracts) * worse_ccy * price.price_usd
