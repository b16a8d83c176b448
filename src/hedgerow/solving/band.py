"""Bounds that hold, or have their price: levels that amounts change, kept between two ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.solving.assembly import Assembly
from hedgerow.solving.part import INF, USED_AMOUNT, dense, locked, nothing, used_columns
from hedgerow.solving.records import Decisions, Floats

__all__ = ["Band", "Uses"]


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Rows that shall stay between two bounds: a level now, and what each amount changes of it.

    A row with a penalty may be left at so much per unit outside; one without (infinite) is hard.
    `scale_figure` says what one unit of its excess is to be compared with, so that dollars and
    coins can be added up where not every row can hold.
    """

    names: tuple[str, ...]
    at_figure: Floats
    figure_per_amount: Floats
    low_figure: Floats
    high_figure: Floats
    penalty_usd_per_figure: Floats
    scale_figure: Floats

    def __post_init__(self) -> None:
        count = len(self.names)
        if self.figure_per_amount.ndim != 2:
            raise OutOfDomain("figure_per_amount of a band must be (rows, decisions)")
        object.__setattr__(self, "at_figure", locked(self.at_figure, "at_figure", (count,)))
        wide = (count, self.figure_per_amount.shape[1])
        object.__setattr__(
            self, "figure_per_amount", locked(self.figure_per_amount, "figure_per_amount", wide)
        )
        for name in ("low_figure", "high_figure", "penalty_usd_per_figure"):
            object.__setattr__(
                self, name, locked(getattr(self, name), name, (count,), finite=False)
            )
        object.__setattr__(
            self, "scale_figure", locked(self.scale_figure, "scale_figure", (count,))
        )
        for bad, why in (
            (self.low_figure > self.high_figure, "its low bound lies above its high one"),
            (
                (self.low_figure == INF) | (self.high_figure == -INF),
                "its bounds leave it no level at all",
            ),
            (self.penalty_usd_per_figure < 0, "its penalty is negative"),
            (self.scale_figure <= 0, "its scale is not positive"),
        ):
            if np.any(bad):
                raise OutOfDomain(f"{self.names[int(np.argmax(bad))]}: {why}")

    @classmethod
    def of(
        cls,
        names: tuple[str, ...],
        at_figure: Floats,
        figure_per_amount: Floats,
        *,
        low_figure: Floats | None = None,
        high_figure: Floats | None = None,
        penalty_usd_per_figure: Floats | None = None,
        scale_figure: Floats | None = None,
    ) -> "Band":
        """Fill in what is left out: no bound, no way around it, scales of one."""
        free = np.full(len(names), INF)
        return cls(
            names=names,
            at_figure=at_figure,
            figure_per_amount=figure_per_amount,
            low_figure=-free if low_figure is None else low_figure,
            high_figure=free if high_figure is None else high_figure,
            penalty_usd_per_figure=free
            if penalty_usd_per_figure is None
            else penalty_usd_per_figure,
            scale_figure=np.ones(len(names)) if scale_figure is None else scale_figure,
        )

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        return True

    def outside(self, amounts: Floats) -> Floats:
        """Give how far each plan leaves each row outside, in the row's own unit."""
        return self._outside(amounts, np.arange(len(self.names)))

    def usd(self, amounts: Floats) -> Floats:
        """Price what is left outside rows that have a price."""
        soft = np.flatnonzero(np.isfinite(self.penalty_usd_per_figure))
        if not len(soft):
            return nothing(amounts)
        return np.asarray(self._outside(amounts, soft) @ self.penalty_usd_per_figure[soft])

    def excess(self, amounts: Floats) -> Floats:
        """Add up what is left outside the others, each over its scale."""
        hard = np.flatnonzero(np.isinf(self.penalty_usd_per_figure))
        if not len(hard):
            return nothing(amounts)
        return np.asarray(self._outside(amounts, hard) @ (1.0 / self.scale_figure[hard]))

    def _outside(self, amounts: Floats, rows: NDArray[np.int64]) -> Floats:
        # Thousands of plans are judged at once: in place, for the memory's sake.
        level = amounts @ self.figure_per_amount[rows].T
        level += self.at_figure[rows]
        beyond = self.low_figure[rows] - level
        level -= self.high_figure[rows]
        np.maximum(beyond, level, out=beyond)
        return np.maximum(beyond, 0.0, out=beyond)

    def assemble(self, into: Assembly, at: NDArray[np.int64], decisions: Decisions) -> None:
        """One row each; where it may be left, two columns say by how much."""
        entries = [dense(self.figure_per_amount, at)]
        soft = np.flatnonzero(np.isfinite(self.penalty_usd_per_figure))
        if len(soft):
            price = self.penalty_usd_per_figure[soft]
            nought, free = np.zeros(len(soft)), np.full(len(soft), INF)
            for sign in (1.0, -1.0):
                slack = into.columns(nought, free, price)
                entries.append((soft, slack, np.full(len(soft), sign)))
        into.rows(
            entries,
            self.low_figure - self.at_figure,
            self.high_figure - self.at_figure,
            self.names,
            np.where(np.isfinite(self.penalty_usd_per_figure), INF, self.scale_figure),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Uses:
    """What amounts use up of something there is only so much of, whichever way they go.

    Margin that each leg takes on its own at a venue is the example: row i may use
    `figure_max` and each unit bought or sold takes its part of it, or gives some back (negative).
    `used_figure` is what a decision takes by being used at all, as a transfer's fee is.

    Where `of_index` says of each row which name it belongs to, the worst row of a name counts, as
    the worst scenario of a scan does: then `figure_max` is of rows and `scale_figure` of names.
    """

    names: tuple[str, ...]
    up_figure_per_amount: Floats
    down_figure_per_amount: Floats
    figure_max: Floats
    scale_figure: Floats
    used_figure: Floats | None = None
    of_index: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        count = len(self.names) if self.of_index is None else len(self.of_index)
        if self.of_index is not None and not (
            np.array_equal(np.unique(self.of_index), np.arange(len(self.names)))
            and np.all(np.diff(self.of_index) >= 0)
        ):
            raise OutOfDomain("of_index must give every name its rows, in the order of names")
        if self.used_figure is not None:
            shape = self.up_figure_per_amount.shape
            used = locked(self.used_figure, "used_figure", shape)
            if np.any(used < 0):
                raise OutOfDomain("a decision must not give back by being used")
            object.__setattr__(self, "used_figure", used)
        for name in ("up_figure_per_amount", "down_figure_per_amount"):
            each = locked(getattr(self, name), name, (count, self.up_figure_per_amount.shape[1]))
            object.__setattr__(self, name, each)
        if np.any(self.up_figure_per_amount + self.down_figure_per_amount < 0):
            raise OutOfDomain("an amount done and undone must not give back more than it uses up")
        object.__setattr__(self, "figure_max", locked(self.figure_max, "figure_max", (count,)))
        scale = locked(self.scale_figure, "scale_figure", (len(self.names),))
        if np.any(scale <= 0):
            raise OutOfDomain("the scale of what is used must be positive")
        object.__setattr__(self, "scale_figure", scale)

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        return True

    def usd(self, amounts: Floats) -> Floats:
        """Nothing: it only bounds."""
        return nothing(amounts)

    def excess(self, amounts: Floats) -> Floats:
        """Add up what is used too much, each over its scale."""
        used = (
            np.maximum(amounts, 0.0) @ self.up_figure_per_amount.T
            + np.maximum(-amounts, 0.0) @ self.down_figure_per_amount.T
        )
        if self.used_figure is not None:
            used += (np.abs(amounts) > USED_AMOUNT) @ self.used_figure.T
        used -= self.figure_max
        if self.of_index is not None:
            first = np.searchsorted(self.of_index, np.arange(len(self.names)))
            used = np.maximum.reduceat(used, first, axis=1)
        return np.asarray(np.maximum(used, 0.0) @ (1.0 / self.scale_figure))

    def assemble(self, into: Assembly, at: NDArray[np.int64], decisions: Decisions) -> None:
        """One row each over what is bought, what is sold, and what is used at all."""
        up, down = into.sides(at, decisions.low_amount, decisions.high_amount)
        entries = [dense(self.up_figure_per_amount, up), dense(self.down_figure_per_amount, down)]
        if self.used_figure is not None and np.any(self.used_figure):
            which = np.flatnonzero(np.any(self.used_figure > 0, axis=0))
            used = used_columns(into, at, decisions, which, np.zeros(len(which)))
            entries.append(dense(self.used_figure[:, which], used))
        free = np.full(len(self.figure_max), -INF)
        if self.of_index is None:
            into.rows(entries, free, self.figure_max, self.names, self.scale_figure)
            return
        # One column lies above every row of a name, and has the bound.
        count = len(self.names)
        top = into.columns(np.full(count, -INF), np.full(count, INF), np.zeros(count))
        rows = np.arange(len(self.of_index))
        entries.append((rows, top[self.of_index], np.full(len(rows), -1.0)))
        names = [f"worst of {self.names[i]}" for i in self.of_index.tolist()]
        into.rows(entries, free, self.figure_max, names)
        own = np.arange(count)
        into.rows(
            [(own, top, np.ones(count))],
            np.full(count, -INF),
            np.zeros(count),
            self.names,
            self.scale_figure,
        )
