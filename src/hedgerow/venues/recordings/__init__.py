"""A recording is a venue that no longer answers.

Files enter, market events leave in order of time, each with the time from which it could have been
known; `merge` puts several recordings on one clock. Every reader takes a folder, a half-open window
[start_ns, end_ns) of event times and the names it wants, streams in slices that do not grow with
the file, and any folder of the same schema will do. What cannot be true is refused with file, row,
field and what was seen.
"""

from hedgerow.venues.recordings.books import read_books
from hedgerow.venues.recordings.candles import (
    read_marks,
    read_perpetuals,
    read_spot,
    read_spot_windows,
)
from hedgerow.venues.recordings.chains import chain_underlyings, last_chains_ns, read_chains
from hedgerow.venues.recordings.funding import read_funding
from hedgerow.venues.recordings.futures import read_dated_futures, read_perpetual_quotes
from hedgerow.venues.recordings.hours import (
    mark_symbols,
    read_mark_hours,
    read_spot_hours,
    read_trade_hours,
)
from hedgerow.venues.recordings.lending_accounts import (
    read_lending_accounts,
    read_lending_reserves,
    read_stored_standings,
)
from hedgerow.venues.recordings.liquidations import read_liquidation_calls, read_reserves
from hedgerow.venues.recordings.merge import merge
from hedgerow.venues.recordings.names import (
    future_from_name,
    option_from_name,
    perpetual_from_name,
)
from hedgerow.venues.recordings.oracles import read_oracle_rounds
from hedgerow.venues.recordings.powers import read_power_states
from hedgerow.venues.recordings.replay import replay_raw_book

__all__ = [
    "chain_underlyings",
    "future_from_name",
    "last_chains_ns",
    "mark_symbols",
    "merge",
    "option_from_name",
    "perpetual_from_name",
    "read_books",
    "read_chains",
    "read_dated_futures",
    "read_funding",
    "read_lending_accounts",
    "read_lending_reserves",
    "read_liquidation_calls",
    "read_mark_hours",
    "read_marks",
    "read_oracle_rounds",
    "read_perpetual_quotes",
    "read_perpetuals",
    "read_power_states",
    "read_reserves",
    "read_spot",
    "read_spot_hours",
    "read_spot_windows",
    "read_stored_standings",
    "read_trade_hours",
    "replay_raw_book",
]
