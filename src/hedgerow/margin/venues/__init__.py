"""The registry: one module per venue, each with its rulebook and its `Engine`.

A new venue is a module here, its import and its place in `ENGINES`, a rulebook file and tests;
nothing else in the house is told of it.
"""

from collections.abc import Mapping
from typing import Any

from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.records import Rulebook
from hedgerow.margin.venues import (
    aave,
    binance,
    binance_coin,
    bybit,
    deribit,
    hyperliquid,
    hyperliquid_portfolio,
    okx,
    okx_multi,
)

__all__ = ["ENGINES", "ENGINE_OF", "terms_of"]

# Each engine takes its own kind of rulebook, which the key below guarantees; hence Any.
ENGINES: tuple[Engine[Any], ...] = (
    aave.ENGINE,
    binance.ENGINE,
    binance_coin.ENGINE,
    bybit.ENGINE,
    deribit.ENGINE,
    hyperliquid.ENGINE,
    hyperliquid_portfolio.ENGINE,
    okx.ENGINE,
    okx_multi.ENGINE,
)

ENGINE_OF: Mapping[type[Rulebook], Engine[Any]] = {engine.kind: engine for engine in ENGINES}


def terms_of(rulebook: Rulebook) -> VenueTerms:
    """Give what a rulebook says beside the requirement: what it covers, counts and charges."""
    return ENGINE_OF[type(rulebook)].terms(rulebook)
