"""What one contract of every offer changes: exposures of every node, and profits under shocks.

Each offer is booked alone, one contract at its mark, in an account of its own, and the whole is
valued and summed as the desk itself is. So an offer's delta is the desk's delta after it less the
one before, whatever its settlement, premium and kind; nothing here knows a Greek by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.exposure import ExposureRow, ExposureTable, Place, aggregate, node_profits
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
# A part of an account: a coin and an expiry, the whole of either where it is None.
_Part: TypeAlias = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Offers, and what one contract of each does; `refused` are those with anything missing."""

    offers: tuple[Offer, ...]
    refused: tuple[Failure, ...]
    _rows: tuple[dict[_Part, ExposureRow], ...]
    _gained_usd: dict[str, tuple[dict[_Part, float], ...]]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Name the nodes of the desk's tree, and every ``coin/COIN``, that some offer reaches."""
        found: dict[str, None] = {}
        for rows, each in zip(self._rows, self.offers, strict=True):
            for coin, expiry in rows:
                found[Place(each.venue, each.account_id, coin, expiry).node] = None
                if coin is not None and expiry is None:
                    found[Place(coin=coin).node] = None
        return tuple(found)

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
        gained = self._gained_usd[stress_name]
        return np.array(
            [
                rows.get(part, 0.0) if (part := _part(each, node)) is not None else 0.0
                for rows, each in zip(gained, self.offers, strict=True)
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
    table = aggregate(booked, value(booked, snapshot), snapshot)
    rows = _by_offer(table, len(offers))
    own = {row.node: whose for row in table.rows if (whose := _whose(row.node)) is not None}
    shocks = [stress.on(coins) for stress in stresses]
    gained = node_profits(booked, snapshot, shocks, tuple(own))
    trouble: list[list[Failure]] = [
        [failure for row in each.values() for failure in row.missing] for each in rows
    ]
    for (at, _), missing in zip(own.values(), gained.missing, strict=True):
        trouble[at].extend(missing)
    kept = [at for at, each in enumerate(trouble) if not each]
    profits: dict[str, tuple[dict[_Part, float], ...]] = {}
    for stress, row in zip(stresses, gained.profit_usd, strict=True):
        by_offer: list[dict[_Part, float]] = [{} for _ in offers]
        for (at, part), profit in zip(own.values(), row.tolist(), strict=True):
            by_offer[at][part] = profit
        profits[stress.name] = tuple(by_offer[at] for at in kept)
    return Effects(
        offers=tuple(offers[at] for at in kept),
        refused=tuple(
            msgspec.structs.replace(each[0], message=f"not traded: {each[0].message}")
            for each in trouble
            if each
        ),
        _rows=tuple(rows[at] for at in kept),
        _gained_usd=profits,
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


def _by_offer(table: ExposureTable, count: int) -> list[dict[_Part, ExposureRow]]:
    """Give each offer's rows by which part of its account they are."""
    found: list[dict[_Part, ExposureRow]] = [{} for _ in range(count)]
    for row in table.rows:
        whose = _whose(row.node)
        if whose is not None:
            at, part = whose
            found[at][part] = row
    return found


def _whose(node: str) -> tuple[int, _Part] | None:
    """Say which offer's account a node lies in, and where; None where in none."""
    place = Place.of(node)
    if place is None or place.venue != _VENUE or place.account_id is None:
        return None
    return int(place.account_id), (place.coin, place.expiry)


def _row(rows: dict[_Part, ExposureRow], each: Offer, node: str) -> ExposureRow | None:
    part = _part(each, node)
    return None if part is None else rows.get(part)


def _part(each: Offer, node: str) -> _Part | None:
    """Say what of an offer's own account a node of the desk holds; None where it has no part."""
    place = Place.of(node)
    if place is None or place.venue not in (None, each.venue):
        return None
    if place.account_id not in (None, each.account_id):
        return None
    return place.coin, place.expiry


def _number(row: ExposureRow | None, metric: str) -> float:
    number = None if row is None else getattr(row, metric)
    return 0.0 if number is None else float(number)
