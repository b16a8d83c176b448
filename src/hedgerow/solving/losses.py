"""Losses over scenarios revalued in full: the worst of them, or the average of the worst.

References
----------
R. T. Rockafellar and S. Uryasev (2000), Optimization of conditional value-at-risk, Journal of Risk
2 (methods.md section 7).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.solving.assembly import Assembly
from hedgerow.solving.part import INF, dense, locked, nothing
from hedgerow.solving.records import Decisions, Floats

__all__ = ["Shortfall", "Worst"]


@dataclass(frozen=True, slots=True, eq=False)
class Worst:
    """A price for the worst of several losses, as a margin that is scanned has to be paid for.

    Row i is what is lost in scenario i, and what each amount changes of it.
    """

    name: str
    loss_usd: Floats
    loss_usd_per_amount: Floats
    weight_frac: float

    def __post_init__(self) -> None:
        _lock(self)
        if not 0.0 <= self.weight_frac < INF:
            raise OutOfDomain(
                f"{self.name}: the weight must not be negative, was {self.weight_frac}"
            )

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        return True

    def usd(self, amounts: Floats) -> Floats:
        """Take the worst; nothing where every scenario gains."""
        losses = self.loss_usd + amounts @ self.loss_usd_per_amount.T
        return np.asarray(self.weight_frac * np.maximum(np.max(losses, axis=1), 0.0))

    def excess(self, amounts: Floats) -> Floats:
        """Nothing: it bounds nothing."""
        return nothing(amounts)

    def assemble(self, into: Assembly, at: NDArray[np.int64], decisions: Decisions) -> None:
        """One column lies above every loss."""
        count = len(self.loss_usd)
        (top,) = into.columns(np.zeros(1), np.array([INF]), np.array([self.weight_frac]))
        rows = np.arange(count)
        into.rows(
            [
                dense(self.loss_usd_per_amount, at),
                (rows, np.full(count, top, dtype=np.int64), np.full(count, -1.0)),
            ],
            np.full(count, -INF),
            -self.loss_usd,
            [self.name] * count,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Shortfall:
    """Expected shortfall over scenarios of equal weight: priced, bounded, or both.

    The loss of scenario i is `loss_usd` plus what each amount changes of it, from revaluations in
    full, so that the programme is exact for the scenarios it is given. `tail_frac` is the share of
    the worst ones that is averaged: 0.025 for a shortfall of 97.5 %.
    """

    name: str
    loss_usd: Floats
    loss_usd_per_amount: Floats
    tail_frac: float
    weight_frac: float = 0.0
    shortfall_usd_max: float = INF
    scale_usd: float = 1.0

    def __post_init__(self) -> None:
        _lock(self)
        if not (
            0.0 < self.tail_frac <= 1.0
            and 0.0 <= self.weight_frac < INF
            and 0.0 < self.scale_usd < INF
        ):
            raise OutOfDomain(
                f"{self.name}: a tail above zero and at most one, a weight of at least zero and a "
                f"positive scale, were {self.tail_frac}, {self.weight_frac} and {self.scale_usd}"
            )
        if not self.shortfall_usd_max > -INF:
            raise OutOfDomain(
                f"{self.name}: its bound must be a number, was {self.shortfall_usd_max}"
            )

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        return True

    def shortfall_usd(self, amounts: Floats) -> Floats:
        """Average the worst losses, the last of them by the part that belongs to the tail."""
        losses = np.sort(self.loss_usd + amounts @ self.loss_usd_per_amount.T, axis=1)[:, ::-1]
        wanted = self.tail_frac * losses.shape[1]
        weights = np.clip(wanted - np.arange(losses.shape[1]), 0.0, 1.0)
        return np.asarray(losses @ weights / wanted)

    def usd(self, amounts: Floats) -> Floats:
        """Price the shortfall."""
        if self.weight_frac == 0.0:
            return nothing(amounts)
        return self.weight_frac * self.shortfall_usd(amounts)

    def excess(self, amounts: Floats) -> Floats:
        """Say by how much the shortfall is beyond its bound."""
        if self.shortfall_usd_max == INF:
            return nothing(amounts)
        beyond = self.shortfall_usd(amounts) - self.shortfall_usd_max
        return np.maximum(beyond, 0.0) / self.scale_usd

    def assemble(self, into: Assembly, at: NDArray[np.int64], decisions: Decisions) -> None:
        """Rockafellar and Uryasev: a threshold, and how far each loss lies above it."""
        count = len(self.loss_usd)
        share = 1.0 / (self.tail_frac * count)
        free = np.array([INF])
        (threshold,) = into.columns(-free, free, np.array([self.weight_frac]))
        above = into.columns(
            np.zeros(count), np.full(count, INF), np.full(count, self.weight_frac * share)
        )
        rows = np.arange(count)
        into.rows(
            [
                dense(self.loss_usd_per_amount, at),
                (rows, np.full(count, threshold, dtype=np.int64), np.full(count, -1.0)),
                (rows, above, np.full(count, -1.0)),
            ],
            np.full(count, -INF),
            -self.loss_usd,
            ["loss above the threshold"] * count,
        )
        if self.shortfall_usd_max < INF:
            one = np.zeros(1, dtype=np.int64)
            into.rows(
                [
                    (one, np.array([threshold]), np.ones(1)),
                    (np.zeros(count, dtype=np.int64), above, np.full(count, share)),
                ],
                -free,
                np.array([self.shortfall_usd_max]),
                [self.name],
                np.array([self.scale_usd]),
            )


def _lock(part: Worst | Shortfall) -> None:
    count = len(part.loss_usd)
    if not count:
        raise OutOfDomain(f"{part.name}: losses need a scenario at least")
    shape = (count, part.loss_usd_per_amount.shape[1])
    object.__setattr__(part, "loss_usd", locked(part.loss_usd, "loss_usd", (count,)))
    matrix = locked(part.loss_usd_per_amount, "loss_usd_per_amount", shape)
    object.__setattr__(part, "loss_usd_per_amount", matrix)
