"""An order book kept from one snapshot and the changes around it, by Binance's rules.

Changes and snapshot come by different ways, so that changes newer than the snapshot may arrive
before it. They wait in a buffer: once the snapshot is there, those it already contains are dropped
and the rest applied, each following the one before without a gap.

===========  ===========================================  =================================
market       first change after the snapshot              every next change
===========  ===========================================  =================================
spot         ``U <= lastUpdateId + 1 <= u``               ``U`` is the last ``u`` + 1
USDⓈ-M       ``U <= lastUpdateId <= u``                   ``pu`` is the last ``u``
===========  ===========================================  =================================

Binance API documentation: "How to manage a local order book correctly", spot and USDⓈ-M futures.
"""

from bisect import bisect_left, insort
from collections import deque
from decimal import Decimal
from typing import final

import msgspec

from hedgerow.errors import Failure, MarketRejected, Outcome
from hedgerow.market import Ladder, Level

__all__ = ["Change", "DepthBook", "Start"]

_WAITING_COUNT_MAX = 100_000


class Start(msgspec.Struct, frozen=True, rename={"update_id": "lastUpdateId"}):
    """A REST snapshot: every level up to some depth, as of one update."""

    update_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Change(
    msgspec.Struct,
    frozen=True,
    rename={
        "first_id": "U",
        "last_id": "u",
        "previous_id": "pu",
        "bids": "b",
        "asks": "a",
    },
):
    """New sizes of some levels; size zero removes one. `previous_id` is given on futures only."""

    first_id: int
    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    previous_id: int | None = None


@final
class DepthBook:
    """One instrument's book. After a gap it has no answer until the next snapshot."""

    def __init__(self, instrument_id: str) -> None:
        self._instrument_id = instrument_id
        self._trouble: str | None = "no snapshot yet"
        # Bounded: changes too old to be held are missed by the snapshot, and that shows as a gap.
        self._waiting: deque[Change] = deque(maxlen=_WAITING_COUNT_MAX)
        self._last_id: int | None = None  # None until the first change after the snapshot
        self._start_id = -1
        self._levels: tuple[dict[Decimal, Level], dict[Decimal, Level]] = ({}, {})
        # Prices rising, on both sides: the best bid is last, the best ask first.
        self._prices: tuple[list[Decimal], list[Decimal]] = ([], [])

    @property
    def trouble(self) -> str | None:
        """Why the book has no answer; None when it has."""
        return self._trouble

    def start(self, snapshot: Start) -> None:
        """Begin anew from a snapshot, then apply what waited and is newer.

        A snapshot that no buffered change connects to leaves the book in trouble.

        Raises
        ------
        MarketRejected
            If a price is not positive and finite or a quantity is negative or not finite.
        """
        self._check(snapshot.bids, snapshot.asks)
        self._start_id, self._last_id, self._trouble = snapshot.update_id, None, None
        for side, levels in enumerate((snapshot.bids, snapshot.asks)):
            held = {level.price_usd: level for level in levels if level.quantity_contracts}
            self._levels[side].clear()
            self._levels[side].update(held)
            self._prices[side][:] = sorted(held)
        self._look()
        waiting = tuple(self._waiting)
        self._waiting.clear()
        for change in waiting:
            self.apply(change)

    def apply(self, change: Change) -> None:
        """Take one change: apply it, or let it wait where there is no book to change.

        Raises
        ------
        MarketRejected
            If a price is not positive and finite or a quantity is negative or not finite.
        """
        self._check(change.bids, change.asks)
        if self._trouble is not None:
            self._waiting.append(change)
            return
        if self._is_contained(change):
            return
        gap = self._gap(change)
        if gap is not None:
            self._trouble = gap
            self._waiting.append(change)
            return
        self._last_id = change.last_id
        for side, levels in enumerate((change.bids, change.asks)):
            for level in levels:
                self._set(side, level)
        self._look()

    def ladder(self, time_ns: int, *, levels_count: int = 20) -> Outcome[Ladder]:
        """Give the best levels of both sides, or why there are none."""
        if self._trouble is not None:
            return Failure(
                subject=self._instrument_id, reason="missing_data", message=self._trouble
            )
        bids = reversed(self._prices[0][-levels_count:])
        asks = self._prices[1][:levels_count]
        return Ladder(
            time_ns=time_ns,
            instrument_id=self._instrument_id,
            bids=tuple(self._levels[0][price] for price in bids),
            asks=tuple(self._levels[1][price] for price in asks),
        )

    def _is_contained(self, change: Change) -> bool:
        """Whether the snapshot already holds this change (futures repeat the one it ends in)."""
        if self._last_id is not None:
            return False
        if change.previous_id is None:
            return change.last_id <= self._start_id
        return change.last_id < self._start_id

    def _gap(self, change: Change) -> str | None:
        if self._last_id is None:
            reach = self._start_id + (1 if change.previous_id is None else 0)
            if change.first_id <= reach:
                return None
            return f"gap: snapshot ends at {self._start_id}, first change begins {change.first_id}"
        if change.previous_id is None:
            follows = change.first_id == self._last_id + 1
        else:
            follows = change.previous_id == self._last_id
        if follows:
            return None
        return f"gap: change {change.first_id} to {change.last_id} after {self._last_id}"

    def _check(self, *sides: tuple[Level, ...]) -> None:
        for level in (level for side in sides for level in side):
            price, quantity = level.price_usd, level.quantity_contracts
            if not (price.is_finite() and quantity.is_finite() and price > 0 and quantity >= 0):
                raise MarketRejected(
                    f"{self._instrument_id}: a level needs a positive price and no negative "
                    f"quantity, was {price} and {quantity}"
                )

    def _set(self, side: int, level: Level) -> None:
        price, prices, held = level.price_usd, self._prices[side], self._levels[side]
        if level.quantity_contracts:
            if price not in held:
                insort(prices, price)
            held[price] = level
        elif price in held:
            del held[price]
            del prices[bisect_left(prices, price)]

    def _look(self) -> None:
        """Refuse what no venue shows: a side without levels, a bid at or above an ask."""
        bids, asks = self._prices
        if not bids or not asks:
            self._trouble = f"empty book, no {'asks' if bids else 'bids'}"
        elif bids[-1] >= asks[0]:
            self._trouble = f"crossed book, bid {bids[-1]} at or above ask {asks[0]}"
