"""What a line says gives its amount: by the calculator of `test_hand_check`, and by hand."""

import re
from decimal import Decimal
from math import log
from typing import Any

import msgspec
import pytest

from hedgerow.margin import MarginLine
from hedgerow.margin.portfolio import PortfolioReport
from hedgerow.portfolio import Position
from tests.builders import EXPIRY_NS, account, index, option_quote, snapshot
from tests.rooms.margin.portfolio.market import CALL, LINEAR, PUT, TERMS, asked, moved
from tests.rooms.margin.portfolio.test_need import CHARGES, MOVES
from tests.rooms.margin.test_hand_check import check

D = Decimal
# Every kind there is in the market, bought and sold, at entries that are no round numbers.
SIZES: dict[str, Any] = {
    "BTC-PERP": ("20.417", "49012.7"), "ETH-PERP": ("-300.3", "2533.21"),
    "BTC-PERPETUAL": (-120_010, "51234.5"), "BTC-F": (90_000, "50987.25"),
    "BTC-L": ("-3.3", "50777.1"), "ETH-QUANTO": (700, "2431.9"),
    CALL.instrument_id: -40, PUT.instrument_id: "7.5", LINEAR.instrument_id: "-3.1",
}  # fmt: skip
HELD = account(positions=SIZES, balances={"BTC": "1.23456789", "USDC": "-98765.4321"})
ASKED: dict[str, dict[str, Any]] = {
    "worst": {},
    "mean of one": {"basis": "shortfall", "level_frac": 0.999},
    "mean of two and a half": {"basis": "shortfall", "level_frac": 0.9875},
    "mean of five": {"basis": "shortfall", "level_frac": 0.975},
    "mean of many": {"basis": "shortfall", "level_frac": 0.8},
}


def lines(report: PortfolioReport, rule: str) -> list[MarginLine]:
    return [
        line for line in (*report.margin.lines, *report.margin.equity_lines) if line.rule == rule
    ]


# Sizes that put no amount on a step, where the last binary digit says which way it is rounded.
@pytest.mark.parametrize("times", [1.0173281946, -0.9871236541])
@pytest.mark.parametrize("name", ASKED)
def test_every_line_can_be_repeated(name: str, times: float) -> None:
    turned: dict[str, Any] = {
        each: (times * float(given[0]), given[1])
        if isinstance(given, tuple)
        else times * float(given)
        for each, given in SIZES.items()
    }
    held = account(positions=turned, balances={"BTC": "1.234567891234", "USDC": "-98765.4321"})
    report = asked(held, MOVES, **CHARGES, **ASKED[name])
    rules = {"loss in the scan", "time to exit", "short option", "roll", "concentration"}
    assert {line.rule for line in report.margin.lines} == rules
    assert len(report.margin.equity_lines) == len(SIZES) + 2
    for line in (*report.margin.lines, *report.margin.equity_lines):
        check(line)


def test_equity_says_quantity_price_and_entry() -> None:
    """Linear and inverse contracts by their entry, coins held, options by their formula."""
    report = asked(HELD, moved({}))
    told = {line.subject.split()[-1]: line.detail for line in report.margin.equity_lines}
    assert set(told) == {*SIZES, "spot:BTC", "spot:USDC"} == {*TERMS, "spot:BTC", "spot:USDC"}
    assert told["spot:BTC"] == "down(1.23456789 x 50000, 1e-6)"
    assert told["BTC-PERP"].startswith("down((20.417 x 50000 - 1000692.2959) x 1, 1e-6); ")
    assert told["BTC-PERP"].endswith("; 1000692.2959 = 20.417 x 49012.7")
    first, unit, entered = told["BTC-F"].split("; ")
    assert re.fullmatch(r"down\(\([\d.]+ x -[\d.]+ \+ [\d.]+\) x 50000, 1e-6\)", first)
    assert unit.split(" / ")[1] == "51000"
    assert entered.split(" / ")[1] == "50987.25"
    assert "= call(F 50500, K 55000, vol 0.6, years" in told[CALL.instrument_id]
    assert told[CALL.instrument_id].endswith(" / 50500")
    assert told[LINEAR.instrument_id].count(" / ") == 0


def test_sides_that_cancel_leave_what_was_gained() -> None:
    """Bought at 49,000 and sold at 51,000 is worth 2,000, whatever the price."""
    sides = tuple(
        Position(instrument_id="BTC-PERP", quantity_contracts=D(size), price_entry_ccy=D(entry))
        for size, entry in ((1, 49_000), (-1, 51_000))
    )
    report = asked(msgspec.structs.replace(account(), positions=sides), moved({}))
    (line,) = report.margin.equity_lines
    assert line.amount_ccy == 2_000
    assert line.detail == "down((0 x 50000 + 2000) x 1, 1e-6)"
    check(line)


@pytest.mark.parametrize("minutes_left", [15, 1])
def test_while_it_settles_an_option_is_on_its_average(minutes_left: int) -> None:
    """What has passed of the average was below the 60,000 of now."""
    now_ns = EXPIRY_NS - minutes_left * 60 * 10**9
    past = [
        index("BTC", 58_000 + 40 * minute, EXPIRY_NS - minute * 60 * 10**9)
        for minute in range(60, minutes_left, -1)
    ]
    now = snapshot(
        *past, index("BTC", 60_000, now_ns), option_quote(CALL, 60_000, 0.6, now_ns), time_ns=now_ns
    )
    report = asked(account(positions={CALL.instrument_id: "2.0173"}), moved({}), now=now)
    (line,) = report.margin.equity_lines
    assert re.search(r"F 5[89]\d\d\d", line.detail)
    assert len(check(line)) == 1


def test_nothing_held_says_nothing() -> None:
    report = asked(account(), moved({}))
    assert (report.margin.lines, report.margin.equity_lines) == ((), ())


def test_a_mean_says_which_scenarios_it_is_of_and_what_each_lost() -> None:
    """Falls of 1 to 10 %, a quarter of them: the worst two whole and half of the third."""
    falls = moved(*({"spot BTC": log(1 - 0.01 * i)} for i in range(1, 11)))
    held = account(positions={"BTC-PERP": (1, 50_000)})
    report = asked(held, falls, basis="shortfall", level_frac=0.75)
    (line,) = lines(report, "loss in the scan")
    first, total, of = line.detail.split("; ")
    assert of == "of scenarios 9, 8, 7"
    assert first.endswith(" / 2.5, 1e-6)")
    numbers = [float(each) for each in re.findall(r"[\d.]+", total)]
    assert numbers == pytest.approx([11_500, 5_000, 4_500, 0.5, 4_000])
    assert [each.scenario_index for each in report.tail] == [9, 8, 7]
    assert [each.loss_usd for each in report.tail] == pytest.approx([5_000, 4_500, 4_000])


def test_of_many_scenarios_the_worst_five_are_named_and_the_rest_added_up() -> None:
    falls = moved(*({"spot BTC": log(1 - 0.01 * i)} for i in range(1, 11)))
    held = account(positions={"BTC-PERP": (1, 50_000)})
    report = asked(held, falls, basis="shortfall", level_frac=0.2)
    (line,) = lines(report, "loss in the scan")
    _, total, of = line.detail.split("; ")
    assert of == "of scenarios 9, 8, 7, 6, 5 and 3 more, which lose the last of these numbers"
    numbers = [float(each) for each in re.findall(r"[\d.]+", total)]
    parts = [5_000, 4_500, 4_000, 3_500, 3_000, 2_500 + 2_000 + 1_500]
    assert numbers == pytest.approx([sum(parts), *parts])
    assert [each.scenario_index for each in report.tail] == [9, 8, 7, 6, 5]
    # The tail is told whatever is required.
    assert asked(held, falls, level_frac=0.2).tail == report.tail


def test_time_to_exit_says_loss_days_and_horizon() -> None:
    """Ten coins where 4 a day may go, half as fast in the second scenario; half a day is free."""
    held = account(positions={"BTC-PERP": (10, 50_000)})
    falls = moved(
        {"spot BTC": log(0.95)}, {"spot BTC": log(0.9), "liquidity BTC": log(2.0)},
        {"spot BTC": log(0.94), "liquidity BTC": log(0.1)}, {"spot BTC": log(1.2)},
    )  # fmt: skip
    charges: dict[str, Any] = {**CHARGES, "horizon_days": 0.5}
    (alone,) = lines(asked(held, falls, **charges), "time to exit")
    first, of, how = alone.detail.split("; ")
    numbers = [float(each) for each in re.findall(r"(?<!\^)\b[\d.]+\b(?!e)", first)][:3]
    assert numbers == pytest.approx([50_000, 5, 0.5])
    assert (of, how) == ("of scenario 1, s1", "each loss x ((days / horizon)^0.5 - 1)")
    (mean,) = lines(
        asked(held, falls, basis="shortfall", level_frac=0.0, **charges), "time to exit"
    )
    # A fast exit costs nothing more, nor does a gain.
    terms = mean.detail.split("; ")[1].split(" = ")[1].split(" + ")
    assert terms[2:] == ["0", "0"]
    slow = [[float(each) for each in re.findall(r"[\d.]+", term)][:3] for term in terms[:2]]
    assert slow[0] == pytest.approx([50_000, 5, 0.5])
    assert slow[1] == pytest.approx([25_000, 2.5, 0.5])
    expected = (50_000 * (10**0.5 - 1) + 25_000 * (5**0.5 - 1)) / 4
    assert float(mean.amount_ccy) == pytest.approx(expected)


def test_the_check_sees_a_wrong_digit() -> None:
    report = asked(HELD, MOVES, **CHARGES, **ASKED["mean of many"])
    for rule, wrong in (
        ("time to exit", ("/ 2)", "/ 3)")),
        ("loss in the scan", ("/ 40", "/ 41")),
        ("value of position", ("down(", "down(1 + ")),
    ):
        line = lines(report, rule)[0]
        assert wrong[0] in line.detail, line
        changed = MarginLine(
            rule=rule,
            subject=line.subject,
            amount_ccy=line.amount_ccy,
            detail=line.detail.replace(*wrong),
        )
        with pytest.raises(AssertionError):
            check(changed)
