"""Each measure against sums by hand, and that what is missing is unknown and never safe."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgerow.errors import Failure
from hedgerow.limits import (
    METRICS,
    FirstPassage,
    Given,
    LimitState,
    Stress,
    Survey,
    first_passage_frac,
    survey,
)
from hedgerow.limits.metrics import distance_left
from hedgerow.market import FundingSettlement, Shock
from hedgerow.portfolio import book
from hedgerow.solvency import Distance
from hedgerow.units import DAY_NS, HOUR_NS
from tests.builders import T0_NS, account, by_id, index, option, perpetual, quote, snapshot
from tests.rooms.limits.worlds import PERP, RULES, desk, limit, perp, seen, values

CRASH = Stress(name="crash", spot_factor_frac=0.7)
RALLY = Stress(name="rally", spot_factor_frac=1.1)
WALLET = account("cold", venue="wallet", balances={"USDC": 5_000, "BTC": 2})


def only(state: Survey) -> LimitState:
    (found,) = state.limits
    return found


def test_a_loss_is_the_worst_of_its_shocks_at_each_node() -> None:
    """1 BTC long at 60,000 and 2 in the wallet: a fall of 30 % is 18,000 on each."""
    given = Given(said="crash; rally", stresses=(CRASH, RALLY))
    scopes = ("desk", "desk/*", "coin/BTC", "coin/USDC")
    limits = [limit("scenario_loss_usd", 20_000, 60_000, each, given=given) for each in scopes]
    state = desk(perp(), WALLET, limits=limits)
    assert values(state) == pytest.approx(
        {
            "desk": 54_000,
            "desk/binance": 18_000,
            "desk/wallet": 36_000,
            "coin/BTC": 54_000,
            "coin/USDC": 0,
        }
    )
    rung = {each.node: each.rung for each in state.limits}
    assert rung["desk"] == "soft"
    assert rung["desk/binance"] == "watch"
    assert rung["coin/USDC"] == "calm"
    assert next(s for s in state.limits if s.node == "desk").message == "loses 54,000 USD: crash"


def test_a_short_loses_when_prices_rise_and_a_gain_is_no_loss() -> None:
    one = limit("scenario_loss_usd", 1, 10_000, given=Given(stresses=(CRASH, RALLY)))
    assert only(desk(perp(-1), limits=[one])).message == "loses 6,000 USD: rally"
    falls = limit("scenario_loss_usd", 1, 10_000, given=Given(stresses=(CRASH,)))
    gains = only(desk(perp(-1), limits=[falls]))
    assert (gains.value_frac_usd_or_coin, gains.rung) == (0.0, "calm")


def test_what_a_shock_names_moves_by_that_alone() -> None:
    mixed = Stress(
        name="mixed", spot_factor_frac=0.9, shock=Shock(spot_factor_frac={"BTC": 1.2, "USDC": 0.5})
    )
    one = limit("scenario_loss_usd", 1, 10_000, given=Given(stresses=(mixed,)))
    # The wallet gains 24,000 on its coins and loses 2,500 on its dollars.
    assert only(desk(WALLET, limits=[one])).value_frac_usd_or_coin == 0.0
    on_usdc = limit("scenario_loss_usd", 1, 10_000, "coin/USDC", given=Given(stresses=(mixed,)))
    assert only(desk(WALLET, limits=[on_usdc])).value_frac_usd_or_coin == pytest.approx(2_500)


def test_a_loss_without_a_shock_or_a_value_is_unknown() -> None:
    assert only(desk(limits=[limit("scenario_loss_usd", 1, 2)])).rung == "unknown"
    unpriced = account("cold", venue="wallet", balances={"XYZ": 1})
    one = limit("scenario_loss_usd", 1e9, 2e9, given=Given(stresses=(CRASH,)))
    state = only(desk(perp(), unpriced, limits=[one]))
    assert (state.rung, state.value_frac_usd_or_coin) == ("unknown", None)
    assert "XYZ" in state.message


def rate(frac: str) -> FundingSettlement:
    return FundingSettlement(time_ns=T0_NS, instrument_id="BTC-PERP", rate_frac=Decimal(frac))


@pytest.mark.parametrize(
    ("quantity", "frac", "paid"),
    [(1, "0.0001", 18.0), (1, "-0.0001", 0.0), (-1, "0.0001", 0.0), (-2, "-0.0001", 36.0)],
)
def test_funding_is_paid_three_times_a_day_and_what_is_received_is_no_cost(
    quantity: int, frac: str, paid: float
) -> None:
    """60,000 dollars a coin at one basis point every eight hours."""
    assert perpetual().funding_interval_ns == 8 * HOUR_NS
    state = only(
        desk(perp(quantity), limits=[limit("funding_paid_usd_per_day", 10, 30)], more=[rate(frac)])
    )
    assert state.value_frac_usd_or_coin == pytest.approx(paid)


def test_funding_without_a_rate_is_unknown_and_without_a_perpetual_nothing() -> None:
    one = limit("funding_paid_usd_per_day", 10, 30)
    assert only(desk(limits=[one])).rung == "unknown"
    wallet = only(desk(WALLET, limits=[one]))
    assert (wallet.rung, wallet.value_frac_usd_or_coin) == ("calm", 0.0)


def test_a_probability_is_that_of_its_distance_and_horizon() -> None:
    """10,000 + (P - 60,000) = 0.01 P at 50,505.05: a fall of 15.825 %."""
    chance = FirstPassage(vol_frac={"BTC": 0.6})
    given = Given(said="7d", horizon_ns=7 * DAY_NS, chance=chance)
    state = only(
        desk(limits=[limit("liquidation_probability_frac", 0.01, 0.5, "desk/*/*", given=given)])
    )
    wanted = first_passage_frac(50_000 / 0.99 / 60_000 - 1, 0.6, 7 / 365)
    # The distance is found to 1e-4 of the price; and the far side adds next to nothing.
    assert state.value_frac_usd_or_coin == pytest.approx(wanted, rel=0.005)
    assert (state.rung, state.of) == ("soft", "7d")


@pytest.mark.parametrize("chance", [None, FirstPassage(vol_frac={"ETH": 0.6})])
def test_without_a_vol_a_probability_is_unknown(chance: FirstPassage | None) -> None:
    one = limit("liquidation_probability_frac", 0.9, 1.0, PERP, given=Given(chance=chance))
    state = only(desk(limits=[one]))
    assert (state.rung, state.value_frac_usd_or_coin) == ("unknown", None)
    assert "vol" in state.message


def test_a_better_model_takes_the_place_of_a_plainer_one() -> None:
    def sure(coins: object, distance: object, horizon_ns: int) -> float:
        assert coins == ("BTC",)
        return 0.25

    one = limit("liquidation_probability_frac", 0.2, 0.3, PERP, given=Given(chance=sure))
    assert only(desk(limits=[one])).value_frac_usd_or_coin == 0.25


@pytest.mark.parametrize(
    ("down", "up", "said"),
    [
        (-0.3, 0.1, "breaks after a rise of 10.0 %"),
        (-0.1, 0.3, "breaks after a fall of 10.0 %"),
        (None, 0.1, "breaks after a rise of 10.0 %"),
        (-0.3, None, "breaks after a fall of 30.0 %"),
    ],
)
def test_a_distance_is_told_of_the_nearer_side(
    down: float | None, up: float | None, said: str
) -> None:
    distance = Distance(
        account_id="perp", time_ns=T0_NS, down_frac=down, up_frac=up,
        searched_down_frac=-0.9, searched_up_frac=1.0,
    )  # fmt: skip
    state = replace(seen(), distances={PERP: distance})
    (found,) = distance_left("distance_frac", state, Given(), lambda node: node == PERP)
    assert (found.message, found.toward) == (said, said.split()[3])
    assert found.value_frac_usd_or_coin == min(abs(each) for each in (down, up) if each is not None)


def test_a_default_takes_positive_equity_and_nets_no_accounts() -> None:
    """One account holds 10,000, the other owes 5,000 beyond what it has."""
    owing = account(
        "deep",
        venue="binance",
        rulebook="rules",
        positions={"BTC-PERP": (1, 70_000)},
        balances={"USDC": 5_000},
    )
    one = limit("default_loss_usd", 1, 20_000, "desk/*")
    state = desk(perp(), owing, WALLET, limits=[one])
    assert values(state) == pytest.approx({"desk/binance": 10_000, "desk/wallet": 125_000})
    each = limit("default_loss_usd", 1, 20_000, "desk/binance/*")
    assert values(desk(perp(), owing, limits=[each])) == pytest.approx(
        {PERP: 10_000, "desk/binance/deep": 0}
    )


def test_a_default_of_what_is_no_venue_is_unknown() -> None:
    assert only(desk(limits=[limit("default_loss_usd", 1, 2, "coin/BTC")])).rung == "unknown"


def test_every_metric_is_unknown_where_a_leg_has_no_value() -> None:
    """A call that nobody quoted is in the account: nothing that hangs on it may look safe."""
    call = option(80_000, "call")
    broken = account(
        "perp",
        venue="binance",
        rulebook="rules",
        positions={"BTC-PERP": (1, 60_000), call.instrument_id: 1},
        balances={"USDC": 10_000},
    )
    given = Given(stresses=(CRASH,), chance=FirstPassage(vol_frac={"BTC": 0.6}))
    scope = {"tree": "desk", "account": PERP, "holder": "desk/binance", "name": "venue/binance"}
    limits = [
        limit(name, 0.69, 0.69, scope[metric.nodes], given=given)
        for name, metric in METRICS.items()
        if name != "funding_paid_usd_per_day"  # an option pays none
    ]
    state = survey(
        book([broken], by_id(perpetual(), call)),
        snapshot(index("BTC", 60_000), quote("BTC-PERP", 60_000)),
        RULES,
        limits,
    )
    assert {each.metric: each.rung for each in state.limits} == {
        each.metric: "unknown" for each in limits
    }
    assert isinstance(state.reports[PERP], Failure)


def test_a_node_that_a_shock_leaves_empty_lost_what_it_was_worth() -> None:
    """12,000 dollars of profit, and none after a fall of a fifth: no USDC is there then."""
    given = Given(stresses=(Stress(name="a fifth", spot_factor_frac=0.8),))
    held = account("perp", venue="binance", rulebook="rules", positions={"BTC-PERP": (1, 48_000)})
    state = desk(held, limits=[limit("scenario_loss_usd", 1, 1e6, "coin/*", given=given)])
    assert values(state) == pytest.approx({"coin/BTC": 12_000, "coin/USDC": 0})
