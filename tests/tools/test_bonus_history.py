"""Made-up histories: a bonus is picked up only after the first events that show it."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bonus_history import BonusHistory, learn_bonuses, shown_bonus_bps
from hedgerow.errors import Failure, OutOfDomain
from hedgerow.margin.liquidation_call import LiquidationCall


def call(time_ns: int, ratio_bps: str, collateral: str = "WETH") -> LiquidationCall:
    """Make a call that repays 100 coins of 2 dollars and seizes coins of 50."""
    return LiquidationCall(
        time_ns=time_ns,
        user="u",
        collateral=collateral,
        debt="X",
        seized_coin=Decimal(ratio_bps) / 2500,
        repaid_coin=Decimal(100),
        price_collateral_usd=Decimal(50),
        price_debt_usd=Decimal(2),
    )


def calls(*ratios_bps: str) -> list[LiquidationCall]:
    return [call(10 * (i + 1), each) for i, each in enumerate(ratios_bps)]


def seen(history: BonusHistory, *times_ns: int) -> list[int | None]:
    """Give the bonus known at each time, None where none is."""
    answers = [history.bonus_bps(each) for each in times_ns]
    return [None if isinstance(each, Failure) else each for each in answers]


@pytest.mark.parametrize(
    ("ratio_bps", "shows"),
    [
        ("10500", 10_500),
        ("10500.01", 10_500),
        ("10499.99", 10_500),
        ("10500.0101", None),
        ("10500.5", None),
        ("10000", None),  # takes no more than was repaid: the protocol has no such bonus
        ("8793", None),
        ("10001", 10_001),
    ],
)
def test_what_a_call_shows(ratio_bps: str, shows: int | None) -> None:
    assert shown_bonus_bps(call(1, ratio_bps)) == shows


def test_the_ratio_counts_both_prices() -> None:
    """Three coins of 7 dollars over four of 5: 21 / 20."""
    got = LiquidationCall(
        time_ns=1,
        user="u",
        collateral="A",
        debt="B",
        seized_coin=Decimal(3),
        repaid_coin=Decimal(4),
        price_collateral_usd=Decimal(7),
        price_debt_usd=Decimal(5),
    )
    assert got.ratio_bps() == 10_500


def test_a_bonus_is_known_after_the_second_call_that_shows_it() -> None:
    history = learn_bonuses(calls("10500", "10500", "10500"))["WETH"]
    assert (history.times_ns, history.bonuses_bps) == ((20,), (10_500,))
    # The second call, at 20, is not explained by itself.
    assert seen(history, 10, 20, 21, 30) == [None, None, 10_500, 10_500]


def test_a_change_is_picked_up_only_after_the_first_calls_that_show_it() -> None:
    history = learn_bonuses(calls("11000", "11000", "10750", "10750", "10750"))["WETH"]
    assert seen(history, 30, 40, 41, 50) == [11_000, 11_000, 10_750, 10_750]


def test_it_may_change_back() -> None:
    history = learn_bonuses(calls("11000", "11000", "10750", "10750", "11000", "11000"))["WETH"]
    assert history.bonuses_bps == (11_000, 10_750, 11_000)
    assert history.times_ns == (20, 40, 60)


def test_one_ratio_that_is_whole_by_chance_changes_nothing() -> None:
    history = learn_bonuses(calls("11000", "11000", "12345", "11000", "12345", "11000"))["WETH"]
    assert history.bonuses_bps == (11_000,)


def test_stale_prices_neither_show_nor_interrupt() -> None:
    ratios = ("10500", "10512.3", "10500", "8793", "8793", "15500.64", "15500.64", "10500")
    history = learn_bonuses(calls(*ratios))["WETH"]
    assert (history.times_ns, history.bonuses_bps) == ((30,), (10_500,))


def test_calls_of_one_moment_count_once() -> None:
    same = [call(10, "10500"), call(10, "10500"), call(10, "10500")]
    assert learn_bonuses(same)["WETH"].times_ns == ()
    assert learn_bonuses([*same, call(11, "10500")])["WETH"].times_ns == (11,)


def test_each_collateral_has_its_own() -> None:
    mixed = [call(1, "10500"), call(2, "11000", "LINK"), call(3, "10500"), call(4, "7", "KNC")]
    learnt = learn_bonuses(mixed)
    assert {name: each.bonuses_bps for name, each in learnt.items()} == {
        "WETH": (10_500,),
        "LINK": (),
        "KNC": (),
    }
    unknown = learnt["LINK"].bonus_bps(10)
    assert isinstance(unknown, Failure)
    assert (unknown.subject, unknown.reason) == ("LINK", "missing_data")


@pytest.mark.parametrize(("count", "times_ns"), [(1, (10,)), (2, (20,)), (3, (30,)), (4, ())])
def test_how_many_must_show_it_is_said(count: int, times_ns: tuple[int, ...]) -> None:
    three = calls("10500", "10500", "10500")
    assert learn_bonuses(three, confirmations_count=count)["WETH"].times_ns == times_ns


RATIOS = st.lists(st.sampled_from(["10500", "10750", "11000", "10600.5", "9000"]), max_size=12)
STEPS = st.lists(st.integers(0, 2), min_size=12, max_size=12)


@given(RATIOS, STEPS, st.integers(0, 30))
def test_what_came_later_changes_nothing_that_was_known(
    ratios: Sequence[str], steps: Sequence[int], time_ns: int
) -> None:
    at, made = 0, []
    for ratio, step in zip(ratios, steps, strict=False):
        at += step
        made.append(call(at, ratio))
    before = [each for each in made if each.time_ns < time_ns]
    whole, part = learn_bonuses(made).get("WETH"), learn_bonuses(before).get("WETH")
    known = [None] if part is None else seen(part, time_ns)
    assert ([None] if whole is None else seen(whole, time_ns)) == known


@given(RATIOS)
def test_only_what_was_shown_is_believed(ratios: Sequence[str]) -> None:
    for history in learn_bonuses(calls(*ratios)).values():
        assert {str(each) for each in history.bonuses_bps} <= set(ratios)
        assert all(
            a != b for a, b in zip(history.bonuses_bps, history.bonuses_bps[1:], strict=False)
        )


def test_calls_out_of_order_are_refused() -> None:
    with pytest.raises(OutOfDomain, match="in order of time"):
        learn_bonuses([call(2, "10500"), call(1, "10500")])


def test_no_confirmation_at_all_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="confirmations_count must be at least 1, was 0"):
        learn_bonuses([], confirmations_count=0)


@pytest.mark.parametrize("name", ["seized_coin", "repaid_coin", "price_debt_usd"])
@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity"])
def test_a_call_of_nothing_is_refused(name: str, value: str) -> None:
    numbers = {
        "seized_coin": Decimal(1),
        "repaid_coin": Decimal(1),
        "price_collateral_usd": Decimal(1),
        "price_debt_usd": Decimal(1),
    }
    with pytest.raises(ValueError, match=f"{name} must be finite and positive"):
        LiquidationCall(
            time_ns=1, user="u", collateral="A", debt="B", **(numbers | {name: Decimal(value)})
        )


@pytest.mark.parametrize(
    ("times_ns", "bonuses_bps", "says"),
    [((1, 2), (10_500,), "a bonus for each time"), ((2, 2), (1, 2), "times_ns must rise")],
)
def test_a_broken_history_is_refused(
    times_ns: tuple[int, ...], bonuses_bps: tuple[int, ...], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        BonusHistory(collateral="A", times_ns=times_ns, bonuses_bps=bonuses_bps)
