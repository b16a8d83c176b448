"""European options on a forward or on spot: the gate before the kernels, and what they give back.

`EuropeanColumns` refuses what cannot be and sets aside the rows where nothing is uncertain any more
(no time, no vol, no strike): those get their limits, so no kernel ever sees a division by zero and
no NaN leaves. Values hold to 1e-11 of themselves within six deviations of the money, at any σ√T
above 1e-14, and none is negative. Greeks are raw: per 1.00 of each input, per year of calendar
time, per unit of underlying (methods: `pricing.reference`).
"""

from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import reference
from hedgerow.pricing.gate import (
    GROWTH_MAX,
    NOT_NEGATIVE,
    PRICE,
    RATE,
    VOL,
    YEARS,
    Bools,
    Floats,
    buffer,
    check,
    flags,
    floats,
    steep,
)
from hedgerow.pricing.gate import room as _room
from hedgerow.pricing.sensitivities import CoinGreeks, EuropeanGreeks
from hedgerow.pricing.threads import shared_out, shares

__all__ = ["EuropeanColumns", "coin_greeks", "european_greeks"]

# No product of three of them leaves the range of a double.
_BOUNDS: Final = (
    ("underlying_usd", PRICE),
    ("strike_usd", NOT_NEGATIVE),
    ("vol_frac", VOL),
    ("expiry_years", YEARS),
    ("rate_frac_per_year", RATE),
    ("carry_frac_per_year", RATE),
)
_NOTHING = 1e-30  # of a strike, of time, or of σ√T
_SMALL = 1e-15  # a vol and a time above this are never nothing together

_ROWS_COUNT: Final = len(EuropeanGreeks.__struct_fields__)
_LATE_COUNT: Final = len(EuropeanGreeks.__struct_defaults__)
_COIN_COUNT: Final = len(CoinGreeks.__struct_fields__)

_OPTIONS_COUNT_MIN: Final = 8_192
"""Options in a share of a thread at least. Measured (`benchmarks/bench_threads.py`, two cores, 14
ns an option): two threads are even with one at 8,192 options in all and bring 1.3 at 16,384."""


@final
class EuropeanColumns:
    """Column i of everything is one option. Columns are copied and locked.

    Parameters
    ----------
    underlying_usd
        Shape (n,); the forward, or spot with a carry. At least 1e-30.
    strike_usd, vol_frac, expiry_years
        Shape (n,); not negative. Years are ACT/365, vol is annualised.
    is_call
        Shape (n,), True or False and nothing else.
    rate_frac_per_year, carry_frac_per_year
        Shape (n,) or one for all; continuously compounded. The forward is
        ``underlying · exp(carry · years)``, so the carry of an option on a forward is zero.
    carry_follows_rate
        Whether the carry moves with the rate, as it does for an option on spot; only rho asks.

    Raises
    ------
    OutOfDomain
        If lengths differ, or anything is no real number, not finite or not within bounds, or
        `is_call` is of another type than bool. The message names the column and the first bad row.
    """

    __slots__ = ("_edges", "_given", "_terms", "carry_follows_rate")

    def __init__(
        self,
        *,
        underlying_usd: Floats,
        strike_usd: Floats,
        vol_frac: Floats,
        expiry_years: Floats,
        is_call: Bools,
        rate_frac_per_year: Floats | float = 0.0,
        carry_frac_per_year: Floats | float = 0.0,
        carry_follows_rate: bool = False,
    ) -> None:
        # A microsecond each to ask NumPy, which is much for a single option.
        call = is_call
        if type(call) is not np.ndarray or call.dtype != np.bool_:
            call = flags("is_call", is_call)
        if call.ndim != 1:
            raise OutOfDomain(f"is_call has shape {call.shape}, expected one of options")
        given = buffer((7, len(call)))
        columns = (
            underlying_usd, strike_usd, vol_frac, expiry_years,
            rate_frac_per_year, carry_frac_per_year,
        )  # fmt: skip
        for row, column in enumerate(columns):
            if row >= 4 and type(column) is float:
                given[row] = column
                continue
            if type(column) is not np.ndarray or column.dtype != np.float64:
                column = floats(_BOUNDS[row][0], column)
            shape = column.shape
            if shape != given.shape[1:] and not (row >= 4 and shape == ()):
                raise OutOfDomain(
                    f"{_BOUNDS[row][0]} has shape {shape}, expected {given.shape[1:]}"
                )
            given[row] = column
        given[6] = -1.0
        given[6, call] = 1.0
        self.carry_follows_rate = carry_follows_rate
        self._given = given
        self._terms = given
        self._edges: NDArray[np.intp] | None = None
        if given.shape[1]:
            self._check()
        given.setflags(write=False)

    def _check(self) -> None:
        given = self._given
        # Two passes over everything; a NaN is neither above nor below, and is found as well.
        lows, highs = np.minimum.reduce(given, 1).tolist(), np.maximum.reduce(given, 1).tolist()
        for row, (name, bounds) in enumerate(_BOUNDS):
            if not (lows[row] >= bounds[0] and highs[row] <= bounds[1]):
                check(name, given[row], bounds)
        steepest = max(-lows[4], highs[4], -lows[5], highs[5])
        if steepest * highs[3] > GROWTH_MAX:
            for row in (4, 5):
                steep(_BOUNDS[row][0], given[row], given[3], over="expiry_years")
        if lows[1] < _NOTHING or lows[2] < _SMALL or lows[3] < _SMALL:
            _, strike, vol, years = given[:4]
            nothing = (strike < _NOTHING) | (years < _NOTHING) | (vol * np.sqrt(years) < _NOTHING)
            if nothing.any():
                self._edges = np.flatnonzero(nothing)
                self._terms = buffer(given.shape)
                self._terms[:] = given
                # Anything ordinary will do: what comes of these rows is written over.
                self._terms[:4, self._edges] = 1.0
                self._terms[4:6, self._edges] = 0.0

    def __len__(self) -> int:
        return int(self._given.shape[1])

    @property
    def given(self) -> Floats:
        """Shape (7, n), as they came: underlying, strike, vol, years, rate, carry, ±1."""
        return self._given

    @property
    def years_max(self) -> float:
        """The longest time left; zero where there is no option."""
        return float(self._given[3].max(initial=0.0))

    @property
    def terms(self) -> Floats:
        """The same with `edges` replaced by something ordinary: what a kernel may see."""
        return self._terms

    @property
    def edges(self) -> NDArray[np.intp] | None:
        """Which options have no time, no vol or no strike; None where all are alive."""
        return self._edges


def european_greeks(
    options: EuropeanColumns,
    *,
    with_third_vol: bool = False,
    threads_count: int = 1,
    out: Floats | None = None,
) -> EuropeanGreeks:
    """Value options with eleven Greeks; ``with_third_vol`` adds veta and ultima.

    Parameters
    ----------
    threads_count
        How many threads at most; the result is the same to the last bit whatever it is.
    out
        Where to write, shape (12, n), or (14, n) with the two that are added: float64, in one piece
        row after row; `buffer` gives the kind that is written fastest. Left out, memory is taken.

    Raises
    ------
    OutOfDomain
        If `out` has another shape or layout, or `threads_count` is not from 1 to 64.
    """
    # Here and not above: only who prices should wait for Numba.
    from hedgerow.pricing.kernels import vanilla

    rows = _ROWS_COUNT if with_third_vol else _ROWS_COUNT - _LATE_COUNT
    room = _room(out, rows, len(options))
    terms, follows = options.terms, options.carry_follows_rate
    shared_out(
        lambda first, last: vanilla.greeks(terms, follows, room, first, last),
        _shares(len(options), threads_count, vanilla.BLOCK),
    )
    edges = options.edges
    if edges is not None:
        at_edges = options.given[:, edges]
        limit = reference.limits(at_edges, carry_follows_rate=options.carry_follows_rate)
        room[:, edges] = limit[:rows]
    return EuropeanGreeks(*room)


def coin_greeks(
    options: EuropeanColumns, *, threads_count: int = 1, out: Floats | None = None
) -> CoinGreeks:
    """Value options on a forward that pay in coin: ``max(±(F - K), 0) / F`` at expiry.

    Parameters
    ----------
    threads_count
        How many threads at most; the result is the same to the last bit whatever it is.
    out
        Where to write, shape (15, n), in the order of `CoinGreeks`.

    Raises
    ------
    OutOfDomain
        If any carry is not zero (the underlying must be the forward of the expiry), `out` has
        another shape or layout, or `threads_count` is not from 1 to 64.

    Notes
    -----
    For x any number of derivatives by vol and time, the quotient rule of V/F says

        ∂x v = ∂x V / F,  ∂F ∂x v = (∂F ∂x V - ∂x v) / F,  ∂²F ∂x v = (∂²F ∂x V - 2 ∂F ∂x v) / F,

    and ``∂³F v = (∂³F V - 3 ∂²F v) / F``. Taken as they stand these differences lose their digits
    in the wings. With D = exp(-r T), s = σ√T, the density w = D n(d1), the dollar gamma
    Γ = w / (F s) and the premium-adjusted delta ``a = ±(K/F) D N(±d2)``, which is δ - v, they are

    =======  ================================================
    slope    ``a / F``
    gamma    ``(w / s - 2 a) / F²``
    vanna    ``-w d1 / (σ F)``
    charm    ``r a / F + w d1 / (2 T F)``
    speed    ``(6 a / F - Γ (4 + d1 / s)) / F²``
    zomma    ``Γ (d1 (d1 + s) - 1) / (σ F)``
    color    ``r · gamma + Γ (1 - d1 (d1 + s)) / (2 T F)``
    =======  ================================================

    because ``∂F (a F) = w / s``, ``∂σ (a F) = -F w d1 / σ`` and ``∂t (a F) = r a F + F w d1 / 2T``.

    References
    ----------
    Methods sheet, section 2.1.
    """
    from hedgerow.pricing.kernels import vanilla

    if options.given[5].any():
        row = int(np.argmax(options.given[5] != 0.0))
        raise OutOfDomain(
            f"carry_frac_per_year must be zero for options paid in coin, "
            f"row {row} was {options.given[5, row]}"
        )
    room = _room(out, _COIN_COUNT, len(options))
    terms = options.terms
    shared_out(
        lambda first, last: vanilla.coin_numbers(terms, room, first, last),
        _shares(len(options), threads_count, vanilla.BLOCK),
    )
    edges = options.edges
    if edges is not None:
        room[:, edges] = reference.coin_limits(options.given[:, edges])
    return CoinGreeks(*room)


def _shares(count: int, threads_count: int, block_count: int) -> list[tuple[int, int]]:
    return shares(
        count,
        threads_count=threads_count,
        block_count=block_count,
        share_count_min=_OPTIONS_COUNT_MIN,
    )
