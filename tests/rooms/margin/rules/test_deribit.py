"""Deribit's rules against answers of its engine, and by what must hold of them."""

from fractions import Fraction
from math import exp

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules import deribit as rules

F = Fraction

# Parameters of ETH in an answer of private/pme/simulate of 2026-02-15 (production).
ETH = rules.ScanParameters(
    price_range_frac=F("0.18"),
    buckets_count=4,
    extended_table_factor_frac=F(1),
    extended_dampener_usd=F(200_000),
    delta_threshold_usd=F(20_000_000),
    annualised_move_risk_frac=F("0.05"),
    min_annualised_move_frac=F("0.005"),
    offset_frac=F("0.6"),
    offset_most_usd=F(20_000_000),
    maintenance_factor_frac=F("0.8"),
)


def perpetual(coins: Fraction, mark: str = "1949.49") -> rules.FutureHeld:
    return rules.FutureHeld(
        subject="ETH-PERPETUAL",
        quantity_coin=coins,
        mark_usd=F(mark),
        is_linear=False,
        expiry_years=None,
    )


def test_a_short_perpetual_as_the_venue_answered() -> None:
    """The whole answer of 2026-02-15 23:20 UTC to a simulated short of about one ETH."""
    got = rules.portfolio_margin(
        [perpetual(F("-0.999487053"))], index_usd=F("1949.34"), parameters=ETH
    )
    assert [float(each) for each in got.pre_aggregated_standard_ccy] == pytest.approx(
        [
            0.21939959699999997, 0.155989308849711, 0.09885036787912087, 0.04709624857068063, 0,
            -0.04304011233014354, -0.08252645391743119, -0.11888171996035243, -0.15246412672881357,
        ],
        rel=1e-12,
        abs=1e-15,
    )  # fmt: skip
    # Gains count at 60 per cent, losses in full.
    assert [float(each) for each in got.aggregated_standard_ccy][:5] == pytest.approx(
        [0.13163975819999998, 0.09359358530982659, 0.05931022072747252, 0.028257749142408375, 0],
        rel=1e-12,
        abs=1e-15,
    )
    assert set(got.aggregated_extended_ccy) == {0}
    assert float(got.worst_case_ccy) == pytest.approx(0.15246412672881357, rel=1e-12)
    assert got.worst_bucket_index == 9
    assert got.roll_shock_ccy == F("0.004997435265")
    assert got.risk_matrix_ccy == F("0.157461562265")
    assert got.initial_ccy == F("0.157461562")
    assert got.maintenance_ccy == F("0.125969249812")


def test_gains_count_no_more_than_the_most_that_may_be_offset() -> None:
    tight = msgspec.structs.replace(ETH, offset_most_usd=F("19.4934"))
    got = rules.portfolio_margin([perpetual(F(-1))], index_usd=F("1949.34"), parameters=tight)
    assert max(got.aggregated_standard_ccy) == F("0.01")


@given(st.fractions(-1000, 1000), st.fractions(1, 10))
def test_the_scan_of_futures_scales_and_long_is_not_short(size: Fraction, factor: Fraction) -> None:
    def worst(coins: Fraction) -> Fraction:
        held = [perpetual(coins)]
        return rules.portfolio_margin(held, index_usd=F(2000), parameters=ETH).worst_case_ccy

    assert worst(factor * size) >= factor * worst(size)  # the dampener makes small books cheaper
    assert worst(size) >= 0
    # In coin a fall costs a long more than a rise costs a short.
    assert size <= 0 or worst(size) > worst(-size)


def test_a_big_book_feels_the_tail_beyond_its_dampener() -> None:
    held = [perpetual(F(-9000))]
    got = rules.portfolio_margin(held, index_usd=F(2000), parameters=ETH)
    # +50 %: loss at the range's end, times 0.18 / 0.5, less (0.5/0.18 - 1) 200,000 / 2,000 coins.
    end = F(-9000) * F("0.18") / F("1.18")
    left = -end * F("0.36") - (F("0.5") / F("0.18") - 1) * 100
    assert got.aggregated_extended_ccy[2] == -left < 0
    assert got.aggregated_extended_ccy[0] > 0  # and a fall gains, at 60 per cent
    assert got.worst_case_ccy == -end  # but nearer cells lose more


def test_dated_futures_roll_and_net_within_an_expiry_only() -> None:
    year = msgspec.structs.replace(perpetual(F(2)), subject="ETH-1Y", expiry_years=1.0)
    also = msgspec.structs.replace(perpetual(F(-2)), subject="ETH-1Y-too", expiry_years=1.0)
    one = rules.portfolio_margin([year], index_usd=F(2000), parameters=ETH)
    assert float(one.roll_shock_ccy) == pytest.approx(2 * (exp(0.05) - 1), rel=1e-12)
    net = rules.portfolio_margin([year, also], index_usd=F(2000), parameters=ETH)
    assert net.roll_shock_ccy == 0
    apart = rules.portfolio_margin([year, perpetual(F(-2))], index_usd=F(2000), parameters=ETH)
    assert float(apart.roll_shock_ccy) == pytest.approx(2 * (exp(0.05) - 1) + 0.01, rel=1e-12)
    assert apart.worst_case_ccy == 0


def test_a_delta_beyond_the_threshold_is_unknown_and_so_is_the_requirement() -> None:
    got = rules.portfolio_margin([perpetual(F(10_001))], index_usd=F(2000), parameters=ETH)
    assert (got.delta_shock_ccy, got.initial_ccy, got.maintenance_ccy) == (None, None, None)
    got = rules.portfolio_margin([perpetual(F(10_000))], index_usd=F(2000), parameters=ETH)
    assert got.delta_shock_ccy == 0


def test_linear_futures_gain_dollars_and_do_not_mix_with_inverse_ones() -> None:
    linear = msgspec.structs.replace(perpetual(F(-1)), subject="ETH_USDC-PERPETUAL", is_linear=True)
    got = rules.portfolio_margin([linear], index_usd=F("1949.34"), parameters=ETH)
    assert got.worst_case_ccy == F("1949.49") * F("0.18")
    with pytest.raises(OutOfDomain, match="scan apart"):
        rules.portfolio_margin([linear, perpetual(F(1))], index_usd=F(2000), parameters=ETH)


def test_calls_roll_up_and_puts_down() -> None:
    held = {F(90): F(3), F(120): F(-1), F(150): F(-5)}

    def rolled(contracts: dict[Fraction, Fraction], *, is_call: bool = True) -> rules.Contingency:
        return rules.rolled_contingency(
            contracts,
            underlying_usd=F(100),
            band_frac=F("0.1"),
            charge_coin=F("0.01"),
            is_call=is_call,
        )

    up = rolled(held)
    assert up.rolled_contracts == {F(90): 3, F(120): 2, F(150): -3}
    assert up.charge_coin == F("0.03")
    down = rolled(held, is_call=False)
    assert down.rolled_contracts == {F(90): 3, F(120): -1, F(150): -5}
    inside = rolled({F(105): F(-4), F(100): F(7)})
    assert inside.adjusted_contracts == {F(105): -2, F(100): 0}


def test_short_options_by_hand() -> None:
    def short(out: int, mark: int, *, is_call: bool) -> tuple[Fraction, Fraction]:
        return rules.short_linear_option_usd(
            underlying_usd=F(1000), mark_usd=F(mark), out_of_the_money_usd=F(out), is_call=is_call
        )

    assert short(0, 20, is_call=True) == (F(170), F(95))
    assert short(40, 20, is_call=True) == (F(130), F(95))
    assert short(60, 20, is_call=True) == (F(120), F(95))  # not below 10 per cent
    assert short(0, 3000, is_call=False) == (F(3225), F(3225))  # 7.5 per cent of its own mark


def test_funding_rests_within_its_damper_and_its_cap() -> None:
    def rate(mark: int) -> Fraction:
        return rules.funding_rate_frac(
            F(mark), F(10_000), damper_frac=F("0.00025"), cap_frac=F("0.005")
        )[1]

    assert rate(10_002) == rate(9_998) == 0
    assert rate(10_010) == F("0.00075")
    assert rate(9_990) == F("-0.00075")
    assert rate(10_500) == F("0.005")
    assert rate(9_500) == F("-0.005")


def test_fees_and_deltas_of_the_settlement_window() -> None:
    fee = rules.option_fee_coin(
        F(-2), price_coin=F("0.1"), fee_coin=F("0.0003"), cap_frac=F("0.125")
    )
    assert fee == F("0.0006")
    for minutes, left in ((-5, 1), (0, 1), (15, F(1, 2)), (30, 0), (40, 0)):
        assert rules.decayed_delta_coin(F(1), F(minutes), F(30)) == left
    assert [rules.rounded(F(each), 1) for each in ("0.25", "-0.25", "0.24")] == [
        F("0.3"), F("-0.3"), F("0.2"),
    ]  # fmt: skip
