"""An option chain quoted from one number: the instantaneous volatility.

At the money, vol decays towards its long-run mean with the tenor, as under a mean-reverting
variance. Around it a parabola in standard deviations of moneyness, tilted towards puts the more the
market is stressed. Marks are Black-76 on a forward with a small annual basis, in coin, as Deribit
quotes them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from math import exp

import numpy as np

from hedgerow.market import OptionQuote
from hedgerow.pricing import value_usd
from hedgerow.simulation.crash_paths import VOL_MEAN_FRAC
from hedgerow.units import SECOND_NS, YEAR_NS, to_exact

__all__ = ["atm_vol_frac", "chain", "option_name"]

_TERM_REVERSION_PER_YEAR = 30.0
_FORWARD_BASIS_FRAC_PER_YEAR = 0.05
_SKEW_FRAC = -0.05
_SKEW_PER_STRESS_FRAC = -0.05
_CURVE_FRAC = 0.02
_STEP_FORWARD = Decimal("0.01")
_STEP_MARK = Decimal("0.0001")


def option_name(coin: str, expiry_ns: int, strike_usd: int, right: str) -> str:
    """Name an option as Deribit does: ``BTC-27MAR26-80000-P``."""
    day = datetime.fromtimestamp(expiry_ns // SECOND_NS, UTC)
    return f"{coin}-{day.day}{day.strftime('%b%y').upper()}-{strike_usd}-{right}"


def atm_vol_frac(vol_frac: float, expiry_years: float) -> float:
    """Average the expected vol over the life of an option that expires in so many years."""
    pull = _TERM_REVERSION_PER_YEAR * expiry_years
    weight = (1.0 - exp(-pull)) / pull if pull > 0 else 1.0
    return VOL_MEAN_FRAC + (vol_frac - VOL_MEAN_FRAC) * weight


def chain(
    *,
    coin: str,
    time_ns: int,
    spot_usd: float,
    vol_frac: float,
    expiries_ns: Sequence[int],
    strikes_usd: Sequence[int],
) -> list[OptionQuote]:
    """Quote every strike of every expiry that is still alive, calls and puts on one vol."""
    quotes: list[OptionQuote] = []
    stress = max(0.0, vol_frac - VOL_MEAN_FRAC)
    for expiry_ns in expiries_ns:
        years = (expiry_ns - time_ns) / YEAR_NS
        if years <= 0:
            continue
        grown = spot_usd * (1.0 + _FORWARD_BASIS_FRAC_PER_YEAR * years)
        forward = to_exact(grown, _STEP_FORWARD, "half_up")
        strikes = np.array(strikes_usd, dtype=np.float64)
        atm = atm_vol_frac(vol_frac, years)
        z = np.clip(np.log(strikes / float(forward)) / (atm * np.sqrt(years)), -4.0, 4.0)
        tilt = _SKEW_FRAC + _SKEW_PER_STRESS_FRAC * stress
        # Rounded before it is used, so that the mark below belongs to the vol that is quoted.
        vols = np.round(atm * (1.0 + tilt * z + _CURVE_FRAC * z * z), 4)
        for right in ("C", "P"):
            worth = value_usd(
                np.full_like(strikes, float(forward)),
                strikes,
                vols,
                np.full_like(strikes, years),
                np.full(len(strikes), right == "C"),
            )
            for strike, vol, usd in zip(strikes_usd, vols, worth, strict=True):
                coins = float(usd) / float(forward)
                quotes.append(
                    OptionQuote(
                        time_ns=time_ns,
                        instrument_id=option_name(coin, expiry_ns, strike, right),
                        underlying=coin,
                        price_underlying_usd=forward,
                        vol_mark_frac=float(vol),
                        price_mark_ccy=to_exact(coins, _STEP_MARK, "half_up"),
                    )
                )
    return quotes
