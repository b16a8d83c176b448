"""Figures of ``hedge stop``, ``vol-target`` and ``pool`` that have a closed form of their own."""

import json
from datetime import UTC, datetime, timedelta
from math import erf, exp, log, sqrt
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pytest

from hedgerow.app.pool_options import OptionsHeld
from tests.rooms.app.made import hedgerow_here, recorded


def told(place: Path, *words: str) -> dict[str, Any]:
    answer = hedgerow_here("hedge", *words, "--json", cwd=place)
    assert answer.code == 0, answer.err
    found: dict[str, Any] = json.loads(answer.out)
    return found


def cdf(x: float) -> float:
    return 0.5 * (1.0 + erf(x / sqrt(2.0)))


def put_usd(forward: float, strike: float, vol: float, years: float) -> float:
    root = vol * sqrt(years)
    d1 = log(forward / strike) / root + 0.5 * root
    return strike * cdf(root - d1) - forward * cdf(-d1)


def test_a_short_is_stopped_above_its_price_and_its_chances_are_those_of_a_rise(
    tmp_path: Path,
) -> None:
    """Reflection of a log price without drift: its own drift of -σ²/2 counted (16.2)."""
    words = ("stop", "--price", "50000", "--vol", "80%", "--loss", "10%", "--lognormal",
             "--days", "5", "--draws", "4000")  # fmt: skip
    short = told(tmp_path, *words, "--quantity", "-2")
    assert short["level_usd"] == pytest.approx(55_000.0)
    assert told(tmp_path, *words, "--quantity", "2")["level_usd"] == pytest.approx(45_000.0)
    x, years = log(1.1), 5.0 / 365.0
    nu, root = -0.5 * 0.8**2, 0.8 * sqrt(years)
    expected = cdf((-x + nu * years) / root) + exp(2 * nu * x / 0.64) * cdf(
        (-x - nu * years) / root
    )
    assert short["lognormal_hit_frac"] == pytest.approx(expected, abs=1e-12)
    assert short["days"] == pytest.approx(5.0, rel=1e-12)
    # The option at its level is a call then, bounded by what it leaves to lose.
    option = next(w for w in short["outlook"]["ways"] if w["name"] == "option at its level")
    assert option["worst_frac"] == pytest.approx(-0.1 - option["cost_frac"], abs=1e-9)


def test_a_day_of_larger_hours_counts_half(tmp_path: Path) -> None:
    """Hours of one per cent, then 24 of three: half-life a day, so (1 + 9)/2 of their squares."""
    steps = [0.01 * (-1) ** n for n in range(600)] + [0.03 * (-1) ** n for n in range(24)]
    level = 60_000.0 * np.exp(np.cumsum(steps))
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    pl.DataFrame(
        {
            "ts": [begin + timedelta(hours=n) for n in range(len(steps))],
            "symbol": ["BTCUSDT"] * len(steps),
            "open": [60_000.0, *level[:-1]],
            "high": np.maximum([60_000.0, *level[:-1]], level),
            "low": np.minimum([60_000.0, *level[:-1]], level),
            "close": level,
        }
    ).with_columns(
        pl.col("ts").cast(pl.Datetime("ms", "UTC")), pl.col("symbol").cast(pl.Categorical)
    ).write_parquet(tmp_path / "mark_1h.parquet")
    found = told(tmp_path, "vol-target", "--lognormal", "--marks", ".")
    assert found["vol_frac"] == pytest.approx(sqrt(5e-4 * 8_760.0), rel=1e-9)
    # An hour before the last, at half-lives of a day: one step of the average less.
    before = told(tmp_path, "vol-target", "--lognormal", "--marks", ".", "--marks-until",
                  "2026-01-26T23:00:00Z")  # fmt: skip
    share = 0.5 ** (23.0 / 24.0)
    assert before["vol_frac"] == pytest.approx(
        sqrt((share * 1e-4 + (1.0 - share) * 9e-4) * 8_760.0), rel=1e-9
    )


def test_options_against_a_share_decay_as_their_gamma_says(tmp_path: Path) -> None:
    """Without a rate theta is ``-½ΓF²σ²`` a year of 365 days."""
    recorded(tmp_path / "data")
    found = told(
        tmp_path, "pool", "--price", "80120", "--value", "2000000", "--lower", "60000", "--upper",
        "100000", "--band", "0.05", "--target", "3", "--chains", "data/options", "--coin", "BTC",
        "--at", "2026-02-01T02:30:00Z", "--gamma-max", "0.00005",
    )  # fmt: skip
    delta, gamma = found["options"]["choice"]["asks"]
    bought = gamma["after_figure"] - gamma["before_figure"]
    decay = 0.5 * bought * 80_120.0**2 * 0.6**2 / 365.0
    assert found["options"]["theta_usd_per_day"] == pytest.approx(-decay, rel=1e-6)
    # The band lies about the delta that is wanted.
    assert 2.95 - 1e-6 <= delta["after_figure"] <= 3.05 + 1e-6


def test_greeks_of_a_forward_are_brought_to_the_price_of_the_share(tmp_path: Path) -> None:
    """A forward five per cent above moves by 1.05 for each dollar of the price."""
    recorded(tmp_path / "data")
    F, years, step = 80_120.0, (26.0 + 5.5 / 24.0) / 365.0, 5.0
    found = told(
        tmp_path, "pool", "--price", f"{F / 1.05!r}", "--value", "2000000", "--lower", "60000",
        "--upper", "100000", "--chains", "data/options", "--coin", "BTC", "--at",
        "2026-02-01T02:30:00Z", "--gamma-max", "0.00005", "--band", "0.05",
    )  # fmt: skip
    delta, gamma = (each["before_figure"] for each in found["options"]["choice"]["asks"])
    for trade in found["options"]["choice"]["trades"]:
        quantity = trade["quantity_contracts"]
        if trade["instrument_id"] == "the perpetual":
            delta += quantity
            continue
        *_, strike, right = trade["instrument_id"].split("-")
        down, at, up = (put_usd(F + n * step, float(strike), 0.6, years) for n in (-1, 0, 1))
        delta += quantity * 1.05 * ((up - down) / (2 * step) + (right == "C"))
        gamma += quantity * 1.05**2 * (up - 2 * at + down) / step**2
    after = [each["after_figure"] for each in found["options"]["choice"]["asks"]]
    assert after == [pytest.approx(delta, abs=1e-3), pytest.approx(gamma, abs=1e-7)]


@pytest.mark.slow
@pytest.mark.parametrize(("away", "code"), [(0.09, 0), (0.12, 2)])
def test_a_chain_of_another_price_is_refused(tmp_path: Path, away: float, code: int) -> None:
    recorded(tmp_path / "data")
    price = f"{80_120.0 / (1.0 + away):.2f}"
    answer = hedgerow_here(
        "hedge", "pool", "--price", price, "--value", "2000000", "--chains", "data/options",
        "--coin", "BTC", "--at", "2026-02-01T02:30:00Z", "--gamma-max", "1", cwd=tmp_path,
    )  # fmt: skip
    assert answer.code == code, answer.err


def test_a_put_gains_in_a_fall_what_the_formula_says_and_a_short_what_it_fell() -> None:
    held = OptionsHeld(
        shown=cast("Any", None),
        price_usd=100.0,
        perpetual_coin=-2.0,
        terms=(
            np.array([101.0]), np.array([90.0]), np.array([0.5]), np.array([0.25]),
            np.array([False]),
        ),
        quantity_coin=np.array([3.0]),
    )  # fmt: skip
    moves = np.array([-0.3, 0.0, 0.2])
    now = put_usd(101.0, 90.0, 0.5, 0.25)
    expected = [
        3.0 * (put_usd(101.0 * (1.0 + move), 90.0, 0.5, 0.25) - now) - 2.0 * 100.0 * move
        for move in moves.tolist()
    ]
    assert held.gained_usd(moves) == pytest.approx(expected, abs=1e-9)
