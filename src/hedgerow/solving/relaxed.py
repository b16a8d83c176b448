"""Solve a programme as if amounts need not be whole lots, and prove how good the answer is.

Linear programmes go to the simplex of HiGHS, which ends in a corner and knows its prices exactly;
squares and cones go to the interior point of Clarabel. Either way the least cost is bounded from
below by the dual prices, worked out here from what the solver hands back.
"""

from dataclasses import dataclass

import clarabel
import highspy
import numpy as np
from scipy import sparse

from hedgerow.errors import Failure, Outcome
from hedgerow.solving.assembly import Matrix
from hedgerow.solving.records import Floats

__all__ = ["PRICE_LEFT_USD", "Relaxed", "highs_of", "relaxed"]

# A price, per unit of a row, that is what a solver leaves of zero: its row does not bind.
PRICE_LEFT_USD = 1e-9
# Iterations end what does not end by itself, and no clock: else a plan would hang on how busy the
# machine is. Each takes some 0.1 ms on the largest programmes measured.
_SIMPLEX_ITERATIONS_MAX = 200_000
_CONIC_ITERATIONS_MAX = 200
# Of the cost: how far an answer may be from what its prices prove.
_GAP_FRAC = 1e-6
# What Clarabel ends at, four orders nearer, so that what it calls solved passes.
_CONIC_FRAC = 1e-10
# What a solver may leave of a price, over the largest there is.
_LEFT_FRAC = 1e-6
# What a row may be outside by and count as held.
_HELD_FIGURE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """Values of all columns, prices of all rows, and a bound that no values can undercut.

    The price of a row is how fast the least cost rises with its level.
    """

    column_amount: Floats
    row_price_usd_per_figure: Floats
    objective_usd: float
    bound_usd: float


def relaxed(matrix: Matrix) -> Outcome[Relaxed | None]:
    """Minimise over amounts of any size.

    Returns
    -------
    Relaxed, None or Failure
        None where no columns meet all rows; a failure where the solver came to no end.
    """
    is_linear = matrix.quadratic_usd_per_amount2 is None and not matrix.powers
    found = _linear(matrix) if is_linear else _conic(matrix)
    if isinstance(found, Relaxed):
        gap_usd = abs(found.objective_usd - found.bound_usd)
        # A solver may call almost solved what is not: what its prices do not prove is no answer.
        if not gap_usd <= _GAP_FRAC * max(1.0, abs(found.objective_usd)):
            return _no_end(f"a gap of {gap_usd:.3g} USD between its answer and its prices")
    return found


def highs_of(matrix: Matrix) -> highspy.Highs:
    """Hand a matrix to HiGHS, on one thread, so that the same matrix gives the same answer."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.rows_figure_per_amount.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = (
        matrix.cost_usd_per_amount,
        matrix.low_amount,
        matrix.high_amount,
    )
    lp.row_lower_, lp.row_upper_ = matrix.row_low_figure, matrix.row_high_figure
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = matrix.rows_figure_per_amount.indptr
    lp.a_matrix_.index_ = matrix.rows_figure_per_amount.indices
    lp.a_matrix_.value_ = matrix.rows_figure_per_amount.data
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
        solver.setOptionValue(option, value)
    solver.passModel(lp)
    return solver


def _linear(matrix: Matrix) -> Outcome[Relaxed | None]:
    if not len(matrix.cost_usd_per_amount):
        return _of_nothing(matrix)
    solver = highs_of(matrix)
    for tolerance in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        solver.setOptionValue(tolerance, _HELD_FIGURE)
    solver.setOptionValue("simplex_iteration_limit", _SIMPLEX_ITERATIONS_MAX)
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kUnboundedOrInfeasible:
        # Presolve saw that something is wrong, not what.
        solver.setOptionValue("presolve", "off")
        solver.run()
        status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    if status != highspy.HighsModelStatus.kOptimal:
        return _no_end(solver.modelStatusToString(status))
    solution = solver.getSolution()
    columns, prices = np.array(solution.col_value), np.array(solution.row_dual)
    return Relaxed(
        column_amount=columns,
        row_price_usd_per_figure=prices,
        objective_usd=float(matrix.cost_usd_per_amount @ columns),
        bound_usd=_dual_usd(matrix, prices),
    )


def _of_nothing(matrix: Matrix) -> Relaxed | None:
    """Answer where there is nothing to decide: each row is at nought, and holds there or does not.

    HiGHS has no answer to an empty programme.
    """
    held = (matrix.row_low_figure <= _HELD_FIGURE) & (matrix.row_high_figure >= -_HELD_FIGURE)
    if not np.all(held):
        return None
    return Relaxed(
        column_amount=np.zeros(0),
        row_price_usd_per_figure=np.zeros(len(held)),
        objective_usd=0.0,
        bound_usd=0.0,
    )


def _dual_usd(matrix: Matrix, prices_usd_per_figure: Floats) -> float:
    """Give what row prices prove: a cost that no columns inside their bounds undercut."""
    reduced = matrix.cost_usd_per_amount - matrix.rows_figure_per_amount.T @ prices_usd_per_figure
    nothing_usd = _LEFT_FRAC * max(1.0, float(np.max(np.abs(prices_usd_per_figure), initial=0.0)))

    def cheapest(slope: Floats, low: Floats, high: Floats) -> float:
        bound = np.where(slope > 0, low, high)
        # A solver leaves 1e-12 of a price on columns without a bound, which is nothing; more of it
        # proves nothing.
        known = np.isfinite(bound)
        if np.any(np.abs(slope[~known]) > nothing_usd):
            return -np.inf
        return float(slope[known] @ bound[known])

    return cheapest(
        prices_usd_per_figure, matrix.row_low_figure, matrix.row_high_figure
    ) + cheapest(reduced, matrix.low_amount, matrix.high_amount)


def _conic(matrix: Matrix) -> Outcome[Relaxed | None]:
    count = len(matrix.cost_usd_per_amount)
    quadratic = (
        matrix.quadratic_usd_per_amount2
        if matrix.quadratic_usd_per_amount2 is not None
        else sparse.csc_array((count, count))
    )
    every = sparse.eye_array(count, format="csc")
    stacked = sparse.vstack([matrix.rows_figure_per_amount, every], format="csr")
    low = np.concatenate([matrix.row_low_figure, matrix.low_amount])
    high = np.concatenate([matrix.row_high_figure, matrix.high_amount])
    equal = np.flatnonzero(low == high)
    above = np.flatnonzero((low < high) & np.isfinite(low))
    below = np.flatnonzero((low < high) & np.isfinite(high))
    blocks = [stacked[equal], stacked[below], -stacked[above]]
    ends = [high[equal], high[below], -low[above]]
    cones: list[object] = [
        clarabel.ZeroConeT(len(equal)),
        clarabel.NonnegativeConeT(len(below) + len(above)),
    ]
    for power in matrix.powers:
        cones.append(clarabel.PowerConeT(1.0 / power.exponent_power))
        place = ([0, 2], [power.above_index, power.of_index])
        blocks.append(sparse.coo_array(([-1.0, -1.0], place), shape=(3, count)).tocsr())
        ends.append(np.array([0.0, 1.0, 0.0]))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.max_iter = _CONIC_ITERATIONS_MAX
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = _CONIC_FRAC
    end = np.concatenate(ends)
    solution = clarabel.DefaultSolver(
        sparse.csc_matrix(quadratic),
        matrix.cost_usd_per_amount,
        sparse.csc_matrix(sparse.vstack(blocks)),
        end,
        cones,
        settings,
    ).solve()
    status = solution.status
    if status == clarabel.SolverStatus.PrimalInfeasible:
        return None
    if status not in (clarabel.SolverStatus.Solved, clarabel.SolverStatus.AlmostSolved):
        return _no_end(str(status))
    columns, z = np.array(solution.x), np.array(solution.z)
    bent = 0.5 * float(columns @ (quadratic @ columns))
    # Clarabel's prices are of its own rows: of an upper end they are what a looser one saves.
    prices = np.zeros(len(low))
    prices[equal] = -z[: len(equal)]
    prices[below] -= z[len(equal) : len(equal) + len(below)]
    prices[above] += z[len(equal) + len(below) :][: len(above)]
    return Relaxed(
        column_amount=columns,
        row_price_usd_per_figure=prices[: len(matrix.row_low_figure)],
        objective_usd=float(matrix.cost_usd_per_amount @ columns) + bent,
        bound_usd=-bent - float(end @ z),
    )


def _no_end(status: str) -> Failure:
    return Failure(
        subject="programme",
        reason="not_converged",
        message=f"the solver ended with: {status}; nothing is done on it",
    )
