"""One module per venue: how each combines the ideas of the room.

A new venue is a module here and one line in `ENGINES`, keyed by the kind of rulebook it reads.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from hedgerow.errors import Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.records import MarginReport
from hedgerow.margin.rulebook import LendingRulebook, ScanRulebook, TieredRulebook
from hedgerow.margin.venues import aave, binance, deribit
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINES", "Engine"]

# Each engine takes its own kind of rulebook, which the key guarantees; hence Any and not the union.
Engine: TypeAlias = Callable[
    [Account, Mapping[str, Instrument], Snapshot, Any], Outcome[MarginReport]
]

ENGINES: Mapping[type, Engine] = {
    LendingRulebook: aave.require,
    ScanRulebook: deribit.require,
    TieredRulebook: binance.require,
}
