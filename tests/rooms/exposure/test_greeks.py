"""Every Greek of every node is a slope of its dollar value, found by moving the market."""

from collections.abc import Callable
from itertools import product
from math import fsum

import pytest

from hedgerow.errors import Failure
from hedgerow.exposure import aggregate
from hedgerow.instruments import ConstantProductShare
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Book, book
from hedgerow.pricing import GREEKS, VOL_REGIME, value
from hedgerow.units import DAY_NS, MINUTE_NS
from tests.builders import (
    EXPIRY_NS,
    account,
    by_id,
    index,
    option,
    option_quote,
    power,
    power_state,
    snapshot,
)
from tests.rooms.exposure.desk import held, market, now, revalued, row
from tests.rooms.exposure.stencil import derived

# Orders in spot, vol and time, and the raw derivative over the displayed one, written out here
# once more: spot in ratios of itself, vols in fractions, time in days.
SLOPES = {
    "gamma_usd_per_pct": ((2, 0, 0), 100.0),
    "vega_usd_per_volpt": ((0, 1, 0), 100.0),
    "theta_usd_per_day": ((0, 0, 1), 1.0),
    "vanna_usd_per_volpt": ((1, 1, 0), 100.0),
    "volga_usd_per_volpt2": ((0, 2, 0), 1e4),
    "charm_usd_per_day": ((1, 0, 1), 1.0),
    "veta_usd_per_volpt_day": ((0, 1, 1), 100.0),
    "speed_usd_per_pct2": ((3, 0, 0), 1e4),
    "zomma_usd_per_pct_volpt": ((2, 1, 0), 1e4),
    "color_usd_per_pct_day": ((2, 0, 1), 100.0),
    "ultima_usd_per_volpt3": ((0, 3, 0), 1e6),
}
NODES = (
    "desk",
    "desk/deribit",
    "desk/deribit/options",
    "desk/deribit/options/BTC",
    "desk/deribit/options/BTC/2026-02-21",
    "desk/deribit/options/ETH",
    "desk/binance/perps",
    "desk/aave/chain",
    "coin/BTC",
    "coin/ETH",
)


def worth_usd(
    of: Book, at: Snapshot, node: str, coins: tuple[str, ...]
) -> Callable[[float, float, float], float]:
    """The value of a node as a function of spot move, vol move and days gone by."""

    def moved(spot_frac: float, vol_frac: float, days: float) -> float:
        shock = Shock(
            spot_factor_frac=dict.fromkeys(coins, 1.0 + spot_frac),
            vol_shift_frac=vol_frac,
            time_forward_ns=round(days * DAY_NS),
        )
        return row(revalued(of, at.shocked(shock)), node).value_usd

    return moved


def test_every_greek_is_tested_here() -> None:
    assert set(SLOPES) | {"rho_usd_per_bps"} == set(GREEKS)
    assert revalued(held(), now()).vol_regime == VOL_REGIME == "sticky_strike"


@pytest.mark.parametrize("greek", SLOPES)
@pytest.mark.parametrize("node", NODES)
def test_greeks_of_a_node_are_slopes_of_its_value(node: str, greek: str) -> None:
    orders, scale = SLOPES[greek]
    worth = worth_usd(held(), now(), node, ("BTC", "ETH"))
    spot_step = 0.004 if orders[0] == 3 else 0.01
    slope = derived(worth, orders, (spot_step, 0.015, 0.5)) / scale
    found = row(revalued(held(), now()), node)
    assert getattr(found, greek) == pytest.approx(slope, rel=2e-6, abs=2e-5)


@pytest.mark.parametrize("coin", ["BTC", "ETH", "USDC"])
def test_the_delta_in_a_coin_is_the_slope_by_it(coin: str) -> None:
    of = held()
    found = row(revalued(of, now()), f"coin/{coin}")
    slope = derived(worth_usd(of, now(), "desk", (coin,)), (1, 0, 0), (0.01, 0, 0))
    assert found.delta_spot_usd == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize("node", NODES)
def test_rho_is_what_a_basis_point_of_carry_does(node: str) -> None:
    step = 1e-5
    up, down = (
        row(revalued(held(), now(*market(carry_frac=sign * step))), node).value_usd
        for sign in (1, -1)
    )
    found = row(revalued(held(), now()), node)
    slope = (up - down) / (2 * step) / 1e4
    assert found.rho_usd_per_bps == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_a_desk_of_linear_things_has_only_a_rho() -> None:
    perps = row(revalued(held(), now()), "desk/binance/perps")
    assert {name for name in GREEKS if getattr(perps, name)} == {"rho_usd_per_bps"}
    # 30 futures on ETH at 3,060, 120 days: 30 · 3060 · 120/365 for one, and a ten-thousandth of it.
    assert perps.rho_usd_per_bps == pytest.approx(-30 * 3060 * 120 / 365 * 1e-4, rel=1e-12)


@pytest.mark.parametrize("greek", [*GREEKS, "value_usd"])
def test_every_node_and_the_coins_add_up(greek: str) -> None:
    table = revalued(held(), now())
    leaves = [one for one in table.rows if one.node.count("/") == 4]
    for above in table.rows:
        if not above.node.startswith("desk") or above.node.count("/") == 4:
            continue
        below = [getattr(x, greek) for x in leaves if x.node.startswith(f"{above.node}/")]
        assert abs(getattr(above, greek) - fsum(below)) <= 1e-12 * fsum(map(abs, below))
    coins = [getattr(one, greek) for one in table.coins()]
    desk = getattr(row(table, "desk"), greek)
    assert abs(desk - fsum(coins)) <= 1e-12 * fsum(map(abs, coins))


@pytest.mark.parametrize("greek", SLOPES)
@pytest.mark.parametrize("settlement", ["WETH", "USDC"])
def test_greeks_of_a_power_perpetual_are_slopes_of_its_value(settlement: str, greek: str) -> None:
    """Time goes one way only: seven points from now on."""
    terms = power(settlement)
    of = book([account(positions={terms.instrument_id: -30})], by_id(terms))
    at = snapshot(index("ETH", 2200), index("WETH", 2200), power_state("0.3", 2000, "122.4"))
    orders, scale = SLOPES[greek]
    worth = worth_usd(of, at, "desk", ("ETH",))
    slope = derived(worth, orders, (0.01, 0.02, 0.5), is_time_forward=True) / scale
    found = row(revalued(of, at), "desk")
    assert getattr(found, greek) == pytest.approx(slope, rel=1e-5, abs=1e-5)


# --- inside the settlement window -----------------------------------------------------------------


def averaged(settlement: str | None, strike: str, minutes_left: float) -> tuple[Book, Snapshot]:
    terms = option(strike, "call", settlement=settlement)
    now_ns = EXPIRY_NS - round(minutes_left * MINUTE_NS)
    at = snapshot(
        index("BTC", 10000, now_ns), option_quote(terms, 10020, 0.8, now_ns), time_ns=now_ns
    )
    positions = account(positions={terms.instrument_id: -3}, time_ns=now_ns)
    return book([positions], by_id(terms)), at


WINDOW = list(product([None, "USDC"], ["10010", "10030"], [17.0, 11.0]))


@pytest.mark.parametrize(("settlement", "strike", "minutes"), WINDOW)
@pytest.mark.parametrize(
    "greek", [name for name, (orders, _) in SLOPES.items() if not (orders[0] and orders[2])]
)
def test_greeks_inside_the_window_are_slopes_too(
    settlement: str | None, strike: str, minutes: float, greek: str
) -> None:
    """Only the open part of the average moves with a shock of spot, which comes now."""
    of, at = averaged(settlement, strike, minutes)
    orders, scale = SLOPES[greek]
    spot_step = 2e-4 if orders[0] == 3 else 3e-4
    slope = derived(worth_usd(of, at, "desk", ("BTC",)), orders, (spot_step, 0.03, 0.2 / 1440))
    found = getattr(row(revalued(of, at), "desk"), greek)
    assert found == pytest.approx(slope / scale, rel=2e-4, abs=1e-3)


@pytest.mark.parametrize(("settlement", "strike", "minutes"), WINDOW)
@pytest.mark.parametrize(
    ("greek", "of_greek"),
    [("charm_usd_per_day", "delta_spot_usd"), ("color_usd_per_pct_day", "gamma_usd_per_pct")],
)
def test_deltas_and_gammas_decay_over_the_window_as_charm_and_color_say(
    settlement: str | None, strike: str, minutes: float, greek: str, of_greek: str
) -> None:
    """As time passes the open part shrinks, and with it what still moves."""
    of, at = averaged(settlement, strike, minutes)

    def later(_: float, __: float, days: float) -> float:
        shock = Shock(time_forward_ns=round(days * DAY_NS))
        return float(getattr(row(revalued(of, at.shocked(shock)), "desk"), of_greek))

    slope = derived(later, (0, 0, 1), (1, 1, 0.1 / 1440))
    found = getattr(row(revalued(of, at), "desk"), greek)
    assert found == pytest.approx(slope, rel=1e-5)


def test_a_shock_moves_nothing_that_has_been_observed() -> None:
    """With a tenth of the window left, a tenth of the average moves: 1 % of spot is 0.1 % of it."""
    of, at = averaged("USDC", "9000", 3.0)
    up = at.shocked(Shock(spot_factor_frac={"BTC": 1.01}))
    gain = row(revalued(of, up), "desk").value_usd - row(revalued(of, at), "desk").value_usd
    assert gain == pytest.approx(-3 * 10020 * 0.001, rel=1e-9)


def test_curvature_of_a_dollar_coin_is_kept_where_its_delta_is() -> None:
    """A pool of two dollars bends with the peg: on the rows of the dollar, and on none above."""
    pool = ConstantProductShare(instrument_id="p", underlying="USDC", settlement="USDC")
    of = book([account(positions={"p": 1000})], by_id(pool))
    table = revalued(of, snapshot(index("BTC", 60000)))
    assert row(table, "coin/USDC").gamma_usd_per_pct == pytest.approx(-0.5 * 1000 / 100)
    assert row(table, "desk/venue/main/USDC").speed_usd_per_pct2 == pytest.approx(0.75 * 0.1)
    assert row(table, "desk").gamma_usd_per_pct == row(table, "desk/venue").speed_usd_per_pct2 == 0


def test_a_greek_of_something_missing_is_missing() -> None:
    events = tuple(e for e in market() if getattr(e, "instrument_id", "") != "IF")
    at = now(*events)
    table = aggregate(held(), value(held(), at), at)
    whole = revalued(held(), now())
    for node in ("desk", "desk/deribit/options/BTC/2026-02-21", "coin/BTC"):
        found = table.row(node)
        assert not isinstance(found, Failure)
        assert [failure.subject for failure in found.missing] == ["IF"]
        assert found.gamma_usd_per_pct == row(whole, node).gamma_usd_per_pct
        assert found.rho_usd_per_bps != row(whole, node).rho_usd_per_bps
