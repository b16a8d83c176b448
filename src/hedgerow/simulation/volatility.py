"""Realised volatility from prices, as an exponentially weighted mean of squared log returns.

Weights halve every `half_life_ns`. Returns are taken between samples at least `sample_ns` apart and
scaled by the time that really passed, so candles of any length may be fed. Returns are not
demeaned: over minutes the mean is noise.
"""

from math import exp, log, sqrt

from hedgerow.errors import OutOfDomain
from hedgerow.units import HOUR_NS, MINUTE_NS, YEAR_NS

__all__ = ["HALF_LIFE_NS", "SAMPLE_NS", "RealisedVol"]

# Half a trading day of memory: long enough to average some dozens of 15-minute returns, short
# enough for a book to thin within the hour of a crash.
HALF_LIFE_NS = 6 * HOUR_NS
SAMPLE_NS = 15 * MINUTE_NS


class RealisedVol:
    """The estimator of one instrument, fed in order of time."""

    def __init__(
        self, start_frac: float, *, half_life_ns: int = HALF_LIFE_NS, sample_ns: int = SAMPLE_NS
    ) -> None:
        """Start from a prior vol, which the data forget at the same half-life.

        Raises
        ------
        OutOfDomain
            If the prior, the half-life or the sampling interval is not positive.
        """
        if not (start_frac > 0 and half_life_ns > 0 and sample_ns > 0):
            raise OutOfDomain(
                f"start_frac {start_frac}, half_life_ns {half_life_ns} and sample_ns {sample_ns} "
                "must all be positive"
            )
        self._variance_per_year = start_frac * start_frac
        self._half_life_ns = half_life_ns
        self._sample_ns = sample_ns
        self._last: tuple[int, float] | None = None

    @property
    def vol_frac(self) -> float:
        """Annualised volatility as of the last sample."""
        return sqrt(self._variance_per_year)

    def feed(self, time_ns: int, price_usd: float) -> None:
        """Take one price; it is ignored when it comes sooner than `sample_ns` after the last."""
        if self._last is None:
            self._last = (time_ns, price_usd)
            return
        seen_ns, seen_usd = self._last
        elapsed_ns = time_ns - seen_ns
        if elapsed_ns < self._sample_ns:
            return
        self._last = (time_ns, price_usd)
        kept = exp(-log(2.0) * elapsed_ns / self._half_life_ns)
        squared = log(price_usd / seen_usd) ** 2 / (elapsed_ns / YEAR_NS)
        self._variance_per_year = kept * self._variance_per_year + (1.0 - kept) * squared
