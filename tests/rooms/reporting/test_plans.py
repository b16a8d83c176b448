"""What is said of a plan's bounds, of its rival, and of prices that only options have."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from rich.console import Console, RenderableType

from hedgerow.errors import Failure
from hedgerow.limits import LimitState
from hedgerow.planning import (
    SAME,
    BoundPrice,
    CostKind,
    GreekChange,
    Order,
    Plan,
    RunnerUp,
    Swap,
    WayState,
)
from hedgerow.reporting import plan_tables, ways_tables

D = Decimal
PUT = Order(
    client_id="a", account_id="options", venue="deribit", instrument_id="BTC-27MAR26-80000-P",
    quantity_contracts=D(2), price_limit_usd=D("14772.87"), cost_expected_usd=1.0, reason="why",
    price_limit_ccy=D("0.2256"),
)  # fmt: skip
PERP = Order(
    client_id="b", account_id="perp", venue="binance", instrument_id="BTCUSDT-PERP",
    quantity_contracts=D(-1), price_limit_usd=D(60_000), cost_expected_usd=1.0, reason="why",
)  # fmt: skip
BARE = Plan(
    plan_id="hg", time_ns=0, expires_ns=1, legs=(), cost_expected_usd=0.0, limits_before=(),
    limits_after=(), assumptions=(), unmet=(),
)  # fmt: skip


def printed(shown: RenderableType) -> str:
    console = Console(width=400, highlight=False)
    with console.capture() as found:
        console.print(shown)
    return found.get()


@pytest.mark.parametrize(
    ("bound", "unit"),
    [
        ("coin/BTC delta_spot_usd", "USD of delta"),
        ("coin/BTC delta_spot_coin", "coin of delta in coin"),
        ("desk vega_usd_per_volpt", "USD per vol point of vega"),
        ("desk scenario_loss_usd: spot=-20%", "USD of scenario loss"),
        ("desk/deribit/btc margin_use_frac", "the account's currency that it may lack"),
        ("desk/a/b distance_spot_frac at -15.8 %", "the account's currency that it may lack"),
        ("desk/a/b initial requirement", "the account's currency that it may lack"),
    ],
)
def test_a_bound_that_binds_names_its_unit(bound: str, unit: str) -> None:
    prices = (BoundPrice(name=bound, saved_usd_per_figure=0.25),)
    said = printed(plan_tables(msgspec.structs.replace(BARE, prices=prices)))
    (row,) = [line for line in said.splitlines() if line.startswith(bound)]
    assert "0.25" in row
    assert unit in row


def test_a_bound_that_was_priced_in_a_unit_says_that_one() -> None:
    name = "desk/deribit/btc margin_use_frac"
    prices = (BoundPrice(name=name, saved_usd_per_figure=0.25, figure="USD more of equity there"),)
    said = printed(plan_tables(msgspec.structs.replace(BARE, prices=prices)))
    (row,) = [line for line in said.splitlines() if line.startswith(name)]
    assert row.split()[-6:] == ["0.25", "USD", "more", "of", "equity", "there"]


def state(node: str, rung: Any) -> LimitState:
    return LimitState(
        node=node, metric="delta_spot_usd", value_frac_usd_or_coin=1.0, soft_frac_usd_or_coin=2.0,
        hard_frac_usd_or_coin=3.0, rung=rung, message="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"a": "calm", "b": "watch"}, "After it every limit holds."),
        ({"a": "soft", "b": "calm"}, "After it 1 of 2 limits does not hold: a delta (soft)."),
        (
            {"a": "soft", "b": "unknown", "c": "hard"},
            "After it 3 of 3 limits do not hold: c delta (hard), b delta (unknown), a delta",
        ),
        (
            {"a": "calm", "b": "unknown"},
            "After it nobody knows whether every limit holds: b delta (unknown).",
        ),
    ],
)
def test_a_plan_says_whether_every_limit_holds_after_it(after: dict[str, Any], told: str) -> None:
    states = tuple(state(node, rung) for node, rung in after.items())
    plan = msgspec.structs.replace(BARE, limits_before=states, limits_after=states)
    assert told in printed(plan_tables(plan))


def test_greeks_stand_two_rows_a_node_as_the_exposure_table_has_them() -> None:
    before = {
        "delta_spot_usd": 1206.4, "gamma_usd_per_pct": -33_499.0, "vega_usd_per_volpt": -1_092.0,
        "theta_usd_per_day": 1_198.0,
    }  # fmt: skip
    after = {**before, "vega_usd_per_volpt": None, "theta_usd_per_day": -1_513.0}
    change = GreekChange(node="coin/BTC", before_usd={**before}, after_usd=after)
    said = printed(plan_tables(msgspec.structs.replace(BARE, greeks=(change,)))).splitlines()
    at = said.index(next(line for line in said if line.startswith("Greeks, before and expected")))
    heads, units, one, two = (line.split() for line in said[at + 1 : at + 5])
    assert heads == ["Delta", "Gamma", "Vega", "Theta"]
    assert " ".join(units) == "On USD USD per 1 % USD per vol point USD per day"
    assert one == ["coin/BTC", "before", "1,206", "-33,499", "-1,092", "1,198"]
    assert two == ["after", "1,206", "-33,499", "unknown", "-1,513"]
    assert "Greeks" not in printed(plan_tables(BARE))


def test_one_bound_that_cannot_hold_is_not_said_to_conflict() -> None:
    for names, told in ((("a",), "Cannot hold, and is"), (("a", "b"), "Cannot hold together, and")):
        said = printed(plan_tables(msgspec.structs.replace(BARE, conflicts=names)))
        assert told in said


def test_who_comes_to_the_same_is_no_rival() -> None:
    second = RunnerUp(name="hedges: trades alone", cost_expected_usd=3.0, lost_because=SAME)
    said = printed(plan_tables(msgspec.structs.replace(BARE, runner_up=second)))
    assert (
        "No other way came to something different; hedges: trades alone comes to the same" in said
    )
    assert "Came second" not in said
    dearer = msgspec.structs.replace(second, lost_because="costs 3.00 USD more")
    said = printed(plan_tables(msgspec.structs.replace(BARE, runner_up=dearer)))
    assert "Came second: hedges: trades alone, 3.00 USD; it costs 3.00 USD more." in said


def test_an_option_shows_the_price_its_venue_takes_and_its_premium() -> None:
    both = msgspec.structs.replace(BARE, legs=(PUT, PERP))
    said = printed(plan_tables(both, premiums_usd={"a": -28_900.5})).splitlines()
    (put,) = [line for line in said if "BTC-27MAR26-80000-P" in line]
    (perp,) = [line for line in said if "BTCUSDT-PERP" in line]
    assert put.split()[5:9] == ["+2", "14,772.87", "0.2256", "-28,900"]
    assert perp.split()[5:9] == ["-1", "60,000", "–", "–"]


@pytest.mark.parametrize(
    ("carry_usd", "told"),
    [(None, "funding while held unknown"), (-1.5, "funding while held -1.50?")],
)
def test_a_cost_of_which_a_part_is_unknown_is_marked(carry_usd: float | None, told: str) -> None:
    costs = (
        CostKind(kind="fee", cost_expected_usd=3.0),
        CostKind(kind="carry", cost_expected_usd=carry_usd, is_partial=True),
    )
    plan = msgspec.structs.replace(BARE, legs=(PERP,), cost_expected_usd=2.5, costs=costs)
    said = printed(plan_tables(plan))
    assert f"of which fees 3.00, {told}" in said
    assert "Expected cost: 2.50? USD" in said
    known = msgspec.structs.replace(plan, costs=costs[:1])
    assert "Expected cost: 2.50 USD" in printed(plan_tables(known))


def test_what_being_late_may_cost_stands_apart_from_what_else_a_plan_costs() -> None:
    """Fees of 3 and 1.25 for money tied up; 40 are a loss times its chance, or nobody knows it."""
    costs = (
        CostKind(kind="fee", cost_expected_usd=3.0),
        CostKind(kind="capital", cost_expected_usd=1.25),
        CostKind(kind="late", cost_expected_usd=40.0),
    )
    plan = msgspec.structs.replace(BARE, legs=(PERP,), cost_expected_usd=44.25, costs=costs)
    assert (plan.cost_without_late_usd, plan.cost_late_usd) == (4.25, 40.0)
    said = " ".join(printed(plan_tables(plan)).split())
    assert "Expected cost: 44.25 USD" in said
    assert "Without arriving late: 4.25 USD. The other 40.00 USD are no bill: what a" in said
    prompt = msgspec.structs.replace(plan, cost_expected_usd=4.25, costs=costs[:2])
    assert (prompt.cost_without_late_usd, prompt.cost_late_usd) == (4.25, 0.0)
    assert "Without arriving late" not in printed(plan_tables(prompt))
    unknown = CostKind(kind="late", cost_expected_usd=None, is_partial=True)
    dark = msgspec.structs.replace(prompt, costs=(*costs[:2], unknown))
    assert (dark.cost_without_late_usd, dark.cost_late_usd) == (4.25, None)
    said = " ".join(printed(plan_tables(dark)).split())
    assert "Without arriving late: 4.25 USD. Beside that nobody knows what a" in said
    assert "times its chance." in said
    part = CostKind(kind="late", cost_expected_usd=40.0, is_partial=True)
    half = msgspec.structs.replace(plan, costs=(*costs[:2], part))
    assert (half.cost_without_late_usd, half.cost_late_usd) == (4.25, None)
    assert "times its chance: all but 40.00 USD." in " ".join(printed(plan_tables(half)).split())
    lacking = CostKind(kind="carry", cost_expected_usd=None, is_partial=True)
    said = printed(plan_tables(msgspec.structs.replace(plan, costs=(*costs, lacking))))
    assert "Without arriving late: 4.25? USD" in said


def test_the_partial_cost_of_another_way_is_marked_too() -> None:
    second = RunnerUp(
        name="hedges: trades alone",
        cost_expected_usd=3.0,
        lost_because="leaves one limit broken",
        is_cost_partial=True,
    )
    said = printed(plan_tables(msgspec.structs.replace(BARE, runner_up=second)))
    assert "Came second: hedges: trades alone, 3.00? USD; it leaves one limit broken." in said
    way = WayState(
        name="hedges", uses="trades alone", legs_count=1, cost_usd=3.0, broken=(), message="",
        is_cost_partial=True,
    )  # fmt: skip
    whole = msgspec.structs.replace(way, name="joint", is_cost_partial=False)
    lines = printed(ways_tables([way, whole], "a desk", (), ())).splitlines()
    costs = {line.split()[0]: line.split()[4] for line in lines if "trades alone" in line}
    assert costs == {"hedges": "3.00?", "joint": "3.00"}


def test_a_way_of_which_limits_are_unknown_is_not_said_to_hold_them_all() -> None:
    dark = LimitState(
        node="desk", metric="vega_usd_per_volpt", value_frac_usd_or_coin=None,
        soft_frac_usd_or_coin=1.0, hard_frac_usd_or_coin=2.0, rung="unknown", message="no quote",
    )  # fmt: skip
    way = WayState(
        name="joint", uses="all", legs_count=0, cost_usd=0.0, broken=(), message="as it is",
        unknown=(dark,),
    )  # fmt: skip
    short = Failure(subject="loan", reason="no_source", message="no route leads to it")
    said = printed(ways_tables([way], "a desk", ("so much",), (short,)))
    (row,) = [line for line in said.splitlines() if "as it is" in line]
    assert "desk vega (unknown)" in row
    assert "none" not in row
    below = said[said.index("so much") :]
    assert "Not done" in below
    assert "no route leads to it" in below


def test_without_options_no_column_is_added() -> None:
    said = printed(plan_tables(msgspec.structs.replace(BARE, legs=(PERP,)), premiums_usd={}))
    assert "quoted" not in said
    assert "Premium" not in said


def test_a_swap_shows_the_least_that_is_taken_for_it() -> None:
    swap = Swap(
        client_id="c", account_id="loan", asset="wstETH", asset_take="USDC", quantity_coin=D(2),
        quantity_take_coin_min=D("5390.14159265"), cost_expected_usd=1.0, reason="why",
    )  # fmt: skip
    said = printed(plan_tables(msgspec.structs.replace(BARE, legs=(swap,))))
    assert "why; for less than 5,390.141593 USDC it is not done" in said


def test_what_could_not_be_done_is_not_called_nothing_to_do() -> None:
    short = Failure(subject="loan", reason="no_source", message="no route leads to it")
    said = printed(plan_tables(msgspec.structs.replace(BARE, unmet=(short,))))
    assert "UTC: no leg; what is not done stands below." in said
    assert "nothing to do" not in said
    alone = printed(plan_tables(BARE, acts_when="It acts at soft."))
    assert "UTC: nothing to do.\nIt acts at soft." in alone
