"""Slices of many chains on their way from a fit to a verdict.

Four stations: every slice alone; those too far from their quotes once more, with weights that
forgive outliers; chains with slices that cross, as a whole; and what was left out on the way, again
between the neighbours that were taken. `check` judges after each of them, by the same bars.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.market import svi as of
from hedgerow.market.calibrate import fit
from hedgerow.market.check import Checked, check, mended
from hedgerow.market.coordinates import COORDINATES, ModelChoice, SmileModel
from hedgerow.market.residuals import Neighbour, SliceColumns, vol_misses
from hedgerow.market.smile import CORE_DEVIATIONS, Repair, SmileQuotes, weights_per_volpt
from hedgerow.market.svi import Svi
from hedgerow.market.together import fit_together

__all__ = ["Fitting"]

Rows: TypeAlias = NDArray[np.int64]

_LOOKS_COUNT = 4
_MISS_VOLPT_MIN = 0.1
_FAR_WEIGHT_FRAC = 0.1
_TRIES_COUNT = 3
_EMPHASIS = 2.0


class Fitting:
    """Row i of every list and array is one slice; `svi`, `checked` and `repair` are the answer."""

    def __init__(
        self,
        quotes: Sequence[SmileQuotes],
        chain_index: Sequence[int],
        model: ModelChoice,
        error_volpt_max: float,
    ) -> None:
        n = len(quotes)
        self._quotes = quotes
        self._chain_at = chain_index
        self._models: tuple[SmileModel, ...] = ("svi", "essvi") if model == "either" else (model,)
        self._model = self._models[0]
        self._bar = error_volpt_max
        self._columns = _padded(quotes)
        # Kept apart: the weights in the columns change from look to look.
        self._weight = self._columns.weight_per_volpt.copy()
        self._theta = np.zeros((n, COORDINATES[self._model].count))
        self.repair: list[Repair] = ["none"] * n
        self.model: list[SmileModel] = [self._model] * n
        self._fit_alone()
        self._part_crossing()
        self._put_back()

    def _fit_alone(self) -> None:
        """Fit every slice by itself; those too far from their quotes again with other weights."""
        every = np.arange(len(self._quotes))
        self.svi, self.checked = self._fit(every)
        for _ in range(_LOOKS_COUNT):
            far = [row for row in every if self.checked.reasons[row] == "poor_fit"]
            if not far:
                break
            rows = np.array(far)
            self._forgive(rows, self.svi.rows(rows))
            svi, checked = self._fit(rows)
            for at, row in enumerate(rows):
                self._take(row, at, svi, checked)
                if checked.reasons[at] is None:
                    self.repair[row] = "outliers"

    def _fit(self, rows: Rows) -> tuple[Svi, Checked]:
        columns = self._columns.rows(rows)
        theta = fit(columns, model=self._model)
        self._theta[rows] = theta
        svi = of.clamp_wings(COORDINATES[self._model].svi(theta))
        whole = mended(svi, columns.expiry_years)
        for at in np.flatnonzero(whole.b != svi.b):
            self.repair[rows[at]] = "butterfly"
        return whole, self._check(whole, rows)

    def _check(self, svi: Svi, rows: Rows) -> Checked:
        return check(svi, [self._quotes[row] for row in rows], self._bar)

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

    def _part_crossing(self) -> None:
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
                        self.repair[rows[one]] = "calendar"
                elif tries[key] < _TRIES_COUNT:
                    tries[key] += 1
                    far = [one for one in bad if checked.reasons[one] == "poor_fit"]
                    self._columns.weight_per_volpt[rows[far]] *= _EMPHASIS
                else:
                    tries[key] = 0
                    worst = bad[np.argmax(checked.error_median[bad])]
                    beside = [one for one in (worst - 1, worst + 1) if one in mine]
                    self._leave_out(int(rows[worst]), rows[beside], checked.messages[worst])

    def _put_back(self) -> None:
        """Try slices that were left out again, now between those that were taken.

        One of each chain at a time, earliest first; the second model is asked where the first has
        no answer.
        """
        waiting: dict[int, list[int]] = {}
        for row, reason in enumerate(self.checked.reasons):
            if reason in ("poor_fit", "butterfly_arbitrage", "calendar_arbitrage"):
                waiting.setdefault(self._chain_at[row], []).append(row)
        for of_one in waiting.values():
            of_one.sort(key=lambda row: -self._quotes[row].expiry_ns)
        while waiting:
            rows = np.array([each.pop() for each in waiting.values()])
            waiting = {at: each for at, each in waiting.items() if each}
            for model in self._models:
                if len(rows):
                    rows = self._try_between(rows, model)

    def _try_between(self, rows: Rows, model: SmileModel) -> Rows:
        """Fit rows between their accepted neighbours; give those that failed again."""
        floor, ceiling = self._around(rows)
        columns = self._columns.rows(rows)
        near = (Neighbour(floor, True), Neighbour(ceiling, False))
        theta = fit(columns, neighbours=near, model=model)
        svi = mended(of.clamp_wings(COORDINATES[model].svi(theta)), columns.expiry_years)
        checked = self._check(svi, rows)
        is_fine = (of.calendar_gap(floor, svi) >= 0) & (of.calendar_gap(svi, ceiling) >= 0)
        left = []
        for at, row in enumerate(rows):
            if is_fine[at] and checked.reasons[at] is None:
                self._take(int(row), at, svi, checked)
                self.repair[row] = "calendar"
                self.model[row] = model
            else:
                left.append(row)
        return np.array(left, dtype=np.int64)

    def _around(self, rows: Rows) -> tuple[Svi, Svi]:
        """Give the accepted slices before and after each row, and bounds of all where none is."""
        floor = Svi(*(np.full(len(rows), each) for each in (1e-9, 1e-12, 0.0, 0.0, 1.0)))
        ceiling = Svi(*(np.full(len(rows), each) for each in (1e3, 2.0, 0.0, 0.0, 1.0)))
        for at, row in enumerate(rows):
            mates = [
                (self._quotes[one].expiry_ns, one)
                for one, reason in enumerate(self.checked.reasons)
                if reason is None and self._chain_at[one] == self._chain_at[row]
            ]
            here = self._quotes[row].expiry_ns
            for side, one in (
                (floor, max((each for each in mates if each[0] < here), default=None)),
                (ceiling, min((each for each in mates if each[0] > here), default=None)),
            ):
                if one is not None:
                    for whole, part in zip(side, self.svi, strict=True):
                        whole[at] = part[one[1]]
        return floor, ceiling

    def _dirty(self) -> dict[int, Rows]:
        """Give the accepted rows, in order of expiry, of each chain where two of them cross."""
        taken = [row for row, reason in enumerate(self.checked.reasons) if reason is None]
        taken.sort(key=lambda row: (self._chain_at[row], self._quotes[row].expiry_ns))
        rows = np.array(taken, dtype=np.int64)
        chain = np.array([self._chain_at[row] for row in taken], dtype=np.int64)
        upper = np.flatnonzero(np.diff(chain, prepend=-1) == 0)
        if not len(upper):
            return {}
        gap = of.calendar_gap(self.svi.rows(rows[upper - 1]), self.svi.rows(rows[upper]))
        return {int(at): rows[chain == at] for at in np.unique(chain[upper][gap < 0])}

    def _leave_out(self, row: int, beside: Rows, message: str) -> None:
        self.checked.reasons[row] = "calendar_arbitrage"
        names = " or ".join(self._quotes[one].subject for one in beside)
        self.checked.messages[row] = f"fitted together it crosses {names}" + (
            f", or has {message}" if message else ""
        )

    def _take(self, row: int, at: int, svi: Svi, checked: Checked) -> None:
        """Put a refit in the place of the slice it mends, with what the checks say of it."""
        for whole, part in zip(self.svi, svi, strict=True):
            whole[row] = part[at]
        mine = self.checked
        mine.reasons[row], mine.messages[row] = checked.reasons[at], checked.messages[at]
        mine.error_median[row] = checked.error_median[at]
        mine.error_max[row] = checked.error_max[at]
        mine.error_mark[row] = checked.error_mark[at]
        mine.g_min[row] = checked.g_min[at]


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
