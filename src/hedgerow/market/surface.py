"""From an option chain to a surface: quotes of each expiry, fits, checks, repairs.

Many chains are fitted at once, because the fit is a loop of array operations whose cost hardly
depends on how many rows there are; `fit_surface` is the same for one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Reason
from hedgerow.market import svi as of
from hedgerow.market.calibrate import Neighbour, SliceColumns, fit
from hedgerow.market.chain import ChainColumns, smile_quotes
from hedgerow.market.smile import Repair, Smile, SmileQuotes, Surface, near_money, weights_per_volpt
from hedgerow.market.svi import Floats, Svi

__all__ = ["ERROR_VOLPT_MAX", "fit_surface", "fit_surfaces"]

Rows: TypeAlias = NDArray[np.int64]

ERROR_VOLPT_MAX = 0.3
_LEVEL_FRAC_MAX = 0.1
_QUOTES_COUNT_MIN, _NEAR_COUNT_MIN = 5, 3


def fit_surface(chain: ChainColumns, *, error_volpt_max: float = ERROR_VOLPT_MAX) -> Surface:
    """Fit one chain; see `fit_surfaces`."""
    return fit_surfaces([chain], error_volpt_max=error_volpt_max)[0]


def fit_surfaces(
    chains: Sequence[ChainColumns], *, error_volpt_max: float = ERROR_VOLPT_MAX
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
    work = _Work(chains, error_volpt_max)
    if work.quotes:
        work.fit_alone()
        work.order()
    return work.surfaces()


@dataclass(slots=True, eq=False)
class _Checked:
    """What the checks say of fitted slices; a reason of None is a pass."""

    reasons: list[Reason | None]
    messages: list[str]
    error_median: Floats
    error_max: Floats
    g_min: Floats


class _Work:
    """Slices on their way; row i of every list and array is one slice."""

    def __init__(self, chains: Sequence[ChainColumns], error_volpt_max: float) -> None:
        self._chains = chains
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
        self._columns = _padded(self.quotes) if n else None
        self._repair: list[Repair] = ["none"] * n
        self._state: _Checked | None = None
        self._svi = Svi(*np.zeros((5, n)))

    def fit_alone(self) -> None:
        """Fit every slice by itself, and repair those whose butterflies the penalty left."""
        every = np.arange(len(self.quotes))
        svi = self._fit(every, ())
        mended = self._mended(svi, every)
        for row in np.flatnonzero(mended.b != svi.b):
            self._repair[row] = "butterfly"
        self._svi = mended
        self._state = self._check(mended, every)

    def order(self) -> None:
        """Go through the expiries of all chains together and part slices that cross.

        A slice that crosses the accepted one before it is fitted again above it; where that costs
        too much, the one before is fitted again below it and above its own predecessor; where that
        fails too, the later one is rejected.
        """
        ranks: dict[int, list[int]] = {}
        for row, at in enumerate(self._chain_at):
            ranks.setdefault(at, []).append(row)
        for rows in ranks.values():
            rows.sort(key=lambda row: self.quotes[row].expiry_ns)
        last: dict[int, list[int]] = {at: [] for at in ranks}
        for rank in range(max(len(rows) for rows in ranks.values())):
            wanted = [
                (at, rows[rank])
                for at, rows in ranks.items()
                if rank < len(rows) and self._reason(rows[rank]) is None
            ]
            self._place([(at, row) for at, row in wanted if last[at]], last)
            for at, row in wanted:
                if self._reason(row) is None:
                    last[at].append(row)

    def _place(self, wanted: list[tuple[int, int]], last: dict[int, list[int]]) -> None:
        crossing = self._crossing([(last[at][-1], row) for at, row in wanted])
        bad = [pair for pair, is_bad in zip(wanted, crossing, strict=True) if is_bad]
        if not bad:
            return
        # The later one again, above the one before.
        later = np.array([row for _, row in bad])
        floor = np.array([last[at][-1] for at, _ in bad])
        svi = self._mended(self._fit(later, (Neighbour(self._svi.rows(floor), True),)), later)
        state = self._check(svi, later)
        fine = of.calendar_gap(self._svi.rows(floor), svi) >= 0
        left = []
        for at, (pair, is_fine) in enumerate(zip(bad, fine, strict=True)):
            if is_fine and state.reasons[at] is None:
                self._take(pair[1], at, svi, state)
            else:
                left.append(pair)
        if not left:
            return
        # The one before again, below the later one and above its own predecessor.
        later = np.array([row for _, row in left])
        earlier = np.array([last[at][-1] for at, _ in left])
        under = [last[at][-2] if len(last[at]) > 1 else -1 for at, _ in left]
        below = _flat(self._svi, under)
        neighbours = (Neighbour(self._svi.rows(later), False), Neighbour(below, True))
        svi = self._mended(self._fit(earlier, neighbours), earlier)
        state = self._check(svi, earlier)
        fine = (of.calendar_gap(svi, self._svi.rows(later)) >= 0) & (
            (of.calendar_gap(below, svi) >= 0) | (np.array(under) < 0)
        )
        for at, (pair, is_fine) in enumerate(zip(left, fine, strict=True)):
            if is_fine and state.reasons[at] is None:
                self._take(int(earlier[at]), at, svi, state)
            else:
                assert self._state is not None
                before = self.quotes[int(earlier[at])].subject
                self._state.reasons[pair[1]] = "calendar_arbitrage"
                self._state.messages[pair[1]] = (
                    f"crosses {before}, and neither can be fitted within {self._bar:g} vol points "
                    "without"
                )

    def _take(self, row: int, at: int, svi: Svi, state: _Checked) -> None:
        """Put a refit in the place of the slice it mends."""
        assert self._state is not None
        for whole, part in zip(self._svi, svi, strict=True):
            whole[row] = part[at]
        self._repair[row] = "calendar"
        self._state.error_median[row] = state.error_median[at]
        self._state.error_max[row] = state.error_max[at]
        self._state.g_min[row] = state.g_min[at]

    def _crossing(self, pairs: list[tuple[int, int]]) -> list[bool]:
        if not pairs:
            return []
        earlier, later = np.array(pairs).T
        gap = of.calendar_gap(self._svi.rows(earlier), self._svi.rows(later))
        return [bool(each < 0) for each in gap]

    def _fit(self, rows: Rows, near: tuple[Neighbour, ...]) -> Svi:
        assert self._columns is not None
        return fit(self._columns.rows(rows), neighbours=near)[0]

    def _mended(self, svi: Svi, rows: Rows) -> Svi:
        assert self._columns is not None
        bad = np.flatnonzero(of.butterfly_min(svi)[0] < 0)
        if not len(bad):
            return svi
        mended = of.repair(svi.rows(bad), self._columns.expiry_years[rows[bad]])
        out = Svi(*(np.array(each) for each in svi))
        for whole, part in zip(out, mended, strict=True):
            whole[bad] = part
        return out

    def _check(self, svi: Svi, rows: Rows) -> _Checked:
        g_min, where = of.butterfly_min(svi)
        out = _Checked([], [], np.full(len(rows), np.nan), np.full(len(rows), np.nan), g_min)
        for at, row in enumerate(rows):
            quotes = self.quotes[row]
            one = svi.rows(at)
            with np.errstate(invalid="ignore"):
                vol = np.sqrt(of.total_variance(one, quotes.moneyness_log) / quotes.expiry_years)
            miss = 100.0 * np.abs(vol - quotes.vol_frac)
            near = near_money(quotes.moneyness_log, quotes.vol_frac, quotes.expiry_years)
            out.error_median[at] = median = float(np.median(miss[near]))
            out.error_max[at] = float(miss[near].max())
            quoted = float(np.interp(0.0, quotes.moneyness_log, quotes.vol_frac))
            fitted = float(np.sqrt(of.total_variance(one, np.array(0.0)) / quotes.expiry_years))
            reason: Reason | None = None
            message = ""
            if not np.isfinite(miss[near]).all():
                reason, message = "not_converged", "the fit has no vol at a quoted strike"
            elif abs(fitted / quoted - 1.0) > _LEVEL_FRAC_MAX:
                reason = "level_off"
                message = f"vol at the money {fitted:.4f}, quotes say {quoted:.4f}"
            elif median > self._bar:
                reason = "poor_fit"
                message = f"median error {median:.3f} vol points, the bar is {self._bar:g}"
            elif not g_min[at] >= 0:
                reason = "butterfly_arbitrage"
                message = f"g falls to {g_min[at]:.3g} at ln(K/F) = {where[at]:.3f}"
            out.reasons.append(reason)
            out.messages.append(message)
        return out

    def _reason(self, row: int) -> Reason | None:
        assert self._state is not None
        return self._state.reasons[row]

    def surfaces(self) -> list[Surface]:
        """Collect what was accepted and what was not, chain by chain."""
        smiles: list[list[Smile]] = [[] for _ in self._chains]
        for row, (at, quotes) in enumerate(zip(self._chain_at, self.quotes, strict=True)):
            assert self._state is not None
            reason = self._state.reasons[row]
            if reason is not None:
                self._rejected[at].append(
                    Failure(
                        subject=quotes.subject, reason=reason, message=self._state.messages[row]
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
                    error_median_volpt=float(self._state.error_median[row]),
                    error_max_volpt=float(self._state.error_max[row]),
                    quotes_count=len(quotes.vol_frac),
                    density_g_min_frac=float(self._state.g_min[row]),
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
    wide = max(len(each.vol_frac) for each in quotes)
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
        expiry_years=np.array([each.expiry_years for each in quotes]),
    )


def _flat(svi: Svi, rows: Sequence[int]) -> Svi:
    """Give slices by row; a row of -1 is a floor that nothing crosses, next to no variance."""
    none = np.array([row < 0 for row in rows])
    nothing = Svi(*(np.full(len(rows), each) for each in (1e-9, 1e-12, 0.0, 0.0, 1.0)))
    picked = svi.rows(np.maximum(np.array(rows), 0))
    return Svi(*(np.where(none, each, one) for each, one in zip(nothing, picked, strict=True)))
