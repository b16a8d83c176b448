"""Deltas under three regimes, each against what its regime says."""

from typing import Any

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    MinimumVariance,
    OptionColumns,
    minimum_variance_deltas,
    minimum_variance_fit,
    sticky_moneyness_deltas,
    sticky_strike_deltas,
    value_usd,
)

STRIKES = np.array([80.0, 95.0, 100.0, 105.0, 130.0])


def smile(k: np.ndarray) -> np.ndarray:
    return np.asarray(0.6 - 0.2 * k + 0.5 * k * k)


def skew(k: np.ndarray) -> np.ndarray:
    return np.asarray(-0.2 + k)


def columns(forward: float, *, is_call: bool = True) -> OptionColumns:
    n = len(STRIKES)
    return OptionColumns(
        forward_usd=np.full(n, forward),
        strike_usd=STRIKES,
        vol_frac=smile(np.log(STRIKES / forward)),
        expiry_years=np.full(n, 0.25),
        is_call=np.full(n, is_call),
    )


def worth(forward: float, vol: np.ndarray, *, is_call: bool) -> np.ndarray:
    n = len(STRIKES)
    return value_usd(np.full(n, forward), STRIKES, vol, np.full(n, 0.25), np.full(n, is_call))


@pytest.mark.parametrize("is_call", [True, False])
def test_sticky_regimes_are_derivatives_of_the_value_they_name(is_call: bool) -> None:
    h = 1e-4
    here = columns(100.0, is_call=is_call)
    fixed = [worth(100.0 + d, here.vol_frac, is_call=is_call) for d in (h, -h)]
    moved = [
        worth(100.0 + d, smile(np.log(STRIKES / (100.0 + d))), is_call=is_call) for d in (h, -h)
    ]
    strike = sticky_strike_deltas(here)
    money = sticky_moneyness_deltas(here, skew(np.log(STRIKES / 100.0)))
    assert (strike.regime, money.regime) == ("sticky_strike", "sticky_moneyness")
    np.testing.assert_allclose(
        strike.delta_forward_frac, (fixed[0] - fixed[1]) / (2 * h), atol=1e-8
    )
    np.testing.assert_allclose(money.delta_forward_frac, (moved[0] - moved[1]) / (2 * h), atol=1e-8)


def test_the_regression_finds_the_coefficients_that_made_the_moves() -> None:
    here = columns(100.0)
    rng = np.random.default_rng(3)
    rows = [rng.normal(0.0, 2.0, len(STRIKES)) for _ in range(50)]
    many = OptionColumns(
        *(np.tile(getattr(here, name), 50) for name in ("forward_usd", "strike_usd", "vol_frac",
                                                        "expiry_years", "is_call"))
    )  # fmt: skip
    move = np.concatenate(rows)
    truth = MinimumVariance(
        a_frac=-0.2, b_frac=-0.3, c_frac=0.25, explained_frac=1.0, rows_count=250
    )
    delta = minimum_variance_deltas(many, truth)
    assert delta.regime == "minimum_variance"
    found = minimum_variance_fit(many, delta.delta_forward_frac * move, move)
    assert (found.a_frac, found.b_frac, found.c_frac) == pytest.approx((-0.2, -0.3, 0.25))
    assert found.explained_frac == pytest.approx(1.0)


def test_a_sample_that_cannot_decide_is_refused() -> None:
    here = columns(100.0)
    with pytest.raises(OutOfDomain, match="three"):
        minimum_variance_fit(
            OptionColumns(*(getattr(here, name)[:2] for name in here.__slots__)),
            np.ones(2),
            np.ones(2),
        )


@pytest.mark.parametrize(
    "bad", [np.full(5, np.nan), np.ones((5, 1)), np.ones(4), np.full(5, np.inf), 1.0]
)
def test_an_unknown_change_is_no_coefficient(bad: Any) -> None:
    here, moved = columns(100.0), np.array([1.0, -2.0, 0.5, 3.0, -1.0])
    with pytest.raises(OutOfDomain, match="change_value_usd"):
        minimum_variance_fit(here, bad, moved)
    with pytest.raises(OutOfDomain, match="change_forward_usd"):
        minimum_variance_fit(here, moved, bad)
    with pytest.raises(OutOfDomain, match="skew_frac_per_log"):
        sticky_moneyness_deltas(here, bad)


def test_coefficients_are_of_one_kind_and_known() -> None:
    mixed = OptionColumns(
        forward_usd=np.full(2, 100.0),
        strike_usd=np.array([90.0, 110.0]),
        vol_frac=np.full(2, 0.5),
        expiry_years=np.full(2, 0.5),
        is_call=np.array([True, False]),
    )
    known = MinimumVariance(a_frac=0.1, b_frac=0.2, c_frac=0.3, explained_frac=0.5, rows_count=10)
    with pytest.raises(OutOfDomain, match="calls and puts"):
        minimum_variance_deltas(mixed, known)
    unknown = MinimumVariance(
        a_frac=0.1, b_frac=float("nan"), c_frac=0.3, explained_frac=0.5, rows_count=10
    )
    with pytest.raises(OutOfDomain, match="b_frac must be finite"):
        minimum_variance_deltas(columns(100.0), unknown)
