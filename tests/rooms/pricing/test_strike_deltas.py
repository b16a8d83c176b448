"""Every strike of a smile has a delta under each regime, or is told why not."""

import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.market import Smile, Svi
from hedgerow.pricing import MinimumVariance, SmileDeltas, strike_deltas, value_usd

STRIKES = np.array([80.0, 95.0, 100.0, 110.0, 130.0])
YEARS = 0.25
SMILE = Smile(
    subject="X 2026-05-01",
    time_ns=0,
    expiry_ns=1,
    expiry_years=YEARS,
    forward_usd=100.0,
    forward_source="venue",
    forward_venue_usd=100.0,
    model="svi",
    svi=Svi(*(np.array(each) for each in (0.02, 0.15, -0.4, 0.02, 0.2))),
    error_median_volpt=0.0,
    error_max_volpt=0.0,
    error_mark_volpt=0.0,
    quotes_count=5,
    density_g_min_frac=0.1,
    repair="none",
)
UNKNOWN = Failure(subject="X", reason="missing_data", message="no past")


def worth(forward: float, *, travels: bool) -> np.ndarray:
    """Values when the forward moves: the vol of a strike stays, or the smile travels along."""
    k = np.log(STRIKES / (forward if travels else 100.0))
    n = len(STRIKES)
    return value_usd(
        np.full(n, forward), STRIKES, SMILE.vol_frac(k), np.full(n, YEARS), STRIKES >= 100.0
    )


@pytest.mark.parametrize(("regime", "travels"), [("strike", False), ("moneyness", True)])
def test_each_regime_is_the_derivative_it_names(regime: str, travels: bool) -> None:
    found = getattr(strike_deltas(SMILE, STRIKES, UNKNOWN), f"sticky_{regime}")
    assert found.regime == f"sticky_{regime}"
    h = 1e-3
    slope = (worth(100.0 + h, travels=travels) - worth(100.0 - h, travels=travels)) / (2 * h)
    np.testing.assert_allclose(found.delta_forward_frac, slope, atol=1e-7)


def test_the_out_of_the_money_side_is_shown() -> None:
    found = strike_deltas(SMILE, STRIKES, UNKNOWN)
    assert found.options.is_call.tolist() == [False, False, True, True, True]
    np.testing.assert_allclose(found.options.vol_frac, SMILE.vol_frac(np.log(STRIKES / 100.0)))


def test_calls_and_puts_have_their_own_coefficients() -> None:
    def flat(a: float) -> MinimumVariance:
        return MinimumVariance(
            a_frac=a, b_frac=0.0, c_frac=0.0, explained_frac=0.5, rows_count=1000
        )

    found = strike_deltas(SMILE, STRIKES, {"call": flat(-0.2), "put": flat(0.1)})
    assert isinstance(found.minimum_variance, SmileDeltas)
    assert found.minimum_variance.regime == "minimum_variance"
    shift = found.minimum_variance.delta_forward_frac - found.sticky_strike.delta_forward_frac
    # vega / (F √T) · a, with vega = F n(d1) √T: so n(d1) a.
    s = found.options.vol_frac * YEARS**0.5
    d1 = np.log(100.0 / STRIKES) / s + 0.5 * s
    a = np.where(STRIKES >= 100.0, -0.2, 0.1)
    np.testing.assert_allclose(shift, a * np.exp(-0.5 * d1**2) / (2 * np.pi) ** 0.5, rtol=1e-12)


def test_without_a_past_the_minimum_variance_delta_is_unknown() -> None:
    assert strike_deltas(SMILE, STRIKES, UNKNOWN).minimum_variance is UNKNOWN
