"""Our values and Greeks against a venue's own, over everything recorded of it."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.measure_marks import (
    DELTA_FRAC_MAX,
    MARK_COIN_MAX,
    SNAPSHOT_DELTA_FRAC_MAX,
    SNAPSHOT_MARK_COIN_MAX,
    by_snapshot,
    errors,
    ten_worst,
)
from hedgerow.pricing import OptionColumns, greeks
from hedgerow.units import YEAR_NS, parse_ns


def test_five_months_of_chains(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = errors(shared_data)
    snapshots = by_snapshot(rows)
    worst = ten_worst(snapshots)
    with capsys.disabled():
        print(f"\n{worst}")  # noqa: T201 - the ten worst are part of the answer
    assert len(rows) > 900_000
    assert rows["mark_coin"].is_nan().sum() == rows["delta_frac"].is_nan().sum() == 0
    assert float(np.median(rows["mark_coin"])) <= MARK_COIN_MAX
    assert float(np.median(rows["delta_frac"])) <= DELTA_FRAC_MAX
    assert snapshots["mark_coin"].to_numpy().max() < SNAPSHOT_MARK_COIN_MAX, worst
    assert snapshots["delta_frac"].to_numpy().max() < SNAPSHOT_DELTA_FRAC_MAX, worst


def test_every_greek_of_one_chain(shared_data: Path) -> None:
    """The file carries no time; its README finds 13:49 UTC from the vegas."""
    path = shared_data / "deribit_greeks_20260301" / "btc_chain_full_greeks.parquet"
    chain = pl.read_parquet(path)
    assert len(chain) == 166
    now_ns = parse_ns("2026-03-01T13:49:00Z")
    ours = greeks(
        OptionColumns(
            forward_usd=chain["underlying_price"].to_numpy(),
            strike_usd=chain["strike"].to_numpy(),
            vol_frac=chain["mark_iv"].to_numpy() / 100.0,
            expiry_years=(chain["expiry"].dt.epoch("ns").to_numpy() - now_ns) / YEAR_NS,
            is_call=(chain["type"] == "call").to_numpy(),
        )
    )
    for got, name, tolerance in (
        (ours.delta_forward_frac, "delta", 3e-5),
        (ours.gamma_coin_per_usd, "gamma", 5e-6),
        (ours.vega_usd_per_vol / 100.0, "vega", 0.003),
        (ours.theta_usd_per_year / 365.0, "theta", 0.011),
        (ours.value_usd / chain["underlying_price"].to_numpy(), "mark_price", 8e-5),
    ):
        assert np.abs(got - chain[name].to_numpy()).max() <= tolerance, name
