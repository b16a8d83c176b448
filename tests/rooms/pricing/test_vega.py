"""Vega alone, as the widths of quotes ask for it, is that of the precise sheet."""

from typing import Any

import numpy as np
import pytest

from hedgerow.pricing.black76 import vega_usd_per_vol
from tests.golden.read import numbers

ROWS: list[dict[str, Any]] = numbers("black_scholes_high_precision")


def column(name: str) -> Any:
    return np.array([float(row[name]) for row in ROWS])


def test_vega_is_that_of_forty_digits() -> None:
    """An option on spot at S is one on the forward S e^(bT), discounted by e^(-rT)."""
    years, rate = column("T"), column("r")
    forward = column("S") * np.exp(column("b") * years)
    got = np.exp(-rate * years) * vega_usd_per_vol(forward, column("K"), column("sigma"), years)
    want = np.array([float(row["expect"]["vega"]) for row in ROWS])
    assert want.max() > 1.0
    assert got == pytest.approx(want, rel=1e-11, abs=1e-14)


def test_vega_is_broadcast_over_cells() -> None:
    """At the strike and without drift it is F √T n(σ√T / 2); n(0.05) from Abramowitz and Stegun."""
    vols = np.array([[0.2], [0.1]])
    got = vega_usd_per_vol(np.array([100.0, 200.0]), np.array([100.0, 200.0]), vols, np.ones(1))
    assert got.shape == (2, 2)
    assert got[1] == pytest.approx([39.84439, 79.68878], rel=1e-6)
