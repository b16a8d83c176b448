"""What a coin counts for is what the engine says, written as tiers that never promise more."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.collateral.engines import NOW, Asked, Measure, Point, tiers_of
from hedgerow.limits import survey
from hedgerow.margin import MarginReport, decode_rulebook
from hedgerow.margin.venues.okx_equity import Discount, DiscountTier
from hedgerow.margin.venues.okx_multi import MultiCurrencyRulebook
from hedgerow.portfolio import Account, Balance, book
from tests.builders import account, by_id, exact, index, packaged, snapshot

D = Decimal
OKX = "okx-multi/2026-11-20"


def _okx(coins: Decimal, tiers: dict[str, str] | None = None) -> tuple[Account, Asked]:
    """An account of bitcoin alone; with tiers, discounts known up to 100 coins are made up."""
    rules = decode_rulebook(packaged(OKX), where=OKX)
    assert isinstance(rules, MultiCurrencyRulebook)
    if tiers is not None:
        made = Discount(
            amount_coin_max=D(100),
            tiers=[
                DiscountTier(floor_coin=D(floor), rate_frac=D(rate))
                for floor, rate in tiers.items()
            ],
        )
        rules = msgspec.structs.replace(rules, discounts={**rules.discounts, "BTC": made})
    held = msgspec.structs.replace(
        account("okx", venue="okx", currency="USD", rulebook=OKX, positions={}),
        balances=(Balance(asset="BTC", quantity_coin=coins),),
    )
    state = survey(book([held], by_id()), snapshot(index("BTC", 60_000)), {OKX: rules}, ())
    return held, Asked(state, {OKX: rules}, {})


BARE = Measure(is_initial=False, use_frac=D(1))


@given(coins=st.floats(0, 80), out=st.floats(0, 10))
def test_tiers_never_count_more_than_the_engine_and_hardly_less(coins: float, out: float) -> None:
    """OKX counts more of a coin for less: its discount tiers, asked and not copied."""
    held, asked = _okx(D(10), {"0": "0.98", "7": "0.9", "30": "0.5"})
    points = asked.curve(
        held, "BTC", "balance", out_coin=D(10), in_coin=D(80), measure=BARE, scenario=NOW
    )
    assert isinstance(points, list)
    tiers, turns = tiers_of(points)
    assert turns is None
    assert len(tiers) > 2
    first = asked.report(held, (), NOW)
    assert isinstance(first, MarginReport)

    def counted(coin: float) -> float:
        total, left = 0.0, coin
        for tier in tiers:
            total += min(left, tier.width_coin) * tier.worth_ccy_per_coin
            left -= min(left, tier.width_coin)
        return total

    for change in (coins, -out):
        moved = asked.report(held, (("BTC", "balance", exact(f"{change:.6f}")),), NOW)
        assert isinstance(moved, MarginReport)
        true = float(moved.equity_ccy - first.equity_ccy)
        told = counted(10 + change) - counted(10)
        # A kink is between two coins asked at, a sixty-fourth of the way apart.
        assert true - 0.4 * 60_000 * 80 / 64 <= told <= true + 1.0


def test_where_the_engine_knows_no_more_the_curve_ends() -> None:
    held, asked = _okx(D(4))
    points = asked.curve(
        held, "BTC", "balance", out_coin=D(0), in_coin=D(4_000), measure=BARE, scenario=NOW
    )
    assert isinstance(points, list)
    assert D("15.9") <= points[-1].coin <= 16  # the discount of bitcoin is known up to 20


def test_tiers_of_what_bends_up_promise_the_flatter_slope() -> None:
    rising = [Point(D(x), D(y)) for x, y in ((0, 0), (1, 1), (2, 3))]
    assert [tier.worth_ccy_per_coin for tier in tiers_of(rising)[0]] == [1.0, 1.0]
    # On the way out what was cheap to lose first is not cheaper later.
    leaving = [Point(D(x), D(y)) for x, y in ((-2, "-1.5"), (-1, -1), (0, 0))]
    assert [tier.worth_ccy_per_coin for tier in tiers_of(leaving)[0]] == [1.0, 1.0]
    # Where more harms, no more is taken.
    turning = [Point(D(x), D(y)) for x, y in ((0, 0), (1, 1), (2, "0.5"))]
    tiers, most = tiers_of(turning)
    assert ([tier.worth_ccy_per_coin for tier in tiers], most) == ([1.0], D(1))
