"""What the search for a plan takes from one that it tried: each number against its own sum."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.hedging import effects
from hedgerow.limits import FirstPassage, Given, Limit, Survey, survey
from hedgerow.planning import Joint, JointTerms
from hedgerow.planning.costs import MoveCosts
from hedgerow.planning.done import Desk
from hedgerow.planning.joint import _nothing, _Search, _Trial
from hedgerow.planning.means import Means
from hedgerow.planning.wants import Demand
from hedgerow.solvency import coins_moved
from hedgerow.solving import Answer, Shadow, least
from tests.rooms.planning.test_joint import LIMITS, NOW, ROUTES, RULES, TERMS, desk, limit, offers

ONE, TWO = "desk/binance/one", "desk/binance/two"
# Trades of BTC on account one and on account two, and money from the cold wallet to account one.
MOVES = ("BTC on one", "BTC on two", "cold to one")
STILL = (0.0, 0.0, 0.0)


def searching(
    now: Survey, limits: Sequence[Limit] = LIMITS, instruments: Sequence[str] = ("BTC-PERP",)
) -> _Search:
    """Begin a search as `joint` does; of what is sold on account two funding is paid."""
    may = [
        msgspec.structs.replace(each, carry_usd_per_day=float(each.account_id == "two"))
        for each in offers(now)
        if each.instrument_id in instruments
    ]
    to_one = [each for each in ROUTES if each.target_account_id == "one"]
    coins = coins_moved(TERMS.values(), now.book.accounts, NOW)
    effect = effects(may, NOW, (), coins)
    means = Means(Desk(now, limits, TERMS, RULES), effect, to_one, coins)
    costs = MoveCosts(effect.offers, to_one, NOW, JointTerms(), lambda route: 0.0)
    return _Search(means, means.wanted(), costs)


def answer(amounts: Sequence[float], *, shadows: tuple[Shadow, ...] = ()) -> Answer:
    return Answer(
        chosen_amount=tuple(amounts),
        objective_usd=0.0,
        bound_usd=0.0,
        excess_frac=0.0,
        method="rounded",
        shadows=shadows,
    )


def next_amounts(search: _Search) -> dict[str, float]:
    found = least(search._programme())
    assert not isinstance(found, Failure)
    return dict(zip(MOVES, found.chosen_amount, strict=True))


def spare_usd(demand: Demand, btc: float, usdc: float) -> float:
    """What a perpetual account has to spare: 5 % of what is held are owed, 10 % to open."""
    price = 1_000.0 * demand.shock.spot_factor_frac.get("BTC", 1.0)
    equity = usdc + btc * (price - 1_000.0)
    return demand.use_frac * equity - (0.1 if demand.is_initial else 0.05) * abs(btc) * price


@pytest.mark.parametrize(("metric", "per_coin"), [("delta_spot_usd", 1000), ("delta_spot_coin", 1)])
def test_a_trade_is_tried_at_the_size_of_the_widest_gap_of_a_delta(
    metric: str, per_coin: float
) -> None:
    """Thirty coins of 1,000 USD, and two allowed: 28.1 are tried to stop a twentieth inside.

    So many are less than a quarter of the book (220), and their worth less than what the account
    has, where 10,000 USD, which are tried where no gap is known, are ten.
    """
    limits = (limit("coin/BTC", metric, 2 * per_coin, 4 * per_coin),)
    held = desk(btc_one=30, usdc_one=50_000).book
    search = searching(survey(held, NOW, RULES, limits), limits)
    on_one, on_two = search._sizes_contracts
    assert on_one == pytest.approx(28.1)
    assert on_two == pytest.approx(1.0)  # all that account two could bear


# Rows shift by what a plan was out by; more to spare than was foretold counts only where it may.


@pytest.mark.parametrize("may_loosen", [True, False])
def test_what_a_plan_has_more_to_spare_loosens_a_demand_only_where_it_may(
    *, may_loosen: bool
) -> None:
    """Account one has 9,000 and ten coins; every second demand turns out 7 better, the rest 5 off.

    Nothing is done in the plan, so what is foretold is what the account has as it stands.
    """
    search = searching(desk(btc_one=10, usdc_one=9000))
    trial = search._tried(answer(STILL))
    held = {ONE: (10.0, 9000.0), TWO: (0.0, 1000.0)}
    demands = search._foot.demands
    known = [at for at, each in enumerate(demands) if each.node in held]
    stands = np.array([spare_usd(demands[at], *held[demands[at].node]) for at in known])
    np.testing.assert_allclose(search._foot.after_ccy(np.zeros(3))[known], stands, rtol=1e-9)
    out_by = np.where(np.arange(len(demands)) % 2 == 0, 7.0, -5.0)
    out_by[-1] = np.nan  # nobody could say: it stays as it was
    off = trial._replace(exact_ccy=trial.exact_ccy + out_by, lacked=())
    search._learn(off, may_loosen=may_loosen)
    counts = np.nan_to_num(out_by if may_loosen else np.minimum(out_by, 0.0))
    found = search._foot.after_ccy(np.zeros(3))[known]
    np.testing.assert_allclose(found, stands + counts[known], rtol=1e-9)


def loosened(
    search: _Search,
    monkeypatch: pytest.MonkeyPatch,
    trials: Sequence[_Trial],
    amounts: Sequence[float],
) -> tuple[list[bool], object]:
    """Let the programmes of a search be answered so, and plans turn out so.

    Gives after which of them it learnt, and whether that might loosen; and what it chose.
    """
    turns, sold, told = iter(trials), iter(amounts), list[bool]()
    monkeypatch.setattr(
        sys.modules["hedgerow.planning.joint"],  # the room has a function of that name
        "least",
        lambda *_, **__: answer((next(sold), 0.0, 0.0)),
    )
    monkeypatch.setattr(search, "_tried", lambda _: next(turns))
    monkeypatch.setattr(search, "_learn", lambda _, *, may_loosen: told.append(may_loosen))
    now = trials[0].plan.before
    return told, search.best(_nothing(now, search._wanted, ()))


def test_rows_are_loosened_by_the_first_plan_and_then_by_good_ones_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Six plans: bad, bad, good but dear, then bad. Each answer differs from the one before."""
    search = searching(desk(btc_one=10, usdc_one=9000))
    bad, good = (search._tried(answer((sold, 0.0, 0.0))) for sold in (0.0, -8.1))
    assert (bad.is_good, good.is_good, good.is_dear) == (False, True, False)
    dear = good._replace(is_dear=True)
    told, found = loosened(search, monkeypatch, (bad, bad, dear, *[bad] * 3), range(-1, -7, -1))
    assert told == [True, False, True, False, False, False]
    assert found is dear.plan


def test_a_search_ends_with_a_good_plan_and_where_nothing_new_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    search = searching(desk(btc_one=10, usdc_one=9000))
    bad, good = (search._tried(answer((sold, 0.0, 0.0))) for sold in (0.0, -8.1))
    told, found = loosened(search, monkeypatch, (bad, good), (-1, -2))
    assert (told, found) == ([True], good.plan)
    told, found = loosened(search, monkeypatch, (bad, bad, bad), (-1, -2, -2))
    assert told == [True, False]
    assert isinstance(found, Joint)
    assert found.remark.startswith("nothing that was found is better than nothing")


# A limit that does not hold though all demands do is asked for by so much more.


def broken_at(trial: _Trial, value_frac: Mapping[str, float], metric: str) -> _Trial:
    """Let a plan leave some nodes at a value beyond soft, and every demand met."""
    after = trial.plan.after
    states = tuple(
        msgspec.structs.replace(each, rung="soft", value_frac_usd_or_coin=value_frac[each.node])
        if each.metric == metric and each.node in value_frac
        else msgspec.structs.replace(each, rung="calm")
        for each in after.limits
    )
    return trial._replace(plan=replace(trial.plan, after=replace(after, limits=states)), lacked=())


def falls(search: _Search, node: str) -> list[float]:
    """The moves down that an account is asked to stand once all has arrived."""
    return [
        1.0 - each.shock.spot_factor_frac["BTC"]
        for each in search._wanted.demands
        if each.node == node
        and not each.is_on_the_way
        and each.shock.spot_factor_frac.get("BTC", 1.0) < 1.0
    ]


# 20 % are wanted, and a twentieth more than the soft limit.
FALL = 0.2 / 0.95


@pytest.mark.parametrize(
    ("value_frac", "asked_frac"),
    [
        (0.16, 1.02 * 0.2 / 0.16 * FALL),
        (0.199, 1.02 * 0.2 / 0.199 * FALL),
        # Twice the limit is as far as it goes, and nothing is no distance to divide by.
        (0.05, 2.0 * FALL),
        (0.0, FALL),
    ],
)
def test_a_distance_that_came_out_short_is_asked_for_by_as_much_more(
    value_frac: float, asked_frac: float
) -> None:
    """One of the two accounts is short; the other is asked what it was asked before."""
    now = desk(btc_one=5, usdc_one=150, usdc_two=1000)
    search = searching(now)
    before = falls(search, TWO)
    assert falls(search, ONE) == pytest.approx([FALL])
    trial = search._tried(answer((-1.0, 0.0, 0.0)))
    search._learn(broken_at(trial, {ONE: value_frac}, "distance_spot_frac"), may_loosen=True)
    assert falls(search, ONE) == pytest.approx([asked_frac])
    assert falls(search, TWO) == pytest.approx(before)
    # The rows are of these demands, and right about the plan that was tried: four coins are left,
    # and 150 less a dollar beside the mark and the taker fee of 0.05 % on the other 999.
    usdc = 150 - 1 - 0.0005 * 999
    foot = search._foot
    assert {each.name for each in search._wanted.demands} <= {each.name for each in foot.demands}
    told = foot.after_ccy(np.array([-1.0, 0.0, 0.0]))
    for demand, ccy in zip(foot.demands, told, strict=True):
        if demand.node == ONE:
            assert ccy == pytest.approx(spare_usd(demand, 4.0, usdc), abs=1e-6), demand.name


def test_a_probability_that_came_out_high_is_asked_for_by_a_tenth_more() -> None:
    """How much is not told by it: the distance that is so likely grows by a tenth."""
    given = Given(said="1d", chance=FirstPassage(vol_frac={"BTC": 0.6, "ETH": 0.7}))
    asked = (limit(ONE, "liquidation_probability_frac", 0.01, 0.5, given=given),)
    now = survey(desk(btc_one=5, usdc_one=400).book, NOW, RULES, asked)
    search = searching(now, asked)
    (before,) = falls(search, ONE)
    trial = search._tried(answer(STILL))
    high = broken_at(trial, {ONE: 0.02}, "liquidation_probability_frac")
    search._learn(high, may_loosen=False)
    assert falls(search, ONE) == pytest.approx([1.1 * before])


def test_while_a_demand_is_not_met_no_distance_is_asked_for_anew() -> None:
    """The plan fell short of what was asked: to ask for more would not be what it lacks."""
    search = searching(desk(btc_one=5, usdc_one=150))
    trial = search._tried(answer((-1.0, 0.0, 0.0)))
    short = broken_at(trial, {ONE: 0.16}, "distance_spot_frac")
    lacked = next(each for each in search._wanted.demands if not each.is_kept)
    asked = search._wanted
    search._learn(short._replace(lacked=(lacked,)), may_loosen=True)
    assert search._wanted is asked
    search._learn(short, may_loosen=True)
    assert falls(search, ONE) == pytest.approx([1.02 * 0.2 / 0.16 * FALL])


def test_a_limit_of_another_kind_that_stays_broken_asks_for_no_distance() -> None:
    search = searching(desk(btc_one=5, usdc_one=150))
    trial = search._tried(answer((-1.0, 0.0, 0.0)))
    asked = search._wanted
    search._learn(broken_at(trial, {"coin/BTC": 4000.0}, "delta_spot_usd"), may_loosen=True)
    search._learn(broken_at(trial, {ONE: 0.6}, "margin_use_frac"), may_loosen=True)
    assert search._wanted is asked


# What went too far is allowed half the next time.


def kept(search: _Search, node: str, *, is_kept: bool = True) -> Demand:
    return next(
        each for each in search._foot.demands if each.node == node and each.is_kept is is_kept
    )


def test_an_account_that_falls_short_once_is_asked_for_more_and_then_kept_near() -> None:
    """Often more sent to it is all it needs; where nobody knows what it has it is kept at once."""
    search = searching(desk(btc_one=10, usdc_one=9000, usdc_two=9000))
    trial = search._tried(answer((-8.1, 0.0, 0.0)))
    off = trial._replace(lacked=(kept(search, ONE),))
    search._learn(off, may_loosen=True)
    assert search._within == {}
    search._learn(off, may_loosen=True)
    assert list(search._within) == [ONE]
    search = searching(desk(btc_one=10, usdc_one=9000, usdc_two=9000))
    # One that traded nothing fell short by what it sent: its trades are left to it.
    still = search._tried(answer((0.0, 0.0, 0.0)))._replace(lacked=(kept(search, ONE),))
    search._short_nodes = {ONE}
    search._learn(still, may_loosen=True)
    assert search._within == {}
    search._short_nodes = set()
    at = search._foot.demands.index(kept(search, ONE))
    unknown = trial.exact_ccy.copy()
    unknown[at] = np.nan
    search._learn(off._replace(exact_ccy=unknown), may_loosen=True)
    assert list(search._within) == [ONE]


@pytest.mark.parametrize("plan", [(-8.1, 0.0, 0.0), (-12.0, 3.0, 150.0), (0.0, -4.0, 20.0)])
def test_what_is_linear_looks_the_same_from_where_a_plan_led(
    plan: tuple[float, float, float],
) -> None:
    """Ten coins stay long or become short; what is charged on either side has its own slope.

    Seen from a plan that stays long the slopes are those of here; what is foretold of that plan is
    what the account then has, also where it turned short.
    """
    search = searching(desk(btc_one=10, usdc_one=9000, usdc_two=9000))
    foot, trial = search._foot, search._tried(answer(plan))
    search._look_from_there(trial)
    there = search._foot
    assert there is not foot
    late = [at for at, each in enumerate(foot.demands) if not each.is_on_the_way]
    np.testing.assert_allclose(
        there.after_ccy(np.array(plan))[late], trial.exact_ccy[late], rtol=1e-3, atol=1.0
    )
    if plan[0] > -10.0:
        for other in ((-5.0, -1.0, 60.0), (-8.0, -3.0, 0.0)):
            np.testing.assert_allclose(
                there.after_ccy(np.array(other))[late],
                foot.after_ccy(np.array(other))[late],
                rtol=1e-3,
                atol=2.0,
            )


def test_an_account_that_fell_short_twice_goes_half_as_far_the_next_time() -> None:
    """Ten coins long, of which 1.9 may stay: one sells 4.05 of the 8.1, two does the rest."""
    search = searching(desk(btc_one=10, usdc_one=9000, usdc_two=9000))
    first = {"BTC on one": -8.1, "BTC on two": 0.0, "cold to one": 0.0}
    assert next_amounts(search) == pytest.approx(first)
    trial = search._tried(answer(tuple(first.values())))
    assert trial.lacked == ()
    search._short_nodes = {ONE, TWO}
    search._learn(trial._replace(lacked=(kept(search, ONE),)), may_loosen=True)
    halved = {"BTC on one": -4.05, "BTC on two": -4.05, "cold to one": 0.0}
    assert next_amounts(search) == pytest.approx(halved, abs=1e-6)
    # It counts from what was tried last, and in either direction; the other account is free.
    trial = search._tried(answer((2.0, -4.05, 0.0)))
    search._learn(trial._replace(lacked=(kept(search, ONE), kept(search, ONE))), may_loosen=True)
    less = {"BTC on one": -1.0, "BTC on two": -7.1, "cold to one": 0.0}
    assert next_amounts(search) == pytest.approx(less, abs=1e-6)
    # And of two that went too far each has its own half.
    trial = search._tried(answer((-1.0, -14.0, 0.0)))
    both = kept(search, ONE), kept(search, TWO)
    search._learn(trial._replace(lacked=both), may_loosen=True)
    each = {"BTC on one": -0.5, "BTC on two": -7.0, "cold to one": 0.0}
    assert next_amounts(search) == pytest.approx(each, abs=1e-6)


def test_an_account_that_fell_short_twice_stays_near_when_another_does() -> None:
    """One may sell 4.05 and two, after that, 2 of the 8.1: all of both, and it is not enough."""
    search = searching(desk(btc_one=10, usdc_one=9000, usdc_two=9000))
    search._short_nodes = {ONE, TWO}
    for amounts, node in (((-8.1, 0.0, 0.0), ONE), ((0.0, -4.0, 0.0), TWO)):
        trial = search._tried(answer(amounts))
        search._learn(trial._replace(lacked=(kept(search, node),)), may_loosen=True)
    found = {"BTC on one": -4.05, "BTC on two": -2.0, "cold to one": 0.0}
    assert next_amounts(search) == pytest.approx(found, abs=1e-6)


def test_how_far_an_account_went_is_counted_in_dollars_over_all_that_it_trades() -> None:
    """Four BTC at 1,000 sold and 20 ETH at 100 bought are 6,000: 3 BTC may be traded, or 30 ETH."""
    search = searching(desk(btc_one=10, usdc_one=9000), instruments=("BTC-PERP", "ETH-PERP"))
    search._short_nodes = {ONE}
    trial = search._tried(answer((-4.0, 20.0, 0.0, 0.0, 0.0)))
    search._learn(trial._replace(lacked=(kept(search, ONE),)), may_loosen=True)
    (reach,) = search._within.values()
    alone = reach.most_frac / reach.tried_frac_per_contract[:2]
    assert alone == pytest.approx([3.0, 30.0], rel=1e-9)
    assert not reach.tried_frac_per_contract[2:].any()


def test_what_was_broken_anyway_and_is_not_met_yet_bounds_no_trade() -> None:
    """A demand that the plan is to bring about is no reason to do less of it."""
    search = searching(desk(btc_one=10, usdc_one=420, usdc_two=9000))
    wanted = kept(search, ONE, is_kept=False)
    trial = search._tried(answer((-8.1, 0.0, 0.0)))
    search._learn(trial._replace(lacked=(wanted,)), may_loosen=True)
    assert search._within == {}


# What a plan turned out to be.


def demands_at(search: _Search, *, is_on_the_way: bool) -> dict[str, int]:
    return {
        each.name: at
        for at, each in enumerate(search._foot.demands)
        if each.node == ONE and each.is_on_the_way is is_on_the_way
    }


def test_what_is_on_its_way_counts_only_for_what_is_asked_once_it_has_arrived() -> None:
    """Account one holds a coin on 80 dollars, and 100 more have left the cold wallet for it."""
    search = searching(desk(btc_one=1, usdc_one=80))
    early, late = (demands_at(search, is_on_the_way=on) for on in (True, False))
    assert early
    assert late
    demands = search._foot.demands
    for coins, sent in ((0.0, 100.0), (0.5, 100.0), (-0.5, 0.0), (0.5, 0.0)):
        trial = search._tried(answer((coins, 0.0, sent)))
        # A dollar beside the mark, to the worse side, and the taker fee on the price paid.
        paid = abs(coins) * (1 + 0.0005 * (1_001 if coins > 0 else 999))
        for at in (*early.values(), *late.values()):
            usdc = 80 - paid + (sent if at in late.values() else 0.0)
            spare = spare_usd(demands[at], 1 + coins, usdc)
            assert trial.exact_ccy[at] == pytest.approx(spare, abs=1e-6), demands[at].name
            lacks = spare + search._foot.allowed_ccy[at] < 0.0
            assert (demands[at] in trial.lacked) == lacks, demands[at].name


def test_a_plan_lists_what_it_lacks_on_the_way_and_what_nobody_could_try() -> None:
    """Five coins more on 80 dollars, with 3,000 to come: none of it is there for the order."""
    search = searching(desk(btc_one=1, usdc_one=80))
    trial = search._tried(answer((5.0, 0.0, 3000.0)))
    early = demands_at(search, is_on_the_way=True)
    assert set(trial.plan.lacking) == set(early)
    assert {each.name for each in trial.lacked if each.is_on_the_way} == set(early)
    assert not trial.is_good
    # With nothing to come it lacks as much for good, which its limits say and not this list.
    trial = search._tried(answer((5.0, 0.0, 0.0)))
    assert any(not each.is_on_the_way for each in trial.lacked)
    assert set(trial.plan.lacking) == set(early)
    gone = [Failure(subject=name, reason="unsupported", message=name) for name in "abc"]
    search._refused = (gone[0],)
    search._means = replace(
        search._means, effect=replace(search._means.effect, refused=(gone[1], gone[0]))
    )
    search._foot = replace(search._foot, unknown=(gone[2],))
    search._wanted = replace(search._wanted, unplanned=(gone[1],))
    plan = search._tried(answer(STILL)).plan
    assert (plan.refused, plan.unplanned) == (tuple(gone), (gone[1],))


@pytest.mark.parametrize("sold", [0.0, 8.1])
@pytest.mark.parametrize(
    ("more_frac", "is_priced", "is_dear"),
    [
        (0.02, True, True),
        (0.009, True, False),
        (0.011, True, True),
        # Foretold to lack what it has, it lacks nothing.
        (2.0, True, True),
        # One that cost nothing kept no cheaper plan away, nor did one that has less to spare.
        (0.02, False, False),
        (-0.02, True, False),
    ],
)
def test_a_plan_is_dear_where_what_binds_has_more_to_spare_than_was_foretold(
    more_frac: float, is_priced: bool, is_dear: bool, sold: float
) -> None:
    """So much of the 9,000 that the account has were not foretold of one demand."""
    search = searching(desk(btc_one=10, usdc_one=9000))
    foot = search._foot
    at = next(at for at, each in enumerate(foot.demands) if each.node == ONE)
    name = foot.demands[at].name
    assert foot.scale_ccy[at] == pytest.approx(9000)
    less = np.where(foot.of_index == at, more_frac * 9000, 0.0)
    search._foot = replace(foot, spare_ccy=foot.spare_ccy - less)
    # Another demand that has a price is as it was foretold.
    names = [name if is_priced else "no demand", foot.demands[at + 1].name]
    shadows = tuple(Shadow(name=each, price_usd_per_figure=1.0) for each in names)
    trial = search._tried(answer((-sold, 0.0, 0.0), shadows=shadows))
    assert (trial.is_dear, trial.lacked) == (is_dear, ())


def test_a_trial_is_good_where_nothing_is_broken_worsened_or_lacking() -> None:
    search = searching(desk(btc_one=10, usdc_one=9000))
    good = search._tried(answer((-8.1, 0.0, 0.0)))
    assert good.is_good
    lacking: Joint = replace(good.plan, lacking=("anything",))
    assert not good._replace(plan=lacking).is_good
    first, *rest = good.plan.after.limits
    unknown = msgspec.structs.replace(first, rung="unknown", value_frac_usd_or_coin=None)
    after = replace(good.plan.after, limits=(unknown, *rest))
    assert not good._replace(plan=replace(good.plan, after=after)).is_good
    # The desk as it stands is broken, and no worse than it was.
    still = search._tried(answer(STILL))
    assert (still.is_good, still.plan.worsened, still.plan.lacking) == (False, (), ())


def test_what_nobody_knows_of_a_demand_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """One coin of 1,000 on 60 USD: its account wants more, and no delta is too wide."""
    means = searching(desk(btc_one=1, usdc_one=60))._means
    wanted = means.wanted()
    demands = means.demands(wanted)
    assert all(each.is_met for each in wanted.asks)
    asked_index = [at for at, each in enumerate(demands) if not each.is_kept]
    assert asked_index
    told = np.zeros(len(demands))
    monkeypatch.setattr(sys.modules[Means.__module__], "spare_ccy", lambda *_: told)
    assert means.are_met(wanted)
    for at in asked_index:
        told[:] = 0.0
        told[at] = np.nan
        assert not means.are_met(wanted), demands[at].name
