"""Vols of a chain's own bids and asks: `pricing` inverts the prices that `market` only carries."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.market import ChainColumns, ForwardSource, QuoteColumns, expiry_forwards
from hedgerow.pricing import QuoteGate, quote_vols
from hedgerow.units import years_between

__all__ = ["with_quote_vols"]

_NAMES = np.array([gate.name.lower() for gate in QuoteGate])


def with_quote_vols(
    chains: Iterable[ChainColumns], forwards: ForwardSource
) -> Iterator[ChainColumns]:
    """Give each chain with the vols of its mids, and the gate each quote fails.

    A row is inverted at its own forward where the venue's is wanted, because it was quoted beside
    that one, and else at the forward of its expiry.

    Raises
    ------
    OutOfDomain
        If a chain does not say its price step.
    """
    for chain in chains:
        if chain.price_tick_usd is None:
            raise OutOfDomain(f"{chain.underlying}: the chain has no price_tick_usd to gate quotes")
        years = np.zeros(len(chain.expiry_ns))
        F = np.full(len(chain.expiry_ns), np.nan)
        for expiry_ns, forward in expiry_forwards(chain, forwards).items():
            rows = chain.expiry_ns == expiry_ns
            years[rows] = years_between(chain.time_ns, expiry_ns)
            if isinstance(forward, Failure):
                continue
            own = chain.forward_usd[rows]
            is_own = (forward.source == "venue") & np.isfinite(own) & (own > 0)
            F[rows] = np.where(is_own, own, forward.forward_usd)
        found = quote_vols(
            chain.price_bid_usd,
            chain.price_ask_usd,
            F,
            chain.strike_usd,
            years,
            chain.is_call,
            tick_usd=chain.price_tick_usd,
        )
        quotes = QuoteColumns(
            vol_mid_frac=found.vol_mid_frac,
            width_volpt=found.width_volpt,
            gate=_NAMES[found.gate_code],
        )
        yield replace(chain, quotes=quotes)
