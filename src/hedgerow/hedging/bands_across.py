"""Bands across spot: where each would lie, and what the delta would be, were the price elsewhere.

Nothing is traded on the way: where the delta leaves a band is where the next trade would be.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging.band_policies import DAYS_PER_YEAR, band
from hedgerow.hedging.band_records import Band, BandInputs, BandKind
from hedgerow.hedging.held_band import delta_at_vols, row_under
from hedgerow.limits import Survey
from hedgerow.market import Shock

__all__ = ["BandsAcross", "bands_across"]

Floats: TypeAlias = NDArray[np.float64]
_LOOKS_COUNT: Final = 9


class BandsAcross(msgspec.Struct, frozen=True, kw_only=True):
    """Delta and bands at each move of spot; None where one is not known.

    `delta_coin` has one item a move, and so has each band: its low and its high edge.
    """

    moves_frac: tuple[float, ...]
    delta_coin: tuple[float | None, ...]
    low_coin: dict[BandKind, tuple[float | None, ...]]
    high_coin: dict[BandKind, tuple[float | None, ...]]


def bands_across(
    survey: Survey,
    coin: str,
    inputs: BandInputs,
    bands: Mapping[BandKind, Outcome[Band]],
    moves_frac: Sequence[float],
) -> BandsAcross:
    """Value the desk again at each move and make the same bands there, risk aversions unchanged.

    Parameters
    ----------
    moves_frac
        Of spot and all that hangs on it, rising; two or more, above -1.

    Raises
    ------
    OutOfDomain
        If moves are not such.
    """
    moves = np.asarray(moves_frac, float)
    if len(moves) < 2 or not (np.diff(moves) > 0).all() or not moves[0] > -1.0:
        raise OutOfDomain(f"bands across spot need rising moves above -1, were {moves_frac}")
    deltas: list[float | None] = []
    gammas: list[float] = []
    for move in moves:
        row = row_under(survey, coin, Shock(spot_factor_frac={coin: 1.0 + float(move)}))
        if isinstance(row, Failure):
            deltas.append(None)
            gammas.append(math.nan)
        else:
            price_usd = inputs.price_usd * (1.0 + float(move))
            deltas.append(row.delta_spot_coin)
            gammas.append(row.gamma_usd_per_pct * 100.0 / price_usd**2)
    known: dict[BandKind, Band] = {k: b for k, b in bands.items() if isinstance(b, Band)}
    low: dict[BandKind, list[float | None]] = {kind: [] for kind in known}
    high: dict[BandKind, list[float | None]] = {kind: [] for kind in known}
    floors = _floors(moves, np.abs(gammas), inputs.vol_frac / math.sqrt(DAYS_PER_YEAR))
    for at, move in enumerate(moves):
        there = _moved(inputs, float(move), gammas[at], float(floors[at]))
        delta_at = delta_at_vols(survey, coin, 1.0 + float(move))
        for kind, here in known.items():
            found = (
                None if there is None else band(kind, there, here.risk_aversion_per_usd, delta_at)
            )
            low[kind].append(found.low_coin if isinstance(found, Band) else None)
            high[kind].append(found.high_coin if isinstance(found, Band) else None)
    return BandsAcross(
        moves_frac=tuple(map(float, moves)),
        delta_coin=tuple(deltas),
        low_coin={kind: tuple(each) for kind, each in low.items()},
        high_coin={kind: tuple(each) for kind, each in high.items()},
    )


def _moved(
    inputs: BandInputs, move_frac: float, gamma_coin_per_usd: float, floor_coin_per_usd: float
) -> BandInputs | None:
    """Give the inputs at another price; None where gamma is not known there, or within a day."""
    if not (math.isfinite(gamma_coin_per_usd) and math.isfinite(floor_coin_per_usd)):
        return None
    return msgspec.structs.replace(
        inputs,
        price_usd=inputs.price_usd * (1.0 + move_frac),
        gamma_coin_per_usd=gamma_coin_per_usd,
        gamma_floor_coin_per_usd=floor_coin_per_usd,
    )


def _floors(moves_frac: Floats, gammas_coin_per_usd: Floats, deviation_log: float) -> Floats:
    """Average the size of gamma within a day's deviation; beyond the ends it is that of the end."""
    logs = np.log1p(moves_frac)
    looks = np.linspace(-deviation_log, deviation_log, _LOOKS_COUNT)
    weights = np.full(_LOOKS_COUNT, 1.0)
    weights[[0, -1]] = 0.5
    across = np.interp(logs[:, None] + looks, logs, gammas_coin_per_usd)
    floors: Floats = across @ weights / weights.sum()
    return floors
