"""Portfolio margin by scan: the venue's own example, the sheet's grid, and refusals."""

from decimal import Decimal

import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, require
from hedgerow.margin.rules.deribit import VolShock
from hedgerow.margin.venues.deribit import cells, shocked_vol_frac
from hedgerow.market import MarketEvent
from hedgerow.pricing import value_usd
from hedgerow.units import DAY_NS, quantise, to_exact
from tests.builders import (
    EXPIRY_NS,
    T0_NS,
    Positions,
    account,
    by_id,
    index,
    inverse,
    inverse_future,
    option,
    option_quote,
    perpetual,
    power,
    quanto,
    quanto_future,
    quote,
    scan_rulebook,
    snapshot,
)
from tests.golden.read import case, numbers
from tests.rooms.margin.deribit_example import PME, pme_account

D = Decimal
TOLERANCE = D("1e-11")


def pme_report() -> MarginReport:
    params = PME["given"]["params"]
    rulebook = scan_rulebook(
        price_range_frac={"BTC": D(params["price_range"])},
        buckets_count=int(params["buckets_count"]),
        extended_dampener_usd={"BTC": D(params["extended_dampener_usd"])},
        annualised_move_risk_frac={"BTC": D(params["annualised_move_risk"])},
        min_annualised_move_frac={"BTC": D(params["min_annualised_move"])},
        maintenance_factor_frac=D(params["mm_factor"]),
        delta_shock_threshold_usd=D(params["delta_total_liq_shock_threshold_usd"]),
    )
    report = require(*pme_account(), rulebook)
    assert isinstance(report, MarginReport), report
    return report


def test_the_venue_example_to_eleven_decimals() -> None:
    then = {name: D(x) for name, x in PME["then"].items() if isinstance(x, str)}
    report = pme_report()
    assert abs(report.requirement_maintenance_ccy - then["maintenance_margin"]) <= TOLERANCE
    extras = D(PME["given"]["mmp_margin"]) + D(PME["given"]["open_orders_margin"])
    assert abs(report.requirement_initial_ccy - then["risk_matrix_margin"]) <= TOLERANCE
    # The venue prints the initial margin to nine decimals, with what we do not model on top.
    printed = quantise(report.requirement_initial_ccy + extras, D("1e-9"), "half_up")
    assert printed == then["initial_margin"]
    worst = report.worst_scenario
    assert worst is not None
    assert abs(-worst.profit_ccy - then["worst_case"]) <= TOLERANCE
    # Bucket i of 9 is a move of (i - 5)/4 of the range; ours counts three vols to a bucket from 0.
    assert worst.scenario_index // 3 + 1 == int(then["worst_bucket"])
    assert worst.coin == "BTC"
    assert worst.price_move_frac == D("-0.16")


def test_the_venue_example_line_by_line() -> None:
    then = PME["then"]
    factor = D(PME["given"]["params"]["mm_factor"])
    report = pme_report()
    loss = {
        line.subject: line.amount_ccy / factor
        for line in report.lines
        if line.rule == "loss in the worst cell"
    }
    for name, vector in then["standard_vector_by_instrument"].items():
        assert abs(-loss[name] - D(vector[0])) <= TOLERANCE
    roll = sum((x.amount_ccy for x in report.lines if x.rule == "roll shock"), D(0)) / factor
    assert abs(roll - D(then["roll_shock"])) <= TOLERANCE
    rounded = [line for line in report.lines if line.rule.startswith("rounded half up")]
    assert sum(abs(line.amount_ccy) for line in rounded) < D("1e-9")
    scan = sum((x.amount_ccy for x in report.lines if x.rule != "roll shock"), D(0)) / factor
    assert scan == quantise(D(then["worst_case"]), D("1e-9"), "half_up")
    assert report.confidence == "exact"


def test_vol_shock_of_thirty_days() -> None:
    sample = case("deribit/venue_cases", "deribit-iv-shock-30d")
    given = sample["given"]
    rulebook = scan_rulebook(
        volatility_up_frac={"BTC": D(given["vol_range_up"])},
        volatility_down_frac={"BTC": D(given["vol_range_down"])},
        short_term_vega_power=D(given["short_term_vega_power"]),
        long_term_vega_power=D(given["long_term_vega_power"]),
    )
    vol, years = np.array([float(given["iv"]) / 100]), np.array([float(given["dte"]) / 365])
    up = shocked_vol_frac(rulebook, "BTC", vol, years, "up")
    down = shocked_vol_frac(rulebook, "BTC", vol, years, "down")
    assert up[0] * 100 == pytest.approx(float(sample["then"]["iv_up"]), abs=1e-9)
    assert down[0] * 100 == pytest.approx(float(sample["then"]["iv_down"]), abs=1e-9)
    assert shocked_vol_frac(rulebook, "BTC", vol, years, "same") is vol


SHOCKS: tuple[VolShock, ...] = ("up", "same", "down")
TENORS = """
    days  vol   up                            down
    30    0.6   0.6*(1+0.5)                   0.6*(1-0.25)
    29    0.6   0.6*(1+0.5*(30/29)**0.3)      0.6*(1-0.25*(30/29)**0.3)
    30.5  0.6   0.6*(1+0.5*(30/30.5)**0.13)   0.6*(1-0.25*(30/30.5)**0.13)
    120   0.6   0.6*(1+0.5*(30/120)**0.13)    0.6*(1-0.25*(30/120)**0.13)
    7     0.6   0.6*(1+0.5*(30/7)**0.3)       0.6*(1-0.25*(30/7)**0.3)
    0.5   0.6   0.6*(1+0.5*30**0.3)           0.6*(1-0.25*30**0.3)
    30    0.2   0.5                           0.2*(1-0.25)
"""


@pytest.mark.parametrize("row", TENORS.strip().splitlines()[1:])
def test_vol_shocks_by_tenor(row: str) -> None:
    """Short-term power below 30 days, long-term from 30 on, at least 0.5 upwards, days from one."""
    days, vol, up, down = row.split()
    rulebook = scan_rulebook()
    columns = np.array([float(vol)]), np.array([float(days) / 365])
    shocked = {s: shocked_vol_frac(rulebook, "BTC", *columns, s)[0] for s in SHOCKS}
    assert shocked["up"] == pytest.approx(eval(up), rel=1e-12)
    assert shocked["down"] == pytest.approx(eval(down), rel=1e-12)


def test_a_down_shock_never_turns_a_vol_negative() -> None:
    rulebook = scan_rulebook(volatility_down_frac={"BTC": D("0.9"), "ETH": D("0.9")})
    short = shocked_vol_frac(rulebook, "BTC", np.array([0.6]), np.array([1 / 365]), "down")
    assert short[0] == 0.0


def test_the_grid_is_nine_prices_by_three_vols_and_a_tail() -> None:
    grid = cells(scan_rulebook(), "BTC")
    assert len(grid) == 27 + 8
    near = [cell for cell in grid if not cell.is_extended]
    assert sorted({cell.price_move_frac for cell in near}) == [
        D(x) * D("0.04") for x in range(-4, 5)
    ]
    assert all(cell.multiplier_frac == 1 for cell in near)
    tail = [cell for cell in grid if cell.is_extended]
    assert [str(cell.price_move_frac) for cell in tail] == [
        "-0.66", "-0.33", "0.50", "1.00", "2.00", "3.00", "4.00", "5.00",
    ]  # fmt: skip
    assert {cell.vol_shock for cell in tail} == {"up"}
    assert tail[0].multiplier_frac == D("0.16") / D("0.66")
    assert tail[-1].multiplier_frac == D("0.032")


def test_the_scan_of_the_sheet() -> None:
    """Our grid and vols with our prices give the sheet's worst cells (methods.md section 15)."""
    want = numbers("portfolio_scan")
    rulebook = scan_rulebook(min_volatility_for_shock_up_frac=D(0))
    grid = [cell for cell in cells(rulebook, "BTC") if not cell.is_extended]
    forward, strike, years, sigma = 60000.0, float(want["K"]), 30 / 365, float(want["sigma"])
    vols = {
        s: shocked_vol_frac(rulebook, "BTC", np.array([sigma]), np.array([years]), s)[0]
        for s in SHOCKS
    }
    moves = np.array([float(cell.price_move_frac) for cell in grid])
    sigmas = np.array([vols[cell.vol_shock] for cell in grid])
    is_call = np.array([True])
    now = value_usd(
        np.array([forward]), np.array([strike]), np.array([sigma]), np.array([years]), is_call
    )
    then = value_usd(
        forward * (1 + moves), np.full(27, strike), sigmas, np.full(27, years), is_call
    )
    profits = float(want["calls"]) * (then - now[0]) + float(want["futures"]) * forward * moves
    order = np.argsort(profits)
    by_vol = {"up": "1.5", "same": "1", "down": "0.75"}
    for at, name in ((order[0], "worst"), (order[1], "second"), (order[-1], "best")):
        assert profits[at] == pytest.approx(float(want[name]), abs=1e-6)
        cell = grid[at]
        where = [D(x) for x in want[f"{name}_at"]]
        assert [cell.price_move_frac, D(by_vol[cell.vol_shock])] == where


# --- options through the engine, by an independent scan -------------------------------------------


CALL = option(65000, "call", expiry_ns=T0_NS + 30 * DAY_NS)
MARKET: tuple[MarketEvent, ...] = (
    index("BTC", 60000),
    quote("BTC-PERPETUAL", 60000),
    option_quote(CALL, 60000, 0.6),
)


def requirement(
    positions: Positions, *, balance: str = "5", events: tuple[MarketEvent, ...] = MARKET
) -> MarginReport:
    held = account(currency="BTC", positions=positions, balances={"BTC": balance})
    report = require(held, by_id(CALL, inverse()), snapshot(*events), scan_rulebook())
    assert isinstance(report, MarginReport), report
    return report


def call_coin(forward: float, vol: float) -> float:
    one = [np.array([x]) for x in (forward, 65000.0, vol, 30 / 365)]
    return float(value_usd(one[0], one[1], one[2], one[3], np.array([True]))[0]) / forward


def test_a_short_call_loses_most_at_the_top_with_vol_up() -> None:
    report = requirement({CALL.instrument_id: -10})
    worst = report.worst_scenario
    assert worst is not None
    assert (worst.price_move_frac, worst.vol_shock) == (D("0.16"), "up")
    loss = 10 * (call_coin(69600.0, 0.9) - call_coin(60000.0, 0.6))
    assert float(-worst.profit_ccy) == pytest.approx(loss, rel=1e-10)
    # Roll: |δ| · max(1 %, e^{0.075 · 30/365} - 1); no delta shock; 0.8 of all that is maintenance.
    delta = 10 * 0.352226  # N(d1), d1 = ln(60/65)/0.172014 + 0.172014/2 = -0.379320
    scanned = quantise(to_exact(loss, D("1e-12"), "up"), D("1e-9"), "half_up")
    assert float(report.requirement_initial_ccy) == pytest.approx(
        float(scanned) + delta * 0.01, abs=2e-5
    )
    assert report.requirement_maintenance_ccy == D("0.8") * report.requirement_initial_ccy
    assert float(report.equity_ccy) == pytest.approx(5 - 10 * call_coin(60000.0, 0.6), rel=1e-10)
    assert report.confidence == "estimate"


def test_long_options_lose_their_worth_at_most_in_coin() -> None:
    report = requirement({CALL.instrument_id: 10})
    worst = report.worst_scenario
    assert worst is not None
    assert (worst.price_move_frac, worst.vol_shock) == (D("-0.16"), "down")
    assert -worst.profit_ccy < 10 * D(str(call_coin(60000.0, 0.6)))


def test_rounding_is_against_the_holder() -> None:
    """Twelve decimals for what is held, nine, half up, for the scan."""
    report = requirement({CALL.instrument_id: -1})
    assert all(-line.amount_ccy.as_tuple().exponent <= 12 for line in report.equity_lines)  # type: ignore[operator]
    exact = -call_coin(60000.0, 0.6)
    held = next(line for line in report.equity_lines if line.rule == "value of position")
    assert float(held.amount_ccy) <= exact


def test_the_scan_is_rounded_half_up_to_nine_decimals() -> None:
    """Two coins long lose 2 · 0.16/0.84 = 0.380952380952… at the bottom."""
    report = requirement({"BTC-PERPETUAL": (120_000, 60_000)})
    scan = [line.amount_ccy for line in report.lines if line.rule != "roll shock"]
    assert sum(scan, D(0)) == D("0.8") * D("0.380952381")
    # Before that rounding the loss is kept to twelve decimals, up.
    assert scan[0] == D("0.8") * D("0.380952380953")


def test_a_tail_cell_counts_by_its_multiplier_and_less_its_dampener() -> None:
    """``quantity · (C(F')/F' - C(F)/F) · factor · range / |move|``, less a dampener in dollars."""
    held = account(currency="BTC", positions={CALL.instrument_id: -300}, balances={"BTC": 500})
    for move in (D("5.00"), D("0.50")):
        rules = scan_rulebook(
            extended_moves_frac=[move],
            extended_table_factor_frac=D(10),
            extended_dampener_usd={"BTC": D(10_000), "ETH": D(0)},
        )
        report = require(held, by_id(CALL), snapshot(*MARKET), rules)
        assert isinstance(report, MarginReport)
        up = 60000.0 * (1.0 + float(move))
        loss = 300 * (call_coin(up, 0.9) - call_coin(60000.0, 0.6)) * 10 * 0.16 / float(move)
        dampener = (float(move) / 0.16 - 1.0) * 10_000 / 60_000
        lines = {line.rule: line.amount_initial_ccy for line in report.lines}
        assert float(lines["loss in the worst cell"] or 0) == pytest.approx(loss, rel=1e-10)
        assert float(lines["tail dampener"] or 0) == pytest.approx(-dampener, rel=1e-10)


def test_the_tail_dampener_is_rounded_against_the_holder() -> None:
    """Short puts far below: 0.66/0.16 - 1 = 3.125 times 100,000 USD at 60,000, rounded down."""
    put = option(30000, "put", expiry_ns=T0_NS + 30 * DAY_NS)
    now = snapshot(index("BTC", 60000), option_quote(put, 60000, 0.6))
    held = account(currency="BTC", positions={put.instrument_id: -100}, balances={"BTC": 500})
    report = require(held, by_id(put), now, scan_rulebook())
    assert isinstance(report, MarginReport)
    assert report.worst_scenario is not None
    assert report.worst_scenario.price_move_frac == D("-0.66")
    (dampener,) = [line for line in report.lines if line.rule == "tail dampener"]
    assert dampener.amount_ccy == D("-0.8") * D("5.208333333333")
    (loss,) = [line for line in report.lines if line.rule == "loss in the worst cell"]
    assert "0.16 / 0.66 x " in loss.detail


def test_a_dated_future_rolls_by_the_exponential_beyond_the_minimum() -> None:
    future = inverse_future("F", T0_NS + 365 * DAY_NS)
    held = account(currency="BTC", positions={"F": (60000, 60000)}, balances={"BTC": 1})
    now = snapshot(index("BTC", 60000), quote("F", 60000))
    report = require(held, by_id(future), now, scan_rulebook())
    assert isinstance(report, MarginReport)
    (roll,) = [line for line in report.lines if line.rule == "roll shock"]
    # e^0.075 - 1 = 0.07788415088…, rounded up to nine decimals.
    assert roll.amount_ccy == D("0.8") * D("0.077884151")
    assert roll.subject == "2027-02-01"


def test_legs_of_one_expiry_net_for_the_roll_and_expiries_do_not() -> None:
    near, far = inverse_future("N", T0_NS + DAY_NS), inverse_future("F", T0_NS + 2 * DAY_NS)
    now = snapshot(index("BTC", 60000), quote("N", 60000), quote("F", 60000))

    def roll(positions: Positions, *terms: Instrument) -> D:
        held = account(currency="BTC", positions=positions, balances={"BTC": 1})
        report = require(held, by_id(*terms), now, scan_rulebook())
        assert isinstance(report, MarginReport)
        return sum((x.amount_ccy for x in report.lines if x.rule == "roll shock"), D(0))

    assert roll({"N": (60000, 60000), "F": (-60000, 60000)}, near, far) == D("0.016")
    twin = inverse_future("M", T0_NS + DAY_NS)
    now = snapshot(index("BTC", 60000), quote("N", 60000), quote("M", 60000))
    assert roll({"N": (60000, 60000), "M": (-60000, 60000)}, near, twin) == 0


def test_a_far_tail_binds_a_big_short_of_wings() -> None:
    """Ten thousand far calls cost little at +16 % and much further up, even dampened."""
    wing = option(150000, "call", expiry_ns=T0_NS + 30 * DAY_NS)
    now = snapshot(index("BTC", 60000), option_quote(wing, 60000, 0.6))
    held = account(currency="BTC", positions={wing.instrument_id: -10_000}, balances={"BTC": 500})
    report = require(held, by_id(wing), now, scan_rulebook())
    assert isinstance(report, MarginReport)
    worst = report.worst_scenario
    assert worst is not None
    assert worst.price_move_frac > 1
    assert worst.vol_shock == "up"
    (dampener,) = [line for line in report.lines if line.rule == "tail dampener"]
    room = (worst.price_move_frac / D("0.16") - 1) * 100_000 / 60_000
    assert abs(dampener.amount_ccy + D("0.8") * room) < D("1e-11")


def test_an_empty_account_needs_nothing() -> None:
    report = requirement({})
    assert report.requirement_maintenance_ccy == 0
    assert report.equity_ccy == 5
    assert report.worst_scenario is None


REFUSALS: dict[str, tuple[str, Instrument, Positions]] = {
    "deribit/2026-02-15 has no scan for SOL": ("SOL", perpetual(), {}),
    "BTC-PERP is neither BTC future nor option": ("BTC", perpetual(), {"BTC-PERP": (1, 1)}),
    "ETH-PERPETUAL is neither BTC future nor option": (
        "BTC",
        inverse("ETH"),
        {"ETH-PERPETUAL": (1, 1)},
    ),
    "ETH-QUANTO is neither BTC future nor option": ("BTC", quanto(), {"ETH-QUANTO": (1, 1)}),
    "Q is neither BTC future nor option": ("BTC", quanto_future("Q", EXPIRY_NS), {"Q": (1, 1)}),
    "oSQTH is neither BTC future nor option": ("BTC", power("BTC"), {"oSQTH": 1}),
    "BTC-1-call-USDC is neither BTC future nor option": (
        "BTC",
        option(1, "call", settlement="USDC"),
        {"BTC-1-call-USDC": 1},
    ),
    "delta of 20000001 USD is beyond 20000000, where the venue adds a delta shock whose formula is "
    "not verified": ("BTC", inverse(), {"BTC-PERPETUAL": (-20000001, 60000)}),
}


@pytest.mark.parametrize("message", REFUSALS)
def test_what_is_not_covered_has_no_requirement(message: str) -> None:
    currency, terms, positions = REFUSALS[message]
    held = account(currency=currency, positions=positions)
    outcome = require(held, by_id(terms), snapshot(*MARKET), scan_rulebook())
    assert isinstance(outcome, Failure)
    assert (outcome.subject, outcome.reason, outcome.message) == ("main", "unsupported", message)


def test_at_the_threshold_the_shock_is_not_yet_due() -> None:
    assert requirement({"BTC-PERPETUAL": (20_000_000, 60000)}).requirement_initial_ccy > 0


@pytest.mark.parametrize("left_out", range(3))
def test_a_missing_input_is_a_missing_requirement(left_out: int) -> None:
    held = account(currency="BTC", positions={CALL.instrument_id: 1, "BTC-PERPETUAL": (1, 1)})
    events = [event for at, event in enumerate(MARKET) if at != left_out]
    outcome = require(held, by_id(CALL, inverse()), snapshot(*events), scan_rulebook())
    assert isinstance(outcome, Failure)
    assert outcome.reason == "missing_data"


def test_a_future_without_entry_has_no_equity() -> None:
    held = account(currency="BTC", positions={"BTC-PERPETUAL": 1})
    outcome = require(held, by_id(inverse()), snapshot(*MARKET), scan_rulebook())
    assert isinstance(outcome, Failure)
    assert outcome.message == "no entry price"
