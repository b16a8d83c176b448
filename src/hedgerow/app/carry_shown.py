"""What ``hedgerow hedge carry`` does: a dated future, a rate, or a past of rates; words, a drawing.

What a command line leaves out is not made up: without a vol there is no probability, without marks
no margin call, without spot no basis, and each is said to be unknown.
"""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from hedgerow.app.asked import show
from hedgerow.app.backtest_parts import rng_of
from hedgerow.app.carry_past import Rates, basis_of, marked_past_of, past_of, read_rates
from hedgerow.app.structure_request import CarryAsked
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import Failure, Outcome, OutOfDomain, RequestRejected
from hedgerow.hedging.structures import (
    BasisBlowout,
    Carry,
    CarryPast,
    FundingWalk,
    MarginDraw,
    ShortLeg,
    basis,
    basis_blowout,
    break_even_days,
    carry,
    funding_apr,
    funding_outlook,
    funding_walk,
    margin_draw,
    short_leg,
)
from hedgerow.reporting import builtins_of
from hedgerow.reporting.carries import CarryShown, carry_tables
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.units import YEAR_HOURS, YEAR_NS, format_ns
from hedgerow.venues.recordings import read_mark_hours

__all__ = ["show_carry"]

_DRAWN_COUNT = 1_200


def show_carry(asked: CarryAsked, *, plot: Path | None, as_json: bool) -> int:
    """Print what the carry pays and risks; draw its past where asked to.

    Raises
    ------
    RequestRejected, RecordingRejected
        If what was asked cannot be meant, or a recording cannot be read.
    """
    _check(asked, plot)
    rates = None if asked.rates is None else read_rates(asked.rates, asked)
    try:
        shown = _shown(asked, rates)
    except OutOfDomain as bad:
        raise RequestRejected(str(bad)) from bad
    if plot is not None and rates is not None:
        write_plot(plot, _drawing(rates, asked), as_json=as_json)
    show(builtins_of(shown), carry_tables(shown), as_json=as_json)
    return 0


def _check(asked: CarryAsked, plot: Path | None) -> None:
    ways = {
        "--future": asked.future_usd, "--funding": asked.funding_frac_per_interval,
        "--rates": asked.rates,
    }  # fmt: skip
    given = [flag for flag, value in ways.items() if value is not None]
    if len(given) != 1:
        raise RequestRejected(
            f"one of {', '.join(ways)} says what pays; given were {', '.join(given) or 'none'}"
        )
    if asked.future_usd is not None:
        if asked.spot_usd is None or not asked.days:
            raise RequestRejected("--future needs --spot and --days, and those above 0")
    elif asked.spot_usd is not None or asked.days is not None:
        raise RequestRejected("--spot and --days go with --future; a perpetual has --hold-days")
    if asked.rates is None and (asked.marks is not None or asked.spots is not None):
        raise RequestRejected("--marks and --spots go with --rates")
    if asked.spots is not None and asked.marks is None:
        raise RequestRejected("--spots needs --marks: the basis is of one to the other")
    if asked.hold_days <= 0.0 or asked.draws_count < 100:
        raise RequestRejected("--hold-days must be positive, and --draws 100 or more")
    if plot is not None:
        check_plot(plot)
        if asked.rates is None:
            raise RequestRejected("--plot draws a past: it goes with --rates")


def _shown(asked: CarryAsked, rates: Rates | None) -> CarryShown:
    if asked.future_usd is not None:
        return _of_future(asked, asked.future_usd)
    if rates is not None:
        return _of_past(asked, rates)
    assert asked.funding_frac_per_interval is not None
    rate, hours = asked.funding_frac_per_interval, asked.interval_hours
    return _of_rate(asked, "a perpetual at one rate", rate, hours)


def _of_future(asked: CarryAsked, future_usd: float) -> CarryShown:
    """Say what a dated future pays until it expires."""
    assert asked.spot_usd is not None
    assert asked.days is not None
    years = asked.days / 365.0
    found = basis(future_usd=future_usd, spot_usd=asked.spot_usd, expiry_years=years)
    return CarryShown(
        subject=f"a future of {asked.days:g} days",
        hold_days=asked.days,
        basis=found,
        carry=_carry(asked, found.simple_frac_per_year, years),
        vol_frac=asked.vol_frac,
        short_leg=_leg(asked, asked.vol_frac, years),
    )


def _of_rate(asked: CarryAsked, subject: str, rate: float, hours: float) -> CarryShown:
    """Say what a perpetual pays at one rate an interval of so many hours."""
    years = asked.hold_days / 365.0
    apr = funding_apr(funding_frac_per_interval=rate, interval_hours=hours)
    return CarryShown(
        subject=subject,
        hold_days=asked.hold_days,
        funding=apr,
        carry=_carry(asked, apr.simple_frac_per_year, years),
        break_even_days=break_even_days(
            cost_frac=asked.cost_frac, funding_frac_per_interval=rate, interval_hours=hours
        ),
        vol_frac=asked.vol_frac,
        short_leg=_leg(asked, asked.vol_frac, years),
    )


def _of_past(asked: CarryAsked, rates: Rates) -> CarryShown:
    """Say what a perpetual pays at its mean rate, and what its past says of the risk of that."""
    past = marked = past_of(rates, asked)
    hours = rates.interval_ns / 3.6e12
    count = max(1, round(asked.hold_days * 24.0 / hours))
    marks_since: str | None = None
    blowout: Outcome[BasisBlowout] | None = None
    if asked.marks is not None:
        bars = read_mark_hours(asked.marks, f"{asked.coin}USDT")
        marked, since_ns = marked_past_of(rates, bars, asked)
        marks_since = format_ns(since_ns)
        if asked.spots is not None:
            blowout = basis_blowout(basis_of(bars, asked, rates.interval_ns), holding_count=count)
        if asked.vol_frac is None:
            assert marked.mark_close_log is not None
            vol = float(np.sqrt(np.mean(marked.mark_close_log**2) * YEAR_HOURS / hours))
            asked = replace(asked, vol_frac=vol)
    subject = (
        f"{asked.venue} {asked.coin}, {len(past)} rates of {past.interval_hours:g} hours "
        f"from {format_ns(int(rates.time_ns[0]))} to {format_ns(int(rates.time_ns[-1]))}"
    )
    return msgspec.structs.replace(
        _of_rate(asked, subject, float(np.mean(past.funding_frac)), hours),
        outlook=funding_outlook(
            past,
            holding_count=count,
            cost_frac=asked.cost_frac,
            rng=rng_of(asked.draw_seed),
            draws_count=asked.draws_count,
        ),
        walk=_walk(past, asked, count, hours),
        draw=_draw(marked, asked, count),
        marks_since=marks_since,
        blowout=blowout,
    )


def _carry(asked: CarryAsked, basis_frac_per_year: float, years: float) -> Carry:
    return carry(
        basis_frac_per_year=basis_frac_per_year,
        borrow_frac_per_year=asked.borrow_frac_per_year,
        cost_frac=asked.cost_frac,
        holding_years=years,
        margin_frac=1.0 / asked.leverage_frac,
        margin_cost_frac_per_year=asked.margin_cost_frac_per_year,
    )


def _walk(past: CarryPast, asked: CarryAsked, count: int, hours: float) -> Outcome[FundingWalk]:
    if len(past) <= YEAR_HOURS / hours:
        return Failure(
            subject="walk",
            reason="missing_data",
            message="a year of rates teaches what to expect, and this is less",
        )
    return funding_walk(
        past,
        holding_count=count,
        cost_frac=asked.cost_frac,
        warm_count=round(YEAR_HOURS / hours),
        rng=rng_of(asked.draw_seed),
    )


def _draw(past: CarryPast, asked: CarryAsked, count: int) -> Outcome[MarginDraw]:
    return margin_draw(
        past,
        holding_count=count,
        leverage_frac=asked.leverage_frac,
        maintenance_frac=asked.maintenance_frac,
        rng=rng_of(asked.draw_seed),
        draws_count=asked.draws_count,
    )


def _leg(asked: CarryAsked, vol: float | None, years: float) -> Outcome[ShortLeg]:
    if vol is None:
        return Failure(
            subject="short leg",
            reason="missing_data",
            message="how much the price moves is not known: write --vol, or name --marks",
        )
    return short_leg(
        leverage_frac=asked.leverage_frac,
        maintenance_frac=asked.maintenance_frac,
        alarm_frac=asked.alarm_frac,
        vol_frac=vol,
        horizon_years=years,
        transit_s=asked.transit_hours * 3_600.0,
    )


def _drawing(rates: Rates, asked: CarryAsked) -> str:
    """Draw what each holding of the past paid by the year, at its end, and funding added up."""
    hours = rates.interval_ns / 3.6e12
    count = max(1, round(asked.hold_days * 24.0 / hours))
    total = np.concatenate([[0.0], np.cumsum(rates.funding_frac)])
    every = max(1, len(rates.time_ns) // _DRAWN_COUNT)
    years = (rates.time_ns - rates.time_ns[0]) / YEAR_NS
    at = np.arange(0, len(rates.time_ns), every)
    paid = [
        100.0 * float(total[i + 1] - total[i + 1 - count]) * YEAR_HOURS / hours / count
        if i + 1 >= count
        else None
        for i in at.tolist()
    ]
    return curves_svg(
        f"Funding of {asked.venue} {asked.coin}",
        years[at].tolist(),
        f"years of 365 days since {format_ns(int(rates.time_ns[0]))[:10]}",
        [
            Panel(f"Paid over the {asked.hold_days:g} days before", "% a year",
                  [Curve("funding", paid)]),
            Panel("Added up", "% of notional",
                  [Curve("funding", (100.0 * total[at + 1]).tolist())]),
        ],
    )  # fmt: skip
