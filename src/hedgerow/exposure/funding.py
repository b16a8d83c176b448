"""What perpetuals pay a node per day at the rates last settled, and how that moves.

A linear or quanto perpetual pays rate · contracts · multiplier · mark of its settlement asset per
interval; an inverse one rate · contracts · multiplier / mark coins, which is the same dollars at
every price. What a power perpetual pays goes through its norm factor and is part of theta.
Interest of loans stands beside it, at the rates that came with the lending indices. An index by
itself says how much a loan has grown, not how fast it grows: without a rate interest is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import fsum

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure.aggregate import node_places, parts_of
from hedgerow.exposure.nodes import node_order, ordered, row_at
from hedgerow.exposure.sums import Part
from hedgerow.instruments import (
    InversePerpetual,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
    QuantoPerpetual,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing import Values
from hedgerow.units import DAY_NS, to_model

__all__ = ["FundingRate", "FundingRow", "FundingTable", "funding"]

_FRAC_PER_BPS = 1e-4


class FundingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One node's funding; positive is received.

    `funding_usd_per_day_per_bps` is the change for rates one basis point higher in every interval,
    `funding_usd_per_day_per_pct` that for one per cent of the underlying's spot at unmoved rates.
    With something in `missing` they are those of the rest, and None where there is no rest.
    `interest_usd_per_day` is that of loans, received on what is supplied and paid on debt; it goes
    by the same rule with `interest_missing`, and a node without loans has none. `net_usd_per_day`
    is both together, without what either is missing.
    """

    node: str
    funding_usd_per_day: float | None
    funding_usd_per_day_per_bps: float | None
    funding_usd_per_day_per_pct: float | None
    missing: tuple[Failure, ...]
    interest_usd_per_day: float | None
    interest_missing: tuple[Failure, ...]
    net_usd_per_day: float | None


class FundingRate(msgspec.Struct, frozen=True, kw_only=True):
    """What one perpetual of the desk settled last; positive when longs pay.

    `funding_frac_per_interval` is None where `missing` says why.
    """

    instrument_id: str
    funding_frac_per_interval: Decimal | None
    interval_ns: int
    missing: tuple[Failure, ...]


class FundingTable(msgspec.Struct, frozen=True, kw_only=True):
    """Every node that has a perpetual or a loan below it, parents before children.

    `rates` has every perpetual once, by name.
    """

    time_ns: int
    rows: tuple[FundingRow, ...]
    rates: tuple[FundingRate, ...]

    def row(self, node: str) -> Outcome[FundingRow]:
        """Find one node's row."""
        return row_at(self.rows, node, "no perpetual and no loan")


@dataclass(slots=True)
class _Sums:
    paid_usd_per_day: list[float] = field(default_factory=list)
    paid_usd_per_day_per_bps: list[float] = field(default_factory=list)
    paid_usd_per_day_per_pct: list[float] = field(default_factory=list)
    missing: dict[Failure, None] = field(default_factory=dict)
    interest_usd_per_day: list[float] = field(default_factory=list)
    interest_missing: dict[Failure, None] = field(default_factory=dict)


def funding(book: Book, values: Values, snapshot: Snapshot) -> FundingTable:
    """Sum funding over the tree.

    A rate that was never heard, or too long ago, makes every node above it incomplete, and so do
    positions seen too long ago; neither counts as nothing.
    """
    nodes: dict[str, _Sums] = {}
    rates: dict[str, FundingRate] = {}
    row_of = {int(index): row for row, index in enumerate(values.instrument_index)}
    trouble_of = {failure.subject: failure for failure in values.missing}
    for h, part in enumerate(parts_of(book, values, snapshot)):
        terms = part.instrument
        interval_ns: int | None = getattr(terms, "funding_interval_ns", None)
        if interval_ns is None and not isinstance(terms, LoanSupply | LoanDebt):
            continue
        above, alone = node_places(part, part.own)
        sums = [nodes.setdefault(node, _Sums()) for node in (*above, *alone)]
        if interval_ns is not None:
            rates[terms.instrument_id] = _rate(terms.instrument_id, interval_ns, snapshot)
        row = row_of.get(int(book.holding_instrument_index[h]))
        troubles = dict.fromkeys(_stale(part))
        if row is None:
            troubles[trouble_of[terms.instrument_id]] = None
        is_loan = isinstance(terms, LoanSupply | LoanDebt)
        for each in sums:
            (each.interest_missing if is_loan else each.missing).update(troubles)
        if row is None:
            continue
        worth_usd = float(values.unit_ccy[row]) * float(values.settlement_price_usd[row])
        quantity = float(book.holding_quantity_contracts[h])
        if isinstance(terms, LoanSupply | LoanDebt):
            rate = _interest(terms, snapshot)
            for each in sums:
                if isinstance(rate, Failure):
                    each.interest_missing[rate] = None
                else:
                    each.interest_usd_per_day.append(quantity * worth_usd * to_model(rate) / 365.0)
            continue
        rate = snapshot.funding_frac(terms.instrument_id)
        if isinstance(terms, LinearPerpetual | QuantoPerpetual):
            notional_usd, moves = quantity * worth_usd, 1.0
        elif isinstance(terms, InversePerpetual):
            notional_usd, moves = -quantity * worth_usd, 0.0  # the unit is minus its coins
        else:
            for each in sums:
                each.missing[_unsupported(terms.instrument_id)] = None
            continue
        assert interval_ns is not None, "only loans have none, and they are done"
        # A positive rate is paid by longs.
        received_usd_per_day = -notional_usd * DAY_NS / interval_ns
        for each in sums:
            each.paid_usd_per_day_per_bps.append(received_usd_per_day * _FRAC_PER_BPS)
            if isinstance(rate, Failure):
                each.missing[rate] = None
                continue
            each.paid_usd_per_day.append(received_usd_per_day * to_model(rate))
            each.paid_usd_per_day_per_pct.append(
                moves * received_usd_per_day * to_model(rate) / 100.0
            )
    return FundingTable(
        time_ns=snapshot.time_ns,
        rows=_rows(nodes),
        rates=tuple(rates[name] for name in sorted(rates)),
    )


def _rate(instrument_id: str, interval_ns: int, snapshot: Snapshot) -> FundingRate:
    rate = snapshot.funding_frac(instrument_id)
    return FundingRate(
        instrument_id=instrument_id,
        funding_frac_per_interval=None if isinstance(rate, Failure) else rate,
        interval_ns=interval_ns,
        missing=(rate,) if isinstance(rate, Failure) else (),
    )


def _rows(nodes: Mapping[str, _Sums]) -> tuple[FundingRow, ...]:
    return tuple(
        FundingRow(
            node=node,
            funding_usd_per_day=_total(nodes[node].paid_usd_per_day, nodes[node].missing),
            funding_usd_per_day_per_bps=_total(
                nodes[node].paid_usd_per_day_per_bps, nodes[node].missing
            ),
            funding_usd_per_day_per_pct=_total(
                nodes[node].paid_usd_per_day_per_pct, nodes[node].missing
            ),
            missing=ordered(nodes[node].missing),
            interest_usd_per_day=_total(
                nodes[node].interest_usd_per_day, nodes[node].interest_missing
            ),
            interest_missing=ordered(nodes[node].interest_missing),
            net_usd_per_day=_total(
                [*nodes[node].paid_usd_per_day, *nodes[node].interest_usd_per_day],
                nodes[node].missing | nodes[node].interest_missing,
            ),
        )
        for node in sorted(nodes, key=node_order)
    )


def _total(values: list[float], missing: Mapping[Failure, None]) -> float | None:
    """Add up; of nothing but what is missing there is no sum."""
    return fsum(values) if values or not missing else None


def _stale(part: Part) -> tuple[Failure, ...]:
    return tuple(each for each in part.troubles if each.reason == "stale_data")


def _interest(terms: LoanSupply | LoanDebt, snapshot: Snapshot) -> Outcome[Decimal]:
    index = snapshot.lending(terms.market, terms.asset)
    if isinstance(index, Failure):
        return index
    is_supply = isinstance(terms, LoanSupply)
    rate = index.supply_frac_per_year if is_supply else index.borrow_frac_per_year
    if rate is not None:
        return rate
    return Failure(
        subject=terms.instrument_id,
        reason="missing_data",
        message=f"the lending index of {terms.asset} on {terms.market} carries no rate",
    )


def _unsupported(instrument_id: str) -> Failure:
    return Failure(
        subject=instrument_id,
        reason="unsupported",
        message=f"no rule says what {instrument_id} pays at a funding rate",
    )
