"""Drift: weights grow with size, so that a larger account needs more than in step."""

from tests.rooms.margin.engine_case import BackedCase, ChainCase
from tests.rooms.margin.test_drift import drift

CASE = ChainCase(
    "drift",
    drift(),
    ("BTC-PERP",),
    {"USDC": 500, "SOL": 40},
    "1e-4",
    "faster",
    unseen=("average_price",),
)
BACKED = BackedCase(name="drift", rulebook=drift(), traded="BTC", asset="SOL")
