"""What ``hedgerow hedge scalp`` does: options of a chain, or the desk's own; words, a drawing.

The desk's own are its node of the coin: gamma, theta and vega of everything in it. Options that
are got into stand alone, and cost their half spread and fee.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path

import numpy as np

from hedgerow.app.asked import show, surveyed
from hedgerow.app.chain_request import ChainSource
from hedgerow.app.chain_source import standing
from hedgerow.app.option_asks import ScalpAsked
from hedgerow.app.option_picks import Pick, picks_of
from hedgerow.app.options import Source
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import Failure, OutOfDomain, RequestRejected
from hedgerow.hedging.structures import ScalpOutlook, scalp_outlook
from hedgerow.instruments import Option
from hedgerow.limits import Survey
from hedgerow.pricing import GREEKS, DollarGreeks
from hedgerow.reporting import builtins_of
from hedgerow.reporting.scalps import ScalpLeg, ScalpShown, scalp_svg, scalp_tables
from hedgerow.units import DAY_NS, format_ns, to_model

__all__ = ["show_scalp"]

# Of the vol that breaks even, where no vols are asked about.
_AROUND = (0.6, 0.8, 1.0, 1.2, 1.4)
_GAMMA, _THETA = (
    next(name for name, each in GREEKS.items() if each.title == title)
    for title in ("Gamma", "Theta")
)
_DRAWN = tuple(n / 60.0 for n in range(121))


def show_scalp(
    source: ChainSource, *, at: str | None, asked: ScalpAsked, plot: Path | None, as_json: bool
) -> int:
    """Print what breaks even and what is expected; draw it where asked to.

    Raises
    ------
    RequestRejected, RecordingRejected, DeskRejected
        If the source cannot be read, or what was asked cannot be meant.
    """
    if plot is not None:
        check_plot(plot)
    if asked.days <= 0.0 or asked.hedge_hours <= 0.0:
        raise RequestRejected("--days and --hedge-hours must be positive")
    if asked.hedge_hours > 24.0 * asked.days:
        raise RequestRejected(
            f"--hedge-hours {asked.hedge_hours:g}: not one hedge within --days {asked.days:g}"
        )
    shown = _of_chain(source, at, asked) if asked.options else _of_desk(source, at, asked)
    if plot is not None:
        top = shown.outlook.vol_break_even_frac or max(asked.realised_frac or (0.5,))
        entry = shown.entry_usd or 0.0
        drawn = _outlook(shown.outlook, asked, [top * each for each in _DRAWN], entry)
        write_plot(plot, scalp_svg(shown, drawn.rows), as_json=as_json)
    payload = builtins_of(shown)
    for row, written in zip(shown.outlook.rows, payload["outlook"]["rows"], strict=True):
        written["expected_usd"] = row.expected_usd
        if shown.entry_usd is None:
            written["entry_usd"] = None
    show(payload, scalp_tables(shown), as_json=as_json)
    return status([each.message for each in shown.unknown], is_quiet=as_json)


def _of_chain(source: ChainSource, at: str | None, asked: ScalpAsked) -> ScalpShown:
    _, found = standing(source, at, with_futures=False)
    chain = found[0][-1]
    picks = picks_of(asked.options, chain, asked.fee_frac)
    nearest = min(picks, key=lambda each: each.days)
    if asked.days > nearest.days:
        raise RequestRejected(
            f"--days {asked.days:g}: {nearest.name} lives for {nearest.days:.4g} days"
        )
    # Forwards of several expiries are scaled to one, that of the nearest: a move is relative.
    F = nearest.forward_usd
    greeks = _summed([(each.quantity_coin, each.greeks) for each in picks])
    unknown = tuple(each.entry_usd for each in picks if isinstance(each.entry_usd, Failure))
    entry = None if unknown else sum(_entry_usd(each) or 0.0 for each in picks)
    return ScalpShown(
        subject=f"the {chain.underlying} options named, by the chain of {format_ns(chain.time_ns)}",
        coin=chain.underlying,
        hedge_hours=asked.hedge_hours,
        cost_frac=asked.cost_frac,
        **greeks,
        entry_usd=entry,
        legs=tuple(_leg(each) for each in picks),
        outlook=_expected(greeks, F, asked, entry or 0.0),
        unknown=unknown,
    )


def _of_desk(source: ChainSource, at: str | None, asked: ScalpAsked) -> ScalpShown:
    if source.chains is not None:
        raise RequestRejected("--option is missing: a folder of chains holds no position")
    state = surveyed(Source(source.desk, source.data, at, source.seed))
    assert source.coin is not None
    row = state.exposures.row(f"coin/{source.coin}")
    if isinstance(row, Failure):
        raise RequestRejected(f"the desk holds nothing in {source.coin}; name another with --coin")
    if row.missing:
        raise RequestRejected(
            f"the Greeks of {source.coin} are not known: {row.missing[0].message}"
        )
    spot = state.snapshot.spot_usd(source.coin)
    if isinstance(spot, Failure):
        raise RequestRejected(f"no spot of {source.coin}: {spot.message}")
    _check_lives(state, source.coin, asked.days)
    greeks = _summed([(1.0, row)])
    return ScalpShown(
        subject=f"what the desk holds in {source.coin}, at {format_ns(state.snapshot.time_ns)}",
        coin=source.coin,
        hedge_hours=asked.hedge_hours,
        cost_frac=asked.cost_frac,
        **greeks,
        entry_usd=0.0,
        legs=(),
        unknown=(),
        outlook=_expected(greeks, to_model(spot), asked, 0.0),
    )


def _check_lives(state: Survey, coin: str, days: float) -> None:
    """Refuse a time in which an option of the coin expires: its gamma and theta end with it."""
    held = {
        position.instrument_id
        for account in state.book.accounts
        for position in account.positions
        if position.quantity_contracts
    }
    for name in sorted(held):
        terms = state.book.terms[name]
        if isinstance(terms, Option) and terms.underlying == coin:
            left = (terms.expiry_ns - state.snapshot.time_ns) / DAY_NS
            if days > left:
                raise RequestRejected(f"--days {days:g}: {name} lives for {left:.4g} days")


def _expected(
    greeks: Mapping[str, float], price: float, asked: ScalpAsked, entry: float
) -> ScalpOutlook:
    first = ScalpOutlook(
        gamma_coin_per_usd=greeks[_GAMMA] / float(GREEKS[_GAMMA].scale(np.array(price))),
        price_usd=price, theta_usd_per_day=greeks[_THETA],
        horizon_days=asked.days, rebalances_count=0.0, vol_break_even_frac=None,
        vol_paid_frac=None, rows=(),
    )  # fmt: skip
    vols = list(asked.realised_frac or ())
    if not vols:
        vol = _outlook(first, asked, (), entry).vol_break_even_frac
        if vol is None:
            raise RequestRejected(
                "no vol breaks even: gamma and theta have one sign, or there is no gamma; name "
                "vols with --realised"
            )
        vols = [vol * each for each in _AROUND]
    return _outlook(first, asked, vols, entry)


def _outlook(
    of: ScalpOutlook, asked: ScalpAsked, vols: list[float] | tuple[float, ...], entry: float
) -> ScalpOutlook:
    try:
        return scalp_outlook(
            gamma_coin_per_usd=of.gamma_coin_per_usd,
            price_usd=of.price_usd,
            theta_usd_per_day=of.theta_usd_per_day,
            horizon_days=asked.days,
            interval_days=asked.hedge_hours / 24.0,
            cost_frac=asked.cost_frac,
            vols_frac=vols,
            entry_usd=entry,
        )
    except OutOfDomain as bad:
        raise RequestRejected(str(bad)) from bad


def _summed(parts: Sequence[tuple[float, DollarGreeks]]) -> dict[str, float]:
    """Add Greeks up, each so many times."""
    return {name: sum(times * getattr(each, name) for times, each in parts) for name in GREEKS}


def _entry_usd(each: Pick) -> float | None:
    if isinstance(each.entry_usd, Failure):
        return None
    assert isfinite(each.entry_usd)
    return abs(each.quantity_coin) * each.entry_usd


def _leg(each: Pick) -> ScalpLeg:
    q = each.quantity_coin
    return ScalpLeg(
        name=each.name,
        quantity_coin=q,
        vol_frac=each.vol_frac,
        **_summed([(q, each.greeks)]),
        entry_usd=_entry_usd(each),
    )
