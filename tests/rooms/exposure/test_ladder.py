"""Every cell of a ladder is the desk valued anew; beside it stands what the Greeks foretell."""

from functools import cache
from itertools import product
from math import exp, fsum, log, sqrt
from typing import Any

import msgspec
import numpy as np
import pytest

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.exposure import ExposureTable, ScenarioCell, ScenarioLadder, ladder
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Book, book
from hedgerow.pricing import EuropeanColumns, ScenarioGrid, scenario_profits
from hedgerow.units import DAY_NS, MINUTE_NS, years_between
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse_future,
    linear_future,
    option,
    option_quote,
    perpetual,
    power,
    power_state,
    snapshot,
)
from tests.rooms.exposure.desk import CALL, NEAR_NS, held, market, now, revalued, row

SPOTS, VOLS, DAYS = (-0.3, 0.0, 0.15), (-10.0, 0.0, 12.5), (0.0, 1.0, 30.0)


def laddered(
    node: str, of: Book | None = None, at: Snapshot | None = None, coin: str | None = None
) -> ScenarioLadder:
    found = ladder(
        of or held(),
        at or now(),
        node,
        spot_moves_frac=SPOTS,
        vol_moves_volpt=VOLS,
        elapsed_days=DAYS,
        coin=coin,
    )
    assert isinstance(found, ScenarioLadder), found
    return found


def place(cell: ScenarioCell) -> tuple[float, float, float]:
    return cell.spot_move_frac, cell.vol_move_volpt, cell.elapsed_days


def shock(spot_frac: float, vol_volpt: float, days: float, coins: tuple[str, ...]) -> Shock:
    return Shock(
        spot_factor_frac=dict.fromkeys(coins, 1 + spot_frac),
        vol_shift_frac=vol_volpt / 100,
        time_forward_ns=round(days * DAY_NS),
    )


def shock_of(cell: ScenarioCell, coins: tuple[str, ...]) -> Shock:
    return shock(*place(cell), coins)


@cache  # node after node is held against the same moves, and a move gives the table of all
def moved(at: tuple[float, float, float], coins: tuple[str, ...]) -> ExposureTable:
    """The desk valued at a spot move, a vol move and days gone by."""
    spot_frac, vol_volpt, days = at
    return revalued(held(), now().shocked(shock(spot_frac, vol_volpt, days, coins)))


@pytest.mark.parametrize(
    "node",
    [
        "desk",
        "desk/deribit",
        "desk/deribit/options",
        "desk/deribit/options/BTC",
        "desk/deribit/options/BTC/2026-02-21",
        "desk/aave/chain",
        "coin/ETH",
    ],
)
def test_every_cell_is_a_full_revaluation(node: str) -> None:
    found = laddered(node)
    base = row(revalued(held(), now()), node)
    assert [
        (cell.elapsed_days, cell.vol_move_volpt, cell.spot_move_frac) for cell in found.cells
    ] == list(product(DAYS, VOLS, SPOTS))
    for cell in found.cells:
        there = row(moved(place(cell), ("BTC", "ETH")), node)
        assert cell.profit_usd == there.value_usd - base.value_usd
        assert cell.delta_spot_usd == pytest.approx(there.delta_spot_usd, rel=1e-12)
        assert cell.taylor_usd is not None
        assert cell.difference_usd == cell.profit_usd - cell.taylor_usd
        assert cell.missing == ()
    still = next(c for c in found.cells if shock_of(c, ()) == Shock() and c.spot_move_frac == 0)
    assert (still.profit_usd, still.taylor_usd) == (0.0, 0.0)


@pytest.mark.parametrize("coin", ["BTC", "ETH", "USDC"])
def test_one_coin_moves_and_the_others_stand_still(coin: str) -> None:
    found = laddered("desk", coin=coin)
    assert found.coins == (coin,)
    base = row(revalued(held(), now()), "desk")
    for cell in found.cells:
        there = moved(place(cell), (coin,))
        assert cell.profit_usd == row(there, "desk").value_usd - base.value_usd
        assert cell.delta_spot_coin == pytest.approx(row(there, f"coin/{coin}").delta_spot_coin)


@pytest.mark.parametrize("spot", [-0.1, 0.0, 0.2])
def test_an_expired_future_is_settled(spot: float) -> None:
    """30 short futures on ether at 3,060 expire in 120 days; the perpetuals beside them do not."""
    found = ladder(
        held(), now(), "desk/binance/perps",
        spot_moves_frac=[spot], vol_moves_volpt=[0.0], elapsed_days=[119.9, 120.0, 400.0],
        coin="ETH",
    )  # fmt: skip
    assert isinstance(found, ScenarioLadder)
    before, *after = found.cells
    mark = 3060 * (1 + spot)
    for cell in after:
        assert cell.profit_usd == before.profit_usd
        assert cell.delta_spot_usd == pytest.approx(before.delta_spot_usd + 30 * mark, rel=1e-12)
        assert cell.delta_spot_coin == pytest.approx(-20, rel=1e-12)


def test_what_is_settled_in_coin_still_moves_with_the_coin() -> None:
    """60,000 dollars of inverse futures from 61,000 are worth so many bitcoin, and stay them."""
    node = "desk/deribit/options/BTC/2026-02-21"
    terms = inverse_future("IF", NEAR_NS)
    of = book([account("options", venue="deribit", positions={"IF": (60_000, 61_000)})],
              by_id(terms))  # fmt: skip
    found = ladder(
        of, now(), node, spot_moves_frac=[0.0], vol_moves_volpt=[0.0], elapsed_days=[19.0, 20.0]
    )
    assert isinstance(found, ScenarioLadder)
    before, after = found.cells
    assert before.delta_spot_coin == pytest.approx(60_000 / 61_000, rel=1e-12)
    coins = 60_000 / 61_000 - 60_000 / 60_300
    assert after.delta_spot_coin == pytest.approx(coins, rel=1e-12)


@pytest.mark.parametrize("averaging_ns", [0, 30 * MINUTE_NS])
@pytest.mark.parametrize("settlement", [None, "USDC"])
def test_an_expired_option_is_its_payoff(settlement: str | None, averaging_ns: int) -> None:
    """A call 600 dollars in the money: dollars, or as many bitcoin as they buy."""
    terms = option(60000, "call", settlement=settlement, expiry_ns=NEAR_NS,
                   averaging_ns=averaging_ns)  # fmt: skip
    of = book([account(positions={terms.instrument_id: 1})], by_id(terms))
    at = now(*market(), option_quote(terms, 60600, 0.6))
    found = ladder(
        of, at, "coin/BTC", spot_moves_frac=[0.0], vol_moves_volpt=[0.0], elapsed_days=[20.0]
    )
    assert isinstance(found, ScenarioLadder)
    want = 600 / 60600 if settlement is None else 0.0
    assert found.cells[0].delta_spot_coin == pytest.approx(want, abs=1e-12)


def test_a_future_past_its_expiry_is_no_position_any_more() -> None:
    """As for options: whoever still reports it has not settled it."""
    terms = linear_future("LF", T0_NS, coin="ETH")
    of = book([account(positions={"LF": (1, 3000)})], by_id(terms))
    found = row(revalued(of, now()), "desk")
    assert [each.reason for each in found.missing] == ["unsupported"]
    assert "settle it and drop the position" in found.missing[0].message


def test_a_coin_that_others_settle_in_is_not_told_by_its_greeks() -> None:
    """250,000 dollars and 2.5 bitcoin perpetuals 2,000 up: 255,000 of delta, 250,000 of value."""
    bitcoin = account("a", positions={"BTC-PERP": ("2.5", 58_000)}, balances={"USDC": 250_000})
    of = book([bitcoin], by_id(perpetual("BTC")))
    whole = row(revalued(of, now()), "coin/USDC")
    assert (whole.value_usd, whole.delta_spot_usd) == (250_000, 255_000)
    for node in ("coin/USDC", "desk/venue/a/USDC", "desk/venue/a/USDC/no expiry"):
        for cell in laddered(node, of).cells:
            assert (cell.taylor_usd, cell.difference_usd) == (None, None)
            assert cell.profit_usd == pytest.approx(250_000 * cell.spot_move_frac)
    # Where all of it is joined, or made, everything moves as told: a perpetual is linear.
    for node, coin in (("desk", "USDC"), ("desk/venue/a", "USDC"), ("coin/BTC", None)):
        for cell in laddered(node, of, coin=coin).cells:
            assert cell.difference_usd == pytest.approx(0.0, abs=1e-6), node
    alone = book([account("a", balances={"USDC": 250_000})], by_id())
    assert all(cell.taylor_usd is not None for cell in laddered("coin/USDC", alone).cells)


def test_all_coins_are_all_but_the_dollars() -> None:
    assert laddered("desk").coins == ("BTC", "ETH")
    assert laddered("desk").cells[0].delta_spot_coin is None
    assert laddered("coin/BTC").coins == ("BTC",)
    assert laddered("desk/deribit/options/ETH").cells[0].delta_spot_coin is not None


def test_an_option_gains_what_the_scenario_kernel_says() -> None:
    """Coin-settled, forward 1 % above spot: dollars of a cell are its coins times its spot."""
    terms = option(66000, "call", expiry_ns=T0_NS + 20 * DAY_NS)
    at = snapshot(index("BTC", 60000), option_quote(terms, 60600, 0.62))
    of = book([account(positions={terms.instrument_id: -4})], by_id(terms))
    found = laddered("desk", of, at)
    columns = EuropeanColumns(
        underlying_usd=np.array([60600.0]),
        strike_usd=np.array([66000.0]),
        vol_frac=np.array([0.62]),
        expiry_years=np.array([years_between(T0_NS, terms.expiry_ns)]),
        is_call=np.array([True]),
    )
    grid = ScenarioGrid.product(
        price_moves_frac=SPOTS,
        vol_shifts_frac=np.array(VOLS) / 100,
        elapsed_years=np.array(DAYS) / 365,
    )
    coins = scenario_profits(columns, grid, is_coin_settled=np.array([True]))[:, 0]
    values = {"coin": row(revalued(of, at), "desk").value_usd / -4 / 60000}
    want = {
        (round(grid.elapsed_years[c] * 365, 9), round(100 * grid.vol_shift_frac[c], 9), move): -4
        * (60000 * (1 + move) * (values["coin"] + coins[c]) - 60000 * values["coin"])
        for c, move in enumerate(grid.price_move_frac)
    }
    for cell in found.cells:
        key = (cell.elapsed_days, cell.vol_move_volpt, cell.spot_move_frac)
        # Inside the window of expiry the room averages; thirty days are past it.
        assert cell.profit_usd == pytest.approx(want[key], rel=1e-10, abs=1e-7)


def foretold(spot: float, vol: float, days: float, node: str = "desk") -> ScenarioCell:
    found = ladder(
        held(), now(), node, spot_moves_frac=[spot], vol_moves_volpt=[vol], elapsed_days=[days]
    )
    assert isinstance(found, ScenarioLadder)
    return found.cells[0]


@pytest.mark.parametrize("moves", [(0.02, 0, 0), (0, 4, 0)])
def test_halving_a_move_leaves_a_sixteenth_of_what_greeks_miss(
    moves: tuple[float, float, float],
) -> None:
    """All terms up to the third order are there and right: what is left is of the fourth."""
    whole = foretold(*moves)
    half = foretold(moves[0] / 2, moves[1] / 2, moves[2] / 2)
    assert whole.difference_usd is not None
    assert half.difference_usd is not None
    assert abs(whole.difference_usd) > 1e-3
    assert half.difference_usd / whole.difference_usd == pytest.approx(1 / 16, rel=0.15)


@pytest.mark.parametrize("moves", [(0.002, 0.5, 0.0), (0.002, 0.0, 0.1), (0.0, 0.5, 0.1)])
def test_two_moves_together_miss_only_terms_without_a_name(
    moves: tuple[float, float, float],
) -> None:
    """What is left of two moves being together is spot · vol², spot · time² and such: third order.

    Without vanna, charm or veta a quarter would be left.
    """

    def together(part: float) -> float:
        spot, vol, days = (each * part for each in moves)
        alone = (foretold(spot, 0, 0), foretold(0, vol, 0), foretold(0, 0, days))
        both = foretold(spot, vol, days)
        assert both.difference_usd is not None
        return both.difference_usd - fsum(one.difference_usd or 0.0 for one in alone)

    assert abs(together(1.0)) > 1e-6
    assert together(0.5) / together(1.0) == pytest.approx(1 / 8, rel=0.3)


def test_taylor_by_hand() -> None:
    node = row(revalued(held(), now()), "desk")
    cell = foretold(-0.05, 3.0, 2.0)
    x, v, d = -0.05, 3.0, 2.0
    by_hand = (
        node.delta_spot_usd * x
        + node.vega_usd_per_volpt * v
        + node.theta_usd_per_day * d
        + node.gamma_usd_per_pct * 100 * x * x / 2
        + node.vanna_usd_per_volpt * x * v
        + node.volga_usd_per_volpt2 * v * v / 2
        + node.charm_usd_per_day * x * d
        + node.veta_usd_per_volpt_day * v * d
        + node.speed_usd_per_pct2 * 1e4 * x**3 / 6
        + node.zomma_usd_per_pct_volpt * 100 * x * x * v / 2
        + node.color_usd_per_pct_day * 100 * x * x * d / 2
        + node.ultima_usd_per_volpt3 * v**3 / 6
    )
    assert cell.taylor_usd == pytest.approx(by_hand, rel=1e-12)


def test_incomplete_cells_say_so() -> None:
    at = now(*(e for e in market() if getattr(e, "instrument_id", "") != CALL.instrument_id))
    found = laddered("desk/deribit/options/BTC", at=at)
    assert all([f.subject for f in cell.missing] == [CALL.instrument_id] for cell in found.cells)
    assert all(cell.missing == () for cell in laddered("desk/binance", at=at).cells)


def test_an_asset_of_which_nothing_is_known_leaves_no_coin_complete() -> None:
    """As in the tree: a token that nobody priced may be a wrapped coin."""
    at = now(*(e for e in market() if getattr(e, "asset", "") != "wstETH"))
    want = row(revalued(held(), at), "coin/BTC").missing
    assert want
    assert {cell.missing for cell in laddered("coin/BTC", at=at).cells} == {want}
    assert {cell.missing for cell in laddered("desk/binance", at=at).cells} == {()}


def test_a_node_or_a_coin_that_is_not_there_is_a_failure() -> None:
    for node, coin, told in (
        ("desk/nowhere", None, "no exposure at node desk/nowhere"),
        ("desk/binance", "SOL", "holds nothing of SOL; there are: BTC, ETH, USDC"),
    ):
        found = ladder(
            held(), now(), node,
            spot_moves_frac=[0.0], vol_moves_volpt=[0.0], elapsed_days=[0.0], coin=coin,
        )  # fmt: skip
        assert isinstance(found, Failure)
        assert told in found.message


@pytest.mark.parametrize(
    ("axis", "moves"),
    [
        ("spot_moves_frac", [-1.0]),
        ("spot_moves_frac", [float("nan")]),
        ("spot_moves_frac", []),
        ("vol_moves_volpt", [1e9]),
        ("elapsed_days", [-1.0]),
    ],
)
def test_moves_out_of_bounds_are_refused(axis: str, moves: list[float]) -> None:
    axes: dict[str, Any] = {
        "spot_moves_frac": [0.0],
        "vol_moves_volpt": [0.0],
        "elapsed_days": [0.0],
    }
    with pytest.raises(OutOfDomain):
        ladder(held(), now(), "desk", **(axes | {axis: moves}))


@pytest.mark.parametrize(("mark", "is_moved"), [("122.4", True), ("119.4", False)])
def test_vols_of_power_perpetuals_move_with_the_others(mark: str, is_moved: bool) -> None:
    """By points, where the mark prices a variance; below its index it prices none."""
    terms = power("USDC")
    of = book([account(positions={terms.instrument_id: 100})], by_id(terms))
    at = snapshot(index("ETH", 2000), power_state("0.3", 2000, mark))
    found = ladder(
        of, at, "desk", spot_moves_frac=[0.0], vol_moves_volpt=[10.0], elapsed_days=[0.0]
    )
    assert isinstance(found, ScenarioLadder)
    vol = sqrt(log(1.02) * 365 / 17.5)
    gain = 100 * 120 * (exp((vol + 0.1) ** 2 * 17.5 / 365) - 1.02) if is_moved else 0.0
    assert found.cells[0].profit_usd == pytest.approx(gain, rel=1e-9, abs=1e-9)


def test_a_vol_never_falls_below_zero() -> None:
    assert foretold(0.0, -500.0, 0.0).profit_usd == foretold(0.0, -90.0, 0.0).profit_usd
    assert msgspec.structs.astuple(foretold(0.0, -500.0, 0.0))[:2] == (0.0, -500.0)
