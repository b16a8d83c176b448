"""One market that every engine on a chain is tried in."""

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.instruments import Instrument
from tests.builders import by_id, index, option, option_quote, oracle, perpetual, quote
from tests.rooms.margin.chain_cases import market

D = Decimal
ETH, BTC = perpetual("ETH"), perpetual()
CALL = option(2000, "call", coin="ETH", settlement="USDC")
HIGH = option(2400, "call", coin="ETH", settlement="USDC")
PUT = option(1800, "put", coin="ETH", settlement="USDC")
TERMS: Mapping[str, Instrument] = by_id(ETH, BTC, CALL, HIGH, PUT)
ENTRIES = {ETH.instrument_id: D(1900), BTC.instrument_id: D(51_000)}
NOW = market(
    index("ETH", 2000),
    index("BTC", 50_000),
    quote("ETH-PERP", 2000),
    quote("BTC-PERP", 50_000),
    option_quote(CALL, 2010, 0.6),
    option_quote(HIGH, 2010, 0.55),
    option_quote(PUT, 2010, 0.65),
    oracle("BTC", 50_000),
    oracle("SOL", 25),
    oracle("USDC", 1),
)
OPTIONS = (CALL.instrument_id, HIGH.instrument_id, PUT.instrument_id)
