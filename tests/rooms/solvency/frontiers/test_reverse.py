"""The likeliest breach against closed forms and a search by angle; the plane, level by level."""

import math
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.margin import MarginReport, require
from hedgerow.market import Shock
from hedgerow.portfolio import Balance
from hedgerow.reporting import frontier_tables, plane_svg
from hedgerow.solvency import (
    Direction,
    Frontier,
    Plane,
    ReverseStress,
    frontier,
    plane,
    reverse_stress,
    shock_of,
)
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    index,
    inverse,
    lending,
    lending_rulebook,
    option,
    option_quote,
    oracle,
    perpetual,
    quote,
    scan_rulebook,
    snapshot,
    supply,
    tiered_rulebook,
)
from tests.rooms.margin.made_brackets import brackets, closing_rulebook
from tests.rooms.reporting.test_terminal import printed

D = Decimal
TERMS = by_id(perpetual(), perpetual("ETH"))
NOW = snapshot(quote("BTC-PERP", 1000), quote("ETH-PERP", 100))
RULES = tiered_rulebook([(0, "0.01")], ("BTC", "ETH"))
BTC, ETH, VOL = (
    Direction(kind="spot", beta_frac={"BTC": 1.0}),
    Direction(kind="spot", beta_frac={"ETH": 1.0}),
    Direction(kind="vol"),
)
PAIR = account(positions={"BTC-PERP": (10, 1000), "ETH-PERP": (-50, 100)}, balances={"USDC": 1500})


def asked(held: object, correlation: float, horizon_days: float = 1.0) -> ReverseStress:
    found = reverse_stress(
        held,  # type: ignore[arg-type]
        TERMS,
        NOW,
        RULES,
        [BTC, ETH],
        np.array([0.04, 0.06]),
        np.array([[1.0, correlation], [correlation, 1.0]]),
        horizon_days=horizon_days,
    )
    assert isinstance(found, ReverseStress), found
    return found


@pytest.mark.parametrize("horizon_days", [1.0, 4.0])
def test_one_factor_is_the_log_move_over_its_deviation(horizon_days: float) -> None:
    held = account(positions={"BTC-PERP": (10, 1000)}, balances={"USDC": 2000})
    found = asked(held, 0.0, horizon_days)
    price = (10_000 - 2_000) / (10 * 0.99)
    deviation = 0.04 * math.sqrt(horizon_days)
    assert found.distance_deviations == pytest.approx(-math.log(price / 1000) / deviation, rel=1e-5)
    moves = {each.direction.title: each for each in found.moves}
    assert moves["spot of BTC"].move_frac == pytest.approx(price / 1000 - 1.0, rel=1e-5)
    assert moves["spot of ETH"].move_deviations == pytest.approx(0.0, abs=1e-4)
    assert found.blames[0].subject == "BTC-PERP"


@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.7, 0.95])
def test_two_factors_against_a_search_by_angle(correlation: float) -> None:
    """Long ten of one, short fifty of the other: headroom 1,350 + 9.9 x - 50.5 y of the prices."""
    found = asked(PAIR, correlation)
    root = np.linalg.cholesky([[1.0, correlation], [correlation, 1.0]])
    angles = np.linspace(0.0, 2.0 * np.pi, 4_000)
    sizes = np.linspace(0.0, 12.0, 1_201)[:, None, None]
    best = np.inf
    for part in np.array_split(np.stack([np.cos(angles), np.sin(angles)]), 20, axis=1):
        logs = sizes * np.array([[0.04], [0.06]]) * (root @ part)
        prices = np.array([[1000.0], [100.0]]) * np.exp(logs)
        room = 1500 + 10 * (prices[:, 0] - 1000) - 50 * (prices[:, 1] - 100)
        room -= 0.01 * (10 * prices[:, 0] + 50 * prices[:, 1])
        broken = room < 0
        first = np.where(broken.any(axis=0), broken.argmax(axis=0), 10**6)
        best = min(best, float(first.min()) * 12.0 / 1_200)
    assert found.distance_deviations == pytest.approx(best, abs=0.011)


def test_blames_add_up_to_the_change_of_headroom() -> None:
    found = asked(PAIR, 0.0)
    now = require(PAIR, TERMS, NOW, RULES)
    shock = Shock()
    for each in found.moves:
        shock = shock.then(shock_of(each.direction, each.move_frac))
    then = require(PAIR, TERMS, NOW.shocked(shock), RULES)
    assert isinstance(now, MarginReport)
    assert isinstance(then, MarginReport)
    change = sum((each.headroom_change_ccy for each in found.blames), D(0))
    assert float(change) == pytest.approx(float(then.headroom_ccy - now.headroom_ccy), rel=1e-6)
    assert float(then.headroom_ccy) == pytest.approx(0.0, abs=0.01)
    changes = [each.headroom_change_ccy for each in found.blames]
    assert changes == sorted(changes)
    assert {each.subject for each in found.blames} == {"BTC-PERP", "ETH-PERP"}


def test_an_account_that_is_broken_is_no_move_away() -> None:
    held = msgspec.structs.replace(PAIR, balances=(Balance(asset="USDC", quantity_coin=D(1)),))
    found = asked(held, 0.0)
    assert found.distance_deviations == 0.0
    assert found.blames == ()


def test_an_account_that_nothing_breaks_has_no_likeliest_breach() -> None:
    held = account(positions={"BTC-PERP": (1, 1000)}, balances={"USDC": 10_000})
    found = asked(held, 0.0)
    assert (found.distance_deviations, found.moves, found.blames) == (None, (), ())


def test_a_missing_price_is_no_answer() -> None:
    found = reverse_stress(PAIR, TERMS, snapshot(), RULES, [BTC], np.array([0.1]), np.eye(1))
    assert isinstance(found, Failure)


@pytest.mark.parametrize(
    ("factors", "deviation", "correlation"),
    [
        ([], [], np.empty((0, 0))),
        ([Direction(kind="time")], [0.1], np.eye(1)),
        ([BTC, ETH], [0.1], np.eye(2)),
        ([BTC], [0.0], np.eye(1)),
        ([BTC], [math.nan], np.eye(1)),
        ([BTC, ETH], [0.1, 0.1], np.array([[1.0, 2.0], [2.0, 1.0]])),
        ([BTC, ETH], [0.1, 0.1], np.array([[1.0, math.nan], [math.nan, 1.0]])),
        ([BTC, ETH], [0.1, 0.1], np.array([[1.0, 0.9], [0.0, 1.0]])),
        ([BTC], [0.1], np.array([[4.0]])),
    ],
)
def test_figures_that_cannot_be_are_refused(
    factors: list[Direction], deviation: list[float], correlation: np.ndarray
) -> None:
    with pytest.raises(OutOfDomain):
        reverse_stress(PAIR, TERMS, NOW, RULES, factors, np.array(deviation), correlation)


@pytest.mark.parametrize("horizon_days", [0.0, math.nan, math.inf])
def test_a_horizon_that_cannot_be_is_refused(horizon_days: float) -> None:
    with pytest.raises(OutOfDomain, match="horizon_days"):
        asked(PAIR, 0.0, horizon_days)


def test_no_breach_is_said_only_as_far_as_was_looked() -> None:
    """Short ten from 1,000 with 230,000: breached at 24,000 / 1.01, 3.17 in logs.

    At 30 % a day over ten days a deviation is 0.95. Moves are tried to 3 in logs, 3.16 of them, and
    the breach lies at 3.34: nothing may be said of twelve.
    """
    held = account(positions={"BTC-PERP": (-10, 1000)}, balances={"USDC": 230_000})
    found = reverse_stress(
        held, TERMS, NOW, RULES, [BTC], np.array([0.3]), np.eye(1), horizon_days=10.0
    )
    assert isinstance(found, ReverseStress)
    assert found.distance_deviations is None
    assert found.searched_deviations == pytest.approx(3.0 / (0.3 * math.sqrt(10.0)))
    assert found.searched_deviations < math.log(24.0 / 1.01) / (0.3 * math.sqrt(10.0))
    nearer = msgspec.structs.replace(
        held, balances=(Balance(asset="USDC", quantity_coin=D(130_000)),)
    )
    broken = reverse_stress(
        nearer, TERMS, NOW, RULES, [BTC], np.array([0.3]), np.eye(1), horizon_days=10.0
    )
    assert isinstance(broken, ReverseStress)
    want = math.log(14.0 / 1.01) / (0.3 * math.sqrt(10.0))
    assert broken.distance_deviations == pytest.approx(want, rel=1e-5)


# --- the plane ------------------------------------------------------------------------------------


def test_every_level_of_a_plane_has_the_roots_of_its_frontier() -> None:
    call, put = option(70_000, "call"), option(50_000, "put")
    held = account(
        currency="BTC",
        positions={
            call.instrument_id: -10,
            put.instrument_id: -10,
            "BTC-PERPETUAL": (30_000, 60_000),
        },
        balances={"BTC": 4},
    )
    now = snapshot(
        index("BTC", 60_000),
        quote("BTC-PERPETUAL", 60_000),
        option_quote(call, 60_000, 0.6),
        option_quote(put, 60_000, 0.65),
    )
    terms, rules = by_id(call, put, inverse()), scan_rulebook()
    made = plane(held, terms, now, rules, BTC, VOL, levels_frac_or_days=(-0.5, 0.0, 1.0))
    assert isinstance(made, Plane)
    counts = []
    for level in made.levels:
        market = now.shocked(shock_of(VOL, level.move_frac_or_days))
        exact = frontier(held, terms, market, rules, BTC)
        assert isinstance(exact, Frontier)
        want = [math.log1p(each.move) for each in exact.roots]
        assert [math.log1p(each) for each in level.roots_frac_or_days] == pytest.approx(
            want, abs=1e-4
        )
        assert level.is_solvent_low is (exact.stretches[0].state == "solvent")
        assert level.unknown == ""
        counts.append(len(want))
    assert max(counts) >= 2


def test_a_plane_moves_the_market_and_needs_a_requirement() -> None:
    with pytest.raises(OutOfDomain, match="funding"):
        plane(PAIR, TERMS, NOW, RULES, BTC, Direction(kind="funding"))
    assert isinstance(plane(PAIR, TERMS, snapshot(), RULES, BTC, VOL), Failure)


@pytest.mark.parametrize(
    ("kind", "level"), [("vol", -1.0), ("vol", math.nan), ("vol", math.inf), ("time", -1.0)]
)
def test_a_level_that_is_no_move_is_refused(kind: Any, level: float) -> None:
    with pytest.raises(OutOfDomain, match=f"levels along {kind}"):
        plane(PAIR, TERMS, NOW, RULES, BTC, Direction(kind=kind), [0.0, level])


def test_how_a_debt_grows_is_unknown_in_a_plane_too() -> None:
    """Fifty at 2,400 times 0.8 against 80,000 dollars that grow nobody knows how fast."""
    held = account("loan", currency="USD", positions={"supply:A": 50, "debt:USDC": -80_000})
    terms, rules = by_id(supply("A"), debt("USDC")), lending_rulebook(A=8000, USDC=8500)
    peg = Direction(kind="peg", beta_frac={"USDC": 1.0})

    def drawn(rate: D | None) -> Outcome[Plane]:
        owed = msgspec.structs.replace(lending("USDC"), borrow_frac_per_year=rate)
        now = snapshot(oracle("A", 2400), oracle("USDC", 1), lending("A"), owed)
        return plane(held, terms, now, rules, peg, Direction(kind="time"), [0.0, 365.0])

    told = drawn(D("0.1"))
    assert isinstance(told, Plane)
    roots = [each.roots_frac_or_days[0] for each in told.levels]
    assert roots == pytest.approx([0.2, 1.2 / math.exp(0.1) - 1.0], abs=2e-4)
    untold = drawn(None)
    assert isinstance(untold, Plane)
    assert all("how its debt grows is unknown" in each.unknown for each in untold.levels)
    assert not any(each.roots_frac_or_days or each.is_solvent_low for each in untold.levels)


def test_a_plane_over_time_looks_at_expiries() -> None:
    """The long put is gone after 180 days, the short one 10 days later: breached between them."""
    near = option(1100, "put", expiry_ns=T0_NS + 180 * DAY_NS)
    far = option(1000, "put", expiry_ns=T0_NS + 190 * DAY_NS)
    now = snapshot(index("BTC", 1000), option_quote(near, 1000, 0.6), option_quote(far, 1000, 0.6))
    held = account(
        currency="BTC",
        positions={near.instrument_id: 10, far.instrument_id: -10},
        balances={"BTC": D("0.649277")},
    )
    made = plane(held, by_id(near, far), now, scan_rulebook(), Direction(kind="time"), VOL, [0.0])
    assert isinstance(made, Plane)
    assert made.levels[0].roots_frac_or_days == pytest.approx((180.0, 190.0), abs=0.03)


# --- where the venue's rules end ------------------------------------------------------------------

ENDING = closing_rulebook(0, {"BTC/USDC": brackets((0, "0.01", "0.02"), most=10_400)})
SHORT = account(positions={"BTC-PERP": (-10, 1000)}, balances={"USDC": 4000})


def test_no_breach_is_not_said_where_the_rules_ended() -> None:
    """A short whose table of tiers ends 4 % above: what lies beyond is unknown, and told so."""
    found = reverse_stress(SHORT, TERMS, NOW, ENDING, [BTC], np.array([0.04]), np.eye(1))
    assert isinstance(found, ReverseStress)
    assert found.distance_deviations is None
    assert found.unknown
    text = printed(frontier_tables({"desk/a/b": ()}, {}, {"desk/a/b": found}))
    assert "The likeliest breach is unknown" in text
    assert "No breach within" not in text


def test_a_breach_just_before_the_rules_end_is_the_likeliest_known() -> None:
    """Short ten with 453.5: breached where 453.5 - 10 x = 0.01 (10,000 + 10 x), 3.5 % above.

    The table ends at 4 %, and a ray of half deviations steps from 2.0 to 4.1.
    """
    held = msgspec.structs.replace(
        SHORT, balances=(Balance(asset="USDC", quantity_coin=D("453.5")),)
    )
    found = reverse_stress(held, TERMS, NOW, ENDING, [BTC], np.array([0.04]), np.eye(1))
    assert isinstance(found, ReverseStress)
    assert found.distance_deviations == pytest.approx(math.log(1.035) / 0.04, rel=1e-4)


def test_levels_without_an_answer_are_marked_in_the_drawing() -> None:
    made = plane(SHORT, TERMS, NOW, ENDING, BTC, VOL, levels_frac_or_days=(0.0, 1.0))
    assert isinstance(made, Plane)
    assert all(each.unknown for each in made.levels)
    assert "unknown" in plane_svg(made)
