"""Shocks as a person writes them on a command line, and a few that have a name.

``spot=-20%,vol=+10pt,days=3``: all coins but dollar coins fall, vols rise by points, time goes by.
``ETH=-30%`` moves one coin, on top of what `spot` says for the others; a dollar coin may be named
too, which breaks its peg. ``vol=+25%`` is a quarter more vol.
"""

from collections.abc import Collection
from typing import Final

from hedgerow.app.amounts import read
from hedgerow.errors import RequestRejected
from hedgerow.market import Shock
from hedgerow.units import DAY_NS

__all__ = ["NAMED", "read_shock"]

# Round moves to begin with, of the size of bad days (12 March 2020: bitcoin lost two fifths of its
# price), and no forecast of any.
NAMED: Final = {
    "crash": "spot=-30%,vol=+30pt",
    "rally": "spot=+30%,vol=+15pt",
    "vol-spike": "vol=+30pt",
    "vol-crush": "vol=-20pt",
}
_HOW = "write one such as spot=-20%,vol=+10pt,days=3"


def read_shock(text: str, coins: Collection[str], dollars: Collection[str]) -> Shock:
    """Read a shock, or the name of one.

    Parameters
    ----------
    coins, dollars
        The coins that may be named: those that `spot` moves, and those that it leaves alone.

    Examples
    --------
    >>> shock = read_shock("spot=-20%,ETH=-30,vol=+10pt,days=3", ["BTC", "ETH"], ["USDC"])
    >>> dict(shock.spot_factor_frac), shock.vol_shift_frac
    ({'BTC': 0.8, 'ETH': 0.7}, 0.1)

    Raises
    ------
    RequestRejected
        If it is neither, moves something twice, or names a coin that is not there.
    """
    moves: dict[str, str] = {}
    for part in NAMED.get(text, text).split(","):
        key, equals, amount = (word.strip() for word in part.partition("="))
        if not equals or not key or not amount:
            raise RequestRejected(
                f"--shock {text}: {part.strip() or 'nothing'} moves nothing; {_HOW}, or "
                f"{', '.join(NAMED)}"
            )
        if key in moves:
            raise RequestRejected(f"--shock {text}: {key} is moved twice; keep one")
        if key not in ("spot", "vol", "days") and key not in (*coins, *dollars):
            known = ", ".join(("spot", "vol", "days", *coins, *dollars))
            raise RequestRejected(f"--shock {text}: no {key} to move; there are: {known}")
        moves[key] = amount
    try:
        return _shock(moves, coins)
    except ValueError as bad:
        raise RequestRejected(f"--shock {text}: {bad}") from bad


def _shock(moves: dict[str, str], coins: Collection[str]) -> Shock:
    factors = dict.fromkeys(coins, moves["spot"]) if "spot" in moves else {}
    factors |= {key: amount for key, amount in moves.items() if key not in ("spot", "vol", "days")}
    vol = moves.get("vol", "+0pt")
    is_shift = vol.endswith("pt")
    if not is_shift and not vol.endswith("%"):
        raise ValueError(f"vol={vol}: write {vol}pt for vol points, or {vol}% of the vol itself")
    vol_factor_frac = 1.0 if is_shift else 1.0 + read(vol, "vol_move_frac")
    if vol_factor_frac <= 0.0:
        raise ValueError(f"vol={vol}: leaves no vol at all; write more than -100%")
    days = read(moves["days"], "elapsed_days") if "days" in moves else 0.0
    return Shock(
        spot_factor_frac={
            coin: 1.0 + read(amount, "spot_move_pct") / 100.0 for coin, amount in factors.items()
        },
        vol_factor_frac=vol_factor_frac,
        vol_shift_frac=read(vol.removesuffix("pt"), "vol_shift_volpt") / 100.0 if is_shift else 0.0,
        time_forward_ns=round(days * DAY_NS),
    )
