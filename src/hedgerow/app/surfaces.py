"""What ``hedgerow surface`` does: read chains, fit them, count, print."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from hedgerow.app.chains import chains_of, read_columns
from hedgerow.app.past_changes import DAYS_COUNT, minimum_variance_of
from hedgerow.app.quoted import with_quote_vols
from hedgerow.app.surface_tally import Tally
from hedgerow.errors import DeskRejected, OutOfDomain, RecordingRejected
from hedgerow.market import (
    ChainColumns,
    ForwardSource,
    ModelChoice,
    Surface,
    VarianceEvent,
    VolsFrom,
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
from hedgerow.units import DAY_NS, format_ns, parse_ns
from hedgerow.venues.recordings import chain_underlyings

__all__ = ["How", "Shown", "Source", "check_all", "fit_all", "fitted", "show_one"]

_BATCH_COUNT = 40
_FAR_NS = parse_ns("2200-01-01")


@dataclass(frozen=True, slots=True)
class Source:
    """Where chains come from: a folder of them, or the market of a desk."""

    desk: Path | None
    data: Path | None
    chains: Path | None
    coin: str | None
    seed: int | None

    def read(self, *, with_futures: bool = False) -> Iterator[ChainColumns]:
        """Open it and give its chains in order of time.

        Raises
        ------
        DeskRejected, RecordingRejected
            If both a desk and a folder are named, or neither can be read.
        """
        if self.chains is None:
            from hedgerow.app.feed import open_market

            _, market = open_market(self.desk, self.data, self.seed)
            every = chains_of(market.events())
        elif self.desk is not None or self.data is not None or self.seed is not None:
            raise DeskRejected("--chains stands alone: leave out the desk file, --data and --seed")
        elif not self.chains.is_dir():
            raise RecordingRejected(
                f"no folder {self.chains}; --chains needs chain_*.parquet in it"
            )
        else:
            known = chain_underlyings(self.chains)
            coins = [coin for coin in known if self.coin in (None, coin)]
            if not coins:
                raise RecordingRejected(
                    f"{self.chains}: no chain of {self.coin}; there are {', '.join(known)}"
                )
            every = read_columns(
                self.chains,
                start_ns=0,
                end_ns=_FAR_NS,
                underlyings=coins,
                with_futures=with_futures,
            )
        return (each for each in every if self.coin in (None, each.underlying))


@dataclass(frozen=True, slots=True)
class How:
    """What is fitted to what: a model, vols of marks or mids, and the forward below them."""

    model: ModelChoice = "either"
    vols_from: VolsFrom = "mark"
    forwards: ForwardSource = "venue"

    def fit(self, chains: Sequence[ChainColumns]) -> list[Surface]:
        """Fit some chains, their quotes inverted first where mids are wanted."""
        if self.vols_from == "mid":
            chains = list(with_quote_vols(chains, self.forwards))
        return fit_surfaces(
            chains, model=self.model, vols_from=self.vols_from, forwards=self.forwards
        )


def fitted(
    chains: Iterable[ChainColumns], *, every: int = 1, how: How | None = None
) -> Iterator[Surface]:
    """Fit each so many-th snapshot, in batches; say on a terminal how far it is."""
    if every < 1:
        raise DeskRejected(f"--every must be 1 or more, was {every}")
    how = How() if how is None else how
    seen: dict[int, int] = {}
    kept = (each for each in chains if seen.setdefault(each.time_ns, len(seen)) % every == 0)
    done = 0
    is_seen = sys.stderr.isatty()
    while batch := list(islice(kept, _BATCH_COUNT)):
        yield from how.fit(batch)
        done += len(batch)
        if is_seen:
            sys.stderr.write(f"\r{done} chains fitted, to {format_ns(batch[-1].time_ns)} ")
            sys.stderr.flush()
    if is_seen and done:
        sys.stderr.write("\n")


def fit_all(source: Source, *, how: How, every: int, as_json: bool) -> int:
    """Fit and list every snapshot."""
    tally = Tally()
    listed: list[Any] = []
    for surface in fitted(source.read(with_futures=how.forwards == "future"), every=every, how=how):
        tally.add(surface)
        if as_json:
            listed.append(surface_builtins(surface))
        else:
            sys.stdout.write(surface_lines(surface) + "\n")
    _some(tally.chains)
    if as_json:
        sys.stdout.write(
            json.dumps({"surfaces": listed, "totals": tally.builtins()}, sort_keys=True) + "\n"
        )
    else:
        sys.stdout.write(tally.text() + "\n")
    return 0


def check_all(source: Source, *, how: How, every: int, as_json: bool) -> int:
    """Fit every snapshot and judge the whole."""
    tally = Tally()
    for surface in fitted(source.read(with_futures=how.forwards == "future"), every=every, how=how):
        tally.add(surface)
    _some(tally.chains)
    misses = tally.misses()
    if as_json:
        told = tally.builtins() | {"ok": not misses, "misses": misses}
        sys.stdout.write(json.dumps(told, sort_keys=True) + "\n")
    else:
        sys.stdout.write(tally.text() + "\n")
        for miss in misses:
            sys.stderr.write(f"hedgerow: {miss}\n")
    return 1 if misses else 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown beside the smiles themselves."""

    plot: Path | None = None
    deltas: bool = False
    events: Sequence[str] = ()


def show_one(source: Source, *, how: How, at: str | None, shown: Shown, as_json: bool) -> int:
    """Fit the last chain of each coin at a time, and print it; plot it where asked to."""
    events = read_events(shown.events)
    standing = _standing(source, at, how)
    surfaces = [
        replace(surface, events=events) for surface in how.fit([each[-1] for each in standing])
    ]
    deltas = [
        _deltas(surface, past[:-1]) if shown.deltas else ()
        for surface, past in zip(surfaces, standing, strict=True)
    ]
    if shown.plot is not None:
        shown.plot.write_text(smiles_svg(surfaces), encoding="utf-8")
    if as_json:
        listed = [
            surface_builtins(surface, deltas=some)
            for surface, some in zip(surfaces, deltas, strict=True)
        ]
        sys.stdout.write(json.dumps({"surfaces": listed}, sort_keys=True) + "\n")
        return 0
    from hedgerow.app.screen import wide_console

    console = wide_console()
    for surface, some in zip(surfaces, deltas, strict=True):
        console.print(surface_tables(surface), highlight=False)
        if some:
            console.print(delta_tables(some), highlight=False)
    if shown.plot is not None:
        console.print(f"plot written to {shown.plot}", highlight=False)
    return 0


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
                "2026-02-05T19:00:00Z=0.0009 for a move of 3 %"
            ) from bad
    return tuple(sorted(found, key=lambda each: each.time_ns))


def _standing(source: Source, at: str | None, how: How) -> list[list[ChainColumns]]:
    """Give the last chain of each coin at or before a time, after those of the days before it.

    Without a time the first of each coin stands, and nothing lies before it.
    """
    chains = source.read(with_futures=how.forwards == "future")
    if at is None:
        first = next(chains, None)
        _some(first is not None)
        assert first is not None
        rest = takewhile(lambda chain: chain.time_ns == first.time_ns, chains)
        return [[chain] for chain in (first, *rest)]
    try:
        at_ns = parse_ns(at)
    except ValueError as bad:
        raise DeskRejected(f"--at {at}: write a time such as 2026-02-05T12:00:00Z") from bad
    last: dict[str, list[ChainColumns]] = {}
    for chain in takewhile(lambda chain: chain.time_ns <= at_ns, chains):
        if chain.time_ns >= at_ns - DAYS_COUNT * DAY_NS or chain.underlying not in last:
            last.setdefault(chain.underlying, []).append(chain)
        else:
            last[chain.underlying] = [chain]
    if not last:
        raise RecordingRejected(f"no option chain at or before {at}")
    return list(last.values())


def _some(count: int) -> None:
    if not count:
        raise RecordingRejected("no option chain here: nothing to fit")
