"""What the summary and the daily rows say of an episode."""

import io
import json
import re
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console

from hedgerow.execution import Liquidation, Mode
from hedgerow.limits import Toward
from hedgerow.reporting import LiveView, builtins_of, daily, run_builtins, run_label, summary
from hedgerow.reporting.figures import percent
from hedgerow.reporting.headline import daily_texts, headlines
from hedgerow.reporting.measures import nearest_distance, text_distance, text_use, worst_use
from hedgerow.reporting.troubles import undone_steps
from hedgerow.reporting.wording import SEARCHED, limit_now, trouble_value
from hedgerow.simulation import AccountFrame, Episode, Undone
from hedgerow.solvency.frontiers.distance import _DOWN, _UP
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


def test_a_frame_at_midnight_ends_its_day_and_starts_only_a_run(helped: Episode) -> None:
    """Half days from midnight to midnight are two days, of three frames and of two."""
    half_ns = 43_200 * 10**9
    frames = tuple(
        msgspec.structs.replace(frame, time_ns=START_NS + at * half_ns, equity_usd=100.0 * at)
        for at, frame in enumerate(helped.frames[:5])
    )
    spent = [replace(helped.actions[0], time_ns=START_NS + at * half_ns) for at in (0, 2, 3, 4)]
    days = daily(replace(helped, frames=frames, actions=tuple(spent), liquidations=()))
    assert [(day.date, day.equity_usd, day.actions_count) for day in days] == [
        ("2026-01-29", 200.0, 2), ("2026-01-30", 400.0, 2),
    ]  # fmt: skip
    out = io.StringIO()
    with LiveView("desk", console=Console(file=out, width=40)) as view:
        for frame in frames:
            view.see(frame)
    lines = out.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["2026-01-29", "2026-01-30"]
    assert ["equity 200.00" in lines[0], "equity 400.00" in lines[1]] == [True, True]


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


def blinded(episode: Episode, rows: range, reason: str = "no quote for 13 h") -> Episode:
    """Make one account, perp-1, impossible to judge in some frames, and every other known."""
    frames = []
    for n, frame in enumerate(episode.frames):
        accounts = tuple(
            account(account_id=a.account_id, venue=a.venue, is_distance_known=False)
            if n in rows and a.account_id == "perp-1"
            else account(account_id=a.account_id, venue=a.venue)
            for a in frame.accounts
        )
        state = msgspec.structs.replace(
            frame.limits[0], value_frac_usd_or_coin=None, rung="unknown", message=reason
        )
        frames.append(
            msgspec.structs.replace(
                frame, accounts=accounts, missing=(reason,) if n in rows else (),
                limits=(state,) if n in rows else frame.limits[1:],
            )
        )  # fmt: skip
    return msgspec.structs.replace(episode, frames=tuple(frames), liquidations=())


def test_only_who_was_judged_in_every_frame_survived(helped: Episode) -> None:
    seen = summary(blinded(helped, range(0)))
    assert seen.outcome == "survived"
    assert seen.verdict == (
        "Survived: no account was liquidated; the nearest came within 20.0 % of it (options)."
    )


def test_a_short_gap_is_named_with_its_length(helped: Episode) -> None:
    seen = summary(blinded(helped, range(100, 102)))
    assert seen.outcome == "not liquidated"
    assert seen.verdict.startswith(
        "Not liquidated; perp-1 could not be judged for 1 h 48 min from 2026-02-01 18:00 UTC: "
        "no quote for 13 h"
    )


def test_a_long_gap_is_unknown(helped: Episode) -> None:
    seen = summary(blinded(helped, range(100, 160)))
    assert seen.outcome == "unknown"
    assert seen.verdict.startswith("Unknown: perp-1 could not be judged in 60 of 240 frames (2026-")
    assert seen.verdict.endswith("UTC: no quote for 13 h).")
    (gap,) = seen.gaps
    assert (gap.unknown_count, gap.frames_count, gap.stretches_count) == (60, 240, 1)


def test_a_gap_from_start_to_end_is_unknown(helped: Episode) -> None:
    seen = summary(blinded(helped, range(240)))
    assert seen.verdict == (
        "Unknown: perp-1 could not be judged in any of 240 frames: no quote for 13 h."
    )


def test_a_liquidation_is_told_beside_what_was_unknown(helped: Episode) -> None:
    hit = Liquidation(
        account_id="options", venue="v", time_ns=START_NS, loss_usd=Decimal(5), message=""
    )
    seen = summary(msgspec.structs.replace(blinded(helped, range(240)), liquidations=(hit,)))
    assert seen.outcome == "liquidated"
    assert "Besides, perp-1 could not be judged" in seen.verdict


def test_accounts_blind_at_the_same_times_share_a_clause(helped: Episode) -> None:
    assert summary(helped).verdict.count("could not be judged") == 2
    assert "options, loan, perp-2, wallet could not be judged" in summary(helped).verdict


def test_profit_counts_from_before_anything_happened(helped: Episode) -> None:
    whole = helped.frames[0].equity_usd
    assert whole is not None
    early = msgspec.structs.replace(helped, equity_start_usd=whole + 10_000.0)
    seen, days = summary(early), daily(early)
    assert seen.equity_start_usd == whole + 10_000.0
    before = summary(helped).pnl_usd
    assert seen.pnl_usd is not None
    assert before is not None
    assert seen.pnl_usd == pytest.approx(before - 10_000.0)
    assert sum(day.pnl_usd or 0.0 for day in days) == pytest.approx(seen.pnl_usd)


def test_worst_use_and_nearest_distance_include_liquidations() -> None:
    hit = Liquidation(
        account_id="a", venue="v", time_ns=1, loss_usd=Decimal(1), message="",
        use_frac=Decimal("1.032"),
    )  # fmt: skip
    assert text_use(worst_use([account()], [hit])) == "a 103.2 %, liquidated"
    assert text_distance(nearest_distance([account()], [hit])) == "a, liquidated"
    assert nearest_distance([account()], [hit]).distance_frac == 0.0
    gone = msgspec.structs.replace(hit, use_frac=None)
    assert text_use(worst_use([account()], [gone])) == "a, liquidated, no equity left"


def test_a_liquidation_is_in_its_day_and_in_json(alone: Episode) -> None:
    hits = tuple(
        msgspec.structs.replace(each, use_frac=Decimal("1.5")) for each in alone.liquidations
    )
    episode = msgspec.structs.replace(alone, liquidations=hits)
    struck = [day for day in daily(episode) if day.liquidations_count]
    assert struck
    for day in struck:
        assert (day.use.use_frac_max, day.distance.distance_frac) == (1.5, 0.0)
        assert any(each.use.is_liquidated for each in day.accounts)
    assert run_builtins([episode], None)["episodes"][0]["summary"]["use"]["use_frac_max"] == 1.5


def test_what_was_only_proposed_is_no_action_and_costs_nothing(helped: Episode) -> None:
    ideas = tuple(msgspec.structs.replace(a, status="proposed") for a in helped.actions)
    watched = msgspec.structs.replace(helped, mode="observe", actions=ideas)
    seen = summary(watched)
    assert (seen.actions_count, seen.cost_actions_usd) == (0, 0.0)
    assert seen.proposals_count == len(ideas) == sum(d.proposals_count for d in daily(watched))
    assert "hedgerow" not in seen.label + seen.verdict


@pytest.mark.parametrize(
    ("with_hedgerow", "mode", "text"),
    [
        (False, None, "left alone"),
        (True, None, "with hedgerow"),
        (True, "auto", "with hedgerow"),
        (True, "propose", "proposing, nothing sent"),
        (True, "observe", "observing, nothing sent"),
    ],
)
def test_a_run_is_called_by_what_it_was_allowed(
    helped: Episode, with_hedgerow: bool, mode: Mode | None, text: str
) -> None:
    episode = msgspec.structs.replace(helped, with_hedgerow=with_hedgerow, mode=mode)
    assert summary(episode).label == text
    assert run_label(mode if with_hedgerow else None) == text or mode is None


def test_limits_broken_at_any_time_are_listed(helped: Episode) -> None:
    frames = list(helped.frames)
    for n, value in ((10, 600_000.0), (11, -900_000.0), (239, 550_000.0)):
        state = msgspec.structs.replace(
            frames[n].limits[1],
            rung="hard",
            value_frac_usd_or_coin=value,
            message=f"is {value:.0f}",
        )
        frames[n] = msgspec.structs.replace(frames[n], limits=(frames[n].limits[0], state))
    seen = summary(msgspec.structs.replace(helped, frames=tuple(frames)))
    (broken,) = seen.limits_broken
    assert (broken.node, broken.frames_count, broken.is_at_end) == ("desk", 3, True)
    assert broken.value_worst_frac_usd_or_coin == -900_000.0
    assert (broken.time_first_ns, broken.time_last_ns) == (frames[10].time_ns, frames[239].time_ns)
    (unknown,) = seen.limits_unknown
    assert (unknown.frames_count, unknown.is_at_end) == (15, False)
    assert unknown.message == "equity is unknown: 3 options have no quote"
    told = run_builtins([helped], None)["episodes"][0]
    assert not told["limits_broken"]
    assert told["limits_unknown"][0]["frames_count"] == 15


def test_the_worst_of_a_floor_is_the_lowest(helped: Episode) -> None:
    state = msgspec.structs.replace(
        helped.frames[0].limits[0], metric="distance_spot_frac", rung="hard",
        hard_frac_usd_or_coin=0.05, soft_frac_usd_or_coin=0.1,
    )  # fmt: skip
    frames = [
        msgspec.structs.replace(
            frame,
            limits=(msgspec.structs.replace(
                state, value_frac_usd_or_coin=value, toward="rise"
            ),),
        )
        for frame, value in zip(helped.frames, (0.04, 0.01, 0.03), strict=False)
    ]  # fmt: skip
    (broken,) = summary(msgspec.structs.replace(helped, frames=tuple(frames))).limits_broken
    assert broken.value_worst_frac_usd_or_coin == 0.01
    assert trouble_value(broken) == "+1.0 %"


def test_one_outage_is_told_alike_wherever_it_is_told(helped: Episode) -> None:
    """An age grows from frame to frame: it is one trouble, told by its last word."""
    frames = list(helped.frames)
    for n, message in ((3, "no quote"), *((at, f"answer is {60 * at} s old") for at in (5, 6, 7))):
        accounts = tuple(
            replace(each, equity_ccy=None) if each.account_id == "perp-1" else each
            for each in frames[n].accounts
        )
        use = replace(
            frames[n].limits[0], rung="unknown", value_frac_usd_or_coin=None, message=message
        )
        frames[n] = replace(frames[n], accounts=accounts, limits=(use,))
    seen = summary(replace(helped, frames=tuple(frames[:10])))
    (unknown,), (gap,) = seen.limits_unknown, seen.gaps
    assert unknown.message == gap.reason == "answer is 420 s old"
    assert "answer is 420 s old" in seen.verdict


@pytest.mark.parametrize(
    ("use", "told", "head"),
    [
        ("1.031", "103.1 %", "perp-1 103.1 %, liquidated"),
        (None, "no equity left", "perp-1, liquidated, no equity left"),
    ],
)
def test_the_worst_of_a_limit_is_that_of_the_head(
    helped: Episode, use: str | None, told: str, head: str
) -> None:
    """A venue acts between two frames: after it the account is better off than it was."""
    at_use = helped.frames[0].limits[0]
    far = replace(
        at_use, metric="distance_spot_frac", hard_frac_usd_or_coin=0.05, rung="hard",
        value_frac_usd_or_coin=0.005, toward="fall",
    )  # fmt: skip
    hard = replace(at_use, value_frac_usd_or_coin=0.976, rung="hard", message="")
    first, second, *rest = (replace(frame, limits=(at_use,)) for frame in helped.frames[:5])
    frames = (first, replace(second, limits=(hard, far)), *rest)
    hit = Liquidation(
        account_id="perp-1", venue="v", time_ns=second.time_ns - 1, loss_usd=Decimal(1),
        message="", use_frac=None if use is None else Decimal(use),
    )  # fmt: skip
    seen = summary(replace(helped, frames=frames, liquidations=(hit,)))
    broken, distance = seen.limits_broken
    assert (trouble_value(broken), text_use(seen.use)) == (told, head)
    assert (trouble_value(distance), text_distance(seen.distance)) == (
        "liquidated", "perp-1, liquidated",
    )  # fmt: skip
    assert (broken.frames_count, broken.is_at_end) == (1, False)
    assert (broken.time_first_ns, broken.time_last_ns) == (hit.time_ns, second.time_ns)
    # Where no frame saw it, the liquidation alone broke it; on another account it breaks nothing.
    unseen = replace(helped, frames=(first, *rest), liquidations=(hit,))
    (alone,) = summary(unseen).limits_broken
    assert (alone.frames_count, trouble_value(alone)) == (0, told)
    other = replace(unseen, liquidations=(replace(hit, account_id="loan"),))
    assert summary(other).limits_broken == ()


def test_steps_left_undone_are_counted_once() -> None:
    def left(first_ns: int, last_ns: int, steps_count: int) -> Undone:
        return Undone(
            subject="a", message="", first_ns=first_ns, last_ns=last_ns, steps_count=steps_count
        )

    assert undone_steps(()) == 0
    assert undone_steps((left(0, 9, 10), left(20, 29, 10))) == 20
    assert undone_steps((left(0, 9, 10), left(3, 12, 4))) == 10


def test_what_was_left_undone_is_in_json(helped: Episode) -> None:
    undone = Undone(
        subject="BTC", message="no budget", first_ns=START_NS, last_ns=START_NS, steps_count=1
    )
    told = run_builtins([msgspec.structs.replace(helped, undone=(undone,))], None)["episodes"][0]
    assert told["undone"][0]["message"] == "no budget"
    assert told["summary"]["undone_steps_count"] == 1


@pytest.mark.parametrize(
    ("toward", "text"),
    [("rise", "+13.6 %"), ("fall", "-13.6 %"), ("", "13.6 %"), ("nowhere", "none in range")],
)
def test_a_distance_shows_its_nearer_side(helped: Episode, toward: Toward, text: str) -> None:
    state = msgspec.structs.replace(
        helped.frames[0].limits[0], metric="distance_spot_frac", value_frac_usd_or_coin=0.136,
        toward=toward,
    )  # fmt: skip
    assert limit_now(state) == text


def test_the_range_named_is_the_range_searched() -> None:
    down, up = _DOWN[-1] - 1.0, _UP[-1] - 1.0
    assert f"{percent(down, 0, sign=True)} to {percent(up, 0, sign=True)}" == SEARCHED


def test_no_cell_holds_two_numbers(alone: Episode, helped: Episode) -> None:
    for headline in headlines([summary(alone), summary(helped)]):
        assert ", " not in headline.name
        assert not [t for t in headline.texts if re.fullmatch(r"[\d,]+, [\d,]+", t)]


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
