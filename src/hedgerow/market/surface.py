"""From an option chain to a surface: quotes of each expiry, fits, checks, repairs.

Many chains are fitted at once, because the fit is a loop of array operations whose cost hardly
depends on how many rows there are; `fit_surface` is the same for one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.market import svi as of
from hedgerow.market.calibrate import fit
from hedgerow.market.chain import ChainColumns, smile_quotes
from hedgerow.market.check import Checked, check, mended
from hedgerow.market.coordinates import COORDINATES, SmileModel
from hedgerow.market.residuals import SliceColumns, vol_misses
from hedgerow.market.smile import (
    CORE_DEVIATIONS,
    Repair,
    Smile,
    SmileQuotes,
    Surface,
    near_money,
    weights_per_volpt,
)
from hedgerow.market.svi import Svi
from hedgerow.market.together import fit_together

__all__ = ["ERROR_VOLPT_MAX", "fit_surface", "fit_surfaces"]

Rows: TypeAlias = NDArray[np.int64]

ERROR_VOLPT_MAX = 0.3
_LOOKS_COUNT = 2
_MISS_VOLPT_MIN = 0.1
_FAR_WEIGHT_FRAC = 0.1
_TRIES_COUNT = 2
_EMPHASIS = 2.0
_QUOTES_COUNT_MIN, _NEAR_COUNT_MIN = 5, 3


def fit_surface(
    chain: ChainColumns, *, model: SmileModel = "svi", error_volpt_max: float = ERROR_VOLPT_MAX
) -> Surface:
    """Fit one chain; see `fit_surfaces`."""
    return fit_surfaces([chain], model=model, error_volpt_max=error_volpt_max)[0]


def fit_surfaces(
    chains: Sequence[ChainColumns],
    *,
    model: SmileModel = "svi",
    error_volpt_max: float = ERROR_VOLPT_MAX,
) -> list[Surface]:
    """Fit every expiry of every chain, each kept free of arbitrage.

    Parameters
    ----------
    chains
        One snapshot of one underlying each. A chain's surface does not depend on which others are
        fitted with it.
    error_volpt_max
        The largest median absolute error within 1.5 deviations that is accepted.

    Returns
    -------
    list of Surface
        In the order of the chains. Never raises for a quote: what cannot be fitted is rejected
        with its reason.
    """
    work = _Work(chains, model, error_volpt_max)
    if work.quotes:
        work.fit_alone()
        work.part_crossing()
    return work.surfaces()


class _Work:
    """Slices on their way; row i of every list and array is one slice."""

    def __init__(
        self, chains: Sequence[ChainColumns], model: SmileModel, error_volpt_max: float
    ) -> None:
        self._chains = chains
        self._model = model
        self._bar = error_volpt_max
        self.quotes: list[SmileQuotes] = []
        self._chain_at: list[int] = []
        self._rejected: list[list[Failure]] = [[] for _ in chains]
        for at, chain in enumerate(chains):
            for one in smile_quotes(chain):
                if isinstance(one, Failure):
                    self._rejected[at].append(one)
                    continue
                near = near_money(one.moneyness_log, one.vol_frac, one.expiry_years).sum()
                if len(one.vol_frac) < _QUOTES_COUNT_MIN or near < _NEAR_COUNT_MIN:
                    self._rejected[at].append(
                        Failure(
                            subject=one.subject,
                            reason="too_few_quotes",
                            message=f"{len(one.vol_frac)} strikes, {near} of them within 1.5 "
                            f"deviations; needs {_QUOTES_COUNT_MIN} and {_NEAR_COUNT_MIN}",
                        )
                    )
                    continue
                self.quotes.append(one)
                self._chain_at.append(at)
        n = len(self.quotes)
        self._columns = _padded(self.quotes)
        self._weight = self._columns.weight_per_volpt
        self._theta = np.zeros((n, COORDINATES[model].count))
        self._repair: list[Repair] = ["none"] * n

    def fit_alone(self) -> None:
        """Fit every slice by itself; those too far from their quotes again with other weights."""
        every = np.arange(len(self.quotes))
        self._svi, self._checked = self._fit(every)
        for _ in range(_LOOKS_COUNT):
            far = [row for row in every if self._checked.reasons[row] == "poor_fit"]
            if not far:
                break
            rows = np.array(far)
            self._forgive(rows, self._svi.rows(rows))
            svi, checked = self._fit(rows)
            for at, row in enumerate(rows):
                self._take(row, at, svi, checked)
                if checked.reasons[at] is None:
                    self._repair[row] = "outliers"

    def _fit(self, rows: Rows) -> tuple[Svi, Checked]:
        columns = self._columns.rows(rows)
        theta = fit(columns, model=self._model)
        self._theta[rows] = theta
        svi = of.clamp_wings(COORDINATES[self._model].svi(theta))
        whole = mended(svi, columns.expiry_years)
        for at in np.flatnonzero(whole.b != svi.b):
            self._repair[rows[at]] = "butterfly"
        return whole, self._check(whole, rows)

    def _check(self, svi: Svi, rows: Rows) -> Checked:
        return check(svi, [self.quotes[row] for row in rows], self._bar)

    def _forgive(self, rows: Rows, svi: Svi) -> None:
        """Weigh the quotes of slices by how far a fit misses them, and those far out hardly.

        Divided by the root of its miss a quote counts in a sum of squares as it would in a sum of
        absolute errors, so that a few stale ones no longer pull the rest along.
        """
        columns = self._columns.rows(rows)
        miss = np.abs(vol_misses(replace(columns, weight_per_volpt=np.ones(())), svi))
        deviation = columns.vol_frac * np.sqrt(columns.expiry_years)[:, None]
        is_core = np.abs(columns.moneyness_log) <= CORE_DEVIATIONS * deviation
        self._columns.weight_per_volpt[rows] = (
            self._weight[rows]
            * np.where(is_core, 1.0, _FAR_WEIGHT_FRAC)
            / np.sqrt(np.maximum(miss, _MISS_VOLPT_MIN))
        )

    def part_crossing(self) -> None:
        """Fit chains with slices that cross together; leave out what cannot be had without.

        Where a slice of a chain is then too far from its quotes it counts for more, and the chain
        goes on from where it stands. Where that does not help, the worst slice is left out.
        """
        tries: Counter[int] = Counter()
        while dirty := self._dirty():
            rows = np.concatenate(list(dirty.values()))
            chain = np.repeat(np.arange(len(dirty)), [len(each) for each in dirty.values()])
            columns = self._columns.rows(rows)
            theta = fit_together(columns, chain, self._theta[rows], model=self._model)
            self._theta[rows] = theta
            svi = mended(of.clamp_wings(COORDINATES[self._model].svi(theta)), columns.expiry_years)
            checked = self._check(svi, rows)
            crosses = np.zeros(len(rows), dtype=np.bool_)
            upper = np.flatnonzero(np.diff(chain, prepend=-1) == 0)
            crosses[upper] = of.calendar_gap(svi.rows(upper - 1), svi.rows(upper)) < 0
            is_bad = crosses | np.array([reason is not None for reason in checked.reasons])
            for at, key in enumerate(dirty):
                mine = np.flatnonzero(chain == at)
                bad = mine[is_bad[mine]]
                if not len(bad):
                    for one in mine:
                        self._take(int(rows[one]), int(one), svi, checked)
                        self._repair[rows[one]] = "calendar"
                elif tries[key] < _TRIES_COUNT:
                    tries[key] += 1
                    far = [one for one in bad if checked.reasons[one] == "poor_fit"]
                    self._columns.weight_per_volpt[rows[far]] *= _EMPHASIS
                else:
                    tries[key] = 0
                    worst = bad[np.argmax(checked.error_median[bad])]
                    self._leave_out(int(rows[worst]), checked.messages[worst])

    def _dirty(self) -> dict[int, Rows]:
        """Give the accepted rows, in order of expiry, of each chain where two of them cross."""
        taken = [row for row, reason in enumerate(self._checked.reasons) if reason is None]
        taken.sort(key=lambda row: (self._chain_at[row], self.quotes[row].expiry_ns))
        rows = np.array(taken, dtype=np.int64)
        chain = np.array([self._chain_at[row] for row in taken], dtype=np.int64)
        upper = np.flatnonzero(np.diff(chain, prepend=-1) == 0)
        if not len(upper):
            return {}
        gap = of.calendar_gap(self._svi.rows(rows[upper - 1]), self._svi.rows(rows[upper]))
        return {int(at): rows[chain == at] for at in np.unique(chain[upper][gap < 0])}

    def _leave_out(self, row: int, message: str) -> None:
        self._checked.reasons[row] = "calendar_arbitrage"
        self._checked.messages[row] = (
            "no fit of the whole chain crosses nowhere and stays near its quotes"
            + (f": {message}" if message else "")
        )

    def _take(self, row: int, at: int, svi: Svi, checked: Checked) -> None:
        """Put a refit in the place of the slice it mends, with what the checks say of it."""
        for whole, part in zip(self._svi, svi, strict=True):
            whole[row] = part[at]
        mine = self._checked
        mine.reasons[row], mine.messages[row] = checked.reasons[at], checked.messages[at]
        mine.error_median[row] = checked.error_median[at]
        mine.error_max[row] = checked.error_max[at]
        mine.g_min[row] = checked.g_min[at]

    def surfaces(self) -> list[Surface]:
        """Collect what was accepted and what was not, chain by chain."""
        smiles: list[list[Smile]] = [[] for _ in self._chains]
        for row, (at, quotes) in enumerate(zip(self._chain_at, self.quotes, strict=True)):
            reason = self._checked.reasons[row]
            if reason is not None:
                self._rejected[at].append(
                    Failure(
                        subject=quotes.subject, reason=reason, message=self._checked.messages[row]
                    )
                )
                continue
            smiles[at].append(
                Smile(
                    subject=quotes.subject,
                    time_ns=quotes.time_ns,
                    expiry_ns=quotes.expiry_ns,
                    expiry_years=quotes.expiry_years,
                    forward_usd=quotes.forward_usd,
                    forward_source=quotes.forward_source,
                    svi=self._svi.rows(row),
                    error_median_volpt=float(self._checked.error_median[row]),
                    error_max_volpt=float(self._checked.error_max[row]),
                    quotes_count=len(quotes.vol_frac),
                    density_g_min_frac=float(self._checked.g_min[row]),
                    repair=self._repair[row],
                )
            )
        return [
            Surface(
                underlying=chain.underlying,
                time_ns=chain.time_ns,
                smiles=tuple(sorted(smiles[at], key=lambda each: each.expiry_ns)),
                rejected=tuple(self._rejected[at]),
            )
            for at, chain in enumerate(self._chains)
        ]


def _padded(quotes: Sequence[SmileQuotes]) -> SliceColumns:
    wide = max((len(each.vol_frac) for each in quotes), default=0)
    k, vol, weight = np.zeros((3, len(quotes), wide))
    vol[:] = 0.5
    for row, each in enumerate(quotes):
        count = len(each.vol_frac)
        k[row, :count] = each.moneyness_log
        vol[row, :count] = each.vol_frac
        weight[row, :count] = weights_per_volpt(each)
    return SliceColumns(
        moneyness_log=k,
        vol_frac=vol,
        weight_per_volpt=weight,
        expiry_years=np.array([each.expiry_years for each in quotes], dtype=np.float64),
    )
