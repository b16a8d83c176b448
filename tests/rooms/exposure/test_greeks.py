"""Every Greek of every node is a slope of its dollar value, found by moving the market."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from itertools import product
from math import fsum, log
from typing import Any

import pytest

from hedgerow.errors import Failure
from hedgerow.exposure import CrossTable, ExposureTable, aggregate, cross_gammas
from hedgerow.instruments import ConcentratedShare, ConstantProductShare, Instrument
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
    perpetual,
    power,
    power_state,
    quanto,
    quote,
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


def moved(
    of: Book, at: Snapshot, coins: tuple[str, ...]
) -> Callable[[float, float, float], ExposureTable]:
    """The exposures of a book as a function of spot move, vol move and days gone by."""

    def table(spot_frac: float, vol_frac: float, days: float) -> ExposureTable:
        shock = Shock(
            spot_factor_frac=dict.fromkeys(coins, 1.0 + spot_frac),
            vol_shift_frac=vol_frac,
            time_forward_ns=round(days * DAY_NS),
        )
        return revalued(of, at.shocked(shock))

    return table


# Every node of the desk is asked for at the same moves, and a move gives the table of all nodes.
DESK_MOVED = cache(moved(held(), now(), ("BTC", "ETH")))


# Books and markets are the same only as objects, so whoever shares a table shares these.
resting = cache(revalued)


@cache
def standing() -> ExposureTable:
    """What the desk itself is exposed to, before anything moves."""
    return revalued(held(), now())


@cache
def worth_usd(
    of: Book, at: Snapshot, node: str, coins: tuple[str, ...]
) -> Callable[[float, float, float], float]:
    """The value of a node as a function of spot move, vol move and days gone by.

    Of one book in one market it is asked for by Greek after Greek, mostly at the same moves.
    """
    table = moved(of, at, coins)
    return cache(lambda *move: row(table(*move), node).value_usd)


def test_every_greek_is_tested_here() -> None:
    assert set(SLOPES) | {"rho_usd_per_bps"} == set(GREEKS)
    assert standing().vol_regime == VOL_REGIME == "sticky_strike"


@pytest.mark.parametrize("greek", SLOPES)
@pytest.mark.parametrize("node", NODES)
def test_greeks_of_a_node_are_slopes_of_its_value(node: str, greek: str) -> None:
    orders, scale = SLOPES[greek]
    spot_step = 0.004 if orders[0] == 3 else 0.01
    slope = (
        derived(
            lambda *move: row(DESK_MOVED(*move), node).value_usd, orders, (spot_step, 0.015, 0.5)
        )
        / scale
    )
    found = row(standing(), node)
    assert getattr(found, greek) == pytest.approx(slope, rel=2e-6, abs=2e-5)


def joined(**terms: Any) -> Instrument:
    """A pool share of ether and bitcoin, or whatever else is named; at 0.05 bitcoin an ether."""
    made = {"instrument_id": "joined", "underlying": "ETH", "settlement": "BTC"} | terms
    if "price_lower_usd" in made:
        return ConcentratedShare(**made)
    return ConstantProductShare(**made)


# Of two coins, of a coin and a staked one, of a dollar against a coin, of one coin in two forms.
JOINED = {
    "constant product": joined(),
    "inside its range": joined(price_lower_usd=Decimal("0.02"), price_upper_usd=Decimal("0.09")),
    "above its range": joined(price_lower_usd=Decimal("0.02"), price_upper_usd=Decimal("0.04")),
    "below its range": joined(price_lower_usd=Decimal("0.07"), price_upper_usd=Decimal("0.09")),
    "of a staked coin": joined(underlying="BTC", settlement="wstETH"),
    "of a dollar": joined(underlying="USDC", settlement="ETH"),
    "of one coin": joined(settlement="wstETH"),
    "of one dollar": joined(underlying="USDC", settlement="USDC"),
    "quanto": quanto(),
    "power in its coin": power("ETH"),
    "power in dollars": power("USDC"),
    "power in another coin": power("BTC"),
    "perpetual in another coin": perpetual("ETH", settlement="BTC"),
    "nearly everything": None,
}


@cache
def of_kind(kind: str) -> tuple[Book, Snapshot]:
    terms = JOINED[kind]
    entry = {} if terms is None else {terms.instrument_id: (50_000, 2_400)}
    of = held() if terms is None else book([account(positions=entry)], by_id(terms))
    return of, now(*market(), quote("ETH-QUANTO", 2500), power_state("0.3", 2000, "122.4"))


@pytest.mark.parametrize("greek", ["delta_spot_usd", "gamma_usd_per_pct", "speed_usd_per_pct2"])
@pytest.mark.parametrize("coin", ["BTC", "ETH", "USDC"])
@pytest.mark.parametrize("kind", JOINED)
def test_greeks_of_a_coin_are_slopes_by_it_alone(kind: str, coin: str, greek: str) -> None:
    of, at = of_kind(kind)
    orders, scale = {"delta_spot_usd": ((1, 0, 0), 1.0), **SLOPES}[greek]
    table = resting(of, at)
    found = table.row(f"coin/{coin}")
    got = 0.0 if isinstance(found, Failure) else getattr(found, greek)
    worth = worth_usd(of, at, "desk", (coin,))
    step = 0.004 if orders[0] == 3 else 0.01
    slack = {1: 1e-8, 2: 1e-8, 3: 1e-6}[orders[0]] * abs(worth(0, 0, 0)) / scale
    assert got == pytest.approx(derived(worth, orders, (step, 0, 0)) / scale, rel=2e-6, abs=slack)


def test_a_pool_of_two_coins_bends_with_either_and_not_with_both() -> None:
    """Its dollars go as the root of both prices: twice a quarter of them, less the same across.

    V = 2 L sqrt(S P), so P² V_PP = S² V_SS = -V/4 and S P V_SP = V/4.
    """
    of = book([account(positions={"joined": 500})], by_id(joined()))
    table = revalued(of, now())
    worth = 2 * 500 * (3000 * 60000) ** 0.5
    for node in ("coin/ETH", "coin/BTC", "desk/venue/main/BTC", "desk/venue/main/BTC/no expiry"):
        assert row(table, node).gamma_usd_per_pct == pytest.approx(-worth / 400, rel=1e-13)
    for node in ("desk", "desk/venue", "desk/venue/main"):
        assert row(table, node).gamma_usd_per_pct == pytest.approx(-worth / 200, rel=1e-13)
    crossed = cross_gammas(of, now(), "desk")
    assert isinstance(crossed, CrossTable)
    assert crossed.coins == ("BTC", "ETH")
    for i, j in product((0, 1), (0, 1)):
        want = (-1 if i == j else 1) * worth / 400
        assert crossed.cross_usd_per_pct[i][j] == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("node", NODES)
def test_rho_is_what_a_basis_point_of_carry_does(node: str) -> None:
    step = 1e-5
    up, down = (
        row(revalued(held(), now(*market(carry_frac=sign * step))), node).value_usd
        for sign in (1, -1)
    )
    found = row(standing(), node)
    slope = (up - down) / (2 * step) / 1e4
    assert found.rho_usd_per_bps == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_a_desk_of_linear_things_has_only_a_rho() -> None:
    perps = row(standing(), "desk/binance/perps")
    assert {name for name in GREEKS if getattr(perps, name)} == {"rho_usd_per_bps"}
    # 30 futures on ETH at 3,060, 120 days: 30 · 3060 · 120/365 for one, and a ten-thousandth of it.
    assert perps.rho_usd_per_bps == pytest.approx(-30 * 3060 * 120 / 365 * 1e-4, rel=1e-12)


@pytest.mark.parametrize("greek", [*GREEKS, "value_usd"])
def test_every_node_and_the_coins_add_up(greek: str) -> None:
    table = standing()
    leaves = [one for one in table.rows if one.node.count("/") == 4]
    # What bends with a dollar coin is peg risk, on its own rows alone.
    is_spot = greek in GREEKS and GREEKS[greek].spot > 0
    for above in table.rows:
        if not above.node.startswith("desk") or above.node.count("/") == 4:
            continue
        below = [
            getattr(x, greek)
            for x in leaves
            if x.node.startswith(f"{above.node}/")
            and not (is_spot and "/USDC/" in x.node and not above.node.endswith("/USDC"))
        ]
        assert abs(getattr(above, greek) - fsum(below)) <= 1e-12 * fsum(map(abs, below))
    coins = [
        getattr(one, greek) for one in table.coins() if not (is_spot and one.node == "coin/USDC")
    ]
    desk = getattr(row(table, "desk"), greek)
    assert abs(desk - fsum(coins)) <= 1e-12 * fsum(map(abs, coins))


@cache
def powered(settlement: str, mark: str) -> tuple[Book, Snapshot]:
    terms = power(settlement)
    of = book([account(positions={terms.instrument_id: -30})], by_id(terms))
    return of, snapshot(index("ETH", 2200), index("WETH", 2200), power_state("0.3", 2000, mark))


@pytest.mark.parametrize("greek", SLOPES)
@pytest.mark.parametrize("settlement", ["WETH", "USDC"])
def test_greeks_of_a_power_perpetual_are_slopes_of_its_value(settlement: str, greek: str) -> None:
    """Time goes one way only: seven points from now on."""
    of, at = powered(settlement, "122.4")
    orders, scale = SLOPES[greek]
    worth = worth_usd(of, at, "desk", ("ETH",))
    slope = derived(worth, orders, (0.01, 0.02, 0.5), is_time_forward=True) / scale
    found = row(resting(of, at), "desk")
    assert getattr(found, greek) == pytest.approx(slope, rel=1e-5, abs=1e-5)


# Index 0.3 · 2000² / 10000 = 120: the controller pays for marks up to 1.4 times that, 168, and down
# to 0.8 times, 96.
MARKS = {"paid in full": "165", "beyond what is paid": "171", "below": "97", "far below": "95"}


@pytest.mark.parametrize("greek", SLOPES)
@pytest.mark.parametrize("settlement", ["WETH", "USDC"])
@pytest.mark.parametrize("name", MARKS)
def test_greeks_of_a_power_perpetual_are_slopes_on_both_sides_of_what_is_paid(
    name: str, settlement: str, greek: str
) -> None:
    """Beyond the bound a higher vol is priced, and takes no more by the day."""
    of, at = powered(settlement, MARKS[name])
    orders, scale = SLOPES[greek]
    worth = worth_usd(of, at, "desk", ("ETH",))
    # Three steps of vol move a mark by 1.1 %, and 168 is 1.8 % away from 165 and 171.
    slope = derived(worth, orders, (0.01, 0.015, 0.5), is_time_forward=True) / scale
    found = getattr(row(resting(of, at), "desk"), greek)
    assert found == pytest.approx(slope, rel=1e-5, abs=1e-5)
    if greek == "veta_usd_per_volpt_day" and name == "beyond what is paid":
        # Vega alone decays, at the bound: ln 1.4 in 17.5 days.
        vega = row(resting(of, at), "desk").vega_usd_per_volpt
        assert found == pytest.approx(-vega * log(1.4) / 17.5, rel=1e-12)


# --- inside the settlement window -----------------------------------------------------------------


@cache
def averaged(
    settlement: str | None, strike: str, minutes_left: float, heard_usd: int | None = None
) -> tuple[Book, Snapshot]:
    """Where nobody heard the index before now, the forward stands in for what is observed."""
    terms = option(strike, "call", settlement=settlement)
    now_ns = EXPIRY_NS - round(minutes_left * MINUTE_NS)
    begun = [] if heard_usd is None else range(30, round(minutes_left), -1)
    at = snapshot(
        *(index("BTC", heard_usd or 0, EXPIRY_NS - minute * MINUTE_NS) for minute in begun),
        index("BTC", 10000, now_ns),
        option_quote(terms, 10020, 0.8, now_ns),
        time_ns=now_ns,
    )
    positions = account(positions={terms.instrument_id: -3}, time_ns=now_ns)
    return book([positions], by_id(terms)), at


WINDOW = [
    # All of them take half a minute; a quarter is tried before each commit.
    pytest.param(*case, marks=[] if case[1:3] == ("10030", 11.0) else pytest.mark.slow)
    for case in product([None, "USDC"], ["10010", "10030"], [17.0, 11.0], [None, 9985, 10060])
]


@pytest.mark.parametrize(("settlement", "strike", "minutes", "heard"), WINDOW)
@pytest.mark.parametrize(
    "greek", [name for name, (orders, _) in SLOPES.items() if not (orders[0] and orders[2])]
)
def test_greeks_inside_the_window_are_slopes_too(
    settlement: str | None, strike: str, minutes: float, heard: int | None, greek: str
) -> None:
    """Only the open part of the average moves with a shock of spot, which comes now."""
    of, at = averaged(settlement, strike, minutes, heard)
    orders, scale = SLOPES[greek]
    spot_step = 1e-4 if orders[0] == 3 else 3e-4
    slope = derived(worth_usd(of, at, "desk", ("BTC",)), orders, (spot_step, 0.03, 0.2 / 1440))
    found = getattr(row(resting(of, at), "desk"), greek)
    assert found == pytest.approx(slope / scale, rel=2e-4, abs=1e-3)


@pytest.mark.parametrize(("settlement", "strike", "minutes", "heard"), WINDOW)
@pytest.mark.parametrize(
    ("greek", "of_greek"),
    [("charm_usd_per_day", "delta_spot_usd"), ("color_usd_per_pct_day", "gamma_usd_per_pct")],
)
def test_deltas_and_gammas_decay_over_the_window_as_charm_and_color_say(
    settlement: str | None,
    strike: str,
    minutes: float,
    heard: int | None,
    greek: str,
    of_greek: str,
) -> None:
    """As time passes the open part shrinks, and with it what still moves."""
    of, at = averaged(settlement, strike, minutes, heard)

    def later(_: float, __: float, days: float) -> float:
        shock = Shock(time_forward_ns=round(days * DAY_NS))
        return float(getattr(row(revalued(of, at.shocked(shock)), "desk"), of_greek))

    slope = derived(later, (0, 0, 1), (1, 1, 0.1 / 1440))
    found = getattr(row(resting(of, at), "desk"), greek)
    assert found == pytest.approx(slope, rel=1e-5)


def test_a_shock_moves_nothing_that_has_been_observed() -> None:
    """With a tenth of the window left, a tenth of the average moves: 1 % of spot is 0.1 % of it."""
    of, at = averaged("USDC", "9000", 3.0)
    up = at.shocked(Shock(spot_factor_frac={"BTC": 1.01}))
    gain = row(revalued(of, up), "desk").value_usd - row(resting(of, at), "desk").value_usd
    assert gain == pytest.approx(-3 * 10020 * 0.001, rel=1e-9)


def test_curvature_of_a_dollar_coin_is_kept_where_its_delta_is() -> None:
    """A pool of a dollar and a coin bends with the peg: on rows of the dollar, and on none above.

    2 L sqrt(S P) of the coin at 10,000: gamma -½ L sqrt(S P), speed ¾ of that, to either.
    """
    for own, settled in (("USDC", "BTC"), ("BTC", "USDC")):
        pool = ConstantProductShare(instrument_id="p", underlying=own, settlement=settled)
        of = book([account(positions={"p": 1000})], by_id(pool))
        table = revalued(of, snapshot(index("BTC", 10_000)))
        for node in ("coin/USDC", "desk/venue/main/USDC", "coin/BTC", "desk/venue/main", "desk"):
            found = row(table, node)
            assert found.gamma_usd_per_pct == pytest.approx(-0.5 * 1000 * 100 / 100), node
            assert found.speed_usd_per_pct2 == pytest.approx(0.75 * 1000 * 100 / 1e4), node


def test_a_greek_of_something_missing_is_missing() -> None:
    events = tuple(e for e in market() if getattr(e, "instrument_id", "") != "IF")
    at = now(*events)
    table = aggregate(held(), value(held(), at), at)
    whole = standing()
    for node in ("desk", "desk/deribit/options/BTC/2026-02-21", "coin/BTC"):
        found = table.row(node)
        assert not isinstance(found, Failure)
        assert [failure.subject for failure in found.missing] == ["IF"]
        assert found.gamma_usd_per_pct == row(whole, node).gamma_usd_per_pct
        assert found.rho_usd_per_bps != row(whole, node).rho_usd_per_bps
