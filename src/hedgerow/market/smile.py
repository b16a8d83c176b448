"""Smiles of one chain: fitted, checked, and taken or rejected with a reason.

A `Smile` is one expiry's SVI slice; a `Surface` holds those that passed every check, in order of
expiry, and a `Failure` for each that did not. Between expiries total variance is linear at fixed
ln(K/F), but for jumps at dated events; before the first and after the last the vol is flat.

=====================  ============================================================================
reason                 what it means
=====================  ============================================================================
too_few_quotes         fewer than five usable strikes, or fewer than three near the money
level_off              the fitted vol at the money is not the quoted one, so the fit went astray
poor_fit               the median error near the money is above the bar
butterfly_arbitrage    some terminal price would have a negative density, and repair did not help
calendar_arbitrage     it crosses a neighbour, and no fit of the whole chain avoids that
=====================  ============================================================================
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.market.coordinates import SmileModel
from hedgerow.market.events import VarianceEvent, check_events, event_variance
from hedgerow.market.forwards import ForwardSource
from hedgerow.market.svi import Floats, Svi, slopes, total_variance

__all__ = ["GatedQuotes", "Smile", "SmileQuotes", "Surface", "near_money", "weights_per_volpt"]

Repair: TypeAlias = Literal["none", "butterfly", "outliers", "calendar"]
Bools: TypeAlias = NDArray[np.bool_]

NEAR_DEVIATIONS = 1.5
_WIDTH_VOLPT_MIN, _WIDTH_VOLPT_MAX = 1.0, 50.0
_UNQUOTED_WIDTH_VOLPT = 10.0
CORE_DEVIATIONS, _CUT_DEVIATIONS = 1.6, 3.0
_WING_WEIGHT_FRAC = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class GatedQuotes:
    """Strikes of one expiry that no smile is fitted to, and the gate each failed.

    ``no_vol`` and ``cliff`` are gates of `quotes.smile_quotes`; the others those of whoever
    inverted the prices.
    """

    moneyness_log: Floats
    vol_mark_frac: Floats
    gate: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """Count the strikes that each gate took, the busiest first."""
        return dict(Counter(self.gate).most_common())


@dataclass(frozen=True, slots=True, eq=False)
class SmileQuotes:
    """One expiry ready to be fitted: one row per strike, from the out-of-the-money side.

    Attributes
    ----------
    subject
        Such as ``BTC-27FEB26``.
    forward_venue_usd
        What the venue itself says, to compare with; None where it says nothing.
    vol_frac
        The vol to be fitted, annualised.
    vol_mark_frac
        The venue's, of the same strikes; the same where marks are fitted.
    width_volpt
        (ask - bid) / vega; NaN where a side is missing.
    gated
        The strikes left out.
    """

    subject: str
    time_ns: int
    expiry_ns: int
    expiry_years: float
    forward_usd: float
    forward_source: ForwardSource
    forward_venue_usd: float | None
    strike_usd: Floats
    moneyness_log: Floats
    vol_frac: Floats
    vol_mark_frac: Floats
    width_volpt: Floats
    gated: GatedQuotes


def near_money(moneyness_log: Floats, vol_frac: Floats, expiry_years: Floats | float) -> Bools:
    """Whether strikes lie within one and a half deviations of the forward, each by its own vol."""
    near: Bools = np.abs(moneyness_log) <= NEAR_DEVIATIONS * vol_frac * np.sqrt(expiry_years)
    return near


def weights_per_volpt(quotes: SmileQuotes) -> Floats:
    """Give the weight of each quote: vega over spread, which is one over its width in vol.

    A width counts as at least one point, so that no single quote decides, and as ten where a side
    is missing. SVI has five parameters and cannot follow both the middle and the far wings of a
    smile with two bends: the middle, where the vega is, counts in full, the wings to three
    deviations at 0.15, and what lies beyond is left to Lee's bound.
    """
    width = np.where(np.isfinite(quotes.width_volpt), quotes.width_volpt, _UNQUOTED_WIDTH_VOLPT)
    width = np.clip(width, _WIDTH_VOLPT_MIN, _WIDTH_VOLPT_MAX)
    deviations = np.abs(quotes.moneyness_log) / (quotes.vol_frac * np.sqrt(quotes.expiry_years))
    part = np.where(deviations <= CORE_DEVIATIONS, 1.0, _WING_WEIGHT_FRAC)
    weight: Floats = np.where(deviations <= _CUT_DEVIATIONS, part / width, 0.0)
    return weight


@dataclass(frozen=True, slots=True, eq=False)
class Smile:
    """One accepted slice.

    Attributes
    ----------
    model
        What was fitted; an eSSVI slice is kept as the SVI slice it is.
    svi
        Parameters of total variance, one slice.
    error_median_volpt
        Median absolute error against the fitted vols within 1.5 deviations.
    error_mark_volpt
        The same against the venue's marks; None where it gives none.
    density_g_min_frac
        The least of Gatheral's g: not negative.
    repair
        What had to be done beyond the plain fit: bent until it had no butterfly, fitted again
        with weights that forgive outliers, or fitted with its whole chain or between neighbours so
        that it crosses none (``calendar``).
    """

    subject: str
    time_ns: int
    expiry_ns: int
    expiry_years: float
    forward_usd: float
    forward_source: ForwardSource
    forward_venue_usd: float | None
    model: SmileModel
    svi: Svi
    error_median_volpt: float
    error_max_volpt: float
    error_mark_volpt: float | None
    quotes_count: int
    density_g_min_frac: float
    repair: Repair

    def variance_frac(self, moneyness_log: Floats) -> Floats:
        """Give total variance σ²T at ln(K/F)."""
        return total_variance(self.svi, moneyness_log)

    def vol_frac(self, moneyness_log: Floats) -> Floats:
        """Give the annualised vol at ln(K/F)."""
        vol: Floats = np.sqrt(self.variance_frac(moneyness_log) / self.expiry_years)
        return vol

    def skew_frac_per_log(self, moneyness_log: Floats) -> Floats:
        """Give ∂σ/∂k, annualised vol per unit of log-moneyness."""
        w, first, _ = slopes(self.svi, moneyness_log)
        skew: Floats = 0.5 * first / np.sqrt(w * self.expiry_years)
        return skew


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The accepted slices of one underlying at one time, earliest first, and the rejected ones.

    `quotes` are what the slices were fitted to, those of rejected ones among them. `events` are
    dates between or before the expiries on which total variance jumps.

    Raises
    ------
    OutOfDomain
        If the slices have no room for the events; see `events.check_events`.
    """

    underlying: str
    time_ns: int
    smiles: tuple[Smile, ...]
    rejected: tuple[Failure, ...]
    quotes: tuple[SmileQuotes, ...] = ()
    events: tuple[VarianceEvent, ...] = ()

    def __post_init__(self) -> None:
        if self.events:
            slices = [(each.subject, each.expiry_years, each.svi) for each in self.smiles]
            check_events(slices, self.time_ns, self.events)

    def variance_frac(self, moneyness_log: Floats, expiry_years: Floats) -> Floats:
        """Interpolate total variance, linear in time at fixed ln(K/F) but for jumps at events.

        Parameters
        ----------
        moneyness_log, expiry_years
            Broadcast; each expiry with its own forward. Times are positive.

        Returns
        -------
        ndarray, broadcast shape
            It falls with time nowhere. What is left of it without events is linear between
            expiries and, outside the first and last, in proportion to time; an event counts from
            its own moment on.

        Raises
        ------
        OutOfDomain
            If no slice was accepted, or a time is not positive and finite.
        """
        if not self.smiles:
            raise OutOfDomain(
                f"{self.underlying}: no slice was accepted; look at `rejected` for the reasons"
            )
        k, T = np.broadcast_arrays(
            np.asarray(moneyness_log, dtype=np.float64), np.asarray(expiry_years, dtype=np.float64)
        )
        if not (np.isfinite(T).all() and (T > 0).all()):
            raise OutOfDomain(f"{self.underlying}: expiry_years must be positive and finite")
        times = np.array([smile.expiry_years for smile in self.smiles])
        every = np.stack([smile.variance_frac(k) for smile in self.smiles])
        taken = event_variance(self.events, self.time_ns, times)
        every = every - taken.reshape(-1, *([1] * k.ndim))
        after = np.searchsorted(times, T)
        upper = np.minimum(after, len(times) - 1)
        lower = np.maximum(after - 1, 0)
        w_upper = np.take_along_axis(every, upper[None], axis=0)[0]
        w_lower = np.take_along_axis(every, lower[None], axis=0)[0]
        span = np.where(upper > lower, times[upper] - times[lower], 1.0)
        part = np.where(upper > lower, (T - times[lower]) / span, 0.0)
        inside = w_lower + part * (w_upper - w_lower)
        # Flat vol outside; with one slice upper and lower are the same.
        first, last = times[0], times[-1]
        edge = np.where(first >= T, T / first, T / last)
        beyond = (first >= T) | (last <= T)
        bare = np.where(beyond, w_upper * edge, inside)
        w: Floats = bare + event_variance(self.events, self.time_ns, T)
        return w

    def vol_frac(self, moneyness_log: Floats, expiry_years: Floats) -> Floats:
        """Interpolate and give the annualised vol; as `variance_frac`."""
        vol: Floats = np.sqrt(self.variance_frac(moneyness_log, expiry_years) / expiry_years)
        return vol
