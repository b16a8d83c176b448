"""A snapshot answers with a number or says why not; it never changes once taken."""

from decimal import Decimal
from functools import partial
from typing import get_args

import msgspec
import pytest

from hedgerow.errors import Failure, MarketRejected
from hedgerow.market import (
    AgeLimits,
    Candle,
    FundingSettlement,
    MarketEvent,
    MarketState,
    Shock,
    TradePrint,
)
from hedgerow.market.snapshot import _KEPT
from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from tests.builders import (
    EXPIRY_NS,
    RAY,
    T0_NS,
    index,
    ladder,
    lending,
    option,
    option_quote,
    oracle,
    power,
    power_state,
    quote,
    share_rate,
    snapshot,
    staking,
    state,
)

D = Decimal
SLOW = AgeLimits(quote_ns_max=20 * MINUTE_NS, option_ns_max=13 * HOUR_NS, index_ns_max=13 * HOUR_NS)
MOVERS = {"BTC": "BTC-PERP"}


def why(outcome: object) -> tuple[str, str]:
    assert isinstance(outcome, Failure)
    return outcome.reason, outcome.message


def test_what_never_came_is_missing() -> None:
    empty = snapshot()
    call = option(100, "call")
    asked = {
        "no quote for P": empty.mark_usd("P", "BTC"),
        "no index for BTC": empty.spot_usd("BTC"),
        "no index for X": empty.asset("X"),
        "no option quote for BTC-100-call": empty.option(call),
        "no order book for P": empty.ladder("P"),
        "no funding rate for P": empty.funding_frac("P"),
        "no oracle answer for X": empty.oracle_usd("X"),
        "no lending index for aave X": empty.lending("aave", "X"),
        "no share rate for V": empty.share_rate("V"),
        "no power perpetual's state for oSQTH": empty.power(power()),
    }
    for message, outcome in asked.items():
        assert why(outcome) == ("missing_data", f"{message} by 2026-02-01T00:00:00Z")


AGES = """
    what      limit_s
    quote     5
    option    5
    index     3
    ladder    5
    lending   60
    staking   86400
    share     86400
    power     60
    funding   32400
    oracle    4320
"""


@pytest.mark.parametrize("row", AGES.strip().splitlines()[1:])
def test_at_its_limit_an_input_counts_and_one_nanosecond_later_it_is_stale(row: str) -> None:
    what, limit_s = row.split()
    limit_ns = int(limit_s) * SECOND_NS
    call = option(100, "call")
    base_ns = T0_NS + limit_ns
    for late_ns in (0, 1):
        now = snapshot(
            quote("P", 100),
            option_quote(call, 100, 0.5),
            index("BTC", 100),
            ladder("P", 100),
            lending("X"),
            staking("W", "USDC", 1),
            share_rate("V", 1),
            power_state(1, 2000, 400),
            FundingSettlement(time_ns=T0_NS, instrument_id="P", rate_frac=D(0)),
            oracle("BTC", 100),
            time_ns=base_ns + late_ns,
        )
        outcome = {
            "quote": lambda n=now: n.mark_usd("P", "BTC"),
            "option": lambda n=now: n.option(call),
            "index": lambda n=now: n.spot_usd("BTC"),
            "ladder": lambda n=now: n.ladder("P"),
            "lending": lambda n=now: n.lending("aave", "X"),
            "staking": lambda n=now: n.asset("W"),
            "share": lambda n=now: n.share_rate("V"),
            "power": lambda n=now: n.power(msgspec.structs.replace(power(), underlying="USDC")),
            "funding": lambda n=now: n.funding_frac("P"),
            "oracle": lambda n=now: n.oracle_usd("BTC"),
        }[what]()
        if late_ns:
            reason, message = why(outcome)
            assert reason == "stale_data"
            key = "" if what == "oracle" else f" (ages.{what})"
            assert message.endswith(f"is {limit_s} s old, the limit is {limit_s} s{key}")
        else:
            assert not isinstance(outcome, Failure), outcome


def test_time_does_not_run_backwards() -> None:
    kept = state(quote("P", 100))
    with pytest.raises(MarketRejected, match=r"time runs backwards: Quote at 2026-01-31T23:59:59Z"):
        kept.apply(quote("P", 101, T0_NS - 1))
    with pytest.raises(MarketRejected, match="cannot look back to 2026-01-31T23:59:59Z"):
        kept.freeze(T0_NS - 1)
    kept.apply(quote("P", 101))  # the same moment is fine
    assert kept.freeze(T0_NS).mark_usd("P", "BTC") == 101


def test_a_snapshot_is_not_touched_by_what_comes_later() -> None:
    kept = state(quote("BTC-PERP", 100), index("BTC", 100), movers=MOVERS, ages=SLOW)
    before = kept.freeze(T0_NS)
    kept.apply(quote("BTC-PERP", 200))
    kept.apply(index("BTC", 300))
    assert before.mark_usd("BTC-PERP", "BTC") == 100
    assert before.spot_usd("BTC") == 100
    shocked = before.shocked(Shock(spot_factor_frac={"BTC": 0.5}))
    assert shocked.spot_usd("BTC") == 50
    assert before.spot_usd("BTC") == 100


def test_a_candle_is_a_quote_at_its_close_and_a_print_is_none() -> None:
    kept = state(
        Candle(
            time_ns=T0_NS,
            time_open_ns=T0_NS - MINUTE_NS,
            instrument_id="P",
            price_open_usd=D(10),
            price_high_usd=D(12),
            price_low_usd=D(9),
            price_close_usd=D(11),
            volume_coin=D(1),
        ),
        TradePrint(
            time_ns=T0_NS,
            instrument_id="P",
            price_usd=D(99),
            quantity_contracts=D(1),
            is_buyer_maker=True,
        ),
    )
    assert kept.freeze(T0_NS).mark_usd("P", "BTC") == 11


# --- carried by the perpetual between chains ---


def test_forwards_and_index_are_carried_by_the_perpetual() -> None:
    call = option(60000, "call")
    later_ns = T0_NS + 6 * HOUR_NS
    now = snapshot(
        quote("BTC-PERP", 50000),
        index("BTC", 50100),
        option_quote(call, 51000, 0.6),
        quote("BTC-PERP", 45000, later_ns),
        time_ns=later_ns,
        movers=MOVERS,
        ages=SLOW,
    )
    mark = now.option(call)
    assert not isinstance(mark, Failure)
    assert mark.forward_usd == pytest.approx(51000 * 0.9, rel=1e-15)
    assert mark.vol_frac == 0.6
    assert mark.age_ns == 6 * HOUR_NS
    assert mark.is_estimate
    assert mark.expiry_years == pytest.approx((EXPIRY_NS - later_ns) / (365 * DAY_NS), rel=1e-15)
    assert now.spot_usd("BTC") == D("45090")


def test_at_the_moment_of_the_chain_nothing_is_carried() -> None:
    call = option(60000, "call")
    now = snapshot(
        quote("BTC-PERP", 50000), option_quote(call, 51000, 0.6), movers=MOVERS, ages=SLOW
    )
    mark = now.option(call)
    assert not isinstance(mark, Failure)
    assert (mark.forward_usd, mark.age_ns, mark.is_estimate) == (51000.0, 0, False)


def test_without_the_perpetual_then_or_now_there_is_no_carrying() -> None:
    call = option(60000, "call")
    never = snapshot(option_quote(call, 51000, 0.6), movers=MOVERS, ages=SLOW)
    assert why(never.option(call))[0] == "missing_data"
    later_ns = T0_NS + 21 * MINUTE_NS
    silent = snapshot(
        quote("BTC-PERP", 50000),
        option_quote(call, 51000, 0.6),
        index("BTC", 1),
        time_ns=later_ns,
        movers=MOVERS,
        ages=SLOW,
    )
    assert why(silent.option(call))[0] == "stale_data"
    assert why(silent.spot_usd("BTC"))[0] == "stale_data"


def test_a_perpetual_that_was_stale_when_the_chain_came_anchors_nothing() -> None:
    """Else the forward would be moved by what the coin did before the chain."""
    call = option(60000, "call")
    chain_ns = T0_NS + 21 * MINUTE_NS
    now = snapshot(
        quote("BTC-PERP", 40000),
        option_quote(call, 51000, 0.6, chain_ns),
        quote("BTC-PERP", 51000, chain_ns + 1),
        time_ns=chain_ns + 1,
        movers=MOVERS,
        ages=SLOW,
    )
    assert why(now.option(call))[0] == "missing_data"


def test_anchors_do_not_pile_up() -> None:
    kept = state(movers=MOVERS, ages=SLOW)
    call = option(60000, "call")
    kept.apply(quote("BTC-PERP", 50000))
    kept.apply(option_quote(call, 51000, 0.6))
    for second in range(2000):
        now_ns = T0_NS + second * SECOND_NS
        kept.apply(quote("BTC-PERP", 50000, now_ns))
        kept.apply(index("BTC", 50000, now_ns))
    now = kept.freeze(T0_NS + 2000 * SECOND_NS)
    assert len(now.anchors_usd) < 600
    assert not isinstance(now.option(call), Failure)
    assert not isinstance(now.spot_usd("BTC"), Failure)


def test_tidying_the_anchors_forgets_none_that_is_needed() -> None:
    """Whenever it happens: what was heard this moment needs its anchor the next."""
    kept = state(movers=MOVERS, ages=SLOW)
    for second in range(600):
        now_ns = T0_NS + second * SECOND_NS
        kept.apply(quote("BTC-PERP", 50000, now_ns))
        kept.apply(index("BTC", 60000, now_ns))
        kept.apply(quote("BTC-PERP", 51000, now_ns + 1))
        spot = kept.freeze(now_ns + 1).spot_usd("BTC")
        assert spot == D(61200), second


def test_every_kind_of_event_but_a_print_is_kept() -> None:
    kept = {kind for kind in get_args(MarketEvent) if kind in _KEPT}
    assert set(get_args(MarketEvent)) - kept == {TradePrint}
    fields = [field for field, _ in _KEPT.values()]
    assert len(fields) == len(set(fields))


# --- derived prices ------------------------------------------------------------------------------


def test_a_staked_token_follows_its_base() -> None:
    now = snapshot(index("ETH", 2000), staking("W", "ETH", "1.2"), oracle("W", 2400))
    assert now.coin_of("W") == "ETH"
    assert now.coin_of("ETH") == "ETH"
    halved = now.shocked(Shock(spot_factor_frac={"ETH": 0.5}))
    worth = halved.asset("W")
    assert not isinstance(worth, Failure)
    assert (worth.price_usd, worth.underlying, worth.delta_coin_per_unit) == (1200.0, "ETH", 1.2)
    assert halved.oracle_usd("W") == 1200


def test_a_discount_is_what_the_market_takes_off() -> None:
    token = staking("W", "ETH", "1.2")
    cheap = type(token)(
        **{name: getattr(token, name) for name in token.__struct_fields__}
        | {"discount_frac": D("0.05")}
    )
    worth = snapshot(index("ETH", 2000), cheap).asset("W")
    assert not isinstance(worth, Failure)
    assert worth.price_usd == pytest.approx(2280.0, rel=1e-15)


def test_a_dollar_coin_has_its_parity_until_shocked() -> None:
    now = snapshot()
    assert now.spot_usd("USDC") == 1
    assert now.shocked(Shock(spot_factor_frac={"USDC": 0.9})).spot_usd("USDC") == D("0.9")


def test_shocks_reach_every_price_of_their_coin_and_no_other() -> None:
    call = option(60000, "call")
    now = snapshot(
        quote("BTC-PERP", 50000),
        quote("ETH-PERP", 3000),
        index("BTC", 50000),
        option_quote(call, 51000, 0.6),
        oracle("BTC", 50000),
        ladder("BTC-PERP", 50000),
    )
    first = Shock(spot_factor_frac={"BTC": 0.8}, vol_factor_frac=1.5)
    twice = now.shocked(first).shocked(Shock(spot_factor_frac={"BTC": 0.5}))
    assert twice.mark_usd("BTC-PERP", "BTC") == 20000
    assert twice.mark_usd("ETH-PERP", "ETH") == 3000
    assert twice.spot_usd("BTC") == 20000
    assert twice.oracle_usd("BTC") == 20000
    mark = twice.option(call)
    assert not isinstance(mark, Failure)
    assert mark.forward_usd == pytest.approx(20400.0, rel=1e-15)
    assert mark.vol_frac == pytest.approx(0.9, rel=1e-15)
    assert twice.ladder("BTC-PERP") == ladder("BTC-PERP", 50000)


def test_a_step_forward_ages_options_only() -> None:
    call = option(60000, "call")
    now = snapshot(option_quote(call, 51000, 0.6), quote("P", 1))
    soon = now.shocked(Shock(time_forward_ns=DAY_NS))
    mark = soon.option(call)
    assert not isinstance(mark, Failure)
    assert mark.expiry_years == pytest.approx(72 / 365, rel=1e-15)
    assert soon.mark_usd("P", "BTC") == 1
    past = now.shocked(Shock(time_forward_ns=200 * DAY_NS)).option(call)
    assert not isinstance(past, Failure)
    assert past.expiry_years == 0.0


def test_what_the_perpetual_did_before_the_chain_is_not_carried() -> None:
    """The index of 12:10 knows of the move since 12:00; the candle of 12:15 brings it again."""
    market = MarketState(
        ages=AgeLimits(quote_ns_max=20 * MINUTE_NS, index_ns_max=HOUR_NS),
        movers={"BTC": "BTC-PERP"},
        dollars_usd={},
    )
    market.apply(quote("BTC-PERP", 60_000, time_ns=T0_NS))
    market.apply(index("BTC", 59_400, time_ns=T0_NS + 10 * MINUTE_NS))
    before = market.freeze(T0_NS + 12 * MINUTE_NS)
    assert before.spot_usd("BTC") == 59_400, "nothing heard since the index"
    market.apply(quote("BTC-PERP", 59_100, time_ns=T0_NS + 15 * MINUTE_NS))
    # On the line from 60,000 to 59,100 the perpetual stood at 59,400 after ten minutes.
    after = market.freeze(T0_NS + 15 * MINUTE_NS)
    assert after.spot_usd("BTC") == D(59_400) * D(59_100) / D(59_400)
    market.apply(quote("BTC-PERP", 60_588, time_ns=T0_NS + 30 * MINUTE_NS))
    later = market.freeze(T0_NS + 30 * MINUTE_NS)
    assert later.spot_usd("BTC") == D(59_400) * D(60_588) / D(59_400)


def test_a_power_perpetual_is_told_with_the_coin_of_now() -> None:
    market = snapshot(
        power_state("0.3", 2000, 130), index("ETH", 2100, T0_NS + 1), time_ns=T0_NS + 1
    )
    mark = market.power(power())
    assert not isinstance(mark, Failure)
    assert (mark.price_usd, mark.norm_factor_frac) == (2100.0, 0.3)
    assert (mark.price_underlying_recorded_usd, mark.price_mark_recorded_usd) == (2000.0, 130.0)
    assert (mark.vol_factor_frac, mark.elapsed_years) == (1.0, 0.0)
    assert mark.age_ns == 1
    assert mark.is_estimate
    shock = Shock(spot_factor_frac={"ETH": 0.5}, vol_factor_frac=2.0, time_forward_ns=365 * DAY_NS)
    shocked = market.shocked(shock).power(power())
    assert not isinstance(shocked, Failure)
    assert (shocked.price_usd, shocked.vol_factor_frac, shocked.elapsed_years) == (1050.0, 2.0, 1.0)
    # What was recorded stays as it was.
    assert shocked.price_underlying_recorded_usd == 2000.0
    fresh = snapshot(power_state("0.3", 2000, 130), index("ETH", 2100)).power(power())
    assert not isinstance(fresh, Failure)
    assert not fresh.is_estimate


def test_a_power_perpetual_needs_the_coins_price() -> None:
    assert why(snapshot(power_state("0.3", 2000, 130)).power(power())) == (
        "missing_data",
        "no index for ETH by 2026-02-01T00:00:00Z",
    )


# --- bases, single marks, pegs, interest ----------------------------------------------------------


def test_a_basis_moves_what_is_paid_later_and_not_the_spot() -> None:
    call = option(70_000, "call")
    now = snapshot(index("BTC", 100), quote("BTC-PERP", 101), option_quote(call, 102, 0.5))
    moved = now.shocked(Shock(spot_factor_frac={"BTC": 2.0}, basis_factor_frac={"BTC": 1.1}))
    assert moved.spot_usd("BTC") == 200
    assert moved.mark_usd("BTC-PERP", "BTC") == D("222.2")
    mark = moved.option(call)
    assert not isinstance(mark, Failure)
    assert mark.forward_usd == pytest.approx(102 * 2.2)


def test_a_single_mark_moves_alone() -> None:
    now = snapshot(quote("BTC-PERP", 100), quote("BTC-NEXT", 100), index("BTC", 100))
    moved = now.shocked(Shock(mark_factor_frac={"BTC-NEXT": 0.5}))
    assert moved.mark_usd("BTC-NEXT", "BTC") == 50
    assert moved.mark_usd("BTC-PERP", "BTC") == 100
    assert moved.spot_usd("BTC") == 100
    assert moved.unshocked().mark_usd("BTC-NEXT", "BTC") == 100


def test_shocks_of_every_kind_compose() -> None:
    first = Shock(basis_factor_frac={"BTC": 0.5}, mark_factor_frac={"X": 2.0})
    both = first.then(
        Shock(basis_factor_frac={"BTC": 0.5, "ETH": 3.0}, mark_factor_frac={"X": 2.0})
    )
    assert dict(both.basis_factor_frac) == {"BTC": 0.25, "ETH": 3.0}
    assert dict(both.mark_factor_frac) == {"X": 4.0}
    nothing = {"BTC": 0.0}
    for bad in (
        partial(Shock, spot_factor_frac=nothing),
        partial(Shock, basis_factor_frac=nothing),
        partial(Shock, mark_factor_frac=nothing),
    ):
        with pytest.raises(ValueError, match="positive and finite"):
            bad()


def test_a_staked_token_named_in_a_shock_leaves_its_base() -> None:
    now = snapshot(index("ETH", 2000), staking("wstETH", "ETH", "1.2"), oracle("wstETH", 2400))
    moved = now.shocked(Shock(spot_factor_frac={"ETH": 0.5, "wstETH": 0.9}))
    priced = moved.asset("wstETH")
    assert not isinstance(priced, Failure)
    assert priced.price_usd == pytest.approx(0.9 * 1.2 * 1000)
    assert priced.delta_coin_per_unit == pytest.approx(0.9 * 1.2)
    assert moved.oracle_usd("wstETH") == D("1080.00")
    assert moved.spot_usd("ETH") == 1000


def test_time_grows_loans_at_the_rates_last_heard() -> None:
    """A year at 10 %: supply linear, debt three terms of the compounding by the second."""
    plain = lending("USDC", supply_ray=2 * RAY)
    rated = msgspec.structs.replace(
        plain, supply_frac_per_year=D("0.1"), borrow_frac_per_year=D("0.1")
    )
    year = Shock(time_forward_ns=365 * DAY_NS)
    grown = snapshot(rated).shocked(year).lending("aave", "USDC")
    assert not isinstance(grown, Failure)
    assert grown.liquidity_index_ray == pytest.approx(2.2 * RAY, rel=1e-12)
    assert grown.borrow_index_ray == pytest.approx((1 + 0.1 + 0.01 / 2 + 0.001 / 6) * RAY, rel=1e-6)
    assert snapshot(plain).shocked(year).lending("aave", "USDC") == plain
    assert snapshot(rated).lending("aave", "USDC") == rated
