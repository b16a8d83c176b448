"""Options with a settlement window over a grid: every cell is what `averaged_greeks` says of it."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    AveragedColumns,
    AveragingWindows,
    EuropeanColumns,
    Floats,
    ScenarioGrid,
    account_profits,
    account_scenario_profits,
    averaged_coin_greeks,
    averaged_greeks,
    reference,
    scenario_profits,
)

MINUTE = 1.0 / (365 * 24 * 60)
WINDOW = 30 * MINUTE
FORWARD = 60_000.0
# Before the window, at its begin (still plain), within, a second before the end, the end.
LEFT = MINUTE * np.array([600.0, 31.0, 30.0, 29.999, 20.0, 5.0, 1 / 60, 0.0])
STRIKES = np.array([58_000.0, 59_900.0, 60_000.0, 60_040.0, 63_000.0])
GRID = ScenarioGrid.product(
    price_moves_frac=(-0.3, -0.001, 0.0, 0.002, 0.1),
    vol_moves_frac=(-0.25, 0.0, 0.5),
    vol_shifts_frac=(0.0, 0.2),
    elapsed_years=MINUTE * np.array([0.0, 0.5, 3.0, 10.0, 15.0, 571.0, 595.0, 700.0]),
    basis_shifts_frac_per_year=(0.0, 40.0),
)


def desk(*, rate: float = 0.0) -> tuple[EuropeanColumns, Floats]:
    """Every time left by every strike, calls and puts; and what has been observed of each."""
    left, strike, sign = (
        axis.ravel() for axis in np.meshgrid(LEFT, STRIKES, (1.0, -1.0), indexing="ij")
    )
    n = len(left)
    options = EuropeanColumns(
        underlying_usd=np.full(n, FORWARD),
        strike_usd=strike,
        vol_frac=np.linspace(0.3, 1.5, n),
        expiry_years=left,
        is_call=sign > 0.0,
        rate_frac_per_year=rate,
    )
    return options, FORWARD * (1.0 + 0.002 * np.sin(np.arange(n)))


def worth(
    options: EuropeanColumns, observed: Floats, grid: ScenarioGrid, cell: int | None, *, coin: bool
) -> Floats:
    """Value every option in one cell (now, if None), row by row as `averaging` or plain Black."""
    S, K, v, T, r, _, cp = options.given
    open_now = np.where(T < WINDOW, T / WINDOW, 1.0)
    left, forward, vol = T, S, v
    if cell is not None:
        left = np.maximum(T - grid.elapsed_years[cell], 0.0)
        shift = np.exp(grid.basis_shift_frac_per_year[cell] * left)
        forward = S * (1.0 + grid.price_move_frac[cell]) * shift
        vol = v * (1.0 + grid.vol_move_frac[cell]) + grid.vol_shift_frac[cell]
    inside = left < WINDOW
    found = np.empty(len(S))
    plain = np.array([forward, K, vol, left, np.zeros(len(S)), np.zeros(len(S)), cp])[:, ~inside]
    found[~inside] = reference.greeks(plain, carry_follows_rate=False)[0]
    if coin:
        found[~inside] /= forward[~inside]
    # What is observed between now and the cell is at the forward of the cell.
    share = left / WINDOW
    so_far = ((1.0 - open_now) * observed + (open_now - share) * forward) / np.where(
        inside, 1.0 - share, 1.0
    )
    averaged = AveragedColumns(
        forward_usd=forward[inside],
        strike_usd=K[inside],
        average_observed_usd=so_far[inside],
        vol_frac=vol[inside],
        expiry_years=left[inside],
        window_years=WINDOW,
        is_call=cp[inside] > 0.0,
    )
    found[inside] = (
        averaged_coin_greeks(averaged).value_coin if coin else averaged_greeks(averaged).value_usd
    )
    return np.asarray(found * np.exp(-r * left))


@pytest.mark.parametrize("coin", [False, True])
@pytest.mark.parametrize("rate", [0.0, 20.0])
def test_every_cell_is_what_the_averaged_value_says(coin: bool, rate: float) -> None:
    options, observed = desk(rate=rate)
    n = len(options)
    windows = AveragingWindows(np.full(n, WINDOW), observed)
    got = scenario_profits(options, GRID, is_coin_settled=np.full(n, coin), windows=windows)
    base = worth(options, observed, GRID, None, coin=coin)
    size = 1.0 if coin else FORWARD
    for cell in range(len(GRID)):
        want = worth(options, observed, GRID, cell, coin=coin) - base
        assert (np.abs(got[cell] - want) <= 1e-12 * size).all(), cell
    # The window does say something: without it a fifth of the rows are others.
    plain = scenario_profits(options, GRID, is_coin_settled=np.full(n, coin))
    assert (np.abs(got - plain) > 1e-6 * size).mean() > 0.2


def test_past_the_expiry_only_what_was_not_observed_has_moved() -> None:
    """By hand: half the window observed at 60,100; ten per cent up now; a call of 60,000."""
    options = EuropeanColumns(
        underlying_usd=np.array([60_000.0]),
        strike_usd=np.array([60_000.0]),
        vol_frac=np.array([0.0]),
        expiry_years=np.array([15 * MINUTE]),
        is_call=np.array([True]),
    )
    windows = AveragingWindows(np.array([WINDOW]), np.array([60_100.0]))
    grid = ScenarioGrid.product(price_moves_frac=(0.1,), elapsed_years=(0.0, 1.0))
    average = 0.5 * 60_100.0 + 0.5 * 66_000.0
    before = 0.5 * 60_100.0 + 0.5 * 60_000.0 - 60_000.0
    got = scenario_profits(options, grid, windows=windows)[:, 0]
    assert got == pytest.approx([average - 60_000.0 - before] * 2, rel=1e-12)
    paid = scenario_profits(options, grid, windows=windows, is_coin_settled=np.array([True]))[:, 0]
    want = (average - 60_000.0) / average - before / (60_000.0 + before)
    assert paid == pytest.approx([want] * 2, rel=1e-12)


def test_no_move_is_exactly_nothing() -> None:
    still = ScenarioGrid.product(price_moves_frac=(0.0,))
    options, observed = desk(rate=3.0)
    n = len(options)
    for flags in (None, np.ones(n, dtype=np.bool_)):
        windows = AveragingWindows(np.full(n, WINDOW), observed)
        assert not scenario_profits(options, still, is_coin_settled=flags, windows=windows).any()


def test_an_average_left_out_is_the_forward() -> None:
    options, _ = desk()
    n = len(options)
    left_out = scenario_profits(options, GRID, windows=AveragingWindows(np.full(n, WINDOW)))
    given = AveragingWindows(np.full(n, WINDOW), np.full(n, FORWARD))
    np.testing.assert_array_equal(left_out, scenario_profits(options, GRID, windows=given))


def test_an_average_left_out_is_the_forward_that_carry_makes() -> None:
    carried = EuropeanColumns(
        underlying_usd=np.array([100.0]),
        strike_usd=np.array([50.0]),
        vol_frac=np.array([0.0]),
        expiry_years=np.array([0.25]),
        is_call=np.array([True]),
        carry_frac_per_year=0.2,
    )
    grid = ScenarioGrid.product(price_moves_frac=(1.0,))
    got = scenario_profits(carried, grid, windows=AveragingWindows(np.array([0.5])))
    # Half is open, and half of a forward of 100 e^0.05 doubles; the other half does not show.
    forward = 100.0 * np.exp(0.05)
    assert got[0, 0] == pytest.approx(0.5 * forward, rel=1e-12)
    paid = scenario_profits(
        carried,
        grid,
        windows=AveragingWindows(np.array([0.5])),
        is_coin_settled=np.array([True]),
    )
    assert paid[0, 0] == pytest.approx(50.0 / forward - 50.0 / (1.5 * forward), rel=1e-12)


@pytest.mark.parametrize("count", [1, 511, 513, 1_300])
def test_who_is_not_reached_is_the_same_to_the_last_bit(count: int) -> None:
    rng = np.random.default_rng(8)
    options = EuropeanColumns(
        underlying_usd=np.full(count, FORWARD),
        strike_usd=rng.uniform(5e4, 7e4, count),
        vol_frac=rng.uniform(0.2, 1.0, count),
        expiry_years=rng.choice(np.append(LEFT, 0.1), count),
        is_call=rng.random(count) < 0.5,
    )
    # Every third has no window; of the others those with a day left are reached by no cell.
    length = np.where(np.arange(count) % 3 == 0, 0.0, WINDOW)
    windows = AveragingWindows(length)
    plain = scenario_profits(options, GRID)
    got = scenario_profits(options, GRID, windows=windows)
    reached = (length > 0.0) & (options.given[3] - GRID.elapsed_years.max() < length)
    np.testing.assert_array_equal(got[:, ~reached], plain[:, ~reached])
    nowhere = AveragingWindows(np.zeros(count))
    assert scenario_profits(options, GRID, windows=nowhere).tobytes() == plain.tobytes()
    for threads_count in (2, 5):
        again = scenario_profits(options, GRID, windows=windows, threads_count=threads_count)
        assert again.tobytes() == got.tobytes()


@pytest.mark.parametrize("coin", [0, 3])
@pytest.mark.parametrize("threads_count", [1, 3])
def test_accounts_know_the_windows(
    coin: int, threads_count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hedgerow.pricing import accounts

    monkeypatch.setattr(accounts, "CELLS_COUNT_MIN", 1)
    # Cells seven at a time, a block of options at a time.
    monkeypatch.setattr(accounts, "_CELLS_COUNT_MAX", 7)
    monkeypatch.setattr(accounts, "_WORK_COUNT", 7 * 512)
    base, observed = desk()
    many = np.tile(np.arange(len(base)), 12)
    given = base.given[:, many]
    options = EuropeanColumns(
        underlying_usd=given[0],
        strike_usd=given[1],
        vol_frac=given[2],
        expiry_years=given[3],
        is_call=given[6] > 0.0,
    )
    windows = AveragingWindows(np.full(len(many), WINDOW), observed[many])
    rng = np.random.default_rng(5)
    held = sparse.csr_array(rng.normal(size=(9, len(many))) * (rng.random((9, len(many))) < 0.05))
    codes = np.full(len(many), coin)
    table = scenario_profits(options, GRID, is_coin_settled=codes != 0, windows=windows)
    got = account_scenario_profits(
        options, GRID, held, settlement_code=codes, windows=windows, threads_count=threads_count
    )
    assert got.tobytes() == account_profits(held, table, settlement_code=codes).tobytes()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((np.array([-1e-9]),), "window_years must be finite and from 0 to 1, row 0 was -1e-09"),
        ((np.array([1.1]),), "window_years must be .* row 0 was 1.1"),
        ((np.array([np.nan]),), "window_years must be .* row 0 was nan"),
        ((np.zeros((1, 1)),), r"window_years has shape \(1, 1\)"),
        ((np.zeros(1), np.array([0.0])), "average_observed_usd must be .* row 0 was 0.0"),
        ((np.zeros(1), np.array([np.nan])), "average_observed_usd must be .* row 0 was nan"),
        ((np.zeros(1), np.ones(2)), r"average_observed_usd has shape \(2,\), expected \(1,\)"),
        ((np.ma.masked_invalid([np.nan]),), "window_years is a masked array"),
    ],
)
def test_what_cannot_be_is_refused(columns: Any, message: str) -> None:
    with pytest.raises(OutOfDomain, match=message):
        AveragingWindows(*columns)


def test_windows_are_as_many_as_options() -> None:
    options, _ = desk()
    two = AveragingWindows(np.full(2, WINDOW))
    with pytest.raises(OutOfDomain, match=r"window_years has shape \(2,\), expected \(80,\)"):
        scenario_profits(options, GRID, windows=two)
    with pytest.raises(OutOfDomain, match=r"window_years has shape \(2,\), expected \(80,\)"):
        account_scenario_profits(options, GRID, sparse.csr_array((1, 80)), windows=two)


def test_windows_are_copied_and_locked() -> None:
    length = np.full(2, WINDOW)
    windows = AveragingWindows(length)
    length[0] = 0.5
    assert windows.window_years[0] == WINDOW
    with pytest.raises(ValueError, match="read-only"):
        windows.window_years[0] = 0.0


def test_nothing_within_bounds_gives_a_nan_or_an_infinity() -> None:
    spot, strike, vol, left, window, seen, sign = (
        axis.ravel()
        for axis in np.meshgrid(
            (1e-30, 1.0, 1e30),
            (0.0, 1e-30, 1.0, 1e30),
            (0.0, 1e-15, 1.0, 1e3),
            (0.0, 1e-30, 1e-13, 0.3, 1e3),
            (0.0, 1e-30, 0.5, 1.0),
            (1e-30, 1.0, 1e30),
            (-1.0, 1.0),
        )
    )
    options = EuropeanColumns(
        underlying_usd=spot,
        strike_usd=strike,
        vol_frac=vol,
        expiry_years=left,
        is_call=sign > 0.0,
        rate_frac_per_year=0.05,
    )
    grid = ScenarioGrid.product(
        price_moves_frac=(-1.0 + 1e-12, 0.0, 1e6),
        vol_shifts_frac=(-1e3, 0.0, 1e3),
        elapsed_years=(0.0, 0.2, 1e3),
    )
    windows = AveragingWindows(window, seen)
    for flags in (None, np.ones(len(options), dtype=np.bool_)):
        got = scenario_profits(options, grid, windows=windows, is_coin_settled=flags)
        assert np.isfinite(got).all()
