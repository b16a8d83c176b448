"""Loans that nobody touches: kept in an index, or in shares of a total."""

from decimal import Decimal

import msgspec

from hedgerow.margin.rules.morpho_blue import Debt
from hedgerow.market.interest import RAY, compounded_interest_ray, grown
from hedgerow.units import DAY_NS
from tests.builders import lending

D = Decimal
RATED = msgspec.structs.replace(lending("USDC"), borrow_frac_per_year=D("0.2"))


def test_a_market_in_shares_grows_by_its_total_and_its_index_says_the_same() -> None:
    """A fifth a year for a hundred days: both numbers agree to the last digit, as the rules ask."""
    before = Debt(assets_raw=10**12, shares_raw=10**18)
    index = msgspec.structs.replace(
        RATED,
        borrow_index_ray=before.index_ray,
        borrowed_raw=before.assets_raw,
        borrowed_shares_raw=before.shares_raw,
    )
    then = grown(index, 100 * DAY_NS)
    assert then.borrowed_raw is not None
    assert then.borrowed_shares_raw == before.shares_raw
    after = Debt(assets_raw=then.borrowed_raw, shares_raw=before.shares_raw)
    assert then.borrow_index_ray == after.index_ray
    factor_ray = compounded_interest_ray(RAY // 5, 100 * 86_400)
    assert 0 <= then.borrowed_raw * RAY - before.assets_raw * factor_ray < RAY


def test_a_side_without_a_rate_stays() -> None:
    then = grown(RATED, 100 * DAY_NS)
    assert then.liquidity_index_ray == RATED.liquidity_index_ray
    assert then.borrow_index_ray > RATED.borrow_index_ray
