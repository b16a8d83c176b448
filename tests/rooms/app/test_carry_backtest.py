"""``hedgerow hedge backtest-carry``: closed forms of holdings, payments and liquidation."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.rooms.app.made import Answer, hedgerow_here
from tests.rooms.app.recorded_rates import HOUR, desk_like, recorded_rates

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "carry_btc_2020.toml"
START = datetime(2020, 1, 10, tzinfo=UTC)
EARLIER_HOURS = 9 * 24
HOLD_DAYS = 5
PRICE_USD = 20_000.0
COINS = 50.0  # a million dollars of it
RATE = 0.0001
FEE = 0.0005  # of the venue's takers
# Three settlements a day; that of the start fell due before the short was sold.
PAYMENTS = 3 * HOLD_DAYS


def world(
    folder: Path,
    *,
    holdings_count: int = 2,
    price_usd: Any = lambda hour: PRICE_USD,
    funding_frac: Any = lambda hour: RATE,
    hole: tuple[int, int] | None = None,
    changes: tuple[tuple[str, str], ...] = (),
) -> list[str]:
    """Write desk and recordings; functions get hours after the start, a hole is of such hours."""
    data = recorded_rates(
        folder / "data",
        coin="BTC",
        start=START - EARLIER_HOURS * HOUR,
        hours_count=EARLIER_HOURS + 24 * HOLD_DAYS * holdings_count,
        # An hour's close is known an hour later.
        price_usd=lambda hour: price_usd(hour + 1 - EARLIER_HOURS),
        funding_frac=lambda hour: funding_frac(hour - EARLIER_HOURS),
    )
    if hole is not None:
        first, last = (START + at * HOUR for at in hole)
        path = data / "ohlcv_binance" / "spot_1h.parquet"
        pl.read_parquet(path).filter(~pl.col("ts").is_between(first, last)).write_parquet(path)
    end = START + timedelta(days=HOLD_DAYS * holdings_count)
    desk = desk_like(
        EXAMPLE, folder, ('end = "2026-04-30T00:00:00Z"', f'end = "{end:%Y-%m-%dT%H:%M:%SZ}"'),
        *changes,
    )  # fmt: skip
    return [str(desk), "--data", str(data)]


def ask(words: list[str], *more: str) -> Answer:
    flags = ("--hold", f"{HOLD_DAYS}d", *more)
    return hedgerow_here("hedge", "backtest-carry", *words, *flags, cwd=Path(words[0]).parent)


def told(words: list[str], *more: str) -> Any:
    return ask(words, *more, "--json").json()["policies"]


@pytest.mark.slow
def test_constant_funding_gives_exactly_as_many_payments(tmp_path: Path) -> None:
    words = world(tmp_path)
    flags = ("--policy", "held", "--borrow", "5%", "--margin-cost", "4%", "--spot-cost", "0.1%")
    held = told(words, *flags)["held"]
    assert len(held["holdings"]) == 2
    for each in held["holdings"]:
        assert each["quantity_coin"] == COINS
        assert each["funding_usd"] == pytest.approx(PAYMENTS * COINS * PRICE_USD * RATE)
        # Sold at the start and bought back at the end, at a price that never moved.
        spent = each["fees_usd"] + each["spread_usd"]
        assert each["fees_usd"] == pytest.approx(2 * FEE * COINS * PRICE_USD, rel=1e-3)
        assert each["profit_usd"] == pytest.approx(each["funding_usd"] - spent, abs=0.01)
        assert each["spot_cost_usd"] == pytest.approx(2 * 0.001 * 1e6)
        assert each["borrow_usd"] == pytest.approx(0.05 * 1e6 * HOLD_DAYS / 365)
        assert each["margin_cost_usd"] == pytest.approx(0.04 * 1e6 / 3 * HOLD_DAYS / 365)
        off = each["spot_cost_usd"] + each["borrow_usd"] + each["margin_cost_usd"]
        assert each["net_usd"] == pytest.approx(each["profit_usd"] - off)
        assert each["net_frac_per_year"] == pytest.approx(each["net_usd"] / 1e6 * 365 / HOLD_DAYS)
    # Two holdings say nothing of others.
    net = held["outcome"]["net_frac_per_year"]
    assert net["at_figure"] == pytest.approx(held["holdings"][0]["net_frac_per_year"])
    assert (net["low_figure"], net["high_figure"]) == (None, None)
    assert held["hedge_coin"]["BTC"][-1] == 0.0
    for method in ("full", "taylor"):
        assert held["unexplained"][method]["all"]["unexplained_usd"] < 0.01


@pytest.mark.slow
def test_the_short_leg_is_liquidated_where_its_requirement_is_all_there_is(
    tmp_path: Path,
) -> None:
    """Margin of a third; each part of its size needs what the bracket asks that it lies in."""
    margin, size = 1e6 / 3, COINS

    def breaks_at(price: float) -> bool:
        equity = margin - size * (price - PRICE_USD) - FEE * size * PRICE_USD
        tiers = ((0, 0.004), (5e4, 0.005), (2.5e5, 0.01), (1e6, 0.025), (1e99, 0.0))
        worth = size * price
        need = sum(
            rate * max(min(worth, above) - floor, 0.0)
            for (floor, rate), (above, _) in pairwise(tiers)
        )
        return equity < need

    price = next(at for at in range(20_000, 40_000, 25) if breaks_at(at))
    found = {}
    for name, top in (("safe", price - 50), ("gone", price + 50)):
        (tmp_path / name).mkdir()
        words = world(
            tmp_path / name,
            holdings_count=1,
            price_usd=lambda hour, top=top: PRICE_USD if hour < 30 else float(top),
            funding_frac=lambda hour: 0.0,
        )
        found[name] = told(words, "--policy", "held")["held"]
    assert found["safe"]["liquidations"] == []
    (call,) = found["gone"]["liquidations"]
    at_ns = round((START + 30 * HOUR).timestamp()) * 10**9
    assert call["time_ns"] == at_ns
    # It is left at the next look, every four hours.
    (holding,) = found["gone"]["holdings"]
    assert holding["left_ns"] == at_ns + 2 * 3_600 * 10**9
    assert found["gone"]["outcome"]["liquidated_count"] == 1
    # At bankruptcy all of the margin is gone, and all of it spot's gain.
    gain = COINS * (price + 50 - PRICE_USD)
    assert holding["profit_usd"] == pytest.approx(gain - margin, rel=1e-3)


@pytest.mark.slow
def test_a_refilled_short_survives_and_nothing_on_its_way_is_unexplained(tmp_path: Path) -> None:
    """Forty per cent up in two days, money six hours away and a night between two steps."""
    words = world(
        tmp_path,
        holdings_count=1,
        price_usd=lambda hour: PRICE_USD * (1 + 0.4 * min(max(hour - 20, 0), 48) / 48),
    )
    found = told(words, "--policy", "held", "--policy", "buffered")
    assert found["held"]["outcome"]["liquidated_count"] == 1
    buffered = found["buffered"]
    assert buffered["liquidations"] == []
    assert buffered["outcome"]["refills_count"] >= 1
    for method in ("full", "taylor"):
        assert buffered["unexplained"][method]["all"]["unexplained_usd"] < 0.01
    # What the short lost spot gained: funding is left, less fees, spread and five dollars a way.
    (holding,) = buffered["holdings"]
    spent = holding["fees_usd"] + holding["spread_usd"]
    assert holding["profit_usd"] == pytest.approx(holding["funding_usd"] - spent, abs=30.0)


@pytest.mark.slow
def test_who_leaves_when_unpaid_pays_no_more_than_a_week_takes_to_turn(tmp_path: Path) -> None:
    """Seven days of +1 are outweighed once eight of their 21 settlements are of -2."""
    words = world(tmp_path, funding_frac=lambda hour: RATE if hour <= 0 else -2 * RATE)
    found = told(words, "--policy", "held", "--policy", "unpaid", "--against", "held")
    assert found["held"]["holdings"][0]["funding_usd"] == pytest.approx(-PAYMENTS * 2 * 1e6 * RATE)
    first, second = found["unpaid"]["holdings"]
    # 21 - n of +1 and n of -2 add up to less than nothing from n = 8 on, 64 hours after the start.
    assert first["left_ns"] == round((START + 64 * HOUR).timestamp()) * 10**9
    assert first["funding_usd"] == pytest.approx(-8 * 2 * 1e6 * RATE)
    assert second["left_ns"] == second["start_ns"]
    assert second["profit_usd"] == second["spot_cost_usd"] == 0.0
    outcome = found["unpaid"]["outcome"]
    assert (outcome["left_count"], outcome["never_count"]) == (2, 1)
    assert outcome["ahead_frac_per_year"]["at_figure"] > 0.0


def test_a_stop_leaves_before_the_venue_acts(tmp_path: Path) -> None:
    words = world(
        tmp_path,
        holdings_count=1,
        price_usd=lambda hour: PRICE_USD * (1 + 0.4 * min(max(hour - 20, 0), 48) / 48),
    )
    found = told(words, "--policy", "stopped", "--stop-use", "20%")["stopped"]
    assert found["liquidations"] == []
    (holding,) = found["holdings"]
    assert holding["start_ns"] < holding["left_ns"] < holding["end_ns"]
    near = next(each for each in found["nearest"] if each["account_id"] == "perp")
    # Bought back at the first look beyond the stop: the one before it was the nearest.
    assert 0.1 < near["use_frac"] < 0.2
    assert near["time_ns"] < holding["left_ns"]
    assert found["hedge_coin"]["BTC"][-1] == 0.0
    assert sum(each["profit_usd"] for each in found["steps"]) == pytest.approx(
        holding["profit_usd"]
    )


def test_a_holding_over_a_hole_is_left_out_and_named(tmp_path: Path) -> None:
    words = world(tmp_path, holdings_count=3, hole=(24 * HOLD_DAYS + 20, 24 * HOLD_DAYS + 40))
    answer = ask(words, "--policy", "spot", "--out", str(tmp_path / "out"))
    assert answer.code == 0, answer.err
    assert "2020-01-15T00:00:00Z is left out" in answer.out
    assert "2 holdings of 5d" in answer.out
    rows = pl.read_parquet(tmp_path / "out" / "holdings.parquet")
    assert rows["start_ns"].to_list() == [
        round((START + timedelta(days=each)).timestamp()) * 10**9 for each in (0, 2 * HOLD_DAYS)
    ]


@pytest.mark.parametrize(
    ("flags", "changes", "said"),
    [
        (("--policy", "hope"), (), "--policy hope: there are spot, held"),
        (("--policy", "held", "--against", "spot"), (), "--against spot: is not followed"),
        (("--every", "7h"), (), "must be whole steps"),
        (("--notional", "10"), (), "buy less than one lot"),
        ((), (("BTC = \"10\", ", ""),), "0 accounts without a rulebook hold BTC"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, flags: tuple[str, ...], changes: tuple[tuple[str, str], ...], said: str
) -> None:
    answer = ask(world(tmp_path, holdings_count=1, changes=changes), *flags)
    assert answer.code == 2
    assert said in answer.err


@pytest.mark.slow
def test_the_winter_of_2020_liquidates_a_short_of_three_times_its_margin(
    shared_data: Path,
) -> None:
    """Bitcoin rose from 13,800 to 47,000 USD in four months; rates as the venue settled them."""
    window = ("--from", "2020-11-01T00:00:00Z", "--to", "2020-12-31T00:00:00Z", "--hold", "30d")
    flags = (*window, "--policy", "spot", "--policy", "held", "--json")
    words = [str(EXAMPLE), "--data", str(shared_data)]
    told = hedgerow_here("hedge", "backtest-carry", *words, *flags, cwd=EXAMPLE.parent).json()
    spot, held = told["policies"]["spot"], told["policies"]["held"]
    assert held["outcome"]["liquidated_count"] == 2
    for holding in spot["holdings"]:
        at = [holding["start_ns"], holding["end_ns"]]
        first, last = (_close_usd(shared_data, time_ns) for time_ns in at)
        assert holding["profit_usd"] == pytest.approx(holding["quantity_coin"] * (last - first))
    for each in (spot, held):
        assert each["unexplained"]["full"]["all"]["unexplained_frac"] < 0.01
        assert each["unexplained"]["taylor"]["all"]["unexplained_frac"] < 0.02


def _close_usd(data: Path, time_ns: int) -> float:
    """Read the close that is known at a time out of the recording itself."""
    opened = datetime.fromtimestamp(time_ns / 1e9, tz=UTC) - HOUR
    rows = pl.read_parquet(data / "ohlcv_binance" / "spot_1h.parquet").filter(
        pl.col("symbol") == "BTCUSDT", pl.col("ts") == opened
    )
    return float(rows["close"][0])


@pytest.mark.slow
def test_recorded_perpetuals_bring_their_basis(shared_data: Path, tmp_path: Path) -> None:
    """Through the crash of 2025-10-10, by candles of a quarter of an hour."""
    desk = desk_like(
        EXAMPLE,
        tmp_path,
        ('spot = "ohlcv_binance"', 'spot = "ohlcv_binance"\nperpetuals = "perp_binance"'),
        ('perpetuals_at_spot = ["BTCUSDT-PERP"]\n', ""),
    )
    window = ("--from", "2025-10-01T00:00:00Z", "--to", "2025-10-16T00:00:00Z", "--hold", "15d")
    words = [str(desk), "--data", str(shared_data), *window, "--policy", "held"]
    out = tmp_path / "out"
    flags = ("--json", "--out", str(out))
    told = hedgerow_here("hedge", "backtest-carry", *words, *flags, cwd=tmp_path)
    held = json.loads(told.out)["policies"]["held"]
    (holding,) = held["holdings"]
    assert held["liquidations"] == []
    assert held["unexplained"]["full"]["all"]["unexplained_frac"] < 0.01
    assert held["unexplained"]["taylor"]["all"]["unexplained_frac"] < 0.02
    steps = pl.read_parquet(out / "steps.parquet")
    # By the sheet: what is left of a carry is funding and the change of the basis, less costs.
    basis_usd = sum(steps["full_basis_usd"].to_list() + steps["full_trades_usd"].to_list())
    assert abs(basis_usd) > 1.0
    spent = holding["fees_usd"] + holding["spread_usd"]
    assert abs(holding["profit_usd"] - holding["funding_usd"] + spent) < 2_000.0
