"""What a run of steps came to, and how sure that is: cost, profit, shortfall, deviation.

Steps with a profit and what hedging cost in each enter; `RunFigures` leave, each figure between the
bounds of a moving-block bootstrap: blocks of consecutive steps are drawn with replacement and laid
end to end, so that what hangs together in time stays together. The same seed draws the same blocks
for every run of as many steps, so that two policies are compared on the same draws. Steps of
unknown profit are counted and left out; lengths of time that no step covers are refused.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import Floats
from hedgerow.units import DAY_NS

__all__ = [
    "STEPS_COUNT_LEAST",
    "Estimate",
    "RunDifference",
    "RunFigures",
    "RunStep",
    "cube_root_block_count",
    "moving_blocks",
    "run_difference",
    "run_figures",
    "step_shortfall",
]

Whole: TypeAlias = NDArray[np.int64]

_DRAWS_COUNT: Final = 2_000
# Of a shortfall: 97.5 %, as banks count theirs; of 80 steps it is the mean of two.
_LEVEL_FRAC: Final = 0.975
# Fewer steps, or holdings, redrawn tell of themselves, and of nothing beyond: they have no bounds.
STEPS_COUNT_LEAST: Final = 20
# Ends of an interval that holds 95 %.
_ENDS: Final = (0.025, 0.975)


class RunStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a run: what it gained, and what hedging cost in it.

    Attributes
    ----------
    profit_usd
        Of the desk, all costs taken off; None where it is unknown.
    fees_usd, spread_usd
        Paid for trades: to the venue, and for being filled worse than the mark.
    funding_usd
        Received for what is held; negative is paid.
    liquidations_usd
        Fees and slippage of what venues forced.
    trades_count
        Orders that were filled at least in part.
    """

    start_ns: int
    end_ns: int
    profit_usd: float | None
    fees_usd: float
    spread_usd: float
    funding_usd: float
    liquidations_usd: float
    trades_count: int

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns:
            raise OutOfDomain("a step goes from a time to a later one")
        figures = (self.fees_usd, self.spread_usd, self.funding_usd, self.liquidations_usd)
        if not all(map(math.isfinite, (*figures, self.profit_usd or 0.0))):
            raise OutOfDomain(f"figures of a step must be finite, were {figures}")

    @property
    def cost_usd(self) -> float:
        """Fees and spread, less the funding received."""
        return self.fees_usd + self.spread_usd - self.funding_usd


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A figure, and between what bounds 95 % of the redrawn runs have it.

    The bounds are None, unknown, of fewer than twenty steps.
    """

    at_figure: float
    low_figure: float | None
    high_figure: float | None


class RunFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A run in figures; None where no step has a known profit.

    Attributes
    ----------
    block_count
        Steps of a block that is drawn.
    profit_usd
        Of the whole run.
    shortfall_usd
        Mean loss of the worst 2.5 % of the steps, one at least: the expected shortfall of a step.
    deviation_usd_per_day
        Realised: the root of the mean square of what a day gains.
    cost_usd_per_day
        Fees and spread, less funding received.
    """

    steps_count: int
    unknown_count: int
    block_count: int
    days: float
    trades_count: int
    fees_usd: float
    spread_usd: float
    funding_usd: float
    liquidations_usd: float
    cost_usd_per_day: Estimate
    profit_usd: Estimate | None
    shortfall_usd: Estimate | None
    deviation_usd_per_day: Estimate | None


class RunDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One run less another over the same steps, both redrawn by the same blocks.

    Of the steps in which both profits are known, `steps_count` of them. Where nothing lies between
    the bounds but numbers of one sign, the two differ by more than chance.
    """

    steps_count: int
    cost_usd_per_day: Estimate
    profit_usd: Estimate
    shortfall_usd: Estimate
    deviation_usd_per_day: Estimate


def cube_root_block_count(steps_count: int) -> int:
    """Give how many steps a block has: the cube root of how many there are, rounded up.

    The length at which the error of a bootstrapped variance is least grows like that root; how
    much of it depends on how long the steps remember, and one is taken where nobody says.

    Raises
    ------
    OutOfDomain
        If there is no step.

    References
    ----------
    P. Hall, J. Horowitz, B.-Y. Jing (1995), On blocking rules for the bootstrap with dependent
    data, Biometrika 82.
    """
    if steps_count < 1:
        raise OutOfDomain(f"blocks are of a run with a step at least, was {steps_count}")
    # Rounded first, lest the root of 27 be a little more than three.
    return math.ceil(round(math.cbrt(steps_count), 9))


def moving_blocks(
    steps_count: int, block_count: int, draws_count: int, rng: np.random.Generator
) -> Whole:
    """Draw runs out of one: which step stands at each place of each of them.

    Parameters
    ----------
    steps_count, block_count
        Of the run, and of a block of consecutive steps; the last block is cut to fit.

    Returns
    -------
    ndarray, shape (draws, steps)

    Raises
    ------
    OutOfDomain
        If a count is not positive, or a block longer than the run.

    References
    ----------
    H. Künsch (1989), The jackknife and the bootstrap for general stationary observations, Annals of
    Statistics 17.
    """
    if min(steps_count, block_count, draws_count) < 1 or block_count > steps_count:
        raise OutOfDomain(
            f"blocks of 1 to {steps_count} steps are drawn at least once, was {draws_count} times "
            f"{block_count}"
        )
    blocks = math.ceil(steps_count / block_count)
    starts = rng.integers(0, steps_count - block_count + 1, size=(draws_count, blocks))
    every = starts[:, :, np.newaxis] + np.arange(block_count)
    drawn: Whole = every.reshape(draws_count, -1)[:, :steps_count].astype(np.int64)
    return drawn


def step_shortfall(profit_usd: Floats) -> Floats:
    """Give the mean loss of the worst 2.5 % of steps, one at least, along the last axis.

    Raises
    ------
    OutOfDomain
        If there is no step, or one is not finite.
    """
    if not profit_usd.size or not np.isfinite(profit_usd).all():
        raise OutOfDomain("a shortfall is of finite profits")
    # Rounded first, lest 0.025 of 40 be a little more than one.
    count = max(1, math.ceil(round((1.0 - _LEVEL_FRAC) * profit_usd.shape[-1], 9)))
    worst: Floats = -np.sort(profit_usd, axis=-1)[..., :count].mean(axis=-1)
    return worst


def run_figures(
    steps: Sequence[RunStep],
    rng: np.random.Generator,
) -> RunFigures:
    """Give a run in figures, with the bounds of each, by blocks of `cube_root_block_count`.

    Raises
    ------
    OutOfDomain
        If there is no step, or as `moving_blocks`.
    """
    if not steps:
        raise OutOfDomain("a run without a step has no figures")
    block = cube_root_block_count(len(steps))
    drawn = moving_blocks(len(steps), block, _DRAWS_COUNT, rng)
    columns = _columns(steps)
    # Drawn out of the known ones alone; by the same places where all are.
    known = np.flatnonzero([each.profit_usd is not None for each in steps])
    places = drawn if len(known) == len(steps) else None
    if places is None and len(known):
        again = min(block, len(known))
        places = known[moving_blocks(len(known), again, _DRAWS_COUNT, rng)]

    def of_known(figure: _Figure) -> Estimate | None:
        return None if places is None else _estimate(partial(figure, columns), known, places)

    return RunFigures(
        steps_count=len(steps),
        unknown_count=len(steps) - len(known),
        block_count=block,
        days=float(columns.days.sum()),
        trades_count=sum(each.trades_count for each in steps),
        fees_usd=math.fsum(each.fees_usd for each in steps),
        spread_usd=math.fsum(each.spread_usd for each in steps),
        funding_usd=math.fsum(each.funding_usd for each in steps),
        liquidations_usd=math.fsum(each.liquidations_usd for each in steps),
        cost_usd_per_day=_estimate(partial(_cost, columns), np.arange(len(steps)), drawn),
        profit_usd=of_known(_profit),
        shortfall_usd=of_known(_shortfall),
        deviation_usd_per_day=of_known(_deviation),
    )


def run_difference(
    steps: Sequence[RunStep],
    others: Sequence[RunStep],
    rng: np.random.Generator,
) -> RunDifference:
    """Give what one run came to, less what another did through the same steps.

    Raises
    ------
    OutOfDomain
        If the two are not of the same steps, no step is known in both, or as `moving_blocks`.
    """
    if [(each.start_ns, each.end_ns) for each in steps] != [
        (each.start_ns, each.end_ns) for each in others
    ]:
        raise OutOfDomain("two runs are compared over the same steps, and these have others")
    pairs = [
        pair
        for pair in zip(steps, others, strict=True)
        if pair[0].profit_usd is not None and pair[1].profit_usd is not None
    ]
    if not pairs:
        raise OutOfDomain("two runs are compared over steps known in both, and there is none")
    one, other = _columns([a for a, _ in pairs]), _columns([b for _, b in pairs])
    block = cube_root_block_count(len(pairs))
    drawn = moving_blocks(len(pairs), block, _DRAWS_COUNT, rng)

    def between(figure: _Figure) -> Estimate:
        return _estimate(
            lambda at: figure(one, at) - figure(other, at), np.arange(len(pairs)), drawn
        )

    return RunDifference(
        steps_count=len(pairs),
        cost_usd_per_day=between(_cost),
        profit_usd=between(_profit),
        shortfall_usd=between(_shortfall),
        deviation_usd_per_day=between(_deviation),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """Row i of every column is one step; an unknown profit is zero and never asked for."""

    days: Floats
    cost_usd: Floats
    profit_usd: Floats


# A figure of the steps at some places, along the last axis.
_Figure: TypeAlias = Callable[[_Columns, Whole], Floats]


def _columns(steps: Sequence[RunStep]) -> _Columns:
    return _Columns(
        days=np.array([(each.end_ns - each.start_ns) / DAY_NS for each in steps]),
        cost_usd=np.array([each.cost_usd for each in steps]),
        profit_usd=np.array([each.profit_usd or 0.0 for each in steps]),
    )


def _cost(columns: _Columns, at: Whole) -> Floats:
    given: Floats = columns.cost_usd[at].sum(axis=-1) / columns.days[at].sum(axis=-1)
    return given


def _profit(columns: _Columns, at: Whole) -> Floats:
    given: Floats = columns.profit_usd[at].sum(axis=-1)
    return given


def _shortfall(columns: _Columns, at: Whole) -> Floats:
    return step_shortfall(columns.profit_usd[at])


def _deviation(columns: _Columns, at: Whole) -> Floats:
    squares: Floats = (columns.profit_usd[at] ** 2).sum(axis=-1)
    given: Floats = np.sqrt(squares / columns.days[at].sum(axis=-1))
    return given


def _estimate(
    figure: Callable[[Whole], Floats], every_index: Whole, drawn_index: Whole
) -> Estimate:
    at = float(figure(every_index))
    if len(every_index) < STEPS_COUNT_LEAST:
        return Estimate(at_figure=at, low_figure=None, high_figure=None)
    low, high = np.quantile(figure(drawn_index), _ENDS)
    return Estimate(at_figure=at, low_figure=float(low), high_figure=float(high))
