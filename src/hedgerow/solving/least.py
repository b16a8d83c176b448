"""The least cost: relaxed, then in whole lots, and what gives way where not all bounds can hold.

A relaxation says what no plan can undercut, and where to look. Its amounts are rounded to lots in a
few ways and mended lot by lot; where that leaves a gap, branch and bound looks further; where it
proved no optimum, changes of several decisions at once do. Whatever is cheapest by the
programme's own arithmetic is the answer, so that no solver's word is taken for it, and no answer is
worse than the rounded relaxation.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse

from hedgerow.errors import Failure, Outcome
from hedgerow.solving.assembly import Matrix
from hedgerow.solving.branched import branched
from hedgerow.solving.lots import EXCESS_FRAC_MAX, in_fewer, in_lots, merit
from hedgerow.solving.programme import Programme
from hedgerow.solving.records import Answer, Floats, Method, Shadow
from hedgerow.solving.relaxed import PRICE_LEFT_USD, Relaxed, relaxed
from hedgerow.solving.wider import wider

__all__ = ["EXCESS_FRAC_MAX", "least"]

# What rounding loses no more than this share of is not looked for by branch and bound.
_CLOSE_FRAC = 1e-4
# By how much more a row gives way than it has to, over its scale: what a solver leaves of zero
# must not make the rest impossible again.
_GIVEN_FRAC = 1e-9
_ROUNDED: Method = "rounded"


def least(programme: Programme, *, nodes_count_max: int = 2_000) -> Outcome[Answer]:
    """Find the cheapest plan.

    Parameters
    ----------
    nodes_count_max
        How many nodes branch and bound may open, fewer where the programme is large; none where
        zero. This, not the clock, is what ends it, so that the same programme gives the same plan.
        Where the clock ends it all the same, plan and bound are those of the other steps, and the
        remark says so.

    Returns
    -------
    Answer or Failure
        The failure of a solver that came to no end: then nothing is to be done. Where bounds
        conflict, the answer breaks them as little as can be and names them.
    """
    matrix = programme.matrix()
    free = relaxed(matrix)
    if isinstance(free, Failure):
        return free
    conflicts: tuple[str, ...] = ()
    if free is None:
        given = _given_way(matrix)
        if isinstance(given, Failure):
            return given
        matrix, free, conflicts = given
    count = len(programme.decisions)
    start = np.clip(
        free.column_amount[:count], programme.decisions.low_amount, programme.decisions.high_amount
    )
    amounts, bound_usd, remark = start, free.bound_usd, ""
    method: Method = "relaxed"
    is_whole = bool(np.any(programme.decisions.lot_amount > 0) or np.any(matrix.whole))
    if is_whole:
        amounts, method = in_lots(programme, start), "rounded"
        if not (conflicts or nodes_count_max == 0 or _is_close(programme, amounts, bound_usd)):
            amounts, method, bound_usd, remark = _searched(
                programme, matrix, free, amounts, nodes_count_max
            )
        amounts = in_fewer(programme, amounts)
    plan = amounts[np.newaxis, :]
    if is_whole and not conflicts and float(programme.excess_frac(plan)[0]) > EXCESS_FRAC_MAX:
        remark = "no whole lots were found that keep every bound; " + remark
    return Answer(
        chosen_amount=tuple(amounts.tolist()),
        objective_usd=float(programme.usd(plan)[0]),
        bound_usd=_at_least_usd(matrix, bound_usd),
        excess_frac=float(programme.excess_frac(plan)[0]),
        method=method,
        shadows=_shadows(matrix, free),
        conflicts=conflicts,
        remark=remark.removesuffix("; "),
    )


def _at_least_usd(matrix: Matrix, bound_usd: float) -> float:
    """Give a bound of what plans cost in truth, where some of it is priced above that."""
    if matrix.least_cost_usd_per_amount is None:
        return bound_usd
    found = relaxed(replace(matrix, cost_usd_per_amount=matrix.least_cost_usd_per_amount))
    if isinstance(found, Relaxed):
        return min(bound_usd, found.bound_usd)
    # Without a solver's word: nothing can be cheaper by more than all of what was priced above.
    above = matrix.cost_usd_per_amount - matrix.least_cost_usd_per_amount
    dearer = np.flatnonzero(above > 0.0)
    return bound_usd - float(above[dearer] @ matrix.high_amount[dearer])


def _is_close(programme: Programme, amounts: Floats, bound_usd: float) -> bool:
    """Say whether a plan that keeps its bounds costs hardly more than any can."""
    excess, usd = merit(programme, amounts)
    return excess == 0.0 and usd - bound_usd <= _CLOSE_FRAC * abs(bound_usd)


def _searched(
    programme: Programme,
    matrix: Matrix,
    free: Relaxed,
    rounded_amount: Floats,
    nodes_count_max: int,
) -> tuple[Floats, Method, float, str]:
    """Look further than rounding does: branch and bound, then wider changes where it proved less.

    Branch and bound ends early where bounds are loose, and wider changes find what it does not
    where lots are coarse; each begins where it may, and the cheapest is kept.
    """
    best, method, bound_usd, remark = rounded_amount, _ROUNDED, free.bound_usd, ""
    starts = [rounded_amount]
    found = branched(programme, matrix, free, rounded_amount, nodes_count_max)
    remark = found.remark
    bound_usd = max(bound_usd, found.bound_usd)
    if found.amounts is not None:
        begun = in_lots(programme, found.amounts)
        if merit(programme, begun) < merit(programme, best):
            best, method = begun, "branched"
        if not np.array_equal(begun, rounded_amount):
            starts.append(begun)
    if not _is_close(programme, best, bound_usd):
        for start in starts:
            further = wider(programme, matrix, free, start)
            if merit(programme, further) < merit(programme, best):
                best, method = further, "widened"
    return best, method, bound_usd, remark


def _shadows(matrix: Matrix, free: Relaxed) -> tuple[Shadow, ...]:
    """Give the prices of bounds that bind, as what a looser one would save."""
    told = (matrix.row_scale_figure > 0) & (np.abs(free.row_price_usd_per_figure) > PRICE_LEFT_USD)
    return tuple(
        Shadow(
            name=matrix.row_names[i],
            price_usd_per_figure=abs(float(free.row_price_usd_per_figure[i])),
        )
        for i in np.flatnonzero(told)
    )


def _given_way(matrix: Matrix) -> Outcome[tuple[Matrix, Relaxed, tuple[str, ...]]]:
    """Let hard bounds give by as little as can be, each over its scale; then spend least.

    Returns
    -------
    tuple or Failure
        The matrix with its bounds where they had to go, its relaxation, and the names of bounds
        that together cannot hold: those with a price on giving way.
    """
    may_give = np.flatnonzero((matrix.row_scale_figure > 0) & np.isfinite(matrix.row_scale_figure))
    give = len(may_give)
    count = len(matrix.cost_usd_per_amount)
    scale = matrix.row_scale_figure[may_give]
    sides = sparse.coo_array(
        (
            np.concatenate([np.ones(give), -np.ones(give)]),
            (np.tile(may_give, 2), np.arange(2 * give)),
        ),
        shape=(len(matrix.row_low_figure), 2 * give),
    ).tocsc()
    first = replace(
        matrix,
        cost_usd_per_amount=np.concatenate([np.zeros(count), np.tile(1.0 / scale, 2)]),
        low_amount=np.concatenate([matrix.low_amount, np.zeros(2 * give)]),
        high_amount=np.concatenate([matrix.high_amount, np.full(2 * give, np.inf)]),
        rows_figure_per_amount=sparse.csc_array(
            sparse.hstack([matrix.rows_figure_per_amount, sides])
        ),
        quadratic_usd_per_amount2=None,
        powers=(),
        whole=np.concatenate([matrix.whole, np.zeros(2 * give, dtype=np.bool_)]),
    )
    found = relaxed(first)
    if isinstance(found, Failure):
        return found
    if found is None:
        return Failure(
            subject="programme",
            reason="unsupported",
            message="no amounts inside their own bounds define a plan at all",
        )
    given = found.column_amount[count:]
    low, high = matrix.row_low_figure.copy(), matrix.row_high_figure.copy()
    slack = _GIVEN_FRAC * scale
    low[may_give] -= given[:give] + slack
    high[may_give] += given[give:] + slack
    priced = np.abs(found.row_price_usd_per_figure[may_give]) * scale > PRICE_LEFT_USD
    conflicts = tuple(dict.fromkeys(matrix.row_names[i] for i in may_give[priced]))
    moved = replace(matrix, row_low_figure=low, row_high_figure=high)
    free = relaxed(moved)
    if isinstance(free, Failure):
        return free
    if free is None:
        return Failure(
            subject="programme",
            reason="not_converged",
            message=f"bounds conflict and could not be given way to: {', '.join(conflicts)}",
        )
    return moved, free, conflicts
