"""What is said of a run where something stays unexplained."""

import numpy as np

from hedgerow.app.backtest_parts import run_troubles
from hedgerow.reporting.backtests import HedgeRun
from hedgerow.risk import FULL_LINES, Explained, ExplainRow, RunStep, run_figures
from hedgerow.units import HOUR_NS, format_ns


def run(*left_usd: float, gross_usd: float = 100_000.0, move_frac: float = 0.01) -> HedgeRun:
    """Steps of an hour in which spot gained so much, and so much more came from nowhere."""
    rows = [
        ExplainRow(
            node="desk",
            actual_usd=gross_usd + left,
            lines_usd=dict.fromkeys(FULL_LINES, 0.0) | {"spot": gross_usd},
            unexplained_usd=left,
            ticks_usd=5.0,
            move_frac=move_frac,
            missing=(),
        )
        for left in left_usd
    ]
    times = [(at * HOUR_NS, (at + 1) * HOUR_NS) for at in range(len(rows))]
    return HedgeRun(
        policy="fixed",
        steps=tuple(
            RunStep(
                start_ns=start_ns,
                end_ns=end_ns,
                profit_usd=row.actual_usd,
                fees_usd=0.0,
                spread_usd=0.0,
                funding_usd=0.0,
                liquidations_usd=0.0,
                trades_count=0,
            )
            for (start_ns, end_ns), row in zip(times, rows, strict=True)
        ),
        explained={
            "full": tuple(
                Explained(
                    start_ns=start_ns, end_ns=end_ns, method="full", marks="model", rows=(row,)
                )
                for (start_ns, end_ns), row in zip(times, rows, strict=True)
            )
        },
        delta_coin={},
        hedge_coin={},
        liquidated=(),
        troubles=(),
    )


def troubles(of: HedgeRun) -> list[str]:
    rng = np.random.Generator(np.random.Philox(7))
    return run_troubles([of], {"fixed": run_figures(of.steps, rng)})


def test_a_step_is_not_hidden_by_the_gross_of_the_whole() -> None:
    """Fifty thousand of one hour are 0.5 % of the gross of a hundred hours."""
    said = troubles(run(*[0.0] * 60, -50_000.0, *[0.0] * 20, 2_000.0, *[0.0] * 18))
    assert said == [
        "fixed: 2 steps leave more unexplained by full than the tolerance, at most 50,000.00 USD "
        f"in the one to {format_ns(61 * HOUR_NS)}"
    ]


def test_a_large_move_is_no_excuse_for_a_revaluation() -> None:
    said = troubles(run(*[0.0] * 99, 5_000.0, move_frac=0.2))
    assert said == [
        "fixed: 1 step leaves more unexplained by full than the tolerance, at most 5,000.00 USD "
        f"in the one to {format_ns(100 * HOUR_NS)}"
    ]


def test_what_lies_within_the_tolerance_is_not_told() -> None:
    """One per cent of the step, two ticks, or less than a cent where nothing moved."""
    assert troubles(run(900.0, -900.0)) == []
    assert troubles(run(4.0, gross_usd=0.0)) == []
