"""Rescue before breach: closed form, draws, and history; slower is never safer."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.solvency import (
    Moves,
    Regime,
    breach_frac,
    rescue_odds,
    rescue_odds_drawn,
    rescue_odds_recorded,
    transit_s,
)
from tests.golden.read import numbers
from tests.rooms.solvency.reaction.route_book import fixed, generator, packaged, slower

YEAR_S = 31_536_000.0
CALM = Regime(volatility="calm", fee_quintile_index=1)
WILD = Regime(volatility="wild", fee_quintile_index=5)
INF = float("inf")


@pytest.mark.parametrize("row", [0, 1])
def test_first_passage_as_published(row: int) -> None:
    want = {key: value for key, value in numbers("first_passage")[row].items()}
    s, b, mu, sigma, t = (float(want[key]) for key in ("S", "B", "mu", "sigma", "T"))
    side = 1.0 if b < s else -1.0
    found = breach_frac(
        side * math.log(s / b), sigma, t * YEAR_S, drift_log_per_year=side * (mu - sigma**2 / 2)
    )
    assert float(found) == pytest.approx(float(want["probability"]), rel=1e-12)


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize("leverage", [5, 10, 20])
def test_perpetuals_of_a_week(side: str, leverage: int) -> None:
    want = numbers("liquidation_probability_7d_sigma60")
    sign = 1.0 if side == "long" else -1.0
    rate = float(want["mmr"])
    price = (1 - sign / leverage) / (1 - sign * rate)
    found = breach_frac(
        sign * -math.log(price), 0.6, 7 * 86_400.0, drift_log_per_year=sign * -(0.6**2) / 2
    )
    assert float(found) == pytest.approx(float(want[side][str(leverage)]), rel=1e-9)


def test_edges_of_the_closed_form() -> None:
    assert float(breach_frac(0.0, 0.6, 0.0)) == 1.0
    assert float(breach_frac(0.1, 0.6, 0.0)) == 0.0
    assert float(breach_frac(0.1, 0.6, INF)) == 1.0
    # P(ever) = exp(-2 ν x / σ²) where the drift leads away.
    assert float(breach_frac(0.1, 0.6, INF, drift_log_per_year=0.9)) == pytest.approx(
        math.exp(-2 * 0.9 * 0.1 / 0.36)
    )
    assert float(breach_frac(0.1, 0.0, YEAR_S, drift_log_per_year=-0.2)) == 1.0
    assert float(breach_frac(0.1, 0.0, YEAR_S, drift_log_per_year=-0.05)) == 0.0
    assert float(breach_frac(0.1, 0.01, YEAR_S, drift_log_per_year=-50.0)) == 1.0


@given(
    distance=st.floats(0.0, 2.0),
    vol=st.floats(0.0, 3.0),
    sooner=st.floats(0.0, 1e7),
    more=st.floats(0.0, 1e7),
    further=st.floats(0.0, 1.0),
)
def test_latency_never_helps_and_distance_never_hurts(
    distance: float, vol: float, sooner: float, more: float, further: float
) -> None:
    soon = rescue_odds(distance, vol, sooner)
    assert rescue_odds(distance, vol, sooner + more) <= soon + 1e-12
    assert rescue_odds(distance + further, vol, sooner) >= soon - 1e-12
    assert 0.0 <= soon <= 1.0


def test_drawn_times_average_the_closed_form() -> None:
    found = rescue_odds_drawn(0.02, 0.8, np.array([60.0, 3600.0, INF, INF]))
    want = (rescue_odds(0.02, 0.8, 60.0) + rescue_odds(0.02, 0.8, 3600.0)) / 4
    assert found.arrives_frac == pytest.approx(want, rel=1e-12)
    # Nothing is certain of a rescue that never arrives, not even in a market that stands still.
    assert rescue_odds_drawn(0.5, 0.0, np.array([1.0, INF])).arrives_frac == 0.5


def test_drawn_odds_are_those_of_paths() -> None:
    """Times and paths drawn step by step, with the crossing between steps by the bridge."""
    book = packaged()
    route = book.route("ethereum-to-exchange")
    times = transit_s(book, route, WILD, count=4_000, rng=generator(21))
    found = rescue_odds_drawn(0.015, 1.0, times)
    rng = generator(22)
    steps = 400
    dt = np.where(np.isinf(times), 1.0, times) / steps / YEAR_S
    x = np.full(4_000, 0.015)
    lives = np.ones(4_000)
    for _ in range(steps):
        after = x + np.sqrt(dt) * rng.standard_normal(4_000)
        crossing = np.exp(-2.0 * np.maximum(x, 0.0) * np.maximum(after, 0.0) / dt)
        lives *= np.where((x > 0) & (after > 0), 1.0 - crossing, 0.0)
        x = after
    lives[np.isinf(times)] = 0.0
    spread = lives.std() / 4_000**0.5
    assert found.arrives_frac == pytest.approx(lives.mean(), abs=4 * (spread + found.error_frac))


def _history(seed: int, count: int = 20_000, *, clusters: bool = False) -> Moves:
    rng = generator(seed)
    sigma = np.full(count, 0.001)
    if clusters:  # every hundred minutes of ten times the usual spread
        sigma[np.arange(count) % 1000 < 100] = 0.01
    close = sigma * rng.standard_normal(count)
    worst = np.minimum(close, 0.0)
    return Moves(close, worst, 60.0)


def _recorded(
    moves: Moves, *, distance: float = 0.008, times_s: float = 1800.0, link: float = 0.5
) -> float:
    book = msgspec.structs.replace(packaged(), volatility_correlation_frac=link)
    return rescue_odds_recorded(
        distance, 0.8, moves, book, fixed(times_s), CALM,
        horizon_s=7200.0, count=8_000, rng=generator(31),
    ).arrives_frac  # fmt: skip


def test_a_recorded_random_walk_gives_the_closed_form() -> None:
    # Watched once a minute and not all along, which moves the barrier by 0.5826 σ √Δt
    # (Broadie, Glasserman, Kou 1997).
    shift = 0.5826 * 0.8 * (60.0 / YEAR_S) ** 0.5
    found = _recorded(_history(41, 200_000))
    assert found == pytest.approx(rescue_odds(0.008 + shift, 0.8, 1800.0), abs=0.02)


def test_lows_of_a_period_are_looked_at() -> None:
    moves = _history(42)
    dips = Moves(moves.close_log, np.minimum(moves.close_log, 0.0) - 0.001, 60.0)
    assert _recorded(dips) < _recorded(moves) - 0.02


def test_a_rescue_after_the_horizon_is_late() -> None:
    assert _recorded(_history(43), distance=5.0, times_s=7_200.0) == 1.0
    assert _recorded(_history(43), distance=5.0, times_s=7_201.0) == 0.0


def test_a_breach_now_is_not_rescued() -> None:
    assert _recorded(_history(43), distance=0.0, times_s=60.0) == 0.0


def test_late_when_it_matters_is_worse_than_late_at_random() -> None:
    moves = _history(44, 60_000, clusters=True)
    book = packaged()
    route = msgspec.structs.replace(book.route("ethereum-same-chain"), fails_frac={"any": 0.0})

    def odds(link: float) -> tuple[float, float]:
        linked = msgspec.structs.replace(
            book, volatility_correlation_frac=link, stages_correlation_frac=1.0
        )
        found = rescue_odds_recorded(
            0.012, 1.0, moves, linked, slower(route, 20.0), WILD,
            horizon_s=6_000.0, count=20_000, rng=generator(45),
        )  # fmt: skip
        return found.arrives_frac, found.error_frac

    (alone, error), (linked, _) = odds(0.0), odds(1.0)
    assert linked < alone - 5 * error


@pytest.mark.slow
@given(factor=st.floats(1.0, 50.0), further=st.floats(0.0, 0.05), seed=st.integers(0, 20))
def test_slower_routes_never_succeed_more_often_in_history(
    factor: float, further: float, seed: int
) -> None:
    moves, book = _history(46, 5_000), packaged()
    route = book.route("ethereum-same-chain")

    def odds(distance: float, each: float) -> float:
        return rescue_odds_recorded(
            distance, 0.9, moves, book, slower(route, each), WILD,
            horizon_s=3_600.0, count=200, rng=generator(seed),
        ).arrives_frac  # fmt: skip

    assert odds(0.01, factor) <= odds(0.01, 1.0) <= odds(0.01 + further, 1.0)


def test_too_little_history_is_said() -> None:
    with pytest.raises(OutOfDomain, match=r"2 separate stretches of 7200 s, fewer than 20"):
        _recorded(_history(47, 300))


@pytest.mark.parametrize(
    ("close", "worst"),
    [
        ([0.1, 0.1], [0.1, 0.1]),
        ([0.1, -0.1], [0.0, 0.0]),
        ([0.1, float("nan")], [0.0, -1.0]),
        ([0.1], [0.0]),
    ],
)
def test_moves_that_cannot_be_are_refused(close: list[float], worst: list[float]) -> None:
    with pytest.raises(OutOfDomain):
        Moves(np.array(close), np.array(worst), 60.0)


def test_a_price_that_never_moved_is_refused() -> None:
    still = Moves(np.zeros(5_000), np.zeros(5_000), 60.0)
    with pytest.raises(OutOfDomain, match="never moved"):
        _recorded(still)


def test_the_edges_of_what_may_be_asked() -> None:
    # Two periods are a history; a fall to just nothing at a still price is a breach.
    assert Moves(np.array([0.1, -0.1]), np.array([0.0, -0.1]), 60.0).vol_frac > 0.0
    assert float(breach_frac(0.25, 0.0, YEAR_S, drift_log_per_year=-0.25)) == 1.0
    for vol, distance in ((INF, 0.1), (0.5, INF), (0.5, -0.1)):
        with pytest.raises(OutOfDomain):
            breach_frac(distance, vol, 1.0)
    with pytest.raises(OutOfDomain, match="count"):
        rescue_odds_recorded(
            0.1, 0.8, _history(43), packaged(), fixed(60.0), CALM,
            horizon_s=60.0, count=0, rng=generator(1),
        )  # fmt: skip
    with pytest.raises(OutOfDomain, match="one time"):
        rescue_odds_drawn(0.1, 0.8, np.array([]))
    for bad in (-1.0, float("nan")):
        with pytest.raises(OutOfDomain, match="distance_log"):
            rescue_odds(bad, 0.8, INF)
    assert rescue_odds(0.5, 0.0, INF) == 0.0
    with pytest.raises(OutOfDomain, match="times"):
        breach_frac(0.1, 0.8, -1.0)
    with pytest.raises(OutOfDomain, match="period_s"):
        Moves(np.array([0.1, -0.1]), np.array([0.0, -0.1]), 0.0)
