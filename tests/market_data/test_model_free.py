"""A published model-free index is recomputed from the chain it was published with."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import VarianceStrip, index_volpt, variance_strip


def strip(chain: pl.DataFrame, expiry: str, years: float, rate: float) -> VarianceStrip:
    rows = chain.filter(pl.col("expirationDate") == expiry)
    strikes = np.sort(rows["strikePrice"].unique().to_numpy()).astype(np.float64)

    def mids(right: str) -> np.ndarray:
        side = rows.filter(pl.col("optionType") == right)
        # In dollars by the snapshot's spot, as the publisher did; both sides must be there.
        mid = 0.5 * (side["bestBidPrice"] + side["bestAskPrice"]) * side["spot"]
        known = dict(zip(side["strikePrice"].to_list(), mid.to_list(), strict=True))
        found = [known.get(int(strike)) for strike in strikes]
        return np.array([np.nan if each is None else each for each in found])

    return variance_strip(strikes, mids("call"), mids("put"), years, rate_frac_per_year=rate)


def test_the_published_index_of_ethereum_is_recomputed(shared_data: Path) -> None:
    folder = shared_data / "deribit_eth_mfiv_20211001"
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    chain = pl.read_parquet(folder / "chain.parquet")
    rate = told["riskless_rate"]
    near = strip(chain, told["near_expiry"], told["T1"], rate)
    following = strip(chain, told["next_expiry"], told["T2"], rate)
    assert near.forward_usd == pytest.approx(told["F1"], abs=1e-6)
    assert following.forward_usd == pytest.approx(told["F2"], abs=1e-6)
    assert near.contribution_frac == pytest.approx(told["nearContribution"], rel=1e-9)
    assert following.contribution_frac == pytest.approx(told["nextContribution"], rel=1e-9)
    assert near.variance_frac == pytest.approx(told["nearModSigmaSquared"], rel=1e-9)
    index = index_volpt(
        near, following,
        near_years=told["T1"], following_years=told["T2"], horizon_years=14 / 365,
    )  # fmt: skip
    assert index == pytest.approx(103.6804, abs=0.01)
    assert index == pytest.approx(told["value"], rel=1e-9)
    at = datetime.fromisoformat(told["at"])
    assert at == datetime(2021, 10, 1, 7, 2, 0, 35_000, tzinfo=UTC)


def test_a_strip_without_prices_is_refused() -> None:
    nothing = np.full(3, np.nan)
    with pytest.raises(OutOfDomain, match="forward"):
        variance_strip(np.array([1.0, 2.0, 3.0]), nothing, nothing, 0.1, rate_frac_per_year=0.0)
