"""What ``hedgerow hedge structure`` does: a chain, a position and floors; plans, words, a drawing.

The chain is the last one at a time, of a folder or of a desk's market. The position is what was
asked, or the desk's delta in the coin where the desk holds nothing that bends.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hedgerow.app.asked import show, surveyed
from hedgerow.app.chain_request import ChainSource
from hedgerow.app.chain_source import refuse_far, standing
from hedgerow.app.options import Source
from hedgerow.app.structure_request import FloorAsked
from hedgerow.app.terms import expiry_ns
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import Failure, OutOfDomain, RecordingRejected, RequestRejected
from hedgerow.hedging.structures import (
    FloorOptions,
    FloorPlan,
    FloorTerms,
    floor,
    highest_floor,
    worth_at_horizon_usd,
)
from hedgerow.market import ChainColumns
from hedgerow.pricing import GREEKS
from hedgerow.reporting import builtins_of
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.floors import FloorRow, FloorsShown, floor_tables
from hedgerow.units import DAY_NS, YEAR_NS, format_ns, percent, to_model
from hedgerow.venues.recordings import option_from_name

__all__ = ["show_floors"]

_GRID_COUNT = 81
_NO_ASK = (
    "this chain lists no ask at all, as none of the embedded desk does: read recorded ones with "
    "--chains FOLDER"
)
_DRAWN_COUNT = 241
# Deribit takes no more than this part of an option's price as its fee.
_FEE_OF_PRICE_FRAC = 0.125
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def show_floors(
    source: ChainSource, *, at: str | None, asked: FloorAsked, plot: Path | None, as_json: bool
) -> int:
    """Print the cheapest plan of each floor, and draw them where asked to.

    Raises
    ------
    RequestRejected, RecordingRejected, DeskRejected
        If the source cannot be read, or what was asked cannot be meant.
    """
    if plot is not None:
        check_plot(plot)
    if asked.low_frac >= asked.high_frac:
        raise RequestRejected(f"--low {asked.low_frac:g} must lie below --high {asked.high_frac:g}")
    if asked.legs_count_max is not None and asked.legs_count_max < 1:
        raise RequestRejected(f"--legs must be 1 or more, was {asked.legs_count_max}")
    _, found = standing(source, at, with_futures=False)
    chain = found[0][-1]
    spot, quantity = _position(source, at, asked, chain)
    end_ns = _horizon_ns(chain, asked)
    options = _options(chain, end_ns, asked)
    years = (end_ns - chain.time_ns) / YEAR_NS
    worth = quantity * spot
    rows = []
    for share in asked.floors_frac:
        terms = FloorTerms(
            quantity_coin=quantity,
            spot_usd=spot,
            floor_usd=worth - (1.0 - share) * abs(worth),
            horizon_years=years,
            spots_usd=spot * np.linspace(1 + asked.low_frac, 1 + asked.high_frac, _GRID_COUNT),
            given_away_usd_max=asked.given_away_frac * abs(worth),
            legs_count_max=asked.legs_count_max,
            vol_move_frac=asked.vol_move_frac,
        )
        rows.append(_row(options, terms, share))
    shown = FloorsShown(
        coin=chain.underlying,
        time_ns=chain.time_ns,
        horizon_ns=end_ns,
        spot_usd=spot,
        quantity_coin=quantity,
        options_count=len(options),
        is_exact=not asked.is_later,
        rows=tuple(rows),
    )
    if plot is not None:
        write_plot(plot, _drawing(options, shown, asked), as_json=as_json)
    show(_payload(shown, asked), floor_tables(shown), as_json=as_json)
    return status(list(_troubles(rows)), is_quiet=as_json)


def _position(
    source: ChainSource, at: str | None, asked: FloorAsked, chain: ChainColumns
) -> tuple[float, float]:
    """Give spot and how much is held."""
    nearest = chain.forward_usd[chain.expiry_ns == chain.expiry_ns.min()]
    spot = float(np.median(nearest)) if asked.spot_usd is None else asked.spot_usd
    if asked.spot_usd is not None:
        refuse_far("--spot", spot, nearest, time_ns=chain.time_ns)
    if not np.isfinite(spot):
        raise RequestRejected("the nearest expiry has no forward; write what spot is, with --spot")
    if asked.quantity_coin is not None:
        if asked.quantity_coin == 0.0:
            raise RequestRejected("--quantity 0 needs no floor")
        return spot, asked.quantity_coin
    if source.chains is not None:
        raise RequestRejected("--quantity is missing: a folder of chains holds no position")
    state = surveyed(Source(source.desk, source.data, at, source.seed))
    row = state.exposures.row(f"coin/{chain.underlying}")
    if isinstance(row, Failure) or row.missing or row.delta_spot_coin is None:
        raise RequestRejected(
            f"the desk's delta in {chain.underlying} is not known; write --quantity"
        )
    if any(getattr(row, name) for name, greek in GREEKS.items() if greek.spot > 1):
        raise RequestRejected(
            f"the desk holds something in {chain.underlying} whose delta moves with the price, so "
            "that the delta says too little: write the coins to floor with --quantity"
        )
    if row.delta_spot_coin == 0.0:
        raise RequestRejected(f"the desk has no delta in {chain.underlying}; write --quantity")
    index = state.snapshot.spot_usd(chain.underlying)
    if asked.spot_usd is not None or isinstance(index, Failure):
        return spot, row.delta_spot_coin
    return to_model(index), row.delta_spot_coin


def _horizon_ns(chain: ChainColumns, asked: FloorAsked) -> int:
    """Give the expiry until which the floor stands."""
    listed = np.unique(chain.expiry_ns[chain.expiry_ns > chain.time_ns])
    told = ", ".join(_day(each) for each in listed.tolist())
    if asked.expiry is not None:
        wanted = expiry_ns(asked.expiry, "--expiry")
        if wanted not in listed:
            raise RequestRejected(f"--expiry {asked.expiry}: listed are {told}")
        return wanted
    later = listed[listed >= chain.time_ns + int(asked.days * DAY_NS)]
    if not len(later):
        raise RequestRejected(f"--days {asked.days:g}: no expiry is so far; listed are {told}")
    return int(later[0])


def _options(chain: ChainColumns, end_ns: int, asked: FloorAsked) -> FloorOptions:
    kept = chain.expiry_ns >= end_ns if asked.is_later else chain.expiry_ns == end_ns
    at = np.flatnonzero(kept)
    ask = chain.price_ask_usd[at]
    bid = chain.price_bid_usd[at]
    # A side of nothing is no side, and a fee on it none.
    price = np.fmax(np.nan_to_num(ask), np.nan_to_num(bid))
    names = tuple(
        _name(chain.underlying, int(end), float(strike), is_call=bool(call))
        for end, strike, call in zip(
            chain.expiry_ns[at], chain.strike_usd[at], chain.is_call[at], strict=True
        )
    )
    try:
        return FloorOptions(
            names=names,
            expiry_years=(chain.expiry_ns[at] - chain.time_ns) / YEAR_NS,
            strike_usd=chain.strike_usd[at],
            is_call=chain.is_call[at],
            price_bid_usd=bid,
            price_ask_usd=ask,
            forward_usd=chain.forward_usd[at],
            vol_frac=chain.vol_mark_frac[at],
            fee_usd=np.minimum(
                asked.fee_frac * np.nan_to_num(chain.forward_usd[at]), _FEE_OF_PRICE_FRAC * price
            ),
            lot_coin=np.full(len(at), _lot_coin(names[0], asked)),
        )
    except OutOfDomain as bad:
        raise RecordingRejected(f"the chain of {format_ns(chain.time_ns)}: {bad}") from bad


def _lot_coin(name: str, asked: FloorAsked) -> float:
    if asked.lot_coin is not None:
        return asked.lot_coin
    try:
        terms = option_from_name(name)
    except RecordingRejected as bad:
        raise RequestRejected(f"{bad}; write how many coins a lot has, with --lot") from bad
    return to_model(terms.lot_contracts * terms.multiplier_coin_per_contract)


def _name(coin: str, end_ns: int, strike_usd: float, *, is_call: bool) -> str:
    return f"{coin}-{_day(end_ns)}-{strike_usd:.12g}-{'C' if is_call else 'P'}".replace(".", "d")


def _day(time_ns: int) -> str:
    """Write a day as instruments name it.

    >>> _day(1774598400000000000)
    '27MAR26'
    """
    year, month, day = format_ns(time_ns)[:10].split("-")
    return f"{int(day)}{_MONTHS[int(month) - 1]}{year[2:]}"


def _row(options: FloorOptions, terms: FloorTerms, share: float) -> FloorRow:
    found = floor(options, terms)
    reach = None
    if isinstance(found, Failure) and not np.nan_to_num(options.price_ask_usd).any():
        found = msgspec.structs.replace(found, message=f"{found.message}; {_NO_ASK}")
    if isinstance(found, FloorPlan) and not found.is_held:
        highest = highest_floor(options, terms)
        reach = None if isinstance(highest, Failure) else highest
    return FloorRow(share_frac=share, terms=terms, plan=found, reach=reach)


def _payload(shown: FloorsShown, asked: FloorAsked) -> dict[str, Any]:
    return {
        "coin": shown.coin,
        "time": format_ns(shown.time_ns),
        "horizon": format_ns(shown.horizon_ns),
        "spot_usd": shown.spot_usd,
        "quantity_coin": shown.quantity_coin,
        "options_count": shown.options_count,
        "given_away_frac_max": asked.given_away_frac,
        "fee_frac": asked.fee_frac,
        "floors": [
            {
                "share_frac": row.share_frac,
                "floor_usd": row.terms.floor_usd,
                **(
                    {"failure": builtins_of(row.plan)}
                    if isinstance(row.plan, Failure)
                    else {"plan": builtins_of(row.plan), "gap_usd": row.plan.gap_usd}
                ),
                "highest": None if row.reach is None else builtins_of(row.reach),
            }
            for row in shown.rows
        ],
    }


def _troubles(rows: Sequence[FloorRow]) -> Sequence[str]:
    said = []
    for row in rows:
        if isinstance(row.plan, Failure):
            said.append(f"no floor of {percent(row.share_frac)}: {row.plan.message}")
        elif not row.plan.is_held:
            highest = (
                "" if row.reach is None else f"; the highest is {row.reach.floor_usd:,.0f} USD"
            )
            if row.is_for_lots:
                highest = " in whole lots and the legs allowed, of parts of lots it is not"
            said.append(f"a floor of {percent(row.share_frac)} is out of reach{highest}")
    return said


def _drawing(options: FloorOptions, shown: FloorsShown, asked: FloorAsked) -> str:
    """Draw what position and options are worth at the horizon over spot."""
    spots = shown.spot_usd * np.linspace(1 + asked.low_frac, 1 + asked.high_frac, _DRAWN_COUNT)
    curves = [Curve("without", (shown.quantity_coin * spots).tolist())]
    place = {name: i for i, name in enumerate(options.names)}
    for row in shown.rows:
        if isinstance(row.plan, Failure):
            continue
        amounts = np.zeros(len(options))
        for leg in row.plan.legs:
            amounts[place[leg.name]] = leg.quantity_coin
        worth = worth_at_horizon_usd(options, row.terms, amounts, spots)
        state = "" if row.plan.is_held else ", not held"
        curves.append(Curve(f"floor of {100 * row.share_frac:.4g} %{state}", worth.tolist()))
    return curves_svg(
        f"{shown.quantity_coin:+g} {shown.coin} at {format_ns(shown.horizon_ns)}",
        spots.tolist(),
        f"spot of {shown.coin}, USD",
        [Panel("Worth, cost taken off", "USD", curves)],
        marks=[(shown.spot_usd, "now")],
    )
