"""Hourly health of recorded Aave v2 accounts, revalued between the blocks at which they were read.

Balances and health are those of the last reading before; prices are the last known then. Between
readings health moves with the value of what is held, weighed by the threshold of each token as of
early 2022. Dollar coins without a series of prices stand at a dollar; any other token without one
leaves the hours until the next reading unknown.
"""

from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hedgerow.errors import RecordingRejected
from hedgerow.solvency import Track
from hedgerow.units import YEAR_HOURS

__all__ = ["LoanTrack", "read_loan_tracks"]

_HISTORIES, _CALLS = "aave_v2_account_histories", "aave_v2_liquidations"
_PRICES = "token_usd_prices"
_DOLLARS: Final = frozenset({"USDC", "USDT", "DAI", "GUSD", "TUSD", "BUSD", "SUSD"})
_PAST_HOURS: Final = 168
_HALF_LIFE_HOURS: Final = 24.0
_AGE: Final = timedelta(hours=3)
Floats = NDArray[np.float64]


class LoanTrack(NamedTuple):
    """A track, its hours, and the yearly volatility of its health in each, from the week before."""

    track: Track
    hours: pl.Series
    vol_frac: Floats


def read_loan_tracks(data: Path) -> list[LoanTrack]:
    """Read the accounts, prices and calls of a folder and revalue each account hour by hour.

    Raises
    ------
    RecordingRejected
        If a file is missing.
    """
    accounts = _table(data / _HISTORIES / "accounts.parquet").with_columns(
        pl.col("user").str.to_lowercase()
    )
    tokens = _table(data / _HISTORIES / "token_positions.parquet").with_columns(
        pl.col("user").str.to_lowercase(), pl.col("token").str.to_uppercase()
    )
    calls = _table(data / _CALLS / "liquidation_calls.parquet").with_columns(
        pl.col("user").str.to_lowercase(), pl.col("ts").dt.truncate("1h").alias("hour")
    )
    reserves = _table(data / _CALLS / "reserve_parameters_2022.parquet")
    series = _table(data / _PRICES / "hourly.parquet").with_columns(
        pl.col("symbol").cast(pl.String).str.to_uppercase()
    )
    thresholds = _thresholds(reserves)
    return [
        _track(str(user), accounts, tokens, calls, thresholds, series)
        for user in accounts["user"].unique().sort().to_list()
    ]


def _table(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise RecordingRejected(f"{path}: no such file; name the folder of the recordings")
    return pl.read_parquet(path)


def _thresholds(reserves: pl.DataFrame) -> dict[str, tuple[float, int]]:
    """Give threshold and decimals by token."""
    return {
        str(row["symbol"]).upper(): (float(row["liquidation_threshold_bps"]) / 1e4, row["decimals"])
        for row in reserves.iter_rows(named=True)
    }


def _track(
    user: str,
    accounts: pl.DataFrame,
    tokens: pl.DataFrame,
    calls: pl.DataFrame,
    thresholds_frac: dict[str, tuple[float, int]],
    series: pl.DataFrame,
) -> LoanTrack:
    read = accounts.filter(pl.col("user") == user).sort("ts")
    first, last = read["ts"][0], read["ts"][-1]
    hours = pl.datetime_range(
        first.replace(minute=0, second=0, microsecond=0) - timedelta(hours=_PAST_HOURS),
        last + timedelta(hours=1),
        "1h",
        time_zone="UTC",
        eager=True,
    ).alias("hour")
    held = tokens.filter(
        (pl.col("user") == user) & ((pl.col("collateral_raw") > 0) | (pl.col("debt_raw") > 0))
    )
    prices_usd = {token: _price(series, token, hours) for token in held["token"].unique().to_list()}
    health = np.full(len(hours), np.nan)
    vol = np.full(len(hours), np.nan)
    anchor = np.zeros(len(hours), dtype=np.bool_)
    # A reading counts from the first whole hour after it.
    places = [int(hours.search_sorted(time, side="left")) for time in read["ts"]]
    for row, place in enumerate(places):
        until = places[row + 1] if row + 1 < len(places) else min(place + 1, len(hours))
        now = read.row(row, named=True)
        anchor[place] = True
        health[place] = now["healthFactor"]
        if not 0.0 < now["healthFactor"] < np.inf or until <= place:
            continue
        mine = held.filter(pl.col("block") == now["block"])
        moved = _log_health(mine, prices_usd, thresholds_frac, slice(place - _PAST_HOURS, until))
        if moved is None:
            continue
        # Rounded to two decimals where it is read: up to half a per cent off, either way.
        health[place:until] = now["healthFactor"] * np.exp(moved[_PAST_HOURS:] - moved[_PAST_HOURS])
        vol[place:until] = _vols(moved)[: until - place]
    called = hours.is_in(calls.filter(pl.col("user") == user)["hour"].implode()).to_numpy()
    start = _PAST_HOURS
    return LoanTrack(
        Track(
            user,
            health[start:],
            np.asarray(called[start:], dtype=np.bool_),
            anchor[start:],
            # Without a volatility only a threshold could ring, and nothing could be compared.
            np.isfinite(vol[start:]),
        ),
        hours[start:],
        vol[start:],
    )


def _price(series: pl.DataFrame, token: str, hours: pl.Series) -> Floats | None:
    """Give the last price before each hour, not finite where that is too old; None without any."""
    own = series.filter(pl.col("symbol") == token).select("ts", "usd").sort("ts")
    if own.is_empty():
        return np.ones(len(hours)) if token in _DOLLARS else None
    found = hours.to_frame().join_asof(
        own, left_on="hour", right_on="ts", strategy="backward", tolerance=_AGE
    )
    return found["usd"].fill_null(float("nan")).to_numpy()


def _log_health(
    held: pl.DataFrame,
    prices_usd: dict[str, Floats | None],
    thresholds_frac: dict[str, tuple[float, int]],
    span: slice,
) -> Floats | None:
    """Give how the log of health would move with what is held; None where a token has no price."""
    if span.start < 0:
        return None
    supplied = np.zeros(span.stop - span.start)
    owed = np.zeros(span.stop - span.start)
    for token, supply, debt in held.select("token", "collateral_raw", "debt_raw").iter_rows():
        price = prices_usd[token]
        if price is None or token not in thresholds_frac:
            return None
        threshold, decimals = thresholds_frac[token]
        supplied += supply / 10.0**decimals * threshold * price[span]
        owed += debt / 10.0**decimals * price[span]
    if not (np.isfinite(supplied).all() and (supplied > 0.0).all() and (owed > 0.0).all()):
        return None
    return np.asarray(np.log(supplied / owed), dtype=np.float64)


def _vols(moved_log: Floats) -> Floats:
    """Give the yearly volatility at each hour from the week before it, late hours weighing most."""
    squares = np.diff(moved_log) ** 2
    weights = 0.5 ** (np.arange(_PAST_HOURS)[::-1] / _HALF_LIFE_HOURS)
    weights /= weights.sum()
    windows = np.lib.stride_tricks.sliding_window_view(squares, _PAST_HOURS)
    return np.asarray(np.sqrt(windows @ weights * YEAR_HOURS), dtype=np.float64)
