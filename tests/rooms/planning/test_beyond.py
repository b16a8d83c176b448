"""What stands beyond its limit after a plan is named: at what, since when, and why."""

import itertools
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.limits import Limit, LimitState, Survey, survey
from hedgerow.planning import Allowed, Joint, JointTerms, Order, Plan, joint, made, states
from hedgerow.planning.beyond import outside_frac
from hedgerow.planning.serving import served
from hedgerow.solving import Shadow
from hedgerow.units import MINUTE_NS
from tests.rooms.planning.test_joint import (
    LIMITS,
    NOW,
    ROUTES,
    RULES,
    TERMS,
    desk,
    executed,
    limit,
    offers,
)
from tests.rooms.planning.test_sequence import chosen, move

OUTSIDE = ("soft", "hard", "unknown")


def planned(now: Survey, allowed: Allowed, limits: tuple[Limit, ...] = LIMITS) -> Joint:
    found = joint(now, limits, allowed.offers, allowed.routes, TERMS, RULES)
    assert isinstance(found, Joint)
    return found


def told(plan: Joint, allowed: Allowed, limits: tuple[Limit, ...] = LIMITS) -> Plan:
    return made(plan, limits, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS, allowed=allowed)


def written(now: Survey, allowed: Allowed, limits: tuple[Limit, ...] = LIMITS) -> Plan:
    return told(planned(now, allowed, limits), allowed, limits)


def only(plan: Plan) -> Failure:
    """Give what is said of the one limit that is named; routes with nothing to give are none."""
    (said,) = [each for each in plan.unmet if " from " not in each.subject]
    return said


def test_a_loan_that_no_route_leads_to_is_named() -> None:
    """700 dollars owed against ten coins of 100 that count for 80 %: 87.5 % of 800 are used."""
    now = desk(supplied=10, owed=700)
    use = limit("desk/aave/loan", "margin_use_frac", 0.5, 0.9)
    now = survey(now.book, NOW, RULES, (use,))
    away = tuple(each for each in ROUTES if each.target_account_id != "loan")
    plan = written(now, Allowed(offers(now), away), (use,))
    assert plan.legs == ()
    said = only(plan)
    assert (said.subject, said.reason) == ("desk/aave/loan", "no_source")
    assert said.message == (
        "margin_use_frac is soft at 87.50 % against 50.00 % (soft) and 90.00 % (hard); the plan "
        "found it so; no route leads to it, and nothing may be traded, switched or swapped there"
    )
    assert plan.holds_after is False
    # A route that has nothing to give is told of as such; what it lacks is told beside it.
    poor = desk(supplied=10, owed=700, cold=0)
    poor = survey(poor.book, NOW, RULES, (use,))
    plan = written(poor, Allowed((), ROUTES), (use,))
    assert only(plan).message.endswith("no route to it may be used: cold has 0 USDC to give")
    assert "cold has 0 USDC to give" in {each.message for each in plan.unmet}
    # Four dollars can be given by one of two; that the other has none is not why.
    poor = survey(desk(supplied=10, owed=700, cold=5, usdc_two=0).book, NOW, RULES, (use,))
    ways = (*ROUTES, msgspec.structs.replace(ROUTES[-1], source_account_id="two"))
    plan = written(poor, Allowed((), ways), (use,))
    assert "two has 0 USDC to give" in {each.message for each in plan.unmet}
    assert only(plan).message.endswith(
        "of what may be traded and moved all that could be judged does not suffice, by what each "
        "move does alone"
    )


def test_a_delta_that_no_offer_acts_on_is_named() -> None:
    """40 coins of 100 dollars where 2,000 are allowed, and bitcoin alone may be traded."""
    now = desk(eth_two=40)
    some = tuple(each for each in offers(now) if each.instrument_id == "BTC-PERP")
    said = only(written(now, Allowed(some, ROUTES)))
    assert (said.subject, said.reason) == ("coin/ETH", "unsupported")
    assert said.message == (
        "delta_spot_usd is hard at 4,000.00 USD against 2,000.00 USD (soft) and 4,000.00 USD "
        "(hard); the plan found it so; nothing that may be traded, moved or swapped acts on it"
    )


def test_a_limit_that_all_means_do_not_suffice_for_is_named() -> None:
    """Ten coins long, of which one may be sold on each of the two accounts: 8,000 dollars stay."""
    now = desk(btc_one=10)
    few = tuple(
        msgspec.structs.replace(each, sells_contracts_max=1.0, buys_contracts_max=1.0)
        for each in offers(now)
    )
    plan = written(now, Allowed(few, ROUTES))
    (said,) = [each for each in plan.unmet if each.subject == "coin/BTC"]
    # What the trades cost is paid in dollars, of which no bitcoin's delta is made.
    assert said.message.startswith("delta_spot_usd is hard at 8,000.00 USD against 2,000.00 USD")
    assert "the plan found it hard at 10,000.00 USD and brings it nearer" in said.message
    assert said.message.endswith(
        "of what may be traded and moved all that could be judged does not suffice, by what each "
        "move does alone"
    )
    assert plan.conflicts == ("coin/BTC delta_spot_usd",)


def test_limits_that_cannot_hold_together_name_each_other() -> None:
    """Eight coins would have to be sold on the one account that may be short of one at most."""
    limits = (
        limit("coin/BTC", "delta_spot_usd", 2_000, 4_000),
        limit("desk/binance/two/BTC", "delta_spot_usd", 1_000, 50_000),
    )
    now = desk(btc_one=10, usdc_two=50_000)
    now = survey(now.book, NOW, RULES, limits)
    some = tuple(
        each for each in offers(now) if (each.account_id, each.instrument_id) == ("two", "BTC-PERP")
    )
    plan = written(now, Allowed(some, ()), limits)
    assert {each.partition(" ")[0] for each in plan.conflicts} == {
        "coin/BTC",
        "desk/binance/two/BTC",
    }
    messages = {each.subject: each.message for each in plan.unmet}
    assert messages["coin/BTC"].endswith(
        "it cannot hold together with desk/binance/two/BTC delta_spot_usd"
    )


def ended(plan: Joint, key: tuple[str, str], **changes: Any) -> Joint:
    """Let a plan end, done exactly, with one of the limits elsewhere."""
    states = tuple(
        msgspec.structs.replace(each, **changes) if (each.node, each.metric) == key else each
        for each in plan.after.limits
    )
    return replace(plan, after=replace(plan.after, limits=states))


DISTANCE = ("desk/binance/one", "distance_spot_frac")


def test_what_the_plan_itself_broke_is_said_to_be_its_doing() -> None:
    now = desk(btc_one=10, usdc_one=5_000)
    allowed = Allowed(offers(now), ROUTES)
    found = planned(now, allowed)
    assert found.trades
    assert not found.conflicts
    (was,) = [each for each in now.limits if (each.node, each.metric) == DISTANCE]
    assert was.rung == "calm"
    short = ended(found, DISTANCE, rung="soft", value_frac_usd_or_coin=0.1939, toward="rise")
    said = only(told(short, allowed))
    assert (said.subject, said.reason) == ("desk/binance/one", "not_converged")
    assert (
        "is soft at +19.39 % against 20.00 % (soft) and 10.00 % (hard); the plan broke it: it "
        "was calm at -" in said.message
    )
    assert said.message.endswith("done exactly it does not, and the search ended there")
    # How far a search went is no limit: it is no bound that binds, and told where it stopped it.
    fence = Shadow(name="desk/binance/one as far as it is known", price_usd_per_figure=372.9)
    fenced = replace(
        short, shadows=(*short.shadows, fence), conflicts=(*short.conflicts, fence.name)
    )
    plan = told(fenced, allowed)
    assert plan.prices == told(short, allowed).prices
    assert plan.conflicts == ()
    assert only(plan).message.endswith("(it went no further on desk/binance/one)")
    (row,) = states({"joint": replace(short, conflicts=("coin/ETH delta_spot_usd", fence.name))})
    assert "cannot hold" not in row.message
    # What cannot hold inside the fence might hold beyond it: nobody looked.
    own = f"{DISTANCE[0]} {DISTANCE[1]} at +21.1 %"
    plan = told(replace(short, conflicts=(own, "coin/BTC delta_spot_usd", fence.name)), allowed)
    assert plan.conflicts == ()
    assert only(plan).reason == "not_converged"
    assert only(plan).message.endswith(
        "as far as the search went on desk/binance/one it does not hold together with coin/BTC "
        "delta_spot_usd, by what is known of each move alone"
    )
    # What nobody knows any more after a plan is no less named than what is broken.
    dark = ended(
        found, DISTANCE, rung="unknown", value_frac_usd_or_coin=None, message="no root was found"
    )
    plan = told(dark, allowed)
    assert only(plan).reason == "missing_data"
    assert "is unknown against 20.00 % (soft)" in only(plan).message
    assert "the plan broke it: it was calm at -" in only(plan).message
    assert plan.holds_after is None


def test_why_a_limit_is_left_is_told_only_as_far_as_it_is_known() -> None:
    """Of a programme that broke bounds elsewhere, or had no row for it, nothing is claimed."""
    now = desk(btc_one=10, usdc_one=5_000)
    allowed = Allowed(offers(now), ROUTES)
    short = ended(
        planned(now, allowed), DISTANCE, rung="soft", value_frac_usd_or_coin=0.19, toward="rise"
    )
    lots = replace(short, excess_frac=0.5)
    others = replace(lots, conflicts=("coin/ETH delta_spot_usd",))
    whole = "in whole lots no plan was found that holds all; the"
    for found, why in ((lots, whole), (others, "at -47.37 %; the")):
        assert only(told(found, allowed)).message.endswith(f"{why} search ended there")
    rows = tuple(each for each in short.demands if each.node != DISTANCE[0])
    assert len(rows) < len(short.demands)
    said = only(told(replace(short, demands=rows), allowed))
    assert said.message.endswith("it was not planned for")
    # A conflict of which it is a part is one, at whichever of its shocks.
    names = (f"{DISTANCE[0]} {DISTANCE[1]} at +21.1 %", "coin/BTC delta_spot_usd")
    said = only(told(replace(short, conflicts=names), allowed))
    assert said.message.endswith("it cannot hold together with coin/BTC delta_spot_usd")


def test_a_limit_that_a_leg_left_out_was_to_serve_says_so() -> None:
    """Of a hundred dollars ninety cannot leave: half of the hundred are needed."""
    now = desk(btc_one=1, usdc_one=100)
    found = replace(chosen(now, move(90, "one", "cold")), after=desk(btc_one=1))
    plan = told(found, Allowed(offers(now), ROUTES))
    assert plan.legs == ()
    (said,) = [each for each in plan.unmet if each.message.startswith("margin_use_frac is soft")]
    assert said.subject == "desk/binance/one"
    assert said.message.endswith("legs that it needs were left out, which are named too")
    assert any("left out, for between legs" in each.message for each in plan.unmet)


def test_what_nobody_knew_or_renewed_before_is_named_once_for_each_reason() -> None:
    now = desk(btc_one=10, usdc_one=5_000)
    allowed = Allowed(offers(now), ROUTES)
    old = Failure(subject="X", reason="stale_data", message="X is away")
    gone = Failure(subject="Y", reason="missing_data", message="Y is away")
    dark = {"rung": "unknown", "value_frac_usd_or_coin": None, "missing": (old, gone)}
    found = planned(now, allowed)
    found = replace(found, before=ended(replace(found, after=now), DISTANCE, **dark).after)
    untold = Failure(
        subject=DISTANCE[0], reason="stale_data", message=f"{DISTANCE[1]} is unknown, not planned"
    )
    plan = told(replace(ended(found, DISTANCE, **dark), unplanned=(untold,)), allowed)
    own = [each for each in plan.unmet if each.subject == DISTANCE[0]]
    stands = "distance_spot_frac is unknown against 20.00 % (soft) and 10.00 % (hard)"
    assert [(each.reason, each.message) for each in own] == [
        ("stale_data", f"{stands}; the plan found it so; not planned for: X is away"),
        ("missing_data", f"{stands}; the plan found it so; not planned for: Y is away"),
    ]
    late = {"rung": "expired", "message": "expired an hour ago"}
    said = only(told(ended(found, DISTANCE, **late), allowed))
    assert said.reason == "stale_data"
    assert said.message.endswith("it was unknown before; not planned for: expired an hour ago")
    # No equity is no use of it: that is told in words.
    poor = {"rung": "hard", "value_frac_usd_or_coin": None}
    said = only(told(ended(planned(now, allowed), DISTANCE, **poor), allowed))
    assert "is hard, with no equity left, against 20.00 % (soft)" in said.message


def test_of_a_limit_that_nobody_renewed_a_plan_says_which_way_it_moves_the_figure() -> None:
    """Ten coins of 1,000 dollars where 4,000 are hard: 8.1 are sold, and 1,900 are expired."""
    old = (limit("coin/BTC", "delta_spot_usd", 2_000, 4_000, expires_ns=NOW.time_ns),)
    now = survey(desk(btc_one=10, usdc_one=5_000).book, NOW, RULES, old)
    allowed = Allowed(offers(now), ())
    found = planned(now, allowed, old)
    plan = told(found, allowed, old)
    (leg,) = plan.legs
    assert leg.reason.endswith("; for coin/BTC delta")
    (said,) = plan.unmet
    assert said.message.startswith(
        "delta_spot_usd is expired at 1,900.00 USD against 2,000.00 USD (soft) and 4,000.00 USD "
        "(hard); the plan found it hard at 10,000.00 USD and brings it inside its bounds; expired "
    )
    # One that nobody renewed before either, and moved by what others need.
    ways = [
        (1_500.0, 1_900.0, "expired at 1,500.00 USD and leaves it inside its bounds"),
        (1_500.0, 2_500.0, "expired at 1,500.00 USD and takes it further"),
        (3_000.0, 2_000.0, "expired at 3,000.00 USD and brings it nearer"),
        (-3_000.0, 3_000.0, "expired at -3,000.00 USD and leaves it as far outside"),
        (3_000.0, 1_900.0, "expired at 3,000.00 USD and brings it inside its bounds"),
    ]
    for was, then, way in ways:
        at = ("coin/BTC", "delta_spot_usd")
        before = ended(replace(found, after=now), at, rung="expired", value_frac_usd_or_coin=was)
        after = ended(found, at, value_frac_usd_or_coin=then)
        said = only(told(replace(after, before=before.after), allowed, old))
        assert f"; the plan found it {way}; not planned for: expired " in said.message


def test_where_no_plan_is_better_than_none_that_is_why() -> None:
    now = desk(btc_one=10)
    found = planned(now, Allowed((), ()))
    unmet = told(found, Allowed(offers(now), ROUTES)).unmet
    assert [each.subject for each in unmet] == ["coin/BTC", *2 * ("desk/binance/one",)]
    assert all(
        each.message.endswith(
            "the search found no plan for it: a limit is broken, and there is nothing to trade or "
            "move"
        )
        for each in unmet
    )
    # Hard ones come first, whatever their order is otherwise.
    assert [each.message.split()[2] for each in unmet] == ["hard", "hard", "soft"]


def test_a_limit_on_what_no_leg_changes_is_named_once_with_its_figure() -> None:
    """Two thousand dollars owed to nobody but the venue, of which one is allowed."""
    other = limit("desk/binance", "default_loss_usd", 1, 2)
    now = survey(desk(btc_one=1).book, NOW, RULES, (*LIMITS, other))
    (state,) = [each for each in now.limits if each.metric == "default_loss_usd"]
    assert state.rung == "hard"
    said = only(written(now, Allowed(offers(now), ROUTES), (*LIMITS, other)))
    assert said.subject == "desk/binance"
    assert f"is hard at {state.value_frac_usd_or_coin:,.2f} USD" in said.message
    assert said.message.endswith(
        "what legs do to it is not foretold, so no plan is made to keep it"
    )


@pytest.mark.parametrize(
    ("btc", "eth", "owed", "cold"),
    list(itertools.product((0, 10), (0, 60), (0, 700), (0, 5000))),
)
def test_every_limit_that_does_not_hold_is_named_once(
    btc: int, eth: int, owed: int, cold: int
) -> None:
    now = desk(btc_one=btc, eth_two=eth, supplied=10 if owed else 0, owed=owed, cold=cold)
    plan = written(now, Allowed(offers(now), ROUTES))
    outside = sorted((e.node, e.metric) for e in plan.limits_after if e.rung in OUTSIDE)
    named = sorted(
        (each.subject, each.message.split()[0])
        for each in plan.unmet
        if each.message.split()[0] in {metric for _, metric in outside}
    )
    assert named == outside
    assert plan.holds_after == (not outside)
    if outside:
        assert not any("inside every limit" in leg.reason for leg in plan.legs)


def test_a_leg_names_the_limits_that_it_serves() -> None:
    """Each leg alone, and all but each, are done by hand; what moves limits by that is served."""
    now = desk(btc_one=10, eth_two=60, usdc_one=700, usdc_two=900, supplied=10, owed=500)
    plan = written(now, Allowed(offers(now), ROUTES))
    assert len(plan.legs) > 2
    titles = {
        "margin_use_frac": "margin use", "distance_spot_frac": "distance",
        "delta_spot_usd": "delta",
    }  # fmt: skip

    def outside(*legs: Any) -> dict[tuple[str, str], float]:
        then = executed(now, msgspec.structs.replace(plan, legs=legs, prices=()))
        return {(each.node, each.metric): outside_frac(each) for each in then.limits}

    idle, whole = outside(), outside(*plan.legs)
    for leg in plan.legs:
        alone, without = outside(leg), outside(*(each for each in plan.legs if each is not leg))
        names = [
            f"{node} {titles[metric]}"
            for (node, metric), far in idle.items()
            if alone[node, metric] < far - 1e-6
            or without[node, metric] > whole[node, metric] + 1e-6
        ]
        assert names
        assert leg.reason.split("; for ")[1] == ", ".join(names)


@pytest.mark.parametrize(
    ("alone", "without", "serves"),
    [
        ((0.4, 0.0), (0.0, 0.0), ["a"]),  # nearer by itself, and others would do
        ((0.5, 0.0), (0.2, 0.0), ["a"]),  # nothing by itself, and the others lean on it
        ((0.5, 0.0), (0.0, 0.1), ["b"]),  # what is calm now would not be without it
        ((0.6, 0.2), (0.0, 0.0), []),  # further by itself, and others make up for it
        # A millionth of a bound is what a fee takes of a balance, and what is less is nothing.
        ((0.5 - 5e-7, 0.0), (5e-7, 0.0), []),
        ((0.5 - 2e-6, 0.0), (0.0, 0.0), ["a"]),
        ((0.5, 0.0), (2e-6, 0.0), ["a"]),
    ],
)
def test_a_leg_serves_what_it_brings_nearer_and_what_would_be_worse_without_it(
    alone: tuple[float, ...], without: tuple[float, ...], serves: list[str]
) -> None:
    """Of two limits at 100 the first is half outside now; after both legs both hold."""
    now = desk()
    first_index, both_index = frozenset({0}), frozenset({0, 1})
    outside: dict[frozenset[int], tuple[float, ...]] = {
        frozenset(): (0.5, 0.0), first_index: alone, both_index - first_index: without,
        both_index: (0.0, 0.0),
    }  # fmt: skip

    def surveyed(some_index: Collection[int]) -> Survey:
        states = tuple(
            msgspec.structs.replace(
                state("soft" if far else "calm", 100.0 * (1.0 + far), 100.0), node=node
            )
            for node, far in zip("ab", outside[frozenset(some_index)], strict=True)
        )
        return replace(now, limits=states)

    assert [each.node for each in served(2, surveyed)[0]] == serves


def test_without_what_was_allowed_a_leg_claims_no_more_than_holds() -> None:
    now = desk(btc_one=10, supplied=10, owed=700)
    for routes, holds in ((ROUTES, True), ((), False)):
        found = joint(now, LIMITS, offers(now), routes, TERMS, RULES)
        assert isinstance(found, Joint)
        plan = made(found, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)
        orders = [leg.reason for leg in plan.legs if isinstance(leg, Order)]
        assert orders
        assert plan.holds_after is holds
        for reason in orders:
            assert ("inside every limit" in reason) is holds
            assert ("not every limit holds after it" in reason) is not holds


def state(
    rung: Any, value: float | None, soft: float, metric: str = "delta_spot_usd"
) -> LimitState:
    return LimitState(
        node="desk", metric=metric, value_frac_usd_or_coin=value, soft_frac_usd_or_coin=soft,
        hard_frac_usd_or_coin=soft, rung=rung, message="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "frac"),
    [
        (state("watch", 90.0, 100.0), 0.0),
        (state("hard", -150.0, 100.0), 0.5),
        (state("soft", 7.0, 0.0), 7.0),
        (state("soft", 0.15, 0.2, "distance_spot_frac"), 0.25),
        (state("hard", None, 0.5, "margin_use_frac"), float("inf")),
        (state("unknown", None, 100.0), float("inf")),
        (state("expired", 1.0, 100.0), 0.0),
        (state("expired", -150.0, 100.0), 0.5),
        (state("expired", 0.15, 0.2, "distance_spot_frac"), 0.25),
        (state("expired", None, 100.0), float("inf")),
    ],
)
def test_how_far_outside_a_limit_stands(one: LimitState, frac: float) -> None:
    assert outside_frac(one) == pytest.approx(frac)


@pytest.mark.parametrize(
    ("rungs", "holds"),
    [
        ((), True),
        (("calm", "watch"), True),
        (("calm", "soft"), False),
        (("unknown", "watch"), None),
        # What is broken is known to be, whatever else is not.
        (("unknown", "hard"), False),
        (("expired",), False),
    ],
)
def test_whether_every_limit_holds_after_a_plan(rungs: tuple[Any, ...], holds: bool | None) -> None:
    states = tuple(state(each, 1.0, 1.0) for each in rungs)
    plan = Plan(
        plan_id="hg", time_ns=0, expires_ns=1, legs=(), cost_expected_usd=0.0, limits_before=(),
        limits_after=states, assumptions=(), unmet=(),
    )  # fmt: skip
    assert plan.holds_after is holds


@pytest.mark.parametrize(("metric", "share_frac"), [("margin_use_frac", 0.475), ("distance", 1.0)])
def test_a_dollar_more_of_equity_saves_what_posting_it_for_a_day_costs(
    metric: str, share_frac: float
) -> None:
    """At 5 % a year 0.05 / 365, and of the fee of 1 what it is of the 4,999 that may be sent.

    Of a use of 0.95 of a half a dollar lets so much more be needed; at a shock all of it counts.
    """
    own = tuple(each for each in LIMITS if each.metric.startswith(metric))
    now = survey(desk(btc_one=1, usdc_one=60).book, NOW, RULES, own)
    found = joint(now, own, (), ROUTES, TERMS, RULES, terms=JointTerms())
    assert isinstance(found, Joint)
    (shadow,) = found.shadows
    (price,) = made(found, own, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS).prices
    assert (price.name, price.figure) == (shadow.name, "USD more of equity there")
    assert price.saved_usd_per_figure == pytest.approx(0.05 / 365 + 1 / 4_999, abs=1e-6)
    assert price.saved_usd_per_figure == pytest.approx(
        share_frac * shadow.price_usd_per_figure, abs=1e-6
    )


def test_a_price_of_a_limit_on_the_desk_is_for_one_of_its_own_unit() -> None:
    now = desk(btc_one=10)
    found = planned(now, Allowed(offers(now), ROUTES))
    prices = {each.name: each for each in told(found, Allowed(offers(now), ROUTES)).prices}
    raw = {each.name: each.price_usd_per_figure for each in found.shadows}
    name = "coin/BTC delta_spot_usd"
    assert prices[name].figure == "USD of delta"
    assert prices[name].saved_usd_per_figure == pytest.approx(raw[name], abs=1e-6)
