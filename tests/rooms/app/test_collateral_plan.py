"""``collateral plan`` and ``collateral freed``: both methods, scenarios, reserve, errors."""

from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console, Group

from hedgerow.app.desk import load_desk
from hedgerow.app.transit import haircuts_of
from hedgerow.collateral import EARNS_FRAC_PER_YEAR, POSTED_DAYS, Allocation, Freed
from hedgerow.errors import Failure
from hedgerow.reporting import allocation_tables, freed_tables
from tests.rooms.app.made import Answer, hedgerow_here, morning

AT = ("--at", "2026-03-16T20:00:00Z")
EMBEDDED = Path(str(files("hedgerow.app"))) / "desks" / "embedded.toml"


def ask(folder: Path, *words: str) -> Answer:
    return hedgerow_here("collateral", *words, cwd=folder)


@pytest.fixture(scope="module")
def least(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return ask(tmp_path_factory.mktemp("least"), "plan", *AT, "--json").json()


def _sent(answer: Any) -> dict[str, Decimal]:
    return {leg["asset"]: Decimal(leg["quantity_coin"]) for leg in answer["legs"]}


def _after(answer: Any) -> dict[str, float]:
    return {
        state["node"]: float(state["value_frac_usd_or_coin"])
        for state in answer["limits_after"]
        if state["metric"] == "use_frac"
    }


def test_the_least_cost_covers_what_one_by_one_does_for_no_more(least: Any, tmp_path: Path) -> None:
    greedy = ask(tmp_path, "plan", *AT, "--method", "greedy", "--json").json()
    assert "allocation" not in greedy
    assert least["unmet"] == greedy["unmet"] == []
    assert least["cost_expected_usd"] <= greedy["cost_expected_usd"] + 0.01
    assert _after(least) == pytest.approx(_after(greedy), abs=1e-4)


def test_each_need_has_its_price(least: Any) -> None:
    cover = {(each["venue"], each["need"]): each for each in least["allocation"]["cover"]}
    bitcoin = cover["deribit-btc", "buffer"]
    assert bitcoin["after_ccy"] >= bitcoin["needed_ccy"]
    assert bitcoin["shadow_usd_per_ccy"] > 0
    assert any("no longer earns 5 %" in each for each in least["assumptions"])


def test_a_scenario_and_a_reserve_are_kept_to(tmp_path: Path, least: Any) -> None:
    words = ("--scenarios", "spot=-20%", "--reserve", "1e6", "--json")
    asked = ask(tmp_path, "plan", *AT, *words).json()
    cover = {(each["venue"], each["need"]): each for each in asked["allocation"]["cover"]}
    for name in ("deribit-btc", "aave-loop"):
        row = cover[name, "spot=-20%"]
        assert row["after_ccy"] >= row["needed_ccy"] > row["before_ccy"]
    assert cover["reserve", "reserve"]["after_ccy"] >= 1e6
    assert asked["allocation"]["cost_usd"] > least["allocation"]["cost_usd"]


def test_what_would_come_too_late_is_not_sent(tmp_path: Path, least: Any) -> None:
    """A repayment takes five minutes and bitcoin twenty, by the routes of the desk."""
    asked = ask(tmp_path, "plan", *AT, "--within", "10m", "--json").json()
    sent = {leg["target_account_id"]: leg["quantity_coin"] for leg in asked["legs"]}
    both = {leg["target_account_id"]: leg["quantity_coin"] for leg in least["legs"]}
    assert both.keys() == {"aave-loop", "deribit-btc"}
    assert sent == {"aave-loop": both["aave-loop"]}
    (short,) = asked["unmet"]
    assert short["subject"] == "deribit-btc"
    assert short["message"].endswith("no route to it arrives in time")
    assert any("later than 10m from now" in each for each in asked["assumptions"])
    assert ask(tmp_path, "plan", *AT, "--within", "20m", "--json").json()["legs"] == least["legs"]


def test_what_is_not_counted_upon_on_its_way_is_sent_on_top(tmp_path: Path, least: Any) -> None:
    asked = ask(tmp_path, "plan", *AT, "--transit-haircut", "BTC=20%", "--json").json()
    sent, before = (
        {leg["asset"]: Decimal(leg["quantity_coin"]) for leg in each["legs"]}
        for each in (asked, least)
    )
    assert sent["USDC"] == before["USDC"]
    # A fifth more is lost than the need takes, up to the step of each.
    assert sent["BTC"] * Decimal("0.8") == pytest.approx(before["BTC"], abs=Decimal("0.0002"))
    (row,) = [each for each in asked["allocation"]["cover"] if each["venue"] == "deribit-btc"]
    assert row["needed_ccy"] <= row["after_ccy"] < row["needed_ccy"] + 1e-3
    assert any(each.startswith("20.00 % of BTC on its way") for each in asked["assumptions"])


def test_what_a_coin_may_lose_on_its_way_follows_from_vol_and_route(tmp_path: Path) -> None:
    """By the sheet (26): bitcoin takes twenty minutes here, and 2.326 deviations are 99 %."""
    desk = load_desk(EMBEDDED)
    vol = desk.chance.vol_frac["BTC"]
    share = 1.0 - exp(-2.326 * vol * sqrt(20.0 / (365.0 * 24.0 * 60.0)))
    found = haircuts_of(["BTC=auto"], desk)
    assert found["BTC"].share_frac == pytest.approx(share, rel=1e-12)
    # A slower way of the same coin is what counts.
    slow = msgspec.structs.replace(desk.routes[0], latency_ns=80 * 60 * 10**9)
    slower = haircuts_of(["BTC=auto"], replace(desk, routes=(*desk.routes, slow)))
    lost = -log(1.0 - slower["BTC"].share_frac)
    assert lost == pytest.approx(-2.0 * log(1.0 - share), rel=1e-12)
    asked = ask(tmp_path, "plan", *AT, "--transit-haircut", "BTC=auto", "--json").json()
    written = ask(tmp_path, "plan", *AT, "--transit-haircut", f"BTC={share!r}", "--json").json()
    assert asked["legs"] == written["legs"]
    told = next(each for each in asked["assumptions"] if "BTC on its way" in each)
    assert told.startswith(f"{100.0 * share:.2f} % of BTC on its way is not counted upon by needs")
    assert f"within 20 min (its slowest route) at a vol of {100.0 * vol:.1f} %" in told


@pytest.mark.parametrize("method", ["least", "greedy"])
def test_what_is_on_its_way_is_not_sent_twice(method: str, tmp_path: Path) -> None:
    """A twentieth of a bitcoin sent before is sent less; where all was, nothing more is."""
    words = ("plan", *AT, "--method", method, "--json")
    before = _sent(ask(tmp_path, *words).json())
    found = ask(tmp_path, *words, "--on-its-way", "deribit-btc:BTC=0.05").json()
    after = _sent(found)
    assert after.keys() == before.keys()
    assert before["BTC"] - after["BTC"] == pytest.approx(Decimal("0.05"), abs=Decimal("0.0002"))
    assert after["USDC"] == before["USDC"]
    assert any(
        each.startswith("0.05 BTC on its way to deribit-btc is taken to arrive in time")
        for each in found["assumptions"]
    )
    enough = str(before["BTC"] + 1)
    none = ask(tmp_path, *words, "--on-its-way", f"deribit-btc:BTC={enough}").json()
    assert "BTC" not in _sent(none)


def test_what_a_dollar_earns_and_for_how_long_is_told_and_weighed(
    tmp_path: Path, least: Any
) -> None:
    words = ("--earns", "10%", "--posted-days", "60", "--json")
    asked = ask(tmp_path, "plan", *AT, *words).json()
    assert any("earns 10 % a year for 60 days" in each for each in asked["assumptions"])
    # Twice the rate for twice the time, of the same transfers.
    assert asked["legs"] == least["legs"]
    costs = [each["allocation"]["carry_usd"] for each in (asked, least)]
    assert costs[0] >= 4.0 * costs[1] - 1e-6 > 0.0


def test_help_names_the_figures_that_are_assumed(tmp_path: Path) -> None:
    told = " ".join(ask(tmp_path, "plan", "--help").out.replace("│", " ").split())
    assert f"would earn elsewhere, if not {100.0 * EARNS_FRAC_PER_YEAR:g}%" in told
    assert f"what is posted stays, if not {POSTED_DAYS:g} days" in told


def test_a_person_reads_needs_and_what_cannot_be_had(tmp_path: Path) -> None:
    told = ask(tmp_path, "plan", *AT, "--reserve", "1e9").out
    for part in ("Needs, as equity", "One more of it costs", "cannot be had", "Not all needs"):
        assert part in told
    assert "counts what stays short at the price that ranks" in told
    assert "1,000,000,000" in told
    assert "e+0" not in told


def test_no_empty_table_is_shown_where_nobody_can_be_sent_anything() -> None:
    nothing = Allocation(
        moves=(), cost_usd=0.0, fees_usd=0.0, carry_usd=0.0, objective_usd=0.0, bound_usd=0.0,
        cover=(), limits=(), pledged_before_usd=0.0, pledged_after_usd=0.0, conflicts=(),
        method="relaxed",
    )  # fmt: skip
    shown = allocation_tables(nothing)
    assert isinstance(shown, Group)
    assert shown.renderables == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--method", "greedy", "--reserve", "5"), "--reserve goes with --method least"),
        (("--method", "greedy", "--scenarios", "crash"), "--scenarios goes with --method least"),
        (("--method", "greedy", "--within", "5m"), "--within goes with --method least"),
        (("--method", "greedy", "--transit-haircut", "BTC=1%"), "--transit-haircut goes with"),
        (("--method", "greedy", "--earns", "5%"), "--earns goes with --method least"),
        (("--method", "greedy", "--posted-days", "9"), "--posted-days goes with --method least"),
        (("--earns", "-5%"), "must be from 0%"),
        (("--transit-haircut", "USDC=auto"), "no vol of USDC is known; state it under [vols]"),
        (("--on-its-way", "perp=5"), "write an account, an asset and coins, such as perp:USDC"),
        (("--on-its-way", "perp:BTC=5"), "no route of the desk brings BTC to perp"),
        (("--on-its-way", "perp:DOGE=5"), "routes of the desk move BTC, USDC"),
        (("--on-its-way", "perp:USDC=-5"), "perp:USDC=-5: must be from"),
        (("--within", "soon"), "--within soon: write a duration such as 90s"),
        (("--within", "0m"), "--within 0m: must be above 0"),
        (("--transit-haircut", "BTC"), "write an asset and a share, such as BTC=2%"),
        (("--transit-haircut", "DOGE=2%"), "routes of the desk move BTC, USDC"),
        (("--transit-haircut", "BTC=2"), "--transit-haircut BTC=2: "),
        (("--transit-haircut", "BTC=120%"), "must be from 0"),
        (("--transit-haircut", "BTC=1%", "--transit-haircut", "BTC=2%"), "BTC is given twice"),
        (("--scenarios", "moon"), "--scenarios moon: moon moves nothing"),
        (("--reserve", "-1"), "must be from 0"),
        (("--reserve", "much"), "write a number such as 250000"),
        (("--method", "best"), "best"),
    ],
)
def test_what_cannot_be_asked_is_refused(words: tuple[str, ...], why: str, tmp_path: Path) -> None:
    answer = ask(tmp_path, "plan", *words)
    assert answer.code == 2
    assert why in answer.err


def test_what_could_be_freed_is_told_or_that_nothing_can(tmp_path: Path) -> None:
    words = morning(tmp_path)
    told = " ".join(ask(tmp_path, "freed", *words).out.split())
    assert "Capital freed" in told or "No account's venue has another mode" in told
    assert isinstance(ask(tmp_path, "freed", *words, "--json").json(), list)


def test_what_is_freed_is_what_is_asked_less_and_what_equity_counts_more() -> None:
    way = Freed(
        how="mode", account_id="hl", target="hl-portfolio/1", instrument_id=None,
        initial_before_usd=Decimal(8_929), initial_after_usd=Decimal(8_949),
        freed_usd=Decimal(-5_109), fees_usd=Decimal(0),
    )  # fmt: skip
    console = Console(width=200, highlight=False)
    with console.capture() as told:
        console.print(freed_tables([way], "A desk"))
    (row,) = [line for line in told.get().splitlines() if line.startswith("keep hl")]
    assert row.split()[-5:] == ["8,929", "8,949", "-5,089", "-5,109", "0"]


def test_what_has_no_answer_is_named_as_the_move_that_was_asked_for() -> None:
    lacks = Failure(subject="PUT from btc to eth", reason="unsupported", message="no ETH option")
    console = Console(width=200, highlight=False)
    with console.capture() as told:
        console.print(freed_tables([lacks], "A desk"))
    assert "Moves and modes without an answer" in told.get()
    assert "PUT from btc to eth" in told.get()
