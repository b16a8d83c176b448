"""Why did we gain or lose what we did?

Two `Book`s, two `Snapshot`s and what happened between them enter; an `Explained` leaves: the profit
of every position, account, venue, coin and the desk as lines that add up to it, by the Greeks of
the start or by stepwise revaluation. The room refuses to explain a position without a price at
either end: it is unknown, and all above it incomplete.

Why did it gain or lose
    `explain`

Is that good enough
    `pooled`, `combined`, `desk_test`, `hedging_error_usd`

What did a run come to
    `run_figures`, `run_difference`, `step_shortfall`, `moving_blocks`, `cube_root_block_count`
"""

from hedgerow.risk.accept import (
    DeskTest,
    Pooled,
    Zone,
    combined,
    desk_test,
    hedging_error_usd,
    pooled,
)
from hedgerow.risk.explain import explain
from hedgerow.risk.records import (
    FULL_LINES,
    MOVE_FRAC_MAX,
    TAYLOR_LINES,
    UNEXPLAINED_FRAC_MAX,
    CashFlow,
    Explained,
    ExplainRow,
    Fill,
    FillKind,
    FlowKind,
    Marks,
    Method,
    Verdict,
)
from hedgerow.risk.runs import (
    STEPS_COUNT_LEAST,
    Estimate,
    RunDifference,
    RunFigures,
    RunStep,
    cube_root_block_count,
    moving_blocks,
    run_difference,
    run_figures,
    step_shortfall,
)

# Why did it gain or lose
__all__ = [
    "FULL_LINES",
    "MOVE_FRAC_MAX",
    "TAYLOR_LINES",
    "UNEXPLAINED_FRAC_MAX",
    "CashFlow",
    "ExplainRow",
    "Explained",
    "Fill",
    "FillKind",
    "FlowKind",
    "Marks",
    "Method",
    "Verdict",
    "explain",
]
# Is that good enough
__all__ += [
    "DeskTest",
    "Pooled",
    "Zone",
    "combined",
    "desk_test",
    "hedging_error_usd",
    "pooled",
]
# What did a run come to
__all__ += [
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
