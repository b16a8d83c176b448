"""Time-weighted averages of spot, which is what options and dated futures settle against."""

from collections import deque
from decimal import Decimal

from hedgerow.units import HOUR_NS, quantise

__all__ = ["SpotHistory"]

# Delivery prices are published to the cent.
_STEP_PRICE = Decimal("0.01")
# Longer than any averaging window of a listed contract.
_KEEP_NS = 2 * HOUR_NS


class SpotHistory:
    """The spot of each coin as events showed it, for as long as an average may need it."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[int, Decimal]]] = {}

    def see(self, coin: str, time_ns: int, price_usd: Decimal) -> None:
        """Take one price; a later one at the same time replaces it."""
        kept = self._seen.setdefault(coin, deque())
        if kept and kept[-1][0] == time_ns:
            kept.pop()
        kept.append((time_ns, price_usd))
        while len(kept) > 1 and kept[1][0] <= time_ns - _KEEP_NS:
            kept.popleft()

    def average_usd(self, coin: str, start_ns: int, end_ns: int) -> Decimal | None:
        """Average over a window, each price holding until the next one.

        Returns
        -------
        Decimal or None
            Rounded half up to the cent. A window that begins before the first price is averaged
            from that price on; None where no price was seen by its end.
        """
        steps = [(at, price) for at, price in self._seen.get(coin, ()) if at <= end_ns]
        if not steps:
            return None
        total, weight = Decimal(0), 0
        ends = [at for at, _ in steps[1:]] + [end_ns]
        for (at, price), until in zip(steps, ends, strict=True):
            held_ns = max(0, until - max(at, start_ns))
            total += price * held_ns
            weight += held_ns
        average = total / weight if weight else steps[-1][1]
        return quantise(average, _STEP_PRICE, "half_up")
