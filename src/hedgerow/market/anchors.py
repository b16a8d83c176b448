"""What a coin's perpetual cost when an index or a chain of the coin was heard.

Its move since then is what carries a forward or an index on until the next one comes.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.market.records import Quote

__all__ = ["Anchors"]

# Anchors are tidied whenever they have doubled, and not below this many.
_COUNT_MIN = 256


@dataclass(slots=True)
class Anchors:
    """Prices of perpetuals by the coin they move and the time at which the coin was heard.

    Attributes
    ----------
    gap_ns_max
        Between two quotes further apart, nothing is known of the perpetual's price.
    usd
        What is known.
    """

    gap_ns_max: int
    usd: dict[tuple[str, int], Decimal] = field(default_factory=dict)
    # Times at which a coin was heard and its perpetual's price is not known yet, by perpetual.
    _waiting: dict[str, dict[tuple[str, int], None]] = field(default_factory=dict)
    _count_max: int = _COUNT_MIN

    def heard(self, coin: str, time_ns: int, mover_id: str, last: Quote | None) -> None:
        """Note that an index or a chain of this coin was heard now, and its mover's last quote."""
        if last is not None and last.time_ns == time_ns:
            self.usd[coin, time_ns] = last.price_mark_usd
        else:
            self._waiting.setdefault(mover_id, {})[coin, time_ns] = None

    def quoted(self, quote: Quote, before: Quote | None) -> None:
        """Learn from a quote what the perpetual was when others were heard since the one before.

        Between two quotes of a perpetual its price is taken on the straight line between them. The
        last quote alone would be too old: its move since then is in the index already, and carrying
        it again would count it twice.
        """
        waiting = self._waiting.pop(quote.instrument_id, {})
        if before is None or quote.time_ns - before.time_ns > self.gap_ns_max:
            return
        for coin, time_ns in waiting:
            if before.time_ns <= time_ns:
                span_ns = max(quote.time_ns - before.time_ns, 1)
                move = quote.price_mark_usd - before.price_mark_usd
                self.usd[coin, time_ns] = (
                    before.price_mark_usd + move * (time_ns - before.time_ns) / span_ns
                )

    @property
    def are_many(self) -> bool:
        """Whether it is time to forget those that nothing needs any more."""
        return len(self.usd) > self._count_max

    def keep(self, needed: AbstractSet[tuple[str, int]]) -> None:
        """Forget all others."""
        self.usd = {key: price for key, price in self.usd.items() if key in needed}
        self._count_max = max(_COUNT_MIN, 2 * len(self.usd))
