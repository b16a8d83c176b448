"""Binance, Bybit, OKX, CME, Paradex: roots put back into their equations, cases by hand."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules import binance, bybit, okx, paradex, span, tiers

F = Fraction
SIZES = st.fractions(-100, 100, max_denominator=1000).filter(bool)
PRICES = st.fractions(1, 100_000, max_denominator=100)
RATES = st.fractions("1/1000", "1/4", max_denominator=1000)
MONEY = st.fractions(-10_000, 1_000_000, max_denominator=100)


# --- tiers ----------------------------------------------------------------------------------------


def test_the_first_tier_deducts_nothing_wherever_it_begins() -> None:
    """Continuous at 20: 20 · 10 % is 20 · 30 % less 4."""
    floors, rates = (F(10), F(20)), (F(1, 10), F(3, 10))
    assert list(tiers.deductions(floors, rates)) == [0, 4]
    assert [tiers.maintenance(F(n), floors, rates) for n in (10, 20, 30)] == [1, 2, 5]


@given(st.lists(st.tuples(st.integers(1, 10**7), RATES), min_size=1, max_size=6))
def test_tiers_are_continuous_at_every_floor(steps: list[tuple[int, Fraction]]) -> None:
    floors, rates = [F(0)], [F(1, 1000)]
    for width, rise in steps:
        floors.append(floors[-1] + width)
        rates.append(rates[-1] + rise)
    taken = tiers.deductions(floors, rates)
    for at in range(1, len(floors)):
        floor = floors[at]
        assert floor * rates[at - 1] - taken[at - 1] == floor * rates[at] - taken[at]
        assert tiers.tier_at(floors, floor) == at - 1
        assert tiers.tier_at(floors, floor + F(1, 100)) == at
    needs = [tiers.maintenance(F(n), floors, rates) for n in range(0, 10**7, 10**6)]
    assert all(below <= above for below, above in pairwise(needs))


@pytest.mark.parametrize(
    ("floors", "rates"), [([], []), ([0], [1, 2]), ([-1, 2], [1, 2]), ([0, 5, 5], [1, 2, 3])]
)
def test_tiers_that_are_none_are_refused(floors: list[int], rates: list[int]) -> None:
    with pytest.raises(OutOfDomain):
        tiers.deductions(list(map(F, floors)), list(map(F, rates)))
    with pytest.raises(OutOfDomain):
        tiers.tier_at([F(0)], F(-1))


# --- Binance --------------------------------------------------------------------------------------


@given(SIZES, PRICES, RATES, MONEY, MONEY, MONEY)
def test_at_a_linear_root_equity_is_the_requirement(
    size: Fraction,
    entry: Fraction,
    rate: Fraction,
    wallet: Fraction,
    other: Fraction,
    cum: Fraction,
) -> None:
    price = binance.linear_liquidation_price_usd(
        wallet_usd=wallet,
        quantity_coin=size,
        entry_usd=entry,
        rate_frac=rate,
        deduction_usd=cum,
        other_maintenance_usd=abs(other),
        other_profit_usd=other,
    )
    equity = wallet + other + size * (price - entry)
    required = abs(other) + abs(size) * price * rate - cum
    assert equity == required


def test_initial_margin_is_cut_off_after_eight_decimals() -> None:
    assert binance.initial_truncated(F("463.1548567"), F(100)) == F("4.63154856")
    with pytest.raises(OutOfDomain):
        binance.initial_truncated(F(1), F(0))
    loans = [("BTC", F(1), F("0.05")), ("BTC", F(2), F("0.1")), ("ETH", F(3), F("0.08"))]
    assert binance.loans_maintenance_coin(loans) == {"BTC": F("0.25"), "ETH": F("0.24")}
    assert binance.maintenance_usd(F(0), F(100), F("0.1"), F(5)) == 0


def test_coin_margined_prices_and_leverage_must_be_positive() -> None:
    for prices in ((F(0), F(1)), (F(1), F(0))):
        with pytest.raises(OutOfDomain, match="prices must be positive"):
            binance.inverse_profit_coin(F(100), *prices)
    for mark, leverage in ((F(0), F(10)), (F(1), F(0))):
        with pytest.raises(OutOfDomain, match="mark and leverage must be positive"):
            binance.inverse_margins_coin(F(100), mark, leverage_frac=leverage, rate_frac=F(1, 100))


# --- Bybit and OKX --------------------------------------------------------------------------------


@given(SIZES, PRICES, st.integers(1, 50), RATES, st.fractions(0, 100, max_denominator=100))
def test_an_isolated_position_dies_when_its_margin_is_down_to_maintenance(
    size: Fraction, entry: Fraction, leverage: int, rate: Fraction, extra: Fraction
) -> None:
    got = bybit.isolated_linear(
        size, entry, leverage_frac=F(leverage), rate_frac=rate, extra_usd=extra
    )
    lost = size * (entry - got.liquidation_price_usd)
    assert got.initial_ccy + extra - lost == got.maintenance_ccy


@given(
    st.fractions(100, 100_000, max_denominator=10), PRICES, st.fractions("1/100", 2),
    st.sampled_from([1, -1]),
)  # fmt: skip
def test_a_legacy_inverse_root_solves_its_equation(
    size: Fraction, entry: Fraction, part: Fraction, sign: int
) -> None:
    value = size / entry
    free = value * part
    rate, fee = F("0.005"), F("0.00075")
    assume(sign > 0 or part < F("0.9"))
    assume(part > F("0.02"))
    got = bybit.inverse_cross(
        sign * size, entry, free_coin=free, rate_frac=rate, fee_frac=fee, tick_usd=F("0.5")
    )
    price, bankrupt = got.liquidation_price_usd, got.bankruptcy_price_usd
    lost = sign * (size / price - value)
    assert lost == free - value * rate - size * fee / bankrupt
    assert sign * (size * (1 + sign * fee) / bankrupt - value) == free
    assert 0 <= got.liquidation_tick_usd - price < F("0.5")
    assert got.liquidation_tick_usd % F("0.5") == 0


def test_option_orders_and_margins_by_hand() -> None:
    terms = {"index_usd": F(30_000), "mark_usd": F(300)}
    short = bybit.short_option_maintenance_usd(
        F(-2), factor_frac=F("0.03"), liquidation_fee_frac=F("0.002"), **terms
    )
    assert short == 2 * (900 + 300 + 60)
    assert bybit.short_option_maintenance_usd(
        F(2), factor_frac=F("0.03"), liquidation_fee_frac=F("0.002"), **terms
    ) == 0  # fmt: skip
    initial = bybit.short_option_initial_usd(
        F(-2), order_usd=F(350), out_of_the_money_usd=F(2_000), maintenance_usd=short, **terms
    )
    assert initial == 2 * (3_000 + 350)
    cheap = bybit.long_option_order(
        F(3), F(10), index_usd=F(30_000), taker_frac=F("0.0003"), cap_of_price_frac=F("0.125")
    )
    assert cheap == bybit.OptionOrder(premium_usd=F(30), fee_usd=F("3.75"), cost_usd=F("33.75"))


@given(SIZES, PRICES, RATES, st.fractions(0, "1/100"), st.fractions(0, 10**5, max_denominator=10))
def test_okx_counts_the_closing_fee_into_the_requirement(
    size: Fraction, entry: Fraction, rate: Fraction, fee: Fraction, margin: Fraction
) -> None:
    price = okx.isolated_liquidation_price_usd(
        size, entry, margin_usd=margin, rate_frac=rate, fee_frac=fee
    )
    assert margin + size * (price - entry) == abs(size) * price * (rate + fee)


# --- CME ------------------------------------------------------------------------------------------


def test_span_counts_a_part_of_extreme_moves_and_no_gain() -> None:
    moves = [F(0), F(1, 3), F(-1), F(3), F(-3)]
    got = span.risk_array(
        F(-2), moves, range_points=F(120), multiplier=F(250), cover_frac=F("0.33")
    )
    assert list(got) == [F(0), F(20_000), F(-60_000), F(59_400), F(-59_400)]
    assert span.scanning_risk(got) == F("59400")
    assert span.scanning_risk([F(-5)]) == 0
    assert span.short_option_charge(F(-3), F(50)) == 0
    assert span.requirement(F(100), short_option_minimum=F(150)) == 150
    assert span.requirement(F(200), inter_credit=F(80), intra_commodity=F(10)) == 130


# --- Paradex --------------------------------------------------------------------------------------


@given(SIZES, st.fractions(0, 50), st.fractions(0, 50))
def test_open_size_is_the_worst_that_fills_can_make(
    position: Fraction, buys: Fraction, sells: Fraction
) -> None:
    got = paradex.open_size(position, buys, sells)
    assert got.worst_coin == max(position + buys, sells - position, 0)
    assert got.worst_coin >= abs(position) or buys + sells == 0 or got.worst_coin >= 0


def test_a_share_is_the_smallest_that_brings_the_ratio_below_its_target() -> None:
    rows = paradex.share_table(
        value_usd=F(80), requirement_usd=F("88.8"), fee_frac=F("0.7"), step_frac=F("0.2")
    )
    assert [row.share_frac for row in rows] == [F(1, 5), F(2, 5), F(3, 5), F(4, 5)]
    assert rows[0].penalty_usd == F("12.432")
    # At 70 per cent the second share costs too much: 53.28 / 55.136 is above 0.9.
    assert paradex.choose_share(rows, F("0.9")) == F(3, 5)
    assert paradex.choose_share(rows, F("0.1")) == 1
    # Exactly at the target is not below it: 120 x 0.75 / 100 is 0.9, and half is sold.
    at = paradex.share_table(
        value_usd=F(100), requirement_usd=F(120), fee_frac=F(0), step_frac=F("0.25")
    )
    assert at[0].ratio_frac == F("0.9")
    assert paradex.choose_share(at, F("0.9")) == F("0.5")
    poor = paradex.share_table(
        value_usd=F(1), requirement_usd=F(1000), fee_frac=F("0.5"), step_frac=F("0.2")
    )
    assert all(row.ratio_frac is None for row in poor)
    assert paradex.choose_share(poor, F("0.9")) == 1


def test_funding_is_clamped_twice_and_paid_by_longs() -> None:
    def step(premium: str, **other: Fraction) -> paradex.FundingStep:
        terms = {
            "premium_frac": F(premium), "baseline_frac": F("0.0001"), "clamp_frac": F("0.0005"),
            "multiplier_frac": F(1), "most_frac": F("0.05"), "spot_usd": F(60_000),
            "usdc_usd": F("0.99"), "elapsed_s": F(30), "period_s": F(28_800),
        }  # fmt: skip
        return paradex.funding_step(F(2), **(terms | other))

    assert step("0.0003").rate_frac == F("0.0001")  # inside the clamp: the baseline
    got = step("0.001")
    assert (got.clamped_frac, got.rate_frac) == (F("-0.0005"), F("0.0005"))
    assert got.premium_usdc_per_coin == F("0.0005") * 60_000 / F("0.99")
    assert got.index_change_usdc == got.premium_usdc_per_coin / 960
    assert got.profit_usd == -2 * got.index_change_usdc * F("0.99")
    assert got.payment_usdc == 2 * got.premium_usdc_per_coin
    assert step("-0.2").rate_frac == F("-0.05")


@pytest.mark.parametrize(
    ("bid", "ask", "premium"),
    [(101, 103, 1), (99, 101, 0), (97, 98, -2), (99, 98, -2), (98, 100, 0), (100, 102, 0)],
)
def test_a_premium_counts_the_bid_above_and_the_ask_below(bid: int, ask: int, premium: int) -> None:
    """Against a spot of 100; between bid and ask there is none."""
    assert paradex.impact_premium_usd(F(bid), F(ask), F(100)) == premium


def test_losses_are_shared_by_those_who_withdraw() -> None:
    """The venue's own example: three traders of 1,000, a fund of 1,000, and Alice at -2,000."""
    users = [
        paradex.Bankrupt(id=name, balance_usdc=F(1_000), profit_usd=F(profit))
        for name, profit in (("alice", -3_000), ("bob", 3_000), ("charlie", 0))
    ]
    got = paradex.socialised_loss(users, fund_usdc=F(1_000), usdc_usd=F(1))
    assert got.bankruptcy_usd == {"alice": 2_000, "bob": 0, "charlie": 0}
    assert got.exchange_bankruptcy_usdc == 1_000
    assert got.factor_frac == F(1, 4)
    rich = paradex.socialised_loss(users, fund_usdc=F(5_000), usdc_usd=F(1))
    assert rich.exchange_bankruptcy_usdc == rich.factor_frac == 0


def test_orders_are_kept_nearest_first_and_none_passes_zero() -> None:
    def order(id_: int, side: str, size: int, price: int) -> paradex.OpenOrder:
        return paradex.OpenOrder(
            id=id_,
            side="buy" if side == "buy" else "sell",
            quantity_coin=F(size),
            price_usd=F(price),
        )

    buys = [order(1, "buy", 4, 1_900), order(2, "buy", 4, 1_950), order(3, "sell", 1, 2_000)]
    assert paradex.cancelled_when_deleveraging(F(-5), buys) == ((1, 3), (2,))
    # Reducing ones are kept while their sum fits the position: 4 and then exactly the 1 that is
    # left, and of a long position the cheapest sell first.
    assert paradex.cancelled_when_deleveraging(
        F(-5), [order(1, "buy", 1, 1_900), order(2, "buy", 4, 1_950), order(4, "buy", 1, 1_800)]
    ) == ((4,), (1, 2))  # fmt: skip
    sells = [order(1, "sell", 3, 2_100), order(2, "sell", 2, 2_050)]
    assert paradex.cancelled_when_deleveraging(F(5), sells) == ((), (1, 2))
    assert paradex.takes_past_zero(F(10), F(5), "sell", F(6))
    assert not paradex.takes_past_zero(F(10), F(5), "sell", F(5))
    assert paradex.takes_past_zero(F(10), F(0), "buy", F(1))
    assert not paradex.takes_past_zero(F(-10), F(5), "buy", F(5))
    assert paradex.price_band_usd(F(100), F("0.05")) == (F(95), F(105))


def test_vols_and_options_by_hand() -> None:
    assert paradex.shocked_vol_frac(
        0.6, 0.4, days=0.2, days_least=1.0, power=0.3
    ) == pytest.approx(0.6 * (1 + 0.4 * 30**0.3))  # fmt: skip
    with pytest.raises(OutOfDomain):
        paradex.shocked_vol_frac(0.6, 0.4, days=0.0, days_least=0.0, power=0.3)
    assert paradex.long_option_usd(
        F(2), mark_usd=F(500), spot_usd=F(70_000), in_frac=F("0.2")
    ) == 1_000  # fmt: skip
    short = {"spot_usd": F(70_000), "in_frac": F("0.15"), "out_frac": F("0.075")}
    assert paradex.short_option_usd(F(-2), out_of_the_money_usd=F(1_000), **short) == 19_000
    assert paradex.short_option_usd(F(-2), out_of_the_money_usd=F(9_000), **short) == 10_500
    floor = paradex.delta_floor(
        [F(3), F(-1)], spot_usd=F(100), unhedged_frac=F("0.02"), hedged_frac=F("0.01")
    )
    assert [floor.net_coin, floor.hedged_coin, floor.floor_usd] == [F(2), F(1), F(5)]
