"""A plan that was written is read again as it was, and a change to it is found and named."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.app.plan_file import check_plan_place, read_plan, written_plan
from hedgerow.errors import DeskRejected, RequestRejected
from hedgerow.planning import CostKind, Order, Plan, Transfer
from tests.rooms.app.made import hedgerow_here

D = Decimal
PLAN = Plan(
    plan_id="hg1",
    time_ns=5,
    expires_ns=60,
    legs=(
        Transfer(
            client_id="hg1-0", source_account_id="cold", target_account_id="loan", asset="USDC",
            quantity_coin=D("10.50"), use="repay", cost_expected_usd=2.25, reason="why",
        ),
        Order(
            client_id="hg1-1", account_id="options", venue="deribit",
            instrument_id="BTC-27MAR26-80000-P", quantity_contracts=D("-7.4"),
            price_limit_usd=D("64984.9"), cost_expected_usd=0.1 + 0.2, reason="why not",
            price_limit_ccy=D("0.9924"),
        ),
    ),
    cost_expected_usd=2.55,
    limits_before=(),
    limits_after=(),
    assumptions=("ς and “quotes”",),
    unmet=(),
    costs=(CostKind(kind="fee", cost_expected_usd=2.55),),
)  # fmt: skip
PREMIUMS = {"hg1-1": 476_086.25}


def kept(folder: Path, change: Callable[[dict[str, Any]], object] = lambda raw: None) -> Path:
    raw = json.loads(written_plan(PLAN, PREMIUMS))
    change(raw)
    path = folder / "plan.json"
    path.write_text(json.dumps(raw))
    return path


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(written_plan(PLAN, PREMIUMS))
    found = read_plan(path)
    assert (found.plan, found.premiums_usd) == (PLAN, PREMIUMS)
    # Laid out otherwise it is the same plan.
    assert read_plan(kept(tmp_path)) == found


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda raw: raw["plan"]["legs"][1].update(quantity_contracts="-9.4"), "leg 2 differs"),
        (lambda raw: raw["plan"]["legs"][0].update(source_account_id="hot"), "leg 1 differs"),
        (lambda raw: raw["plan"].update(cost_expected_usd=2.0), "cost_expected_usd differs"),
        (lambda raw: raw["plan"].update(expires_ns=10**18), "expires_ns differs"),
        (lambda raw: raw["plan"].pop("costs"), "costs differs"),
        (lambda raw: raw["premiums_usd"].update({"hg1-1": 0.0}), "premiums_usd differs"),
        (lambda raw: raw["plan"]["legs"].pop(), "leg 2, number of legs differ"),
        (lambda raw: raw["plan"].update(conflicts=["more"]), "conflicts differs"),
        (lambda raw: raw["sha256_of"].pop("unmet"), "unmet differs"),
    ],
)
def test_what_was_changed_is_named(
    change: Callable[[dict[str, Any]], object], named: str, tmp_path: Path
) -> None:
    with pytest.raises(DeskRejected, match="not as `plan make --out` wrote it") as refused:
        read_plan(kept(tmp_path, change))
    assert named in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "7", "{}", '{"plan": 1}', "{" * 100_000, "\udcff"],
    ids=["empty", "list", "number", "bare", "no digests", "deep", "bytes"],
)
def test_what_is_no_plan_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DeskRejected, match="is no plan that") as refused:
        read_plan(path)
    assert str(refused.value).endswith("; write one with `plan make --out FILE`")


def test_another_record_with_right_digests_is_no_plan(tmp_path: Path) -> None:
    raw = json.loads(written_plan(PLAN, PREMIUMS))
    with pytest.raises(DeskRejected, match="is no plan that") as refused:
        read_plan(kept(tmp_path, lambda was: was.update({**raw, "more": 1})))
    assert str(refused.value).endswith("`more`; write one with `plan make --out FILE`")


def test_a_plan_that_was_made_is_shown_and_an_edited_one_is_not(tmp_path: Path) -> None:
    """At the bottom of the embedded crash puts are bought: their premium and prices are shown."""
    words = ("plan", "make", "--at", "2026-03-17T03:00:00Z", "--out", "plan.json")
    made = hedgerow_here(*words, "--json", cwd=tmp_path)
    assert (made.code, made.err) == (1, "plan plan.json written\n")
    answer = json.loads(made.out)
    assert "deribit-btc is liquidatable" in answer["breaches"]
    bought = [
        leg
        for leg in answer["legs"]
        if leg["type"] == "order" and D(leg.get("price_limit_ccy", 0)) > 0
    ]
    assert bought
    for leg in bought:
        # Within a limit price of a few per cent of the mark, and of the opposite sign.
        worst = D(leg["quantity_contracts"]) * D(leg["price_limit_usd"])
        assert 0.9 < -answer["premiums_usd"][leg["client_id"]] / float(worst) <= 1.0
    assert any("option quotes" in each for each in answer["assumptions"])
    assert any(each.startswith("Doing nothing is charged") for each in answer["assumptions"])
    kinds = {each["kind"]: each["cost_expected_usd"] for each in answer["costs"]}
    assert answer["cost_late_usd"] == kinds.pop("late") > 0
    assert answer["cost_without_late_usd"] == pytest.approx(sum(kinds.values()), abs=1e-5)
    again = hedgerow_here("plan", "show", "plan.json", "--json", cwd=tmp_path)
    assert json.loads(again.out) == {
        name: each for name, each in answer.items() if name != "breaches"
    }
    shown = hedgerow_here("plan", "show", "plan.json", cwd=tmp_path)
    assert shown.code == 0
    assert "Without arriving late: " in shown.out
    said = " ".join(shown.out.split())
    assert "As quoted" in said or "quoted" in said
    assert "Premium" in said
    assert bought[0]["price_limit_ccy"].rstrip("0") in said
    path = tmp_path / "plan.json"
    path.write_text(path.read_text().replace('"buy', '"sell').replace("treasury", "perp", 1))
    refused = hedgerow_here("plan", "show", "plan.json", cwd=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "leg 1 differs" in refused.err
    # Nor is it written over: whoever edited it may want it.
    edited = path.read_bytes()
    again = hedgerow_here(*words, cwd=tmp_path)
    assert (again.code, again.out) == (2, "")
    assert "plan.json is there and would be lost" in again.err
    assert path.read_bytes() == edited


def test_a_plan_replaces_an_earlier_plan_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    check_plan_place(path)
    path.touch()
    check_plan_place(path)
    path.write_bytes(written_plan(PLAN, PREMIUMS))
    check_plan_place(path)
    desk = tmp_path / "desk.toml"
    desk.write_text("[desk]\n")
    for other in (desk, kept(tmp_path, lambda raw: raw["plan"]["legs"].pop())):
        with pytest.raises(RequestRejected, match="is there and would be lost"):
            check_plan_place(other)
    with pytest.raises(RequestRejected, match="is a folder"):
        check_plan_place(tmp_path)
    with pytest.raises(RequestRejected, match="there is no folder"):
        check_plan_place(tmp_path / "none" / "plan.json")
    with pytest.raises(RequestRejected, match="is no file of its own"):
        check_plan_place(Path("/dev/null"))


def test_an_earlier_plan_is_replaced_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(written_plan(PLAN, PREMIUMS))
    made = hedgerow_here("plan", "make", "--out", "plan.json", cwd=tmp_path)
    assert made.out.startswith("plan plan.json written, in place of an earlier one\n")
    assert read_plan(path).plan != PLAN
