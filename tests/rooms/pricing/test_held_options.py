"""Options inside their settlement window, with the average as far as it was heard."""

from decimal import Decimal
from itertools import product

import numpy as np
import pytest

from hedgerow.instruments import Option
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Book, book
from hedgerow.pricing import AveragedColumns, averaged_coin_greeks, averaged_greeks, value
from hedgerow.units import MINUTE_NS, YEAR_NS
from tests.builders import EXPIRY_NS, account, by_id, index, option, option_quote, snapshot
from tests.golden.read import case

FORWARD_USD = 60_000
WINDOW_MINUTES = 30
TICK_COIN = 1e-4


def held(*terms: Option) -> Book:
    return book([account(positions={one.instrument_id: 1 for one in terms})], by_id(*terms))


def market(
    *terms: Option,
    heard_usd: int,
    minutes_left: int,
    every: int = 1,
    forward_usd: int = FORWARD_USD,
) -> Snapshot:
    """An index that stood at one price all through the window, and at the forward now."""
    now_ns = EXPIRY_NS - minutes_left * MINUTE_NS
    begun = range(WINDOW_MINUTES, minutes_left, -every)
    return snapshot(
        *(index("BTC", heard_usd, EXPIRY_NS - minute * MINUTE_NS) for minute in begun),
        index("BTC", forward_usd, now_ns),
        *(option_quote(one, forward_usd, 0.65, now_ns) for one in terms),
        time_ns=now_ns,
    )


@pytest.mark.parametrize("right", ["call", "put"])
@pytest.mark.parametrize(
    ("minutes_left", "heard_usd"), list(product([29, 15, 4, 1], [40_000, 59_700, 60_240, 90_000]))
)
@pytest.mark.parametrize("away", [-2.0, -0.5, 0.0, 0.5, 2.0])
def test_values_and_greeks_are_those_of_the_average(
    right: str, minutes_left: int, heard_usd: int, away: float
) -> None:
    """`averaged_greeks` moves the strike by what is known; here the forward is the average's.

    The two differ in the shape of the average (shifted lognormal or lognormal), which is a part
    σ √T of its deviation: a quarter of a per cent and less.
    """
    f = minutes_left / WINDOW_MINUTES
    years = minutes_left * MINUTE_NS / YEAR_NS
    mean = f * FORWARD_USD + (1 - f) * heard_usd
    deviation = f * FORWARD_USD * 0.65 * (years / 3) ** 0.5
    strike = round(mean + away * deviation, 2)
    terms = option(strike, "call" if right == "call" else "put", settlement="USDC")
    values = value(held(terms), market(terms, heard_usd=heard_usd, minutes_left=minutes_left))
    columns = AveragedColumns(
        forward_usd=float(FORWARD_USD),
        strike_usd=strike,
        average_observed_usd=float(heard_usd),
        vol_frac=0.65,
        expiry_years=years,
        window_years=WINDOW_MINUTES * MINUTE_NS / YEAR_NS,
        is_call=np.array([right == "call"]),
    )
    want = averaged_greeks(columns)
    skew = 0.0025
    assert not values.is_estimate[0]
    assert values.unit_ccy[0] == pytest.approx(float(want.value_usd[0]), abs=skew * deviation)
    assert values.delta_own_coin[0] == pytest.approx(
        float(want.delta_forward_frac[0]), abs=skew * f
    )
    gamma_at_money = f * f / deviation / 2.5
    assert values.greeks["gamma_usd_per_pct"][0] * 100 / FORWARD_USD**2 == pytest.approx(
        float(want.gamma_coin_per_usd[0]), abs=2 * skew * gamma_at_money
    )
    assert values.greeks["vega_usd_per_volpt"][0] * 100 == pytest.approx(
        float(want.vega_usd_per_vol[0]), abs=2 * skew * deviation / 0.65
    )
    assert values.greeks["theta_usd_per_day"][0] * 365 == pytest.approx(
        float(want.theta_usd_per_year[0]), abs=4 * skew * deviation / years
    )


@pytest.mark.parametrize(
    ("minutes_left", "heard_usd"), list(product([29, 15, 4], [59_700, 60_240]))
)
@pytest.mark.parametrize("strike", [50_000, 60_000, 70_000])
def test_paid_in_coin_the_payoff_is_over_the_average(
    minutes_left: int, heard_usd: int, strike: int
) -> None:
    terms = option(strike, "call")
    values = value(held(terms), market(terms, heard_usd=heard_usd, minutes_left=minutes_left))
    want = averaged_coin_greeks(
        AveragedColumns(
            forward_usd=float(FORWARD_USD),
            strike_usd=float(strike),
            average_observed_usd=float(heard_usd),
            vol_frac=0.65,
            expiry_years=minutes_left * MINUTE_NS / YEAR_NS,
            window_years=WINDOW_MINUTES * MINUTE_NS / YEAR_NS,
            is_call=np.array([True]),
        )
    )
    assert values.unit_ccy[0] == pytest.approx(float(want.value_coin[0]), abs=TICK_COIN / 20)
    assert values.delta_own_coin[0] == pytest.approx(float(want.delta_adjusted_coin[0]), abs=2e-3)


def test_half_way_half_is_certain() -> None:
    """Heard at 12,000 for a quarter of an hour, 10,000 now: the average is to be 11,000."""
    sample = case("deribit/venue_cases", "deribit-delta-decay-7000c")
    left = int(sample["given"]["window_minutes"]) - int(sample["given"]["minutes_into_settlement"])
    terms = option(7000, "call", settlement="USDC")
    at = market(terms, heard_usd=12_000, minutes_left=left, forward_usd=10_000)
    values = value(held(terms), at)
    assert values.unit_ccy[0] == pytest.approx(11_000 - 7_000, rel=1e-12)
    decayed = float(sample["then"]["decayed_delta"])
    assert values.delta_own_coin[0] == pytest.approx(decayed, rel=1e-9)
    coin = option(7000, "call")
    paid = value(held(coin), market(coin, heard_usd=12_000, minutes_left=left, forward_usd=10_000))
    assert paid.unit_ccy[0] == pytest.approx(4_000 / 11_000, rel=1e-12)


def test_a_shock_of_spot_moves_what_is_open_and_not_what_was_heard() -> None:
    terms = option(7000, "call", settlement="USDC")
    at = market(terms, heard_usd=12_000, minutes_left=6, forward_usd=10_000)
    worth = [
        float(value(held(terms), at.shocked(Shock(spot_factor_frac={"BTC": x}))).unit_ccy[0])
        for x in (1.0, 1.1, 0.6)
    ]
    # A fifth of 10,000 and four fifths of 12,000.
    assert worth == pytest.approx([4_600.0, 4_800.0, 3_800.0], rel=1e-12)


def test_time_that_passes_adds_the_forward_to_what_was_heard() -> None:
    terms = option(7000, "call", settlement="USDC")
    at = market(terms, heard_usd=12_000, minutes_left=15, forward_usd=10_000)
    later = at.shocked(Shock(spot_factor_frac={"BTC": 1.1}, time_forward_ns=15 * MINUTE_NS))
    assert value(held(terms), later).unit_ccy[0] == pytest.approx(11_500 - 7_000, rel=1e-12)


@pytest.mark.parametrize(("every", "is_known"), [(1, True), (2, False)])
def test_over_a_silence_the_forward_stands_in_and_it_is_an_estimate(
    every: int, is_known: bool
) -> None:
    terms = option(7000, "call", settlement="USDC")
    at = market(terms, heard_usd=12_000, minutes_left=14, every=every, forward_usd=10_000)
    values = value(held(terms), at)
    assert values.is_estimate[0] == (not is_known)
    expected = (14 * 10_000 + 16 * 12_000) / 30 if is_known else 10_000.0
    assert values.unit_ccy[0] == pytest.approx(expected - 7_000, rel=1e-12)


def test_each_window_has_its_own_average() -> None:
    """One coin, two windows of unlike length: the same index, heard for unlike times."""
    short = option(7000, "call", settlement="USDC", averaging_ns=20 * MINUTE_NS)
    long = Option(
        **{name: getattr(short, name) for name in short.__struct_fields__}
        | {"instrument_id": "long", "averaging_ns": 30 * MINUTE_NS}
    )
    none = Option(
        **{name: getattr(short, name) for name in short.__struct_fields__}
        | {"instrument_id": "none", "averaging_ns": 0}
    )
    now_ns = EXPIRY_NS - 10 * MINUTE_NS
    minutes = range(30, 10, -1)
    at = snapshot(
        *(
            index("BTC", 16_000 if minute > 20 else 12_000, EXPIRY_NS - minute * MINUTE_NS)
            for minute in minutes
        ),
        index("BTC", 10_000, now_ns),
        *(option_quote(one, 10_000, 0.65, now_ns) for one in (short, long, none)),
        time_ns=now_ns,
    )
    values = value(held(short, long, none), at)
    want = [(12_000 + 10_000) / 2, (16_000 + 12_000 + 10_000) / 3, 10_000]
    assert [float(unit) + 7_000 for unit in values.unit_ccy] == pytest.approx(want, rel=1e-12)
    assert not values.is_estimate.any()


def test_at_the_beginning_of_the_window_nothing_has_been_heard_of_it() -> None:
    terms = option(7000, "call", settlement="USDC")
    at = market(terms, heard_usd=12_000, minutes_left=WINDOW_MINUTES, forward_usd=10_000)
    values = value(held(terms), at)
    assert values.unit_ccy[0] == pytest.approx(3_000, rel=1e-12)
    assert not values.is_estimate[0]
    multiplied = Option(
        **{name: getattr(terms, name) for name in terms.__struct_fields__}
        | {"multiplier_coin_per_contract": Decimal("0.1")}
    )
    tenth = value(held(multiplied), market(multiplied, heard_usd=12_000, minutes_left=15))
    whole = value(held(terms), market(terms, heard_usd=12_000, minutes_left=15))
    assert tenth.unit_ccy[0] == pytest.approx(0.1 * whole.unit_ccy[0], rel=1e-14)
