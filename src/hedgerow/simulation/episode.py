"""The embedded default: a seeded crash of two days that needs no data, key or network.

Calm, a slide, a crash of four hours, a bounce, a second leg, a slow recovery. While it crashes
books thin and widen with volatility, options are re-quoted every half hour on a vol that jumps,
funding turns negative, the staked coin trades below what it redeems for, the ETH feed goes silent
for an hour and three quarters, and transfers crawl. One seed gives the same bytes every time.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from hedgerow.instruments import LinearPerpetual
from hedgerow.market import (
    FundingSettlement,
    IndexPrice,
    Ladder,
    MarketEvent,
    OracleAnswer,
    Quote,
    StakingRate,
)
from hedgerow.simulation.accrual import LendingModel, StakingModel
from hedgerow.simulation.crash_paths import Paths, crash_paths
from hedgerow.simulation.depth import DepthModel, ladder_around
from hedgerow.simulation.oracle import Feed, OracleModel
from hedgerow.simulation.smile import chain
from hedgerow.simulation.transfers import Congestion
from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, percent, quantise, to_exact

__all__ = [
    "EPISODE_NS",
    "WARMUP_NS",
    "episode_congestion",
    "episode_events",
    "episode_expiries_ns",
    "episode_statements",
]

EPISODE_NS = 48 * HOUR_NS
WARMUP_NS = 2 * HOUR_NS
_STEP_NS = 5 * MINUTE_NS
_CHAIN_NS = 30 * MINUTE_NS
_ACCRUAL_NS = 15 * MINUTE_NS
_STRIKES_USD = tuple(range(40_000, 130_001, 5_000))
_STEP_INDEX = Decimal("0.01")
_STEP_RATE = Decimal("1e-8")
_STEP_DISCOUNT = Decimal("0.0001")


def _perpetual(coin: str, tick: str, lot: str) -> LinearPerpetual:
    return LinearPerpetual(
        instrument_id=f"{coin}USDT-PERP",
        underlying=coin,
        settlement="USDC",
        multiplier_coin_per_contract=Decimal(1),
        tick_usd=Decimal(tick),
        lot_contracts=Decimal(lot),
        funding_interval_ns=8 * HOUR_NS,
    )


_PERPETUALS = (_perpetual("BTC", "0.1", "0.001"), _perpetual("ETH", "0.01", "0.001"))
_DEPTH = DepthModel(
    depth_usd_per_bps=300_000,
    vol_reference_frac=0.45,
    vol_exponent_frac=1.5,
    half_spread_bps=0.5,
    levels_count=20,
    level_step_bps=1.0,
)
# Hours after the start in which the ETH feed does not answer, and windows of congestion.
_SILENT_HOURS = (21.25, 23.0)
_CONGESTION_HOURS = ((19.5, 26.0, "4"), (29.5, 33.5, "3"))
_FEEDS = (
    OracleModel(
        asset="ETH", heartbeat_ns=HOUR_NS, deviation_frac=Decimal("0.005"), delay_ns=MINUTE_NS
    ),
    OracleModel(
        asset="USDC", heartbeat_ns=24 * HOUR_NS, deviation_frac=Decimal("0.0025"), delay_ns=0
    ),
)
_STAKED = StakingModel(
    asset="wstETH",
    base="ETH",
    rate_coin_per_coin=Decimal("1.228"),
    growth_frac_per_year=Decimal("0.03"),
)
_LOANS = (
    LendingModel(market="aave", asset="wstETH", supply_frac_per_year=Decimal("0.0002")),
    LendingModel(
        market="aave",
        asset="USDC",
        supply_frac_per_year=Decimal("0.038"),
        borrow_frac_per_year=Decimal("0.052"),
    ),
)


def episode_congestion(start_ns: int) -> tuple[Congestion, ...]:
    """Give the windows in which transfers of the episode are slow."""
    return tuple(
        Congestion(
            start_ns=start_ns + int(begin * HOUR_NS),
            end_ns=start_ns + int(end * HOUR_NS),
            latency_factor_frac=Decimal(factor),
        )
        for begin, end, factor in _CONGESTION_HOURS
    )


def episode_expiries_ns(start_ns: int) -> tuple[int, ...]:
    """Give the expiries of the chain: inside the crash, and two Fridays, all at 08:00 UTC.

    The first is 08:00 of the second day after the start. The Fridays are the first ones at least
    nine and at least thirty-seven days away.
    """
    midnight = start_ns - start_ns % DAY_NS
    morning = midnight + DAY_NS + 8 * HOUR_NS
    return (morning, _friday(morning + 8 * DAY_NS), _friday(morning + 36 * DAY_NS))


def episode_statements() -> tuple[str, ...]:
    """Say in sentences what the episode is, for the report."""
    feed = _FEEDS[0]
    return (
        "Every price in this episode is generated from a seed by an invented crash; no figure is "
        "fitted to a market.",
        _DEPTH.statement(),
        f"The ETH feed answers at {percent(feed.deviation_frac, 2)} or "
        f"{feed.heartbeat_ns // MINUTE_NS} minutes, and not at all from hour {_SILENT_HOURS[0]:g} "
        f"to hour {_SILENT_HOURS[1]:g}.",
        "wstETH is priced by its protocol at the ETH feed times the redemption rate, whatever "
        "discount the market sees.",
    )


def episode_events(rng: np.random.Generator, *, start_ns: int) -> Iterator[MarketEvent]:
    """Give the whole market of the episode, from two hours before `start_ns` to its end.

    Parameters
    ----------
    rng
        Made by the caller from the seed; drawn from in one fixed order, all at the beginning.
    start_ns
        A midnight UTC, so that funding falls on its hours.
    """
    paths = crash_paths(
        rng,
        start_ns=start_ns,
        first_ns=start_ns - WARMUP_NS,
        end_ns=start_ns + EPISODE_NS,
        step_ns=_STEP_NS,
    )
    expiries = episode_expiries_ns(start_ns)
    oracles = _Oracles(start_ns)
    for i, time_ns in enumerate(paths.time_ns):
        yield from oracles.due(time_ns)
        yield from _futures(paths, i)
        yield from oracles.see(time_ns, _index(paths.spot_eth_usd[i]))
        if time_ns % _ACCRUAL_NS == 0:
            yield from _accruals(paths, i, start_ns)
        if time_ns % _CHAIN_NS == 0:
            yield from chain(
                coin="BTC",
                time_ns=time_ns,
                spot_usd=float(_index(paths.spot_btc_usd[i])),
                vol_frac=round(float(paths.vol_frac[i]), 4),
                expiries_ns=expiries,
                strikes_usd=_STRIKES_USD,
            )
        yield from _fundings(paths, i)


def _futures(paths: Paths, i: int) -> Iterator[MarketEvent]:
    """Give mark, book and index of both coins. Marks first: an index is carried from its mark."""
    time_ns = paths.time_ns[i]
    vol = round(float(paths.vol_frac[i]), 4)
    for future, spot, basis in (
        (_PERPETUALS[0], paths.spot_btc_usd[i], paths.basis_btc_frac[i]),
        (_PERPETUALS[1], paths.spot_eth_usd[i], paths.basis_eth_frac[i]),
    ):
        mark = to_exact(float(spot * (1.0 + basis)), future.tick_usd, "half_up")
        ladder: Ladder | None = ladder_around(_DEPTH, future, time_ns, mark, vol)
        assert ladder is not None, "the episode's books always hold a lot"
        yield Quote(
            time_ns=time_ns,
            instrument_id=future.instrument_id,
            price_mark_usd=mark,
            price_bid_usd=ladder.bids[0].price_usd,
            price_ask_usd=ladder.asks[0].price_usd,
        )
        yield ladder
        yield IndexPrice(time_ns=time_ns, underlying=future.underlying, price_usd=_index(spot))


def _accruals(paths: Paths, i: int, start_ns: int) -> Iterator[MarketEvent]:
    """Give lending indices and the staked coin's rate, at the discount of the market."""
    time_ns = paths.time_ns[i]
    for loan in _LOANS:
        yield loan.at(time_ns, start_ns)
    redeemed = _STAKED.at(time_ns, start_ns)
    yield StakingRate(
        time_ns=time_ns,
        asset=redeemed.asset,
        base=redeemed.base,
        rate_coin_per_coin=redeemed.rate_coin_per_coin,
        discount_frac=to_exact(float(paths.discount_frac[i]), _STEP_DISCOUNT, "up"),
        is_assumed=True,
    )


def _fundings(paths: Paths, i: int) -> Iterator[FundingSettlement]:
    """Settle every eight hours: ``P + clamp(0.01 % - P, ±0.05 %)``, P the mean basis, capped.

    Interest and clamp are what venues document; the cap of 0.3 % is made up, as the market is.
    """
    interval_ns = _PERPETUALS[0].funding_interval_ns
    steps = interval_ns // _STEP_NS
    if i < steps or paths.time_ns[i] % interval_ns != 0:
        return
    for future, basis in zip(
        _PERPETUALS, (paths.basis_btc_frac, paths.basis_eth_frac), strict=True
    ):
        premium = float(np.mean(basis[i - steps + 1 : i + 1]))
        rate = premium + max(-0.0005, min(0.0005, 0.0001 - premium))
        yield FundingSettlement(
            time_ns=paths.time_ns[i],
            instrument_id=future.instrument_id,
            rate_frac=to_exact(max(-0.003, min(0.003, rate)), _STEP_RATE, "half_up"),
        )


class _Oracles:
    """The feeds of the episode, and the hours in which one of them is silent."""

    def __init__(self, start_ns: int) -> None:
        self._silent_ns = tuple(start_ns + int(hours * HOUR_NS) for hours in _SILENT_HOURS)
        self._start_ns = start_ns
        self._feeds = tuple(Feed(model) for model in _FEEDS)
        self._late: list[OracleAnswer] = []

    def see(self, time_ns: int, price_eth_usd: Decimal) -> Iterator[OracleAnswer]:
        """Show the feeds their prices; what is answered at once is given at once."""
        for feed, price in zip(self._feeds, (price_eth_usd, Decimal(1)), strict=True):
            begin_ns, end_ns = self._silent_ns
            if feed.asset == "ETH" and begin_ns <= time_ns < end_ns:
                continue
            answer = feed.see(time_ns, price)
            if answer is not None:
                self._late.append(answer)
        yield from self.due(time_ns)

    def due(self, time_ns: int) -> Iterator[OracleAnswer]:
        """Give the answers known by now, each with that of the staked coin behind it."""
        known = [answer for answer in self._late if answer.time_ns <= time_ns]
        self._late = [answer for answer in self._late if answer.time_ns > time_ns]
        for answer in known:
            yield answer
            if answer.asset == _STAKED.base:
                rate = _STAKED.at(answer.time_ns, self._start_ns).rate_coin_per_coin
                yield OracleAnswer(
                    time_ns=answer.time_ns,
                    asset=_STAKED.asset,
                    price_usd=quantise(answer.price_usd * rate, _STEP_RATE, "down"),
                    heartbeat_ns=answer.heartbeat_ns,
                    is_assumed=True,
                )


def _index(spot_usd: float) -> Decimal:
    return to_exact(float(spot_usd), _STEP_INDEX, "half_up")


def _friday(from_ns: int) -> int:
    """Give the first Friday at or after a moment, at the same time of day."""
    weekday = datetime.fromtimestamp(from_ns // SECOND_NS, UTC).weekday()
    return from_ns + ((4 - weekday) % 7) * DAY_NS
