"""What dynamics refuse, and what follows from them without drawing anything."""

from typing import Any

import msgspec
import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics, Factor, FactorMoves, Garch, Jumps, VarianceEvent

SPOT = Factor(kind="spot", name="BTC")
VOL = Factor(kind="vol_level", name="BTC")
JUMPS = Jumps(jumps_count_per_year=12.0, up_frac=0.4, size_up_log=0.03, size_down_log=0.05)


def moves(factor: Factor = SPOT, **more: Any) -> FactorMoves:
    return FactorMoves(**{"factor": factor, "vol_frac": 0.6, **more})


def test_a_variance_without_a_long_run_is_refused() -> None:
    with pytest.raises(OutOfDomain, match=r"1\.01.*below 1"):
        Garch(vol_long_frac=0.6, alpha_frac=0.06, beta_frac=0.9, gamma_frac=0.1)
    with pytest.raises(OutOfDomain, match="long run"):
        Garch(vol_long_frac=0.6, alpha_frac=0.1, beta_frac=0.9)
    kept = Garch(vol_long_frac=0.6, alpha_frac=0.05, beta_frac=0.9, gamma_frac=0.08)
    assert kept.persistence_frac == pytest.approx(0.99)


@pytest.mark.parametrize(
    "change",
    [
        {"vol_long_frac": 0.0}, {"alpha_frac": -0.1}, {"beta_frac": -0.1},
        {"alpha_frac": 0.05, "gamma_frac": -0.06}, {"alpha_frac": float("nan")},
    ],
)  # fmt: skip
def test_what_is_no_garch(change: dict[str, float]) -> None:
    with pytest.raises(OutOfDomain):
        Garch(**{"vol_long_frac": 0.6, "alpha_frac": 0.05, "beta_frac": 0.9, **change})


def test_correlations_that_contradict_one_another_are_refused() -> None:
    factors = tuple(moves(Factor(kind="spot", name=name)) for name in ("BTC", "ETH", "SOL"))
    correlation = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]])
    with pytest.raises(OutOfDomain, match="contradict"):
        Dynamics(factors=factors, correlation_frac=correlation)
    with pytest.raises(OutOfDomain, match="square"):
        Dynamics(factors=factors, correlation_frac=np.eye(2))
    with pytest.raises(OutOfDomain, match="once"):
        Dynamics(factors=(factors[0], factors[0]), correlation_frac=np.eye(2))


def test_what_else_is_refused() -> None:
    garch = Garch(vol_long_frac=0.6, alpha_frac=0.05, beta_frac=0.9)
    with pytest.raises(OutOfDomain, match="period_years"):
        Dynamics(factors=(moves(garch=garch),), correlation_frac=np.eye(1))
    with pytest.raises(OutOfDomain, match="degrees"):
        Dynamics(factors=(moves(),), correlation_frac=np.eye(1), degrees_count=2.0)
    with pytest.raises(OutOfDomain, match="logarithm"):
        moves(Factor(kind="funding", name="BTC"))
    with pytest.raises(OutOfDomain, match="drawn back"):
        moves(reversion_frac_per_year=1.0)
    heavy = msgspec.structs.replace(JUMPS, size_up_log=1.0)
    with pytest.raises(OutOfDomain, match="infinite mean"):
        Dynamics(factors=(moves(jump_loading_frac=1.0),), correlation_frac=np.eye(1), jumps=heavy)
    with pytest.raises(OutOfDomain, match="not among"):
        Dynamics(factors=(moves(),), correlation_frac=np.eye(1)).index_of(VOL)
    with pytest.raises(OutOfDomain, match="vol_frac"):
        moves(vol_frac=-0.1)
    with pytest.raises(OutOfDomain, match="finite"):
        moves(growth_frac_per_year=float("nan"))
    for change in ({"up_frac": 1.1}, {"size_up_log": 0.0}, {"jumps_count_per_year": -1.0}):
        with pytest.raises(OutOfDomain):
            msgspec.structs.replace(JUMPS, **change)


def test_drift_allows_for_jumps_and_funding() -> None:
    """Growth of a jump by its density: exponential sizes, up and down."""
    size = np.linspace(0.0, 3.0, 300_001)
    up = np.exp(-size / 0.03) / 0.03 * np.expm1(size)
    down = np.exp(-size / 0.05) / 0.05 * np.expm1(-size)
    growth = 0.4 * np.trapezoid(up, size) + 0.6 * np.trapezoid(down, size)
    assert JUMPS.growth_frac(1.0) == pytest.approx(growth, rel=1e-6)
    # A loading of the other sign turns ups into downs.
    turned = Jumps(jumps_count_per_year=12.0, up_frac=0.6, size_up_log=0.05, size_down_log=0.03)
    assert JUMPS.growth_frac(-1.0) == pytest.approx(turned.growth_frac(1.0))
    both = Dynamics(
        factors=(
            moves(jump_loading_frac=1.0, growth_frac_per_year=0.1, funding_frac_per_8h=1e-4),
            moves(VOL),
        ),
        correlation_frac=np.eye(2),
        jumps=JUMPS,
    )
    want = 0.1 - 1095 * 1e-4 - 12.0 * growth
    assert both.drift_log_per_year() == pytest.approx([want, 0.0], rel=1e-6)


def test_a_record_keeps_its_own_correlation() -> None:
    given = np.array([[1.0, 0.3], [0.3, 1.0]])
    kept = Dynamics(factors=(moves(), moves(VOL)), correlation_frac=given)
    given[0, 1] = 0.9
    assert kept.correlation_frac[0, 1] == 0.3
    with pytest.raises(ValueError, match="read-only"):
        kept.correlation_frac[0, 1] = 0.5
    event = VarianceEvent(time_ns=1, variance_frac=0.01)
    assert moves(events=(event,)).events == (event,)
