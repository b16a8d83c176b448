"""Realised volatility from prices, as an exponentially weighted mean of squared log returns.

Weights halve every six hours. Returns are taken between samples at least a quarter of an hour apart
and scaled by the time that really passed, so candles of any length may be fed. Returns are not
demeaned: over minutes the mean is noise.
"""

from math import exp, log, sqrt
from typing import Final

from hedgerow.errors import OutOfDomain
from hedgerow.units import HOUR_NS, MINUTE_NS, YEAR_NS

__all__ = ["RealisedVol"]

# Half a trading day of memory: long enough to average some dozens of 15-minute returns, short
# enough for a book to thin within the hour of a crash.
_HALF_LIFE_NS: Final = 6 * HOUR_NS
_SAMPLE_NS: Final = 15 * MINUTE_NS


class RealisedVol:
    """The estimator of one instrument, fed in order of time."""

    def __init__(self, start_frac: float) -> None:
        """Start from a prior vol, which the data forget at the same half-life.

        Raises
        ------
        OutOfDomain
            If the prior is not positive.
        """
        if not start_frac > 0:
            raise OutOfDomain(f"start_frac must be positive, was {start_frac}")
        self._variance_per_year = start_frac * start_frac
        self._last: tuple[int, float] | None = None

    @property
    def vol_frac(self) -> float:
        """Annualised volatility as of the last sample."""
        return sqrt(self._variance_per_year)

    def feed(self, time_ns: int, price_usd: float) -> None:
        """Take one price; one less than a quarter of an hour after the last is ignored."""
        if self._last is None:
            self._last = (time_ns, price_usd)
            return
        seen_ns, seen_usd = self._last
        elapsed_ns = time_ns - seen_ns
        if elapsed_ns < _SAMPLE_NS:
            return
        self._last = (time_ns, price_usd)
        kept = exp(-log(2.0) * elapsed_ns / _HALF_LIFE_NS)
        squared = log(price_usd / seen_usd) ** 2 / (elapsed_ns / YEAR_NS)
        self._variance_per_year = kept * self._variance_per_year + (1.0 - kept) * squared
