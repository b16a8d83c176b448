"""A look at a desk plans by the desk's own `[planning]`, where no flag says otherwise."""

from pathlib import Path

import pytest

from hedgerow.app.desk import load_desk
from hedgerow.app.plan_prices import PlanPrices, prices_of
from hedgerow.app.plan_request import interest_statements
from hedgerow.planning import JointTerms
from tests.rooms.app.edit import changed, example, written
from tests.rooms.app.made import hedgerow_here, morning

OWN = """
[planning]
agent = "joint"
option_depth_contracts = 20
horizon = "12h"
capital_per_year = 0.02
slippage_limit = 0.002
"""
PLANNED = ("[budget]", f"{OWN}[budget]")
SAME = ("--option-depth", "20", "--horizon-days", "0.5", "--capital", "2%", "--slippage", "0.2%")
USUAL = ("--option-depth", "25", "--horizon-days", "1", "--capital", "5%", "--slippage", "1%")
AT = ("--at", "2026-02-01T07:30:00Z", "--json")
# The price then: 80,000 less 17 % in three hours from five o'clock, and a wobble of 120 (`made`).
SPOT_USD = 68_786.7


@pytest.mark.parametrize("verb", ["make", "compare"])
def test_flags_left_out_are_as_the_desk_says(verb: str, tmp_path: Path) -> None:
    told = {}
    for name, changes, flags in (
        ("file", (PLANNED,), ()),
        ("flags", (), SAME),
        ("nothing", (), ()),
        ("both", (PLANNED,), USUAL),
    ):
        folder = tmp_path / name
        folder.mkdir()
        words = morning(folder, *changes)
        told[name] = hedgerow_here("plan", verb, *words, *AT, *flags, cwd=folder).json()
    assert told["file"] == told["flags"]
    assert told["both"] == told["nothing"] != told["file"]
    assert any(each.startswith("20 contracts") for each in told["file"]["assumptions"])
    assert any(each.startswith("25 contracts") for each in told["both"]["assumptions"])
    if verb == "compare":
        return
    sent, *_, sold = told["file"]["legs"]
    # Half a day of 2 % a year on what is sent; a worst price 0.2 % below the mark, up to a tick.
    (capital,) = [each for each in told["file"]["costs"] if each["kind"] == "capital"]
    assert capital["cost_expected_usd"] == pytest.approx(
        float(sent["quantity_coin"]) * SPOT_USD * 0.02 * 0.5 / 365, abs=1e-6
    )
    assert (sold["instrument_id"], sold["price_limit_usd"]) == ("BTCUSDT-PERP", "68649.2")
    assert any("within 12 h" in each for each in told["file"]["assumptions"])


def test_interest_that_no_cost_counts_is_said_where_a_loan_is_changed(tmp_path: Path) -> None:
    """The embedded desk repays its loop; of the morning's desk nothing leads to a loan."""
    for verb in ("make", "compare"):
        crash = ("plan", verb, "--at", "2026-03-17T03:00:00Z", "--json")
        told = hedgerow_here(*crash, cwd=tmp_path).json()
        if verb == "make":
            assert "repay" in {each.get("use") for each in told["legs"]}
        assert [each for each in told["assumptions"] if "interest" in each] == [
            "The interest that a repayment saves is not counted; `collateral plan` counts it."
        ]
    words = morning(tmp_path)
    calm = hedgerow_here("plan", "make", *words, *AT, cwd=tmp_path).json()
    assert "balance" in {each.get("use") for each in calm["legs"]}
    assert not any("interest" in each for each in calm["assumptions"])


def test_what_is_supplied_earns_as_little_and_each_is_said_once() -> None:
    told = interest_statements(["supply", "balance", "repay", "supply"])
    assert [each.split(" is not counted")[0] for each in told] == [
        "The interest that a repayment saves",
        "The interest that what is supplied earns",
    ]
    assert interest_statements(["balance"]) == ()


def test_trades_for_greeks_are_priced_so_too(tmp_path: Path) -> None:
    words = morning(tmp_path, PLANNED)
    found = hedgerow_here(
        "hedge", "greeks", *words, *AT, "--target", "vega=-25..25", cwd=tmp_path
    ).json()
    assert any(each.startswith("20 contracts") for each in found["assumed"])


def test_ways_are_compared_by_the_desks_own_prices(tmp_path: Path) -> None:
    words = morning(tmp_path, PLANNED)
    found = hedgerow_here(
        "plan", "backtest", *words, "--depth", "0.5", "--step", "2h", "--json", cwd=tmp_path
    ).json()
    (depth,) = [each for each in found["assumptions"] if each.startswith("Depth × ")]
    assert depth.startswith("Depth × 0.5: 10 contracts")
    assert any("costs 2.0% a year" in each for each in found["assumptions"])


def test_a_desk_kept_by_bands_has_what_is_usual_and_a_flag_goes_before_all(tmp_path: Path) -> None:
    bands = load_desk(written(tmp_path, example()))
    assert prices_of(bands) == PlanPrices()
    assert prices_of(bands).terms() == JointTerms()
    own = {"agent": "joint", "horizon": "12h", "slippage_limit": "0.002"}
    joint = load_desk(written(tmp_path, changed(example(), "planning", own)))
    assert prices_of(joint, slippage_frac=0.0) == PlanPrices(horizon_days=0.5, slippage_frac=0.0)
    assert prices_of(joint).terms(2.0) == JointTerms(
        horizon_days=0.5, slippage_frac=0.002, ticket_usd=2.0
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("plan make", {"option_depth_contracts": "25", "horizon": "1", "capital_per_year": "5%",
                       "slippage_limit": "1%"}),
        ("plan compare", {"slippage_limit": "1%"}),
        ("plan backtest", {"option_depth_contracts": "25", "capital_per_year": "5%"}),
        ("hedge greeks", {"option_depth_contracts": "25", "horizon": "1"}),
    ],
)  # fmt: skip
def test_help_says_what_is_taken_where_a_flag_is_left_out(
    words: str, said: dict[str, str], tmp_path: Path
) -> None:
    shown = hedgerow_here(*words.split(), "--help", cwd=tmp_path).out
    told = " ".join(shown.replace("│", " ").split())
    for key, usual in said.items():
        assert f"Left out: {key} of the desk's [planning], else {usual}." in told
