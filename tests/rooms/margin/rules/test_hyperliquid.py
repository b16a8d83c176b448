"""Hyperliquid: continuity of tiers, roots of the account's own equation, and edges by hand."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.hyperliquid import account, funding, liquidation, portfolio, tiers

# The venue's table for BTC on its test net: 40x, from 10,000 on 25x, and so on.
BOUNDS = tuple(map(Fraction, (0, 10_000, 50_000, 100_000, 300_000)))
LEVERAGES = tuple(map(Fraction, (40, 25, 10, 5, 3)))
TABLE = tiers.tiers_of(BOUNDS, LEVERAGES)
FIFTY = tiers.tiers_of([Fraction(0)], [Fraction(25)])  # a maintenance leverage of 50

money = st.fractions(0, 10**6, max_denominator=1000)


# --- tiers -------------------------------------------------------------------------------------


def test_a_requirement_by_hand() -> None:
    assert [tier.deduction_usd for tier in TABLE] == [0, 75, 1575, 6575, 26_575]
    for notional, expected in ((0, 0), (5000, "62.5"), (30_000, 525), (75_000, 2175)):
        assert tiers.maintenance_usd(Fraction(notional), TABLE) == Fraction(expected)
    # 300,000 · 1/6 - 26,575, as much as 300,000 · 1/10 - 6,575.
    assert tiers.maintenance_usd(Fraction(300_000), TABLE) == 23_425


@pytest.mark.parametrize("at", range(1, 5))
def test_a_bound_is_in_the_tier_above_it_and_the_requirement_does_not_jump(at: int) -> None:
    bound, below, above = BOUNDS[at], TABLE[at - 1], TABLE[at]
    assert tiers.tier_of(bound, TABLE) == above
    assert tiers.tier_of(bound - Fraction(1, 10**9), TABLE) == below
    assert bound * below.maintenance_frac - below.deduction_usd == (
        bound * above.maintenance_frac - above.deduction_usd
    )


@given(money, money)
def test_more_notional_never_requires_less(one: Fraction, more: Fraction) -> None:
    assert tiers.maintenance_usd(one, TABLE) <= tiers.maintenance_usd(one + more, TABLE)


def test_impossible_tables_are_refused() -> None:
    one, two = Fraction(1), Fraction(2)
    with pytest.raises(OutOfDomain, match="were 0 bounds and 0 leverages"):
        tiers.tiers_of([], [])
    with pytest.raises(OutOfDomain, match="were 1 bounds and 2 leverages"):
        tiers.tiers_of([one], [one, two])
    with pytest.raises(OutOfDomain, match="must rise from 0 or above"):
        tiers.tiers_of([one, one], [one, two])
    with pytest.raises(OutOfDomain, match="leverage_max_0 must be positive, was 0"):
        tiers.tiers_of([one], [Fraction(0)])
    with pytest.raises(OutOfDomain, match="must rise from 0 or above"):
        tiers.tiers_of([-one], [one])
    with pytest.raises(OutOfDomain, match="notional_usd must not be negative, was -1"):
        tiers.maintenance_usd(-one, TABLE)
    with pytest.raises(OutOfDomain, match="no tier for a notional of 1"):
        tiers.tier_of(one, tiers.tiers_of([two], [one]))


# --- account -----------------------------------------------------------------------------------


def test_an_account_adds_up() -> None:
    value = account.account_value_usd(Fraction(100), [Fraction(5), Fraction("2.5")])
    assert value == Fraction("107.5")
    assert account.account_value_usd(Fraction(100), []) == 100
    assert account.raw_usd(value, Fraction(1000)) == Fraction("-892.5"), "a long was bought"
    assert account.raw_usd(value, Fraction(-1000)) == Fraction("1107.5"), "a short was sold"


# --- liquidation -------------------------------------------------------------------------------


def test_the_documented_price_in_one_tier() -> None:
    # 2000 - 1 · (200 - 40) / 1 / (1 - 0.02), and the mirror of it.
    def price(size: int, margin: int = 200) -> Fraction:
        return liquidation.liquidation_price_usd(
            Fraction(2000), Fraction(size), margin_usd=Fraction(margin), tiers=FIFTY
        )

    assert price(1) == 2000 - 160 / Fraction("0.98")
    assert price(-1) == 2000 + 160 / Fraction("1.02")
    assert price(1, margin=40) == 2000, "at its requirement already"
    assert price(1, margin=2500) < 0, "no fall liquidates it"
    # Another position's 20 count as what this one lacks.
    assert price(-1, margin=180) == liquidation.liquidation_price_usd(
        Fraction(2000),
        Fraction(-1),
        margin_usd=Fraction(200),
        tiers=FIFTY,
        other_maintenance_usd=Fraction(20),
    )


@given(
    st.fractions(1, 10**5, max_denominator=100),
    st.fractions(-100, 100, max_denominator=100),
    st.fractions(-(10**5), 10**6, max_denominator=100),
    money,
)
def test_at_the_liquidation_price_margin_is_the_requirement_of_that_price(
    price: Fraction, size: Fraction, margin: Fraction, other: Fraction
) -> None:
    assume(size != 0)
    root = liquidation.liquidation_price_usd(
        price, size, margin_usd=margin, tiers=TABLE, other_maintenance_usd=other
    )
    assume(root >= 0)
    assert margin + size * (root - price) == other + tiers.maintenance_usd(abs(size) * root, TABLE)


def test_the_price_is_that_of_the_tier_it_falls_into() -> None:
    # Short of 1 at 9,000 (40x): beyond 10,000 the next tier asks for more, so it comes sooner.
    def price(table: tuple[tiers.Tier, ...]) -> Fraction:
        return liquidation.liquidation_price_usd(
            Fraction(9000), Fraction(-1), margin_usd=Fraction(2000), tiers=table
        )

    assert price(TABLE) == Fraction(11_075) / Fraction("1.02")
    assert price(TABLE[:1]) == Fraction(11_000) / Fraction("1.0125")
    assert price(TABLE) < price(TABLE[:1])
    # With 1,125 it falls on the bound itself, where both tiers say the same.
    on_bound = liquidation.liquidation_price_usd(
        Fraction(9000), Fraction(-1), margin_usd=Fraction(1125), tiers=TABLE
    )
    assert on_bound == 10_000


def test_positions_without_a_price_are_refused() -> None:
    def price(at: int, size: int, table: tuple[tiers.Tier, ...], other: int = 0) -> Fraction:
        return liquidation.liquidation_price_usd(
            Fraction(at),
            Fraction(size),
            margin_usd=Fraction(1),
            tiers=table,
            other_maintenance_usd=Fraction(other),
        )

    half = tiers.tiers_of([Fraction(0)], [Fraction(1, 2)])  # a rate of one
    with pytest.raises(OutOfDomain, match="size_coin must not be 0"):
        price(1, 0, FIFTY)
    with pytest.raises(OutOfDomain, match="price_usd must be positive, was 0"):
        price(0, 1, FIFTY)
    with pytest.raises(OutOfDomain, match="a rate of 1 leaves a long no way"):
        price(1, 1, half)
    assert price(1, -1, half) == 1
    with pytest.raises(OutOfDomain, match="at least one tier"):
        price(1, 1, ())
    with pytest.raises(OutOfDomain, match="other_maintenance_usd must not be negative"):
        price(1, 1, FIFTY, other=-1)


def test_a_large_position_goes_in_parts_until_the_first_has_gone() -> None:
    def order(notional: int, *, in_cooldown: bool = False) -> Fraction:
        return liquidation.order_usd(Fraction(notional), in_cooldown=in_cooldown)

    assert order(100_000) == 100_000, "the threshold itself is not above it"
    assert order(100_001) == Fraction("20000.2")
    assert order(100_001, in_cooldown=True) == 100_001
    assert order(0) == 0
    with pytest.raises(OutOfDomain, match="notional_usd must not be negative"):
        order(-1)


def test_the_backstop_takes_below_two_thirds() -> None:
    assert liquidation.backstop_usd(Fraction(30)) == 20
    with pytest.raises(OutOfDomain, match="requirement_usd must not be negative"):
        liquidation.backstop_usd(Fraction(-1))


def profit(
    mark: int, entry: int, notional: int, value: int, *, is_long: bool = True
) -> liquidation.Profit:
    return liquidation.Profit(
        price_mark_usd=Fraction(mark),
        price_entry_usd=Fraction(entry),
        notional_usd=Fraction(notional),
        account_value_usd=Fraction(value),
        is_long=is_long,
    )


def test_who_is_deleveraged_first() -> None:
    assert liquidation.deleveraging_index_frac(profit(110, 100, 500, 100)) == Fraction("5.5")
    assert liquidation.deleveraging_index_frac(profit(100, 110, 500, 100, is_long=False)) == (
        Fraction("5.5")
    )
    ranked = liquidation.deleveraging_order(
        {
            "a": profit(110, 100, 500, 100),
            "twin": profit(110, 100, 1000, 200),
            "levered": profit(110, 100, 600, 100),
            "losing": profit(90, 100, 500, 100),
        }
    )
    assert ranked == ("levered", "a", "twin", "losing")
    assert liquidation.deleveraging_order({}) == ()


@pytest.mark.parametrize(
    ("mark", "entry", "notional", "value", "named"),
    [
        (0, 1, 1, 1, "price_mark_usd"),
        (1, 0, 1, 1, "price_entry_usd"),
        (1, 1, -1, 1, "notional_usd"),
        (1, 1, 1, 0, "account_value_usd"),
    ],
)
def test_an_index_of_nothing_is_refused(
    mark: int, entry: int, notional: int, value: int, named: str
) -> None:
    with pytest.raises(OutOfDomain, match=f"{named} must"):
        liquidation.deleveraging_index_frac(profit(mark, entry, notional, value))


# --- funding -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("premium", "rate"),
    [
        ("0.01", "0.0095"),
        ("0.0006", "0.0001"),  # the edge of the flat band
        ("0.0007", "0.0002"),
        ("0.0001", "0.0001"),
        ("-0.0004", "0.0001"),  # the other edge
        ("-0.0005", "0"),
        ("-0.01", "-0.0095"),
        ("0", "0.0001"),
    ],
)
def test_the_rate_is_flat_between_its_edges(premium: str, rate: str) -> None:
    assert funding.rate_frac_per_8h(Fraction(premium)) == Fraction(rate)


def test_the_hourly_rate_is_an_eighth_up_to_four_per_cent() -> None:
    def hourly(rate: str) -> Fraction:
        return funding.rate_frac_per_hour(Fraction(rate))

    assert hourly("0.0095") == Fraction("0.0011875")
    assert [hourly("0.32"), hourly("0.33"), hourly("-0.33")] == [
        Fraction("0.04"),
        Fraction("0.04"),
        -Fraction("0.04"),
    ]
    for refused in (funding.rate_frac_per_8h, funding.rate_frac_per_hour):
        bound = {"pull_frac_max": Fraction(-1)}
        if refused is funding.rate_frac_per_hour:
            bound = {"frac_per_hour_max": Fraction(-1)}
        with pytest.raises(OutOfDomain, match="must not be negative"):
            refused(Fraction(0), **bound)


def premium(bid: int | None, ask: int | None) -> Fraction:
    return funding.premium_frac(
        Fraction(10_000),
        impact_bid_usd=None if bid is None else Fraction(bid),
        impact_ask_usd=None if ask is None else Fraction(ask),
    )


def test_a_book_beyond_the_oracle_has_a_premium() -> None:
    assert premium(10_100, 10_200) == Fraction("0.01")
    assert premium(9_800, 9_900) == Fraction("-0.01")
    assert premium(9_900, 10_100) == 0
    assert premium(10_000, 10_100) == 0
    assert premium(9_900, 10_000) == 0
    assert premium(10_100, None) == Fraction("0.01"), "the ask is above the bid"
    assert premium(10_000, None) == 0
    assert premium(None, 9_900) == Fraction("-0.01")
    assert premium(None, 10_000) == 0
    for bid, ask in ((9_900, None), (None, 10_100), (None, None)):
        with pytest.raises(OutOfDomain, match="both are needed"):
            premium(bid, ask)
    with pytest.raises(OutOfDomain, match="impact ask 9 lies below impact bid 10"):
        premium(10, 9)
    assert premium(10, 10) == Fraction(10 - 10_000, 10_000)
    with pytest.raises(OutOfDomain, match="oracle_usd must be positive, was 0"):
        funding.premium_frac(Fraction(0), impact_bid_usd=Fraction(1), impact_ask_usd=Fraction(1))


# --- portfolio margin --------------------------------------------------------------------------


def counted(**changed: int | str) -> Fraction:
    values = {"held": 500, "price": 40, "ltv": "0.65", "supply": 10**6, "borrow": 10**8, **changed}
    return portfolio.collateral_usd(
        portfolio.Collateral(
            quantity_coin=Fraction(values["held"]),
            price_oracle_usd=Fraction(values["price"]),
            loan_to_value_frac=Fraction(values["ltv"]),
            supply_coin_max=Fraction(values["supply"]),
            borrow_usd_max=Fraction(values["borrow"]),
        )
    )


def test_collateral_counts_up_to_both_caps() -> None:
    assert portfolio.threshold_frac(Fraction("0.65")) == Fraction("0.825")
    assert counted() == 16_500
    assert counted(supply=100) == 3_300
    assert counted(borrow=16_499) == 16_499
    assert counted(ltv=0) == 10_000
    assert counted(ltv=1) == 20_000
    for ltv in ("-0.01", "1.01"):
        with pytest.raises(OutOfDomain, match="loan_to_value_frac must be from 0 to 1"):
            counted(ltv=ltv)
    for name in ("held", "price", "supply", "borrow"):
        with pytest.raises(OutOfDomain, match="must not be negative, was -1"):
            counted(**{name: -1})


def test_the_requirement_adds_and_is_held_against_95_per_cent() -> None:
    required = portfolio.requirement_usd([Fraction(100), Fraction(30)], borrowed_usd=Fraction(800))
    assert required == 950
    assert portfolio.requirement_usd([], borrowed_usd=Fraction(0)) == 20
    assert not portfolio.is_liquidatable(required, Fraction(1000)), "at 95 % not yet"
    assert portfolio.is_liquidatable(required, Fraction("999.99"))
    assert portfolio.is_liquidatable(Fraction(1), Fraction(0))
    for wrong in ({"borrowed_usd": Fraction(-1)}, {"offset_usd": Fraction(-1)}):
        with pytest.raises(OutOfDomain, match="must not be negative"):
            portfolio.requirement_usd([], **{"borrowed_usd": Fraction(0), **wrong})
    with pytest.raises(OutOfDomain, match="cross_maintenance_usd must not be negative"):
        portfolio.requirement_usd([Fraction(-1)], borrowed_usd=Fraction(0))


def test_borrowing_is_dear_beyond_four_fifths() -> None:
    def rate(use: str) -> Fraction:
        return portfolio.borrow_rate_frac_per_year(Fraction(use))

    assert [rate("0"), rate("0.8"), rate("0.9"), rate("1")] == [
        Fraction("0.05"),
        Fraction("0.05"),
        Fraction("0.525"),
        Fraction(1),
    ]
    for use in ("-0.01", "1.01"):
        with pytest.raises(OutOfDomain, match="utilisation_frac must be from 0 to 1"):
            rate(use)


def test_a_loss_beyond_cash_is_borrowed() -> None:
    assert portfolio.borrowed_usd(Fraction(-500)) == 500
    assert portfolio.borrowed_usd(Fraction(-500), cash_usd=Fraction(200)) == 300
    assert portfolio.borrowed_usd(Fraction(-500), cash_usd=Fraction(600)) == 0
    assert portfolio.borrowed_usd(Fraction(500)) == 0
    assert portfolio.borrowed_usd(Fraction(-500), cash_usd=Fraction(-200)) == 700
