"""One number beyond any market is one row without an answer; every other keeps its last bit."""

from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.exposure import aggregate
from hedgerow.instruments import (
    ConcentratedShare,
    ConstantProductShare,
    Instrument,
    Spot,
    StakedCoin,
    VaultShare,
    settlement_of,
    underlying_of,
)
from hedgerow.market import MarketEvent, Shock, Snapshot
from hedgerow.portfolio import Book, book
from hedgerow.pricing import GREEKS, GreekColumns, Values, value
from hedgerow.pricing.domain import inside, outside, refused
from hedgerow.units import MINUTE_NS, YEAR_NS
from tests.builders import (
    EXPIRY_NS,
    RAY,
    T0_NS,
    Number,
    account,
    by_id,
    debt,
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
    quote,
    share_rate,
    snapshot,
    staking,
    supply,
)
from tests.draws import draws

HUGE = "1e300"
CALL = option(65000, "call")
PUT = option(3000, "put", coin="ETH", settlement="USDC")
RANGE = ConcentratedShare(
    instrument_id="range",
    underlying="ETH",
    settlement="USDC",
    price_lower_usd=Decimal(2000),
    price_upper_usd=Decimal(4500),
)
POOL = ConstantProductShare(instrument_id="pool", underlying="BTC", settlement="USDC")
STAKED = StakedCoin(instrument_id="staked", asset="wstETH", base="ETH")
VAULT = VaultShare(instrument_id="vault", vault="yield", asset="USDC")
GOOD: tuple[Instrument, ...] = (
    CALL, PUT, RANGE, POOL, STAKED, VAULT, power(), perpetual(), inverse(), quanto(),
    linear_future("LF", EXPIRY_NS, coin="ETH"), inverse_future("IF", EXPIRY_NS),
    supply("wstETH"), debt("USDC"), Spot(instrument_id="coin", asset="BTC"),
)  # fmt: skip
MARKET: tuple[MarketEvent, ...] = (
    index("BTC", 60000),
    index("ETH", 3000),
    quote("BTC-PERP", 60010),
    quote("BTC-PERPETUAL", 60005),
    quote("ETH-QUANTO", 3010),
    quote("LF", 3060),
    quote("IF", 60300),
    option_quote(CALL, 60300, 0.62),
    option_quote(PUT, 3060, 0.8),
    staking("wstETH", "ETH", "1.2"),
    share_rate("yield", "1.05"),
    lending("wstETH"),
    lending("USDC"),
    power_state("0.3", 2900, 260),
)
BAD_OPTION = option("1e300", "call", settlement="USDC")
WIDE = structs.replace(CALL, instrument_id="wide", multiplier_coin_per_contract=Decimal(HUGE))
ODD = structs.replace(CALL, instrument_id="odd")
TOKEN = structs.replace(power(), instrument_id="token")
STATE = structs.replace(power_state("0.3e18", 2900, 260), instrument_id="token")

BAD: dict[str, tuple[Instrument, tuple[MarketEvent, ...], str]] = {
    "option, strike": (
        BAD_OPTION,
        (option_quote(BAD_OPTION, 60300, 0.6),),
        "strike_usd must be finite and from 0 to 1e+30, was 1e+300",
    ),
    "option, size": (
        WIDE,
        (option_quote(WIDE, 60300, 0.6),),
        "multiplier_coin_per_contract must be finite and from 1e-30 to 1e+30, was 1e+300",
    ),
    "option, forward": (
        ODD,
        (option_quote(ODD, HUGE, 0.6),),
        "forward_usd must be finite and from 1e-30 to 1e+30, was 1e+300",
    ),
    "pool, range": (
        structs.replace(RANGE, instrument_id="far", price_upper_usd=Decimal(HUGE)),
        (),
        "price_upper_usd must be finite and from 1e-30 to 1e+30, was 1e+300",
    ),
    "pool, coin": (
        structs.replace(POOL, instrument_id="odd", underlying="ODD"),
        (index("ODD", HUGE),),
        "spot of ODD in dollars must be finite and from 1e-30 to 1e+30, was 1e+300",
    ),
    "power, a factor not scaled down": (
        TOKEN,
        (STATE,),
        "norm_factor_frac must be finite and from 1e-30 to 1000, was 3e+17",
    ),
    "power, premium": (
        TOKEN,
        (
            structs.replace(
                STATE, norm_factor_frac=Decimal("1e-29"), price_mark_usd=Decimal("1e29")
            ),
        ),
        "the funding of the mark times years must be within ±100, was ",
    ),
    "power, scale": (
        structs.replace(TOKEN, scale_usd=Decimal(HUGE)),
        (structs.replace(STATE, norm_factor_frac=Decimal("0.3")),),
        "scale_usd must be finite and from 1e-30 to 1e+30, was 1e+300",
    ),
    "future, mark": (
        linear_future("F", EXPIRY_NS),
        (quote("F", HUGE),),
        "price_mark_usd must be finite and from 1e-30 to 1e+30, was 1e+300",
    ),
    "future, no float holds the mark": (
        linear_future("F", EXPIRY_NS),
        (quote("F", "1e400"),),
        "price_mark_usd must be finite and from 1e-30 to 1e+30, was inf",
    ),
    "inverse future, mark": (
        inverse_future("F", EXPIRY_NS),
        (quote("F", "1e-400"),),
        "price_mark_usd must be finite and from 1e-30 to 1e+30, was 0",
    ),
    "inverse perpetual, size": (
        inverse("ODD", multiplier_usd_per_contract=Decimal("1e36")),
        (index("ODD", 1), quote("ODD-PERPETUAL", 1)),
        "unit_ccy must be finite and from -1e+30 to 1e+30, was -1e+36",
    ),
    "quanto, coin": (
        structs.replace(quanto("ETH", "ODD"), instrument_id="odd"),
        (index("ODD", HUGE), quote("odd", 3010)),
        "price of ODD in dollars must be finite and from 1e-30 to 1e+30, was 1e+300",
    ),
    "linear perpetual, delta": (
        perpetual("ODD"),
        (index("ODD", "1e-30"), quote("ODD-PERP", 1e20)),
        "delta_own_coin must be finite and from -1e+30 to 1e+30, was 1e+50",
    ),
    "staked coin": (
        StakedCoin(instrument_id="odd", asset="odd", base="ETH"),
        (staking("odd", "ETH", HUGE),),
        "price of odd in dollars must be finite and from 1e-30 to 1e+30, was 3e+303",
    ),
    "staked coin, coins of one": (
        StakedCoin(instrument_id="odd", asset="odd", base="ODD"),
        (index("ODD", "1e-20"), staking("odd", "ODD", "1e35")),
        "settlement_delta_coin_per_unit must be finite and from -1e+30 to 1e+30, was 1e+35",
    ),
    "loan supplied": (
        supply("ETH"),
        (lending("ETH", supply_ray=RAY * 10**300),),
        "unit_ccy must be finite and from -1e+30 to 1e+30, was 1e+300",
    ),
    "loan owed": (
        debt("ETH"),
        (lending("ETH", debt_ray=RAY * 10**400),),
        "unit_ccy must be finite and from -1e+30 to 1e+30, was inf",
    ),
    "vault": (
        VaultShare(instrument_id="odd", vault="odd", asset="USDC"),
        (share_rate("odd", HUGE),),
        "unit_ccy must be finite and from -1e+30 to 1e+30, was 1e+300",
    ),
    "coin": (
        Spot(instrument_id="odd", asset="ODD"),
        (index("ODD", "1e-31"),),
        "price of ODD in dollars must be finite and from 1e-30 to 1e+30, was 1e-31",
    ),
}


def held(terms: tuple[Instrument, ...]) -> Book:
    positions = {one.instrument_id: ("2.5", 50) for one in terms}
    return book([account(positions=positions)], by_id(*terms))


def without(terms: tuple[Instrument, ...], is_left_out: Callable[[Instrument], bool]) -> Any:
    return tuple(one for one in terms if not is_left_out(one))


def columns(values: Values) -> dict[str, Any]:
    """Everything but which row of the book it is, and what is missing."""
    found = {}
    for each in fields(values):
        column = getattr(values, each.name)
        found[each.name] = column.table.tolist() if isinstance(column, GreekColumns) else column
    del found["instrument_index"], found["missing"]
    return {name: list(column) for name, column in found.items()}


@pytest.mark.parametrize("at", [0, 7, len(GOOD)])
@pytest.mark.parametrize("kind", BAD)
def test_one_bad_instrument_is_one_row_and_the_others_keep_every_bit(kind: str, at: int) -> None:
    bad, events, said = BAD[kind]
    terms = (*GOOD[:at], bad, *GOOD[at:])
    market = snapshot(*MARKET, *events)
    values = value(held(terms), market)
    (failure,) = values.missing
    assert (failure.subject, failure.reason) == (bad.instrument_id, "unsupported")
    assert failure.message.startswith(said)
    assert "row" not in failure.message
    assert failure.message.endswith(
        "; correct its terms or the market data it needs, or shock it less"
    )
    priced = [terms[row].instrument_id for row in values.instrument_index]
    assert priced == [one.instrument_id for one in GOOD]
    assert columns(values) == columns(value(held(GOOD), market))
    assert columns(values) == columns(value(held(GOOD), snapshot(*MARKET)))


@pytest.mark.parametrize("kind", BAD)
def test_totals_say_that_a_bad_row_is_not_in_them(kind: str) -> None:
    bad, events, _ = BAD[kind]
    market = snapshot(*MARKET, *events)
    of, rest = held((bad, *GOOD)), held(GOOD)
    values = value(of, market)
    table = aggregate(of, values, market)
    whole = aggregate(rest, value(rest, market), market).row("desk")
    for node in ("desk", "desk/venue", "desk/venue/main"):
        row = table.row(node)
        assert not isinstance(row, Failure)
        assert row.missing == values.missing
        assert not isinstance(whole, Failure)
        assert row.value_usd == whole.value_usd
        assert row.gamma_usd_per_pct == whole.gamma_usd_per_pct
    # Another coin's row knows nothing of it.
    own = {snapshot(*MARKET, *events).coin_of(underlying_of(bad)), settlement_of(bad)}
    other = table.row("coin/BTC" if "ETH" in own else "coin/ETH")
    assert not isinstance(other, Failure)
    if own.isdisjoint({"BTC", "ODD", "odd", "USDC"}):
        assert other.missing == ()


def driven(coin: str) -> Callable[[Instrument], bool]:
    market = snapshot(*MARKET)
    return lambda one: (
        coin
        in {
            market.coin_of(settlement_of(one)),
            market.coin_of(underlying_of(one)),
        }
    )


def is_of_vol(one: Instrument) -> bool:
    return one in (CALL, PUT) or one.instrument_id == "oSQTH"


SHOCKS: dict[str, tuple[Shock, Callable[[Instrument], bool], str]] = {
    "a coin to heaven": (
        Shock(spot_factor_frac={"ETH": 1e300}),
        driven("ETH"),
        "in dollars must be finite",
    ),
    "a coin to nothing": (Shock(spot_factor_frac={"BTC": 1e-40}), driven("BTC"), "was 6e-36"),
    "a peg to nothing": (Shock(spot_factor_frac={"USDC": 1e-40}), driven("USDC"), "was 1e-40"),
    "vol times much": (Shock(vol_factor_frac=1e300), is_of_vol, "to 1000, was"),
    "vol plus much": (Shock(vol_shift_frac=1e300), is_of_vol, "to 1000, was"),
    "the higher vol alone": (
        Shock(vol_factor_frac=1400.0),
        lambda one: one is PUT or one.instrument_id == "oSQTH",
        "",
    ),
    "ages on": (
        Shock(time_forward_ns=2000 * YEAR_NS),
        lambda one: one.instrument_id == "oSQTH",
        "elapsed_years must be finite and from 0 to 1000, was 2000",
    ),
    "ages back": (
        Shock(time_forward_ns=-2000 * YEAR_NS),
        is_of_vol,
        "years must be finite and from 0 to 1000, was",
    ),
}


@pytest.mark.parametrize("name", SHOCKS)
def test_an_absurd_shock_takes_what_it_drives_and_nothing_else(name: str) -> None:
    shock, is_driven, said = SHOCKS[name]
    market = snapshot(*MARKET)
    values = value(held(GOOD), market.shocked(shock))
    gone = [one.instrument_id for one in GOOD if is_driven(one)]
    assert [failure.subject for failure in values.missing] == gone
    assert {failure.reason for failure in values.missing} == {"unsupported"}
    assert all(said in failure.message for failure in values.missing)
    rest = held(without(GOOD, is_driven))
    assert columns(values) == columns(value(rest, market.shocked(shock)))
    table = aggregate(held(GOOD), values, market.shocked(shock))
    desk = table.row("desk")
    assert not isinstance(desk, Failure)
    assert {failure.subject for failure in desk.missing} == set(gone)


def test_greeks_beyond_any_sum_are_refused_too() -> None:
    """At its strike, without vol or time to speak of, and so large that its gamma has no meaning.

    Gamma is F / (σ √T) coins per ratio of spot, zomma that over σ: at σ = 1e-19 and a nanosecond,
    some 1e46 for one coin; times 1e29 contracts, counted in a coin worth 1e25 forwards.
    """
    terms = option(60000, "call", coin="ODD", averaging_ns=0)
    terms = structs.replace(terms, multiplier_coin_per_contract=Decimal("1e29"))
    now_ns = EXPIRY_NS - 1
    events = (
        index("ODD", "1e29", now_ns),
        option_quote(terms, 60000, 0.6, now_ns),
        index("BTC", 60000, now_ns),
        option_quote(CALL, 60300, 0.6, now_ns),
    )
    market = snapshot(*events, time_ns=now_ns).shocked(Shock(vol_factor_frac=1e-19))
    values = value(held((terms, CALL)), market)
    (failure,) = values.missing
    assert failure.subject == terms.instrument_id
    assert failure.message.startswith("zomma_usd_per_pct_volpt must be finite and from -1e+100 to")
    assert columns(values) == columns(value(held((CALL,)), market))


IN_WINDOW: dict[str, tuple[Number, Number, float, str]] = {
    "an average": (60000, 60000, 1e30, "price of BTC in dollars"),
    "the average, observed at the forward": (1, "1e25", 1e10, "forward_usd must be"),
    "the forward alone": ("1e280", 60000, 1e-300, "price_underlying_usd must be"),
    "all that no double holds": ("1e320", "1e320", 1e-300, "forward_usd must be"),
}


@pytest.mark.parametrize("minutes_left", [20, 31])
@pytest.mark.parametrize("name", IN_WINDOW)
def test_around_its_window_every_part_of_the_average_is_looked_at(
    name: str, minutes_left: int
) -> None:
    spot, forward, factor, said = IN_WINDOW[name]
    now_ns = EXPIRY_NS - minutes_left * MINUTE_NS
    events = (index("BTC", spot, now_ns), option_quote(CALL, forward, 0.6, now_ns))
    market = snapshot(*events, time_ns=now_ns).shocked(Shock(spot_factor_frac={"BTC": factor}))
    (failure,) = value(held((CALL,)), market).missing
    assert failure.reason == "unsupported"
    # Before the window the forward is all there is.
    is_inside = minutes_left < 30 or not said.startswith("price_underlying")
    assert failure.message.startswith(said if is_inside else "forward_usd must be")


@pytest.mark.parametrize("heard", ["1e280", "1e400"])
def test_an_average_beyond_any_market_is_refused_as_well(heard: str) -> None:
    now_ns = EXPIRY_NS - 1
    times = [EXPIRY_NS - minutes_left * MINUTE_NS for minutes_left in range(30, 0, -1)]
    market = snapshot(
        *(index("BTC", heard, time_ns) for time_ns in times),
        index("BTC", 60000, now_ns),
        option_quote(CALL, 60000, 0.6, now_ns),
        time_ns=now_ns,
    )
    (failure,) = value(held((CALL,)), market).missing
    assert failure.message.startswith("forward_usd must be finite and from 1e-30 to 1e+30, was")


def test_a_number_is_inside_at_its_bounds_and_a_nan_never_is() -> None:
    assert [inside("x", one, (1.0, 2.0)) for one in (1.0, 2.0)] == [1.0, 2.0]
    for one in (np.nextafter(1.0, 0.0), np.nextafter(2.0, 3.0), float("nan")):
        with pytest.raises(OutOfDomain, match="x must be finite and from 1 to 2, was"):
            inside("x", float(one), (1.0, 2.0))


def test_rows_outside_are_found_once_with_what_was_seen_first() -> None:
    nan = float("nan")
    columns = (("a", (1.0, 2.0)), ("b", (0.0, 1.0)))
    found = outside(columns, np.array([[1.0, 3.0, 2.0, nan], [0.0, 9.0, 9.0, 9.0]]))
    assert found == {
        1: "a must be finite and from 1 to 2, was 3",
        2: "b must be finite and from 0 to 1, was 9",
        3: "a must be finite and from 1 to 2, was nan",
    }
    assert outside(columns, np.array([[1.0, 2.0], [1.0, 0.0]])) == {}
    assert outside(columns, np.zeros((2, 0))) == {}


def test_what_is_refused_says_what_to_do() -> None:
    failure = refused(CALL, "strike_usd must be small, row 0 was 9")
    assert failure == Failure(
        subject="BTC-65000-call",
        reason="unsupported",
        message="strike_usd must be small, was 9; correct its terms or the market data it needs, "
        "or shock it less",
    )


# --- whatever the numbers, no call raises and nothing leaves that is no number --------------------

powers = st.one_of(st.integers(-400, 400), st.integers(-40, 40), st.integers(-3, 6)).map(
    lambda exponent: Decimal(3).scaleb(exponent)
)
factors = st.floats(1e-300, 1e300) | st.just(1.0)


def moved(now_ns: int, draw: Callable[[], Decimal]) -> tuple[tuple[Instrument, ...], Snapshot]:
    call = structs.replace(
        CALL, strike_usd=draw(), multiplier_coin_per_contract=draw(), averaging_ns=1800 * 10**9
    )
    low, high = sorted((draw(), draw()))
    terms: tuple[Instrument, ...] = (
        call,
        structs.replace(call, instrument_id="linear", settlement="USDC"),
        structs.replace(RANGE, price_lower_usd=low, price_upper_usd=2 * high),
        POOL,
        STAKED,
        VAULT,
        structs.replace(power(), scale_usd=draw(), settlement="BTC"),
        perpetual(multiplier_coin_per_contract=draw()),
        inverse(multiplier_usd_per_contract=draw()),
        quanto(),
        debt("USDC"),
    )
    events: list[MarketEvent] = [
        structs.replace(each, time_ns=now_ns)
        for each in (
            index("BTC", draw()),
            index("ETH", draw()),
            quote("BTC-PERP", draw()),
            quote("BTC-PERPETUAL", draw()),
            quote("ETH-QUANTO", draw()),
            option_quote(call, draw(), 0.6),
            structs.replace(option_quote(call, draw(), 9.0), instrument_id="linear"),
            staking("wstETH", "ETH", draw()),
            share_rate("yield", draw()),
            lending("USDC", debt_ray=RAY + int(draw())),
            power_state(draw(), draw(), draw()),
        )
    ]
    return terms, snapshot(*events, time_ns=now_ns)


@pytest.mark.slow
@draws(300)
@given(
    data=st.data(),
    now_ns=st.sampled_from([T0_NS, EXPIRY_NS - 1, EXPIRY_NS - 900 * 10**9]),
    spot=factors,
    vol=factors,
    forward_ns=st.sampled_from([0, 10**9, 10**15, 10**19]),
)
def test_whatever_the_numbers_every_instrument_has_a_row_or_a_reason(
    data: st.DataObject, now_ns: int, spot: float, vol: float, forward_ns: int
) -> None:
    terms, market = moved(now_ns, lambda: data.draw(powers))
    shock = Shock(
        spot_factor_frac={"BTC": spot, "USDC": 0.5}, vol_factor_frac=vol, time_forward_ns=forward_ns
    )
    values = value(held(terms), market.shocked(shock))
    priced = [terms[row].instrument_id for row in values.instrument_index]
    missing = [failure.subject for failure in values.missing]
    assert sorted(priced + missing) == sorted(one.instrument_id for one in terms)
    for name, column in columns(values).items():
        if not isinstance(column[0] if column else "", str):
            assert np.isfinite(np.array(column, dtype=np.float64)).all(), name
    assert values.greeks.table.shape == (len(GREEKS), len(priced))
