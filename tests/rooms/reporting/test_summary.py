"""What the summary and the daily rows say of an episode."""

import json
from decimal import Decimal

import msgspec
import pytest

from hedgerow.execution import Liquidation
from hedgerow.reporting import builtins_of, daily, run_builtins, summary
from hedgerow.reporting.headline import daily_texts, headlines
from hedgerow.reporting.measures import nearest_distance, text_distance, text_use, worst_use
from hedgerow.simulation import AccountFrame, Episode
from tests.rooms.reporting.sample import START_NS, sample


@pytest.fixture(scope="module")
def alone() -> Episode:
    return sample(helped=False)


@pytest.fixture(scope="module")
def helped() -> Episode:
    return sample(helped=True)


def account(**changed: object) -> AccountFrame:
    plain = AccountFrame(
        account_id="a", venue="v", currency="USD", equity_usd=100.0, equity_ccy=100.0,
        requirement_ccy=50.0, confidence="exact", distance_down_frac=-0.2, distance_up_frac=None,
        is_distance_known=True,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changed)


def test_days_add_up_to_the_run(helped: Episode) -> None:
    days, whole = daily(helped), summary(helped)
    assert [day.date for day in days] == sorted({day.date for day in days})
    assert sum(day.actions_count for day in days) == whole.actions_count == len(helped.actions)
    assert sum(day.cost_usd for day in days) == pytest.approx(whole.cost_actions_usd)
    assert sum(day.incomplete_count for day in days) == whole.incomplete_count > 0


def test_daily_profit_adds_up_where_every_day_ends_known(helped: Episode) -> None:
    days = daily(helped)
    known = [day.pnl_usd for day in days if day.pnl_usd is not None]
    assert len(known) == len(days)
    assert sum(known) == pytest.approx(summary(helped).pnl_usd)


def test_a_day_that_ends_unknown_has_no_profit_nor_has_the_next(helped: Episode) -> None:
    last_of_day = next(
        n for n, frame in enumerate(helped.frames) if frame.time_ns >= START_NS + 86_400 * 10**9
    )
    frames = list(helped.frames)
    frames[last_of_day - 1] = msgspec.structs.replace(frames[last_of_day - 1], equity_usd=None)
    days = daily(msgspec.structs.replace(helped, frames=tuple(frames)))
    assert [day.pnl_usd is None for day in days[:3]] == [True, True, False]
    assert days[0].equity_usd is None


def test_costs_split_into_hedges_and_transfers(helped: Episode) -> None:
    whole = summary(helped)
    assert whole.hedges_count + whole.transfers_count == whole.actions_count
    assert whole.cost_hedges_usd + whole.cost_transfers_usd == pytest.approx(whole.cost_actions_usd)
    assert whole.transfers_count == 3
    assert whole.rejected_count > 0


def test_a_liquidated_account_is_named_with_time_and_loss(alone: Episode) -> None:
    whole = summary(alone)
    assert whole.verdict.startswith("Liquidated: ")
    for hit in whole.liquidated:
        assert f"{hit.account_id} ({hit.venue}) at " in whole.verdict
    assert whole.loss_liquidation_usd == sum(each.loss_usd for each in alone.liquidations)


def test_liquidations_of_one_account_are_one_line(alone: Episode) -> None:
    hits = tuple(
        Liquidation(
            account_id="p", venue="v", time_ns=START_NS + n, loss_usd=Decimal("0.1"), message=""
        )
        for n in (2, 1, 3)
    )  # fmt: skip
    (one,) = summary(msgspec.structs.replace(alone, liquidations=hits)).liquidated
    assert (one.liquidations_count, one.loss_usd) == (3, Decimal("0.3"))
    assert one.time_first_ns == START_NS + 1


def test_a_survivor_says_that_something_was_unknown(helped: Episode) -> None:
    assert summary(helped).verdict.startswith("Survived")
    assert "unknown" in summary(helped).verdict


def test_an_episode_without_frames_is_unknown_not_zero() -> None:
    empty = Episode(
        name="", with_hedgerow=True, frames=(), actions=(), liquidations=(), alerts=(),
        assumptions=(), fees_usd=0.0, funding_usd=0.0, events_count=0,
    )  # fmt: skip
    whole = summary(empty)
    assert whole.equity_end_usd is None
    assert whole.pnl_usd is None
    assert text_use(whole.use) == "unknown"
    assert text_distance(whole.distance) == "unknown"
    assert daily(empty) == ()


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "a 50.0 %"),
        ({"equity_ccy": None}, "unknown"),
        ({"requirement_ccy": None}, "unknown"),
        ({"requirement_ccy": 0.0, "equity_ccy": 0.0}, "a 0.0 %"),
        ({"equity_ccy": 0.0}, "a, no equity left"),
        ({"equity_ccy": -5.0}, "a, no equity left"),
    ],
)
def test_use_of_one_account(changed: dict[str, object], text: str) -> None:
    assert text_use(worst_use([account(**changed)])) == text


def test_no_equity_is_worse_than_any_use_and_unknown_is_counted() -> None:
    use = worst_use([account(requirement_ccy=99.0), account(account_id="b", equity_ccy=-1.0),
                     account(equity_ccy=None)])  # fmt: skip
    assert (use.account_id, use.use_frac_max, use.is_exhausted) == ("b", None, True)
    assert use.unknown_count == 1


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "a -20.0 %"),
        ({"distance_up_frac": 0.1}, "a +10.0 %"),
        ({"distance_down_frac": None}, "none in range"),
        ({"distance_down_frac": 0.0, "distance_up_frac": 0.0}, "a, liquidatable"),
        ({"is_distance_known": False}, "unknown"),
    ],
)
def test_distance_of_one_account(changed: dict[str, object], text: str) -> None:
    assert text_distance(nearest_distance([account(**changed)])) == text


def test_a_distance_marked_unknown_is_not_used_even_if_it_has_a_number() -> None:
    distance = nearest_distance(
        [account(), account(is_distance_known=False, distance_down_frac=-0.01)]
    )
    assert distance.distance_frac == -0.2
    assert distance.unknown_count == 1


def test_json_keeps_exact_digits_and_says_null(alone: Episode) -> None:
    told = run_builtins([alone], None)
    assert told["journal_head"] is None
    assert told["episodes"][0]["summary"]["loss_liquidation_usd"] == "118500.75"
    assert json.loads(json.dumps(told, allow_nan=False)) == json.loads(msgspec.json.encode(told))
    assert builtins_of(daily(alone))[0]["date"] == "2026-01-29"


def test_every_text_is_written(alone: Episode, helped: Episode) -> None:
    for headline in headlines([summary(alone), summary(helped)]):
        assert len(headline.texts) == 2
        assert all(headline.texts)
    for row in daily_texts(alone):
        assert all(row)
