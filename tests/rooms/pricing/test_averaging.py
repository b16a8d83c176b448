"""Options inside their settlement window: by simulation, by derivatives, and where all is known."""

from typing import Any

import mpmath
import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    AveragedColumns,
    EuropeanColumns,
    averaged_coin_greeks,
    averaged_greeks,
    european_greeks,
)
from tests.rooms.pricing.slopes import slope

YEAR_MIN = 365 * 24 * 60
WINDOW = 30 / YEAR_MIN
FORWARD, OBSERVED = 60_000.0, 59_900.0


def columns(**changes: Any) -> AveragedColumns:
    given: dict[str, Any] = {
        "forward_usd": FORWARD,
        "strike_usd": np.array([59_950.0, 59_950.0]),
        "average_observed_usd": OBSERVED,
        "vol_frac": 0.65,
        "expiry_years": 12 / YEAR_MIN,
        "window_years": WINDOW,
        "is_call": np.array([True, False]),
    }
    return AveragedColumns(**{**given, **changes})


@pytest.mark.parametrize("minutes", [30.0, 20.0, 5.0])
@pytest.mark.parametrize("vol", [0.65, 3.0])
def test_simulated_settlements(minutes: float, vol: float) -> None:
    """Paths over what is left of half an hour, averaged by the trapezoid of 60 steps."""
    years, steps, paths = minutes / YEAR_MIN, 60, 100_000
    f = minutes / 30.0
    observed = 55_000.0  # far enough from the index to tell by what a coin payoff is divided
    known = (1 - f) * observed
    rng = np.random.Generator(np.random.Philox(17))
    dt = years / steps
    index = np.full(paths, FORWARD)
    total = 0.5 * index
    for step in range(steps):
        half = rng.standard_normal(paths // 2)
        z = np.concatenate([half, -half])
        index = index * np.exp(vol * np.sqrt(dt) * z - 0.5 * vol**2 * dt)
        total += index if step < steps - 1 else 0.5 * index
    average = f * total / steps + known
    expected = f * FORWARD + known
    strikes = expected * (1 + f * vol * np.sqrt(years / 3) * np.array([-1.0, 0.0, 1.0]))
    # Left out of the formulas: terms of the order of σ² T.
    left_out = vol**2 * years / 6
    for is_call in (True, False):
        options = columns(
            strike_usd=strikes,
            average_observed_usd=observed,
            vol_frac=vol,
            expiry_years=years,
            is_call=np.full(3, is_call),
        )
        dollars, coins = averaged_greeks(options), averaged_coin_greeks(options)
        sign = 1.0 if is_call else -1.0
        for i, strike in enumerate(strikes):
            payoff = np.maximum(sign * (average - strike), 0.0)
            for paid, got, unit in (
                (payoff, dollars.value_usd[i], FORWARD),
                # Paid in coin at the end and worth the index then; counted in coin of today.
                (payoff / average * index / FORWARD, coins.value_coin[i], 1.0),
            ):
                pairs = (paid[: paths // 2] + paid[paths // 2 :]) / 2
                error = pairs.std() / np.sqrt(len(pairs))
                assert error < 0.01 * got  # the standard error is under a hundredth of the value
                assert abs(pairs.mean() - got) < 3 * error + left_out * unit


def test_with_all_of_the_window_open_only_the_variance_is_reduced() -> None:
    options = columns(expiry_years=WINDOW)
    plain = european_greeks(
        EuropeanColumns(
            underlying_usd=np.full(2, FORWARD),
            strike_usd=np.full(2, 59_950.0),
            vol_frac=np.full(2, 0.65 / np.sqrt(3)),
            expiry_years=np.full(2, WINDOW),
            is_call=np.array([True, False]),
        )
    )
    got = averaged_greeks(options)
    assert got.value_usd.tolist() == plain.value_usd.tolist()
    assert got.delta_forward_frac.tolist() == plain.delta_underlying_frac.tolist()
    assert got.gamma_coin_per_usd.tolist() == plain.gamma_coin_per_usd.tolist()
    assert got.delta_average_frac.tolist() == [0.0, 0.0]
    # What was observed does not matter.
    other = averaged_greeks(columns(expiry_years=WINDOW, average_observed_usd=1.0))
    assert other.value_usd.tolist() == got.value_usd.tolist()


@pytest.mark.parametrize("strike", [59_800.0, 59_900.0, 60_000.0])
@pytest.mark.parametrize("years", [0.0, 1e-13 * WINDOW, 1e-9 * WINDOW])
def test_towards_the_end_the_payoff_is_fixed(strike: float, years: float) -> None:
    options = columns(strike_usd=np.full(2, strike), expiry_years=years)
    got, coin = averaged_greeks(options), averaged_coin_greeks(options)
    payoff = np.maximum([OBSERVED - strike, strike - OBSERVED], 0.0)
    assert got.value_usd == pytest.approx(payoff, abs=1e-4)
    assert coin.value_coin == pytest.approx(payoff / OBSERVED, abs=1e-8)
    for name in ("delta_forward_frac", "gamma_coin_per_usd", "vega_usd_per_vol"):
        assert np.abs(getattr(got, name)).max() < 1e-6
    if strike != OBSERVED:
        steps = [1.0, 0.0] if strike < OBSERVED else [0.0, -1.0]
        assert got.delta_average_frac == pytest.approx(steps, abs=1e-6)


def test_at_the_very_end_nothing_moves_but_the_average() -> None:
    got = averaged_greeks(columns(strike_usd=np.full(2, OBSERVED), expiry_years=0.0))
    for name in got.__slots__:
        want = [0.5, -0.5] if name == "delta_average_frac" else [0.0, 0.0]
        assert getattr(got, name).tolist() == want, name


@pytest.mark.parametrize(
    "observed",
    [
        100_001.0,  # more than the strike is in already
        99_999.99999,  # the strike that is left is a hundred-millionth
    ],
)
def test_once_the_strike_is_reached_a_call_is_certain_and_a_put_worthless(observed: float) -> None:
    f = 0.4
    options = columns(
        strike_usd=np.full(2, 60_000.0), average_observed_usd=observed, expiry_years=f * WINDOW
    )
    got, coin = averaged_greeks(options), averaged_coin_greeks(options)
    expected = f * FORWARD + (1 - f) * observed
    assert got.value_usd == pytest.approx([expected - 60_000.0, 0.0], rel=1e-12)
    assert got.delta_forward_frac == pytest.approx([f, 0.0], rel=1e-12)
    assert got.delta_average_frac == pytest.approx([1 - f, 0.0], rel=1e-12)
    assert np.abs(got.gamma_coin_per_usd).max() == 0.0
    assert np.abs(got.vega_usd_per_vol).max() == 0.0
    # Its expected average does not move as time passes at an unmoved index.
    assert np.abs(got.theta_usd_per_year).max() * WINDOW < 1e-6
    assert coin.value_coin == pytest.approx([1 - 60_000.0 / expected, 0.0], rel=1e-12)
    assert coin.slope_coin_per_usd == pytest.approx([f * 60_000 / expected**2, 0.0], rel=1e-12)


@pytest.mark.parametrize("minutes", [29.0, 12.0, 1.0])
@pytest.mark.parametrize("strike", [59_900.0, 59_960.0, 60_050.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_greeks_against_forty_digits(minutes: float, strike: float, sign: int) -> None:
    years = minutes / YEAR_MIN
    at = (FORWARD, OBSERVED, 0.65, 0.0)

    def expected(forward: Any, observed: Any, elapsed: Any) -> tuple[Any, Any]:
        """The open part of the average expected, and the known one after so much time."""
        left = mpmath.mpf(years) - elapsed
        known = (1 - mpmath.mpf(years) / WINDOW) * observed + elapsed / WINDOW * forward
        return left / WINDOW * forward, known

    def dollars(forward: Any, observed: Any, vol: Any, elapsed: Any) -> Any:
        open_part, known = expected(forward, observed, elapsed)
        left = strike - known
        st = vol * mpmath.sqrt((years - elapsed) / 3)
        d1 = mpmath.log(open_part / left) / st + st / 2
        return sign * (open_part * mpmath.ncdf(sign * d1) - left * mpmath.ncdf(sign * (d1 - st)))

    def coins(forward: Any, observed: Any, vol: Any, elapsed: Any) -> Any:
        return dollars(forward, observed, vol, elapsed) / sum(expected(forward, observed, elapsed))

    options = columns(
        strike_usd=np.array([strike]), expiry_years=years, is_call=np.array([sign > 0])
    )
    got, coin = averaged_greeks(options), averaged_coin_greeks(options)
    for row, names, of in (
        (
            got,
            (
                "value_usd",
                "delta_forward_frac",
                "gamma_coin_per_usd",
                "vega_usd_per_vol",
                "theta_usd_per_year",
                "delta_average_frac",
            ),
            dollars,
        ),
        (
            coin,
            (
                "value_coin",
                "slope_coin_per_usd",
                "gamma_coin_per_usd2",
                "vega_coin_per_vol",
                "theta_coin_per_year",
                "delta_average_coin_per_usd",
            ),
            coins,
        ),
    ):
        orders = (
            (0, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 1, 0, 0)
        )  # fmt: skip
        # Far out of the money at the end of the window, digits are those of the strike that is
        # left: a difference of numbers a few hundred times as large.
        size = {"value_usd": 1.0, "value_coin": 1 / FORWARD}
        for name, order in zip(names, orders, strict=True):
            want = slope(of, at, *order)
            have = getattr(row, name)[0]
            assert have == pytest.approx(want, rel=1e-7, abs=1e-9 * size.get(name, 1e-40)), name
    assert coin.delta_adjusted_coin[0] == pytest.approx(
        FORWARD * coin.slope_coin_per_usd[0], rel=1e-14
    )


def test_theta_is_three_times_that_of_plain_time_where_the_average_stands_at_the_index() -> None:
    options = columns(average_observed_usd=FORWARD, strike_usd=np.full(2, FORWARD))
    got = averaged_greeks(options)
    # s = σ f √(T/3), which falls with T^1.5: dV/dT = 1.5 V/T at the money.
    years = 12 / YEAR_MIN
    assert got.theta_usd_per_year == pytest.approx(-1.5 * got.value_usd / years, rel=1e-5)


@pytest.mark.parametrize("minutes", [29.0, 3.0, 0.0])
def test_parity(minutes: float) -> None:
    options = columns(expiry_years=minutes / YEAR_MIN)
    got, coin = averaged_greeks(options), averaged_coin_greeks(options)
    f = minutes / 30
    average = f * FORWARD + (1 - f) * OBSERVED
    assert got.value_usd[0] - got.value_usd[1] == pytest.approx(average - 59_950.0, rel=1e-10)
    assert coin.value_coin[0] - coin.value_coin[1] == pytest.approx(1 - 59_950 / average, rel=1e-9)
    assert got.delta_forward_frac[0] - got.delta_forward_frac[1] == pytest.approx(f, rel=1e-12)


def test_before_the_window_is_refused() -> None:
    with pytest.raises(OutOfDomain, match=r"expiry_years must not lie beyond window_years, row 1"):
        columns(expiry_years=np.array([WINDOW, np.nextafter(WINDOW, 1.0)]))


@pytest.mark.parametrize(
    "name",
    [
        "forward_usd",
        "strike_usd",
        "average_observed_usd",
        "vol_frac",
        "expiry_years",
        "window_years",
    ],
)
def test_every_column_is_checked(name: str) -> None:
    for bad in (float("nan"), -1.0, float("inf")):
        with pytest.raises(OutOfDomain, match=f"^{name} must be finite .* row 1 was"):
            columns(**{name: np.array([1e-6, bad])})


def test_columns_are_copied_and_locked() -> None:
    strike = np.array([59_950.0, 59_950.0])
    options = columns(strike_usd=strike)
    strike[:] = 1.0
    assert options.strike.tolist() == [59_950.0, 59_950.0]
    with pytest.raises(ValueError, match="read-only"):
        options.vol[0] = 9.0
    assert len(options) == 2


def test_without_vol_the_outcome_is_known() -> None:
    got = averaged_greeks(columns(vol_frac=0.0))
    expected = 0.4 * FORWARD + 0.6 * OBSERVED
    assert got.value_usd == pytest.approx(np.maximum([expected - 59_950, 59_950 - expected], 0.0))
    assert got.theta_usd_per_year.tolist() == [0.0, 0.0]


def test_results_lie_in_the_buffers_that_were_given() -> None:
    for call, rows in ((averaged_greeks, 6), (averaged_coin_greeks, 7)):
        out = np.full((rows, 2), np.nan)
        got = call(columns(), out=out)
        for row, name in enumerate(got.__slots__):
            assert np.shares_memory(getattr(got, name), out)
            assert out[row].tolist() == getattr(call(columns()), name).tolist()
