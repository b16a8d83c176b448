"""The pricing benchmark: what it prints, and that rivals compute what their notes say."""

import sys
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from benchmarks.pricing import (
    calls,
    clock,
    desk,
    greeks,
    implied,
    inputs,
    limit,
    rivals,
    scenarios,
    threads,
)
from hedgerow.margin.portfolio import scan_accounts
from hedgerow.pricing import accounts as account_sums
from hedgerow.pricing import european, european_greeks, implied_vols
from hedgerow.pricing import implied as implied_columns
from hedgerow.pricing import scenarios as scenario_columns
from tools.bench import Output, Result

# (name, better, bar) of every figure that has a bar.
BARS = {
    ("greeks_12_ns_per_option_1e4", "lower", 30.0),
    ("greeks_12_ns_per_option_1e5", "lower", 30.0),
    ("greeks_12_ratio_nautilus", "higher", 10.0),
    ("greeks_12_ratio_numpy", "higher", 5.0),
    ("scenario_cell_ns", "lower", 10.0),
    ("scenario_cell_ratio_numpy", "higher", 8.0),
    ("implied_vol_ns", "lower", 140.0),
    ("implied_vol_ratio_nautilus", "higher", 4.5),
    ("single_option_us", "lower", 20.0),
    ("first_call_cached_s", "lower", 1.5),
    ("greeks_12_avx2_ns", "lower", 30.0),
    ("scenario_cell_avx2_ns", "lower", 10.0),
}


def made_up() -> rivals.Rival:
    """A rival that does nothing, so that its rows are there wherever this runs."""
    return rivals.Rival(
        name="nautilus",
        greeks_note="one number",
        greeks=lambda options, count: np.zeros((count, 4)),
        greeks_work=lambda options, count: lambda: sum(range(count)),
        greeks_count_max=7,
        vols_note="no vol",
        vols=lambda quotes, count: np.zeros(count),
        vols_work=lambda quotes, count: lambda: sum(range(count)),
        vols_count_max=5,
    )


def printed(rows: list[dict[str, object]]) -> tuple[Result, ...]:
    return msgspec.convert({"results": rows}, Output).results


@pytest.mark.slow
def test_every_figure_with_a_bar_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "ROUNDS_COUNT", 2)
    rows = [
        *greeks.greeks(10_000, [made_up()]),
        *greeks.greeks(100_000, ()),
        *scenarios.scenarios(),
        *scenarios.accounts(),
        *implied.implied([made_up()]),
        *calls.single(),
    ]
    rows += limit.limits(rows)
    results = printed(rows)
    timed_elsewhere = {"first_call_cached_s", "greeks_12_avx2_ns", "scenario_cell_avx2_ns"}
    want = {bar for bar in BARS if bar[0] not in timed_elsewhere}
    assert {(r.name, r.better, r.bar) for r in results if r.bar is not None} == want
    names = [r.name for r in results]
    assert len(set(names)) == len(names)
    assert all(np.isfinite(r.value) and r.value > 0.0 for r in results)
    figures = {r.name: r for r in results}
    assert "7 options there, 10,000 here" in figures["greeks_12_ratio_nautilus"].note
    assert "5 quotes there, 100,000 here" in figures["implied_vol_ratio_nautilus"].note
    for name in ("greeks_12", "scenario_cell", "implied_vol"):
        assert figures[f"{name}_over_limit"].value > 0.9, "quicker than the machine can be"


@pytest.mark.slow
def test_the_desk_prints_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "ROUNDS_COUNT", 2)
    results = printed(desk.measure())
    assert [r.name for r in results] == [
        "desk_ms", "desk_numpy_ms", "desk_ratio_numpy", "desk_series_ms", "desk_series_numpy_ms",
        "desk_series_ratio_numpy", "desk_mixed_ms", "desk_limit_ms", "desk_over_limit",
        "desk_series_limit_ms", "desk_series_over_limit",
    ]  # fmt: skip
    assert all(np.isfinite(r.value) and r.value > 0.0 for r in results)
    figures = {r.name: r.value for r in results}
    assert figures["desk_over_limit"] > 0.9, "quicker than the machine can be"
    assert figures["desk_series_ms"] < figures["desk_ms"]


@pytest.mark.parametrize("series_count", [40, 300])
def test_the_desk_is_margined_alike_by_kernel_and_numpy(series_count: int) -> None:
    of = desk.desk(300, series_count, 10)
    assert of.held.nnz == 300
    assert (of.cells_count, of.sums_count) == (100 * series_count, 30_000)
    ours, plain = scan_accounts(of.options, of.grid, of.held), desk.by_numpy(of)
    np.testing.assert_array_equal(ours.worst_index, plain.worst_index)
    for name in ("worst_usd", "shortfall_usd", "requirement_usd"):
        np.testing.assert_allclose(getattr(ours, name), getattr(plain, name), rtol=1e-9, atol=1e-5)
    assert ours.requirement_usd.min() > 0.0


@pytest.mark.slow
def test_new_processes_print_theirs() -> None:
    results = printed([*calls.first_call(), *calls.narrow()])
    found = {(r.name, r.better, r.bar) for r in results if r.bar is not None}
    on_x86 = {bar for bar in BARS if "avx2" in bar[0]} if calls.has_avx2() else set()
    assert found == on_x86 | {("first_call_cached_s", "lower", 1.5)}


@pytest.mark.parametrize(
    ("make", "smallest"), [(threads.greeks, 1_024), (threads.cells, 2_048), (threads.sums, 20_000)]
)
def test_columns_of_any_size_are_shared_out(
    make: Callable[[int], threads.Column], smallest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "ROUNDS_COUNT", 1)
    results = printed(threads.crossover("some", make, 10, smallest, 2))
    figures = {each.name: each for each in results}
    assert figures["some_threads_2_ratio"].unit == "×"
    assert figures["some_threads_2_ratio"].value > 0.0
    assert figures["some_threads_used_from_count"].value == 20.0


def test_the_crossover_stands_beside_the_constant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def took(column: threads.Column) -> tuple[float, float]:
        return column.count * 1e-6, column.count * 0.5e-6 + 40e-6

    monkeypatch.setattr(threads, "took_s", took)
    rows = printed(threads.crossover("greeks", threads.greeks, 100, 32, 6))
    figures = {each.name: each.value for each in rows}
    # n = 1.3 (n/2 + 40) and n = n/2 + 40; a line between doubled sizes is not quite the curve.
    assert figures["greeks_threads_from_count"] == pytest.approx(52 / 0.35, rel=0.03)
    assert figures["greeks_threads_even_count"] == pytest.approx(80.0, rel=0.03)
    assert figures["greeks_threads_used_from_count"] == 200.0
    want = 200.0 / figures["greeks_threads_from_count"]
    assert figures["greeks_threads_used_over_from"] == pytest.approx(want, abs=1e-3)
    assert figures["greeks_threads_2_ratio"] == pytest.approx(1_024 / 552, abs=1e-3)
    assert not capsys.readouterr().err
    few = printed(threads.crossover("greeks", threads.greeks, 100, 32, 2))
    assert [each.name for each in few] == [
        "greeks_threads_used_from_count", "greeks_threads_2_ratio",
    ]  # fmt: skip
    assert "greeks: two threads never brought 1.3" in capsys.readouterr().err


def test_a_gain_that_was_chance_is_no_crossover() -> None:
    sizes = [(1, 1.0, 0.5), (2, 1.0, 1.4), (4, 1.0, 1.2), (8, 1.0, 1.4), (16, 1.0, 1.8)]
    assert threads.crossed(sizes, 1.3) == 6.0
    assert threads.crossed(sizes, 0.4) == 1.0
    assert threads.crossed(sizes, 1.9) is None


def test_the_constants_are_those_of_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "took_s", lambda _: (1.0, 0.5))
    figures = {each.name: each.value for each in printed(threads.threads())}
    assert figures["greeks_threads_used_from_count"] == 2 * european._OPTIONS_COUNT_MIN
    assert figures["vols_threads_used_from_count"] == 2 * implied_columns._QUOTES_COUNT_MIN
    assert figures["cells_threads_used_from_count"] == 2 * scenario_columns.CELLS_COUNT_MIN
    assert figures["sums_threads_used_from_count"] == 2 * account_sums._SUMS_COUNT_MIN


def test_ways_take_turns_and_a_figure_is_of_one_element(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    seen: list[str] = []

    def work(name: str, takes_s: float) -> Any:
        def run() -> None:
            seen.append(name)
            now_s[0] += takes_s

        return run

    monkeypatch.setattr(clock, "process_time", lambda: now_s[0])
    monkeypatch.setattr(clock, "ROUNDS_COUNT", 2)
    took = clock.interleaved(
        {"a": clock.Way(work("a", 3e-6), 3), "b": clock.Way(work("b", 2e-6), 1, 2)}
    )
    assert "".join(seen) == "ab" + "abb" * 2
    assert took["a"] == pytest.approx([1_000.0, 1_000.0])
    assert took["b"] == pytest.approx([2_000.0, 2_000.0])


def test_a_ratio_is_the_median_over_neighbours() -> None:
    assert clock.ratio([2.0, 30.0, 8.0], [1.0, 10.0, 2.0]) == 3.0


def test_chains_are_quotes_worth_a_tick() -> None:
    quotes = inputs.chains(2_000)
    assert len(quotes.price_usd) == 2_000
    gap = np.where(quotes.is_call, 1.0, -1.0) * (quotes.forward_usd - quotes.strike_usd)
    assert (quotes.price_usd - np.maximum(gap, 0.0) >= 1e-4 * quotes.forward_usd).all()
    assert 0.3 < np.mean(gap > 0.0) < 0.7
    found = implied_vols(
        quotes.price_usd,
        quotes.forward_usd,
        quotes.strike_usd,
        quotes.expiry_years,
        quotes.is_call,
    )
    np.testing.assert_allclose(found.vol_frac, quotes.vol_frac, rtol=1e-10)


def test_a_rival_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in ("nautilus_trader", "QuantLib", "vollib", "financepy"):
        monkeypatch.setitem(sys.modules, module, None)
        for name in [name for name in sys.modules if name.startswith(f"{module}.")]:
            monkeypatch.setitem(sys.modules, name, None)
    assert list(rivals.installed()) == []
    said = capsys.readouterr()
    assert said.out == ""
    for name in ("NautilusTrader", "QuantLib", "vollib", "FinancePy"):
        assert f"{name} is not installed" in said.err
    assert said.err.count("its rows are left out") == 4


# FinancePy asks for six digits of a vol, and QuantLib's defaults for about as many.
VOL_TOLERANCE = {"nautilus": 1e-9, "quantlib": 1e-4, "vollib": 1e-9, "financepy": 1e-4}
# FinancePy's normal distribution is good to seven digits.
VALUE_TOLERANCE = {"nautilus": 1e-12, "quantlib": 1e-12, "vollib": 1e-12, "financepy": 1e-6}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize("name", ["nautilus", "quantlib", "vollib", "financepy"])
def test_a_rival_computes_the_same_thing(name: str) -> None:
    try:
        rival = getattr(rivals, name)()
    except ImportError as missing:
        pytest.skip(f"{name} is not installed ({missing}); pip install 'hedgerow[bench]'")
    options, count = inputs.book(150), 150
    ours = european_greeks(options)
    got = rival.greeks(options, count)
    size, tolerance = options.given[0] + options.given[1], VALUE_TOLERANCE[name]
    for column, mine, scale in (
        (0, ours.value_usd, size),
        (1, ours.delta_underlying_frac, np.ones(count)),
        (2, ours.gamma_coin_per_usd, ours.gamma_coin_per_usd),
        (3, ours.vega_usd_per_vol, size),
    ):
        assert (np.abs(got[:, column] - mine) <= tolerance * scale).all(), column
    quotes = inputs.chains(count)
    found = rival.vols(quotes, count)
    np.testing.assert_allclose(found, quotes.vol_frac, rtol=VOL_TOLERANCE[name])
    rival.greeks_work(options, count)()
    rival.vols_work(quotes, count)()
