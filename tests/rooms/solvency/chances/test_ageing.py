"""Boundaries that move with time: expiries, jumps within a step, and loans that grow."""

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy.special import ndtr

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.margin import MarginReport, require
from hedgerow.market import Dynamics, Factor, FactorMoves, Shock
from hedgerow.solvency import (
    Boundary,
    Direction,
    Driven,
    Headroom,
    boundary,
    headroom,
    over_times,
    path_hits,
    pooled,
    spot_nodes,
    time_nodes_ns,
)
from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, YEAR_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    index,
    lending,
    lending_rulebook,
    option,
    option_quote,
    oracle,
    perpetual,
    scan_rulebook,
    snapshot,
    supply,
)

MONTH_NS = 30 * DAY_NS
BTC = Factor(kind="spot", name="BTC")
SPOT = Driven(factor=BTC, direction=Direction(kind="spot", beta_frac={"BTC": 1.0}))


def alone(factor: Factor = BTC, vol_frac: float = 0.5) -> Dynamics:
    return Dynamics(
        factors=(FactorMoves(factor=factor, vol_frac=vol_frac),), correlation_frac=np.eye(1)
    )


def test_times_lie_on_both_sides_of_what_expires_and_where_its_window_opens() -> None:
    soon = option(900, "call", expiry_ns=T0_NS + 10 * DAY_NS)
    late = option(900, "put", expiry_ns=T0_NS + 90 * DAY_NS)
    times = time_nodes_ns([soon, late], T0_NS, MONTH_NS)
    assert times[0] == 0
    assert times[-1] == MONTH_NS
    assert list(times) == sorted(set(times))
    for moment in (-30 * MINUTE_NS, -SECOND_NS, 0):
        assert 10 * DAY_NS + moment in times
    assert time_nodes_ns([perpetual()], T0_NS, MONTH_NS) == (0,)
    assert time_nodes_ns([debt("USDC")], T0_NS, DAY_NS) == (0, HOUR_NS, 8 * HOUR_NS, DAY_NS)
    with pytest.raises(OutOfDomain, match="horizon_ns"):
        time_nodes_ns([], T0_NS, 0)


def test_a_cover_that_expires_leaves_what_it_covered_to_be_liquidated() -> None:
    """Long calls of ten days, short ones of fourteen: from the tenth day the short stand alone."""
    near = option(900, "call", expiry_ns=T0_NS + 10 * DAY_NS)
    far = option(1000, "call", expiry_ns=T0_NS + 14 * DAY_NS)
    terms, rules = by_id(near, far), scan_rulebook()
    now = snapshot(index("BTC", 1000), option_quote(near, 1000, 0.6), option_quote(far, 1000, 0.6))
    held = account(
        currency="BTC",
        positions={near.instrument_id: (10, "0.05"), far.instrument_id: (-10, "0.05")},
        balances={"BTC": Decimal("0.115284")},
    )
    rooms = {}
    for day in (0, 7, 11, 30):
        report = require(held, terms, now.shocked(Shock(time_forward_ns=day * DAY_NS)), rules)
        assert isinstance(report, MarginReport)
        rooms[day] = report.headroom_ccy >= 0
    assert rooms == {0: True, 7: True, 11: False, 30: True}

    def chance(times_ns: tuple[int, ...]) -> Any:
        got = headroom(
            held, terms, now, rules, spot=SPOT, spot_log=spot_nodes(1.6, 0.04),
            times_forward_ns=times_ns,
        )  # fmt: skip
        assert isinstance(got, Headroom)
        return path_hits(alone(), [boundary(got)], paths_count=2_000, seed=7).hit_frac[0]

    assert chance((0, 7 * DAY_NS, MONTH_NS))[4] == 0.0  # what standing between them would hide
    found = chance(time_nodes_ns(terms.values(), T0_NS, MONTH_NS))
    assert found[3] == 0.0
    # All but those whose price has fallen so far by then that the calls are out of reach.
    assert found[4] > 0.95


def jumping(at_years: float, *, before: float, on: float, after: float) -> Boundary:
    """A lower barrier that is elsewhere for a second."""
    second = SECOND_NS / YEAR_NS
    lows = np.array([before, before, on, on, after, after])
    return Boundary(
        account_id="a",
        spot=BTC,
        second=None,
        second_first_log=0.0,
        second_step_log=1.0,
        times_years=np.array(
            [0.0, at_years - second, at_years, at_years + second, at_years + 2 * second, 1.0]
        ),
        low_log=np.repeat(lows[:, None], 2, axis=1),
        high_log=np.full((6, 2), 5.0),
        is_low_open=np.zeros((6, 2), dtype=np.bool_),
        is_high_open=np.zeros((6, 2), dtype=np.bool_),
    )


def test_a_barrier_that_comes_near_for_less_than_a_step_is_not_stepped_over() -> None:
    """Whoever is below it then is liquidated: a normal number of half a year's deviation."""
    once = jumping(0.5, before=-4.0, on=-0.2, after=-4.0)
    found = path_hits(
        alone(), [once], paths_count=20_000, seed=3, horizons_years=[1.0], step_years=0.003
    )
    deviation = 0.5 * np.sqrt(0.5)
    want = ndtr((-0.2 + 0.5 * deviation**2) / deviation)
    assert found.hit_frac[0, 0] > want
    assert found.hit_frac[0, 0] < 1.2 * want


@pytest.mark.parametrize(("before", "after"), [(-4.0, -0.2), (-0.2, -4.0)])
def test_over_a_jump_the_inner_barrier_counts(before: float, after: float) -> None:
    """Never less likely than by what is met for sure at the jump, on the side where it is near."""
    jump = jumping(0.5, before=before, on=before, after=after)
    found = path_hits(
        alone(), [jump], paths_count=50_000, seed=3, horizons_years=[1.0], step_years=1.0
    )
    deviation = 0.5 * np.sqrt(0.5)
    assert found.hit_frac[0, 0] > ndtr((-0.2 + 0.5 * deviation**2) / deviation)


def test_a_boundary_that_closes_at_once_lets_nobody_through() -> None:
    shut = jumping(0.5, before=-4.0, on=5.0, after=-4.0)
    found = path_hits(
        alone(), [shut], paths_count=500, seed=3, horizons_years=[0.25, 1.0], step_years=0.25
    )
    assert found.hit_frac[0, 0] < 1e-9
    assert found.hit_frac[0, 1] == pytest.approx(1.0)


def test_one_that_stands_still_is_pooled_with_one_that_ages() -> None:
    ages = jumping(0.5, before=-0.5, on=-0.5, after=-0.1)
    still = Boundary.fixed("still", BTC, low_log=-0.3, high_log=None)
    with pytest.raises(OutOfDomain, match="same factors"):
        pooled([ages, still], "any")
    both = pooled([ages, over_times(still, ages.times_years)], "any")
    assert both.low_log[:, 0].tolist() == [-0.3, -0.3, -0.3, -0.3, -0.1, -0.1]
    assert over_times(ages, ages.times_years) is ages
    with pytest.raises(OutOfDomain, match="nodes of its own"):
        over_times(ages, np.zeros(1))


def test_a_debt_whose_rate_is_known_brings_its_barrier_nearer_day_by_day() -> None:
    """1640 at 30 % a year against one coin that counts with 82.5 %, at 2000 now."""
    rate = msgspec.structs.replace(lending("USDC"), borrow_frac_per_year=Decimal("0.3"))
    now = snapshot(oracle("WETH", 2000), oracle("USDC", 1), lending("WETH"), rate)
    terms = by_id(supply("WETH"), debt("USDC"))
    held = account(
        currency="USD", positions={"supply:WETH": Decimal(1), "debt:USDC": Decimal(-1640)}
    )
    factor = Factor(kind="spot", name="WETH")
    times_ns = time_nodes_ns(terms.values(), T0_NS, MONTH_NS)
    got = headroom(
        held, terms, now, lending_rulebook(WETH=8250, USDC=8500),
        spot=Driven(factor=factor, direction=Direction(kind="spot", beta_frac={"WETH": 1.0})),
        spot_log=spot_nodes(1.6, 0.02), times_forward_ns=times_ns,
    )  # fmt: skip
    assert not isinstance(got, Failure), got
    made = boundary(got)
    for at_ns, low in zip(times_ns, made.low_log[:, 0].tolist(), strict=True):
        owed = 1640 * np.exp(0.3 * at_ns / YEAR_NS)
        assert low == pytest.approx(np.log(owed / (2000 * 0.825)), abs=1e-6)
    # By its interest alone it breaks within 8 days, where the price hardly moves.
    found = path_hits(alone(factor, 0.002), [made], paths_count=1_000, seed=1)
    assert found.hit_frac[0, 2] < 0.01
    assert found.hit_frac[0, 4] > 0.99
