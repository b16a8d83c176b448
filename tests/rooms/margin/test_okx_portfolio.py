"""OKX's portfolio margin as an account: a printed answer to the digit, and units by hand."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.margin import MarginReport, require
from hedgerow.margin.rules.okx import price_moves_frac
from tests.builders import account, by_id, index, perpetual, quote, snapshot
from tests.rooms.margin.made_brackets import charge_tiers, okx_portfolio_rulebook, risk_unit
from tests.rooms.margin.okx_portfolio_accounts import BTC, MARKS, TERMS, asked, shipped
from tests.rooms.margin.test_hand_check import check

D = Decimal


def rows(outcome: Any) -> list[tuple[str, str, Decimal | int]]:
    """Its lines; each can be repeated with a calculator, and needs 1.3 times as much initially."""
    assert isinstance(outcome, MarginReport), outcome
    for line in (*outcome.lines, *outcome.equity_lines):
        check(line)
    assert all(
        line.amount_initial_ccy == line.amount_ccy * D("1.3")
        for line in outcome.lines
        if line.rule != "loan"
    )
    return [(line.rule, line.subject, line.amount_ccy) for line in outcome.lines]


# --- the venue's own answer -----------------------------------------------------------------------

# OKX API v5, POST account/position-builder (new), its response example of ts 1736936801642: ten
# contracts short of BTC-USDT-SWAP (0.01 BTC) at 100000, ten long of LTC-USDT-SWAP (1 LTC) at 8000,
# 100 USDT. The dollar's and the two indices' prices are not printed; `upl` over `floatPnl` gives
# the first, one value of each grid the others.
DOLLAR = D("290.49631020000027") / D("290.6300000000003")
PRINTED: dict[str, dict[str, Any]] = {
    "BTC": {
        "mark": "97093.7", "mr1": "1164.4109244719994", "mr4": "19.4098073796",
        "mr6": "1164.4109244720003", "mr7": "43.67206660410001", "mmr": "1183.8207318516002",
        "imr": "1538.9669514070802", "spot_shock": "0.12", "extreme": "0.24",
        "extreme_pnl": "-2328.8218489440005",
        "grid": ["1164.4109244719994", "776.2739496480004", "388.1369748240002", "0",
                 "-388.1369748240002", "-776.2739496480004", "-1164.4109244719994"],
    },
    "LTC": {
        "mark": "102", "mr1": "183.50672805719995", "mr4": "8.1562464", "mr6": "183.5067280572",
        "mr7": "7.1367156", "mmr": "191.6629744572", "imr": "249.16186679436",
        "spot_shock": "-0.18", "extreme": "-0.36", "extreme_pnl": "-367.0134561144",
        "grid": ["-183.50672805719995", "-122.33781870480001", "-61.168909352399936", "0",
                 "61.168909352399936", "122.33781870480001", "183.50672805719995"],
    },
}  # fmt: skip
INDICES = {"BTC": "97034.243706", "LTC": "101.948182254"}
COINS = {"BTC": D("-0.1"), "LTC": D(10)}
CLOSE = D("1e-11")


def answer(**changes: Any) -> MarginReport:
    sizes = {"BTC": D("0.01"), "LTC": D(1)}
    swaps = [
        perpetual(
            coin,
            instrument_id=f"{coin}-USDT-SWAP",
            settlement="USDT",
            multiplier_coin_per_contract=size,
        )
        for coin, size in sizes.items()
    ]
    held = account(
        currency="USD",
        positions={"BTC-USDT-SWAP": (-10, 100_000), "LTC-USDT-SWAP": (10, 8000)},
        balances={"USDT": 100},
    )
    now = snapshot(
        *(quote(f"{coin}-USDT-SWAP", PRINTED[coin]["mark"]) for coin in PRINTED),
        *(index(coin, price) for coin, price in INDICES.items()),
        index("USDT", "0.99954"),
    )
    report = require(held, by_id(*swaps), now, shipped(**changes))
    assert isinstance(report, MarginReport), report
    return report


def test_the_dollar_is_the_one_that_the_answer_was_counted_with() -> None:
    assert abs(DOLLAR - D("0.99954")) <= D("1e-15")


@pytest.mark.parametrize("coin", PRINTED)
def test_the_printed_answer_of_a_unit_to_the_digit(coin: str) -> None:
    printed = {key: D(told) for key, told in PRINTED[coin].items() if key != "grid"}
    shock, basis, charge = (line for line in answer().lines if line.subject.split("-")[0] == coin)
    assert [shock.rule, basis.rule, charge.rule] == ["spot shock", "basis", "minimum charge"]
    assert abs(shock.amount_ccy - printed["mr1"]) <= CLOSE
    assert f" x {INDICES[coin]} x {printed['spot_shock']}; " in shock.detail
    assert basis.amount_ccy == printed["mr4"]
    assert charge.amount_ccy == 0
    (raw,) = [step for step in charge.detail.split("; ") if step.endswith(" x 1")]
    assert abs(D(raw.split(" = ")[0]) - printed["mr7"]) <= CLOSE
    lines = (shock, basis, charge)
    assert abs(sum(line.amount_ccy for line in lines) - printed["mmr"]) <= CLOSE
    initial = sum(line.amount_initial_ccy or D(0) for line in lines)
    assert abs(initial - printed["imr"]) <= CLOSE
    assert {line.evidence for line in lines} == {"V"}


@pytest.mark.parametrize("coin", PRINTED)
def test_the_printed_grid_is_that_of_the_packaged_moves(coin: str) -> None:
    moves = price_moves_frac(shipped().units[coin].moves_frac)
    earned = [COINS[coin] * D(INDICES[coin]) * move for move in moves]
    for ours, printed in zip(earned, PRINTED[coin]["grid"], strict=True):
        assert abs(ours - D(printed)) <= CLOSE


@pytest.mark.parametrize("coin", PRINTED)
def test_half_of_the_printed_extreme_move(coin: str) -> None:
    """Both moves lose the same here, so a spot shock of nothing to speak of shows the other."""
    units = shipped().units
    changed = msgspec.structs.replace(units[coin], moves_frac=[D("0.0001")])
    report = answer(units={**units, coin: changed})
    (line,) = [line for line in report.lines if line.rule == "extreme move"]
    printed = PRINTED[coin]
    assert abs(line.amount_ccy - D(printed["mr6"])) <= CLOSE
    assert abs(2 * line.amount_ccy + D(printed["extreme_pnl"])) <= CLOSE
    assert f" x {printed['extreme']} x 0.5; " in line.detail


def test_the_printed_account_with_its_loan() -> None:
    """`eq`, `borrowMmr`, `borrowImr`, `totalMmr` and `totalImr`."""
    report = answer()
    assert abs(report.equity_ccy - D("-78553.21888979999")) <= CLOSE
    owed = report.lines[-1]
    assert (owed.rule, owed.subject) == ("loan", "USDT")
    assert owed.amount_ccy == D("1571.064377796")
    assert owed.amount_initial_ccy == D("7855.32188898")
    assert abs(report.requirement_maintenance_ccy - D("2946.5480841048")) <= CLOSE
    assert abs(report.requirement_initial_ccy - D("9643.45070718144")) <= CLOSE
    assert report.is_liquidatable
    assert report.confidence == "estimate"
    for line in (*report.lines, *report.equity_lines):
        check(line)


# OKX help, 2 January 2025: MR1 and MR6 as adjusted, MR4 in force; MR7 of BTC and ETH before its
# adjustment.
ANNOUNCED = {
    "BTC": ("4 8 12", "24", "5"), "ETH": ("4 8 12", "24", "5"),
    "LTC": ("6 12 18", "36", "15"), "XRP": ("6 12 18", "36", "15"),
}  # fmt: skip
RANGES = {0: 1, 10_000: 2, 70_000: 4, 170_000: 6, 300_000: 8, 470_000: 10, 700_000: 12}


def test_packaged_figures_are_those_that_were_announced() -> None:
    units = shipped().units
    assert set(units) == set(ANNOUNCED)
    for coin, (moves, extreme, annual) in ANNOUNCED.items():
        unit = units[coin]
        assert [100 * move for move in unit.moves_frac] == [D(move) for move in moves.split()]
        assert 100 * unit.move_extreme_frac == D(extreme)
        assert unit.basis_annual_frac is not None
        assert 100 * unit.basis_annual_frac == D(annual)
    for coin in ("BTC", "ETH"):
        tiers = units[coin].charge_tiers or []
        assert {tier.floor_usd: tier.multiplier_frac for tier in tiers} == RANGES
        assert units[coin].charge_usd_max is None


def test_the_packaged_peg_is_the_first_tier_near_parity() -> None:
    """The page: above 0.99 tier 1 is no less than 0.5 %; a restatement ends it at a million."""
    ((name, told),) = shipped().pegs.items()
    (tier,) = told.tiers
    assert (name, tier.floor_usd, tier.rate_frac) == ("USDT/USD", D(0), D("0.005"))
    assert (told.index_least_frac, told.volume_usd_max) == (D("0.99"), D(10**6))


# --- units by hand --------------------------------------------------------------------------------


def test_the_announced_hedge_of_spot_and_perpetual_needs_its_basis() -> None:
    """OKX help, 31 May 2024: 10 BTC and 1,000 contracts short; all but MR4 and MR7 are zero.

    MR4 is 8,053.32, which is 1.2 per cent of ten coins at 67111, and is what is maintained.
    """
    unit = risk_unit(
        "0.15", extreme="0.3", basis_perpetual_frac=D("0.012"), charge_perpetual_frac=D("0.0045")
    )
    swap = perpetual(settlement="USDT", multiplier_coin_per_contract=D("0.01"))
    report = require(
        account(currency="USD", positions={"BTC-PERP": (-1000, 67_111)}, balances={"BTC": 10}),
        by_id(swap),
        snapshot(quote("BTC-PERP", 67_111), index("BTC", 67_111), index("USDT", 1)),
        okx_portfolio_rulebook({"BTC": unit}),
    )
    assert rows(report) == [("basis", "BTC-PERP", D("8053.32")), ("minimum charge", "BTC", 0)]
    assert isinstance(report, MarginReport)
    assert "max(0, 3019.995 - 8053.32)" in report.lines[1].detail
    worst = report.worst_scenario
    assert worst is not None
    assert (worst.price_move_frac, worst.profit_ccy) == (D(0), D(0))


def test_an_extreme_move_counts_half_and_the_larger_of_both_is_taken() -> None:
    """Ten coins: 12 % is 1200, half of 25 % is 1250; with 26 % near it is 2600."""
    report = asked({"BTC-PERP": (10, 1000)}, {"USDC": 5000})
    assert rows(report) == [
        ("extreme move", "BTC-PERP", 1250), ("basis", "BTC-PERP", 20), ("minimum charge", "BTC", 0),
    ]  # fmt: skip
    worst = report.worst_scenario
    assert (worst.price_move_frac, worst.vol_shock, worst.profit_ccy) == (D("-0.25"), "same", -1250)
    assert worst.scenario_index == 5  # after the five of the grid
    assert worst.coin == "BTC"
    near = asked({"BTC-PERP": (10, 1000)}, units={"BTC": risk_unit("0.26", extreme="0.25")})
    assert rows(near)[0] == ("spot shock", "BTC-PERP", 2600)
    assert near.worst_scenario.scenario_index == 0
    short = asked({"BTC-PERP": (-10, 1000)})
    assert rows(short)[0] == ("extreme move", "BTC-PERP", 1250)
    assert short.worst_scenario.price_move_frac == D("0.25")


def test_all_settlements_stand_in_one_unit_and_units_do_not_net() -> None:
    """Long 10 in USDC, short 4000 dollars in coin: six coins move; ETH has a unit of its own.

    Pegs: USDC +10,000 and USD -4,000 hedge 4,000 at 0.7 %. Basis 0.2 % of 14,000, not of 6,000.
    """
    report = asked(
        {"BTC-PERP": (10, 1000), "BTC-PERPETUAL": (-4000, 1000), "ETH-PERP": (-20, 100)},
        {"USDC": 5000},
    )
    assert rows(report) == [
        ("extreme move", "BTC-PERP", 1250), ("extreme move", "BTC-PERPETUAL", -500),
        ("basis", "BTC-PERP", 20), ("basis", "BTC-PERPETUAL", 8),
        ("peg", "BTC USDC/USD", 28), ("minimum charge", "BTC", 0),
        ("spot shock", "ETH-PERP", 200), ("basis", "ETH-PERP", 4), ("minimum charge", "ETH", 0),
    ]  # fmt: skip
    assert report.requirement_maintenance_ccy == 1250 - 500 + 28 + 28 + 204
    assert report.worst_scenario is None


def test_what_one_pair_of_dollars_took_is_gone_for_the_next() -> None:
    """USDT +10,000, USD -6,000, USDC -3,000: six at 0.5 % and three at 0.6 %."""
    report = asked(
        {"BTC-TETHER": (10, 1000), "BTC-PERPETUAL": (-6000, 1000), "BTC-PERP": (-3, 1000)}
    )
    pegs = [row for row in rows(report) if row[0] == "peg"]
    assert pegs == [("peg", "BTC USDT/USD", 30), ("peg", "BTC USDT/USDC", 18)]
    assert report.lines[-2].detail.startswith("(3000 - 0) x 0.006; 3000 = min(|10000 - 6000|, ")


def test_a_peg_is_charged_by_slices() -> None:
    """1.5 million hedged: a million at 0.5 % and half a million at one per cent."""
    report = asked(
        {"BTC-TETHER": (2000, 1000), "BTC-PERPETUAL": (-1_500_000, 1000)},
        units={"BTC": risk_unit("0.1", extreme="0.1", charge_tiers=charge_tiers((0, 1)))},
    )
    assert ("peg", "BTC USDT/USD", 10_000) in rows(report)


def test_a_least_charge_takes_over_where_all_is_hedged() -> None:
    """200 coins short against 200 of spot: basis 400, raw charge 0.4 % of 200,000."""
    held = {"BTC-PERP": (-200, 1000)}
    report = asked(held, {"BTC": 200})
    assert rows(report) == [("basis", "BTC-PERP", 400), ("minimum charge", "BTC", 400)]
    assert report.requirement_maintenance_ccy == 800
    assert report.requirement_initial_ccy == 1040


@pytest.mark.parametrize(
    ("coins", "charge"),
    # 4 dollars a coin: 10,000 once, just above twice, 70,000 twice, just above four times.
    [(2500, 10_000), ("2500.25", 20_002), (17_500, 140_000), ("17500.25", 280_004)],
)
def test_the_range_of_a_charge_multiplies_all_of_it(coins: Any, charge: int) -> None:
    report = asked({"BTC-PERP": (-D(coins), 1000)}, {"BTC": coins})
    rows(report)
    assert report.requirement_maintenance_ccy == charge


def test_so_much_more_of_a_hedge_needs_more_than_so_much_more() -> None:
    once, twice = (
        asked({"BTC-PERP": (-2000 * k, 1000)}, {"BTC": 2000 * k}).requirement_maintenance_ccy
        for k in (1, 2)
    )
    assert (once, twice) == (8_000, 32_000)


def test_spot_hedges_what_is_short_as_far_as_it_goes() -> None:
    """Short 10: four coins of spot leave six. Long: spot does not join. Profit in the coin does."""
    part = asked({"BTC-PERP": (-10, 1000)}, {"BTC": 4})
    assert rows(part)[:2] == [("extreme move", "BTC-PERP", 1250), ("extreme move", "BTC", -500)]
    assert "4 = min(4, 10)" in part.lines[1].detail
    long = asked({"BTC-PERP": (10, 1000)}, {"BTC": 4})
    assert [row[1] for row in rows(long)] == ["BTC-PERP", "BTC-PERP", "BTC"]
    # Short 4000 dollars since 800: 4000 (1/1000 - 1/800) = -1 coin, so that 3 of 4 are left.
    lost = asked({"BTC-PERPETUAL": (-4000, 800)}, {"BTC": 4})
    assert ("extreme move", "BTC", -375) in rows(lost)


def test_a_hedge_is_rounded_down() -> None:
    """Short 1000 dollars at 3000 is a third of a coin; spot of one coin hedges all but a step."""
    report = asked({"BTC-PERPETUAL": (-1000, 3000)}, {"BTC": 1}, quote("BTC-PERPETUAL", 3000))
    rows(report)
    spot = report.lines[1]
    assert (spot.rule, spot.subject) == ("extreme move", "BTC")
    assert spot.detail.startswith("-0.333333333333 x 1000 x 0.25 x 0.5; ")
    assert 0 < report.lines[0].amount_ccy + spot.amount_ccy < D("1e-9")


def test_a_dated_futures_basis_grows_with_its_time() -> None:
    """5 % a year over 73 of 365 days is one per cent; a day's is less than a perpetual's 0.2 %."""
    far = asked({"BTC-FAR": (10_000, 1000)})
    assert rows(far)[1] == ("basis", "BTC-FAR", 100)
    near = asked({"BTC-NEAR": (10, 1000)}, {"USDC": 0})
    assert rows(near)[1] == ("basis", "BTC-NEAR", 20)
    # A charge of its own, half a per cent of 10,000.
    assert "50 = 50 x 1; 50 = 10000 x 0.005" in far.lines[-1].detail


def test_both_sides_of_one_contract_are_charged_and_do_not_move() -> None:
    long, short = (account(positions={"BTC-PERP": (q, 1000)}).positions for q in (10, -10))
    held = account(currency="USD")
    both = msgspec.structs.replace(held, positions=(*long, *short))
    report = require(both, TERMS, snapshot(*MARKS), okx_portfolio_rulebook({"BTC": BTC}))
    assert isinstance(report, MarginReport)
    assert [row[0] for row in rows(report)] == ["basis", "basis", "minimum charge"]
    assert report.requirement_maintenance_ccy == 80  # 0.4 % of 20,000


def test_a_loan_is_asked_for_beside_the_units() -> None:
    """600 of loss against 100: 500 owed, two per cent maintained, ten to begin with."""
    report = asked({"BTC-PERP": (10, 1060)}, {"USDC": 100})
    *_, owed = rows(report)
    assert owed == ("loan", "USDC", 10)
    assert report.lines[-1].amount_initial_ccy == 50
    assert report.equity_ccy == -500
    bare = asked({}, {"USDC": -500, "BTC": 1})
    assert rows(bare) == [("loan", "USDC", 10)]
    assert bare.equity_ccy == 980 - 500


# --- how well it is known -------------------------------------------------------------------------


def letters(positions: dict[str, Any], balances: dict[str, Any]) -> dict[str, str]:
    evidence = dict(shipped().evidence)
    report = asked(positions, balances, evidence=evidence)
    assert isinstance(report, MarginReport)
    return {f"{line.rule} {line.subject}": line.evidence for line in report.lines}


def test_only_what_the_printed_answer_shows_is_verified() -> None:
    alone = letters({"BTC-PERP": (10, 1000)}, {"USDC": 1})
    assert set(alone.values()) == {"V"}
    assert letters({"BTC-PERPETUAL": (4000, 1000)}, {"BTC": 1}) == {
        "extreme move BTC-PERPETUAL": "U", "basis BTC-PERPETUAL": "U", "minimum charge BTC": "U",
    }  # fmt: skip
    spot = letters({"BTC-PERP": (-10, 1000)}, {"BTC": 4})
    assert (spot["extreme move BTC"], spot["extreme move BTC-PERP"]) == ("D", "V")
    two = letters({"BTC-PERP": (10, 1000), "BTC-TETHER": (-4, 1000)}, {})
    assert (two["basis BTC-PERP"], two["extreme move BTC-PERP"]) == ("U", "V")
    assert two["peg BTC USDT/USDC"] == "S"
    assert two["minimum charge BTC"] == "V"
    much = letters({"BTC-PERP": (10_000, 1000)}, {})
    assert much["minimum charge BTC"] == "U"
