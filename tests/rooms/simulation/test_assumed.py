from collections.abc import Iterable
from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import MarketRejected
from hedgerow.market import (
    IndexPrice,
    Ladder,
    LendingIndex,
    MarketEvent,
    OracleAnswer,
    Quote,
    ShareRate,
    StakingRate,
)
from hedgerow.simulation import (
    Assumptions,
    DepthModel,
    LendingModel,
    OracleModel,
    PegOracleModel,
    ShareModel,
    StakingModel,
    with_assumptions,
)
from hedgerow.units import HOUR_NS, MINUTE_NS
from tests.rooms.simulation.desk import PERP, T0, index, ladder, lent, oracle, quote

ALL = Assumptions(
    start_ns=T0,
    depth=DepthModel(
        depth_usd_per_bps=400_000,
        vol_reference_frac=0.5,
        vol_exponent_frac=1.5,
        half_spread_bps=0.5,
        levels_count=2,
        level_step_bps=1.0,
    ),
    futures=(PERP,),
    oracles=(
        OracleModel(
            asset="ETH", heartbeat_ns=HOUR_NS, deviation_frac=Decimal("0.005"), delay_ns=MINUTE_NS
        ),
        OracleModel(
            asset="USDC", heartbeat_ns=24 * HOUR_NS, deviation_frac=Decimal("0.005"), delay_ns=0
        ),
    ),
    stakings=(
        StakingModel(
            asset="wstETH",
            base="ETH",
            rate_coin_per_coin=Decimal("1.25"),
            heartbeat_ns=24 * HOUR_NS,
        ),
    ),
    lendings=(LendingModel(market="aave", asset="USDC", borrow_frac_per_year=Decimal("0.05")),),
    dollars_usd={"USDC": Decimal(1)},
)


def minutes(*rows: tuple[int, MarketEvent]) -> list[MarketEvent]:
    """Stamp events with minutes after T0."""
    return [msgspec.structs.replace(event, time_ns=T0 + at * MINUTE_NS) for at, event in rows]


def kinds(events: Iterable[MarketEvent]) -> list[tuple[int, str]]:
    return [((e.time_ns - T0) // MINUTE_NS, type(e).__name__) for e in events]


def test_assumed_events_follow_their_cause_in_order_of_time() -> None:
    stream = minutes(
        (0, index("2000", coin="ETH")), (0, quote("100000")), (5, quote("100100")), (7, quote("1"))
    )
    assert kinds(with_assumptions(stream, ALL)) == [
        (0, "IndexPrice"),
        (0, "Quote"),
        (0, "Ladder"),
        (0, "LendingIndex"),
        (0, "StakingRate"),
        (0, "OracleAnswer"),  # USDC, without delay
        (1, "OracleAnswer"),  # ETH, a minute late
        (1, "OracleAnswer"),  # wstETH, as soon as ETH has answered
        (5, "Quote"),
        (5, "Ladder"),
        (7, "Quote"),
        (7, "Ladder"),
    ]


def test_the_staked_coins_oracle_is_the_feed_times_the_rate() -> None:
    stream = minutes((0, index("2000", coin="ETH")), (2, quote("1")))
    answers = {e.asset: e for e in with_assumptions(stream, ALL) if isinstance(e, OracleAnswer)}
    assert answers["wstETH"].price_usd == Decimal(2500)
    assert answers["wstETH"].heartbeat_ns == 24 * HOUR_NS
    assert answers["USDC"].price_usd == Decimal(1)


def test_a_recorded_feed_still_carries_the_staked_coin() -> None:
    stream = minutes((0, index("2000", coin="ETH")), (0, oracle("ETH", "1990")), (9, quote("1")))
    answers = [e for e in with_assumptions(stream, ALL) if isinstance(e, OracleAnswer)]
    assert [(a.asset, a.price_usd) for a in answers if a.asset != "USDC"] == [
        ("ETH", Decimal(1990)),
        ("wstETH", Decimal("2487.5")),
    ]


def test_an_oracle_of_two_feeds_sees_the_discount_and_answers_with_either() -> None:
    def staked(discount: str) -> StakingRate:
        return StakingRate(
            time_ns=T0,
            asset="stETH",
            base="ETH",
            rate_coin_per_coin=Decimal(1),
            discount_frac=Decimal(discount),
        )

    peg = PegOracleModel(asset="stETH", round_age_ns=HOUR_NS)
    stream = minutes(
        (0, staked("0.02")),  # the coin's feed has not spoken
        (1, oracle("ETH", "2000")),
        (2, staked("0.05")),
        (3, quote("1")),  # neither of the two
        (4, oracle("ETH", "1000")),
        (63, oracle("ETH", "1100")),  # the round is older than an hour
    )
    made = with_assumptions(stream, Assumptions(start_ns=T0, peg_oracles=(peg,)))
    answers = [e for e in made if isinstance(e, OracleAnswer) and e.asset == "stETH"]
    assert [((a.time_ns - T0) // MINUTE_NS, a.price_usd) for a in answers] == [
        (1, Decimal(1960)),
        (2, Decimal(1900)),
        (4, Decimal(950)),
    ]
    assert all(a.is_assumed and a.heartbeat_ns == oracle("ETH", "1").heartbeat_ns for a in answers)
    with pytest.raises(ValueError, match="round_age_ns must be positive"):
        PegOracleModel(asset="stETH", round_age_ns=0)


def test_what_the_stream_brings_itself_is_not_assumed() -> None:
    stream = minutes(
        (0, quote("100000")),
        (0, ladder()),
        (0, lent("USDC")),
        (0, oracle("USDC", "0.999")),
        (30, quote("100000")),
        (60, quote("100000")),
    )
    rest = [e for e in with_assumptions(stream, ALL) if e not in stream]
    assert {type(e) for e in rest} == {StakingRate}


def test_a_model_falls_silent_once_the_stream_speaks() -> None:
    stream = minutes((0, quote("100000")), (1, ladder()), (2, quote("100000")))
    made = [e for e in with_assumptions(stream, ALL) if isinstance(e, Ladder)]
    assert [e.is_assumed for e in made] == [True, False]


def test_between_indices_the_mover_carries_the_price_an_oracle_sees() -> None:
    moved = Assumptions(start_ns=T0, oracles=ALL.oracles[:1], movers={"ETH": PERP.instrument_id})
    stream = minutes(
        (0, quote("2020")), (0, index("2000", coin="ETH")), (5, quote("2222")), (9, quote("2222"))
    )
    answers = [e for e in with_assumptions(stream, moved) if isinstance(e, OracleAnswer)]
    assert [a.price_usd for a in answers] == [Decimal(2000), Decimal(2200)]  # 2000 · 2222 / 2020


def test_indices_are_published_every_quarter_of_an_hour() -> None:
    stream = minutes(*((at, quote("1")) for at in range(0, 60, 5)))
    made = [e for e in with_assumptions(stream, ALL) if isinstance(e, LendingIndex)]
    assert [(e.time_ns - T0) // MINUTE_NS for e in made] == [0, 15, 30, 45]
    assert made[0].borrow_index_ray < made[1].borrow_index_ray


def test_a_stream_passes_through_whole_and_in_order() -> None:
    stream = minutes(*((at, quote(str(1 + at))) for at in range(100)), (100, index("1")))
    out = list(with_assumptions(stream, ALL))
    assert [e for e in out if isinstance(e, Quote | IndexPrice)] == stream
    times = [e.time_ns for e in out]
    assert times == sorted(times)


def test_time_running_backwards_is_refused() -> None:
    with pytest.raises(MarketRejected, match="time runs backwards"):
        list(with_assumptions(minutes((1, quote("1")), (0, quote("1"))), ALL))


def test_every_model_states_itself() -> None:
    assert len(ALL.statements()) == 5
    assert Assumptions(start_ns=T0).statements() == ()


def accruals(first: int, last: int) -> list[LendingIndex | StakingRate]:
    """What is published when the stream runs from one minute to another, around a start at T0."""
    growing = msgspec.structs.replace(ALL.stakings[0], growth_frac_per_year=Decimal("0.5"))
    stream = minutes(*((at, quote("1")) for at in range(first, last, 5)))
    made = with_assumptions(stream, msgspec.structs.replace(ALL, stakings=(growing,)))
    return [e for e in made if isinstance(e, LendingIndex | StakingRate)]


def test_at_the_start_a_debt_is_what_the_desk_states_however_long_the_warmup() -> None:
    for warmup in (0, 35, 7 * 24 * 60):
        before = [e for e in accruals(-warmup, 60) if e.time_ns <= T0]
        for each in before:
            if isinstance(each, LendingIndex):
                assert each.borrow_index_ray == each.liquidity_index_ray == 10**27
            else:
                assert each.rate_coin_per_coin == Decimal("1.25")
        assert {type(e) for e in before if e.time_ns == T0} == {LendingIndex, StakingRate}


def test_what_is_published_after_the_start_does_not_depend_on_the_warmup() -> None:
    after = [e for e in accruals(0, 200) if e.time_ns > T0]
    assert after
    assert [e for e in accruals(-70, 200) if e.time_ns > T0] == after


def test_a_vault_nobody_recorded_is_assumed_hourly_until_it_is_heard() -> None:
    assumed = Assumptions(
        start_ns=T0, shares=(ShareModel(vault="savings", rate_coin_per_share=Decimal("1.04")),)
    )
    heard = ShareRate(time_ns=0, vault="savings", rate_coin_per_share=Decimal("1.05"))
    stream = minutes(
        *((at, quote("1")) for at in range(0, 150, 30)), (150, heard), (200, quote("1"))
    )
    made = [e for e in with_assumptions(stream, assumed) if isinstance(e, ShareRate)]
    assert [((e.time_ns - T0) // MINUTE_NS, e.is_assumed) for e in made] == [
        (0, True),
        (60, True),
        (120, True),
        (150, False),
    ]
    assert len(assumed.statements()) == 1
