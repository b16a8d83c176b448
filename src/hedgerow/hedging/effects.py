"""What one contract of every offer changes: exposures of every node, and profits under shocks.

Each offer is booked alone, one contract at its mark, in an account of its own, and the whole is
valued and summed as the desk itself is. So an offer's delta is the desk's delta after it less the
one before, whatever its settlement, premium and kind; nothing here knows a Greek by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.exposure import ExposureRow, ExposureTable, aggregate
from hedgerow.hedging.offers import Offer
from hedgerow.instruments import Instrument
from hedgerow.limits import Stress
from hedgerow.margin import with_leg
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, book
from hedgerow.pricing import value
from hedgerow.units import digits_of

__all__ = ["Effects", "effects"]

Floats = NDArray[np.float64]

_VENUE = "offer"


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Offers, and what one contract of each does; `refused` are those with anything missing."""

    offers: tuple[Offer, ...]
    refused: tuple[Failure, ...]
    _rows: tuple[dict[str, ExposureRow], ...]
    _shocked: dict[str, tuple[dict[str, ExposureRow], ...]]

    def exposure_of(self, node: str, metric: str) -> Floats:
        """Give what one contract of each offer adds to a metric of an exposure at a node.

        Parameters
        ----------
        node
            Of the desk's tree, or ``coin/COIN``. An offer on an account elsewhere adds nothing.
        metric
            A number of `ExposureRow`. Of a node that joins coins, one that has no sum adds nothing.
        """
        return np.array(
            [
                _number(_row(rows, each, node), metric)
                for rows, each in zip(self._rows, self.offers, strict=True)
            ]
        )

    def profit_usd(self, stress_name: str, node: str) -> Floats:
        """Give what one contract of each offer gains at a node under one of the shocks."""
        shocked = self._shocked[stress_name]
        return np.array(
            [
                _number(_row(after, each, node), "value_usd")
                - _number(_row(rows, each, node), "value_usd")
                for rows, after, each in zip(self._rows, shocked, self.offers, strict=True)
            ]
        )


def effects(
    offers: Sequence[Offer],
    snapshot: Snapshot,
    stresses: Sequence[Stress] = (),
    coins: Sequence[str] = (),
) -> Effects:
    """Book, value and sum one contract of each offer.

    Parameters
    ----------
    stresses, coins
        Shocks under which profits are wanted, and the coins that a shock of all moves.
    """
    instruments: dict[str, Instrument] = {each.instrument_id: each.terms for each in offers}
    accounts = [_alone(each, str(at), snapshot.time_ns) for at, each in enumerate(offers)]
    booked = book(accounts, instruments)
    tables = [aggregate(booked, value(booked, snapshot), snapshot)]
    for stress in stresses:
        shocked = snapshot.shocked(stress.on(coins))
        tables.append(aggregate(booked, value(booked, shocked), shocked))
    by_table = [_by_offer(table, len(offers)) for table in tables]
    kept, refused = [], []
    for at, each in enumerate(offers):
        missing = [
            failure for rows in by_table for row in rows[at].values() for failure in row.missing
        ]
        if missing:
            refused.append(
                msgspec.structs.replace(missing[0], message=f"not traded: {missing[0].message}")
            )
        else:
            kept.append(at)
        assert each.instrument_id in instruments
    picked = [tuple(rows[at] for at in kept) for rows in by_table]
    return Effects(
        offers=tuple(offers[at] for at in kept),
        refused=tuple(refused),
        _rows=picked[0],
        _shocked={each.name: rows for each, rows in zip(stresses, picked[1:], strict=True)},
    )


def _alone(each: Offer, account_id: str, time_ns: int) -> Account:
    empty = Account(
        account_id=account_id,
        venue=_VENUE,
        currency="USD",
        rulebook=None,
        positions=(),
        balances=(),
        time_observed_ns=time_ns,
    )
    return with_leg(empty, each.terms, Decimal(1), digits_of(each.price_mark_ccy))


def _by_offer(table: ExposureTable, count: int) -> list[dict[str, ExposureRow]]:
    """Give each offer's rows by what follows its account in their path."""
    found: list[dict[str, ExposureRow]] = [{} for _ in range(count)]
    for row in table.rows:
        steps = row.node.split("/")
        if len(steps) >= 3 and steps[1] == _VENUE:
            found[int(steps[2])]["/".join(steps[3:])] = row
    return found


def _row(rows: dict[str, ExposureRow], each: Offer, node: str) -> ExposureRow | None:
    steps = node.split("/")
    if steps[0] == "coin":
        return rows.get(steps[1])
    if steps[1:2] not in ([], [each.venue]) or steps[2:3] not in ([], [each.account_id]):
        return None
    return rows.get("/".join(steps[3:]))


def _number(row: ExposureRow | None, metric: str) -> float:
    number = None if row is None else getattr(row, metric)
    return 0.0 if number is None else float(number)
