"""The commands that only look: what they print, as JSON and for a person."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.pricing import GREEKS
from tests.rooms.app.made import DESK, LIMITS, Answer, hedgerow_here, morning

EXPOSURE = ("show", "ladder", "buckets", "cross", "funding", "liquidity")
LOOKS = [
    *(("exposure", verb) for verb in EXPOSURE),
    ("margin", "require"),
    ("hedge", "plan"),
    ("collateral", "plan"),
]
LOW = ("--at", "2026-02-01T07:30:00Z")  # BTC has fallen by 14 %


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"))


def ask(words: list[str], noun: str, verb: str, *more: str) -> Answer:
    return hedgerow_here(noun, verb, *words, *more, cwd=Path(words[0]).parent)


def test_exposure_is_a_tree_that_adds_up(words: list[str]) -> None:
    told = ask(words, "exposure", "show", "--json").json()
    assert set(told) == {"time_ns", "rows", "option_age_ns_max", "vol_regime"}
    rows: dict[str, Any] = {row["node"]: row for row in told["rows"]}
    assert {"desk", "desk/deribit/options", "desk/binance/perp", "coin/BTC", "coin/USDC"} <= set(
        rows
    )
    venues = [row for node, row in rows.items() if node.count("/") == 1 and "coin" not in node]
    for number in ("value_usd", "delta_spot_usd", *GREEKS):
        assert sum(row[number] for row in venues) == pytest.approx(rows["desk"][number])
    assert not any(row["missing"] for row in rows.values())


def test_the_time_asked_for_is_the_time_shown(words: list[str]) -> None:
    start = ask(words, "exposure", "show", "--json").json()
    low = ask(words, "exposure", "show", *LOW, "--json").json()
    assert low["time_ns"] - start["time_ns"] == 150 * 60 * 10**9
    # Chains came at 02:30 and at 06:00.
    assert start["option_age_ns_max"] == 150 * 60 * 10**9
    assert low["option_age_ns_max"] == 90 * 60 * 10**9
    assert "2026-02-01 07:30" in ask(words, "exposure", "show", *LOW).out


def test_a_requirement_is_the_sum_of_its_lines(words: list[str]) -> None:
    told = ask(words, "margin", "require", "--json").json()
    assert set(told) == {"desk/deribit/options", "desk/binance/perp"}
    for report in told.values():
        lines = [Decimal(line["amount_ccy"]) for line in report["lines"]]
        assert sum(lines) == Decimal(report["requirement_maintenance_ccy"]) > 0
    assert told["desk/deribit/options"]["rulebook"] == "deribit/2026-02-15"
    assert told["desk/deribit/options"]["currency"] == "BTC"


def test_one_account_can_be_asked_for(words: list[str]) -> None:
    told = ask(words, "margin", "require", "--account", "perp", "--json").json()
    assert set(told) == {"desk/binance/perp"}
    shown = ask(words, "margin", "require", "--account", "perp")
    assert "perp" in shown.out
    assert "deribit" not in shown.out


def test_a_hedge_plan_brings_the_delta_down(words: list[str]) -> None:
    told = ask(words, "hedge", "plan", "--json").json()
    (leg,) = told["legs"]
    assert leg["instrument_id"] == "BTCUSDT-PERP"
    assert leg["account_id"] == "perp"
    assert Decimal(leg["quantity_contracts"]) < 0
    before, after = (
        next(s["value_frac_usd_or_coin"] for s in told[key] if s["metric"] == "delta_spot_usd")
        for key in ("limits_before", "limits_after")
    )
    assert 0 < after < before
    kinds = {each["kind"]: each["cost_expected_usd"] for each in told["costs"]}
    assert set(kinds) == {"crossing", "fee"}
    # A taker's fee of 0.05 % of what is sold, at the mark; the worst price lies a part below it.
    worst_usd = -Decimal(leg["quantity_contracts"]) * Decimal(leg["price_limit_usd"])
    assert 0.0005 < kinds["fee"] / float(worst_usd) < 0.0006
    assert sum(kinds.values()) == told["cost_expected_usd"] == leg["cost_expected_usd"]
    assert any(each.startswith("Funding while a hedge is held") for each in told["assumptions"])
    shown = ask(words, "hedge", "plan").out
    assert "of which crossing the book " in shown
    assert ", fees " in shown


def test_a_collateral_plan_refills_what_is_low_and_only_then(words: list[str]) -> None:
    assert ask(words, "collateral", "plan", "--json").json()["legs"] == []
    told = ask(words, "collateral", "plan", *LOW, "--json").json()
    (leg,) = told["legs"]
    assert (leg["source_account_id"], leg["target_account_id"]) == ("treasury", "options")
    assert leg["asset"] == "BTC"
    assert 0 < Decimal(leg["quantity_coin"]) <= 2
    shown = ask(words, "collateral", "plan", *LOW).out
    assert "treasury" in shown
    assert leg["quantity_coin"].rstrip("0") in shown


@pytest.mark.parametrize(("noun", "verb"), LOOKS)
def test_looking_writes_nothing_and_is_the_same_twice(
    words: list[str], noun: str, verb: str
) -> None:
    first, second = (
        hedgerow_here(noun, verb, *words, *LOW, "--json", cwd=Path(words[0]).parent, anew=True)
        for _ in range(2)
    )
    assert first.out == second.out
    assert first.code == second.code == 0
    assert sorted(p.name for p in Path(words[0]).parent.iterdir()) == ["data", "desk.toml"]


def test_a_hard_limit_is_status_1(tmp_path: Path) -> None:
    words = morning(tmp_path, ("soft = 50000\nhard = 500000", "soft = 1\nhard = 2"))
    for noun, verb in (("exposure", "show"), ("hedge", "plan")):
        answer = ask(words, noun, verb, "--json")
        assert answer.code == 1
        answer.json()


def test_what_is_unknown_is_status_1_and_null(tmp_path: Path) -> None:
    words = morning(tmp_path, ('option = "6h"', 'option = "1m"'))
    answer = ask(words, "exposure", "show", "--json")
    assert answer.code == 1
    desk = next(row for row in answer.json()["rows"] if row["node"] == "desk")
    assert desk["missing"]


def test_the_embedded_desk_needs_no_file(tmp_path: Path) -> None:
    answer = hedgerow_here("margin", "require", "--json", cwd=tmp_path)
    assert answer.code in (0, 1)
    assert len(answer.json()) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('balances = { BTC = "3" }', 'balances = { BTC = "0.1" }'), "options is liquidatable"),
        (('option = "6h"', 'option = "1m"'), "the requirement of options is unknown"),
    ],
)
def test_a_desk_without_limits_is_not_thereby_fine(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    words = morning(tmp_path, change, (LIMITS, ""))
    for noun, verb in (
        ("exposure", "show"), ("margin", "require"), ("hedge", "plan"), ("collateral", "plan"),
    ):  # fmt: skip
        answer = ask(words, noun, verb)
        assert answer.code == 1
        (line,) = answer.err.splitlines()
        assert line.startswith(f"exit 1: {told}")
        assert ask(words, noun, verb, "--json").err == ""


def test_the_limit_that_is_broken_is_named(tmp_path: Path) -> None:
    words = morning(tmp_path, ("soft = 50000\nhard = 500000", "soft = 1\nhard = 2"))
    assert ask(words, "exposure", "show").err == "exit 1: coin/BTC delta is beyond hard\n"


def test_what_was_asked_is_spoken_of_first_and_nothing_is_left_out(tmp_path: Path) -> None:
    words = morning(
        tmp_path,
        ('balances = { BTC = "3" }', 'balances = { BTC = "0.1" }'),
        ("soft = 50000\nhard = 500000", "soft = 1\nhard = 2"),
        ("soft = 0.15\nhard = 0.01", "soft = 0.69\nhard = 0.68"),
    )
    everything = ask(words, "exposure", "show").err
    assert everything.startswith("exit 1: options is liquidatable; ")
    for part in ("coin/BTC delta", "desk/deribit/options distance", "desk/binance/perp distance"):
        assert part in everything
    assert "more" not in everything
    own, others = ask(words, "margin", "require", "--account", "perp").err.split("; elsewhere")
    assert own == "exit 1: desk/binance/perp distance is beyond hard"
    assert "options is liquidatable" in others
    node = ("--node", "desk/deribit/options")
    own, others = ask(words, "exposure", "buckets", *node).err.split("; elsewhere")
    assert own.startswith("exit 1: options is liquidatable; desk/deribit/options distance")
    assert "perp" in others
    coin = ask(words, "exposure", "liquidity", "--node", "coin/BTC").err
    assert coin.startswith("exit 1: coin/BTC delta is beyond hard; elsewhere on the desk: options")


def test_an_account_that_is_fine_is_said_to_be(tmp_path: Path) -> None:
    words = morning(tmp_path, ("soft = 50000\nhard = 500000", "soft = 1\nhard = 2"))
    assert ask(words, "margin", "require", "--account", "perp").err == (
        "exit 1: nothing is broken or unknown at perp; elsewhere on the desk: "
        "coin/BTC delta is beyond hard\n"
    )


@pytest.mark.parametrize(("noun", "verb"), LOOKS)
def test_it_is_said_that_the_positions_are_those_of_the_start(
    words: list[str], noun: str, verb: str
) -> None:
    heading = "The opening positions of the desk, in the market of 2026-02-01T07:30:00Z\n"
    assert ask(words, noun, verb, *LOW).out.startswith(heading)


def test_a_desk_that_nobody_can_liquidate_needs_nothing(tmp_path: Path) -> None:
    words = morning(
        tmp_path,
        ('rulebook = "deribit/2026-02-15"\n', ""),
        ('rulebook = "binance/2021-11-01"\n', ""),
        # Long options and coins are paid for; a perpetual held would leave it unknown.
        ('quantity_contracts = "-10"', 'quantity_contracts = "10"'),
        ('quantity_contracts = "-5.5"', 'quantity_contracts = "0"'),
        (LIMITS + DESK[DESK.index("[[hedges]]") : DESK.index("[[routes]]")], ""),
    )
    answer = ask(words, "margin", "require")
    assert (answer.code, answer.out) == (2, "")
    assert "no account of the desk has a rulebook" in answer.err
