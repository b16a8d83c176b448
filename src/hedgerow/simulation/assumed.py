"""Fill in what a stream of events lacks, by models that are stated in every report.

The stream decides: a model speaks only for an instrument, coin, token or reserve for which the
stream has brought nothing of that kind so far, and falls silent for good once it does. Assumed
events follow the events of the same time that caused them; an oracle's answer follows after its
delay.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby

import msgspec

from hedgerow.errors import Failure, MarketRejected
from hedgerow.market import (
    AgeLimits,
    Candle,
    IndexPrice,
    Ladder,
    LendingIndex,
    MarketEvent,
    MarketState,
    OptionQuote,
    OracleAnswer,
    Quote,
    ShareRate,
    StakingRate,
)
from hedgerow.simulation.accrual import LendingModel, ShareModel, StakingModel
from hedgerow.simulation.depth import DepthModel, ladder_around
from hedgerow.simulation.futures import DollarFuture
from hedgerow.simulation.oracle import Feed, OracleModel, PegOracleModel
from hedgerow.simulation.volatility import RealisedVol
from hedgerow.units import DAY_NS, format_ns, quantise, to_model

__all__ = ["Assumptions", "with_assumptions"]

_STEP_ANSWER = Decimal("1e-8")


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """Every model of a run.

    `start_ns` is when the desk states what it holds and owes: accruals are anchored there. `movers`
    names the perpetual that moves a coin between its indices; `dollars_usd` gives the
    price of dollar coins, so that a feed may answer for them without an index.
    """

    start_ns: int
    depth: DepthModel | None = None
    futures: tuple[DollarFuture, ...] = ()
    oracles: tuple[OracleModel, ...] = ()
    peg_oracles: tuple[PegOracleModel, ...] = ()
    stakings: tuple[StakingModel, ...] = ()
    shares: tuple[ShareModel, ...] = ()
    lendings: tuple[LendingModel, ...] = ()
    movers: Mapping[str, str] = {}
    dollars_usd: Mapping[str, Decimal] = {}

    def statements(self) -> tuple[str, ...]:
        """Say what is assumed, one sentence each, for the report."""
        depth = () if self.depth is None or not self.futures else (self.depth,)
        feeds = (*self.oracles, *self.peg_oracles)
        models = (*depth, *feeds, *self.stakings, *self.shares, *self.lendings)
        return tuple(model.statement() for model in models)


def with_assumptions(
    events: Iterable[MarketEvent], assumptions: Assumptions
) -> Iterator[MarketEvent]:
    """Insert assumed events into a stream that is ordered by time.

    Yields
    ------
    MarketEvent
        Every event of `events`, in its order, and the assumed ones between them, ordered by time.

    Raises
    ------
    MarketRejected
        If time runs backwards in `events`.
    """
    supply = _Supply(assumptions)
    seen_ns: int | None = None
    for time_ns, batch in groupby(events, key=lambda event: event.time_ns):
        if seen_ns is not None and time_ns < seen_ns:
            raise MarketRejected(
                f"time runs backwards: {format_ns(time_ns)} after {format_ns(seen_ns)}; "
                "sort the recording"
            )
        seen_ns = time_ns
        yield from supply.answers_due(time_ns)
        for event in batch:
            supply.see(event)
            yield event
        yield from supply.caused_at(time_ns)
    yield from supply.answers_due(None)


class _Supply:
    """What the models need to remember between events."""

    def __init__(self, assumptions: Assumptions) -> None:
        self._assumptions = assumptions
        self._futures = {future.instrument_id: future for future in assumptions.futures}
        self._vols: dict[str, RealisedVol] = {}
        self._feeds = tuple(Feed(model) for model in assumptions.oracles)
        self._mover_ids = frozenset(assumptions.movers.values())
        self._recorded: set[tuple[str, ...]] = set()
        # Indices and their movers only, so that a look at it is cheap. The desk's age limits are
        # not known here, and a feed answers with what it has.
        self._market = MarketState(
            ages=AgeLimits(quote_ns_max=DAY_NS, index_ns_max=7 * DAY_NS),
            movers=assumptions.movers,
            dollars_usd=assumptions.dollars_usd,
        )
        self._moved: dict[str, Decimal] = {}
        self._answers: list[tuple[int, int, OracleAnswer]] = []
        self._answers_count = 0
        # What fed the market since derived feeds last answered, and what was answered last.
        self._fed: dict[str, Decimal] = {}
        self._answered: dict[str, OracleAnswer] = {}
        self._rounds: dict[str, StakingRate] = {}
        self._updates_index: dict[tuple[str, ...], int] = {}

    def see(self, event: MarketEvent) -> None:
        """Take note of one recorded event."""
        match event:
            case OptionQuote():
                pass  # by far the most frequent, and nothing here depends on it
            case Candle():
                self._see_mark(event, event.price_close_usd)
            case Quote():
                self._see_mark(event, event.price_mark_usd)
            case IndexPrice():
                self._market.apply(event)
            case Ladder():
                self._recorded.add(("ladder", event.instrument_id))
            case OracleAnswer():
                self._recorded.add(("oracle", event.asset))
                self._answer(event)
            case StakingRate():
                self._recorded.add(("staking", event.asset))
                self._rounds[event.asset] = event
                self._fed[event.asset] = event.rate_coin_per_coin
            case ShareRate():
                self._recorded.add(("share", event.vault))
            case LendingIndex():
                self._recorded.add(("lending", event.market, event.asset))
            case _:
                pass

    def caused_at(self, time_ns: int) -> Iterator[MarketEvent]:
        """Give what the models add once all events of one time have been seen."""
        moved, self._moved = self._moved, {}
        yield from self._ladders(time_ns, moved)
        yield from self._accruals(time_ns)
        for feed in self._feeds:
            price_usd = self._spot_usd(feed.asset, time_ns)
            if price_usd is None:
                continue
            answer = feed.see(time_ns, price_usd)
            if answer is not None:
                self._answers_count += 1
                heapq.heappush(self._answers, (answer.time_ns, self._answers_count, answer))
        yield from self.answers_due(time_ns)
        yield from self._derived(time_ns)

    def answers_due(self, time_ns: int | None) -> Iterator[MarketEvent]:
        """Give the answers known by a time (None: all that are under way)."""
        while self._answers and (time_ns is None or self._answers[0][0] <= time_ns):
            due_ns, _, answer = heapq.heappop(self._answers)
            if ("oracle", answer.asset) in self._recorded:
                continue
            yield answer
            self._answer(answer)
            yield from self._derived(due_ns)

    def _answer(self, answer: OracleAnswer) -> None:
        self._fed[answer.asset] = answer.price_usd
        self._answered[answer.asset] = answer

    def _see_mark(self, event: Candle | Quote, price_usd: Decimal) -> None:
        if event.instrument_id in self._futures:
            self._moved[event.instrument_id] = price_usd
        if event.instrument_id in self._mover_ids:
            self._market.apply(event)

    def _spot_usd(self, coin: str, time_ns: int) -> Decimal | None:
        """Give the coin's spot exactly as a snapshot carries it; None before the first index."""
        spot = self._market.freeze(time_ns).spot_usd(coin)
        return None if isinstance(spot, Failure) else spot

    def _ladders(self, time_ns: int, moved: Mapping[str, Decimal]) -> Iterator[Ladder]:
        depth = self._assumptions.depth
        for instrument_id, price_usd in moved.items():
            if depth is None or ("ladder", instrument_id) in self._recorded:
                continue
            vol = self._vols.setdefault(instrument_id, RealisedVol(depth.vol_reference_frac))
            vol.feed(time_ns, to_model(price_usd))
            future = self._futures[instrument_id]
            ladder = ladder_around(depth, future, time_ns, price_usd, vol.vol_frac)
            if ladder is not None:
                yield ladder

    def _accruals(self, time_ns: int) -> Iterator[MarketEvent]:
        start_ns = self._assumptions.start_ns
        for lending in self._assumptions.lendings:
            key = ("lending", lending.market, lending.asset)
            if self._is_due(key, time_ns, lending.update_ns):
                yield lending.at(time_ns, start_ns)
        for staking in self._assumptions.stakings:
            if self._is_due(("staking", staking.asset), time_ns, staking.update_ns):
                yield staking.at(time_ns, start_ns)
        for share in self._assumptions.shares:
            if self._is_due(("share", share.vault), time_ns, share.update_ns):
                yield share.at(time_ns, start_ns)

    def _is_due(self, key: tuple[str, ...], time_ns: int, update_ns: int) -> bool:
        """Whether this is the first moment of an interval; intervals are counted from the start.

        So what is published after the start does not depend on when the recording begins.
        """
        if key in self._recorded:
            return False
        index = (time_ns - self._assumptions.start_ns) // update_ns
        is_new = self._updates_index.get(key) != index
        self._updates_index[key] = index
        return is_new

    def _derived(self, time_ns: int) -> Iterator[OracleAnswer]:
        """Answer for staked tokens as soon as the feed of their base has answered.

        Those whose oracle sees the discount also where a round of their own came.
        """
        fed, self._fed = self._fed, {}
        for peg in self._assumptions.peg_oracles:
            last = self._rounds.get(peg.asset)
            if last is None or ("oracle", peg.asset) in self._recorded:
                continue
            if fed.keys() & {last.base, peg.asset}:
                seen = peg.answer(time_ns, self._answered.get(last.base), last)
                if seen is not None:
                    yield seen
        for staking in self._assumptions.stakings:
            base_usd = fed.get(staking.base)
            if (
                base_usd is None
                or staking.heartbeat_ns is None
                or ("oracle", staking.asset) in self._recorded
            ):
                continue
            rate = staking.at(time_ns, self._assumptions.start_ns).rate_coin_per_coin
            yield OracleAnswer(
                time_ns=time_ns,
                asset=staking.asset,
                price_usd=quantise(base_usd * rate, _STEP_ANSWER, "down"),
                heartbeat_ns=staking.heartbeat_ns,
                is_assumed=True,
            )
