"""Policies compared over markets: means, intervals, and costs at equal liquidation probability."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.simulation import PolicyRow, PolicyRun, policy_rows


def run(policy: str, market: int, **changes: Any) -> PolicyRun:
    given: dict[str, Any] = {
        "cost_usd": 0.0,
        "slack_frac": 1.0,
        "capital_usd": 0.0,
        "loss_usd": 0.0,
        "liquidated": (),
        "change_usd": 0.0,
        "broken_frac": 0.0,
        "trades_count": 1,
        "transfers_count": 0,
        "refused_count": 0,
        "legs": (f"{policy} {market}",),
    }
    return PolicyRun(
        policy=policy, market=f"seed {market}", depth_factor_frac=1.0, **(given | changes)
    )


def rows(runs: Sequence[PolicyRun], liquidated_alone: int = 0) -> dict[str, PolicyRow]:
    """Compare them; left alone the desk is liquidated in the first so many markets, at no loss."""
    markets = {each.market: None for each in runs}
    alone = [
        run("alone", int(name.split()[1]), liquidated=("x",) if at < liquidated_alone else ())
        for at, name in enumerate(markets)
    ]
    rng = np.random.Generator(np.random.Philox(1))
    return {row.policy: row for row in policy_rows([*runs, *alone], rng, alone="alone")}


def test_a_mean_has_the_interval_that_normal_theory_gives_it() -> None:
    """Four hundred costs of 9 and 11: 10, give or take 1.96 of a deviation of 1 over 20."""
    found = rows([run("a", at, cost_usd=10.0 + (-1) ** at) for at in range(400)])["a"].cost_usd
    assert found.value_frac_or_usd == 10.0
    assert found.low_frac_or_usd == pytest.approx(10 - 0.098, abs=0.012)
    assert found.high_frac_or_usd == pytest.approx(10 + 0.098, abs=0.012)


@pytest.mark.parametrize(
    ("happened", "low", "high"),
    # Wilson: at none of n the upper bound is z²/(n + z²); 5 of 20 are in every table.
    [(0, 0.0, 3.841459 / 23.841459), (20, 20 / 23.841459, 1.0), (5, 0.1119, 0.4687)],
)
def test_a_share_has_wilsons_interval(happened: int, low: float, high: float) -> None:
    runs = [run("a", at, liquidated=("x",) if at < happened else ()) for at in range(20)]
    found = rows(runs)["a"]
    assert found.liquidated_count == happened
    assert found.liquidated_frac.low_frac_or_usd == pytest.approx(low, abs=1e-4)
    assert found.liquidated_frac.high_frac_or_usd == pytest.approx(high, abs=1e-4)


def test_the_shortfall_is_the_mean_of_the_worst_tenth_and_at_least_one() -> None:
    twenty = rows([run("a", at, change_usd=-float(at)) for at in range(20)])["a"]
    assert twenty.shortfall_usd is not None
    assert twenty.shortfall_usd.value_frac_or_usd == (19 + 18) / 2
    three = rows([run("a", at, change_usd=-float(at)) for at in range(3)])["a"]
    assert three.shortfall_usd is not None
    assert three.shortfall_usd.value_frac_or_usd == 2


def test_costs_are_compared_at_the_larger_of_both_probabilities() -> None:
    """The first is never liquidated, at 8; the second in one market of four, and pays 5 in each.

    Left alone the desk is liquidated in two of four, at no cost. Half the time the first, half the
    time nothing is liquidated in one of four as well, and costs 4.
    """
    first = [run("a", at, cost_usd=8.0) for at in range(4)]
    second = [run("b", at, cost_usd=5.0, liquidated=("x",) * (at == 0)) for at in range(4)]
    found = rows([*first, *second], liquidated_alone=2)
    assert found["a"].dearer_usd is None
    assert found["alone"].dearer_usd is None
    dearer = found["b"].dearer_usd
    assert dearer is not None
    assert found["b"].compared_at_frac == 0.25
    assert dearer.value_frac_or_usd == 1.0
    assert found["b"].why.startswith("liquidated in 1 of 4 markets, a in 0; ")


def test_no_cost_is_told_where_no_probability_is_reached_by_both() -> None:
    """Left alone nothing is liquidated: no mixture of the first is liquidated as the second is."""
    second = [run("b", at, liquidated=("x",)) for at in range(3)]
    found = rows([*(run("a", at) for at in range(3)), *second])["b"]
    assert found.dearer_usd is None
    assert found.compared_at_frac is None
    assert "no liquidation probability is reached by both" in found.why


def test_what_a_liquidation_took_and_capital_count_as_costs() -> None:
    runs = [run("a", at, liquidated=("x",), loss_usd=1.0) for at in range(3)]
    runs += [run("b", at, liquidated=("x",), loss_usd=3.0, capital_usd=0.5) for at in range(3)]
    dearer = rows(runs, liquidated_alone=3)["b"].dearer_usd
    assert dearer is not None
    assert dearer.value_frac_or_usd == 2.5


def test_capital_without_a_price_is_unknown_and_compared_with_nothing() -> None:
    runs = [run("a", at, capital_usd=1.0) for at in range(3)]
    runs += [run("b", at, capital_usd=None if at else 1.0) for at in range(3)]
    runs[-1] = msgspec.structs.replace(runs[-1], unpriced=("stETH",))
    found = rows(runs)
    assert found["b"].capital_usd is None
    assert (found["b"].dearer_usd, found["b"].compared_at_frac) == (None, None)
    said = "what it tied up is unknown, and so are its costs: no price of stETH"
    assert found["b"].why.startswith(said)
    assert "no liquidation probability" not in found["b"].why
    assert found["a"].capital_usd is not None
    # Of the first it is said too, and nothing is compared with it.
    found = rows([*runs[3:], *runs[:3]])
    assert found["b"].why == said
    assert (found["a"].dearer_usd, found["a"].compared_at_frac) == (None, None)
    assert found["a"].capital_usd is not None
    unknown = "its costs are compared with nothing: unknown is what was tied up by"
    assert found["a"].why.startswith(f"{unknown} b (no price of stETH)")


def test_a_way_whose_other_limits_are_unknown_says_why_it_is_compared_with_nothing() -> None:
    """One frontier of cost and probability: of a point that is unknown nobody knows the least."""
    near = [run("b", at, slack_frac=0.5, capital_usd=None, unpriced=("stETH",)) for at in range(3)]
    runs = [run("a", at) for at in range(3)] + [run("b", at) for at in range(3)] + near
    still = [run("alone", at) for at in range(3)]
    rng = np.random.Generator(np.random.Philox(1))
    a, wide, narrow, alone = policy_rows([*runs, *still], rng, alone="alone")
    said = "its costs are compared with nothing: unknown is what was tied up by b"
    assert wide.why.startswith(f"{said} (no price of stETH)")
    assert (wide.dearer_usd, narrow.dearer_usd) == (None, None)
    assert narrow.why.startswith("what it tied up is unknown, and so are its costs: no price of")
    assert "tied up" not in a.why + alone.why


def test_without_the_desk_left_alone_nothing_is_compared() -> None:
    rng = np.random.Generator(np.random.Philox(1))
    with pytest.raises(OutOfDomain, match="no run of 'alone' among 'a'"):
        policy_rows([run("a", 0)], rng, alone="alone")


def test_where_there_is_no_difference_it_says_why() -> None:
    legs = ("the same",)
    same = rows([run(name, at, legs=legs) for name in "ab" for at in range(3)])["b"]
    assert same.why == "the same legs as a in every market"
    noise = [run("a", at) for at in range(20)]
    noise += [run("b", at, cost_usd=float((-1) ** at), broken_frac=0.5) for at in range(20)]
    assert rows(noise)["b"].why == (
        "not dearer nor cheaper beyond the interval; "
        "not ended with more equity nor less equity beyond the interval; "
        "left limits broken at 50.0 % of looks, a at 0.0 %"
    )


def test_one_market_has_no_interval_and_an_unknown_equity_stays_unknown() -> None:
    found = rows([run("a", 0, change_usd=None), run("b", 0, cost_usd=2.0)])
    assert found["a"].cost_usd.low_frac_or_usd is None
    assert found["a"].change_usd is None
    assert found["a"].shortfall_usd is None
    assert found["b"].ahead_usd is None
    assert "dearer, without an interval" in found["b"].why


@pytest.mark.parametrize(("markets_count", "is_known"), [(2, False), (19, False), (20, True)])
def test_few_markets_redrawn_are_no_interval(markets_count: int, is_known: bool) -> None:
    runs = [run("a", at, cost_usd=float(at), change_usd=-float(at)) for at in range(markets_count)]
    runs += [run("b", at, cost_usd=2.0 * at, change_usd=1.0) for at in range(markets_count)]
    found = rows(runs)["b"]
    for each in (found.cost_usd, found.change_usd, found.shortfall_usd, found.dearer_usd,
                 found.ahead_usd):  # fmt: skip
        assert each is not None
        assert (each.low_frac_or_usd is not None) == is_known
        assert (each.high_frac_or_usd is not None) == is_known
    assert found.liquidated_frac.high_frac_or_usd is not None
    assert ("dearer, without an interval" in found.why) != is_known


def test_equity_is_compared_market_by_market() -> None:
    """Markets differ by thousands, the two policies by 5 in each of them: that is sure."""
    runs = [run("a", at, change_usd=1_000.0 * at) for at in range(20)]
    runs += [run("b", at, change_usd=1_000.0 * at - 5.0) for at in range(20)]
    found = rows(runs)["b"]
    assert found.ahead_usd is not None
    assert (found.ahead_usd.low_frac_or_usd, found.ahead_usd.high_frac_or_usd) == (-5, -5)
    assert "ended with less equity beyond the interval" in found.why


def test_limits_nearer_to_liquidation_are_the_same_way_and_told_once() -> None:
    """The first with nearer limits costs 2 less at the same probability: the second is 3 dearer."""
    runs = [run("a", at, cost_usd=4.0) for at in range(3)]
    runs += [run("a", at, cost_usd=2.0, slack_frac=0.5) for at in range(3)]
    runs += [run("b", at, cost_usd=5.0) for at in range(3)]
    runs += [run("b", at, cost_usd=9.0, slack_frac=0.5) for at in range(3)]
    markets = [run("alone", at) for at in range(3)]
    rng = np.random.Generator(np.random.Philox(1))
    found = policy_rows([*runs, *markets], rng, alone="alone")
    assert [(each.policy, each.slack_frac) for each in found] == [
        ("a", 1.0), ("a", 0.5), ("b", 1.0), ("b", 0.5), ("alone", 1.0),
    ]  # fmt: skip
    told = [
        None if each.dearer_usd is None else each.dearer_usd.value_frac_or_usd for each in found
    ]
    assert told == [None, None, 3.0, None, None]
