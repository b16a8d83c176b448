"""What ``hedgerow surface`` does: read chains, fit them, count, print."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from hedgerow.app.chain_request import ChainSource, How, Shown, Span
from hedgerow.app.chain_source import age_words, chains_in, standing
from hedgerow.app.past_changes import minimum_variance_of
from hedgerow.app.quoted import with_quote_vols
from hedgerow.app.screen import wide_console
from hedgerow.app.surface_tally import Quoted, Tally
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import DeskRejected, OutOfDomain
from hedgerow.market import (
    ChainColumns,
    Surface,
    VarianceEvent,
    fit_surfaces,
)
from hedgerow.pricing import StrikeDeltas, strike_deltas
from hedgerow.reporting import (
    delta_tables,
    smiles_svg,
    surface_builtins,
    surface_lines,
    surface_tables,
)
from hedgerow.units import SECOND_NS, format_ns, parse_ns

__all__ = ["check_all", "fit_all", "fitted", "show_one"]

_BATCH_COUNT = 40
_EXAMPLE = "2026-03-20T19:00:00Z=0.0009"  # the embedded desk has room for it


def _fit(chains: Sequence[ChainColumns], how: How) -> list[Surface]:
    """Fit some chains, their quotes inverted first where mids are wanted."""
    if how.vols_from == "mid":
        chains = list(with_quote_vols(chains, how.forwards))
    return fit_surfaces(chains, model=how.model, vols_from=how.vols_from, forwards=how.forwards)


def fitted(
    chains: Iterable[ChainColumns], *, every_count: int = 1, how: How | None = None
) -> Iterator[Surface]:
    """Fit each so many-th snapshot, in batches; say on a terminal how far it is."""
    if every_count < 1:
        raise DeskRejected(f"--every must be 1 or more, was {every_count}")
    how = How() if how is None else how
    seen: dict[int, int] = {}
    kept = (each for each in chains if seen.setdefault(each.time_ns, len(seen)) % every_count == 0)
    done = 0
    is_seen = sys.stderr.isatty()
    while batch := list(islice(kept, _BATCH_COUNT)):
        yield from _fit(batch, how)
        done += len(batch)
        if is_seen:
            sys.stderr.write(f"\r{done} chains fitted, to {format_ns(batch[-1].time_ns)} ")
            sys.stderr.flush()
    if is_seen and done:
        sys.stderr.write("\n")


def fit_all(
    source: ChainSource,
    *,
    how: How,
    span: Span,
    every_count: int,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Fit and list every snapshot; plot the last of each coin where asked to."""
    if plot is not None:
        check_plot(plot)  # a month is fitted in minutes, too long to be refused afterwards
    tally = Tally()
    last: dict[str, Surface] = {}
    listed: list[Any] = []
    for surface in fitted(_chains(source, span, how), every_count=every_count, how=how):
        tally.add(surface)
        last[surface.underlying] = surface
        if as_json:
            listed.append(surface_builtins(surface))
        else:
            sys.stdout.write(surface_lines(surface) + "\n")
    if as_json:
        sys.stdout.write(
            json.dumps({"surfaces": listed, "totals": tally.builtins()}, sort_keys=True) + "\n"
        )
    else:
        sys.stdout.write(tally.text() + "\n")
    _plot(plot, list(last.values()), as_json=as_json)
    return 0


def _plot(path: Path | None, surfaces: Sequence[Surface], *, as_json: bool) -> None:
    if path is not None:
        write_plot(path, smiles_svg(surfaces), as_json=as_json)


def check_all(source: ChainSource, *, how: How, span: Span, every_count: int, as_json: bool) -> int:
    """Fit every snapshot and judge the whole; at one time or day, look at the quotes as well."""
    tally, quoted = Tally(), Quoted()
    chains = _chains(source, span, how)
    if span.at is not None:
        chains = quoted.watch(chains)
    for surface in fitted(chains, every_count=every_count, how=how):
        tally.add(surface)
    misses = tally.misses()
    if as_json:
        told = tally.builtins() | {"ok": not misses, "misses": misses} | quoted.builtins()
        sys.stdout.write(json.dumps(told, sort_keys=True) + "\n")
    else:
        sys.stdout.write(f"{tally.text()}\n{quoted.text()}\n")
        if misses:
            sys.stderr.write(f"exit 1: {'; '.join(misses)}\n")
    return 1 if misses else 0


def _chains(source: ChainSource, span: Span, how: How) -> Iterator[ChainColumns]:
    return chains_in(span, source, with_futures=how.forwards == "future")


def show_one(source: ChainSource, *, how: How, at: str | None, shown: Shown, as_json: bool) -> int:
    """Fit the last chain of each coin at a time, and print it; plot it where asked to."""
    events = read_events(shown.events)
    at_ns, pasts = standing(source, at, with_futures=how.forwards == "future")
    surfaces = [
        _with_events(surface, events) for surface in _fit([each[-1] for each in pasts], how)
    ]
    deltas = [
        _deltas(surface, past[:-1]) if shown.deltas else ()
        for surface, past in zip(surfaces, pasts, strict=True)
    ]
    _plot(shown.plot, surfaces, as_json=as_json)
    if as_json:
        listed = [
            surface_builtins(surface, deltas=some)
            | {"age_seconds": (at_ns - surface.time_ns) // SECOND_NS}
            for surface, some in zip(surfaces, deltas, strict=True)
        ]
        sys.stdout.write(
            json.dumps({"at": format_ns(at_ns), "surfaces": listed}, sort_keys=True) + "\n"
        )
        return 0
    console = wide_console()
    for surface, some in zip(surfaces, deltas, strict=True):
        console.print(_age(surface, at_ns), highlight=False)
        console.print(surface_tables(surface), highlight=False)
        if some:
            console.print(delta_tables(some), highlight=False)
    return 0


def _with_events(surface: Surface, events: tuple[VarianceEvent, ...]) -> Surface:
    """Put events on a surface; refuse those that no expiry of it can tell anything of."""
    last_ns = max((smile.expiry_ns for smile in surface.smiles), default=surface.time_ns)
    for event in events:
        if not surface.time_ns < event.time_ns <= last_ns:
            raise DeskRejected(
                f"--event {format_ns(event.time_ns)} lies outside the surface of "
                f"{surface.underlying}: name a time after its chain of "
                f"{format_ns(surface.time_ns)} and up to its last expiry accepted, "
                f"{format_ns(last_ns)}"
            )
    return replace(surface, events=events)


def _age(surface: Surface, at_ns: int) -> str:
    """Say which chain is shown, and how much older it is than the time asked for."""
    age_ns = at_ns - surface.time_ns
    older = f", {age_words(age_ns)} older" if age_ns else ""
    return (
        f"{surface.underlying}: the last chain at or before {format_ns(at_ns)} is of "
        f"{format_ns(surface.time_ns)}{older}."
    )


def _deltas(surface: Surface, past: Sequence[ChainColumns]) -> tuple[StrikeDeltas, ...]:
    coefficients = minimum_variance_of(surface.underlying, past)
    strikes = {each.subject: each.strike_usd for each in surface.quotes}
    return tuple(
        strike_deltas(smile, strikes[smile.subject], coefficients) for smile in surface.smiles
    )


def read_events(words: Sequence[str]) -> tuple[VarianceEvent, ...]:
    """Read events written as TIME=VARIANCE, earliest first.

    Raises
    ------
    DeskRejected
        If one is not so written, or its variance is not positive.
    """
    found = []
    for word in words:
        moment, _, amount = word.rpartition("=")
        try:
            found.append(VarianceEvent(time_ns=parse_ns(moment), variance_frac=float(amount)))
        except (ValueError, OutOfDomain) as bad:
            raise DeskRejected(
                f"--event {word}: write a time and a positive variance in units of σ²T, such as "
                f"{_EXAMPLE} for a move of 3 %"
            ) from bad
    return tuple(sorted(found, key=lambda each: each.time_ns))
