"""``hedgerow hedge structure`` and ``hedge carry``: the cheapest floor, and what a carry pays.

Only the wiring; `app.actions` names what each command runs.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number, numbers
from hedgerow.app.chain_request import ChainSource
from hedgerow.app.options import At, Data, DeskPath, Json, Seed
from hedgerow.app.structure_request import CarryAsked, FloorAsked

__all__ = ["STRUCTURES"]


def structure(
    desk: DeskPath = None,
    *,
    quantity: Annotated[
        float | None,
        number(
            "--quantity", "quantity", "Coins held, short negative; without it the desk's delta."
        ),
    ] = None,
    floor: Annotated[
        tuple[float, ...],
        numbers("--floor", "floor_frac", "Of what the position is worth now: 90%, or 95%,90%,85%."),
    ] = (0.9,),
    days: Annotated[
        float,
        number("--days", "elapsed_days", "For so long at least: to the next expiry from there."),
    ] = 30.0,
    expiry: Annotated[
        str | None, Parameter(help="Until this expiry, as 27MAR26 or 2026-03-27, not --days.")
    ] = None,
    give_away: Annotated[
        float,
        number(
            "--give-away",
            "given_away_frac",
            "What calls sold out of the money may pay away at any spot looked at, of what the "
            "position is worth now: 20%. They pay for the floor and never earn. Without it none.",
        ),
    ] = 0.0,
    legs: Annotated[int | None, Parameter(help="How many options at most.")] = None,
    later: Annotated[
        bool,
        Parameter(
            negative="", help="Also options that live on, at their own vols moved by --vol-move."
        ),
    ] = False,
    vol_move: Annotated[
        float, number("--vol-move", "vol_move_frac", "Of those vols: -20% for a fifth less.")
    ] = 0.0,
    low: Annotated[
        float, number("--low", "price_move_frac", "Lowest spot looked at, as a move: -60%.")
    ] = -0.6,
    high: Annotated[
        float, number("--high", "price_move_frac", "Highest spot looked at, as a move: 60%.")
    ] = 0.6,
    fee: Annotated[
        float,
        number(
            "--fee",
            "fee_frac",
            "Of the underlying for each option: 0.03%; never more than an eighth of its price.",
        ),
    ] = 0.0003,
    lot: Annotated[
        float | None, number("--lot", "positive", "Coins in a lot; without it the venue's.")
    ] = None,
    spot: Annotated[
        float | None,
        number("--spot", "positive", "Without it the forward of the nearest expiry."),
    ] = None,
    chains: Annotated[
        Path | None, Parameter(help="Folder of chain_*.parquet, read in place of a desk's market.")
    ] = None,
    coin: Annotated[str, Parameter(help="Which coin's options.")] = "BTC",
    plot: Annotated[
        Path | None, Parameter(help="Draw what it is all worth at the horizon to this SVG file.")
    ] = None,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Find the cheapest floor under a position that the options listed can make. Sends nothing.

    Puts bought at the ask (calls under a short), in whole lots; with --give-away a collar. At every
    spot from --low to --high position and options are worth the floor at least, what they cost
    taken off; each is revalued to confirm it. Beside the cost stands what no floor can undercut.
    Exit status 1 where a floor is out of reach: the highest that is not is then named.
    """
    return act(
        "hedge structure",
        ChainSource(desk, data, chains, coin, seed),
        at=at,
        asked=FloorAsked(
            quantity_coin=quantity,
            floors_frac=floor,
            days=days,
            expiry=expiry,
            given_away_frac=give_away,
            legs_count_max=legs,
            is_later=later,
            vol_move_frac=vol_move,
            low_frac=low,
            high_frac=high,
            fee_frac=fee,
            lot_coin=lot,
            spot_usd=spot,
        ),
        plot=plot,
        as_json=as_json,
    )


def carry(
    *,
    future: Annotated[
        float | None,
        number("--future", "positive", "Price of a dated future; with --spot, --days."),
    ] = None,
    spot: Annotated[float | None, number("--spot", "positive", "Price of spot.")] = None,
    days: Annotated[
        float | None, number("--days", "elapsed_days", "Until the future expires.")
    ] = None,
    funding: Annotated[
        float | None,
        number("--funding", "funding_frac_per_interval", "Of a perpetual, an interval: 0.01%."),
    ] = None,
    interval_hours: Annotated[
        float, number("--interval-hours", "hours", "How long that interval is.")
    ] = 8.0,
    rates: Annotated[
        Path | None, Parameter(help="Folder of funding_history.parquet, in place of --funding.")
    ] = None,
    venue: Annotated[str, Parameter(help="Whose rates.")] = "binance",
    coin: Annotated[str, Parameter(help="Which coin's.")] = "BTC",
    from_time: Annotated[str | None, Parameter(help="Only rates from this time on.")] = None,
    to_time: Annotated[str | None, Parameter(help="Only rates before this time.")] = None,
    marks: Annotated[
        Path | None,
        Parameter(help="Folder of mark_1h.parquet: what margin the short leg calls for."),
    ] = None,
    spots: Annotated[
        Path | None, Parameter(help="Folder of spot_1h.parquet: how far the basis blows out.")
    ] = None,
    hold_days: Annotated[
        float, number("--hold-days", "elapsed_days", "How long both legs are held.")
    ] = 30.0,
    cost: Annotated[
        float, number("--cost", "cost_frac", "Of getting in and out of both legs: 0.2%.")
    ] = 0.002,
    borrow: Annotated[
        float, number("--borrow", "rate_frac_per_year", "What the money in spot costs a year: 5%.")
    ] = 0.0,
    margin_cost: Annotated[
        float, number("--margin-cost", "rate_frac_per_year", "What money held as margin costs.")
    ] = 0.0,
    leverage: Annotated[
        float, number("--leverage", "positive", "Of the short leg: its notional over its margin.")
    ] = 3.0,
    maintenance: Annotated[
        float, number("--maintenance", "requirement_frac", "At which it is liquidated: 1%.")
    ] = 0.01,
    vol: Annotated[
        float | None,
        number("--vol", "vol_frac", "Yearly vol of the price; without it that of --marks."),
    ] = None,
    alarm: Annotated[
        float,
        number("--alarm", "participation_frac", "Somebody is called this far to the liquidation."),
    ] = 0.5,
    transit_hours: Annotated[
        float, number("--transit-hours", "hours", "From that alarm until money is credited.")
    ] = 6.0,
    draws: Annotated[int, Parameter(help="How many holdings are drawn out of the past.")] = 5_000,
    draw_seed: Annotated[int, Parameter(help="Seed of the draws.")] = 7,
    plot: Annotated[
        Path | None, Parameter(help="Draw what each holding of the past paid to this SVG file.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Say what long spot and short future pay, and what may go wrong: a dated one, or a perpetual.

    A perpetual's past is drawn in blocks as long as its funding remembers itself. The short leg is
    isolated: its liquidation before money from elsewhere arrives is a closed form. What is not
    known for want of a vol, marks or spots is said to be so.
    """
    return act(
        "hedge carry",
        CarryAsked(
            future_usd=future,
            spot_usd=spot,
            days=days,
            funding_frac_per_interval=funding,
            interval_hours=interval_hours,
            rates=rates,
            venue=venue,
            coin=coin,
            from_time=from_time,
            to_time=to_time,
            marks=marks,
            spots=spots,
            hold_days=hold_days,
            cost_frac=cost,
            borrow_frac_per_year=borrow,
            margin_cost_frac_per_year=margin_cost,
            leverage_frac=leverage,
            maintenance_frac=maintenance,
            vol_frac=vol,
            alarm_frac=alarm,
            transit_hours=transit_hours,
            draws_count=draws,
            draw_seed=draw_seed,
        ),
        plot=plot,
        as_json=as_json,
    )


STRUCTURES: Final[Mapping[str, Callable[..., int]]] = {"structure": structure, "carry": carry}
