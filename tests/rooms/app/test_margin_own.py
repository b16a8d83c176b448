"""``margin require --model hedgerow``: lines, offsets, the whole desk, and what is unknown."""

from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.rooms.app.made import Answer, hedgerow_here, morning

D = Decimal


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"))


def ask(words: list[str], *more: str, verb: str = "require") -> Answer:
    return hedgerow_here("margin", verb, *words, *more, cwd=Path(words[0]).parent)


def own(words: list[str], *more: str) -> Any:
    return ask(words, "--model", "hedgerow", "--json", *more).json()


def test_every_account_and_the_desk_with_lines_that_add_up(words: list[str]) -> None:
    told = own(words)
    assert set(told["requirements"]) == {
        "desk/deribit/options", "desk/binance/perp", "desk/wallet/treasury", "desk",
    }  # fmt: skip
    for report in told["requirements"].values():
        margin = report["margin"]
        for line, total in (
            ("amount_ccy", "requirement_maintenance_ccy"),
            ("amount_initial_ccy", "requirement_initial_ccy"),
        ):
            assert sum(D(each[line]) for each in margin["lines"]) == D(margin[total]) > 0
        worth = sum(D(each["amount_ccy"]) for each in margin["equity_lines"])
        assert worth == D(margin["equity_ccy"])
        assert (margin["rulebook"], margin["confidence"]) == (told["model"], "estimate")
        for of, apart in report["apart_usd"].items():
            assert D(apart) >= D(margin["requirement_maintenance_ccy"]) - D("0.0001"), of


def test_the_model_file_is_where_the_answer_says(words: list[str]) -> None:
    told = own(words, "--account", "perp")
    package, _, inside = told["model_file"].partition("/")
    assert f'name = "{told["model"]}"' in (files(package) / inside).read_text(encoding="utf-8")


def test_the_desk_is_the_portfolio_form_of_the_comparison(words: list[str]) -> None:
    found, compared = own(words)["requirements"], ask(words, "--json", verb="compare").json()
    (portfolio,) = (row for row in compared["forms"] if row["form"] == "portfolio")
    for name in ("requirement_maintenance", "requirement_initial"):
        assert found["desk"]["margin"][f"{name}_ccy"] == portfolio[f"{name}_usd"]
    assert found["desk"]["offsets"] == compared["offsets"]
    (isolated,) = (row for row in compared["forms"] if row["form"] == "isolated")
    assert found["desk"]["apart_usd"]["position"] == isolated["requirement_maintenance_usd"]
    alone = {each["margin"]["account_id"]: each["margin"] for each in compared["accounts"]}
    for node, report in found.items():
        if node != "desk":
            assert report["margin"] == alone[node.split("/")[-1]]


def test_a_person_reads_the_lines_the_worst_scenario_and_what_is_saved(words: list[str]) -> None:
    told = ask(words, "--model", "hedgerow").out
    for part in (
        "hedgerow/app/portfolio_model.toml", "no venue's rule", "loss in the scan",
        "worst of 10,000 scenarios", "counted by hedgerow", "need less together than apart",
        "desk: use",
    ):  # fmt: skip
        assert part in told
    assert "counted by the venue" not in told
    assert "spot BTC" not in told
    explained = ask(words, "--model", "hedgerow", "--explain").out
    for part in (
        "Initial", "Evidence", "moves in the worst scenario", "Log move", "Added", "spot BTC",
        "peg USDC", "price of BTC",
    ):  # fmt: skip
        assert part in explained


def test_one_account_is_asked_of_alone(words: list[str]) -> None:
    found = own(words, "--account", "perp")["requirements"]
    assert found == {"desk/binance/perp": own(words)["requirements"]["desk/binance/perp"]}
    unknown = ask(words, "--model", "hedgerow", "--account", "nobody")
    assert unknown.code == 2
    assert "no account 'nobody'; there are: " in unknown.err


def test_the_venues_answer_stays_what_it_was(words: list[str]) -> None:
    assert ask(words, "--model", "venue", "--json").out == ask(words, "--json").out


def test_what_is_unknown_stays_unknown_and_takes_the_desk_with_it(tmp_path: Path) -> None:
    words = morning(tmp_path, ('option = "6h"', 'option = "1m"'))
    answer = ask(words, "--model", "hedgerow", "--json")
    assert answer.code == 1
    found = answer.json()["requirements"]
    for node in ("desk/deribit/options", "desk"):
        assert found[node]["reason"] == "stale_data"
        assert found[node]["subject"] == "BTC-27FEB26-75000-P"
    assert D(found["desk/binance/perp"]["margin"]["requirement_maintenance_ccy"]) > 0
    shown = ask(words, "--model", "hedgerow")
    assert "the requirement of options is unknown; the requirement of desk is unknown" in shown.err
    assert "Requirement unknown, hence in breach" in shown.out


def test_who_holds_less_is_named_though_the_desk_holds_enough(tmp_path: Path) -> None:
    words = morning(tmp_path, ('balances = { USDC = "150000" }', 'balances = { USDC = "50000" }'))
    answer = ask(words, "--model", "hedgerow")
    assert (answer.code, answer.err) == (
        1, "exit 1: perp holds less than hedgerow's model asks for\n",
    )  # fmt: skip
    assert "perp: LIQUIDATABLE" in answer.out
