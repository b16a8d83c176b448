"""A market in round numbers, its factors, and scenarios that move some of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hedgerow.instruments import Instrument
from hedgerow.margin.portfolio import PortfolioModel, PortfolioReport, require_portfolio
from hedgerow.market import Factor, FactorKind, JointScenarios, Snapshot
from hedgerow.portfolio import Account
from tests.builders import (
    EXPIRY_NS,
    by_id,
    index,
    inverse,
    inverse_future,
    linear_future,
    option,
    option_quote,
    perpetual,
    quanto,
    quote,
    snapshot,
)

CALL = option("55000", "call")
PUT = option("45000", "put")
LINEAR = option("50000", "call", settlement="USDC")
TERMS = by_id(
    perpetual("BTC"),
    perpetual("ETH"),
    inverse("BTC"),
    inverse_future("BTC-F", EXPIRY_NS),
    linear_future("BTC-L", EXPIRY_NS),
    quanto(),
    CALL,
    PUT,
    LINEAR,
)
_KINDS: tuple[FactorKind, ...] = (
    "spot", "vol_level", "vol_skew", "vol_term", "basis", "premium", "funding", "liquidity",
)  # fmt: skip
FACTORS = (
    *(Factor(kind=kind, name=coin) for coin in ("BTC", "ETH") for kind in _KINDS),
    Factor(kind="peg", name="USDC"),
)


def market(**marks: float) -> Snapshot:
    """BTC at 50,000, ETH at 2,500; futures a little above."""
    given = {
        "BTC-PERP": 50_000, "ETH-PERP": 2_500, "BTC-PERPETUAL": 50_000, "BTC-F": 51_000,
        "BTC-L": 51_000, "ETH-QUANTO": 2_500, **marks,
    }  # fmt: skip
    return snapshot(
        index("BTC", 50_000),
        index("ETH", 2_500),
        *(quote(name, mark) for name, mark in given.items()),
        *(option_quote(terms, 50_500, 0.6) for terms in (CALL, PUT, LINEAR)),
    )


def moved(*rows: Mapping[str, float]) -> JointScenarios:
    """Scenarios by name, such as ``{"spot BTC": -0.1}``; what is not named stands still."""
    names = [f"{factor.kind} {factor.name}" for factor in FACTORS]
    moves = np.zeros((len(rows), len(FACTORS)))
    for at, row in enumerate(rows):
        for name, move in row.items():
            moves[at, names.index(name)] = move
    return JointScenarios(FACTORS, tuple(f"s{i}" for i in range(len(rows))), moves)


def model(**changes: Any) -> PortfolioModel:
    """The scan alone, in markets nobody can crowd, unless a test asks for more."""
    plain: dict[str, Any] = {
        "name": "hedgerow/test",
        "volume_coin_per_day": {"BTC": 1e9, "ETH": 1e9},
        "concentration_frac": 0.0,
        "short_option_frac": 0.0,
        "roll_frac_per_year": 0.0,
        "roll_frac_min": 0.0,
    }
    return PortfolioModel(**(plain | changes))


def asked(
    held: Account,
    scenarios: JointScenarios,
    *,
    now: Snapshot | None = None,
    terms: Mapping[str, Instrument] | None = None,
    **changes: Any,
) -> PortfolioReport:
    """The report, where there must be one."""
    found = require_portfolio(held, terms or TERMS, now or market(), scenarios, model(**changes))
    assert isinstance(found, PortfolioReport), found
    return found
