"""Time-weighted averages of spot, which is what options and dated futures settle against."""

from collections import deque
from decimal import Decimal

from hedgerow.market import HEARD_NS, time_weighted_usd
from hedgerow.units import quantise

__all__ = ["SpotHistory"]

# Delivery prices are published to the cent.
_STEP_PRICE = Decimal("0.01")


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
        while len(kept) > 1 and kept[1][0] <= time_ns - HEARD_NS:
            kept.popleft()

    def average_usd(self, coin: str, start_ns: int, end_ns: int) -> Decimal | None:
        """Average over a window, each price holding until the next one.

        Returns
        -------
        Decimal or None
            Rounded half up to the cent. A window that begins before the first price is averaged
            from that price on; None where no price was seen by its end.
        """
        steps = tuple(self._seen.get(coin, ()))
        average = time_weighted_usd(steps, start_ns=start_ns, end_ns=end_ns)
        return None if average is None else quantise(average, _STEP_PRICE, "half_up")
