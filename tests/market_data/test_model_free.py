"""A published model-free index is recomputed from the chain it was published with."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


STRIKES = np.array([80.0, 90.0, 100.0, 110.0, 120.0])
CALLS = np.array([20.5, 11.5, 4.0, 1.2, 0.3])
PUTS = np.array([0.3, 1.1, 4.0, 11.3, 20.2])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"strike_usd": STRIKES[::-1]}, "strike_usd must rise, row 1 was 110.0 after 120.0"),
        ({"strike_usd": np.full(5, 100.0)}, "strike_usd must rise"),
        ({"strike_usd": np.array([0.0, 90.0, 100.0, 110.0, 120.0])}, "strike_usd must be finite"),
        ({"call_usd": CALLS[:4]}, r"call_usd has shape \(4,\)"),
        ({"call_usd": np.full(5, np.inf)}, "call_usd must be finite"),
        ({"put_usd": -PUTS}, "put_usd must be finite and from 0"),
        ({"expiry_years": 0.0}, "expiry_years must be finite"),
        ({"expiry_years": float("nan")}, "expiry_years must be finite"),
        ({"rate_frac_per_year": float("nan")}, "rate_frac_per_year must be finite"),
        ({"rate_frac_per_year": 1e5}, "rate_frac_per_year times years must be within"),
    ],
)
def test_a_strip_that_cannot_be_is_refused(change: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {
        "strike_usd": STRIKES,
        "call_usd": CALLS,
        "put_usd": PUTS,
        "expiry_years": 0.1,
        "rate_frac_per_year": 0.0,
    }
    assert variance_strip(**given).strikes_count == 5
    with pytest.raises(OutOfDomain, match=said):
        variance_strip(**given | change)


@pytest.mark.parametrize("horizon", [0.0, -0.1, float("nan"), 0.2])
def test_where_there_is_no_variance_there_is_no_index(horizon: float) -> None:
    near = VarianceStrip(100.0, 100.0, 0.1, 0.05, 5)
    following = VarianceStrip(100.0, 100.0, 0.1, 0.01, 5)
    with pytest.raises(OutOfDomain, match=r"horizon_years must|total variance at 0.2 years"):
        index_volpt(near, following, near_years=0.02, following_years=0.1, horizon_years=horizon)
    unknown = VarianceStrip(100.0, 100.0, 0.1, float("nan"), 5)
    with pytest.raises(OutOfDomain, match="total variance"):
        index_volpt(near, unknown, near_years=0.02, following_years=0.1, horizon_years=0.05)
