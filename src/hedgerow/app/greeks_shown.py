"""What ``hedgerow hedge greeks`` does: Greeks by expiry, and trades that bring them to targets.

The trades are chosen by what one contract of each offer does to every target; what stands after
them is the desk valued anew with the trades booked, by the same code as before them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.app.amounts import read
from hedgerow.app.asked import heading_of, looked_at, opened, show
from hedgerow.app.options import Source
from hedgerow.app.plan_asked import PlanAsked
from hedgerow.app.plan_prices import prices_of
from hedgerow.app.plan_request import offers_of
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import DeskRejected, Failure, OutOfDomain, RequestRejected
from hedgerow.exposure import (
    EXPIRY_BUCKETS,
    ExposureRow,
    buckets,
    expiry_bucket,
    node_profits,
)
from hedgerow.hedging import Ask, Depth, Effects, HedgeChoice, Offer, choose, effects
from hedgerow.instruments import Instrument, Option, expiry_of, settlement_of
from hedgerow.limits import Survey
from hedgerow.margin import rulebooks_at, with_leg
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Book, book
from hedgerow.pricing import GREEKS
from hedgerow.reporting import builtins_of
from hedgerow.reporting.greek_targets import (
    ALL,
    GreeksShown,
    greeks_svg,
    greeks_tables,
    is_missed,
)
from hedgerow.units import DAY_NS, digits_of, exact_lots, to_model

__all__ = ["Target", "show_greeks", "targets_of"]

Floats: TypeAlias = NDArray[np.float64]

_MOVES = tuple(n / 50.0 for n in range(-12, 13))
# How Greeks and buckets are written on a command line.
_METRICS: Final = {
    "delta": "delta_spot_coin",
    **{greek.title.lower(): name for name, greek in GREEKS.items()},
}
_WRITTEN = {name.replace(" d", "d").replace(" ", "-"): name for name in EXPIRY_BUCKETS[:-1]}


class Target(NamedTuple):
    """A figure of the coin, or of one bucket of its expiries, and where it shall be."""

    metric: str
    bucket: str | None
    low_figure: float
    high_figure: float


def show_greeks(
    source: Source,
    *,
    coin: str,
    targets: Sequence[str],
    trading: PlanAsked,
    legs_count_max: int | None,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Print a coin's Greeks by expiry, and the trades that bring them where they were wanted.

    Raises
    ------
    DeskRejected, RecordingRejected, RequestRejected
        If the desk cannot be read, a target cannot be meant, or the Greeks are not known.
    """
    if plot is not None:
        check_plot(plot)
    wanted = targets_of(targets)
    if legs_count_max is not None and legs_count_max < 1:
        raise RequestRejected(f"--legs must be 1 or more, was {legs_count_max}")
    if legs_count_max is not None and not wanted:
        raise RequestRejected("--legs is of trades towards a --target, and none is given")
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    before = _by_expiry(state.book, state.snapshot, coin)
    prices = prices_of(
        desk,
        option_depth_contracts=trading.option_depth_contracts,
        horizon_days=trading.horizon_days,
    )
    depth = Depth(
        option_contracts=prices.option_depth_contracts,
        half_spread_vol_frac=desk.option_half_spread_vol_frac,
        factor_frac=trading.depth_factor_frac,
    )
    choice: HedgeChoice | None = None
    after = None
    refused: tuple[Failure, ...] = ()
    booked = state.book
    unfunded: tuple[str, ...] = ()
    premium_usd = None
    if wanted:
        patterns = trading.patterns or ()
        rulebooks = rulebooks_at(desk.rulebooks, at_ns)
        offers, unpriced, instruments = offers_of(desk, state, rulebooks, patterns, depth)
        made = effects([each for each in offers if each.terms.underlying == coin], state.snapshot)
        refused = (*unpriced, *made.refused)
        found = choose(
            [_ask(each, before) for each in wanted],
            made.offers,
            _figures(wanted, made, coin, state.snapshot.time_ns),
            horizon_days=prices.horizon_days,
            ticket_usd=trading.ticket_usd,
            legs_count_max=legs_count_max,
        )
        if isinstance(found, Failure):
            raise DeskRejected(f"no trades were found: {found.message}")
        choice = found
        unfunded = _unfunded(choice)
        booked = _booked(state, choice, made.offers, instruments)
        premium_usd = _premium_usd(state, choice, made.offers)
        after = _by_expiry(booked, state.snapshot, coin)
    shown = GreeksShown(
        heading=heading_of(state),
        coin=coin,
        before=before,
        after=after,
        choice=choice,
        assumed=(depth.statement(), *unfunded) if wanted else (),
        premium_usd=premium_usd,
        legs_count_max=legs_count_max,
        unpriced=refused,
    )
    if plot is not None:
        books = [state.book] if choice is None else [state.book, booked]
        write_plot(plot, _drawing(coin, books, state.snapshot), as_json=as_json)
    show(_payload(shown), greeks_tables(shown), as_json=as_json)
    return status(_troubles(choice), is_quiet=as_json)


def targets_of(texts: Sequence[str]) -> list[Target]:
    """Read targets.

    >>> targets_of(["theta=1450..1550"])
    [Target(metric='theta_usd_per_day', bucket=None, low_figure=1450.0, high_figure=1550.0)]

    Raises
    ------
    RequestRejected
        If one is none, its ends are not in order, or the same figure has one already.
    """
    found: dict[tuple[str, str | None], Target] = {}
    for text in texts:
        name, equals, span = text.partition("=")
        word, at, bucket = name.partition("@")
        low, dots, high = span.partition("..")
        if not (equals and dots):
            raise RequestRejected(
                f"--target {text}: write a Greek and its range, such as theta=1450..1550"
            )
        if word not in _METRICS:
            raise RequestRejected(f"--target {text}: there are {', '.join(_METRICS)}")
        if at and bucket not in _WRITTEN:
            raise RequestRejected(f"--target {text}: there are {', '.join(_WRITTEN)}")
        place = _WRITTEN.get(bucket)
        if (word, place) in found:
            raise RequestRejected(f"--target {text}: {name} has a range already")
        try:
            ends = (
                read(low, "quantity") if low else -np.inf,
                read(high, "quantity") if high else np.inf,
            )
        except ValueError as bad:
            raise RequestRejected(f"--target {text}: {bad}") from bad
        if ends[0] > ends[1] or (low, high) == ("", ""):
            raise RequestRejected(f"--target {text}: from the lower end to the higher one")
        found[word, place] = Target(_METRICS[word], place, *ends)
    return list(found.values())


def _by_expiry(held: Book, snapshot: Snapshot, coin: str) -> tuple[ExposureRow, ...]:
    """Give a row for each bucket, and the coin itself as the last."""
    made = buckets(held, snapshot, f"coin/{coin}")
    if isinstance(made, Failure):
        raise RequestRejected(f"the desk holds nothing in {coin}; name another with --coin")
    if made.total.missing:
        raise RequestRejected(
            f"the Greeks of {coin} are not known: {made.total.missing[0].message}"
        )
    rows = [
        msgspec.structs.replace(each, node=each.node.partition("/")[2])
        for each in made.by_expiry
        if each.node.startswith(f"{coin}/")
    ]
    return (*rows, msgspec.structs.replace(made.total, node=ALL))


def _ask(target: Target, before: Sequence[ExposureRow]) -> Ask:
    wanted = ALL if target.bucket is None else target.bucket
    now = next((float(getattr(each, target.metric)) for each in before if each.node == wanted), 0.0)
    word = next(word for word, metric in _METRICS.items() if metric == target.metric)
    unit = "coins" if target.metric not in GREEKS else GREEKS[target.metric].unit
    width = target.high_figure - target.low_figure
    # Of a range open at one end, a tenth of that end is what one is compared with.
    end = target.low_figure if np.isfinite(target.low_figure) else target.high_figure
    scale = width / 2.0 if np.isfinite(width) else abs(end) / 10.0
    return Ask(
        name=f"{word} in {unit}"
        if target.bucket is None
        else f"{word} of {target.bucket} in {unit}",
        now_figure=now,
        low_figure=target.low_figure,
        high_figure=target.high_figure,
        scale_figure=scale or 1.0,
    )


def _figures(targets: Sequence[Target], made: Effects, coin: str, time_ns: int) -> Floats:
    """Give what a contract of each offer adds to each target."""
    places = []
    for each in made.offers:
        expiry_ns = expiry_of(each.terms)
        places.append(None if expiry_ns is None else expiry_bucket((expiry_ns - time_ns) / DAY_NS))
    rows = [
        made.exposure_of(f"coin/{coin}", target.metric)
        * np.array([target.bucket in (None, place) for place in places], dtype=np.float64)
        for target in targets
    ]
    return np.array(rows).reshape(len(targets), len(made.offers))


def _payload(shown: GreeksShown) -> Any:
    """Give the answer for JSON, in which an end that is open is null."""
    payload = builtins_of(shown)
    for each in (payload["choice"] or {}).get("asks", ()):
        for end in ("low_figure", "high_figure"):
            each[end] = each[end] if np.isfinite(each[end]) else None
    return payload


def _unfunded(choice: HedgeChoice) -> tuple[str, ...]:
    """Name what is traded at a funding that nobody knows."""
    names = sorted({each.instrument_id for each in choice.trades if each.carry_usd is None})
    if not names:
        return ()
    return (f"Funding of {', '.join(names)} is unknown: no cost holds its carry.",)


def _booked(
    state: Survey,
    choice: HedgeChoice,
    offers: Sequence[Offer],
    instruments: Mapping[str, Instrument],
) -> Book:
    """Give the desk with the trades done, each at its mark."""
    accounts = {each.account_id: each for each in state.book.accounts}
    known = {(each.instrument_id, each.account_id): each for each in offers}
    for trade in choice.trades:
        found = known[trade.instrument_id, trade.account_id]
        quantity = exact_lots(trade.quantity_contracts, found.terms.lot_contracts)
        try:
            accounts[trade.account_id] = with_leg(
                accounts[trade.account_id], found.terms, quantity, digits_of(found.price_mark_ccy)
            )
        except OutOfDomain as bad:
            raise DeskRejected(str(bad)) from bad
    return book(list(accounts.values()), instruments)


def _premium_usd(state: Survey, choice: HedgeChoice, offers: Sequence[Offer]) -> float:
    """Give what the options chosen cost (negative) or bring at their marks."""
    known = {(each.instrument_id, each.account_id): each for each in offers}
    premium_usd = 0.0
    for trade in choice.trades:
        found = known[trade.instrument_id, trade.account_id]
        if isinstance(found.terms, Option):
            paid = state.snapshot.asset(settlement_of(found.terms))
            assert not isinstance(paid, Failure), "an offer is priced in what it settles in"
            coins = trade.quantity_contracts * to_model(found.terms.multiplier_coin_per_contract)
            premium_usd -= coins * found.price_mark_ccy * paid.price_usd
    return premium_usd


def _drawing(coin: str, books: Sequence[Book], snapshot: Snapshot) -> str:
    spots = [Shock(spot_factor_frac={coin: 1.0 + move}) for move in _MOVES]
    vols = [Shock(vol_shift_frac=move) for move in _MOVES]
    rows = []
    for held in books:
        gained = node_profits(held, snapshot, [*spots, *vols], [f"coin/{coin}"])
        if gained.missing[0]:
            raise RequestRejected(f"--plot: {gained.missing[0][0].message}")
        rows.append(np.asarray(gained.profit_usd)[:, 0].tolist())
    count = len(spots)
    return greeks_svg(coin, _MOVES, [row[:count] for row in rows], [row[count:] for row in rows])


def _troubles(choice: HedgeChoice | None) -> list[str]:
    if choice is None:
        return []
    return [
        f"{each.name} is missed: {each.after_figure:,.6g}, wanted from {each.low_figure:,.6g} to "
        f"{each.high_figure:,.6g}"
        for each in choice.asks
        if is_missed(each)
    ]
