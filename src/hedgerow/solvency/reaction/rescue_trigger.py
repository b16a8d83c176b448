"""At what distance to act, and to what distance to bring the account back.

A position is watched every so often for as long as it is held (a memoryless time of a stated mean).
Its log distance to the breach moves without drift. To act costs a fixed amount and a part of what
is moved, and arrives after the route's time, if the breach does not come first; distance that is
held ready costs carry; being liquidated costs the bonus on what is closed and the gap. Dynamic
programming over a grid of distances gives the cheapest trigger and target (`best_policy`), and what
any other pair costs (`policy_cost_frac`).

All costs are fractions of the exposure, and discounted by the chance that the position is still
held when they come. Within an account's life one liquidation ends the count: what follows is
another position.

References
----------
Methods sheet, section 16.3: the closed-form start `trigger_start_log`. R. Howard (1960), Dynamic
Programming and Markov Processes, for the improvement of policies.
"""

from dataclasses import dataclass
from math import exp, log1p, sqrt
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hedgerow.errors import OutOfDomain
from hedgerow.solvency.bracket import root_of
from hedgerow.solvency.chances.passage import cash_at_hit_usd
from hedgerow.solvency.reaction.latency_value import latency_buffer_frac
from hedgerow.solvency.reaction.odds import breach_frac, rescue_odds_drawn
from hedgerow.units import YEAR_S

__all__ = [
    "RescuePolicy",
    "RescueProblem",
    "best_policy",
    "policy_cost_frac",
    "trigger_for_odds_log",
    "trigger_start_log",
]

Floats: TypeAlias = NDArray[np.float64]
_ROUNDS_COUNT_MAX: Final = 200
_REACH_LOG_MAX: Final = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class RescueProblem:
    """What is watched, how a rescue travels, and what each outcome costs.

    Attributes
    ----------
    transit_s
        Equally likely times of the route, finite; a few dozen percentiles of a route's draws.
    fails_frac
        Probability that a rescue never arrives; that is known after its time.
    action_frac
        Cost of an action whatever its size: gas and fees over the exposure.
    slippage_frac
        Cost of moving a unit of log distance.
    carry_frac_per_year
        Cost of holding a unit of log distance ready for a year.
    liquidation_frac
        Cost of being liquidated: bonus times the part closed, and the gap.
    step_s
        How often one looks.
    reach_log, places_count
        The grid: places from `reach_log` / `places_count` to `reach_log`, as far apart.
    """

    vol_frac: float
    transit_s: Floats
    action_frac: float
    slippage_frac: float
    carry_frac_per_year: float
    liquidation_frac: float
    holding_days: float
    step_s: float
    reach_log: float
    places_count: int
    fails_frac: float = 0.0

    def __post_init__(self) -> None:
        times = np.array(self.transit_s, dtype=np.float64)
        if times.ndim != 1 or not len(times) or not ((times > 0.0) & np.isfinite(times)).all():
            raise OutOfDomain("transit_s needs times that are positive and finite")
        positive = ("vol_frac", "holding_days", "step_s")
        for name in positive:
            if not 0.0 < getattr(self, name) < np.inf:
                raise OutOfDomain(f"{name} must be positive and finite, was {getattr(self, name)}")
        costs = ("action_frac", "slippage_frac", "carry_frac_per_year", "liquidation_frac")
        for name in costs:
            if not 0.0 <= getattr(self, name) < np.inf:
                raise OutOfDomain(f"{name} must be finite and not negative")
        if not 0.0 <= self.fails_frac < 1.0:
            raise OutOfDomain(f"fails_frac must lie in [0, 1), was {self.fails_frac}")
        if not (0.0 < self.reach_log <= _REACH_LOG_MAX and 10 <= self.places_count <= 2_000):
            raise OutOfDomain(
                f"a grid reaches at most {_REACH_LOG_MAX:g} with 10 to 2,000 places, was "
                f"{self.reach_log:g} with {self.places_count}"
            )
        spread = self.vol_frac * sqrt(self.step_s / YEAR_S)
        if spread < self.reach_log / self.places_count:
            raise OutOfDomain(
                f"places {self.reach_log / self.places_count:.2g} apart do not see steps of "
                f"{spread:.2g}; take more places, a shorter reach, or look less often"
            )
        times.setflags(write=False)
        object.__setattr__(self, "transit_s", times)

    @property
    def places_log(self) -> Floats:
        """The log distances of the grid."""
        step = self.reach_log / self.places_count
        return np.asarray(step * np.arange(1, self.places_count + 1), dtype=np.float64)


class RescuePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Act at `trigger_log` or nearer, and send what brings the account to `target_log`.

    `trigger_log` is None where acting never pays. `hopeless_log` is the distance below which acting
    no longer pays, None where it pays down to the breach. Costs are of an account at the far end of
    the grid: `cost_frac` by this policy, `cost_idle_frac` by never acting.
    """

    trigger_log: float | None
    target_log: float | None
    hopeless_log: float | None
    cost_frac: float
    cost_idle_frac: float
    place_log: float


def trigger_start_log(
    vol_frac: float, transit_s: float, *, success_frac: float, jump_frac: float = 0.0
) -> float:
    """Give ``z σ √τ`` and half of a typical jump: a first guess, and known to be too near.

    It asks that the price end above the breach, and not that it never was below on the way, which
    is half as likely: `trigger_for_odds_log` asks for that.

    Raises
    ------
    OutOfDomain
        If an input is negative or not finite, or the success does not lie in [0.5, 1).
    """
    _check(vol_frac, success_frac, jump_frac)
    if not 0.0 <= transit_s < np.inf:
        raise OutOfDomain(f"transit_s must be finite and not negative, was {transit_s}")
    return latency_buffer_frac(vol_frac, transit_s, success_frac, jump_frac=0.5 * jump_frac)


def trigger_for_odds_log(
    vol_frac: float, transit_s: Floats, *, success_frac: float, jump_frac: float = 0.0
) -> float | None:
    """Give the distance from which a rescue arrives first with the probability wanted.

    Exact for the times drawn, without drift; on top comes half of a typical jump, as the log of a
    fall, which is more than that of a rise. None where no distance up to a log of 5 is enough, as
    where too many rescues fail, or half of the jump is all of the price.

    Raises
    ------
    OutOfDomain
        As `trigger_start_log`, or if there is no time.
    """
    _check(vol_frac, success_frac, jump_frac)
    most = rescue_odds_drawn(_REACH_LOG_MAX, vol_frac, transit_s).arrives_frac
    if most < success_frac or jump_frac >= 2.0:
        return None

    def short(distance_log: float) -> float:
        return rescue_odds_drawn(distance_log, vol_frac, transit_s).arrives_frac - success_frac

    root = root_of(short, 0.0, _REACH_LOG_MAX, tolerance_coordinate=1e-12)
    return root - log1p(-0.5 * jump_frac)


def best_policy(problem: RescueProblem) -> RescuePolicy:
    """Find the cheapest trigger and target by improving a policy until it stands.

    Returns
    -------
    RescuePolicy
        Accurate to one place of the grid, `place_log`.

    Raises
    ------
    OutOfDomain
        If no policy stands after 200 rounds, which rounding alone could do.
    """
    made = _kernels(problem)
    count = problem.places_count
    acts = np.zeros(count, dtype=np.bool_)
    target = np.full(count, count - 1)
    idle = value = _value(problem, made, acts, target)
    for _ in range(_ROUNDS_COUNT_MAX):
        wait, act, best = _choices(problem, made, value)
        # Ties go to waiting, and to what was done before: rounding must not go round in circles.
        now = np.where(acts, act <= wait + 1e-15, act < wait - 1e-15)
        if (now == acts).all() and (best[now] == target[now]).all():
            break
        acts, target = now, best
        value = _value(problem, made, acts, target)
    else:
        raise OutOfDomain("no policy stands: choose a coarser grid")
    return _named(problem, acts, target, cost_frac=value[-1], cost_idle_frac=idle[-1])


def policy_cost_frac(problem: RescueProblem, *, trigger_log: float, target_log: float) -> Floats:
    """Give what a policy costs from every place of the grid. Shape (places,).

    Parameters
    ----------
    trigger_log
        Act here or nearer; zero is never.

    Raises
    ------
    OutOfDomain
        If the target is nearer than the trigger or off the grid.
    """
    places = problem.places_log
    half = 0.5 * places[0]
    if not 0.0 <= trigger_log <= target_log <= places[-1] + half:
        raise OutOfDomain(
            f"a target lies between the trigger and {places[-1]:g}, was {target_log:g} with "
            f"{trigger_log:g}"
        )
    acts = places <= trigger_log + half * 1e-6
    target = np.full(len(places), int(np.argmin(np.abs(places - target_log))))
    return _value(problem, _kernels(problem), acts, target)


@dataclass(frozen=True, slots=True, eq=False)
class _Kernels:
    """Row i of a matrix is a place left: where it leads, discounted, the breach left out.

    `step_frac` over one look, `transit_frac` over a rescue's time; beside each the breach's own
    share, discounted to when it comes, and the mean time it takes. Carry is counted for all of that
    time, which is a little too much of what breaks or ends on the way.
    """

    step_frac: Floats
    step_breach_frac: Floats
    transit_frac: Floats
    transit_breach_frac: Floats
    step_years: float
    transit_years: float


def _kernels(problem: RescueProblem) -> _Kernels:
    step, step_breach = _kernel(problem, problem.step_s)
    rows = [_kernel(problem, float(each)) for each in problem.transit_s]
    return _Kernels(
        step_frac=step,
        step_breach_frac=step_breach,
        transit_frac=np.stack([row for row, _ in rows]).mean(axis=0),
        transit_breach_frac=np.stack([breach for _, breach in rows]).mean(axis=0),
        step_years=problem.step_s / YEAR_S,
        transit_years=float(np.mean(problem.transit_s)) / YEAR_S,
    )


def _kernel(problem: RescueProblem, elapsed_s: float) -> tuple[Floats, Floats]:
    """Move the distance for a time, dead at zero: the method of images, cell by cell."""
    x = problem.places_log
    deviation = problem.vol_frac * sqrt(elapsed_s / YEAR_S)
    edges = np.concatenate([[0.0], x[:-1] + 0.5 * x[0], [np.inf]])
    above = ndtr((edges[None, :] - x[:, None]) / deviation)
    image = ndtr((edges[None, :] + x[:, None]) / deviation)
    row = np.maximum(np.diff(above, axis=1) - np.diff(image, axis=1), 0.0)
    breach = np.array([float(breach_frac(each, problem.vol_frac, elapsed_s)) for each in x])
    held = exp(-elapsed_s / (problem.holding_days * 86_400.0))
    # Whatever rounding left out or in is the breach's complement.
    row *= ((1.0 - breach) / row.sum(axis=1))[:, None]
    # A breach costs when it comes, and most of those of a long wait come early in it.
    while_held = cash_at_hit_usd(
        1.0,
        365.0 / problem.holding_days,
        np.exp(x),
        1.0,
        0.5 * problem.vol_frac**2,
        problem.vol_frac,
        elapsed_s / YEAR_S,
    )
    return held * row, while_held


def _landed(problem: RescueProblem, value: Floats, places_count: int) -> Floats:
    """Give what follows a rescue of so many places, by the place the price has come to."""
    count = len(value)
    raised = value[np.minimum(np.arange(count) + places_count, count - 1)]
    return (1.0 - problem.fails_frac) * raised + problem.fails_frac * value


def _wait_cost(problem: RescueProblem, made: _Kernels) -> Floats:
    carry: Floats = problem.carry_frac_per_year * problem.places_log * made.step_years
    return carry + problem.liquidation_frac * made.step_breach_frac


def _act_cost(problem: RescueProblem, made: _Kernels, places_count: Floats) -> Floats:
    carry: Floats = problem.carry_frac_per_year * problem.places_log * made.transit_years
    sent: Floats = problem.slippage_frac * places_count * problem.places_log[0]
    breach: Floats = problem.liquidation_frac * made.transit_breach_frac
    return problem.action_frac + sent + carry + breach


def _choices(
    problem: RescueProblem, made: _Kernels, value: Floats
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Give the cost of waiting and of acting at each place, and the target of acting there."""
    count = problem.places_count
    wait = _wait_cost(problem, made) + made.step_frac @ value
    landed = np.stack([_landed(problem, value, more) for more in range(count)], axis=1)
    after = made.transit_frac @ landed
    cost = after + np.stack(
        [_act_cost(problem, made, np.full(count, float(more))) for more in range(count)], axis=1
    )
    # More than up to the end of the grid cannot be meant.
    more, place = np.meshgrid(np.arange(count), np.arange(count))
    cost[place + more > count - 1] = np.inf
    best = np.argmin(cost, axis=1)
    return wait, cost[np.arange(count), best], np.arange(count) + best


def _value(
    problem: RescueProblem, made: _Kernels, acts: NDArray[np.bool_], target_index: NDArray[np.int64]
) -> Floats:
    """Solve for what a policy costs from each place."""
    count = problem.places_count
    move = np.where(acts[:, None], 0.0, made.step_frac)
    cost = np.where(acts, 0.0, _wait_cost(problem, made))
    more = np.maximum(target_index - np.arange(count), 0)
    cost[acts] = _act_cost(problem, made, more.astype(np.float64))[acts]
    for i in np.flatnonzero(acts):
        row = made.transit_frac[i]
        landing = np.minimum(np.arange(count) + more[i], count - 1)
        np.add.at(move[i], landing, (1.0 - problem.fails_frac) * row)
        move[i] += problem.fails_frac * row
    return np.asarray(np.linalg.solve(np.eye(count) - move, cost), dtype=np.float64)


def _named(
    problem: RescueProblem,
    acts: NDArray[np.bool_],
    target_index: NDArray[np.int64],
    *,
    cost_frac: float,
    cost_idle_frac: float,
) -> RescuePolicy:
    places = problem.places_log
    at = np.flatnonzero(acts)
    last = int(at[-1]) if len(at) else None
    return RescuePolicy(
        trigger_log=None if last is None else float(places[last]),
        target_log=None if last is None else float(places[target_index[last]]),
        hopeless_log=float(places[at[0]]) if last is not None and at[0] > 0 else None,
        cost_frac=float(cost_frac),
        cost_idle_frac=float(cost_idle_frac),
        place_log=float(places[0]),
    )


def _check(vol_frac: float, success_frac: float, jump_frac: float) -> None:
    if not (0.0 <= vol_frac < np.inf and 0.0 <= jump_frac < np.inf):
        raise OutOfDomain(
            f"vol_frac and jump_frac must be finite and not negative, were {vol_frac}, {jump_frac}"
        )
    if not 0.5 <= success_frac < 1.0:
        raise OutOfDomain(f"success_frac must lie in [0.5, 1), was {success_frac}")
