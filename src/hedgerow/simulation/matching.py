"""Match an immediate-or-cancel limit order against a ladder, level by level, in exact numbers.

What an order takes stays taken until the next ladder of that instrument arrives: our own impact.
There is no queue and no market maker who refills; both would need a model, and neither is claimed.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure
from hedgerow.market import Ladder, Level, OptionQuote, Snapshot

__all__ = ["Match", "OpenBooks", "match"]

_NOTHING = Decimal(0)


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What an order took from one side of a book. Quantities are sizes, without a sign."""

    takes: tuple[Level, ...]
    left: tuple[Level, ...]
    message: str = ""

    @property
    def quantity_contracts(self) -> Decimal:
        """Contracts taken in all."""
        return sum((take.quantity_contracts for take in self.takes), _NOTHING)

    @property
    def price_average_usd(self) -> Decimal | None:
        """Average price weighted by contracts; None where nothing was taken."""
        if not self.takes:
            return None
        paid = sum((take.quantity_contracts * take.price_usd for take in self.takes), _NOTHING)
        return paid / self.quantity_contracts


def match(
    levels: Sequence[Level], quantity_contracts: Decimal, price_limit_usd: Decimal | None
) -> Match:
    """Take levels in order until the quantity is filled or the limit is passed.

    Parameters
    ----------
    levels
        The side that is hit, best first: asks when `quantity_contracts` is positive, else bids.
    quantity_contracts
        Signed: buying is positive.
    price_limit_usd
        Worst price accepted; None accepts any.
    """
    wanted = abs(quantity_contracts)
    is_buy = quantity_contracts > 0
    takes: list[Level] = []
    for at, level in enumerate(levels):
        if wanted == 0:
            return Match(takes=tuple(takes), left=tuple(levels[at:]))
        is_beyond = price_limit_usd is not None and (
            level.price_usd > price_limit_usd if is_buy else level.price_usd < price_limit_usd
        )
        if is_beyond:
            return Match(
                takes=tuple(takes),
                left=tuple(levels[at:]),
                message=f"the next level, {level.price_usd}, is beyond the limit {price_limit_usd}",
            )
        taken = min(wanted, level.quantity_contracts)
        wanted -= taken
        takes.append(Level(price_usd=level.price_usd, quantity_contracts=taken))
        if taken < level.quantity_contracts:
            rest = Level(
                price_usd=level.price_usd, quantity_contracts=level.quantity_contracts - taken
            )
            return Match(takes=tuple(takes), left=(rest, *levels[at + 1 :]))
    return Match(takes=tuple(takes), left=(), message="the book is empty" if wanted else "")


class OpenBooks:
    """What is left of each ladder after our own orders. The ladder itself comes with a snapshot."""

    def __init__(self) -> None:
        self._ladders: dict[str, Ladder] = {}
        self._left: dict[tuple[str, bool], tuple[Level, ...]] = {}
        self._options: dict[tuple[str, bool], tuple[OptionQuote, Decimal]] = {}

    def taken_contracts(self, quote: OptionQuote, *, is_buy: bool) -> Decimal:
        """Give how much of an option's assumed book is gone since it was quoted like this."""
        seen, taken = self._options.get((quote.instrument_id, is_buy), (None, _NOTHING))
        return taken if seen is quote else _NOTHING

    def with_taken(
        self, quote: OptionQuote, taken_contracts: Decimal, *, is_buy: bool
    ) -> "OpenBooks":
        """Give the books with so much of an option gone."""
        after = OpenBooks()
        after._ladders, after._left = self._ladders, self._left
        after._options = {
            **self._options,
            (quote.instrument_id, is_buy): (quote, taken_contracts),
        }
        return after

    def take(
        self,
        snapshot: Snapshot,
        instrument_id: str,
        quantity_contracts: Decimal,
        price_limit_usd: Decimal | None,
    ) -> tuple[Match, "OpenBooks"] | Failure:
        """Match against what is left; the books after it are returned and `self` is untouched.

        A caller keeps the new books once the venue has accepted the order, so that a refused order
        leaves no trace. The Failure is the snapshot's own: no ladder, or one too old.
        """
        ladder = snapshot.ladder(instrument_id)
        if isinstance(ladder, Failure):
            return ladder
        is_buy = quantity_contracts > 0
        levels = ladder.asks if is_buy else ladder.bids
        is_same = self._ladders.get(instrument_id) is ladder
        if is_same:
            levels = self._left.get((instrument_id, is_buy), levels)
        matched = match(levels, quantity_contracts, price_limit_usd)
        after = OpenBooks()
        after._options = self._options
        after._ladders = {**self._ladders, instrument_id: ladder}
        after._left = {
            key: left for key, left in self._left.items() if is_same or key[0] != instrument_id
        }
        after._left[instrument_id, is_buy] = matched.left
        return matched, after
