"""A scan cell by cell: the worst is the requirement, and each moves in proportion to a holding."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hedgerow.instruments import Instrument
from hedgerow.margin import ByCell, MarginReport, require, require_across
from hedgerow.margin.venues.deribit import cells
from hedgerow.market import Shock
from hedgerow.portfolio import Account
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse,
    option,
    option_quote,
    perpetual,
    quote,
    resting,
    scan_rulebook,
    snapshot,
    tiered_rulebook,
)

D = Decimal
RULEBOOK = scan_rulebook()
OPTIONS = [
    option(strike, right, expiry_ns=T0_NS + 10 * 86_400 * 10**9)
    for strike in (800, 1000, 1200)
    for right in ("put", "call")
]
TERMS: dict[str, Instrument] = by_id(inverse(), perpetual("BTC"), *OPTIONS)
NOW = snapshot(
    index("BTC", 1000),
    quote("BTC-PERPETUAL", 1000),
    quote("BTC-PERP", 1000),
    *(option_quote(each, 1000, 0.6) for each in OPTIONS),
)
SHOCKS = (Shock(), Shock(spot_factor_frac={"BTC": 0.9}), Shock(vol_shift_frac=0.2))


def _held(positions: dict[str, Any], **changes: Any) -> Account:
    return account(
        "deri",
        venue="deribit",
        rulebook="scan",
        currency="BTC",
        positions=positions,
        balances={"BTC": 5},
        **changes,
    )


def _asked(accounts: list[Account], rules: dict[str, Any] | None = None) -> Any:
    books = {"scan": RULEBOOK} if rules is None else rules
    return require_across(accounts, TERMS, NOW, SHOCKS, books, is_by_cell=True)


def _told(found: Any) -> NDArray[np.float64]:
    assert isinstance(found.by_cell, ByCell)
    return found.by_cell.requirement_initial_ccy


@pytest.mark.parametrize("seed", range(6))
def test_the_worst_cell_is_the_engine_s_and_makes_the_requirement(seed: int) -> None:
    rng = np.random.default_rng(seed)
    held: dict[str, Any] = {each.instrument_id: int(rng.integers(-6, 7)) for each in OPTIONS}
    held["BTC-PERPETUAL"] = (int(rng.integers(-3000, 3000)), 1000)
    positions = {name: much for name, much in held.items() if much}
    found = _asked([_held(positions)])
    told = _told(found)
    assert told[0].max(axis=1) == pytest.approx(found.requirement_initial_ccy[0], abs=1e-12)
    share = found.by_cell.maintenance_frac[0]
    assert share * told[0].max(axis=1) == pytest.approx(found.requirement_maintenance_ccy[0])
    for s, shock in enumerate(SHOCKS):
        exact = require(_held(positions), TERMS, NOW.shocked(shock), RULEBOOK)
        assert isinstance(exact, MarginReport)
        assert exact.worst_scenario is not None
        at = exact.worst_scenario.scenario_index
        assert told[0, s, at] == pytest.approx(told[0, s].max(), abs=1e-9)
        assert told[0, s].max() == pytest.approx(float(exact.requirement_initial_ccy), abs=1e-8)


def test_what_one_cell_asks_for_adds_up_over_holdings() -> None:
    """Short options of one expiry and one sign of delta: the near cells and the roll are linear."""
    one, other = {"BTC-1200-call": -2}, {"BTC-1000-call": -3}
    told = _told(_asked([_held(one), _held(other), _held({**one, **other}), _held({})]))
    grid = cells(RULEBOOK, "BTC")
    near = np.array([not cell.is_extended for cell in grid])
    assert near.sum() > 10
    added = told[0][:, near] + told[1][:, near]
    assert told[2][:, near] == pytest.approx(added, abs=1e-12)
    assert not np.any(told[3])
    # What they need together is less than what they need apart where their worst cells differ.
    apart = {"BTC-800-put": -2}
    both = _told(_asked([_held(one), _held(apart), _held({**one, **apart})]))
    worst = both.max(axis=2)
    assert np.all(worst[2] < worst[0] + worst[1])


def test_where_there_is_no_scan_or_no_model_no_cell_is_told() -> None:
    rules = {"scan": RULEBOOK, "perps": tiered_rulebook([(0, "0.05")])}
    perps = account(
        "one",
        venue="binance",
        rulebook="perps",
        positions={"BTC-PERP": (3, 1000)},
        balances={"USDC": 900},
    )
    waiting = _held({"BTC-1200-call": -2}, orders=(resting("BTC-1200-call", 1, 1),))
    assert _asked([perps], rules).by_cell is None
    told = _told(_asked([perps, _held({"BTC-1200-call": -2}), waiting], rules))
    assert np.all(np.isneginf(told[[0, 2]]))
    assert np.all(np.isfinite(told[1]))
    plain = require_across([perps], TERMS, NOW, SHOCKS, rules)
    assert plain.by_cell is None


def test_where_the_engine_answered_no_cell_of_the_model_is_told() -> None:
    """A delta beyond the threshold of the shock on it: the model leaves such an account alone."""
    large = _held({"BTC-PERPETUAL": (10**10, 1000)})
    found = _asked([large, _held({"BTC-1200-call": -2})])
    assert np.all(found.is_exact[0])
    assert not np.any(found.is_exact[1])
    told = _told(found)
    assert np.all(np.isneginf(told[0]))
    assert np.all(np.isfinite(told[1]))
