"""Hold the portfolio margin against what happened: two-day losses it did not cover.

Hourly candles of ``ohlcv_binance`` become daily closes of BTC, ETH and SOL. Every second day the
requirement of some fixed books is asked for with what was known by then: a year of daily returns,
shrunk, blended a fifth towards a crisis in which all fall together, Student's t with four degrees,
and each two-day window of that year. Then two days pass. Windows do not overlap, so that they can
be counted as independent; days beside a hole of the recording are left out.

An exceedance is a loss beyond the requirement. `p_value_frac` is the chance of so many or more, if
each window had one chance in a hundred: a small one says that the requirement is too low. Two sides
are shown: the expected shortfall at 99 %, and the worst of designed and historical moves.
Expected cost: 700 dates of 16 requirements over 500 to 2,400 scenarios, a millisecond each, and
their drawing: half a minute.

Run ``python benchmarks/measure_margin_backtest.py --json``; the recordings lie in
``../shared/data``, or where ``--data`` says. ``--every 10`` looks at each tenth window only.
"""

from __future__ import annotations

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import binom

from hedgerow.errors import Failure
from hedgerow.instruments import LinearPerpetual
from hedgerow.margin.portfolio import PortfolioModel, crowding, legs_of, need
from hedgerow.market import (
    AgeLimits,
    Factor,
    IndexPrice,
    JointScenarios,
    MarketState,
    Quote,
    Snapshot,
    covariance,
    designed,
    drawn,
    historical,
    joined,
    stacked,
    stressed,
)
from hedgerow.portfolio import Account, Position, book
from hedgerow.units import DAY_NS, HOUR_NS

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
COINS = ("BTC", "ETH", "SOL")
LEVEL = 0.99
HORIZON_DAYS = 2
YEAR_DAYS = 365
# Dollars held of each coin.
BOOKS: dict[str, tuple[float, float, float]] = {
    "long BTC": (1e6, 0.0, 0.0),
    "short BTC": (-1e6, 0.0, 0.0),
    "long ETH": (0.0, 1e6, 0.0),
    "long SOL": (0.0, 0.0, 1e6),
    "long all": (1e6, 1e6, 1e6),
    "BTC against ETH": (1e6, -1e6, 0.0),
    "ETH against SOL": (0.0, 1e6, -1e6),
    "BTC against both": (1e6, -5e5, -5e5),
}
_SPOTS = tuple(Factor(kind="spot", name=coin) for coin in COINS)
_STILL = {
    Factor(kind="peg", name="USDT"): 0.0,
    **{Factor(kind="premium", name=coin): 0.0 for coin in COINS},
    **{Factor(kind="funding", name=coin): 0.0 for coin in COINS},
    **{Factor(kind="liquidity", name=coin): 0.0 for coin in COINS},
}


def closes(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Give days since 1970 and closes, shape (days, 3), of days that all three coins have whole."""
    hours = pl.read_parquet(data / "ohlcv_binance" / "spot_1h.parquet").sort("ts")
    days = (
        hours.with_columns(pl.col("ts").dt.date().alias("day"))
        .group_by("symbol", "day", maintain_order=True)
        .agg(pl.col("close").last(), pl.len().alias("count"))
        .filter(pl.col("count") >= 18)
    )
    wide = days.pivot(on="symbol", index="day", values="close").drop_nulls().sort("day")
    at = wide["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    return at, wide.select([f"{coin}USDT" for coin in COINS]).to_numpy()


def scenarios_of(returns: np.ndarray, windows: np.ndarray) -> tuple[JointScenarios, JointScenarios]:
    """Give drawn scenarios, and designed ones with those of history, from what was known."""
    measured = covariance(returns, _SPOTS, period_days=1.0, decay_frac=0.97)
    calm = joined(stressed(measured, np.ones((3, 3)), 0.2), _STILL, {})
    # One stream for every date: a requirement moves with the market, not with luck.
    rng = np.random.Generator(np.random.Philox(20_260_201))
    chance = drawn(calm, horizon_days=HORIZON_DAYS, count=2_000, rng=rng, degrees_count=4)
    still = np.zeros((len(windows), len(_STILL)))
    past = historical(
        np.hstack([windows, still]),
        calm.factors,
        periods_count=1,
        labels=[str(i) for i in range(len(windows))],
    )
    drawn_and_past = stacked(chance, past)
    return drawn_and_past, stacked(designed(calm, horizon_days=HORIZON_DAYS), past)


def market_of(day: int, prices: np.ndarray) -> Snapshot:
    """Make a market in which each perpetual stands at its coin's price."""
    time_ns = int(day) * DAY_NS
    state = MarketState(ages=AgeLimits(), movers={}, dollars_usd={"USDT": Decimal(1)})
    for coin, price in zip(COINS, prices, strict=True):
        mark = Decimal(repr(float(price)))
        state.apply(IndexPrice(time_ns=time_ns, underlying=coin, price_usd=mark))
        state.apply(Quote(time_ns=time_ns, instrument_id=coin, price_mark_usd=mark))
    return state.freeze(time_ns)


def required_usd(
    dollars: tuple[float, ...],
    prices: np.ndarray,
    market: Snapshot,
    scenarios: JointScenarios,
    basis: str,
) -> float:
    """Ask for the requirement of one book of perpetuals."""
    terms = {
        coin: LinearPerpetual(
            instrument_id=coin,
            underlying=coin,
            settlement="USDT",
            multiplier_coin_per_contract=Decimal(1),
            tick_usd=Decimal("0.01"),
            lot_contracts=Decimal("0.001"),
            funding_interval_ns=8 * HOUR_NS,
        )
        for coin in COINS
    }
    held = Account(
        account_id="book",
        venue="none",
        currency="USDT",
        rulebook=None,
        positions=tuple(
            Position(
                instrument_id=coin,
                quantity_contracts=Decimal(repr(float(much / price))),
                price_entry_ccy=Decimal(repr(float(price))),
            )
            for coin, much, price in zip(COINS, dollars, prices, strict=True)
            if much
        ),
        balances=(),
        time_observed_ns=market.time_ns,
    )
    # Nothing but the scan: contingencies come on top, and would flatter the count.
    model = PortfolioModel(
        name="hedgerow/back-test",
        basis="shortfall" if basis == "shortfall" else "worst",
        level_frac=LEVEL,
        horizon_days=float(HORIZON_DAYS),
        volume_coin_per_day=dict.fromkeys(COINS, 1e12),
        concentration_frac=0.0,
        short_option_frac=0.0,
        roll_frac_min=0.0,
        roll_frac_per_year=0.0,
    )
    legs = legs_of(book([held], terms), market, scenarios, model)
    assert not isinstance(legs, Failure), legs
    crowd = crowding(legs, scenarios, model)
    asked = need(legs, crowd, scenarios, model, time_ns=market.time_ns)
    return float(asked.maintenance_usd)


def measure(data: Path, *, every: int = 1) -> list[dict[str, object]]:
    """Count, for every book and both figures."""
    days, prices = closes(data)
    logs = np.log(prices)
    follows = np.diff(days) == 1
    tallies = {
        (name, basis): [0, 0, 0.0, 0.0] for name in BOOKS for basis in ("shortfall", "worst")
    }
    dates = [
        at
        for at in range(YEAR_DAYS, len(days) - HORIZON_DAYS, HORIZON_DAYS)
        if follows[at : at + HORIZON_DAYS].all()
    ][::every]
    for at in dates:
        known = follows[at - YEAR_DAYS : at]
        steps = np.diff(logs[at - YEAR_DAYS : at + 1], axis=0)
        pairs = known[1:] & known[:-1]
        windows = (steps[1:] + steps[:-1])[pairs]
        sets = dict(zip(("shortfall", "worst"), scenarios_of(steps[known], windows), strict=True))
        market = market_of(int(days[at]), prices[at])
        change = prices[at + HORIZON_DAYS] / prices[at] - 1.0
        for name, dollars in BOOKS.items():
            lost = -float(np.dot(dollars, change))
            for basis, scenarios in sets.items():
                asked = required_usd(dollars, prices[at], market, scenarios, basis)
                tally = tallies[name, basis]
                tally[0] += 1
                tally[1] += lost > asked
                tally[2] += asked / float(np.abs(dollars).sum())
                tally[3] = max(tally[3], lost / asked)
    return [
        {
            "book": name,
            "basis": basis,
            "windows_count": int(count),
            "exceedances_count": int(beyond),
            "p_value_frac": float(binom.sf(beyond - 1, count, 1.0 - LEVEL)),
            "requirement_mean_frac": round(asked / count, 4),
            "loss_over_requirement_max_frac": round(worst, 3),
        }
        for (name, basis), (count, beyond, asked, worst) in tallies.items()
    ]


def _result(row: dict[str, object]) -> dict[str, object]:
    """Give one row as every measuring program does."""
    return {
        "name": f"{row['book']}_{row['basis']}_p_value_frac".replace(" ", "_"),
        "value": row["p_value_frac"],
        "unit": "1",
        "better": "higher",
        "bar": 0.01,
        "note": f"{row['exceedances_count']} of {row['windows_count']} two-day losses beyond the "
        f"requirement of {row['requirement_mean_frac']} of gross, the largest "
        f"{row['loss_over_requirement_max_frac']} times it",
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recordings")
    parser.add_argument("--every", type=int, default=1, help="look at each so many-th window")
    chosen = parser.parse_args()
    rows = measure(chosen.data, every=chosen.every)
    if chosen.json:
        print(json.dumps({"results": [_result(row) for row in rows]}))
    else:
        for row in rows:
            print(
                f"{row['book']:<18} {row['basis']:<10} {row['exceedances_count']:>3} of "
                f"{row['windows_count']} beyond, p {row['p_value_frac']:.3f}, asks "
                f"{row['requirement_mean_frac']:.3f} of gross, worst "
                f"{row['loss_over_requirement_max_frac']:.2f} of it"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
