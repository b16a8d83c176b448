"""What moved between two markets, for one holding: its spot, its basis, its own vol, its asset."""

from math import sqrt
from typing import NamedTuple

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure.sums import Part
from hedgerow.instruments import (
    EntryContract,
    Instrument,
    Option,
    PowerPerpetual,
    has_entry,
    settlement_of,
)
from hedgerow.market import PowerMark, Snapshot
from hedgerow.pricing import power_implied
from hedgerow.units import DAY_NS, YEAR_NS, to_model

__all__ = ["Moves", "moves", "spot_move_frac"]


class Moves(NamedTuple):
    """How far each went.

    Attributes
    ----------
    spot_start_usd, spot_frac
        Spot of the coin that moves the holding, and its relative move.
    basis_frac
        The relative move of its own forward or mark against spot.
    settlement_frac
        The relative move of the dollar price of what it is counted in.
    vol_volpt
        Of the option's own vol, at its strike.
    elapsed_days
        From one to the other.
    """

    spot_start_usd: float
    spot_frac: float
    basis_frac: float
    settlement_frac: float
    vol_volpt: float
    elapsed_days: float


def moves(part: Part, start: Snapshot, end: Snapshot) -> Outcome[Moves]:
    """Compare two markets for one holding that both can value.

    A future whose coin has no index is its own spot, and has no basis.
    """
    terms = part.instrument
    asset = settlement_of(terms)
    worth = start.asset(asset), end.asset(asset)
    if isinstance(worth[0], Failure):
        return worth[0]
    if isinstance(worth[1], Failure):
        return worth[1]
    first, last = _level(terms, part.own, start), _level(terms, part.own, end)
    if isinstance(first, Failure):
        return first
    if isinstance(last, Failure):
        return last
    is_placed = first.spot_usd is not None and last.spot_usd is not None
    spot_start_usd = (first.spot_usd if is_placed else None) or first.forward_usd
    spot_end_usd = (last.spot_usd if is_placed else None) or last.forward_usd
    ratio = (last.forward_usd / spot_end_usd) / (first.forward_usd / spot_start_usd)
    return Moves(
        spot_start_usd=spot_start_usd,
        spot_frac=spot_end_usd / spot_start_usd - 1.0,
        basis_frac=ratio - 1.0,
        settlement_frac=worth[1].price_usd / worth[0].price_usd - 1.0,
        vol_volpt=100.0 * (last.vol_frac - first.vol_frac),
        elapsed_days=(end.time_ns - start.time_ns) / DAY_NS,
    )


def spot_move_frac(coin: str, start: Snapshot, end: Snapshot) -> float | None:
    """Give the relative move of a coin; None where either market does not know it."""
    first, last = start.spot_usd(coin), end.spot_usd(coin)
    if isinstance(first, Failure) or isinstance(last, Failure):
        return None
    return to_model(last) / to_model(first) - 1.0


class _Level(NamedTuple):
    spot_usd: float | None
    forward_usd: float
    vol_frac: float


def _level(terms: Instrument, coin: str, snapshot: Snapshot) -> Outcome[_Level]:
    found = snapshot.spot_usd(coin)
    if has_entry(terms):
        return _of_future(terms, None if isinstance(found, Failure) else to_model(found), snapshot)
    if isinstance(found, Failure):
        return found
    spot_usd = to_model(found)
    match terms:
        case Option():
            mark = snapshot.option(terms)
            if isinstance(mark, Failure):
                return mark
            return _Level(spot_usd, mark.forward_usd, mark.vol_frac)
        case PowerPerpetual():
            power = snapshot.power(terms)
            if isinstance(power, Failure):
                return power
            return _Level(spot_usd, spot_usd, _power_vol_frac(terms, power))
        case _:
            return _Level(spot_usd, spot_usd, 0.0)


def _of_future(terms: EntryContract, spot_usd: float | None, snapshot: Snapshot) -> Outcome[_Level]:
    mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
    if isinstance(mark, Failure):
        return mark
    return _Level(spot_usd, to_model(mark), 0.0)


def _power_vol_frac(terms: PowerPerpetual, mark: PowerMark) -> float:
    """Give the vol that is priced; none where the mark lies below its index."""
    implied = power_implied(
        price_mark_usd=mark.price_mark_recorded_usd,
        price_usd=mark.price_underlying_recorded_usd,
        norm_factor_frac=mark.norm_factor_frac,
        exponent_power=float(terms.exponent_power),
        scale_usd=to_model(terms.scale_usd),
        funding_years=terms.funding_period_ns / YEAR_NS,
    )
    return sqrt(max(float(implied.variance_frac_per_year[0]), 0.0))
