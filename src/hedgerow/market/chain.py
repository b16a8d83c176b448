"""An option chain as columns, and the quotes of each expiry that a smile is fitted to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Option
from hedgerow.market.forwards import from_rows
from hedgerow.market.records import OptionQuote
from hedgerow.market.smile import SmileQuotes
from hedgerow.market.svi import Floats
from hedgerow.units import date_utc, to_model, years_between

__all__ = ["ChainColumns", "chain_columns", "smile_quotes"]

_INV_SQRT_2PI = 0.3989422804014327
_CLIFF_FRAC = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class ChainColumns:
    """One underlying's options at one time; row i of every column is one option.

    Prices are coin premiums times the row's forward, USD per coin; NaN where there is no quote.
    """

    underlying: str
    time_ns: int
    expiry_ns: NDArray[np.int64]
    strike_usd: Floats
    is_call: NDArray[np.bool_]
    forward_usd: Floats
    vol_mark_frac: Floats
    price_bid_usd: Floats
    price_ask_usd: Floats


def chain_columns(
    underlying: str, time_ns: int, rows: Iterable[tuple[Option, OptionQuote]]
) -> ChainColumns:
    """Gather the columns of quotes that are all of one underlying.

    A quote in coin is turned into dollars with its own row's forward; one in dollars stays.
    """
    kept = list(rows)

    def usd(option: Option, quote: OptionQuote, side: str) -> float:
        price = getattr(quote, side)
        if price is None:
            return np.nan
        in_coin = option.settlement == option.underlying
        return to_model(price) * (to_model(quote.price_underlying_usd) if in_coin else 1.0)

    return ChainColumns(
        underlying=underlying,
        time_ns=time_ns,
        expiry_ns=np.array([option.expiry_ns for option, _ in kept], dtype=np.int64),
        strike_usd=np.array([to_model(option.strike_usd) for option, _ in kept], dtype=np.float64),
        is_call=np.array([option.right == "call" for option, _ in kept], dtype=np.bool_),
        forward_usd=np.array(
            [to_model(quote.price_underlying_usd) for _, quote in kept], dtype=np.float64
        ),
        vol_mark_frac=np.array([quote.vol_mark_frac for _, quote in kept], dtype=np.float64),
        price_bid_usd=np.array([usd(*row, "price_bid_ccy") for row in kept], dtype=np.float64),
        price_ask_usd=np.array([usd(*row, "price_ask_ccy") for row in kept], dtype=np.float64),
    )


def smile_quotes(chain: ChainColumns) -> Iterator[Outcome[SmileQuotes]]:
    """Give the usable quotes of each expiry, earliest first.

    Per strike the out-of-the-money side: puts below the forward, calls from it on. The forward is
    the venue's, the median of its rows. Marks that jump to half or twice their neighbours' vol
    within the smile are cliffs of a stale row and are left out.
    """
    for expiry_ns in np.unique(chain.expiry_ns):
        subject = f"{chain.underlying} {date_utc(int(expiry_ns))}"
        rows = np.flatnonzero(chain.expiry_ns == expiry_ns)
        years = years_between(chain.time_ns, int(expiry_ns))
        if years <= 0:
            yield Failure(subject=subject, reason="stale_data", message="it has expired")
            continue
        forward = from_rows(chain.forward_usd[rows])
        strike = chain.strike_usd[rows]
        rows = rows[(chain.is_call[rows] == (strike >= forward))]
        rows = rows[np.argsort(chain.strike_usd[rows], kind="stable")]
        vol = chain.vol_mark_frac[rows]
        usable = np.isfinite(vol) & (vol > 0) & (chain.strike_usd[rows] > 0) & ~_cliffs(vol)
        rows, vol = rows[usable], vol[usable]
        if not len(rows):
            yield Failure(subject=subject, reason="too_few_quotes", message="no usable strike")
            continue
        k = np.log(chain.strike_usd[rows] / forward)
        s = vol * np.sqrt(years)
        d1 = -k / s + 0.5 * s
        vega = forward * _INV_SQRT_2PI * np.exp(-0.5 * d1 * d1) * np.sqrt(years)
        spread = chain.price_ask_usd[rows] - chain.price_bid_usd[rows]
        width = spread / np.maximum(0.01 * vega, 1e-12 * forward)
        yield SmileQuotes(
            subject=subject,
            time_ns=chain.time_ns,
            expiry_ns=int(expiry_ns),
            expiry_years=years,
            forward_usd=forward,
            forward_source="venue",
            strike_usd=chain.strike_usd[rows],
            moneyness_log=k,
            vol_frac=vol,
            width_volpt=width,
        )


def _cliffs(vol: Floats) -> NDArray[np.bool_]:
    """Find vols that differ by more than half from both neighbours, in the same direction."""
    if len(vol) < 3:
        return np.zeros(len(vol), dtype=np.bool_)
    jump = np.log(vol[1:-1] / vol[:-2]), np.log(vol[1:-1] / vol[2:])
    steep = np.log1p(_CLIFF_FRAC)
    inside = (np.minimum(*jump) > steep) | (np.maximum(*jump) < -steep)
    return np.concatenate([[False], inside, [False]])
