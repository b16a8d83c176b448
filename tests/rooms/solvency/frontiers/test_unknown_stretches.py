"""What is unknown along a direction: where rules end, and what nobody follows."""

import pytest

from hedgerow.errors import Failure
from hedgerow.solvency import Direction, applied, frontier, ways_of
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse_future,
    option,
    option_quote,
    quanto,
    quote,
    scan_rulebook,
    snapshot,
)
from tests.rooms.margin.made_brackets import brackets, closing_rulebook
from tests.rooms.solvency.frontiers.test_directions import (
    BTC,
    LOAN_RULES,
    LOAN_TERMS,
    TENTH,
    along,
    lent,
    lone,
    searched,
)


def test_where_the_rules_end_the_rest_is_unknown() -> None:
    """A table that ends at 12,000 dollars: nothing is said of ten coins above 1,200."""
    held, now = lone(10, 4000)
    rules = closing_rulebook(0, {"BTC/USDC": brackets((0, "0.01", "0.02"), most=12_000)})
    found = searched(held, by_id(BTC), now, rules, along("spot", "BTC"))
    assert [each.state for each in found.stretches] == ["breached", "solvent", "unknown"]
    assert "12000" in found.unknown[0].reason.replace(",", "")
    assert (
        0.0
        < found.unknown[0].move_low_frac_or_days
        <= 0.2
        < found.unknown[0].move_high_frac_or_days
    )
    assert found.down == pytest.approx(-(4000 - 100) / (10 * 1000 * 0.99))
    assert found.up is None


def test_a_breach_just_before_the_rules_end_is_found() -> None:
    """Ten short with 2,000 break where 2,000 - 10 x = 0.01 (10,000 + 10 x); the table ends at 21 %.

    A step of the grid leads from 17 % to 23 %, where there is no answer.
    """
    held, now = lone(-10, 2000)
    rules = closing_rulebook(0, {"BTC/USDC": brackets((0, "0.01", "0.02"), most=12_100)})
    found = searched(held, by_id(BTC), now, rules, along("spot", "BTC"))
    assert found.up == pytest.approx((2000 - 100) / (10 * 1000 * 1.01))
    assert [each.state for each in found.stretches] == ["solvent", "breached", "unknown"]
    # From the last answer on: nothing hides between it and the end of the table.
    assert 0.18 < found.unknown[0].move_low_frac_or_days <= 0.21


@pytest.mark.parametrize("way", [along("spot", "BTC"), along("time"), along("funding")])
def test_what_has_no_terms_is_unknown_along_every_direction(way: Direction) -> None:
    held, now = lone(10, 400)
    outcome = frontier(held, {}, now, TENTH, way)
    assert isinstance(outcome, Failure)
    assert outcome.message == "no terms of BTC-PERP, which is held"
    assert [each.title for each in ways_of(held, {}, now, {})] == ["peg of USDC"]


def test_of_nothing_held_no_rate_is_missing() -> None:
    """A perpetual closed to nothing pays no funding, and a debt repaid does not grow."""
    held, now = lone(0, 400)
    assert searched(held, by_id(BTC), now, TENTH, along("funding")).nearest is None
    repaid = account("loan", currency="USD", positions={"supply:wstETH": 50, "debt:USDC": 0})
    assert searched(repaid, LOAN_TERMS, lent(), LOAN_RULES, along("time")).nearest is None


def test_funding_that_is_not_followed_is_listed_and_unknown() -> None:
    """Left out of the list, a quanto perpetual would look as if it paid none."""
    terms = quanto()
    held = account(currency="BTC", positions={terms.instrument_id: (1, 3000)}, balances={"BTC": 1})
    now = snapshot(quote(terms.instrument_id, 3000), index("BTC", 60_000))
    assert "funding" in [way.kind for way in ways_of(held, by_id(terms), now, {})]
    outcome = applied(along("funding"), 1.0, held, by_id(terms), now)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "unsupported"


def test_what_a_settled_future_leaves_is_unknown() -> None:
    """A short call hedged by a future that settles after ten days: from then on it is not."""
    call = option(1100, "call", expiry_ns=T0_NS + 30 * DAY_NS)
    future = inverse_future("BTC-DATED", T0_NS + 10 * DAY_NS)
    held = account(
        currency="BTC",
        positions={call.instrument_id: -1, "BTC-DATED": (1000, 1000)},
        balances={"BTC": 1},
    )
    now = snapshot(index("BTC", 1000), quote("BTC-DATED", 1000), option_quote(call, 1000, 0.6))
    found = searched(held, by_id(call, future), now, scan_rulebook(), along("time"))
    assert [each.state for each in found.stretches] == ["solvent", "unknown"]
    assert found.safe_to(is_up=True) == pytest.approx(10.0, abs=2 / 86_400)
    assert (found.up, found.is_up_known) == (None, False)
    assert "BTC-DATED settles 2026-02-11" in found.unknown[0].reason
