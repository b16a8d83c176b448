"""The embedded episode: one seed, the same bytes; and a market that a desk can live in."""

import subprocess
import sys
from collections import Counter
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Option
from hedgerow.market import (
    AgeLimits,
    FundingSettlement,
    IndexPrice,
    Ladder,
    LendingIndex,
    MarketEvent,
    MarketState,
    OptionQuote,
    OracleAnswer,
    Quote,
    StakingRate,
)
from hedgerow.pricing import value_usd
from hedgerow.simulation import (
    EPISODE_NS,
    episode_congestion,
    episode_events,
    episode_expiries_ns,
    episode_statements,
)
from hedgerow.units import HOUR_NS, MINUTE_NS, YEAR_NS, format_ns, parse_ns

START = parse_ns("2026-03-16T00:00:00Z")


def made(seed: int) -> list[MarketEvent]:
    return list(episode_events(np.random.Generator(np.random.Philox(seed)), start_ns=START))


@pytest.fixture(scope="module")
def events() -> list[MarketEvent]:
    return made(7)


def digest(events: list[MarketEvent]) -> str:
    return sha256(msgspec.json.encode(events)).hexdigest()


_ELSEWHERE = """
import hashlib, msgspec, numpy as np
from hedgerow.simulation import episode_events
rng = np.random.Generator(np.random.Philox(7))
events = list(episode_events(rng, start_ns={start}))
print(hashlib.sha256(msgspec.json.encode(events)).hexdigest())
"""


@pytest.mark.slow
def test_one_seed_gives_the_same_bytes_in_another_process(events: list[MarketEvent]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE.format(start=START)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout.strip() == digest(events)


def test_another_seed_is_another_market(events: list[MarketEvent]) -> None:
    assert digest(made(8)) != digest(events)


def test_time_never_runs_backwards_and_fills_the_window(events: list[MarketEvent]) -> None:
    times = [event.time_ns for event in events]
    assert times == sorted(times)
    assert times[0] == START - 2 * HOUR_NS
    assert times[-1] == START + EPISODE_NS


def test_the_market_is_complete_at_every_step_except_while_the_feed_is_silent(
    events: list[MarketEvent],
) -> None:
    ages = AgeLimits(
        quote_ns_max=6 * MINUTE_NS,
        option_ns_max=31 * MINUTE_NS,
        index_ns_max=6 * MINUTE_NS,
        ladder_ns_max=6 * MINUTE_NS,
        lending_ns_max=16 * MINUTE_NS,
        staking_ns_max=16 * MINUTE_NS,
        funding_ns_max=9 * HOUR_NS,
    )
    movers = {"BTC": "BTCUSDT-PERP", "ETH": "ETHUSDT-PERP"}
    state = MarketState(ages=ages, movers=movers, dollars_usd={"USDC": Decimal(1)})
    strangle = [
        Option(
            instrument_id=name,
            underlying="BTC",
            settlement="BTC",
            expiry_ns=episode_expiries_ns(START)[1],
            strike_usd=Decimal(strike),
            right="put" if name.endswith("P") else "call",
            multiplier_coin_per_contract=Decimal(1),
            averaging_ns=30 * MINUTE_NS,
            tick_ccy=Decimal("0.0001"),
            lot_contracts=Decimal("0.1"),
        )
        for name, strike in (("BTC-27MAR26-80000-P", 80_000), ("BTC-27MAR26-100000-C", 100_000))
    ]
    silent: list[int] = []
    taken = 0
    for time_ns in range(START, START + EPISODE_NS + 1, 5 * MINUTE_NS):
        while taken < len(events) and events[taken].time_ns <= time_ns:
            state.apply(events[taken])
            taken += 1
        snapshot = state.freeze(time_ns)
        answers = [
            *(snapshot.mark_usd(mover, coin) for coin, mover in movers.items()),
            *(snapshot.ladder(mover) for mover in movers.values()),
            *(snapshot.asset(asset) for asset in ("BTC", "ETH", "wstETH", "USDC")),
            *(snapshot.lending("aave", asset) for asset in ("wstETH", "USDC")),
            *(snapshot.option(option) for option in strangle),
            snapshot.oracle_usd("USDC"),
        ]
        assert [answer for answer in answers if isinstance(answer, Failure)] == []
        if isinstance(snapshot.oracle_usd("wstETH"), Failure):
            silent.append(time_ns)
    assert silent
    assert START + 21.25 * HOUR_NS < silent[0] <= silent[-1] <= START + 23 * HOUR_NS
    assert len(silent) == (silent[-1] - silent[0]) // (5 * MINUTE_NS) + 1


def test_it_is_a_crash_in_every_market_of_the_desk(events: list[MarketEvent]) -> None:
    kinds = Counter(type(event).__name__ for event in events)
    assert set(kinds) == {
        "Quote",
        "Ladder",
        "IndexPrice",
        "OptionQuote",
        "FundingSettlement",
        "OracleAnswer",
        "LendingIndex",
        "StakingRate",
    }
    spots = [e.price_usd for e in events if isinstance(e, IndexPrice) and e.underlying == "BTC"]
    assert min(spots) < spots[0] * Decimal("0.8")
    rates = [e.rate_frac for e in events if isinstance(e, FundingSettlement)]
    assert len(rates) == 2 * 6
    # Longs pay in the calm of the first eight hours, shorts pay after the crash of hours 20 to 24.
    assert min(rates[:2]) > 0 > max(rates[4:6])
    depth = [
        sum(level.quantity_contracts for level in e.bids)
        for e in events
        if isinstance(e, Ladder) and e.instrument_id.startswith("BTC")
    ]
    assert min(depth) < max(depth) / 2
    assert max(e.discount_frac for e in events if isinstance(e, StakingRate)) > Decimal("0.01")
    vols = [e.vol_mark_frac for e in events if isinstance(e, OptionQuote)]
    assert 0.2 < min(vols) < 0.6 < max(vols) < 4


def test_prices_are_on_their_ticks(events: list[MarketEvent]) -> None:
    for event in events:
        if isinstance(event, Quote):
            tick = Decimal("0.1") if event.instrument_id.startswith("BTC") else Decimal("0.01")
            assert event.price_mark_usd % tick == 0
            assert event.price_bid_usd is not None
            assert event.price_ask_usd is not None
            assert event.price_bid_usd <= event.price_mark_usd <= event.price_ask_usd
        if isinstance(event, IndexPrice):
            assert event.price_usd % Decimal("0.01") == 0


def test_marks_belong_to_the_vols_that_are_quoted(events: list[MarketEvent]) -> None:
    quotes = [e for e in events if isinstance(e, OptionQuote) and "27MAR26" in e.instrument_id]
    worst = 0.0
    for quote in quotes[::97]:
        strike = float(quote.instrument_id.split("-")[2])
        worth = value_usd(
            np.array([float(quote.price_underlying_usd)]),
            np.array([strike]),
            np.array([quote.vol_mark_frac]),
            np.array([(episode_expiries_ns(START)[1] - quote.time_ns) / YEAR_NS]),
            np.array([quote.instrument_id.endswith("C")]),
        )[0]
        assert quote.price_mark_ccy is not None
        gap = abs(float(quote.price_mark_ccy) - worth / float(quote.price_underlying_usd))
        worst = max(worst, gap)
    assert 0 < worst <= 0.00005 + 1e-9  # half a tick


def test_the_feed_lags_and_the_staked_coin_follows_it(events: list[MarketEvent]) -> None:
    eth = [e for e in events if isinstance(e, OracleAnswer) and e.asset == "ETH"]
    staked = [e for e in events if isinstance(e, OracleAnswer) and e.asset == "wstETH"]
    assert [e.time_ns for e in staked] == [e.time_ns for e in eth]
    assert all(e.time_ns % (5 * MINUTE_NS) == MINUTE_NS for e in eth)
    gaps = [b.time_ns - a.time_ns for a, b in pairwise(eth)]
    assert sorted(gaps)[-1] > 100 * MINUTE_NS
    assert sorted(gaps)[-2] <= HOUR_NS


def test_expiries_are_deribits() -> None:
    assert [format_ns(expiry) for expiry in episode_expiries_ns(START)] == [
        "2026-03-17T08:00:00Z",
        "2026-03-27T08:00:00Z",
        "2026-04-24T08:00:00Z",
    ]


def test_congestion_covers_both_falls_and_the_statements_say_what_is_invented() -> None:
    windows = episode_congestion(START)
    for hours in (21, 31):
        assert any(w.start_ns <= START + hours * HOUR_NS < w.end_ns for w in windows)
    assert any("invented" in words for words in episode_statements())


def test_at_the_start_loans_and_staked_coins_are_what_the_desk_states(
    events: list[MarketEvent],
) -> None:
    opening = [e for e in events if e.time_ns == START and isinstance(e, LendingIndex)]
    assert {e.asset for e in opening} == {"wstETH", "USDC"}
    assert {(e.liquidity_index_ray, e.borrow_index_ray) for e in opening} == {(10**27, 10**27)}
    rates = [e for e in events if e.time_ns <= START and isinstance(e, StakingRate)]
    assert {e.rate_coin_per_coin for e in rates} == {Decimal("1.228")}
