"""What ``hedgerow hedge structure`` and ``carry`` are asked; nothing heavy is imported."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hedgerow.app.amounts import number, numbers

__all__ = ["CarryAsked", "FloorAsked"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class FloorAsked:
    """A floor as a person asked for it; what is left out is None."""

    quantity_coin: Annotated[
        float | None,
        number(
            "--quantity", "quantity", "Coins held, short negative; without it the desk's delta."
        ),
    ] = None
    floors_frac: Annotated[
        tuple[float, ...],
        numbers("--floor", "floor_frac", "Of what the position is worth now: 90%, or 95%,90%,85%."),
    ] = (0.9,)
    days: Annotated[
        float,
        number("--days", "elapsed_days", "For so long at least: to the next expiry from there."),
    ] = 30.0
    expiry: Annotated[
        str | None, Parameter(help="Until this expiry, as 27MAR26 or 2026-03-27, not --days.")
    ] = None
    given_away_frac: Annotated[
        float,
        number(
            "--give-away",
            "given_away_frac",
            "What calls sold out of the money may pay away at any spot looked at, of what the "
            "position is worth now: 20%. They pay for the floor and never earn. Without it none.",
        ),
    ] = 0.0
    legs_count_max: Annotated[
        int | None, Parameter(name="--legs", help="How many options at most.")
    ] = None
    is_later: Annotated[
        bool,
        Parameter(
            name="--later",
            negative="",
            help="Also options that live on, at their own vols moved by --vol-move.",
        ),
    ] = False
    vol_move_frac: Annotated[
        float, number("--vol-move", "vol_move_frac", "Of those vols: -20% for a fifth less.")
    ] = 0.0
    low_frac: Annotated[
        float, number("--low", "price_move_frac", "Lowest spot looked at, as a move: -60%.")
    ] = -0.6
    high_frac: Annotated[
        float, number("--high", "price_move_frac", "Highest spot looked at, as a move: 60%.")
    ] = 0.6
    fee_frac: Annotated[
        float,
        number(
            "--fee",
            "fee_frac",
            "Of the underlying for each option: 0.03%; never more than an eighth of its price.",
        ),
    ] = 0.0003
    lot_coin: Annotated[
        float | None, number("--lot", "positive", "Coins in a lot; without it the venue's.")
    ] = None
    spot_usd: Annotated[
        float | None,
        number(
            "--spot",
            "positive",
            "Without it the forward of the nearest expiry, and within 10% of it: the quotes are "
            "of that price.",
        ),
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class CarryAsked:
    """A carry as a person asked for it; what is left out is None."""

    future_usd: Annotated[
        float | None,
        number("--future", "positive", "Price of a dated future; with --spot, --days."),
    ] = None
    spot_usd: Annotated[float | None, number("--spot", "positive", "Price of spot.")] = None
    days: Annotated[float | None, number("--days", "elapsed_days", "Until the future expires.")] = (
        None
    )
    funding_frac_per_interval: Annotated[
        float | None,
        number("--funding", "funding_frac_per_interval", "Of a perpetual, an interval: 0.01%."),
    ] = None
    interval_hours: Annotated[
        float, number("--interval-hours", "hours", "How long that interval is.")
    ] = 8.0
    rates: Annotated[
        Path | None, Parameter(help="Folder of funding_history.parquet, in place of --funding.")
    ] = None
    venue: Annotated[str, Parameter(help="Whose rates.")] = "binance"
    coin: Annotated[str, Parameter(help="Which coin's.")] = "BTC"
    from_time: Annotated[str | None, Parameter(help="Only rates from this time on.")] = None
    to_time: Annotated[str | None, Parameter(help="Only rates before this time.")] = None
    marks: Annotated[
        Path | None,
        Parameter(help="Folder of mark_1h.parquet: what margin the short leg calls for."),
    ] = None
    spots: Annotated[
        Path | None, Parameter(help="Folder of spot_1h.parquet: how far the basis blows out.")
    ] = None
    hold_days: Annotated[
        float, number("--hold-days", "elapsed_days", "How long both legs are held.")
    ] = 30.0
    cost_frac: Annotated[
        float, number("--cost", "cost_frac", "Of getting in and out of both legs: 0.2%.")
    ] = 0.002
    borrow_frac_per_year: Annotated[
        float, number("--borrow", "rate_frac_per_year", "What the money in spot costs a year: 5%.")
    ] = 0.0
    margin_cost_frac_per_year: Annotated[
        float, number("--margin-cost", "rate_frac_per_year", "What money held as margin costs.")
    ] = 0.0
    leverage_frac: Annotated[
        float, number("--leverage", "positive", "Of the short leg: its notional over its margin.")
    ] = 3.0
    maintenance_frac: Annotated[
        float, number("--maintenance", "requirement_frac", "At which it is liquidated: 1%.")
    ] = 0.01
    vol_frac: Annotated[
        float | None,
        number("--vol", "vol_frac", "Yearly vol of the price; without it that of --marks."),
    ] = None
    alarm_frac: Annotated[
        float,
        number("--alarm", "participation_frac", "Somebody is called this far to the liquidation."),
    ] = 0.5
    transit_hours: Annotated[
        float, number("--transit-hours", "hours", "From that alarm until money is credited.")
    ] = 6.0
    draws_count: Annotated[
        int, Parameter(name="--draws", help="How many holdings are drawn out of the past.")
    ] = 5_000
    draw_seed: Annotated[int, Parameter(help="Seed of the draws.")] = 7
