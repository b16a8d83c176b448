"""An option chain as columns: one underlying's options at one time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from hedgerow.instruments import Option
from hedgerow.market.records import OptionQuote
from hedgerow.market.svi import Floats
from hedgerow.units import to_model

__all__ = ["ChainColumns", "QuoteColumns", "chain_columns"]

OPEN_GATE = "ok"


@dataclass(frozen=True, slots=True, eq=False)
class QuoteColumns:
    """Vols of a chain's own bids and asks; row i belongs to row i of the chain.

    Whoever inverts prices lies above this room, so these columns are handed in.

    Attributes
    ----------
    vol_mid_frac
        Of the mid, annualised; NaN where the gate is not ``ok``, or the mid has none.
    width_volpt
        (ask - bid) / vega.
    gate
        The first gate a quote fails, by name; ``ok`` where it passes all.
    """

    vol_mid_frac: Floats
    width_volpt: Floats
    gate: NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class ChainColumns:
    """One underlying's options at one time; row i of every column is one option.

    Prices are coin premiums times the row's forward, USD per coin; NaN where there is no quote. A
    forward is NaN where the venue names none.

    Attributes
    ----------
    price_tick_usd
        The venue's smallest price step; needed where vols of quotes are wanted, else left out.
    futures_usd
        Marks of listed futures of the same underlying and time, by expiry in nanoseconds.
    quotes
        Needed to fit to mids, else left out.
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
    price_tick_usd: Floats | None = None
    futures_usd: Mapping[int, float] = field(default_factory=dict)
    quotes: QuoteColumns | None = None


def chain_columns(
    underlying: str,
    time_ns: int,
    rows: Iterable[tuple[Option, OptionQuote]],
    *,
    futures_usd: Mapping[int, float] | None = None,
) -> ChainColumns:
    """Gather the columns of quotes that are all of one underlying.

    A quote in coin is turned into dollars with its own row's forward; one in dollars stays.
    """
    kept = list(rows)

    def usd(option: Option, quote: OptionQuote, price: Decimal | None) -> float:
        if price is None:
            return np.nan
        in_coin = option.settlement == option.underlying
        return to_model(price) * (to_model(quote.price_underlying_usd) if in_coin else 1.0)

    def column(price: Callable[[Option, OptionQuote], Decimal | None]) -> Floats:
        return np.array([usd(*row, price(*row)) for row in kept], dtype=np.float64)

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
        price_bid_usd=column(lambda _, quote: quote.price_bid_ccy),
        price_ask_usd=column(lambda _, quote: quote.price_ask_ccy),
        price_tick_usd=column(lambda option, _: option.tick_ccy),
        futures_usd=dict(futures_usd or {}),
    )
