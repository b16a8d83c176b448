"""Kernels against printed tables, forty digits, the NumPy path, and their own limits."""

from itertools import product
from math import inf, nan, pi, sqrt
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    AveragedColumns,
    EuropeanGreeks,
    OptionColumns,
    ScenarioGrid,
    account_scenario_profits,
    implied_vols,
    quote_vols,
    reference,
    scenario_profits,
)
from hedgerow.pricing.european import (
    EuropeanColumns,
    coin_greeks,
    european_greeks,
)
from tests.golden.read import numbers
from tests.rooms.pricing.european_rows import columns, far_carries, lattice
from tests.rooms.pricing.forty_digits import NAMES, RELATIVE, forty_digits


def table(options: EuropeanColumns) -> Any:
    """All fourteen, shape (14, n)."""
    out = np.full((14, len(options)), nan)
    european_greeks(options, with_third_vol=True, out=out)
    return out


def given(row: dict[str, Any]) -> tuple[float, ...]:
    return tuple(float(row[name]) for name in ("S", "K", "sigma", "T", "r", "b", "cp"))


def test_the_order_of_the_rows() -> None:
    assert tuple(EuropeanGreeks.by_word()) == NAMES


@pytest.mark.parametrize(
    "row", numbers("black_scholes_published"), ids=lambda row: f"{row['quantity']}-{row['S']}"
)
def test_agrees_with_printed_tables(row: dict[str, Any]) -> None:
    want = pytest.approx(float(row["expect"]), abs=float(row["tol"]))
    at = NAMES.index(row["quantity"])
    assert table(columns([given(row)], follows=True))[at, 0] == want
    terms = np.array([given(row)]).T
    assert reference.greeks(terms, carry_follows_rate=True)[at, 0] == want


def test_agrees_with_the_precise_sheet() -> None:
    rows = numbers("black_scholes_high_precision")
    options = columns([given(row) for row in rows], follows=True)
    kernel = table(options)
    plain = reference.greeks(options.given, carry_follows_rate=True)
    for i, row in enumerate(rows):
        for name, expect in row["expect"].items():
            at = NAMES.index(name)
            # The sheet itself is rounded to double, and its smallest entries are sums that cancel.
            size = float(forty_digits(*given(row), follows=True)[name][1])
            assert kernel[at, i] == pytest.approx(float(expect), rel=0, abs=1e-13 * size), name
            assert plain[at, i] == pytest.approx(float(expect), rel=1e-11, abs=1e-13 * size), name


def errors(rows: list[tuple[float, ...]], got: Any, *, follows: bool) -> dict[str, float]:
    """Largest error of each Greek, in what it is held to."""
    worst = dict.fromkeys(NAMES, 0.0)
    for i, row in enumerate(rows):
        for name, (number, size) in forty_digits(*row, follows=follows).items():
            off = abs(mpmath.mpf(float(got[NAMES.index(name), i])) - number)
            worst[name] = max(worst[name], float(off / size))
    return worst


def held(rows: list[tuple[float, ...]], *, follows: bool) -> None:
    worst = errors(rows, table(columns(rows, follows=follows)), follows=follows)
    assert set(RELATIVE) < set(worst)
    assert all(error <= 1e-12 for error in worst.values()), worst


@pytest.mark.parametrize("follows", [True, False])
def test_agrees_with_forty_digits(follows: bool) -> None:
    held(lattice(300), follows=follows)


@pytest.mark.parametrize("follows", [True, False])
def test_a_far_carry_costs_no_digits_at_the_forward(follows: bool) -> None:
    """Years of carry and hardly any deviation: the logarithm and the carry all but cancel."""
    held(far_carries(400), follows=follows)


@pytest.mark.slow
@pytest.mark.parametrize("follows", [True, False])
def test_agrees_with_forty_digits_in_many_places(follows: bool) -> None:
    held(lattice(8_000), follows=follows)


@pytest.mark.slow
def test_agrees_with_the_plain_path() -> None:
    rows = lattice(400)
    options = columns(rows)
    plain = reference.greeks(options.given, carry_follows_rate=False)
    # The plain path loses digits: to its own legs, and with the logarithm of a quotient near one.
    # What each loses is known of the kernel from forty digits; here it is that the two are one.
    got = table(options)
    for i, row in enumerate(rows[:500]):
        for at, (_, size) in enumerate(forty_digits(*row, follows=False)[n] for n in NAMES):
            legs = row[0] + row[1] if NAMES[at] in ("value", "theta", "rho") else 0.0
            off = abs(got[at, i] - plain[at, i])
            assert off <= 1e-11 * float(size) + 1e-13 * legs, (NAMES[at], row)


def test_a_block_ends_anywhere() -> None:
    rows = lattice(1_100)
    whole = table(columns(rows))
    for count in (1, 7, 511, 512, 513, 1_025):
        # To the last bit: an option's numbers do not depend on its neighbours.
        np.testing.assert_array_equal(table(columns(rows[:count])), whole[:, :count])
    assert table(columns(np.empty((0, 7)))).shape == (14, 0)


def test_twelve_are_the_first_of_fourteen() -> None:
    options = columns(lattice(40))
    twelve = european_greeks(options)
    fourteen = european_greeks(options, with_third_vol=True)
    assert twelve.veta_usd_per_vol_year is None
    assert twelve.ultima_usd_per_vol3 is None
    assert fourteen.ultima_usd_per_vol3 is not None
    np.testing.assert_array_equal(twelve.color_coin_per_usd_year, fourteen.color_coin_per_usd_year)


@pytest.mark.parametrize(
    ("vol", "years", "strike"), [(0.0, 0.0, 100.0), (0.0, 0.1, 100.0), (0.6, 0.0, 100.0)]
)
def test_without_variance_the_limits_remain(vol: float, years: float, strike: float) -> None:
    for forward, call_delta in ((110.0, 1.0), (100.0, 0.5), (90.0, 0.0)):
        got = table(columns([(forward, strike, vol, years, 0.0, 0.0, cp) for cp in (1.0, -1.0)]))
        assert got[0].tolist() == [max(forward - strike, 0.0), max(strike - forward, 0.0)]
        assert got[1].tolist() == [call_delta, call_delta - 1.0]
        vega = forward * sqrt(years) / sqrt(2 * pi) if forward == strike else 0.0
        assert got[3] == pytest.approx([vega, vega], rel=1e-15)
        assert not np.delete(got, (0, 1, 3, 5), axis=0).any()
        assert got[5].tolist() == [-years * got[0, 0], -years * got[0, 1]]


@pytest.mark.parametrize("follows", [True, False])
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("edge", "near"),
    [
        ((100.0, 90.0, 0.0, 0.5), (100.0, 90.0, 1e-3, 0.5)),
        ((100.0, 110.0, 0.0, 0.5), (100.0, 110.0, 1e-3, 0.5)),
        ((100.0, 90.0, 0.6, 0.0), (100.0, 90.0, 0.6, 1e-13)),
        ((100.0, 110.0, 0.6, 0.0), (100.0, 110.0, 0.6, 1e-13)),
        ((100.0, 0.0, 0.6, 0.5), (100.0, 1e-25, 0.6, 0.5)),
    ],
)
def test_limits_are_where_the_kernel_goes(
    edge: tuple[float, ...], near: tuple[float, ...], sign: float, follows: bool
) -> None:
    rest = (0.07, 0.03, sign)
    got = table(columns([(*edge, *rest), (*near, *rest)], follows=follows))
    np.testing.assert_allclose(got[:, 0], got[:, 1], rtol=1e-10, atol=1e-10)


def test_nothing_within_bounds_gives_a_nan_or_an_infinity() -> None:
    ends = (
        (1e-30, 1.0, 1e30), (0.0, 5e-324, 1e-31, 1e-30, 1.0, 1e30),
        (0.0, 5e-324, 1e-30, 1e-15, 1e-9, 1.0, 1e3), (0.0, 5e-324, 1e-30, 1e-15, 1e-3, 1.0, 1e3),
        (-0.1, 0.0, 0.1), (-0.1, 0.0, 0.1), (-1.0, 1.0),
    )  # fmt: skip
    options = columns(list(product(*ends)))
    assert np.isfinite(table(options)).all()
    on_forwards = columns([row for row in product(*ends) if row[5] == 0.0])
    coins = np.full((15, len(on_forwards)), nan)
    coin_greeks(on_forwards, out=coins)
    assert np.isfinite(coins).all()
    growths = columns(list(product((1e-30, 1e30), (1e-30, 1e30), (1e-15, 1e3), (1e-3,),
                                   (-1e5, 1e5), (-1e5, 1e5), (-1.0, 1.0))))  # fmt: skip
    assert np.isfinite(table(growths)).all()


def test_values_stay_within_their_bounds_everywhere() -> None:
    rng = np.random.default_rng(4)
    n = 20_000
    rows = np.column_stack(
        [
            np.exp(rng.uniform(-5, 5, n)), np.exp(rng.uniform(-5, 5, n)),
            np.exp(rng.uniform(-12, 3, n)), np.exp(rng.uniform(-12, 3, n)),
            np.zeros(n), np.zeros(n), rng.choice([-1.0, 1.0], n),
        ]
    )  # fmt: skip
    got = table(columns(rows))
    S, K, cp = rows[:, 0], rows[:, 1], rows[:, 6]
    slack = 1e-14 * (S + K)
    assert (got[0] >= np.maximum(cp * (S - K), 0.0) - slack).all()
    assert (got[0] <= np.where(cp > 0, S, K) + slack).all()
    assert (np.abs(got[1]) <= 1.0).all()
    assert (got[2] >= 0.0).all()


ORDINARY = {
    "underlying_usd": 1.0,
    "strike_usd": 1.0,
    "vol_frac": 0.5,
    "expiry_years": 0.1,
    "rate_frac_per_year": 0.0,
    "carry_frac_per_year": 0.0,
}


@pytest.mark.parametrize(
    ("column", "bad", "message"),
    [
        ("underlying_usd", 0.0, "underlying_usd must be finite and from 1e-30 to 1e[+]30, row 1"),
        ("underlying_usd", nan, "underlying_usd must be .*, row 1 was nan"),
        ("strike_usd", -1.0, "strike_usd must be .*, row 1 was -1.0"),
        ("vol_frac", -0.1, "vol_frac must be .*, row 1 was -0.1"),
        ("vol_frac", inf, "vol_frac must be .*, row 1 was inf"),
        ("expiry_years", -1e-9, "expiry_years must be .*, row 1 was -1e-09"),
        ("rate_frac_per_year", nan, "rate_frac_per_year must be .*, row 1 was nan"),
        ("carry_frac_per_year", -inf, "carry_frac_per_year must be .*, row 1 was -inf"),
        ("rate_frac_per_year", 2e3, "rate_frac_per_year times expiry_years must be within ±100"),
        ("carry_frac_per_year", -2e3, "carry_frac_per_year times expiry_years .* row 1 was -2000"),
    ],
)
def test_columns_refuse_what_cannot_be(column: str, bad: float, message: str) -> None:
    arrays: dict[str, Any] = {name: np.full(2, x) for name, x in ORDINARY.items()}
    arrays[column][1] = bad
    with pytest.raises(OutOfDomain, match=message):
        EuropeanColumns(**arrays, is_call=np.array([True, False]))


def test_columns_refuse_unequal_lengths() -> None:
    arrays: dict[str, Any] = {name: np.full(2, x) for name, x in ORDINARY.items()}
    arrays["strike_usd"] = np.ones(1)
    with pytest.raises(OutOfDomain, match=r"strike_usd has shape \(1,\), expected \(2,\)"):
        EuropeanColumns(**arrays, is_call=np.array([True, False]))


def test_columns_are_copied_and_locked() -> None:
    arrays: dict[str, Any] = {name: np.full(2, x) for name, x in ORDINARY.items()}
    options = EuropeanColumns(**arrays, is_call=np.array([True, False]))
    arrays["strike_usd"][0] = 7.0
    assert options.given[1, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        options.given[1, 0] = 2.0


def test_a_buffer_is_written_and_checked() -> None:
    options = columns(lattice(3))
    room = np.full((12, len(options)), nan)
    got = european_greeks(options, out=room)
    assert got.value_usd.base is room
    assert np.isfinite(room).all()
    for bad in (np.empty((14, len(options))), np.empty((len(options), 12)).T, room.astype("f4")):
        with pytest.raises(OutOfDomain, match=r"out must be (float64 of shape|writable, aligned)"):
            european_greeks(options, out=bad)
    room.setflags(write=False)
    with pytest.raises(OutOfDomain, match="writable"):
        european_greeks(options, out=room)


def test_where_nothing_is_left_is_said_by_the_deviation() -> None:
    def edges(vol: float, years: float, strike: float = 1.0) -> Any:
        return columns([(1.0, strike, vol, years, 0.0, 0.0, 1.0)]).edges

    assert edges(0.9e-30, 1.0) is not None
    assert edges(1.1e-30, 1.0) is None
    assert edges(1.0, 0.9e-30) is not None
    assert edges(1.0, 1.1e-30) is None
    assert edges(1.0, 1.0, 0.9e-30) is not None
    assert edges(1.0, 1.0, 1.1e-30) is None


@pytest.mark.parametrize(
    "bad",
    [
        np.array([1, -1]),
        ["call", "put"],
        [nan, nan],
        [1.0, 0.0],
        [None, True],
        np.ma.masked_array([True, False], mask=[False, True]),
    ],
)
def test_a_flag_is_true_or_false(bad: Any) -> None:
    two = np.ones(2)
    with pytest.raises(OutOfDomain, match="is_call"):
        EuropeanColumns(
            underlying_usd=two, strike_usd=two, vol_frac=two, expiry_years=two, is_call=bad
        )
    with pytest.raises(OutOfDomain, match="is_call"):
        OptionColumns(two, two, two, two, bad)
    with pytest.raises(OutOfDomain, match="is_call"):
        implied_vols(two, two, two, two, bad)
    with pytest.raises(OutOfDomain, match="is_call"):
        quote_vols(two, two, two, two, two, bad, tick_usd=0.1)
    with pytest.raises(OutOfDomain, match="is_call"):
        AveragedColumns(
            forward_usd=two,
            strike_usd=two,
            average_observed_usd=two,
            vol_frac=two,
            expiry_years=1e-6,
            window_years=1e-5,
            is_call=bad,
        )
    options = columns([(1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0)] * 2)
    grid = ScenarioGrid.product(price_moves_frac=(0.1,))
    with pytest.raises(OutOfDomain, match="is_coin_settled"):
        scenario_profits(options, grid, is_coin_settled=bad)


@pytest.mark.parametrize("bad", [np.ma.masked_array([1.0, 2.0], mask=[False, True]), [1j, 1.0]])
def test_a_column_is_real_numbers(bad: Any) -> None:
    two = np.ones(2)
    for name in ("underlying_usd", "strike_usd", "vol_frac", "expiry_years", "rate_frac_per_year"):
        given = dict.fromkeys(("underlying_usd", "strike_usd", "vol_frac", "expiry_years"), two)
        with pytest.raises(OutOfDomain, match=f"^{name} (is a masked|must be real)"):
            EuropeanColumns(**given | {name: bad}, is_call=two > 0)


def test_memory_that_is_not_aligned_is_refused() -> None:
    options = columns([(1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0)] * 2)
    grid = ScenarioGrid.product(price_moves_frac=(0.1,))

    def odd(*shape: int) -> Any:
        return np.zeros(8 * shape[0] * shape[1] + 1, dtype=np.uint8)[1:].view(float).reshape(shape)

    with pytest.raises(OutOfDomain, match="aligned"):
        european_greeks(options, out=odd(12, 2))
    with pytest.raises(OutOfDomain, match="aligned"):
        coin_greeks(options, out=odd(15, 2))
    with pytest.raises(OutOfDomain, match="aligned"):
        scenario_profits(options, grid, out=odd(1, 2))
    with pytest.raises(OutOfDomain, match="aligned"):
        account_scenario_profits(options, grid, sparse.csr_array((1, 2)), out=odd(1, 1))


@pytest.mark.parametrize(
    ("low", "high", "within"), [(1e-3, 1e-1, 6e-12), (1e-6, 1e-3, 2e-12), (1e-14, 1e-8, 2e-13)]
)
def test_hardly_any_deviation_keeps_its_digits(low: float, high: float, within: float) -> None:
    rng = np.random.default_rng(2)
    n = 200
    s = np.exp(rng.uniform(np.log(low), np.log(high), n))
    years = np.exp(rng.uniform(np.log(1e-5), 0.0, n))
    spot = rng.uniform(1e3, 1e5, n)
    z = rng.uniform(-6.0, 6.0, n)
    z[:40] *= 1e-3  # the money itself, between the two legs
    strike = spot * np.exp(z * s)
    is_call = strike > spot
    vol = s / np.sqrt(years)
    got = european_greeks(
        EuropeanColumns(
            underlying_usd=spot,
            strike_usd=strike,
            vol_frac=vol,
            expiry_years=years,
            is_call=is_call,
        )
    ).value_usd
    with mpmath.workdps(60):
        for i in range(n):
            S, K, v, t = (mpmath.mpf(float(each[i])) for each in (spot, strike, vol, years))
            cp = 1 if is_call[i] else -1
            d1 = mpmath.log(S / K) / (v * mpmath.sqrt(t)) + v * mpmath.sqrt(t) / 2
            d2 = d1 - v * mpmath.sqrt(t)
            want = cp * (S * mpmath.ncdf(cp * d1) - K * mpmath.ncdf(cp * d2))
            assert abs(got[i] - want) <= within * want


def test_no_option_is_worth_less_than_nothing() -> None:
    rng = np.random.default_rng(4)
    n = 100_000
    s = np.exp(rng.uniform(np.log(1e-20), np.log(1e-2), n))
    spot = rng.uniform(1e3, 1e5, n)
    got = european_greeks(
        EuropeanColumns(
            underlying_usd=spot,
            strike_usd=spot * np.exp(rng.uniform(0.0, 9.0, n) * s),
            vol_frac=s,
            expiry_years=np.ones(n),
            is_call=np.ones(n, dtype=np.bool_),
        )
    )
    assert got.value_usd.min() >= 0.0
