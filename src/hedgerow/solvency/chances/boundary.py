"""Where an account breaks, worked out once, so that paths need not ask the rulebook.

An account, a market and its rulebook enter, with two directions: the spot, and one more. Equity
less requirement is asked for at every node of a grid over both, and over time where an account
ages; `Headroom` leaves. From it comes a `Boundary`: at each node of the second direction the two
logarithms of the spot between which the account lives.

Headroom is taken as straight in the price between nodes of the spot, which it is of a linear
contract within a tier; where it jumps the barrier is within one step of the nodes of it. An account
may break, heal and break again along the spot: it lives in the interval that hangs together with
where it is now, because who is liquidated on the way does not reach the next one. Where the grid
ends and the account still lives there is no barrier but an open end: what lies beyond is not known,
and paths that leave there are counted by themselves.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Outcome, OutOfDomain
from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook, require_across
from hedgerow.market import Factor, FactorKind, Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import Floats
from hedgerow.solvency.frontiers.directions import shock_of
from hedgerow.solvency.records import Direction, DirectionKind
from hedgerow.units import DAY_NS, YEAR_NS

__all__ = [
    "NO_BARRIER_LOG",
    "Boundary",
    "Driven",
    "Headroom",
    "boundary",
    "headroom",
    "over_times",
    "pooled",
    "spot_nodes",
]

Flags: TypeAlias = NDArray[np.bool_]

# A price e^600 times the present one: nothing gets there.
NO_BARRIER_LOG: Final = 600.0
_UNEVEN_MAX: Final = 1e-9
_DRIVES: Final[Mapping[FactorKind, DirectionKind]] = {
    "spot": "spot",
    "peg": "peg",
    "vol_level": "vol",
    "premium": "basis",
}


class Driven(msgspec.Struct, frozen=True, kw_only=True):
    """A factor of the market, and the direction in which it moves what an account holds.

    A ``spot`` drives coins, by their betas; a ``peg`` tokens; a ``vol_level`` all vols.
    """

    factor: Factor
    direction: Direction

    def __post_init__(self) -> None:
        if _DRIVES.get(self.factor.kind) != self.direction.kind:
            raise OutOfDomain(
                f"a {self.factor.kind} does not drive a direction along {self.direction.kind}"
            )

    def shock(self, move_log: float, time_forward_ns: int = 0) -> Shock:
        """Give the shock of a move of the factor."""
        aside = Shock(time_forward_ns=time_forward_ns)
        return shock_of(self.direction, math.expm1(move_log)).then(aside)


@dataclass(frozen=True, slots=True, eq=False)
class Headroom:
    """Equity less maintenance requirement, in the account's currency, over a grid.

    Item [t, k, n] of `headroom_ccy` is at time t, node k of the second direction and node n of the
    spot. Both have a node at 0, where they are now; nodes rise, those of the second evenly.
    """

    account_id: str
    currency: str
    spot: Factor
    second: Factor | None
    spot_log: Floats
    second_log: Floats
    times_years: Floats
    headroom_ccy: Floats

    @property
    def now_ccy(self) -> float:
        """Headroom of the account as the market is."""
        n, k = _home(self.spot_log), _home(self.second_log)
        return float(self.headroom_ccy[0, k, n])


@dataclass(frozen=True, slots=True, eq=False)
class Boundary:
    """Logarithms of spot over present spot between which an account lives.

    Item [t, k] of every table is at time t and node k of the second direction; nodes lie evenly
    from `second_first_log` in steps of `second_step_log`. Between two times barriers are straight;
    where they jump, a time just before and one just after say so. Where a side is open the number
    is the end of what was looked at. An account that is liquidatable now has both barriers at 0.
    """

    account_id: str
    spot: Factor
    second: Factor | None
    second_first_log: float
    second_step_log: float
    times_years: Floats
    low_log: Floats
    high_log: Floats
    is_low_open: Flags
    is_high_open: Flags

    def __post_init__(self) -> None:
        shape = self.low_log.shape
        tables = (self.high_log, self.is_low_open, self.is_high_open)
        if len(shape) != 2 or any(each.shape != shape for each in tables):
            raise OutOfDomain("a boundary needs four tables of one shape: times, nodes")
        if shape[0] != len(self.times_years) or shape[1] < 2:
            raise OutOfDomain("a boundary needs a row for each time, and two nodes")
        if not (np.isfinite(self.low_log + self.high_log).all() and self.second_step_log > 0.0):
            raise OutOfDomain("barriers must be finite, and nodes rise")
        if (self.low_log > self.high_log).any():
            raise OutOfDomain("a lower barrier lies above the upper one")

    @classmethod
    def fixed(
        cls, account_id: str, spot: Factor, *, low_log: float | None, high_log: float | None
    ) -> "Boundary":
        """Make one of two barriers that stay; None for no barrier on a side."""
        low = -NO_BARRIER_LOG if low_log is None else low_log
        high = NO_BARRIER_LOG if high_log is None else high_log
        return cls(
            account_id=account_id,
            spot=spot,
            second=None,
            second_first_log=0.0,
            second_step_log=1.0,
            times_years=np.zeros(1),
            low_log=np.full((1, 2), low),
            high_log=np.full((1, 2), high),
            is_low_open=np.zeros((1, 2), dtype=np.bool_),
            is_high_open=np.zeros((1, 2), dtype=np.bool_),
        )


def spot_nodes(reach_log: float = 1.2, step_log: float = 0.01) -> Floats:
    """Give nodes of a spot: evenly on both sides of 0, as far as that goes."""
    count = round(reach_log / step_log)
    return np.asarray(np.arange(-count, count + 1) * step_log, dtype=np.float64)


def headroom(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
    *,
    spot: Driven,
    second: Driven | None = None,
    spot_log: Floats | None = None,
    second_log: Floats | None = None,
    times_forward_ns: Sequence[int] = (0,),
) -> Outcome[Headroom]:
    """Ask for the headroom at every node.

    Parameters
    ----------
    spot_log
        Nodes of the spot; `spot_nodes()` if left out.
    second_log
        Nodes of the second direction, at even steps; needed if and only if there is one.
    times_forward_ns
        From now on, rising from 0: more than one where the account ages.

    Returns
    -------
    Headroom or Failure
        A failure if one node has no answer: a path might go there.

    Raises
    ------
    OutOfDomain
        If nodes do not rise, have no 0, or those of the second direction are uneven.
    """
    spot_nodes_log = spot_nodes() if spot_log is None else np.asarray(spot_log, dtype=np.float64)
    if (second is None) != (second_log is None):
        raise OutOfDomain("a second direction and its nodes come together")
    seconds_log = np.zeros(1) if second_log is None else np.asarray(second_log, dtype=np.float64)
    times_ns = np.asarray(times_forward_ns, dtype=np.int64)
    _check_nodes(spot_nodes_log, "the spot", count_min=2)
    _check_nodes(seconds_log, "the second direction", count_min=1 if second is None else 2)
    gaps = np.diff(seconds_log)
    if len(gaps) and float(np.abs(gaps - gaps[0]).max()) > _UNEVEN_MAX:
        raise OutOfDomain("nodes of the second direction must lie evenly")
    if not len(times_ns) or times_ns[0] != 0 or (np.diff(times_ns) <= 0).any():
        raise OutOfDomain("times_forward_ns must rise from 0")
    judged = msgspec.structs.replace(account, rulebook=rulebook.name)
    rooms = []
    for time_ns in times_ns.tolist():  # one by one: a model of loans reads what is owed once
        shocks = []
        for second_move in seconds_log.tolist():
            base = Shock() if second is None else second.shock(second_move)
            shocks += [base.then(spot.shock(each, time_ns)) for each in spot_nodes_log.tolist()]
        found = require_across([judged], instruments, snapshot, shocks, {rulebook.name: rulebook})
        if found.unanswered:
            first = found.unanswered[0]
            later = f" {time_ns / DAY_NS:.3g} days on" if time_ns else ""
            return msgspec.structs.replace(
                first.failure,
                message=f"{first.failure.message} (after shock {first.shock_index} of "
                f"{len(shocks)}{later}; {len(found.unanswered)} have no answer)",
            )
        # What may be off by the bound of a model is taken off: a barrier is never too far.
        rooms.append(found.equity_ccy - found.requirement_maintenance_ccy - 2.0 * found.bound_ccy)
    return Headroom(
        account_id=account.account_id,
        currency=account.currency,
        spot=spot.factor,
        second=None if second is None else second.factor,
        spot_log=spot_nodes_log,
        second_log=seconds_log,
        times_years=times_ns / YEAR_NS,
        headroom_ccy=np.array(rooms).reshape(len(times_ns), len(seconds_log), len(spot_nodes_log)),
    )


def boundary(of: Headroom, *, extra_ccy: float = 0.0) -> Boundary:
    """Give the barriers of an account that holds so much more, or less, collateral.

    `extra_ccy` is of an asset that counts in full and does not move against the account's currency.
    """
    room = of.headroom_ccy + extra_ccy
    times_count, seconds_count, _ = room.shape
    shape = (times_count, max(seconds_count, 2))
    low, high = np.zeros(shape), np.zeros(shape)
    is_low_open, is_high_open = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    home = _home(of.second_log)
    middle = (_home(of.spot_log),) * 2  # the run that the first must meet: where the account is
    for t in range(times_count):
        run_home = _run(room[t, home] >= 0.0, middle)
        for order in (range(home, seconds_count), range(home - 1, -1, -1)):
            run, at = run_home, 0.0
            for k in order:
                if k != home and run is not None:
                    at = _centre(of.spot_log, run)
                    run = _run(room[t, k] >= 0.0, run)
                if run is None:
                    low[t, k] = high[t, k] = at
                    continue
                low[t, k], is_low_open[t, k] = _edge(of.spot_log, room[t, k], run[0], is_up=False)
                high[t, k], is_high_open[t, k] = _edge(of.spot_log, room[t, k], run[1], is_up=True)
        if run_home is None:
            low[t:], high[t:] = 0.0, 0.0
            is_low_open[t:], is_high_open[t:] = False, False
            break
        middle = run_home
    if seconds_count == 1:
        for table in (low, high, is_low_open, is_high_open):
            table[:, 1] = table[:, 0]
    step = float(of.second_log[1] - of.second_log[0]) if seconds_count > 1 else 1.0
    return Boundary(
        account_id=of.account_id,
        spot=of.spot,
        second=of.second,
        second_first_log=float(of.second_log[0]),
        second_step_log=step,
        times_years=of.times_years,
        low_log=low,
        high_log=high,
        is_low_open=is_low_open,
        is_high_open=is_high_open,
    )


def pooled(boundaries: Sequence[Boundary], account_id: str) -> Boundary:
    """Give the boundary that is met as soon as one of several is.

    Its probability is that of any of them, and two probabilities less it is that of both. Exact at
    the nodes; between them it lies no farther than theirs.

    Raises
    ------
    OutOfDomain
        If there is none, or they are not over the same factors, nodes and times.
    """
    if not boundaries:
        raise OutOfDomain("nothing to pool")
    first = boundaries[0]
    for each in boundaries:
        same = (
            (each.spot, each.second) == (first.spot, first.second)
            and each.low_log.shape == first.low_log.shape
            and each.second_first_log == first.second_first_log
            and each.second_step_log == first.second_step_log
            and (each.times_years == first.times_years).all()
        )
        if not same:
            raise OutOfDomain(
                f"{each.account_id} and {first.account_id} are not over the same factors and nodes"
            )
    lows = np.array([each.low_log for each in boundaries])
    highs = np.array([each.high_log for each in boundaries])
    low, high = lows.max(axis=0), highs.min(axis=0)
    # A side is open only where nobody has a barrier at the end.
    open_low = np.array([each.is_low_open for each in boundaries]) | (lows < low)
    open_high = np.array([each.is_high_open for each in boundaries]) | (highs > high)
    is_empty = low > high
    centre = 0.5 * (low + high)
    return replace(
        first,
        account_id=account_id,
        low_log=np.where(is_empty, centre, low),
        high_log=np.where(is_empty, centre, high),
        is_low_open=open_low.all(axis=0) & ~is_empty,
        is_high_open=open_high.all(axis=0) & ~is_empty,
    )


def over_times(of: Boundary, times_years: Floats) -> Boundary:
    """Give one that stands still at other times, so that it can be pooled with those that age.

    Raises
    ------
    OutOfDomain
        If it has several times itself, and not those.
    """
    if np.array_equal(of.times_years, times_years):
        return of
    if len(of.times_years) != 1:
        raise OutOfDomain(f"the boundary of {of.account_id} moves with time, at nodes of its own")
    count = len(times_years)
    return replace(
        of,
        times_years=times_years,
        low_log=np.repeat(of.low_log, count, axis=0),
        high_log=np.repeat(of.high_log, count, axis=0),
        is_low_open=np.repeat(of.is_low_open, count, axis=0),
        is_high_open=np.repeat(of.is_high_open, count, axis=0),
    )


def _home(nodes_log: Floats) -> int:
    return int(np.argmin(np.abs(nodes_log)))


def _check_nodes(nodes_log: Floats, what: str, *, count_min: int) -> None:
    if nodes_log.ndim != 1 or len(nodes_log) < count_min or not np.isfinite(nodes_log).all():
        raise OutOfDomain(f"nodes of {what} must be finite, and at least {count_min}")
    if (np.diff(nodes_log) <= 0.0).any() or not (np.abs(nodes_log) < 1e-12).any():
        raise OutOfDomain(f"nodes of {what} must rise, and one be at 0")


def _run(alive: Flags, near_index: tuple[int, int]) -> tuple[int, int] | None:
    """Give first and last of the run of nodes alive that overlaps most with another run."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], alive, [False])).astype(np.int8)))
    best, most = None, 0
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        overlap = min(end - 1, near_index[1]) - max(first, near_index[0]) + 1
        if overlap > most:
            best, most = (first, end - 1), overlap
    return best


def _centre(nodes_log: Floats, run_index: tuple[int, int]) -> float:
    return float(0.5 * (nodes_log[run_index[0]] + nodes_log[run_index[1]]))


def _edge(nodes_log: Floats, room_ccy: Floats, at: int, *, is_up: bool) -> tuple[float, bool]:
    """Give where the headroom ends beyond the last node alive, and whether that is an open end."""
    beyond = at + (1 if is_up else -1)
    if not 0 <= beyond < len(nodes_log):
        return float(nodes_log[at]), True
    here, there = np.exp(nodes_log[at]), np.exp(nodes_log[beyond])
    part = room_ccy[at] / (room_ccy[at] - room_ccy[beyond])
    return float(np.log(here + part * (there - here))), False
