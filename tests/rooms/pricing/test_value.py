"""Every kind of instrument, valued by hand and by moving the market a little."""

import math
from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import (
    ConcentratedShare,
    ConstantProductShare,
    Instrument,
    Option,
    StakedCoin,
    VaultShare,
)
from hedgerow.market import MarketEvent, Shock, Snapshot
from hedgerow.portfolio import Book, book
from hedgerow.pricing import Values, value
from hedgerow.units import DAY_NS, MINUTE_NS
from tests.builders import (
    EXPIRY_NS,
    RAY,
    T0_NS,
    account,
    by_id,
    debt,
    exact,
    index,
    inverse,
    inverse_future,
    lending,
    linear_future,
    option,
    option_quote,
    perpetual,
    power,
    power_state,
    quanto,
    quanto_future,
    quote,
    share_rate,
    snapshot,
    staking,
    supply,
)
from tests.golden.read import case, numbers


def held(*terms: Instrument) -> Book:
    return book([account(positions={one.instrument_id: 1 for one in terms})], by_id(*terms))


def one_row(terms: Instrument, *events: MarketEvent, time_ns: int = T0_NS) -> Values:
    values = value(held(terms), snapshot(*events, time_ns=time_ns))
    assert values.missing == ()
    assert len(values.unit_ccy) == 1
    return values


def dollar_delta_coin(values: Values) -> float:
    """Coins whose sale stops the dollar value from moving, premium or profit in coin included."""
    return float(
        values.delta_own_coin[0] + values.unit_ccy[0] * values.settlement_delta_coin_per_unit[0]
    )


def gamma_coin_per_usd(values: Values, spot_usd: float = 60000) -> float:
    return float(values.greeks["gamma_usd_per_pct"][0]) * 100 / spot_usd**2


def test_coin_settled_option_of_the_sheet() -> None:
    want = {
        name: float(number) for name, number in numbers("inverse_option").items() if name != "kind"
    }
    terms = option(65000, "call")  # 73 days are a fifth of 365
    values = one_row(terms, index("BTC", 60000), option_quote(terms, 60000, 0.65))
    assert values.unit_ccy[0] == pytest.approx(want["value_coin"], rel=1e-12)
    assert values.delta_own_coin[0] == pytest.approx(want["delta_premium_adjusted"], rel=1e-12)
    assert values.delta_own_coin[0] / 60000 == pytest.approx(want["dv_dF"], rel=1e-12)
    assert dollar_delta_coin(values) == pytest.approx(want["delta"], rel=1e-12)
    assert values.greeks["vega_usd_per_volpt"][0] * 100 / 60000 == pytest.approx(
        want["vega_coin"], rel=1e-12
    )
    assert values.greeks["theta_usd_per_day"][0] / 60000 == pytest.approx(
        want["theta_coin_per_day"], rel=1e-12
    )
    # d²v/dF² = Γ/F - 2δ/F² + 2V/F³, from what the row holds.
    f, delta, coin = 60000.0, dollar_delta_coin(values), values.unit_ccy[0]
    curvature = gamma_coin_per_usd(values) / f - 2 * delta / f**2 + 2 * coin / f**2
    assert curvature == pytest.approx(want["d2v_dF2"], rel=1e-10)


def test_zero_strike_call_adds_nothing_to_the_premium_adjusted_delta() -> None:
    sample = case("deribit/venue_cases", "deribit-ntd-zero-strike-call")
    terms = option("0.0001", "call")
    values = one_row(terms, index("BTC", 60000), option_quote(terms, 60000, 0.6))
    assert values.unit_ccy[0] == pytest.approx(float(sample["given"]["mark_price_btc"]), abs=1e-8)
    assert values.delta_own_coin[0] == pytest.approx(
        float(sample["then"]["net_transaction_delta"]), abs=1e-8
    )


def test_inverse_perpetual_is_minus_its_contracts_over_the_mark() -> None:
    sample = case("deribit/venue_cases", "deribit-position-inverse-perp-live")
    terms = inverse("ETH")
    mark = sample["given"]["mark_price"]
    values = one_row(
        terms, index("ETH", sample["given"]["index_price"]), quote("ETH-PERPETUAL", mark)
    )
    size = float(sample["then"]["size_currency"])
    assert values.unit_ccy[0] == pytest.approx(-size, abs=6e-10)
    assert values.delta_own_coin[0] == pytest.approx(size, abs=6e-10)
    assert values.settlement_coins == ("ETH",)
    assert gamma_coin_per_usd(values) == 0.0


def test_a_future_never_moves_more_than_its_forward_does() -> None:
    """Spot at 100, future at 102: the future gains 1.02 for a gain of one in spot."""
    terms = linear_future("BTC-F", EXPIRY_NS)
    values = one_row(terms, index("BTC", 100), quote("BTC-F", 102))
    assert values.unit_ccy[0] == 102.0
    assert values.delta_own_coin[0] == pytest.approx(1.02, rel=1e-15)


def test_staked_coin_loan_and_balance_move_like_their_base() -> None:
    token = StakedCoin(instrument_id="w", asset="wstETH", base="ETH")
    market = (
        index("ETH", 2000),
        staking("wstETH", "ETH", "1.2"),
        lending("wstETH", supply_ray=11 * RAY // 10),
        lending("USDC", debt_ray=13 * RAY // 10),
    )
    values = value(held(token, supply("wstETH"), debt("USDC")), snapshot(*market))
    assert list(values.unit_ccy) == [1.0, 1.1, 1.3]
    assert list(values.settlement_price_usd) == [2400.0, 2400.0, 1.0]
    assert list(values.settlement_delta_coin_per_unit) == [1.2, 1.2, 1.0]
    assert values.settlement_coins == ("ETH", "ETH", "USDC")
    assert values.underlyings == ("ETH", "ETH", "USDC")


def test_what_cannot_be_priced_is_named_and_the_rest_is_priced() -> None:
    perp, vault = perpetual(), VaultShare(instrument_id="v", vault="yield", asset="USDC")
    values = value(held(perp, vault, supply("USDC")), snapshot(index("BTC", 60000)))
    assert [failure.subject for failure in values.missing] == ["BTC-PERP", "v", "supply:USDC"]
    assert [failure.reason for failure in values.missing] == [
        "missing_data",
        "missing_data",
        "missing_data",
    ]
    assert "no share rate for yield" in values.missing[1].message
    assert len(values.unit_ccy) == 0


def test_a_vault_share_is_worth_what_its_asset_is() -> None:
    share = VaultShare(instrument_id="v", vault="yield", asset="wstETH")
    market = (index("ETH", 2000), staking("wstETH", "ETH", "1.2"), share_rate("yield", "1.05"))
    values = one_row(share, *market)
    assert values.unit_ccy[0] == 1.05
    assert values.settlement_price_usd[0] == 2400.0
    assert values.settlement_delta_coin_per_unit[0] == 1.2
    assert values.settlement_coins == values.underlyings == ("ETH",)
    assert values.delta_own_coin[0] == 0.0


@pytest.mark.parametrize("kind", ["pool share", "concentrated share"])
@pytest.mark.parametrize("parity", [1.0, 0.9])
def test_a_broken_peg_costs_what_a_pool_share_holds_of_it(kind: str, parity: float) -> None:
    terms, _ = KINDS[kind]
    market = snapshot(index("BTC", 60000)).shocked(Shock(spot_factor_frac={"USDC": parity}))

    def worth_usd(factor: float) -> float:
        values = value(held(terms), market.shocked(Shock(spot_factor_frac={"USDC": factor})))
        return float(values.unit_ccy[0] * values.settlement_price_usd[0])

    values = value(held(terms), market)
    step = 1e-5
    slope = (worth_usd(1 + step) - worth_usd(1 - step)) / (2 * step * parity)
    held_coin = values.unit_ccy[0] * values.settlement_delta_coin_per_unit[0]
    assert held_coin == pytest.approx(slope, rel=1e-7)
    # Coins and dollars together are all there is.
    assert values.delta_own_coin[0] * 60000 + held_coin * parity == pytest.approx(
        worth_usd(1.0), rel=1e-13
    )


def test_a_quanto_moves_with_its_underlying_for_what_its_coin_is_worth() -> None:
    market = (index("ETH", 2000), index("BTC", 60000))
    values = one_row(quanto(), *market, quote("ETH-QUANTO", 2500))
    assert values.unit_ccy[0] == pytest.approx(0.0025, rel=1e-15)  # of a bitcoin, before its entry
    assert values.settlement_coins == ("BTC",)
    assert values.underlyings == ("ETH",)
    # A millionth of a bitcoin per dollar, at 60,000 dollars: 0.06 dollars per dollar of the mark,
    # which is a quarter above spot and moves in proportion.
    assert values.delta_own_coin[0] == pytest.approx(0.06 * 1.25, rel=1e-14)
    assert gamma_coin_per_usd(values, 2000) == 0.0
    dated = one_row(quanto_future("QF", EXPIRY_NS), *market, quote("QF", 2200))
    assert dated.delta_own_coin[0] == pytest.approx(0.06 * 1.1, rel=1e-14)


def test_a_quanto_without_the_price_of_its_coin_has_no_value() -> None:
    values = value(held(quanto()), snapshot(index("ETH", 2000), quote("ETH-QUANTO", 2500)))
    (failure,) = values.missing
    assert (failure.subject, failure.reason) == ("ETH-QUANTO", "missing_data")
    assert "no index for BTC" in failure.message


def test_a_power_perpetual_keeps_its_premium_as_the_coin_moves() -> None:
    # Index 0.3 · 2000² / 10000 = 120, mark 2 % above it.
    market = (index("ETH", 2200), power_state("0.3", 2000, "122.4"))
    in_coin, in_dollars = one_row(power(), *market), one_row(power("USDC"), *market)
    worth_usd = 122.4 * 1.21
    assert in_dollars.unit_ccy[0] == pytest.approx(worth_usd, rel=1e-14)
    assert in_coin.unit_ccy[0] == pytest.approx(worth_usd / 2200, rel=1e-14)
    assert in_dollars.delta_own_coin[0] == pytest.approx(2 * worth_usd / 2200, rel=1e-14)
    assert dollar_delta_coin(in_coin) == pytest.approx(2 * worth_usd / 2200, rel=1e-14)
    for values in (in_coin, in_dollars):
        assert gamma_coin_per_usd(values, 2200) == pytest.approx(2 * worth_usd / 2200**2, rel=1e-14)
        # ln 1.02 over 17.5 days is the variance, and the rate at which the factor falls.
        variance = math.log(1.02) * 365 / 17.5
        assert values.greeks["theta_usd_per_day"][0] == pytest.approx(
            -worth_usd * variance / 365, rel=1e-12
        )
        assert values.greeks["vega_usd_per_volpt"][0] == pytest.approx(
            0.02 * math.sqrt(variance) * worth_usd * 17.5 / 365, rel=1e-12
        )
        assert not values.is_estimate[0]


def test_a_power_perpetual_below_its_index_has_its_price_and_no_vega() -> None:
    values = one_row(power("USDC"), index("ETH", 2000), power_state("0.3", 2000, "119.4"))
    assert values.unit_ccy[0] == pytest.approx(119.4, rel=1e-14)
    assert values.greeks["vega_usd_per_volpt"][0] == 0.0
    # Below its index its factor rises, and who holds it is paid.
    assert values.greeks["theta_usd_per_day"][0] == pytest.approx(
        -119.4 * math.log(0.995) / 17.5, rel=1e-12
    )


@pytest.mark.parametrize("mark", ["122.4", "119.4"])
def test_time_takes_from_a_power_perpetual_what_its_theta_says(mark: str) -> None:
    market = snapshot(index("ETH", 2200), power_state("0.3", 2000, mark))
    values = value(held(power("USDC")), market)
    later = value(held(power("USDC")), market.shocked(Shock(time_forward_ns=DAY_NS)))
    grown = float(values.greeks["theta_usd_per_day"][0] / values.unit_ccy[0])
    assert later.unit_ccy[0] / values.unit_ccy[0] == pytest.approx(math.exp(grown), rel=1e-13)
    assert (grown < 0.0) == (mark == "122.4")


def test_an_old_state_of_a_power_perpetual_is_no_price() -> None:
    late_ns = T0_NS + 61_000_000_000
    market = snapshot(power_state(1, 2000, 400), index("ETH", 2000, late_ns), time_ns=late_ns)
    (failure,) = value(held(power()), market).missing
    assert (failure.subject, failure.reason) == ("oSQTH", "stale_data")


# --- before, at and after expiry, and inside the settlement window --------------------------------


def averaged(strike: str, settlement: str | None, minutes_left: int) -> tuple[Option, Snapshot]:
    terms = option(strike, "call", settlement=settlement)
    now_ns = EXPIRY_NS - minutes_left * MINUTE_NS
    events = (index("BTC", 10000, now_ns), option_quote(terms, 10000, 0.8, now_ns))
    return terms, snapshot(*events, time_ns=now_ns)


def test_before_at_and_after_expiry() -> None:
    terms = option(9000, "call", averaging_ns=0)
    events = (index("BTC", 10000, EXPIRY_NS - 1), option_quote(terms, 10000, 0.8, EXPIRY_NS - 1))
    before = value(held(terms), snapshot(*events, time_ns=EXPIRY_NS - 1))
    assert before.unit_ccy[0] == pytest.approx(0.1, rel=1e-12)
    assert before.delta_own_coin[0] == pytest.approx(0.9, rel=1e-12)
    for late_ns in (0, 1):
        after = value(held(terms), snapshot(*events, time_ns=EXPIRY_NS + late_ns))
        assert [failure.reason for failure in after.missing] == ["unsupported"]
        assert "settle it and drop the position" in after.missing[0].message


def test_a_shock_past_expiry_leaves_the_payoff() -> None:
    terms = option(9000, "call", averaging_ns=0)
    market = snapshot(index("BTC", 10000), option_quote(terms, 10000, 0.8))
    later = market.shocked(Shock(time_forward_ns=EXPIRY_NS - T0_NS + 1))
    values = value(held(terms), later)
    assert values.unit_ccy[0] == pytest.approx(0.1, rel=1e-15)
    assert values.greeks["vega_usd_per_volpt"][0] == 0.0


def test_deltas_decay_over_the_window_as_the_venue_says() -> None:
    sample = case("deribit/venue_cases", "deribit-delta-decay-7000c")
    given, then = sample["given"], sample["then"]
    left = int(given["window_minutes"]) - int(given["minutes_into_settlement"])
    terms, market = averaged("7000", None, left)  # worth 0.3 of a coin, delta one
    values = value(held(terms), market)
    assert values.unit_ccy[0] == pytest.approx(float(given["mark_price"]), rel=1e-12)
    assert values.delta_own_coin[0] == pytest.approx(float(then["net_transaction_delta"]), rel=1e-9)
    linear_terms, linear_market = averaged("7000", "USDC", left)
    linear = value(held(linear_terms), linear_market)
    assert linear.delta_own_coin[0] == pytest.approx(float(then["decayed_delta"]), rel=1e-9)
    assert values.is_estimate[0]


@pytest.mark.parametrize("settlement", [None, "USDC"])
@pytest.mark.parametrize("minutes_left", [31, 29, 15, 5])
@pytest.mark.parametrize("strike", ["9990", "10010"])
def test_vega_and_theta_are_slopes_inside_the_window_too(
    settlement: str | None, minutes_left: int, strike: str
) -> None:
    terms, market = averaged(strike, settlement, minutes_left)

    def worth_usd(shock: Shock) -> float:
        values = value(held(terms), market.shocked(shock))
        return float(values.unit_ccy[0] * values.settlement_price_usd[0])

    values = value(held(terms), market)
    up, down = (worth_usd(Shock(vol_factor_frac=factor)) for factor in (1.001, 0.999))
    assert values.greeks["vega_usd_per_volpt"][0] == pytest.approx((up - down) / (0.16), rel=1e-4)
    step_ns = 10_000_000
    soon = worth_usd(Shock(time_forward_ns=step_ns)) - worth_usd(Shock())
    assert values.greeks["theta_usd_per_day"][0] == pytest.approx(soon * DAY_NS / step_ns, rel=1e-3)


def test_inside_the_window_variance_is_that_of_an_average() -> None:
    """With half the window left: half the weight still moves, with a third of its variance."""
    terms, market = averaged("10010", "USDC", 15)
    values = value(held(terms), market)
    plain = option("10010", "call", settlement="USDC", averaging_ns=0)
    vol = 0.8 * 0.5 / 3**0.5
    events = (index("BTC", 10000, market.time_ns), option_quote(plain, 10000, vol, market.time_ns))
    reference = value(held(plain), snapshot(*events, time_ns=market.time_ns))
    assert values.unit_ccy[0] == pytest.approx(float(reference.unit_ccy[0]), rel=1e-12)
    assert values.delta_own_coin[0] == pytest.approx(float(0.5 * reference.delta_own_coin[0]))
    assert gamma_coin_per_usd(values, 10000) == pytest.approx(
        float(0.25 * gamma_coin_per_usd(reference, 10000))
    )


def test_coins_already_earned_move_with_spot() -> None:
    """Half way through the window: the open half of the average moves, and coins won so far."""
    terms, market = averaged("7000", None, 15)
    values = value(held(terms), market)

    def worth_usd(average: float, spot: float) -> float:
        return spot * (average - 7000.0) / average

    step = 1.0
    high, here, low = (worth_usd(10000 + k * step / 2, 10000 + k * step) for k in (1, 0, -1))
    assert dollar_delta_coin(values) == pytest.approx((high - low) / (2 * step), rel=1e-7)
    assert gamma_coin_per_usd(values, 10000) == pytest.approx(
        (high - 2 * here + low) / step**2, rel=1e-3
    )


# --- slopes of the dollar value, by moving the market ---------------------------------------------

POWER = msgspec.structs.replace(power("BTC"), underlying="BTC")
POWER_STATE = power_state("0.3", 59000, 107000)
POWER_VOL = math.sqrt(math.log(107000 / (0.3 * 59000**2 / 10000)) * 365 / 17.5)

KINDS: dict[str, tuple[Instrument, tuple[MarketEvent, ...]]] = {
    "linear perpetual": (perpetual(), (quote("BTC-PERP", 60000),)),
    "inverse perpetual": (inverse(), (quote("BTC-PERPETUAL", 60100),)),
    "linear future": (linear_future("LF", EXPIRY_NS), (quote("LF", 63000),)),
    "inverse future": (inverse_future("IF", EXPIRY_NS), (quote("IF", 63000),)),
    "coin call": (option(65000, "call"), (option_quote(option(65000, "call"), 63000, 0.65),)),
    "coin put": (option(65000, "put"), (option_quote(option(65000, "put"), 63000, 0.65),)),
    "linear call": (
        option(65000, "call", settlement="USDC"),
        (option_quote(option(65000, "call", settlement="USDC"), 63000, 0.65),),
    ),
    "pool share": (
        ConstantProductShare(instrument_id="pool", underlying="BTC", settlement="USDC"),
        (),
    ),
    "concentrated share": (
        ConcentratedShare(
            instrument_id="range",
            underlying="BTC",
            settlement="USDC",
            price_lower_usd=Decimal(50000),
            price_upper_usd=Decimal(70000),
        ),
        (),
    ),
    "power in coin": (POWER, (POWER_STATE,)),
    "power in dollars": (msgspec.structs.replace(POWER, settlement="USDC"), (POWER_STATE,)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_delta_and_gamma_are_slopes_of_the_dollar_value(kind: str) -> None:
    terms, events = KINDS[kind]
    market = snapshot(index("BTC", 60000), *events)
    step = 1e-4

    def worth_usd(factor: float) -> float:
        values = value(held(terms), market.shocked(Shock(spot_factor_frac={"BTC": factor})))
        return float(values.unit_ccy[0] * values.settlement_price_usd[0])

    low, here, high = (worth_usd(1 + k * step) for k in (-1, 0, 1))
    values = value(held(terms), market)
    bump_usd = 60000 * step
    is_coin = values.settlement_coins[0] == "BTC"
    delta = dollar_delta_coin(values) if is_coin else float(values.delta_own_coin[0])
    assert delta == pytest.approx((high - low) / (2 * bump_usd), rel=1e-6)
    assert gamma_coin_per_usd(values) == pytest.approx(
        (high - 2 * here + low) / bump_usd**2, rel=1e-5, abs=1e-11
    )
    more, less = (
        value(held(terms), market.shocked(Shock(vol_factor_frac=factor)))
        for factor in (1.001, 0.999)
    )
    # In points of vol: of 0.65 for options; what a power perpetual's mark implies.
    points = 0.2 * POWER_VOL if kind.startswith("power") else 0.13
    vega = (more.unit_ccy[0] - less.unit_ccy[0]) * values.settlement_price_usd[0] / points
    assert values.greeks["vega_usd_per_volpt"][0] == pytest.approx(float(vega), rel=1e-5, abs=1e-12)


def test_units_of_a_contract_scale_everything() -> None:
    single = option(65000, "call")
    tenth = Option(
        **{name: getattr(single, name) for name in single.__struct_fields__}
        | {"multiplier_coin_per_contract": Decimal("0.1")}
    )
    events = (index("BTC", 60000), option_quote(single, 61000, 0.65))
    whole, part = one_row(single, *events), one_row(tenth, *events)
    for name in ("unit_ccy", "delta_own_coin"):
        assert getattr(part, name)[0] == pytest.approx(0.1 * getattr(whole, name)[0], rel=1e-14)
    assert part.greeks.table == pytest.approx(0.1 * whole.greeks.table, rel=1e-14)
    assert (whole.greeks.table != 0.0).all()


def test_a_failure_keeps_its_cause() -> None:
    terms = option(65000, "call")
    old = snapshot(
        index("BTC", 60000),
        option_quote(terms, exact(60000), 0.6),
        time_ns=T0_NS + 6_000_000_000,
    )
    (failure,) = value(held(terms), old).missing
    assert isinstance(failure, Failure)
    assert (failure.subject, failure.reason) == (terms.instrument_id, "stale_data")
