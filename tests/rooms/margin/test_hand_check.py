"""Every line of a report can be repeated with a calculator, from the report alone.

A detail is a chain: an expression that gives the amount, then where each of its numbers comes from.
Here the calculator is Python's own arithmetic, with Black's formula written out once more.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from math import e, erfc, floor, log, sqrt
from typing import Any

import pytest

from hedgerow.margin import MarginLine, MarginReport, require
from hedgerow.portfolio import Account
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    index,
    inverse,
    inverse_future,
    lending,
    lending_rulebook,
    option,
    option_quote,
    oracle,
    perpetual,
    quote,
    scan_rulebook,
    snapshot,
    supply,
    tiered_rulebook,
)

D = Decimal
RAY = 10**27
# What a calculator with twelve digits may be off, and the last decimal of what it is held against.
TOLERANCE = 2e-12


# --- the calculator -------------------------------------------------------------------------------


def normal(x: float) -> float:
    return 0.5 * erfc(-x / sqrt(2.0))


def d1(forward: float, strike: float, vol: float, years: float) -> float:
    spread = vol * sqrt(years)
    return log(forward / strike) / spread + spread / 2


def call(forward: float, strike: float, vol: float, years: float) -> float:
    up = d1(forward, strike, vol, years)
    return forward * normal(up) - strike * normal(up - vol * sqrt(years))


def put(forward: float, strike: float, vol: float, years: float) -> float:
    up = d1(forward, strike, vol, years)
    return strike * normal(vol * sqrt(years) - up) - forward * normal(-up)


def call_delta(forward: float, strike: float, vol: float, years: float) -> float:
    return normal(d1(forward, strike, vol, years))


def put_delta(forward: float, strike: float, vol: float, years: float) -> float:
    return -normal(-d1(forward, strike, vol, years))


def stepped(value: float, step: float, way: int) -> float:
    """Round to a step, up or down; what binary digits alone put beside a step is on it."""
    steps = value / step
    if abs(steps - round(steps)) <= 1e-9 + 2e-15 * abs(steps):
        return round(steps) * step
    return (floor(steps) + (way > 0)) * step


def up(value: float, step: float) -> float:
    return stepped(value, step, 1)


def down(value: float, step: float) -> float:
    return stepped(value, step, -1)


NAMES = {
    "call": call, "put": put, "call_delta": call_delta, "put_delta": put_delta, "e": e,
    "abs": abs, "max": max, "min": min, "up": up, "down": down,
}  # fmt: skip
CHARACTERS = re.compile(r"[0-9.+\-*/() ,e]*")


def calculated(expression: str) -> float:
    text = expression.removeprefix("initial ")
    text = re.sub(r" \(tier \d+\)$", "", text)
    text = re.sub(r"delta of (call|put)\(", r"\1_delta(", text)
    text = re.sub(r"\b(F|K|vol|years) (?=[\d.])", "", text)
    text = text.replace(" x ", " * ").replace("^", "**")
    text = re.sub(r"([\d.]+) bps", r"(\1 / 10**4)", text)
    text = re.sub(r"([\d.]+) ppm", r"(\1 / 10**6)", text)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    left = re.sub(r"\b(abs|max|min|up|down|(call|put)(_delta)?)\b", "", text)
    assert CHARACTERS.fullmatch(left), f"no calculator reads {expression!r}"
    return float(eval(text, {"__builtins__": {}}, dict(NAMES)))


REMARKS = (
    "at price ", "health factor ", "vol ", "open interest ", "open loss ", "only reduces",
    "settles contracts", "the loan-to-value is not told", "what is owed counts in full",
    "with filled: ", "of scenario", "each loss x ",
)  # fmt: skip


def is_remark(step: str) -> bool:
    return step.startswith(REMARKS) or " to " in step


def last_decimal(number: str) -> float:
    exponent = Decimal(number).as_tuple().exponent
    assert isinstance(exponent, int)
    return float(10.0 ** min(exponent, 0))


def check(line: MarginLine) -> list[str]:
    """Repeat one line; give the equations that were checked."""
    first, *steps = line.detail.split("; ")
    if first.startswith("initial "):
        assert line.amount_ccy == 0, "a line that begins with the initial part has no other"
        steps = [first, *steps]
    else:
        shown = calculated(first)
        assert shown == pytest.approx(float(line.amount_ccy), rel=1e-12, abs=TOLERANCE), first
    seen, checked = first, []
    for step in steps:
        if step.startswith("initial "):
            assert line.amount_initial_ccy is not None
            shown = float(line.amount_initial_ccy)
            assert calculated(step) == pytest.approx(shown, rel=1e-12, abs=TOLERANCE), step
        elif not is_remark(step):
            number, equals, how = step.partition(" = ")
            assert equals, f"neither equation nor remark: {step!r}"
            number = number.removeprefix("delta ")
            if not step.startswith("delta "):
                assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", seen), step
            off = abs(calculated(how) - float(number))
            assert off <= last_decimal(number) + TOLERANCE * max(1.0, abs(float(number))), step
            checked.append(step)
        seen += f"; {step}"
    return checked


# --- reports of every venue -----------------------------------------------------------------------


NEAR, FAR = T0_NS + 9 * DAY_NS, T0_NS + 200 * DAY_NS
CALL, PUT = option(65000, "call", expiry_ns=FAR), option(52000, "put", expiry_ns=NEAR)
WING = option(30000, "put", expiry_ns=T0_NS + 30 * DAY_NS)
FUTURE = inverse_future("BTC-DATED", T0_NS + 365 * DAY_NS)
TERMS = by_id(CALL, PUT, WING, FUTURE, inverse())
MARKET = (
    index("BTC", "60012.34"),
    quote("BTC-PERPETUAL", "60020.5"),
    quote("BTC-DATED", "61803.3"),
    option_quote(CALL, 60750.25, 0.61),
    option_quote(PUT, 60100.75, 0.58),
    option_quote(WING, 60200.5, 0.72),
)
DERIBIT: dict[str, dict[str, Any]] = {
    "near": {CALL.instrument_id: -30, PUT.instrument_id: 12, "BTC-PERPETUAL": (-120_000, "59000")},
    "vol down": {CALL.instrument_id: 10, PUT.instrument_id: "7.5"},
    "tail": {WING.instrument_id: -100, CALL.instrument_id: 3, "BTC-DATED": (60_000, "61000")},
    "futures": {"BTC-DATED": (-90_000, "63000.5"), "BTC-PERPETUAL": (400_010, "61000")},
}


def deribit(name: str, **changes: Any) -> MarginReport:
    held = account(currency="BTC", positions=DERIBIT[name], balances={"BTC": "25.5"})
    report = require(held, TERMS, snapshot(*MARKET), scan_rulebook(**changes))
    assert isinstance(report, MarginReport), report
    return report


def binance() -> MarginReport:
    rules = tiered_rulebook([(0, "0.004"), (50_000, "0.005"), (250_000, "0.01")])
    held = account(positions={"BTC-PERP": ("-20.417", "60100.7")}, balances={"USDC": 90_000})
    terms = by_id(perpetual())
    report = require(held, terms, snapshot(quote("BTC-PERP", "60003.21")), rules)
    assert isinstance(report, MarginReport), report
    return report


def aave() -> MarginReport:
    held = account(
        positions={"supply:wstETH": "50.123456789012345678", "debt:USDC": "-80000.123456"},
        currency="USD",
    )
    terms = by_id(supply("wstETH"), debt("USDC"))
    now = snapshot(
        oracle("wstETH", "2401.98765432"),
        oracle("USDC", "0.99987654"),
        lending("wstETH", supply_ray=RAY * 1001 // 1000),
        lending("USDC", debt_ray=RAY * 1077 // 1000),
    )
    report = require(held, terms, now, lending_rulebook(wstETH=8000, USDC=8500))
    assert isinstance(report, MarginReport), report
    return report


def reports() -> Iterator[tuple[str, MarginReport]]:
    for name in DERIBIT:
        yield name, deribit(name)
    yield "table factor", deribit("tail", extended_table_factor_frac=D("1.5"))
    yield "least vol", deribit("near", min_volatility_for_shock_up_frac=D("1.5"))
    yield "binance", binance()
    yield "aave", aave()


REPORTS = dict(reports())


@pytest.mark.parametrize("name", REPORTS)
def test_every_line_can_be_repeated(name: str) -> None:
    report = REPORTS[name]
    for line in (*report.lines, *report.equity_lines):
        if line.rule in ("balance", "wallet balance"):
            assert line.detail == "", "a balance is given, and nothing to repeat"
            continue
        assert line.detail, line
        check(line)


def test_an_option_says_all_that_its_value_depends_on() -> None:
    report = REPORTS["near"]
    (loss,) = [
        line
        for line in report.lines
        if line.rule.startswith("loss") and line.subject == CALL.instrument_id
    ]
    # quantity, forward, strike, vol and years, now and in the cell; and how the vol was shocked
    assert re.search(r"= 30 x \(call\(F [\d.]+, K 65000, vol [\d.]+, years [\d.]+\)", loss.detail)
    assert "call(F 60750.25, K 65000, vol 0.61, years 0.547945205479452) / 60750.25" in loss.detail
    assert len(check(loss)) == 2
    (worth,) = [line for line in report.equity_lines if line.subject == CALL.instrument_id]
    assert worth.detail.startswith("-30 x call(F 60750.25, K 65000, vol 0.61, years 0.5479452")


def test_the_cases_are_those_they_are_named_for() -> None:
    def cell(name: str) -> Any:
        worst = REPORTS[name].worst_scenario
        assert worst is not None
        return worst

    assert cell("near").vol_shock == "up"
    assert cell("vol down").vol_shock == "down"
    assert abs(cell("tail").price_move_frac) > D("0.16")
    assert "vol 1.5 is the least of a shock up" in REPORTS["least vol"].lines[1].detail
    assert "1.5 x 0.16 / 0.66 x" in REPORTS["table factor"].lines[0].detail
    assert any("e^(0.075 x 1) - 1" in line.detail for line in REPORTS["futures"].lines)


def roll(held: Account) -> tuple[D, D]:
    """The delta that one expiry is charged for, and its rate."""
    report = require(held, TERMS, snapshot(*MARKET), scan_rulebook())
    assert isinstance(report, MarginReport)
    (line,) = [line for line in report.lines if line.rule == "roll shock"]
    delta, rate = line.detail.split("; ")[1].split(" = ")[1].split(" x ")
    assert line.amount_ccy == D("0.8") * D(delta) * D(rate)
    return D(delta), D(rate)


@pytest.mark.parametrize("quantity", [*range(-30, -10), *range(11, 31)])
def test_a_roll_is_charged_for_a_delta_rounded_up(quantity: int) -> None:
    """|Δ| = |q| N(d1): rounded away from nothing, whichever side is held."""
    held = account(currency="BTC", positions={CALL.instrument_id: quantity}, balances={"BTC": 50})
    delta, _ = roll(held)
    exact = abs(quantity) * call_delta(60750.25, 65000, 0.61, 200 / 365)
    # One step at most; below it by no more than what two floats of thirty coins may differ.
    assert -2e-14 <= float(delta) - exact <= 1e-12 + 2e-14
    assert delta == delta.quantize(D("1e-12"))


@pytest.mark.parametrize("name", list(DERIBIT))
def test_the_delta_of_a_roll_is_what_its_line_says_to_the_last_digit(name: str) -> None:
    """A size, or one rounded up to a step: decimals in, decimals out, no tolerance."""
    found = [line.detail.split("; ")[-1] for line in REPORTS[name].lines if "roll" in line.rule]
    assert found
    for step in found:
        delta, how = step.split(" = ")
        of = re.fullmatch(r"up\(\|(.*)\|, 1e-12\)|\|(.*)\|", how)
        assert of is not None, step
        size = abs(sum((D(each) for each in (of[1] or of[2]).split(" + ")), D(0)))
        if of[1] is None:
            assert D(delta) == size, step
        else:
            assert 0 < D(delta) - size < D("1e-12"), step
            assert D(delta) % D("1e-12") == 0, step


@pytest.mark.parametrize("days", range(100, 110))
def test_a_roll_is_charged_at_a_rate_rounded_up(days: int) -> None:
    future = inverse_future("F", T0_NS + days * DAY_NS)
    held = account(currency="BTC", positions={"F": (60_000, 60_000)}, balances={"BTC": 1})
    now = snapshot(index("BTC", 60_000), quote("F", 60_000))
    report = require(held, by_id(future), now, scan_rulebook())
    assert isinstance(report, MarginReport)
    (line,) = [line for line in report.lines if line.rule == "roll shock"]
    assert 0 <= float(line.amount_ccy) / 0.8 - (e ** (0.075 * days / 365) - 1) <= 1e-9
    check(line)


@pytest.mark.parametrize(
    "wrong",
    [
        ("0.8 x", "0.81 x"), ("K 65000", "K 65001"), ("vol 0.61,", "vol 0.611,"),
        ("= 30 x", "= 31 x"), ("years 0.5479", "years 0.5478"), ("^0.13", "^0.14"),
    ],
)  # fmt: skip
def test_the_check_sees_a_wrong_digit(wrong: tuple[str, str]) -> None:
    line = REPORTS["near"].lines[1]
    assert line.subject == CALL.instrument_id
    assert wrong[0] in line.detail
    changed = MarginLine(
        rule=line.rule,
        subject=line.subject,
        amount_ccy=line.amount_ccy,
        detail=line.detail.replace(*wrong),
        amount_initial_ccy=line.amount_initial_ccy,
    )
    with pytest.raises(AssertionError):
        check(changed)
