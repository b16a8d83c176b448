"""Paradex's portfolio margin as an account: the worked example, cells by hand, refusals by name."""

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy.optimize import brentq

from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, decode_rulebook, mistakes_of, require
from hedgerow.margin.rules.derive.options import black76
from hedgerow.margin.rules.paradex import shocked_vol_frac
from hedgerow.margin.venues.paradex_portfolio import (
    ENGINE,
    ParadexPortfolioRulebook,
    ScanTable,
    Tail,
)
from hedgerow.market import MarketEvent
from tests.builders import (
    EXPIRY_NS,
    account,
    by_id,
    index,
    inverse,
    option,
    option_quote,
    packaged,
    perpetual,
    quote,
    snapshot,
)
from tests.rooms.margin.chain_cases import market

D = Decimal
CALL = option(70_000, "call", settlement="USDC")
PUT = option(70_000, "put", settlement="USDC")
TERMS = by_id(perpetual(), perpetual("ETH"), perpetual("DOGE"), CALL, PUT, inverse())
NOTHING = {
    "provision_fee_perp_frac": D(0),
    "provision_fee_option_frac": D(0),
    "provision_funding_frac": D(0),
}


def paradex(**changes: Any) -> ParadexPortfolioRulebook:
    book = decode_rulebook(packaged("paradex-portfolio/2026-08-20"), where="packaged")
    assert isinstance(book, ParadexPortfolioRulebook)
    return msgspec.structs.replace(book, **changes)


def of(
    positions: dict[str, Any],
    balances: dict[str, Any],
    *events: MarketEvent,
    spot: Any = 70_000,
    **changes: Any,
) -> Any:
    now = market(index("BTC", spot), quote("BTC-PERP", spot), *events)
    held = account(positions=positions, balances=balances)
    return require(held, TERMS, now, paradex(**{**NOTHING, **changes}))


def still() -> dict[str, ScanTable]:
    """A scan in which nearly nothing moves, so that the delta floor is what counts."""
    table = paradex().scans["BTC"]
    return {
        "BTC": msgspec.structs.replace(
            table,
            price_range_frac=D("1e-9"),
            vol_up_frac=D(0),
            vol_down_frac=D(0),
            vol_up_least_frac=D(0),
            tails=[],
        )
    }


def test_the_delta_floor_of_the_worked_example() -> None:
    """paradex-min-delta: +1 perpetual, -5 calls of delta 0.3 at 70,000: 1,400 USD."""
    far = option(90_000, "call", settlement="USDC")

    def off(vol: float) -> float:
        return float(black76(70_000, 90_000, vol, 73 * 86_400).call_delta_frac) - 0.3

    vol = float(brentq(off, 0.1, 2.0, xtol=1e-15))
    held = account(positions={"BTC-PERP": (1, 70_000), far.instrument_id: -5})
    now = market(index("BTC", 70_000), quote("BTC-PERP", 70_000), option_quote(far, 70_000, vol))
    report = require(held, by_id(perpetual(), far), now, paradex(**NOTHING, scans=still()))
    assert isinstance(report, MarginReport)
    assert float(report.requirement_initial_ccy) == pytest.approx(1400, abs=1e-6)
    assert float(report.requirement_maintenance_ccy) == pytest.approx(700, abs=1e-6)
    assert report.lines[2].rule == "delta floor above the scan"


@pytest.mark.parametrize("size", range(-12, -2))
def test_the_delta_floor_is_no_less_than_its_deltas_come_to(size: int) -> None:
    """Calls sold against one coin: ``(a |net| + b hedged) S`` of deltas that nobody rounded."""
    far = option(90_000, "call", settlement="USDC")
    delta = float(black76(70_000, 90_000, 0.61, 73 * 86_400).call_delta_frac)
    table = still()["BTC"]
    net, gross = 1 + size * delta, 1 - size * delta
    parts = (float(table.delta_unhedged_frac), float(table.delta_hedged_frac))
    exact = (parts[0] * abs(net) + parts[1] * (gross - abs(net)) / 2) * 70_000
    held = account(positions={"BTC-PERP": (1, 70_000), far.instrument_id: size})
    now = market(index("BTC", 70_000), quote("BTC-PERP", 70_000), option_quote(far, 70_000, 0.61))
    report = require(held, by_id(perpetual(), far), now, paradex(**NOTHING, scans=still()))
    assert isinstance(report, MarginReport)
    assert -3e-12 <= float(report.requirement_initial_ccy) - exact <= 6e-12


def test_a_perpetual_by_hand() -> None:
    """Short 2 at 70,000: +16 % loses 22,400; +50 % at 24 % 16,800, +500 % at 2.4 % as much."""
    report = of({"BTC-PERP": (-2, 70_000)}, {"USDC": 100})
    assert report.requirement_initial_ccy == 22_400
    assert report.requirement_maintenance_ccy == 11_200
    assert report.worst_scenario.price_move_frac == D("0.16")
    assert report.worst_scenario.coin == "BTC"
    # -33 % at 36 % is below the range's 16 %, so a long loses that too.
    assert of({"BTC-PERP": (2, 70_000)}, {}).requirement_initial_ccy == 22_400


def test_provisions_count_in_full_in_both() -> None:
    report = of(
        {"BTC-PERP": (-2, 70_000)},
        {},
        provision_fee_perp_frac=D("0.0003"),
        provision_funding_frac=D("0.0001"),
    )
    assert report.requirement_initial_ccy == 22_400 + 42 + 14
    assert report.requirement_maintenance_ccy == 11_200 + 42 + 14
    priced = of(
        {CALL.instrument_id: -1},
        {},
        option_quote(CALL, 70_000, 0.5),
        provision_fee_option_frac=D("0.001"),
    )
    fee = next(line for line in priced.lines if line.rule == "fee provision")
    assert (fee.amount_ccy, fee.amount_initial_ccy) == (70, 70)


@pytest.mark.parametrize(("vol", "size"), [(0.5, -3), (0.2, -3), (0.5, 3)])
def test_an_option_loses_what_the_worst_of_24_cells_says(vol: float, size: int) -> None:
    """Written out: nine moves with both vols but the ends, eight tails, 73 days, floor 40 %."""
    moves = [
        (m, v, 1.0) for m in (-0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12) for v in (0.4, -0.22)
    ]
    moves += [(-0.16, 0.4, 1.0), (0.16, 0.4, 1.0)]
    tails = [(-0.66, 0.18), (-0.33, 0.36), (0.5, 0.24), (1, 0.12), (2, 0.06), (3, 0.04), (4, 0.03)]
    moves += [(m, 0.4, w) for m, w in (*tails, (5, 0.024))]
    assert len(moves) == 24
    now = float(black76(70_000, 70_000, vol, 73 * 86_400).call_usd)

    def profit(move: float, shock: float, weight: float) -> float:
        moved = vol * (1 + shock * (30 / 73) ** 0.13)
        moved = max(moved, 0.4) if shock > 0 else moved
        value = float(black76(70_000 * (1 + move), 70_000, moved, 73 * 86_400).call_usd)
        return weight * size * (value - now)

    report = of({CALL.instrument_id: size}, {}, option_quote(CALL, 70_000, vol))
    worst = -min(profit(*each) for each in moves)
    assert float(report.requirement_initial_ccy) == pytest.approx(worst, rel=1e-9)
    assert float(report.requirement_maintenance_ccy) == pytest.approx(worst / 2, rel=1e-9)


def test_a_short_time_shocks_by_the_power_of_short_times() -> None:
    """Ten days: 40 % x 3^0.30 of vol; the rule is certified, the engine has to choose it."""
    near = option(70_000, "call", settlement="USDC", expiry_ns=EXPIRY_NS - 63 * 86_400 * 10**9)
    now = market(index("BTC", 70_000), option_quote(near, 70_000, 0.5))
    flat = msgspec.structs.replace(paradex().scans["BTC"], price_range_frac=D("1e-9"), tails=[])
    held = account(positions={near.instrument_id: -1})
    report = require(held, by_id(near), now, paradex(**NOTHING, scans={"BTC": flat}))
    assert isinstance(report, MarginReport)
    assert report.worst_scenario is not None
    assert report.worst_scenario.vol_shock == "up"
    up = shocked_vol_frac(0.5, 0.4, days=10, days_least=1, power=0.30)
    values = [float(black76(70_000, 70_000, vol, 864_000).call_usd) for vol in (0.5, up)]
    assert float(-report.worst_scenario.profit_ccy) == pytest.approx(
        values[1] - values[0], rel=1e-6
    )


def test_the_worst_of_a_hedged_account_is_named_and_gains_are_taken_off() -> None:
    """A put against a perpetual: what falls in one rises in the other."""
    report = of({"BTC-PERP": (1, 70_000), PUT.instrument_id: 1}, {}, option_quote(PUT, 70_000, 0.5))
    losses = [line.amount_ccy for line in report.lines if line.rule == "loss in the worst cell"]
    assert np.prod(np.sign([float(each) for each in losses])) == -1
    assert report.confidence == "estimate"
    assert {line.rule: line.evidence for line in report.lines}["loss in the worst cell"] == "D"


@pytest.mark.parametrize(
    ("positions", "balances", "told"),
    [
        ({"DOGE-PERP": (1, 1)}, {}, "no scan of DOGE for DOGE-PERP"),
        ({"BTC-PERP": 1}, {}, "BTC-PERP"),
        ({"ETH-PERP": (1, 1)}, {}, "ETH"),
        ({"BTC-PERPETUAL": (1, 1)}, {}, "BTC-PERPETUAL"),
        ({CALL.instrument_id: 1}, {}, CALL.instrument_id),
        ({}, {"ETH": 1}, "takes no ETH"),
    ],
)
def test_what_is_not_covered_is_refused_by_name(
    positions: dict[str, Any], balances: dict[str, Any], told: str
) -> None:
    failure = of(positions, balances, index("DOGE", 1), quote("DOGE-PERP", 1))
    assert isinstance(failure, Failure)
    assert told in failure.subject + failure.message


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("BTC-PERP", "provision_fee_perp_frac"),
        ("BTC-PERP", "provision_funding_frac"),
        (CALL.instrument_id, "provision_fee_option_frac"),
    ],
)
def test_a_provision_that_nobody_tells_is_not_nothing(name: str, missing: str) -> None:
    held = {name: (1, 70_000) if name == "BTC-PERP" else 1}
    failure = of(held, {}, option_quote(CALL, 70_000, 0.5), **{missing: None})
    assert isinstance(failure, Failure)
    assert (failure.subject, failure.reason) == (name, "missing_data")
    assert missing in failure.message
    assert getattr(paradex(), missing) is None


def test_an_option_past_its_expiry_is_refused_by_name() -> None:
    late = snapshot(index("BTC", 1, time_ns=EXPIRY_NS), time_ns=EXPIRY_NS)
    held = account(positions={CALL.instrument_id: 1})
    expired = require(held, TERMS, late, paradex(**NOTHING))
    assert isinstance(expired, Failure)
    assert expired.subject == CALL.instrument_id
    assert isinstance(require(account(currency="USDT"), TERMS, late, paradex()), Failure)


def test_figures_that_contradict_each_other_are_named() -> None:
    table = msgspec.structs.replace(
        paradex().scans["BTC"],
        buckets_count=0,
        price_range_frac=D(1),
        vol_down_frac=D(2),
        tails=[Tail(move_frac=D(-1), weight_frac=D(1))],
    )
    book = paradex(scans={"BTC": table}, maintenance_of_initial_frac=D(2))
    assert list(mistakes_of(book)) == [
        "maintenance_of_initial_frac must be in (0, 1], was 2",
        "scans.BTC.buckets_count must be positive, was 0",
        "scans.BTC.price_range_frac must be in (0, 1), was 1",
        "scans.BTC.vol_down_frac must be in [0, 1], was 2",
        "scans.BTC.tails.[0].move_frac must be above -1, was -1",
    ]
    assert ENGINE.signed == ("move_frac",)


def test_a_tail_counts_in_part() -> None:
    """-33 % at half its weight is 16.5 %, more than the range's 16 %."""
    tail = Tail(move_frac=D("-0.33"), weight_frac=D("0.5"))
    table = msgspec.structs.replace(paradex().scans["BTC"], tails=[tail])
    report = of({"BTC-PERP": (1, 70_000)}, {}, scans={"BTC": table})
    assert report.requirement_initial_ccy == 11_550
    assert report.worst_scenario.price_move_frac == D("-0.33")
