"""Every recorded quote is settled by the compiled loop; none is left to the slow path."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hedgerow.pricing import ImpliedReason
from hedgerow.pricing.implied_reference import implied_by_numpy
from hedgerow.pricing.kernels import implied
from hedgerow.units import YEAR_NS


@pytest.mark.parametrize("column", ["bid_price", "ask_price", "mark_price"])
def test_five_months_of_quotes_are_settled_by_the_kernel(shared_data: Path, column: str) -> None:
    chain = pl.concat(
        pl.read_parquet(
            path, columns=["ts", "expiry", "strike", "cp", "underlying_price", column]
        ).with_columns(pl.col("cp").cast(pl.String))
        for path in sorted((shared_data / "deribit_options_2026").glob("chain_*.parquet"))
    )
    F = chain["underlying_price"].to_numpy().astype(np.float64)
    K = chain["strike"].to_numpy().astype(np.float64)
    T = (chain["expiry"].dt.epoch("ns") - chain["ts"].dt.epoch("ns")).to_numpy() / YEAR_NS
    P = chain[column].to_numpy() * F
    call = (chain["cp"] == "C").to_numpy()
    vol, reason = np.empty(len(P)), np.empty(len(P), dtype=np.int8)
    implied.vols(P, F, K, T, call, vol, reason)
    assert len(P) > 900_000
    assert (reason == ImpliedReason.OK).sum() > 600_000
    assert (reason != implied.UNSETTLED).all()
    some = np.random.default_rng(5).choice(len(P), 5_000, replace=False)
    readable, codes = implied_by_numpy(P[some], F[some], K[some], T[some], call[some])
    assert (codes == reason[some]).all()
    np.testing.assert_allclose(vol[some], readable, rtol=1e-14)
