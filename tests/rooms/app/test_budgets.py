"""A plan names its legs that the desk's [budget] would cut or refuse, bound by bound."""

import re
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from hedgerow.app.budgets import beyond_budget
from hedgerow.app.desk import Desk, load_desk
from hedgerow.collateral import Route
from hedgerow.planning import Leg, Order, Plan, Switch, Transfer
from hedgerow.units import SECOND_NS
from tests.builders import T0_NS, by_id, index, perpetual, quote, snapshot
from tests.rooms.app.made import hedgerow_here, morning

D = Decimal
NOW = snapshot(index("BTC", 1000), index("USDC", 1), quote("BTC-PERP", 1000))
ROUTE = Route(
    source_account_id="cold", target_account_id="perp", asset="USDC", use="balance",
    latency_ns=60 * SECOND_NS, fee_coin=D(0), step_coin=D(1),
)  # fmt: skip
# What ten puts, written on about 700,000 USD, are held against in the morning's desk.
SMALL = ("order_usd_max = 1000000", "order_usd_max = 1000")
VEGA = (
    'metric = "delta_spot_usd"\nsoft = 50000\nhard = 500000',
    'metric = "vega_usd_per_volpt"\nsoft = 1\nhard = 2',
)


def desk(**budget: Any) -> Desk:
    """Give a desk whose [budget] lets pass what the legs below are, but for what is given."""
    wide: Any = {
        "has_budget": True, "order_usd_max": D(2000), "orders_usd_per_day": D(3000),
        "transfers_usd_per_day": D(600), "price_collar_frac": D("0.01"), "routes": (ROUTE,),
    }  # fmt: skip
    return replace(
        load_desk(Path(str(files("hedgerow.app"))) / "desks" / "embedded.toml"), **wide | budget
    )


def sold(leg_index: int, contracts: int, instrument_id: str = "BTC-PERP") -> Order:
    """Sell at one per cent below a mark of a thousand dollars, at which it counts."""
    return Order(
        client_id=f"hg-{leg_index}", account_id="perp", venue="binance",
        instrument_id=instrument_id, quantity_contracts=D(-contracts), price_limit_usd=D(990),
        cost_expected_usd=0.0, reason="",
    )  # fmt: skip


def sent(leg_index: int) -> Transfer:
    return Transfer(
        client_id=f"hg-{leg_index}", source_account_id="cold", target_account_id="perp",
        asset="USDC", quantity_coin=D(300), use="balance", cost_expected_usd=0.0, reason="",
    )  # fmt: skip


LEGS: tuple[Leg, ...] = (sent(0), sold(1, 2), sold(2, 1), sent(3))


def beyond(desk: Desk, *legs: Leg) -> tuple[str, ...]:
    plan = Plan(
        plan_id="hg", time_ns=T0_NS, expires_ns=T0_NS, legs=legs, cost_expected_usd=0.0,
        limits_before=(), limits_after=(), assumptions=(), unmet=(),
    )  # fmt: skip
    return beyond_budget(plan, desk, by_id(perpetual()), NOW)


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (
            {"order_usd_max": D(1999)},
            "order hg-1 in BTC-PERP: worth 2000 USD, above the 1999 USD that one order may be",
        ),
        # What is sent first is there for what comes after: 2,000 of 2,999 leave no thousand.
        (
            {"orders_usd_per_day": D(2999)},
            "order hg-2 in BTC-PERP: worth 1000 USD, but 2000 of the 2999 USD for orders on "
            "2026-02-01 are spent",
        ),
        (
            {"transfers_usd_per_day": D(599)},
            "transfer hg-3 of USDC: worth 300 USD, but 300 of the 599 USD for transfers on "
            "2026-02-01 are spent",
        ),
        (
            {"price_collar_frac": D("0.005"), "order_usd_max": D(1999)},
            "order hg-1 in BTC-PERP: limit 990 USD lies outside the collar of 0.5% around "
            "the mark 1000 USD; worth 2000 USD, above the 1999 USD that one order may be. order "
            "hg-2 in BTC-PERP: limit 990 USD lies outside the collar of 0.5% around the mark "
            "1000 USD",
        ),
    ],
)
def test_a_leg_beyond_a_bound_is_named_with_every_bound_that_it_is_beyond(
    budget: dict[str, Any], said: str
) -> None:
    (told,) = beyond(desk(**budget), *LEGS)
    assert "An agent of this desk cuts what is beyond a cap" in told
    assert re.sub(r"(?<=\d)\.0+(?= )", "", told).endswith(f" Beyond: {said}.")


def test_what_passes_and_a_desk_without_a_budget_say_nothing() -> None:
    """Every bound itself is still allowed; without a budget the caps of a desk are zero."""
    assert beyond(desk(), *LEGS) == ()
    assert beyond(desk(has_budget=False, order_usd_max=D(0)), *LEGS) == ()


def test_what_cannot_be_judged_is_said_once_and_spends_nothing() -> None:
    other = sold(0, 1, "ETH-PERP")
    switch = Switch(
        client_id="hg-9", account_id="loan", rulebook="eth", cost_expected_usd=0.0, reason=""
    )
    (told,) = beyond(desk(orders_usd_per_day=D(3000)), other, switch, *LEGS[1:3])
    assert told.endswith(
        " Beyond: order hg-0 in ETH-PERP: nobody described this instrument; list its terms. "
        "switch hg-9 of loan: eth is not on the list of allowed switches."
    )


def test_a_plan_that_is_made_says_what_an_agent_would_cut(tmp_path: Path) -> None:
    """The same legs either way: the plan of a person is not cut, it is told."""
    legs = []
    for changes, count in (((VEGA,), 0), ((VEGA, SMALL), 1)):
        folder = tmp_path / str(count)
        folder.mkdir()
        words = morning(folder, *changes)
        made = hedgerow_here("plan", "make", *words, "--json", cwd=folder).json()
        told = [each for each in made["assumptions"] if "[budget]" in each]
        assert len(told) == count
        name = f"order {made['legs'][0]['client_id']} in BTC-27FEB26"
        assert all(name in each for each in told)
        assert all("above the 1000 USD that one order may be" in each for each in told)
        shown = hedgerow_here("plan", "make", *words, cwd=folder).out
        assert ("made without the caps and the collar of [budget]" in shown) is bool(count)
        legs.append(made["legs"])
    assert legs[0] == legs[1] != []
