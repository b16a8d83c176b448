"""Shocks of a limit, as a desk file writes them: read before it is known which coins there are."""

from collections.abc import Collection

import msgspec

from hedgerow.app.shocks import NAMED, read_shock
from hedgerow.errors import RequestRejected
from hedgerow.limits import Stress

__all__ = ["stress_of"]

_EVERY = "every coin"


def stress_of(text: str, coins: Collection[str], dollars: Collection[str]) -> Stress:
    """Read a shock in the words of ``margin stress --shock``.

    >>> stress = stress_of("spot=-20%,ETH=-30%,vol=+10pt", ["BTC", "ETH"], ["USDC"])
    >>> dict(stress.on(["BTC", "ETH"]).spot_factor_frac)
    {'BTC': 0.8, 'ETH': 0.7}

    Raises
    ------
    RequestRejected
        If it is none.
    """
    parts = [part.strip() for part in NAMED.get(text, text).split(",")]
    named = {part.partition("=")[0].strip() for part in parts}
    try:
        shock = read_shock(text, [coin for coin in coins if coin not in dollars], dollars)
        spots = [part for part in parts if part.partition("=")[0].strip() == "spot"]
        of_every = read_shock(spots[0], [_EVERY], ()) if spots else None
    except RequestRejected as bad:
        raise RequestRejected(str(bad).removeprefix("--shock ")) from bad
    own = {coin: factor for coin, factor in shock.spot_factor_frac.items() if coin in named}
    return Stress(
        name=text,
        spot_factor_frac=1.0 if of_every is None else of_every.on(_EVERY),
        shock=msgspec.structs.replace(shock, spot_factor_frac=own),
    )
