"""Black-76 against published tables, 40 digits and its own limits."""

from itertools import product
from math import exp, inf, nan, sqrt
from typing import Any

import mpmath
import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    EuropeanColumns,
    OptionColumns,
    OptionGreeks,
    are_in_domain,
    delta_forward_frac,
    european_greeks,
    greeks,
    value_usd,
)
from hedgerow.units import years_between
from tests.golden.read import case, numbers


def one(
    forward: float, strike: float, vol: float, years: float, *, is_call: bool = True
) -> OptionColumns:
    return OptionColumns(
        forward_usd=np.array([forward]),
        strike_usd=np.array([strike]),
        vol_frac=np.array([vol]),
        expiry_years=np.array([years]),
        is_call=np.array([is_call]),
    )


# What the path on the forward gives; `test_european` compares all fourteen.
GREEKS = ("value", "delta", "gamma", "vega", "theta")


def raw(of: OptionGreeks) -> dict[str, float]:
    return {
        "value": float(of.value_usd[0]),
        "delta": float(of.delta_forward_frac[0]),
        "gamma": float(of.gamma_coin_per_usd[0]),
        "vega": float(of.vega_usd_per_vol[0]),
        "theta": float(of.theta_usd_per_year[0]),
    }


def on_spot(row: dict[str, Any]) -> dict[str, float]:
    """Generalised Black-Scholes on spot with rate r and carry b, from Black-76 on F = S e^{bT}."""
    s, k, t, r, b, sigma = (float(row[name]) for name in ("S", "K", "T", "r", "b", "sigma"))
    on_forward = raw(greeks(one(s * exp(b * t), k, sigma, t, is_call=row["cp"] == "1")))
    discount = exp(-r * t)
    value = discount * on_forward["value"]
    delta = discount * exp(b * t) * on_forward["delta"]
    return {
        "value": value,
        "delta": delta,
        "gamma": discount * exp(2 * b * t) * on_forward["gamma"],
        "vega": discount * on_forward["vega"],
        "theta": discount * on_forward["theta"] + r * value - b * s * delta,
    }


@pytest.mark.parametrize(
    "row",
    [row for row in numbers("black_scholes_published") if row["quantity"] in GREEKS],
    ids=lambda row: f"{row['quantity']}-{row['S']}",
)
def test_agrees_with_printed_tables(row: dict[str, Any]) -> None:
    assert on_spot(row)[row["quantity"]] == pytest.approx(
        float(row["expect"]), abs=float(row["tol"])
    )


def test_agrees_with_forty_digit_derivatives() -> None:
    rows = numbers("black_scholes_high_precision")
    assert len(rows) == 60
    for row in rows:
        got = on_spot(row)
        for name in GREEKS:
            expect = row["expect"][name]
            # Theta is put together from three terms that may cancel: relative to the largest.
            scale = max(abs(float(expect)), 0.1 * abs(got["value"]) if name == "theta" else 0.0)
            assert abs(got[name] - float(expect)) <= 2e-12 * scale, (name, row)


def _with_forty_digits(
    forward: float, strike: float, vol: float, years: float, sign: int
) -> dict[str, mpmath.mpf]:
    with mpmath.workdps(40):
        f, k, v, t = (mpmath.mpf(x) for x in (forward, strike, vol, years))
        st = v * mpmath.sqrt(t)
        d1 = mpmath.log(f / k) / st + st / 2
        tail = mpmath.ncdf
        density = mpmath.npdf(d1)
        return {
            "value": sign * (f * tail(sign * d1) - k * tail(sign * (d1 - st))),
            "delta": sign * tail(sign * d1),
            "gamma": density / (f * st),
            "vega": f * density * mpmath.sqrt(t),
            "theta": -f * density * v / (2 * mpmath.sqrt(t)),
        }


@pytest.mark.parametrize("years", [1 / 365, 30 / 365, 1.0, 2.0])
@pytest.mark.parametrize("vol", [0.2, 0.65, 1.5])
@pytest.mark.parametrize("deviations", [-6.0, -3.0, -1.0, 0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_agrees_with_forty_digits(years: float, vol: float, deviations: float, sign: int) -> None:
    forward = 60_000.0
    strike = forward * exp(deviations * vol * sqrt(years))
    got = raw(greeks(one(forward, strike, vol, years, is_call=sign == 1)))
    want = _with_forty_digits(forward, strike, vol, years, sign)
    # The Greeks hold 1e-12 throughout: the density multiplies the rounding of d1 by |d1| < 15.
    for name in ("delta", "gamma", "vega", "theta"):
        assert got[name] == pytest.approx(float(want[name]), rel=1e-12, abs=0.0), name
    # The value is a difference of two terms. Its error is a few dozen roundings of these (a tail's
    # relative error grows with d1²), so 1e-12 relative holds where it is worth a hundredth of them.
    terms = forward * float(abs(want["delta"])) + strike * float(
        mpmath.ncdf(sign * (-deviations - vol * sqrt(years) / 2))
    )
    error = abs(got["value"] - float(want["value"]))
    assert error <= 1e-14 * terms
    if want["value"] > 1e-2 * terms:
        assert error <= 1e-12 * float(want["value"])


def test_the_venue_ticker_greeks() -> None:
    sample = case("deribit/venue_cases", "deribit-ticker-greeks-btc-27sep24-40000c")
    given, then = sample["given"], sample["then"]
    expiry_ns = 1_727_424_000_000_000_000  # 2024-09-27T08:00:00Z
    years = years_between(int(given["timestamp_ms"]) * 1_000_000, expiry_ns)
    got = raw(
        greeks(one(float(given["forward"]), float(given["strike"]), float(given["mark_iv"]), years))
    )
    assert got["delta"] == pytest.approx(float(then["delta"]), abs=1.1e-5)
    assert got["vega"] / 100 == pytest.approx(float(then["vega_usd_per_vol_pt"]), rel=5e-6)
    assert got["theta"] / 365 == pytest.approx(float(then["theta_usd_per_day"]), rel=2e-4)
    assert got["gamma"] == pytest.approx(float(then["gamma"]), abs=5e-6)
    assert got["value"] == pytest.approx(float(then["mark_price_usd"]), rel=2e-4)


@pytest.mark.parametrize(("vol", "years"), [(0.0, 0.0), (0.0, 0.1), (0.6, 0.0)])
def test_without_variance_the_limits_remain(vol: float, years: float) -> None:
    for forward, call_delta in ((110.0, 1.0), (100.0, 0.5), (90.0, 0.0)):
        call = raw(greeks(one(forward, 100.0, vol, years)))
        put = raw(greeks(one(forward, 100.0, vol, years, is_call=False)))
        assert call["value"] == max(forward - 100.0, 0.0)
        assert put["value"] == max(100.0 - forward, 0.0)
        assert call["delta"] == call_delta
        assert put["delta"] == call_delta - 1.0
        assert call["gamma"] == call["theta"] == 0.0
        # At the strike itself another point of vol brings something, however small vol is.
        rise = forward * np.sqrt(years) / np.sqrt(2.0 * np.pi) if forward == 100.0 else 0.0
        assert call["vega"] == put["vega"] == pytest.approx(rise, rel=1e-15)


def test_both_paths_have_the_same_limits() -> None:
    forward = np.array([110.0, 100.0, 90.0, 100.0, 100.0, 100.0])
    strike = np.array([100.0, 100.0, 100.0, 100.0, 0.0, 0.0])
    vol = np.array([0.0, 0.0, 0.0, 0.6, 0.6, 0.0])
    years = np.array([0.3, 0.3, 0.3, 0.0, 0.3, 0.3])
    for is_call in (np.ones(6, dtype=np.bool_), np.zeros(6, dtype=np.bool_)):
        plain = greeks(OptionColumns(forward, strike, vol, years, is_call))
        quick = european_greeks(
            EuropeanColumns(
                underlying_usd=forward,
                strike_usd=strike,
                vol_frac=vol,
                expiry_years=years,
                is_call=is_call,
            )
        )
        for mine, theirs in (
            (plain.value_usd, quick.value_usd),
            (plain.delta_forward_frac, quick.delta_underlying_frac),
            (plain.gamma_coin_per_usd, quick.gamma_coin_per_usd),
            (plain.vega_usd_per_vol, quick.vega_usd_per_vol),
            (plain.theta_usd_per_year, quick.theta_usd_per_year),
        ):
            np.testing.assert_allclose(mine, theirs, rtol=1e-15, atol=0.0)


def test_hardly_any_variance_is_no_warning_and_no_infinity() -> None:
    for forward in (110.0, 90.0):
        for vol in (1e-9, 1e-160, 1e-300):
            got = raw(greeks(one(forward, 100.0, vol, 1.0)))
            assert got == {
                "value": max(forward - 100.0, 0.0),
                "delta": 1.0 if forward > 100 else 0.0,
                "gamma": 0.0,
                "vega": 0.0,
                "theta": 0.0,
            }


def test_far_wings_are_never_negative() -> None:
    strikes = np.geomspace(1.0, 1e9, 400)
    worth = value_usd(
        np.full(400, 60_000.0), strikes, np.full(400, 0.4), np.full(400, 0.01), strikes > 60_000.0
    )
    assert (worth >= 0.0).all()
    assert worth[0] < 1e-9
    assert worth[-1] < 1e-9


def test_one_broadcast_for_scenarios_and_options() -> None:
    forwards = np.array([[50_000.0], [60_000.0], [70_000.0]])
    grid = value_usd(
        forwards,
        np.array([55_000.0, 65_000.0]),
        np.array([0.5, 0.6]),
        np.array([0.1, 0.2]),
        np.array([True, False]),
    )
    assert grid.shape == (3, 2)
    alone = raw(greeks(one(70_000.0, 65_000.0, 0.6, 0.2, is_call=False)))
    assert grid[2, 1] == alone["value"]


@pytest.mark.parametrize(
    ("column", "bad", "message"),
    [
        ("forward_usd", 0.0, r"forward_usd must be finite and from 1e-30 to 1e\+30, row 0 was 0.0"),
        ("forward_usd", nan, "forward_usd must be finite .* row 0 was nan"),
        ("strike_usd", -1.0, "strike_usd must be finite .* row 0 was -1.0"),
        ("strike_usd", 1e31, r"strike_usd must be finite .* row 0 was 1e\+31"),
        ("vol_frac", -0.1, "vol_frac must be finite and from 0 to 1000, row 0 was -0.1"),
        ("vol_frac", 1e200, r"vol_frac must be finite .* row 0 was 1e\+200"),
        ("vol_frac", inf, "vol_frac must be finite .* row 0 was inf"),
        ("expiry_years", -1e-9, "expiry_years must be finite .* row 0 was -1e-09"),
        ("expiry_years", 1e300, r"expiry_years must be finite .* row 0 was 1e\+300"),
        ("vol_frac", 1 + 0j, "vol_frac must be real numbers, was of type complex128"),
    ],
)
def test_columns_refuse_what_cannot_be(column: str, bad: complex, message: str) -> None:
    columns: dict[str, complex] = {
        "forward_usd": 1.0,
        "strike_usd": 1.0,
        "vol_frac": 0.5,
        "expiry_years": 0.1,
    }
    columns[column] = bad
    arrays = {name: np.array([value]) for name, value in columns.items()}
    with pytest.raises(OutOfDomain, match=f"^{message}$"):
        OptionColumns(**arrays, is_call=np.array([True]))


def test_columns_refuse_unequal_lengths() -> None:
    two = np.array([1.0, 1.0])
    with pytest.raises(OutOfDomain, match=r"strike_usd has shape \(1,\), expected \(2,\)"):
        OptionColumns(
            forward_usd=two,
            strike_usd=two[:1],
            vol_frac=two,
            expiry_years=two,
            is_call=np.array([True, False]),
        )


def test_columns_are_copied_and_locked() -> None:
    strikes = np.array([100.0])
    columns = OptionColumns(
        forward_usd=np.array([100.0]),
        strike_usd=strikes,
        vol_frac=np.array([0.5]),
        expiry_years=np.array([0.1]),
        is_call=np.array([True]),
    )
    strikes[0] = 1.0
    assert columns.strike_usd[0] == 100.0
    with pytest.raises(ValueError, match="read-only"):
        columns.strike_usd[0] = 2.0
    with pytest.raises(ValueError, match="read-only"):
        columns.is_call[0] = False


def test_delta_alone_is_that_of_all_greeks() -> None:
    """Edges too: no time, no vol, at the strike and beside it."""
    rows = np.array(list(product([90.0, 100.0, 130.0], [100.0], [0.0, 0.3, 2.0], [0.0, 1e-9, 0.5])))
    F, K, vol, T = rows.T
    for is_call in (np.full(len(rows), True), np.full(len(rows), False)):
        alone = delta_forward_frac(F, K, vol, T, is_call)
        beside = greeks(OptionColumns(F, K, vol, T, is_call))
        assert alone.tolist() == beside.delta_forward_frac.tolist()
    # At the strike with no time left: half of a coin; a call in the money: all of it.
    edge = [np.array([each]) for each in (100.0, 100.0, 0.3, 0.0)]
    assert delta_forward_frac(edge[0], edge[1], edge[2], edge[3], np.array([False]))[0] == -0.5
    assert delta_forward_frac(edge[0] + 1, edge[1], edge[2], edge[3], np.array([True]))[0] == 1.0


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize("column", range(3))
def test_what_is_said_to_be_in_the_domain_is_what_columns_take(row: int, column: int) -> None:
    bounds = [(1e-30, 1e30), (0.0, 1e30), (0.0, 1e3), (0.0, 1e3)][row]
    for bound, beyond in ((bounds[0], -inf), (bounds[1], inf)):
        for at, is_fine in ((bound, True), (float(np.nextafter(bound, beyond)), False)):
            rows = np.full((4, 3), 0.5)
            rows[row, column] = at
            assert are_in_domain(rows) is is_fine
            F, K, vol, T = rows
            if is_fine:
                OptionColumns(F, K, vol, T, np.full(3, True))
            else:
                with pytest.raises(OutOfDomain):
                    OptionColumns(F, K, vol, T, np.full(3, True))
    rows[row, column] = nan
    assert not are_in_domain(rows)
