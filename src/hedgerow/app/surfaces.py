"""What ``hedgerow surface`` does: read chains, fit them, count, print."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from hedgerow.app.chains import chains_of, read_columns
from hedgerow.app.quoted import with_quote_vols
from hedgerow.errors import DeskRejected, RecordingRejected
from hedgerow.market import (
    ChainColumns,
    ForwardSource,
    SmileModel,
    Surface,
    Svi,
    VolsFrom,
    fit_surfaces,
)
from hedgerow.market.svi import butterfly_min, calendar_gap
from hedgerow.reporting import smiles_svg, surface_builtins, surface_lines, surface_tables
from hedgerow.units import DAY_NS, format_ns, parse_ns
from hedgerow.venues.recordings import chain_underlyings

__all__ = ["Source", "Tally", "check_all", "fit_all", "fitted", "show_one"]

ACCEPTED_FRAC_MIN, ERROR_VOLPT_MAX = 0.95, 0.3
_SHORT_NS = 2 * DAY_NS
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

    model: SmileModel = "svi"
    vols_from: VolsFrom = "mark"
    forwards: ForwardSource = "venue"

    def fit(self, chains: Sequence[ChainColumns]) -> list[Surface]:
        """Fit some chains, their quotes inverted first where mids are wanted."""
        if self.vols_from == "mid":
            chains = list(with_quote_vols(chains, self.forwards))
        return fit_surfaces(
            chains, model=self.model, vols_from=self.vols_from, forwards=self.forwards
        )


@dataclass(slots=True)
class Tally:
    """What was seen so far. Slices with two days or less to live are counted apart."""

    chains: int = 0
    accepted: int = 0
    accepted_short: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    rejected_short: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    errors_volpt: list[float] = field(default_factory=list)
    errors_mark_volpt: list[float] = field(default_factory=list)
    gated: Counter[str] = field(default_factory=Counter)
    butterflies: int = 0
    calendars: int = 0

    def add(self, surface: Surface) -> None:
        """Count one surface; its slices are checked for arbitrage anew."""
        self.chains += 1
        for smile in surface.smiles:
            if smile.expiry_ns - surface.time_ns > _SHORT_NS:
                self.accepted += 1
                self.errors_volpt.append(smile.error_median_volpt)
                if smile.error_mark_volpt is not None:
                    self.errors_mark_volpt.append(smile.error_mark_volpt)
            else:
                self.accepted_short += 1
            self.repaired[smile.repair] += 1
            self.models[smile.model] += 1
            self.butterflies += bool(butterfly_min(_row(smile.svi))[0][0] < 0)
        for earlier, later in pairwise(surface.smiles):
            self.calendars += bool(calendar_gap(_row(earlier.svi), _row(later.svi))[0] < 0)
        for quotes in surface.quotes:
            self.gated.update(quotes.gated.counts())
        for failure in surface.rejected:
            life_ns = parse_ns(f"{failure.subject.split()[1]}T08:00:00") - surface.time_ns
            (self.rejected if life_ns > _SHORT_NS else self.rejected_short)[failure.reason] += 1

    @property
    def accepted_frac(self) -> float | None:
        """Share accepted beyond two days; None where there was no slice."""
        asked = self.accepted + self.rejected.total()
        return self.accepted / asked if asked else None

    @property
    def error_volpt(self) -> float | None:
        """Median of the slices' median errors beyond two days."""
        return _middle(self.errors_volpt)

    def builtins(self) -> dict[str, Any]:
        """Give what `json.dumps` takes."""
        return {
            "chains_count": self.chains,
            "accepted_count": self.accepted,
            "accepted_frac": self.accepted_frac,
            "rejected_counts": dict(self.rejected),
            "accepted_short_count": self.accepted_short,
            "rejected_short_counts": dict(self.rejected_short),
            "models_counts": dict(self.models),
            "repaired_counts": dict(self.repaired),
            "gated_counts": dict(self.gated),
            "error_median_volpt": self.error_volpt,
            "error_mark_median_volpt": _middle(self.errors_mark_volpt),
            "error_worst_volpt": max(self.errors_volpt, default=None),
            "butterflies_count": self.butterflies,
            "calendars_count": self.calendars,
        }

    def misses(self) -> list[str]:
        """Say which bars are missed."""
        out = []
        if self.accepted_frac is None or self.error_volpt is None:
            out.append("no slice beyond two days was accepted")
        else:
            if self.accepted_frac < ACCEPTED_FRAC_MIN:
                out.append(f"{self.accepted_frac:.2%} accepted, the bar is {ACCEPTED_FRAC_MIN:.0%}")
            if self.error_volpt > ERROR_VOLPT_MAX:
                out.append(f"median error {self.error_volpt:.3f}, the bar is {ERROR_VOLPT_MAX:g}")
        if self.butterflies or self.calendars:
            out.append(
                f"arbitrage left: {self.butterflies} butterflies, {self.calendars} calendars"
            )
        return out

    def text(self) -> str:
        """Say all of it in a few lines."""
        share = "none" if self.accepted_frac is None else f"{self.accepted_frac:.2%}"
        error = "none" if self.error_volpt is None else f"{self.error_volpt:.3f}"
        why = ", ".join(f"{count} {reason}" for reason, count in self.rejected.most_common())
        asked = self.accepted + self.rejected.total()
        short = self.accepted_short + self.rejected_short.total()
        return (
            f"{self.chains} chains\n"
            f"beyond two days: {self.accepted} of {asked} slices accepted ({share}); "
            f"rejected: {why or 'none'}\n"
            f"two days or less: {self.accepted_short} of {short} accepted\n"
            f"median error within 1.5 deviations: {error} vol points\n"
            f"arbitrage left: {self.butterflies} butterflies, {self.calendars} calendars"
        ).replace("_", " ")


def _middle(values: list[float]) -> float | None:
    return median(values) if values else None


def _row(svi: Svi) -> Svi:
    return Svi(*(np.atleast_1d(each) for each in svi))


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


def show_one(source: Source, *, how: How, at: str | None, plot: Path | None, as_json: bool) -> int:
    """Fit the last chain of each coin at a time, and print it; plot it where asked to."""
    surfaces = how.fit(_standing(source, at, how))
    if plot is not None:
        drawing = smiles_svg(surfaces)
        plot.write_text(drawing, encoding="utf-8")
    if as_json:
        listed = [surface_builtins(surface) for surface in surfaces]
        sys.stdout.write(json.dumps({"surfaces": listed}, sort_keys=True) + "\n")
        return 0
    from hedgerow.app.screen import wide_console

    console = wide_console()
    for surface in surfaces:
        console.print(surface_tables(surface), highlight=False)
    if plot is not None:
        console.print(f"plot written to {plot}", highlight=False)
    return 0


def _standing(source: Source, at: str | None, how: How) -> list[ChainColumns]:
    """Give the last chain of each coin at or before a time; without one, the first of each."""
    chains = source.read(with_futures=how.forwards == "future")
    if at is None:
        first: dict[str, ChainColumns] = {}
        time_ns = None
        for chain in chains:
            time_ns = chain.time_ns if time_ns is None else time_ns
            if chain.time_ns != time_ns:
                break
            first[chain.underlying] = chain
        _some(len(first))
        return list(first.values())
    try:
        at_ns = parse_ns(at)
    except ValueError as bad:
        raise DeskRejected(f"--at {at}: write a time such as 2026-02-05T12:00:00Z") from bad
    last: dict[str, ChainColumns] = {}
    for chain in chains:
        if chain.time_ns > at_ns:
            break
        last[chain.underlying] = chain
    if not last:
        raise RecordingRejected(f"no option chain at or before {at}")
    return list(last.values())


def _some(count: int) -> None:
    if not count:
        raise RecordingRejected("no option chain here: nothing to fit")
