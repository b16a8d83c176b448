"""``hedgerow margin compare``: four ways to ask, as JSON and for a person, and a leg it cannot."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from hedgerow.app.portfolio_model import packaged_covariance, packaged_model, packaged_scenarios
from hedgerow.margin.portfolio import compare
from hedgerow.market import Factor
from hedgerow.portfolio import book
from tests.builders import account, index, snapshot
from tests.rooms.app.made import Answer, hedgerow_here, morning


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"))


def ask(words: list[str], *more: str) -> Answer:
    return hedgerow_here("margin", "compare", *words, *more, cwd=Path(words[0]).parent)


def test_four_forms_from_the_most_to_the_least(words: list[str]) -> None:
    answer = ask(words, "--json").json()
    forms = {row["form"]: row for row in answer["forms"]}
    assert list(forms) == ["isolated", "cross", "span_like", "portfolio"]
    needs = {name: Decimal(row["requirement_maintenance_usd"]) for name, row in forms.items()}
    assert needs["isolated"] > needs["cross"] >= needs["portfolio"] > 0
    for name, row in forms.items():
        assert Decimal(row["freed_usd"]) == needs["isolated"] - needs[name]
    for report in answer["accounts"]:
        margin = report["margin"]
        added = sum(Decimal(line["amount_ccy"]) for line in margin["lines"])
        assert added == Decimal(margin["requirement_maintenance_ccy"])
        assert margin["confidence"] == "estimate"


def test_a_person_reads_what_is_freed_and_where(words: list[str]) -> None:
    told = ask(words).out
    for part in ("isolated: each position alone", "portfolio: all together", "Freed", "Saved"):
        assert part in told


def test_a_coin_nobody_described_has_no_requirement() -> None:
    found = compare(
        book([account(balances={"DOGE": 1})], {}),
        snapshot(index("DOGE", "0.1")),
        packaged_scenarios(),
        packaged_model(),
    )
    assert "no scenario moves spot of DOGE" in getattr(found, "message", "")


def test_the_packaged_scenarios_are_those_of_the_file() -> None:
    known, scenarios = packaged_covariance(), packaged_scenarios()
    assert (
        packaged_scenarios.__wrapped__().moves_log_or_frac.tolist()
        == scenarios.moves_log_or_frac.tolist()
    )
    btc, eth = (known.factors.index(Factor(kind="spot", name=coin)) for coin in ("BTC", "ETH"))
    # A fifth of the way from 0.823 to one.
    assert known.correlation_frac[btc, eth] == pytest.approx(0.8 * 0.823 + 0.2)
    spread = scenarios.moves_log_or_frac[:, btc].std() / (0.0266 * np.sqrt(2))
    assert spread == pytest.approx(1.0, rel=0.15)
