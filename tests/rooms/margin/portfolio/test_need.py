"""The requirement: lines that add up, limits by hand, and what must hold for every book."""

from decimal import Decimal
from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.portfolio import PortfolioModel, PortfolioReport, tail_weights
from hedgerow.market import Covariance, Factor, JointScenarios, designed, drawn, joined
from hedgerow.portfolio import Account, Position
from tests.builders import account
from tests.draws import draws
from tests.rooms.margin.portfolio.market import CALL, FACTORS, PUT, TERMS, asked, model, moved

D = Decimal
STEP = D("0.000001")
NAMES = sorted(TERMS)
CHARGES: dict[str, Any] = {
    "concentration_frac": 0.3,
    "short_option_frac": 0.01,
    "roll_frac_per_year": 0.05,
    "roll_frac_min": 0.001,
    "volume_coin_per_day": {"BTC": 40.0, "ETH": 900.0},
}


def random_moves(count: int = 200) -> JointScenarios:
    deviations = {factor: 0.0 for factor in FACTORS}
    sizes = {
        "spot": 0.05, "vol_level": 0.1, "vol_skew": 0.05, "vol_term": 0.05, "basis": 0.02,
        "premium": 0.002, "funding": 1e-4, "liquidity": 0.3, "peg": 0.005,
    }  # fmt: skip
    for factor in deviations:
        deviations[factor] = sizes[factor.kind]
    nothing = Covariance((), np.empty(0), np.empty((0, 0)), period_days=1.0)
    btc, eth = (Factor(kind="spot", name=coin) for coin in ("BTC", "ETH"))
    vol = Factor(kind="vol_level", name="BTC")
    both = joined(nothing, deviations, {(btc, eth): 0.8, (btc, vol): -0.5})
    rng = np.random.Generator(np.random.Philox(3))
    return drawn(both, horizon_days=2.0, count=count, rng=rng, degrees_count=4)


MOVES = random_moves()


def needs(report: PortfolioReport) -> Decimal:
    return report.margin.requirement_maintenance_ccy


def held_of(sizes: dict[str, int]) -> Account:
    return account(positions={name: (size, 50_000) for name, size in sizes.items()})


def test_lines_add_up_and_name_the_scenario() -> None:
    book = held_of({"BTC-PERP": 20, "ETH-PERP": -300, CALL.instrument_id: -40, "BTC-F": 90_000})
    report = asked(book, MOVES, **CHARGES)
    margin = report.margin
    assert sum(line.amount_ccy for line in margin.lines) == margin.requirement_maintenance_ccy
    assert {line.rule for line in margin.lines} == {
        "loss in the scan", "time to exit", "short option", "roll", "concentration",
    }  # fmt: skip
    assert all(line.amount_ccy % STEP == 0 for line in margin.lines)
    assert margin.confidence == "estimate"
    assert margin.worst_scenario is not None
    assert report.scenario == f"draw {margin.worst_scenario.scenario_index}"
    assert report.scenarios_count == 200
    assert margin.requirement_initial_ccy >= margin.requirement_maintenance_ccy > 0
    assert 0 < report.shortfall_usd <= report.worst_usd
    at = margin.worst_scenario.scenario_index
    told = {**report.moves_log, **report.moves_frac}
    names = [f"{factor.kind} {factor.name}" for factor in FACTORS]
    assert [told[name] for name in names] == MOVES.moves_log_or_frac[at].tolist()
    # Of skew, basis and funding what is added to them, of all else a log; nothing in both.
    assert len(told) == len(report.moves_log) + len(report.moves_frac)
    kinds = {name.split()[0] for name in report.moves_frac}
    assert kinds == {"vol_skew", "basis", "funding"}


def test_one_coin_up_one_down_is_named_by_the_one_that_loses() -> None:
    book = held_of({"BTC-PERP": 1, "ETH-PERP": -10})
    report = asked(book, moved({}, {"spot BTC": log(1.2), "spot ETH": log(1.5)}))
    worst = report.margin.worst_scenario
    assert worst is not None
    assert (worst.scenario_index, worst.price_move_frac, worst.vol_shock) == (1, D("0.5"), "same")
    # 10,000 gained on BTC, 12,500 lost on ETH: a rise of a half, told of the coin that rose by it.
    assert worst.coin == "ETH"
    assert worst.profit_ccy == D(10_000 - 12_500)
    assert needs(report) == D(2_500)


def test_a_book_that_only_gains_needs_nothing_and_says_why() -> None:
    book = held_of({"BTC-PERP": 1})
    report = asked(book, moved({"spot BTC": log(1.1)}))
    assert report.worst_usd == pytest.approx(-5_000)
    assert needs(report) == 0
    rules = [line.rule for line in report.margin.lines]
    assert rules == ["loss in the scan", "a gain is no collateral"]
    assert [line.amount_initial_ccy for line in report.margin.lines] == [D(-6_250), D(6_250)]
    assert report.margin.requirement_initial_ccy == 0
    # A gain of cents is none either.
    small = asked(book, moved({"spot BTC": log(1.00001)})).margin
    assert (small.requirement_maintenance_ccy, small.requirement_initial_ccy) == (D(0), D(0))
    assert [line.rule for line in small.lines] == rules


def test_each_line_says_what_it_adds_to_the_initial_requirement() -> None:
    """A loss of 12,500 and a charge on the delta, initially three tenths more of each."""
    book = held_of({"BTC-PERP": 1})
    report = asked(
        book, moved({"spot BTC": log(0.75)}), initial_factor_frac=1.3, roll_frac_min=0.0005
    ).margin
    told = {line.rule: (line.amount_ccy, line.amount_initial_ccy) for line in report.lines}
    # The roll of a delta of 50,000.
    assert told == {"loss in the scan": (D(12_500), D(16_250)), "roll": (D(25), D("32.5"))}
    assert report.requirement_initial_ccy == D("16282.5")


def pair(correlation: float) -> JointScenarios:
    """Two coins of one deviation, three deviations along each direction and each coin."""
    nothing = Covariance((), np.empty(0), np.empty((0, 0)), period_days=1.0)
    btc, eth = (Factor(kind="spot", name=coin) for coin in ("BTC", "ETH"))
    rest = {f: 0.0 for f in FACTORS if f not in (btc, eth)}
    both = joined(nothing, {btc: 0.01, eth: 0.01, **rest}, {(btc, eth): correlation})
    return designed(both, horizon_days=1.0, deviations=(3.0,))


def test_correlation_one_offsets_a_pair_whole_and_minus_one_not_at_all() -> None:
    long_short = account(positions={"BTC-PERP": (1, 50_000), "ETH-PERP": (-20, 2_500)})
    long_long = account(positions={"BTC-PERP": (1, 50_000), "ETH-PERP": (20, 2_500)})
    down, up = 50_000 * -np.expm1(-0.03), 50_000 * np.expm1(0.03)
    assert needs(asked(long_short, pair(1.0))) == pytest.approx(D(0), abs=D("1e-4"))
    assert float(needs(asked(long_long, pair(1.0)))) == pytest.approx(2 * down, rel=1e-9)
    assert float(needs(asked(long_short, pair(-1.0)))) == pytest.approx(down + up, rel=1e-9)
    # Against one another, a fall of three deviations on one side is a rise on the other.
    assert needs(asked(long_long, pair(-1.0))) == 0


def test_shortfall_is_the_mean_of_the_tail_with_the_last_one_in_part() -> None:
    losses = np.array([1.0, 9.0, 3.0, 7.0, 5.0])
    assert tail_weights(losses, 0.5) == pytest.approx(np.array([0, 1, 0, 1, 0.5]) / 2.5)
    assert tail_weights(losses, 0.99).tolist() == [0, 1, 0, 0, 0]
    assert tail_weights(losses, 0.0) == pytest.approx(np.full(5, 0.2))
    with pytest.raises(OutOfDomain, match="level_frac"):
        tail_weights(losses, 1.0)


def test_basis_shortfall_asks_for_the_mean_of_the_tail() -> None:
    book = held_of({"BTC-PERP": 1})
    falls = moved(*({"spot BTC": log(1 - 0.01 * i)} for i in range(1, 11)))
    report = asked(book, falls, basis="shortfall", level_frac=0.75)
    mean = 500 * (10 + 9 + 0.5 * 8) / 2.5
    assert float(needs(report)) == pytest.approx(mean)
    assert report.shortfall_usd == pytest.approx(mean)
    assert report.worst_usd == pytest.approx(5_000)


def test_contingencies_by_hand() -> None:
    """Ten coins in a market of 40 a day, a tenth of which may be taken: 2.5 days to leave."""
    book = account(positions={"BTC-PERP": (10, 50_000)})
    charges: dict[str, Any] = {**CHARGES, "horizon_days": 0.5}
    report = asked(book, moved({"spot BTC": log(0.9), "liquidity BTC": log(2.0)}), **charges)
    by_rule = {line.rule: line.amount_ccy for line in report.margin.lines}
    assert float(by_rule["loss in the scan"]) == pytest.approx(50_000)
    assert float(by_rule["time to exit"]) == pytest.approx(50_000 * (10**0.5 - 1))
    assert float(by_rule["concentration"]) == pytest.approx(500_000 * 0.3 * 10 / 40)
    assert float(by_rule["roll"]) == pytest.approx(500_000 * 0.001)
    short = asked(account(positions={CALL.instrument_id: -2}), moved({}), short_option_frac=0.01)
    assert needs(short) == D(1_000)
    bought = asked(account(positions={CALL.instrument_id: 2}), moved({}), short_option_frac=0.01)
    assert needs(bought) == 0


def test_a_roll_is_charged_on_each_expiry_and_grows_with_time() -> None:
    book = account(positions={"BTC-PERP": (1, 50_000), "BTC-L": (-1, 51_000)})
    report = asked(book, moved({}), roll_frac_per_year=0.05, roll_frac_min=0.001)
    rolls = {line.subject: line.amount_ccy for line in report.margin.lines if line.rule == "roll"}
    assert rolls["BTC perpetual"] == D(50)
    (dated,) = (amount for subject, amount in rolls.items() if subject != "BTC perpetual")
    assert float(dated) == pytest.approx(50_000 * 0.05 * 0.2, rel=0.03)


BOOKS = st.dictionaries(st.sampled_from(NAMES), st.integers(-30, 30), min_size=1)


@given(BOOKS, st.integers(2, 5))
@draws(25)
def test_k_times_the_book_needs_k_times_the_scan_and_at_least_k_times_the_whole(
    sizes: dict[str, int], k: int
) -> None:
    one, many = held_of(sizes), held_of({name: k * size for name, size in sizes.items()})
    slack = STEP * 40 * k
    assert abs(needs(asked(many, MOVES)) - k * needs(asked(one, MOVES))) <= slack
    crowded = needs(asked(many, MOVES, **CHARGES))
    assert crowded >= k * needs(asked(one, MOVES, **CHARGES)) - slack


@given(BOOKS, st.randoms(use_true_random=False))
@draws(25)
def test_splitting_and_shuffling_positions_changes_no_digit(
    sizes: dict[str, int], chance: object
) -> None:
    whole = held_of(sizes)
    parts = [
        Position(
            instrument_id=each.instrument_id,
            quantity_contracts=part,
            price_entry_ccy=each.price_entry_ccy,
        )
        for each in whole.positions
        for part in (each.quantity_contracts - D("0.7"), D("0.3"), D("0.4"))
    ]
    chance.shuffle(parts)  # type: ignore[attr-defined]
    split = Account(
        account_id=whole.account_id,
        venue=whole.venue,
        currency=whole.currency,
        rulebook=None,
        positions=tuple(parts),
        balances=(),
        time_observed_ns=whole.time_observed_ns,
    )
    assert asked(split, MOVES, **CHARGES) == asked(whole, MOVES, **CHARGES)


@given(BOOKS, st.sampled_from(["worst", "shortfall"]))
@draws(25)
def test_initial_is_at_least_maintenance(sizes: dict[str, int], basis: str) -> None:
    report = asked(held_of(sizes), MOVES, basis=basis, level_frac=0.9, **CHARGES).margin
    assert report.requirement_initial_ccy >= report.requirement_maintenance_ccy >= 0


def test_parameters_that_cannot_be_are_refused() -> None:
    for name, bad in (
        ("horizon_days", 0.0),
        ("initial_factor_frac", 0.99),
        ("participation_frac", float("nan")),
        ("level_frac", 1.0),
        ("volume_coin_per_day", {"BTC": 0.0}),
    ):
        with pytest.raises(ValueError, match=r"must be|positive"):
            model(**{name: bad})
    assert PortfolioModel(name="x", volume_coin_per_day={}).basis == "worst"


def test_puts_and_calls_offset_inside_one_scan() -> None:
    strangle = asked(held_of({CALL.instrument_id: -10, PUT.instrument_id: -10}), MOVES)
    calls = asked(held_of({CALL.instrument_id: -10}), MOVES)
    puts = asked(held_of({PUT.instrument_id: -10}), MOVES)
    # Where the calls lose most the puts gain, so a strangle may even need less than its calls.
    assert needs(strangle) < D("0.6") * (needs(calls) + needs(puts))


def test_equity_is_what_everything_is_worth_less_its_entry() -> None:
    held = account(
        positions={"BTC-PERP": (2, 48_000), "BTC-PERPETUAL": (100_000, 40_000)},
        balances={"BTC": 1, "USDC": -500},
    )
    margin = asked(held, moved({})).margin
    # 2 x 2,000; half a coin gained; a coin held; dollars owed.
    assert margin.equity_ccy == D(4_000 + 25_000 + 50_000 - 500)
    worth = {line.subject.split()[-1]: line.amount_ccy for line in margin.equity_lines}
    assert worth["BTC-PERPETUAL"] == D(25_000)


def test_coins_held_are_not_rolled() -> None:
    held = account(balances={"BTC": 3, "USDC": 10})
    assert needs(asked(held, moved({}), roll_frac_min=0.01, roll_frac_per_year=0.1)) == 0


def test_a_slow_exit_scales_a_loss_and_never_a_gain() -> None:
    """Both coins take four horizons to leave; one gains 5,000 and the other loses 2,500."""
    held = account(positions={"BTC-PERP": (1, 50_000), "ETH-PERP": (10, 2_500)})
    slow: dict[str, Any] = {"volume_coin_per_day": {"BTC": 1.25, "ETH": 12.5}}
    report = asked(held, moved({"spot BTC": log(1.1), "spot ETH": log(0.9)}), **slow)
    assert report.worst_usd == pytest.approx(2 * 2_500 - 5_000, abs=1e-6)
    # A dollar coin takes no time to leave, and needs no volume.
    dollars = account(balances={"USDC": 10**9})
    for volumes in ({"BTC": 1.0}, {"BTC": 1.0, "USDC": 1.0}):
        report = asked(dollars, moved({"peg USDC": log(0.99)}), volume_coin_per_day=volumes)
        assert report.worst_usd == pytest.approx(10**7)


def test_a_line_is_rounded_against_the_holder() -> None:
    held = account(positions={"BTC-PERP": (1, 50_000)}, balances={"BTC": "0.333333333333"})
    report = asked(held, moved({"spot BTC": -0.1}))
    for line, lost in zip(report.margin.lines, ("50000", "16666.66666665"), strict=True):
        exact_usd = D(lost) * (1 - D("-0.1").exp())
        assert D(0) <= line.amount_ccy - exact_usd < STEP
    worth = report.margin.equity_lines[1].amount_ccy
    assert D(0) <= D("16666.66666665") - worth < STEP


def test_concentration_takes_no_more_than_everything() -> None:
    held = account(positions={"BTC-PERP": (10, 50_000)})
    tiny: dict[str, Any] = {"volume_coin_per_day": {"BTC": 0.001}, "concentration_frac": 1.0}
    assert needs(asked(held, moved({}), **tiny)) == D(500_000)


@pytest.mark.parametrize(("move", "told"), [(0.5, "up"), (-0.5, "down"), (0.0, "same")])
def test_the_worst_scenario_says_where_vol_went(move: float, told: str) -> None:
    held = account(positions={CALL.instrument_id: 1 if move < 0 else -1})
    worst = asked(held, moved({"vol_level BTC": move})).margin.worst_scenario
    assert worst is not None
    assert worst.vol_shock == told
