"""Barriers of accounts against closed forms, the distance search, and made-up headrooms."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.margin import require
from hedgerow.market import Dynamics, Factor, FactorMoves, Jumps, Shock
from hedgerow.solvency import (
    Boundary,
    CollateralWanted,
    Direction,
    Distance,
    Driven,
    Headroom,
    boundary,
    collateral_wanted,
    distance,
    headroom,
    hit_frac,
    path_hits,
    pooled,
    spot_nodes,
)
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse,
    option,
    option_quote,
    perpetual,
    quote,
    scan_rulebook,
    snapshot,
    tiered_rulebook,
)
from tests.golden.read import numbers

SPOT = Driven(
    factor=Factor(kind="spot", name="BTC"),
    direction=Direction(kind="spot", beta_frac={"BTC": 1.0}),
)
VOL = Driven(factor=Factor(kind="vol_level", name="BTC"), direction=Direction(kind="vol"))
WEEK_YEARS = 7 / 365
SEED = 20_260_202


def known(outcome: Headroom | Failure) -> Headroom:
    assert isinstance(outcome, Headroom), outcome
    return outcome


def linear(side: int, leverage: int = 10, *, cash: Decimal | None = None) -> Headroom:
    wallet = Decimal(60_000) / leverage if cash is None else cash
    held = account(positions={"BTC-PERP": (side, 60_000)}, balances={"USDC": wallet})
    now = snapshot(quote("BTC-PERP", 60_000), index("BTC", 60_000))
    rules = tiered_rulebook([(0, "0.005")])
    return known(headroom(held, by_id(perpetual()), now, rules, spot=SPOT))


@pytest.mark.parametrize(("side", "name"), [(1, "linear_long"), (-1, "linear_short")])
def test_linear_isolated_of_the_sheet(side: int, name: str) -> None:
    """Headroom is straight in the price, so the barrier is the sheet's to the last digits."""
    got = boundary(linear(side))
    barrier = got.low_log if side > 0 else got.high_log
    assert 60_000 * np.exp(barrier[0, 0]) == pytest.approx(
        float(numbers("liquidation_price")[name])
    )
    assert (got.is_low_open[0, 0], got.is_high_open[0, 0]) == (side < 0, side > 0)
    other = got.high_log if side > 0 else got.low_log
    assert other[0, 0] == pytest.approx(1.2 * side)  # the end of the nodes


def options_account() -> tuple[Any, ...]:
    call = option(90_000, "call", expiry_ns=T0_NS + 20 * DAY_NS)
    put = option(70_000, "put", expiry_ns=T0_NS + 20 * DAY_NS)
    held = account(
        currency="BTC",
        positions={call.instrument_id: -2, put.instrument_id: -2, "BTC-PERPETUAL": (5_000, 80_000)},
        balances={"BTC": "0.9"},
    )
    now = snapshot(
        quote("BTC-PERPETUAL", 80_000), index("BTC", 80_000),
        option_quote(call, 80_000, 0.6), option_quote(put, 80_000, 0.6),
    )  # fmt: skip
    return held, by_id(call, put, inverse()), now, scan_rulebook()


def test_options_break_where_the_distance_search_says_and_sooner_at_higher_vols() -> None:
    held, terms, now, rules = options_account()
    nodes = np.linspace(-0.5, 0.5, 5)
    room = known(
        headroom(
            held,
            terms,
            now,
            rules,
            spot=SPOT,
            second=VOL,
            spot_log=spot_nodes(0.8, 0.005),
            second_log=nodes,
            times_forward_ns=(0, 5 * DAY_NS, 15 * DAY_NS),
        )
    )
    got = boundary(room)
    found = distance(held, terms, now, rules)
    assert isinstance(found, Distance)
    assert found.down_frac is not None
    assert found.up_frac is not None
    assert np.exp(got.low_log[0, 2]) - 1.0 == pytest.approx(found.down_frac, abs=2e-3)
    assert np.exp(got.high_log[0, 2]) - 1.0 == pytest.approx(found.up_frac, abs=2e-3)
    assert (np.diff(got.low_log[0]) > 0.0).all()
    assert (np.diff(got.high_log[0]) < 0.0).all()
    assert not (got.is_low_open | got.is_high_open).any()
    assert got.times_years.tolist() == [0.0, 5 / 365, 15 / 365]
    # Each node inside is safe and each outside is not, by the rulebook itself.
    for t, k in ((0, 1), (1, 2), (2, 4)):
        for log, inside in ((got.low_log, 1.0), (got.high_log, -1.0)):
            for sign in (1.0, -1.0):
                shock = Shock(
                    spot_factor_frac={"BTC": float(np.exp(log[t, k] + sign * inside * 0.01))},
                    vol_factor_frac=float(np.exp(nodes[k])),
                    time_forward_ns=(0, 5 * DAY_NS, 15 * DAY_NS)[t],
                )
                report = require(held, terms, now.shocked(shock), rules)
                assert not isinstance(report, Failure)
                assert (report.headroom_ccy >= 0) == (sign > 0)


def test_a_node_without_an_answer_makes_a_failure() -> None:
    held, terms, _, rules = options_account()
    blind = snapshot(quote("BTC-PERPETUAL", 80_000), index("BTC", 80_000))
    got = headroom(held, terms, blind, rules, spot=SPOT)
    assert isinstance(got, Failure)
    assert "241 have no answer" in got.message


def of_headroom(
    room: Any, *, spot_log: NDArray[np.float64], second_log: Any = (0.0,), times: Any = (0.0,)
) -> Headroom:
    return Headroom(
        account_id="made",
        currency="USDC",
        spot=SPOT.factor,
        second=VOL.factor if len(second_log) > 1 else None,
        spot_log=spot_log,
        second_log=np.asarray(second_log, dtype=np.float64),
        times_years=np.asarray(times, dtype=np.float64),
        headroom_ccy=np.asarray(room, dtype=np.float64),
    )


X = np.linspace(-0.4, 0.4, 81)


def test_the_interval_is_the_one_where_the_account_is() -> None:
    """It lives, breaks at −0.1, heals at −0.2; what lies beyond the break is not reached."""
    room = np.where((X > -0.095) | (X < -0.205), 1.0, -1.0)
    got = boundary(of_headroom(room[None, None], spot_log=X))
    # Halfway in price between the nodes at −0.09 and −0.10.
    want = np.log(0.5 * (np.exp(-0.09) + np.exp(-0.10)))
    assert got.low_log[0] == pytest.approx([want, want])
    assert got.is_high_open.all()
    assert got.high_log[0, 0] == pytest.approx(0.4)


def test_the_interval_is_followed_from_node_to_node() -> None:
    """It shifts with the second factor until it lies where the first one never was."""
    centres = np.array([-0.24, -0.12, 0.0, 0.12, 0.24])
    room = np.stack([0.09 - np.abs(X - c) for c in centres])[None]
    got = boundary(of_headroom(room, spot_log=X, second_log=[-1.0, -0.5, 0.0, 0.5, 1.0]))
    assert got.low_log[0] == pytest.approx(centres - 0.09, abs=1e-4)
    assert got.high_log[0] == pytest.approx(centres + 0.09, abs=1e-4)


def test_where_nothing_is_alive_the_interval_closes() -> None:
    room = np.stack([np.full(81, -1.0), 0.095 - np.abs(X), 0.095 - np.abs(X - 0.02)])[None]
    got = boundary(of_headroom(room, spot_log=X, second_log=[-1.0, 0.0, 1.0]))
    assert got.low_log[0, 0] == got.high_log[0, 0] == pytest.approx(0.0, abs=1e-12)
    assert got.high_log[0, 2] == pytest.approx(0.115, abs=1e-4)


def test_an_account_that_is_liquidatable_now_or_will_be() -> None:
    gone = boundary(of_headroom(np.full((1, 1, 81), -1.0), spot_log=X))
    assert (gone.low_log == 0.0).all()
    assert (gone.high_log == 0.0).all()
    room = np.stack([[0.1 - np.abs(X)], [np.full(81, -1.0)]])
    later = boundary(of_headroom(room, spot_log=X, times=(0.0, 0.02)))
    assert later.high_log[0, 0] == pytest.approx(0.1, abs=1e-4)
    assert later.high_log[1, 0] == 0.0
    dynamics = Dynamics(
        factors=(FactorMoves(factor=SPOT.factor, vol_frac=0.1),), correlation_frac=np.eye(1)
    )
    found = path_hits(
        dynamics, [gone, later], paths_count=256, seed=1, horizons_years=[0.01, 0.02],
        step_years=0.001,
    )  # fmt: skip
    assert found.hit_frac[0].tolist() == [1.0, 1.0]
    assert 0.0 < found.hit_frac[1, 0] < 1.0
    assert found.hit_frac[1, 1] == 1.0


def test_more_collateral_moves_the_barrier_as_if_it_were_held() -> None:
    room = linear(1)
    lent = boundary(room, extra_ccy=3_000.0)
    held = boundary(linear(1, cash=Decimal(9_000)))
    assert lent.low_log == pytest.approx(held.low_log)
    assert room.now_ccy == pytest.approx(6_000 - 300)


def test_pooled_is_met_as_soon_as_one_is() -> None:
    long, short = boundary(linear(1)), boundary(linear(-1))
    both = pooled([long, short], "any")
    assert (both.low_log == long.low_log).all()
    assert (both.high_log == short.high_log).all()
    assert not (both.is_low_open | both.is_high_open).any()
    assert pooled([long], "one").is_high_open.all()
    with pytest.raises(OutOfDomain, match="same factors"):
        pooled([long, replace(short, spot=VOL.factor)], "any")
    with pytest.raises(OutOfDomain, match="nothing"):
        pooled([], "any")


def test_paths_meet_the_barrier_of_an_account_as_often_as_the_sheet_says() -> None:
    case = numbers("liquidation_probability_7d_sigma60")
    dynamics = Dynamics(
        factors=(FactorMoves(factor=SPOT.factor, vol_frac=0.6),), correlation_frac=np.eye(1)
    )
    accounts = [boundary(linear(1)), boundary(linear(-1))]
    found = path_hits(
        dynamics, accounts, paths_count=100_000, seed=SEED, horizons_years=[WEEK_YEARS],
        step_years=1 / 365,
    )  # fmt: skip
    for a, side in enumerate(("long", "short")):
        want, error = float(case[side]["10"]), found.hit_error_frac[a, 0]
        assert abs(found.hit_frac[a, 0] - want) < 3.0 * error
        assert error < 0.01 * want
    assert (found.left_frac < 1e-12).all()


@pytest.mark.slow
@pytest.mark.parametrize("survival", [0.99, 0.9, 0.5])
def test_collateral_wanted_is_the_closed_forms(survival: float) -> None:
    room = linear(1)
    dynamics = Dynamics(
        factors=(FactorMoves(factor=SPOT.factor, vol_frac=0.6),), correlation_frac=np.eye(1)
    )
    got = collateral_wanted(
        dynamics, room, survival_frac=survival, horizon_years=WEEK_YEARS, paths_count=40_000,
        seed=SEED, step_years=WEEK_YEARS / 2,
    )  # fmt: skip
    assert isinstance(got, CollateralWanted)
    # With y more the barrier of a long of one coin is at (60000 − 6000 − y)/(1 − 0.005).
    low, high = -5_700.0, 50_000.0
    for _ in range(60):
        y = 0.5 * (low + high)
        barrier = (54_000.0 - y) / 0.995
        is_enough = hit_frac(60_000.0, barrier, 0.0, 0.6, WEEK_YEARS) <= 1.0 - survival
        low, high = (low, y) if is_enough else (y, high)
    assert abs(got.extra_ccy - high) < 3.0 * got.extra_error_ccy
    assert got.extra_error_ccy < 0.02 * 6_000
    assert got.gone_frac <= 1.0 - survival
    assert got.gone_frac == pytest.approx(1.0 - survival, rel=1e-3)
    again = collateral_wanted(
        dynamics, room, survival_frac=survival, horizon_years=WEEK_YEARS, paths_count=40_000,
        seed=SEED, step_years=WEEK_YEARS / 2, threads_count=2,
    )  # fmt: skip
    assert again == got


def heavy(survival: float, paths_count: int, seed: int = 7) -> CollateralWanted | Failure:
    """A day in steps of an hour with tails of four degrees, as the command walks it."""
    dynamics = Dynamics(
        factors=(FactorMoves(factor=SPOT.factor, vol_frac=0.6),),
        correlation_frac=np.eye(1),
        degrees_count=4.0,
    )
    return collateral_wanted(
        dynamics, linear(1), survival_frac=survival, horizon_years=1 / 365,
        paths_count=paths_count, seed=seed, step_years=1 / 8_760,
    )  # fmt: skip


@pytest.mark.parametrize(("survival", "enough"), [(0.999, 100_000), (0.9999, 1_000_000)])
def test_an_amount_that_a_handful_of_paths_decide_is_refused(survival: float, enough: int) -> None:
    got = heavy(survival, 2_000)
    assert isinstance(got, Failure)
    assert got.reason == "not_converged"
    told = got.message.split("about ")[1].split(" paths")[0]
    assert enough <= int(told.replace(",", "")) <= 10 * enough


@pytest.mark.slow
def test_collateral_is_checked_on_fresh_draws_and_its_error_covers_what_many_paths_find() -> None:
    many = heavy(0.97, 200_000, 99)
    assert isinstance(many, CollateralWanted)
    for seed in (7, 8, 9):
        few = heavy(0.97, 10_000, seed)
        assert isinstance(few, CollateralWanted)
        assert few.fresh_seed == seed + 1
        assert few.fresh_frac != few.gone_frac
        assert abs(few.fresh_frac - 0.03) <= 4.0 * np.hypot(
            few.fresh_error_frac, few.gone_error_frac
        )
        assert abs(few.extra_ccy - many.extra_ccy) <= 3.0 * few.extra_error_ccy


@pytest.mark.slow
def test_the_error_of_collateral_does_not_hang_on_where_one_path_jumps() -> None:
    """Two searches of one question: a path that jumps just there made the error of one of 1.8."""
    jumps = Jumps(jumps_count_per_year=60.0, up_frac=0.5, size_up_log=0.04, size_down_log=0.04)
    moves = FactorMoves(factor=SPOT.factor, vol_frac=0.3, jump_loading_frac=1.0)
    dynamics = Dynamics(factors=(moves,), correlation_frac=np.eye(1), jumps=jumps)
    errors = []
    for seed in (110, 114):
        got = collateral_wanted(
            dynamics, linear(1), survival_frac=0.97, horizon_years=WEEK_YEARS, paths_count=20_000,
            seed=seed, step_years=1 / 365,
        )  # fmt: skip
        assert isinstance(got, CollateralWanted)
        errors.append(got.extra_error_ccy)
    assert errors[1] == pytest.approx(errors[0], rel=0.5)


def test_no_collateral_is_enough_where_paths_leave_the_grid() -> None:
    room = linear(1)
    near = np.abs(room.spot_log) < 0.055
    cut = replace(room, spot_log=room.spot_log[near], headroom_ccy=room.headroom_ccy[:, :, near])
    dynamics = Dynamics(
        factors=(FactorMoves(factor=SPOT.factor, vol_frac=0.6),), correlation_frac=np.eye(1)
    )
    got = collateral_wanted(
        dynamics, cut, survival_frac=0.9, horizon_years=WEEK_YEARS, paths_count=2_000, seed=SEED,
        step_years=WEEK_YEARS,
    )  # fmt: skip
    assert isinstance(got, Failure)
    assert "more nodes" in got.message
    with pytest.raises(OutOfDomain, match="survival_frac"):
        collateral_wanted(
            dynamics, cut, survival_frac=1.0, horizon_years=WEEK_YEARS, paths_count=10, seed=1,
            step_years=WEEK_YEARS,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"spot_log": np.array([-0.1, 0.1])}, "at 0"),
        ({"spot_log": np.array([0.0, -0.1])}, "rise"),
        ({"second": VOL}, "together"),
        ({"second": VOL, "second_log": np.array([0.0, 0.1, 0.3])}, "evenly"),
        ({"times_forward_ns": (1, 2)}, "from 0"),
        ({"times_forward_ns": (0, 0)}, "from 0"),
    ],
)
def test_what_nodes_are_refused(change: dict[str, Any], told: str) -> None:
    held, terms, now, rules = options_account()
    with pytest.raises(OutOfDomain, match=told):
        headroom(held, terms, now, rules, spot=SPOT, **change)


def test_what_directions_and_boundaries_are_refused() -> None:
    with pytest.raises(OutOfDomain, match="a spot does not drive a direction along vol"):
        Driven(factor=SPOT.factor, direction=VOL.direction)
    with pytest.raises(OutOfDomain, match="a funding does not drive"):
        Driven(factor=Factor(kind="funding", name="BTC"), direction=Direction(kind="funding"))
    with pytest.raises(OutOfDomain, match="above the upper"):
        Boundary.fixed("a", SPOT.factor, low_log=0.1, high_log=0.0)
    with pytest.raises(OutOfDomain, match="finite"):
        Boundary.fixed("a", SPOT.factor, low_log=float("nan"), high_log=0.0)
    both = VOL.shock(0.1, 5).then(SPOT.shock(-0.1))
    assert both.vol_factor_frac == pytest.approx(np.exp(0.1))
    assert both.on("BTC") == pytest.approx(np.exp(-0.1))
    assert both.time_forward_ns == 5
