"""One direction at a time, against closed forms worked out by hand."""

import math
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.market import FundingSettlement, MarketEvent, Shock, Snapshot
from hedgerow.portfolio import Account, Balance
from hedgerow.reporting import frontier_tables
from hedgerow.solvency import (
    Direction,
    Frontier,
    Root,
    Stretch,
    applied,
    binding,
    frontier,
    joint_of,
    shock_of,
    ways_of,
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
    staking,
    supply,
    tiered_rulebook,
)
from tests.rooms.reporting.test_terminal import printed

D = Decimal
BTC = perpetual()
TENTH = tiered_rulebook([(0, "0.01")], ("BTC", "ETH"))


def known(outcome: Frontier | Failure) -> Frontier:
    assert isinstance(outcome, Frontier), outcome
    return outcome


def along(kind: Any, *names: str, **more: float) -> Direction:
    return Direction(kind=kind, beta_frac=dict.fromkeys(names, 1.0), **more)


def searched(
    held: Account, terms: dict[str, Instrument], now: Snapshot, rules: Rulebook, way: Direction
) -> Frontier:
    return known(frontier(held, terms, now, rules, way))


def lone(quantity: D | int, cash: D | int, *events: MarketEvent) -> tuple[Account, Snapshot]:
    held = account(positions={"BTC-PERP": (quantity, 1000)}, balances={"USDC": cash})
    return held, snapshot(quote("BTC-PERP", 1000), index("BTC", 1000), *events)


# --- what a direction is --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "named", "more"),
    [
        ("spot", {}, {}),
        ("vol", {"BTC": 1.0}, {}),
        ("time", {"BTC": 1.0}, {}),
        ("spot", {"BTC": math.nan}, {}),
        ("spot", {"BTC": 1.0}, {"low_frac_or_days": -1.0}),
        ("spot", {"BTC": 1.0}, {"low_frac_or_days": 0.1}),
        ("spot", {"BTC": 1.0}, {"high_frac_or_days": math.inf}),
        ("time", {}, {"low_frac_or_days": -1.0}),
        ("time", {}, {"high_frac_or_days": 0.0}),
        ("spot", {"BTC": 300.0}, {}),
        ("spot", {"BTC": -1000.0}, {}),
        ("spot", {"BTC": 0.0, "ETH": 0.0}, {}),
    ],
)
def test_a_direction_that_cannot_be_is_refused(
    kind: Any, named: dict[str, float], more: dict[str, float]
) -> None:
    with pytest.raises(ValueError, match=r"direction along|betas must|search along"):
        Direction(kind=kind, beta_frac=named, **more)


def test_what_each_kind_moves() -> None:
    assert shock_of(Direction(kind="spot", beta_frac={"BTC": 1.0, "ETH": 2.0}), -0.1) == Shock(
        spot_factor_frac={"BTC": 0.9, "ETH": 0.9**2}
    )
    assert shock_of(along("peg", "USDC"), -0.1) == Shock(spot_factor_frac={"USDC": 0.9})
    assert shock_of(along("mark", "BTC-PERP"), 0.5) == Shock(mark_factor_frac={"BTC-PERP": 1.5})
    assert shock_of(along("basis", "BTC"), 0.5) == Shock(basis_factor_frac={"BTC": 1.5})
    assert shock_of(along("vol"), 0.5) == Shock(vol_factor_frac=1.5)
    assert shock_of(along("time"), 2.0) == Shock(time_forward_ns=2 * DAY_NS)
    assert shock_of(along("funding"), 2.0) == Shock()


# --- conventions ----------------------------------------------------------------------------------


@given(
    side=st.sampled_from([-1, 1]),
    size=st.integers(1, 50),
    leverage=st.integers(2, 40),
)
def test_frozen_and_joint_are_one_for_a_single_position(
    side: int, size: int, leverage: int
) -> None:
    held, now = lone(side * size, D(1000 * size) / leverage)
    frozen, joint, single = (
        searched(held, by_id(BTC), now, TENTH, way)
        for way in (along("mark", "BTC-PERP"), along("spot", "BTC", "ETH"), along("spot", "BTC"))
    )
    assert frozen.roots == joint.roots == single.roots
    assert len(frozen.roots) == 1


def test_the_published_mistake() -> None:
    """A screen that looks at one position alone shows 4.6 % of room; the account has 0.6 %.

    Alone: 10 of BTC at 1,000 with the account's 555 of cash, 1 % maintained: it breaks where
    555 - 10 x = 0.01 (10,000 - 10 x), 4.6 % below. The account is also long 69.4 of ETH at 1,000,
    which moves as one with it: 555 - 79.4 x = 0.01 (79,400 - 79.4 x) would break it at once, so it
    holds 480 more: 1,260 needs 794, and 466 over 79.4 times 0.99 is 0.6 %.
    """
    alone, now = lone(10, 555, quote("ETH-PERP", 1000), index("ETH", 1000))
    whole = msgspec.structs.replace(
        account(
            positions={"BTC-PERP": (10, 1000), "ETH-PERP": ("69.4", 1000)},
            balances={"USDC": D("1265.6")},
        )
    )
    terms = by_id(BTC, perpetual("ETH"))
    shown = searched(alone, terms, now, TENTH, along("mark", "BTC-PERP")).down
    true = searched(whole, terms, now, TENTH, along("spot", "BTC", "ETH")).down
    assert shown == pytest.approx(-(555 - 100) / (10 * 1000 * 0.99))
    assert shown == pytest.approx(-0.046, abs=0.0005)
    assert true == pytest.approx(-(1265.6 - 794) / (79.4 * 1000 * 0.99))
    assert true == pytest.approx(-0.006, abs=0.0005)


@given(
    sizes=st.tuples(st.integers(-30, 30), st.integers(-30, 30)).filter(any),
    cash=st.integers(0, 20_000),
    more=st.integers(1, 20_000),
    way=st.sampled_from([along("spot", "BTC", "ETH"), along("spot", "BTC"), along("basis", "ETH")]),
)
def test_more_of_the_own_dollars_never_brings_the_nearest_root_closer(
    sizes: tuple[int, int], cash: int, more: int, way: Direction
) -> None:
    held = account(
        positions={"BTC-PERP": (sizes[0], 1000), "ETH-PERP": (sizes[1], 100)},
        balances={"USDC": cash},
    )
    richer = msgspec.structs.replace(
        held, balances=(*held.balances, Balance(asset="USDC", quantity_coin=D(more)))
    )
    now = snapshot(quote("BTC-PERP", 1000), quote("ETH-PERP", 100))
    terms = by_id(BTC, perpetual("ETH"))
    rules = tiered_rulebook([(0, "0.01"), (10_000, "0.02"), (30_000, "0.05")], ("BTC", "ETH"))
    before, after = (searched(each, terms, now, rules, way) for each in (held, richer))
    assume(before.nearest is not None)
    if after.nearest is not None:
        near, far = (abs(way.coordinate(each.nearest or 0.0)) for each in (before, after))
        assert far >= near - 1e-9


# --- each kind in closed form ---------------------------------------------------------------------


def test_funding_takes_what_is_above_the_need() -> None:
    """Ten long at 1,000 pay 1 bps of 10,000 three times a day, 3 dollars; 300 above the need."""
    held, now = lone(
        10, 400, FundingSettlement(time_ns=T0_NS, instrument_id="BTC-PERP", rate_frac=D("0.0001"))
    )
    found = searched(held, by_id(BTC), now, TENTH, along("funding"))
    assert found.down is None
    assert found.up == pytest.approx(100.0)
    told = Direction(kind="funding", beta_frac={"BTC-PERP": 0.0002})
    assert searched(held, by_id(BTC), now, TENTH, told).up == pytest.approx(50.0)
    paid = Direction(kind="funding", beta_frac={"BTC-PERP": -0.0002})
    assert searched(held, by_id(BTC), now, TENTH, paid).nearest is None


def test_a_rate_and_days_out_of_a_column_are_numbers_like_any_other() -> None:
    """A NumPy scalar prints as ``np.float64(0.0002)``, which is no decimal."""
    held = account(positions={"BTC-PERP": (10, 1000)}, balances={"USDC": 400})
    now = snapshot(quote("BTC-PERP", 1000), index("BTC", 1000))
    told = Direction(kind="funding", beta_frac={"BTC-PERP": np.float64(0.0002)})
    moved = applied(told, np.float64(50.0), held, by_id(BTC), now)
    assert not isinstance(moved, Failure)
    # Ten at 1,000 pay 2 dollars an interval, three times a day.
    assert moved[0].balance_coin("USDC") == 400 - 300


def test_funding_of_an_inverse_perpetual_is_paid_in_coins() -> None:
    held = account(currency="BTC", positions={"BTC-PERPETUAL": (2000, 1000)}, balances={"BTC": 1})
    rate = FundingSettlement(time_ns=T0_NS, instrument_id="BTC-PERPETUAL", rate_frac=D("0.001"))
    now = snapshot(quote("BTC-PERPETUAL", 1000), index("BTC", 1000), rate)
    moved = applied(along("funding"), 1.0, held, by_id(inverse()), now)
    assert not isinstance(moved, Failure)
    # 2,000 dollars are two coins; a thousandth of them, three times.
    assert moved[0].balance_coin("BTC") == 1 - D("0.006")


@pytest.mark.parametrize(("quantity", "received"), [(1, "-0.02"), (-1, "0.01")])
def test_a_remainder_of_funding_is_ours_to_lose(quantity: int, received: str) -> None:
    """1,000 dollars at 5e-20 three times a day are 1.5e-16: a day's hundredth, 1.5e-18, is down."""
    held, now = lone(quantity, 0)
    way = Direction(kind="funding", beta_frac={"BTC-PERP": 5e-20})
    moved = applied(way, 0.01, held, by_id(BTC), now)
    assert not isinstance(moved, Failure)
    (paid,) = moved[0].balances[len(held.balances) :]
    assert paid.quantity_coin == D(received) * D("1e-16")


def test_funding_without_a_rate_is_unknown() -> None:
    held, now = lone(10, 400)
    outcome = frontier(held, by_id(BTC), now, TENTH, along("funding"))
    assert isinstance(outcome, Failure)
    assert "no funding rate for BTC-PERP" in outcome.message


LOAN = account(
    "loan", venue="aave", currency="USD", positions={"supply:wstETH": 50, "debt:USDC": -80_000}
)
LOAN_TERMS = by_id(supply("wstETH"), debt("USDC"))
LOAN_RULES = lending_rulebook(wstETH=8000, USDC=8500)


def lent(*more: MarketEvent, borrow: D | None = None) -> Snapshot:
    events: list[MarketEvent] = [
        oracle("wstETH", 2400),
        oracle("USDC", 1),
        lending("wstETH"),
        msgspec.structs.replace(lending("USDC"), borrow_frac_per_year=borrow),
        *more,
    ]
    return snapshot(*events)


def test_a_dollar_that_rises_breaks_a_loan_in_it() -> None:
    """50 at 2,400 times 0.8 is 96,000 against 80,000 dollars: at 1.2 dollars a dollar."""
    found = searched(LOAN, LOAN_TERMS, lent(), LOAN_RULES, along("peg", "USDC"))
    assert found.down is None
    assert found.up == pytest.approx(0.2)


def test_a_staked_token_may_leave_its_base() -> None:
    rate = staking("wstETH", "ETH", "1.2")
    now = lent(rate, index("ETH", 2000))
    alone = searched(LOAN, LOAN_TERMS, now, LOAN_RULES, along("peg", "wstETH"))
    whole = searched(LOAN, LOAN_TERMS, now, LOAN_RULES, along("spot", "ETH"))
    assert (alone.down, whole.down) == pytest.approx((80 / 96 - 1, 80 / 96 - 1))


def test_a_loan_grows_into_its_threshold() -> None:
    """80,000 grow to 96,000: at 10 % a year, compounded, in ln 1.2 / 0.1 years."""
    found = searched(
        LOAN,
        LOAN_TERMS,
        lent(borrow=D("0.1")),
        LOAN_RULES,
        Direction(kind="time", high_frac_or_days=1000.0),
    )
    assert found.up == pytest.approx(365 * math.log(1.2) / 0.1, rel=2e-3)
    untold = frontier(LOAN, LOAN_TERMS, lent(), LOAN_RULES, along("time"))
    assert isinstance(untold, Failure)
    assert "how its debt grows is unknown" in untold.message


def test_a_basis_moves_the_future_and_not_the_spot() -> None:
    """Short ten at 1,000 with 400: breaks where 400 - 10 x = 0.01 (10,000 + 10 x)."""
    held, now = lone(-10, 400)
    found = searched(held, by_id(BTC), now, TENTH, along("basis", "BTC"))
    assert found.up == pytest.approx(300 / (10 * 1.01) / 1000)
    shocked = now.shocked(shock_of(along("basis", "BTC"), 0.1))
    assert shocked.spot_usd("BTC") == D(1000)


def test_vols_break_a_short_option_upwards_only() -> None:
    call = option(70_000, "call")
    held = account(currency="BTC", positions={call.instrument_id: -10}, balances={"BTC": 4})
    now = snapshot(index("BTC", 60_000), option_quote(call, 60_000, 0.6))
    found = searched(held, by_id(call), now, scan_rulebook(), along("vol"))
    assert found.down is None
    assert found.up is not None
    assert found.up > 0.0


# --- what is unknown ------------------------------------------------------------------------------


def test_no_requirement_now_is_no_frontier() -> None:
    held, _ = lone(10, 400)
    outcome = frontier(held, by_id(BTC), snapshot(), TENTH, along("spot", "BTC"))
    assert isinstance(outcome, Failure)
    assert outcome.reason == "missing_data"


def test_an_account_that_is_liquidatable_now_says_where_it_heals() -> None:
    held, now = lone(10, 50)
    found = searched(held, by_id(BTC), now, TENTH, along("spot", "BTC"))
    assert found.is_liquidatable
    assert (found.down, found.up, found.nearest) == (None, None, 0.0)
    assert [each.move for each in found.roots] == [pytest.approx(50 / 9900)]


# --- several --------------------------------------------------------------------------------------


def test_ways_are_those_of_what_is_held() -> None:
    call = option(70_000, "call")
    held = account(
        currency="BTC",
        positions={"BTC-PERPETUAL": (100, 1000), call.instrument_id: 1},
        balances={"BTC": 1, "USDC": 5},
    )
    now = snapshot(index("BTC", 1000))
    found = [way.title for way in ways_of(held, by_id(inverse(), call), now, {})]
    assert found == [
        "spot of BTC",
        "mark of BTC-PERPETUAL",
        "vol",
        "basis of BTC",
        "peg of USDC",
        "funding",
        "time",
    ]
    both = account(positions={"BTC-PERP": (1, 1000), "ETH-PERP": (1, 100)})
    first, *_ = ways_of(both, by_id(BTC, perpetual("ETH")), now, {"BTC": 1.0, "ETH": 1.2})
    assert dict(first.beta_frac) == {"BTC": 1.0, "ETH": 1.2}
    (borrowed, *_) = ways_of(LOAN, LOAN_TERMS, lent(staking("wstETH", "ETH", "1.2")), {})
    assert borrowed.title == "spot of ETH"


def test_the_account_that_binds_is_the_nearest_in_logs() -> None:
    """Down 30 % is further in logs than up 35 %."""
    way = along("spot", "BTC")
    long, now = lone(10, D(10_000) - D(7_000) * D("0.99"))
    short, _ = lone(-10, D(13_500) * D("1.01") - D(10_000))
    found = [searched(each, by_id(BTC), now, TENTH, way) for each in (long, short)]
    assert [each.nearest for each in found] == [pytest.approx(-0.3), pytest.approx(0.35)]
    assert binding(found) is found[1]
    assert binding([]) is None


# --- what a hostile reader found ------------------------------------------------------------------


def test_a_breach_between_two_expiries_is_found() -> None:
    """The long put is gone after 180 days, the short one 10 days later: breached between them."""
    near = option(1100, "put", expiry_ns=T0_NS + 180 * DAY_NS)
    far = option(1000, "put", expiry_ns=T0_NS + 190 * DAY_NS)
    terms = by_id(near, far)
    now = snapshot(index("BTC", 1000), option_quote(near, 1000, 0.6), option_quote(far, 1000, 0.6))
    held = account(
        currency="BTC",
        positions={near.instrument_id: 10, far.instrument_id: -10},
        balances={"BTC": D("0.649277")},
    )
    found = searched(held, terms, now, scan_rulebook(), along("time"))
    days = 185 * DAY_NS
    report = require(held, terms, now.shocked(Shock(time_forward_ns=days)), scan_rulebook())
    assert isinstance(report, MarginReport)
    assert report.headroom_ccy < 0
    assert found.up is not None
    assert 179.0 < found.up <= 180.001
    assert len(found.roots) == 2


def test_a_coin_of_another_beta_is_priced_at_its_own_move() -> None:
    held, now = lone(10, 400)
    twice = Direction(kind="spot", beta_frac={"BTC": 2.0})
    found = searched(held, by_id(BTC), now, TENTH, twice)
    text = printed(frontier_tables({"desk/a/b": ((twice, found),)}, {"BTC": 1000.0}, {}))
    price = 1000 * (1 - (400 - 100) / (10 * 1000 * 0.99))
    assert f"{price:,.4f}"[:6] in text


def test_an_unknown_stretch_before_a_root_hides_it() -> None:
    """Solvent to -20 %, unknown to -30 %, breached to -50 %: no price is said to be the breach."""
    held, now = lone(10, 400)
    plain = searched(held, by_id(BTC), now, TENTH, along("spot", "BTC"))
    spans = [(-0.95, -0.5, "solvent"), (-0.5, -0.3, "breached"), (-0.3, -0.2, "unknown")]
    spans.append((-0.2, 4.0, "solvent"))
    made = msgspec.structs.replace(
        plain,
        roots=(Root(move_solvent_frac_or_days=-0.5, move_breached_frac_or_days=-0.4999),),
        stretches=tuple(
            Stretch(state=state, move_low_frac_or_days=low, move_high_frac_or_days=high)  # type: ignore[arg-type]
            for low, high, state in spans
        ),
    )
    assert (made.down, made.is_down_known) == (None, False)
    assert (made.up, made.is_up_known) == (None, True)
    assert made.safe_to(is_up=False) == -0.2
    text = printed(frontier_tables({"desk/a/b": ((made.direction, made),)}, {}, {}))
    assert "unknown from -20.00 %" in text
    assert "-50" not in text.split("Remark")[0]


def test_an_account_that_is_broken_heals_at_the_nearest_root_on_each_side() -> None:
    held, now = lone(10, 50)
    plain = searched(held, by_id(BTC), now, TENTH, along("spot", "BTC"))
    spans = [(-0.95, 0.05, "breached"), (0.05, 0.5, "solvent"), (0.5, 4.0, "breached")]
    made = msgspec.structs.replace(
        plain,
        roots=(
            Root(move_solvent_frac_or_days=0.05, move_breached_frac_or_days=0.0499),
            Root(move_solvent_frac_or_days=0.5, move_breached_frac_or_days=0.5001),
        ),
        stretches=tuple(
            Stretch(state=state, move_low_frac_or_days=low, move_high_frac_or_days=high)  # type: ignore[arg-type]
            for low, high, state in spans
        ),
    )
    assert made.heals == (0.05,)


def test_who_binds_is_asked_along_one_direction() -> None:
    """The pair breaks sooner in the first coin's terms; the lone one moves 1.6 times as far."""
    betas = {"BTC": 1.0, "ETH": 1.6}
    pair = account("pair", positions={"BTC-PERP": (10, 1000)}, balances={"USDC": 1800})
    other = account("other", positions={"ETH-PERP": (100, 100)}, balances={"USDC": 1950})
    now = snapshot(quote("BTC-PERP", 1000), quote("ETH-PERP", 100))
    terms = by_id(BTC, perpetual("ETH"))
    joint = joint_of(["BTC", "ETH"], betas)
    found = [searched(each, terms, now, TENTH, joint) for each in (pair, other)]
    assert binding(found) is found[1]
    text = printed(frontier_tables({}, {}, {}, found))
    assert "nearest breach is that of other" in text
