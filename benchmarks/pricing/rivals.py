"""Other libraries doing the same, as each offers it; those not installed are left out.

None is asked for more or fewer numbers than its own quickest public call gives, and what that is
stands beside its name and in the note of its row. Inputs are made ready before the clock starts,
as plain numbers where a library takes one option at a time, as arrays where it takes columns.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap

import numpy as np

from hedgerow.pricing import EuropeanColumns

from .inputs import Quotes, rows

Work = Callable[[], object]


@dataclass(frozen=True)
class Rival:
    """One library: its name, what it computes, and how to make it do so.

    `greeks` and `vols` give what it found for the first options, for checking; `greeks_work` and
    `vols_work` give what is timed.
    """

    name: str
    greeks_note: str
    greeks: Callable[[EuropeanColumns, int], np.ndarray]  # (options, value delta gamma vega)
    greeks_work: Callable[[EuropeanColumns, int], Work]
    greeks_count_max: int
    vols_note: str
    vols: Callable[[Quotes, int], np.ndarray]
    vols_work: Callable[[Quotes, int], Work]
    vols_count_max: int


def installed() -> Iterator[Rival]:
    """Give every rival there is; name on standard error those that there are not."""
    for name, make in (
        ("NautilusTrader", nautilus),
        ("QuantLib", quantlib),
        ("vollib", vollib),
        ("FinancePy", financepy),
    ):
        try:
            yield make()
        except ImportError as missing:
            print(f"{name} is not installed ({missing}): its rows are left out", file=sys.stderr)


def nautilus() -> Rival:
    """Take the Rust functions of NautilusTrader, which go by way of PyO3, one option a call."""
    from nautilus_trader.core.nautilus_pyo3 import black_scholes_greeks, imply_vol

    def given(options: EuropeanColumns, count: int) -> list[tuple[float, ...]]:
        return [(S, r, b, v, cp > 0, K, T, 1.0) for S, K, v, T, r, b, cp in rows(options, count)]

    def greeks(options: EuropeanColumns, count: int) -> np.ndarray:
        found = starmap(black_scholes_greeks, given(options, count))
        # Its vega is for a hundredth of vol.
        return np.array([(g.price, g.delta, g.gamma, 100.0 * g.vega) for g in found])

    def quoted(quotes: Quotes, count: int) -> list[tuple[float, ...]]:
        return [(F, 0.0, 0.0, call, K, T, price) for price, F, K, T, call in quotes.rows(count)]

    return Rival(
        name="nautilus",
        greeks_note="NautilusTrader 1.221, five numbers (price, delta, gamma, vega, theta), one "
        "option a call",
        greeks=greeks,
        greeks_work=lambda options, count: _loop(black_scholes_greeks, given(options, count)),
        greeks_count_max=100_000,
        vols_note="NautilusTrader 1.221 imply_vol, one quote a call",
        vols=lambda quotes, count: np.array(list(starmap(imply_vol, quoted(quotes, count)))),
        vols_work=lambda quotes, count: _loop(imply_vol, quoted(quotes, count)),
        vols_count_max=100_000,
    )


def quantlib() -> Rival:
    """Take QuantLib's calculator and its root finder through their wrappers, one option a call."""
    import QuantLib as ql  # noqa: N813

    def kind(is_call: bool) -> int:
        return int(ql.Option.Call if is_call else ql.Option.Put)

    def given(options: EuropeanColumns, count: int) -> list[tuple[float, ...]]:
        return [
            (kind(cp > 0), K, S * np.exp(b * T), v * np.sqrt(T), np.exp(-r * T), S, T)
            for S, K, v, T, r, b, cp in rows(options, count)
        ]

    def six(
        which: int, K: float, F: float, s: float, D: float, S: float, T: float
    ) -> tuple[float, ...]:
        at = ql.BlackCalculator(ql.PlainVanillaPayoff(which, K), F, s, D)
        return at.value(), at.delta(S), at.gamma(S), at.vega(T), at.theta(S, T), at.rho(T)

    def quoted(quotes: Quotes, count: int) -> list[tuple[float, ...]]:
        return [(kind(call), K, F, price, T) for price, F, K, T, call in quotes.rows(count)]

    def vol(which: int, K: float, F: float, price: float, T: float) -> float:
        return float(ql.blackFormulaImpliedStdDevLiRS(which, K, F, price) / T**0.5)

    return Rival(
        name="quantlib",
        greeks_note="QuantLib BlackCalculator, six numbers (value, delta, gamma, vega, theta, rho) "
        "of one option a call",
        greeks=lambda options, count: np.array(
            [found[:4] for found in starmap(six, given(options, count))]
        ),
        greeks_work=lambda options, count: _loop(six, given(options, count)),
        greeks_count_max=2_000,
        vols_note="QuantLib blackFormulaImpliedStdDevLiRS with its defaults, one quote a call",
        vols=lambda quotes, count: np.array(list(starmap(vol, quoted(quotes, count)))),
        vols_work=lambda quotes, count: _loop(vol, quoted(quotes, count)),
        vols_count_max=10_000,
    )


def vollib() -> Rival:
    """Take vollib's Black functions, plain Python, one number of one option a call."""
    from vollib.black import black
    from vollib.black.greeks.analytical import delta, gamma, rho, theta, vega
    from vollib.black.implied_volatility import implied_volatility

    def given(options: EuropeanColumns, count: int) -> list[tuple[object, ...]]:
        return [
            ("c" if cp > 0 else "p", S, K, T, r, v) for S, K, v, T, r, _, cp in rows(options, count)
        ]

    def six(*of: object) -> tuple[float, ...]:
        return black(*of), delta(*of), gamma(*of), vega(*of), theta(*of), rho(*of)

    def greeks(options: EuropeanColumns, count: int) -> np.ndarray:
        found = np.array([numbers[:4] for numbers in starmap(six, given(options, count))])
        return found * (1.0, 1.0, 1.0, 100.0)  # its vega is for a hundredth of vol

    def quoted(quotes: Quotes, count: int) -> list[tuple[object, ...]]:
        return [
            (price, F, K, 0.0, T, "c" if call else "p")
            for price, F, K, T, call in quotes.rows(count)
        ]

    return Rival(
        name="vollib",
        greeks_note="vollib.black, six numbers (value, delta, gamma, vega, theta, rho), a call for "
        "each number of each option",
        greeks=greeks,
        greeks_work=lambda options, count: _loop(six, given(options, count)),
        greeks_count_max=300,
        vols_note="vollib implied_volatility (Let's Be Rational), one quote a call",
        vols=lambda quotes, count: np.array(
            list(starmap(implied_volatility, quoted(quotes, count)))
        ),
        vols_work=lambda quotes, count: _loop(implied_volatility, quoted(quotes, count)),
        vols_count_max=300,
    )


def financepy() -> Rival:
    """Take FinancePy's compiled functions of columns, a call for each number of all options."""
    from financepy.models import black_scholes_analytic as bs
    from financepy.utils.global_types import OptionTypes

    call, put = OptionTypes.EUROPEAN_CALL.value, OptionTypes.EUROPEAN_PUT.value
    seven = (bs.bs_value, bs.bs_delta, bs.bs_gamma, bs.bs_vega, bs.bs_theta, bs.bs_rho, bs.bs_vanna)

    def given(options: EuropeanColumns, count: int) -> tuple[np.ndarray, ...]:
        S, K, v, T, r, b, cp = options.given[:, :count].copy()
        return S, T, K, r, r - b, v, np.where(cp > 0, call, put)

    def greeks_work(options: EuropeanColumns, count: int) -> Work:
        of = given(options, count)
        return lambda: [number(*of) for number in seven]

    def quoted(quotes: Quotes, count: int) -> tuple[np.ndarray, ...]:
        none = np.zeros(count)
        kind = np.where(quotes.is_call[:count], call, put)
        F, T, K = (x[:count] for x in (quotes.forward_usd, quotes.expiry_years, quotes.strike_usd))
        return F, T, K, none, none, quotes.price_usd[:count], kind

    def vols_work(quotes: Quotes, count: int) -> Work:
        of = quoted(quotes, count)
        return lambda: bs.bs_implied_volatility(*of)

    return Rival(
        name="financepy",
        greeks_note="FinancePy, seven numbers (value, delta, gamma, vega, theta, rho, vanna), a "
        "compiled call over columns for each number",
        greeks=lambda options, count: np.array([n(*given(options, count)) for n in seven[:4]]).T,
        greeks_work=greeks_work,
        greeks_count_max=100_000,
        vols_note="FinancePy bs_implied_volatility over columns, to 1e-6",
        vols=lambda quotes, count: np.asarray(bs.bs_implied_volatility(*quoted(quotes, count))),
        vols_work=vols_work,
        vols_count_max=10_000,
    )


def _loop(function: Callable[..., object], arguments: Sequence[tuple[object, ...]]) -> Work:
    """Call with each in turn and keep nothing; `starmap` costs less than a loop of our own."""
    return lambda: deque(starmap(function, arguments), maxlen=0)
