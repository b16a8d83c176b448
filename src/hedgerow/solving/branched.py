"""Branch and bound over whole lots: what it finds, and what it proves of all that it does not.

Squares and powers stand in it as straight lines. What it finds shows where lines lie too far below
their curves; there they are added, and it begins again, until what it proves of the lines is what
the plan costs by the curves.
"""

from dataclasses import replace
from typing import NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hedgerow.solving.assembly import Matrix
from hedgerow.solving.lots import WHOLE_COUNT, in_lots, merit
from hedgerow.solving.programme import Programme
from hedgerow.solving.records import Floats
from hedgerow.solving.relaxed import Relaxed, highs_of
from hedgerow.solving.straight import Curves

__all__ = ["Branched", "branched"]

# Nodes times entries of the matrix: a node takes some 5 us an entry, so that this takes 20 s.
_ENTRIES_COUNT_MAX = 4_000_000
# When it ends at the latest, in all: far beyond what nodes take, so that a busy machine gives the
# same plan. What was found by then is left aside, for the clock would decide.
_TIME_S_MAX = 600.0
# How often lines are added: two or three times do where nodes suffice.
_ROUNDS_COUNT = 10
# Of the cost: what is proven to it is proven, as of a relaxation; branching ends there.
_GAP_FRAC = 1e-6
# What a row may be outside by, in its own unit: a hundredth of `EXCESS_FRAC_MAX`, for rows are not
# scaled; HiGHS takes 1e-10 at the least.
_OUTSIDE_FIGURE = 1e-9


class Branched(NamedTuple):
    """What branch and bound came to: amounts if any, a proven bound, and a word on how it ended."""

    amounts: Floats | None
    bound_usd: float
    remark: str


class _Ended(NamedTuple):
    """How one search ended: values of all columns if any, what it proved, and what it took."""

    column_amount: Floats | None
    bound_usd: float
    remark: str
    is_timed_out: bool
    nodes_count: int
    time_s: float


def branched(
    programme: Programme,
    matrix: Matrix,
    free: Relaxed,
    start_amount: Floats,
    nodes_count_max: int,
) -> Branched:
    """Search over whole lots, from a plan in whole lots.

    Parameters
    ----------
    matrix, free
        The programme as rows and columns, and its relaxation.
    nodes_count_max
        What ends it, in all: nodes, fewer where the matrix is large.
    """
    count = len(programme.decisions)
    curves = Curves.of(matrix, programme.decisions)
    if not len(curves):
        ended = _searched(programme, matrix, start_amount, nodes_count_max, _TIME_S_MAX)
        amounts = None if ended.column_amount is None else ended.column_amount[:count]
        return Branched(amounts, ended.bound_usd, ended.remark)
    places = curves.joined(curves.around(free.column_amount), curves.at(start_amount))
    best, bound_usd = start_amount, -np.inf
    nodes_count, left_s = 0, _TIME_S_MAX
    for _ in range(_ROUNDS_COUNT):
        straight = curves.straightened(matrix, places)
        nodes_count_max = _nodes_count_max(straight, nodes_count_max)
        nodes_left = nodes_count_max - nodes_count
        if nodes_left <= 0:
            return Branched(best, bound_usd, _stopped(nodes_count_max))
        ended = _searched(programme, straight, best, nodes_left, left_s)
        if ended.is_timed_out:
            return Branched(None, -np.inf, ended.remark)
        if ended.column_amount is None:
            return Branched(best, bound_usd, ended.remark)
        bound_usd = max(bound_usd, ended.bound_usd)
        plan = in_lots(programme, ended.column_amount[:count])
        if merit(programme, plan) < merit(programme, best):
            best = plan
        excess, usd = merit(programme, best)
        if excess == 0.0 and usd - bound_usd <= _GAP_FRAC * max(1.0, abs(usd)):
            return Branched(best, bound_usd, "")
        if ended.remark:
            return Branched(best, bound_usd, _stopped(nodes_count_max))
        nodes_count += max(1, ended.nodes_count)
        left_s = max(0.0, left_s - ended.time_s)
        more = [curves.at(each) for each in (ended.column_amount, plan, best)]
        joined = curves.joined(places, *more)
        if joined.shape == places.shape:
            break
        places = joined
    return Branched(
        best, bound_usd, "branch and bound left a gap between curves and lines below them"
    )


def _nodes_count_max(matrix: Matrix, nodes_count_max: int) -> int:
    """Open fewer where the matrix is large: a node takes longer, and no clock shall end it."""
    entries_count = max(1, matrix.rows_figure_per_amount.nnz)
    return max(1, min(nodes_count_max, _ENTRIES_COUNT_MAX // entries_count))


def _stopped(nodes_count: int) -> str:
    return f"branch and bound stopped after {nodes_count} nodes"


def _searched(
    programme: Programme,
    matrix: Matrix,
    start_amount: Floats,
    nodes_count_max: int,
    time_s_max: float,
) -> _Ended:
    """Search once, without curves: a decision's column counts lots instead of amounts."""
    lot = programme.decisions.lot_amount
    count = len(lot)
    unit = np.ones(len(matrix.cost_usd_per_amount))
    unit[:count] = np.where(lot > 0, lot, 1.0)
    low, high = matrix.low_amount / unit, matrix.high_amount / unit
    counted = np.zeros(len(unit), dtype=np.bool_)
    counted[:count] = lot > 0
    low[counted] = np.ceil(low[counted] - WHOLE_COUNT)
    high[counted] = np.floor(high[counted] + WHOLE_COUNT)
    whole = matrix.whole | counted
    scaled = replace(
        matrix,
        cost_usd_per_amount=matrix.cost_usd_per_amount * unit,
        low_amount=low,
        high_amount=high,
        rows_figure_per_amount=sparse.csc_array(
            matrix.rows_figure_per_amount @ sparse.diags_array(unit)
        ),
        whole=whole,
    )
    solver = highs_of(scaled)
    integers = np.flatnonzero(whole).astype(np.int32)
    solver.changeColsIntegrality(
        len(integers), integers, np.full(len(integers), highspy.HighsVarType.kInteger)
    )
    nodes_count_max = _nodes_count_max(matrix, nodes_count_max)
    solver.setOptionValue("mip_max_nodes", nodes_count_max)
    solver.setOptionValue("time_limit", time_s_max)
    # Left alone HiGHS stops at a gap of 1e-4 and lets rows be outside by 1e-6, which is more than
    # what its answer is held to afterwards (`EXCESS_FRAC_MAX`).
    solver.setOptionValue("mip_rel_gap", _GAP_FRAC)
    # By its tolerance on costs it takes a way that is dearer by a ten-millionth of a dollar a unit,
    # and calls what that comes to a bound.
    for of in ("mip_feasibility", "primal_feasibility", "dual_feasibility"):
        solver.setOptionValue(f"{of}_tolerance", _OUTSIDE_FIGURE)
    solver.setSolution(
        count, np.arange(count, dtype=np.int32), (start_amount / unit[:count]).astype(np.float64)
    )
    solver.run()
    status = solver.getModelStatus()
    info = solver.getInfo()
    bound_usd = float(info.mip_dual_bound)
    took = int(info.mip_node_count), float(solver.getRunTime())
    if status == highspy.HighsModelStatus.kTimeLimit:
        # What is found by a clock differs from run to run.
        remark = f"branch and bound did not end within {_TIME_S_MAX:g} s"
        return _Ended(None, -np.inf, remark, True, *took)
    if info.primal_solution_status != 2 or not np.isfinite(bound_usd):
        return _Ended(None, -np.inf, "branch and bound found no plan", False, *took)
    columns: NDArray[np.float64] = np.array(solver.getSolution().col_value)
    columns[counted] = np.round(columns[counted])
    remark = ""
    if status != highspy.HighsModelStatus.kOptimal:
        remark = _stopped(nodes_count_max)
    return _Ended(columns * unit, bound_usd, remark, False, *took)
