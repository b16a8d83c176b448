"""One loop, swappable parts: events, a world, agents, and whoever acts and watches for them.

Every moment at which something happens, its events reach the market, then the world settles. Every
`step_ns` the agents see a `View` of the world and decide, their decisions are acted on, and one
frame is taken of what is left. There is no clock in here: time is what the events and the steps
say.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from hedgerow.errors import OutOfDomain
from hedgerow.execution import Agent, Decision, Liquidation, Receipt, View, in_transit
from hedgerow.market import MarketEvent, MarketState, Snapshot
from hedgerow.portfolio import book
from hedgerow.simulation.actions import ActionLog
from hedgerow.simulation.records import Episode, Frame
from hedgerow.simulation.world import World
from hedgerow.units import format_ns

__all__ = ["Act", "Hear", "Observe", "run"]

# Sends what a decision asks for, and gives back what is known of it: receipts of the world, and
# rejections by guards that stopped a leg before it was sent.
Act: TypeAlias = Callable[[Decision, Snapshot, int], Iterable[Receipt]]
# Hears what the world did by itself, as it happens: receipts, liquidations, alerts, and the time.
Hear: TypeAlias = Callable[[Sequence[Receipt], Sequence[Liquidation], Sequence[str], int], None]
# Makes a frame of the desk after the agents acted.
Observe: TypeAlias = Callable[[View, Sequence[Decision]], Frame]


def run(
    events: Iterable[MarketEvent],
    *,
    name: str,
    world: World,
    state: MarketState,
    agents: Sequence[Agent],
    act: Act,
    observe: Observe,
    hear: Hear = lambda receipts, liquidations, alerts, time_ns: None,
    step_ns: int,
    start_ns: int,
    end_ns: int,
    assumptions: Sequence[str] = (),
    progress: Callable[[float], None] = lambda _: None,
) -> Episode:
    """Run one episode from `start_ns` to `end_ns`, both included.

    Parameters
    ----------
    events
        In order of time. Those before `start_ns` only fill the market; those after `end_ns` are not
        taken.
    agents
        None at all gives the episode without hedgerow.
    act, observe, hear
        See `Act`, `Observe` and `Hear`.
    progress
        Told the fraction of the steps that is done, after each.

    Raises
    ------
    OutOfDomain
        If the step is not positive or the end lies before the start.
    MarketRejected
        If time runs backwards in `events`.
    """
    if step_ns <= 0 or end_ns < start_ns:
        raise OutOfDomain(
            f"step must be positive and the end not before the start, was {step_ns} from "
            f"{format_ns(start_ns)} to {format_ns(end_ns)}"
        )
    recorder = _Recorder(world, state, agents, act, observe, hear)
    steps = _steps(start_ns, end_ns, step_ns)
    step = next(steps, None)
    events_count = 0
    for time_ns, batch in groupby(events, key=lambda event: event.time_ns):
        while step is not None and step < time_ns:
            recorder.step(step)
            progress((step - start_ns) / max(end_ns - start_ns, 1))
            step = next(steps, None)
        if step is None:
            break
        for event in batch:
            events_count += 1
            state.apply(event)
            if time_ns >= start_ns:
                world.on_event(event)
        if time_ns >= start_ns:
            recorder.settle(time_ns)
    while step is not None:
        recorder.step(step)
        progress((step - start_ns) / max(end_ns - start_ns, 1))
        step = next(steps, None)
    return Episode(
        name=name,
        with_hedgerow=bool(agents),
        frames=tuple(recorder.frames),
        actions=recorder.log.actions(),
        liquidations=tuple(recorder.liquidations),
        alerts=tuple(recorder.alerts),
        assumptions=tuple(assumptions),
        fees_usd=world.fees_usd,
        funding_usd=world.funding_usd,
        events_count=events_count,
    )


def _steps(start_ns: int, end_ns: int, step_ns: int) -> Iterator[int]:
    """Count steps from the start; the end is always one, however long the last step is."""
    yield from range(start_ns, end_ns, step_ns)
    yield end_ns


class _Recorder:
    """Lets the world and the agents take their turns, and keeps what they did."""

    def __init__(
        self,
        world: World,
        state: MarketState,
        agents: Sequence[Agent],
        act: Act,
        observe: Observe,
        hear: Hear,
    ) -> None:
        self._world = world
        self._state = state
        self._agents = agents
        self._act = act
        self._observe = observe
        self._hear = hear
        self._settled_ns: int | None = None
        self._snapshot: Snapshot | None = None
        self.log = ActionLog(world.instruments)
        self.frames: list[Frame] = []
        self.liquidations: list[Liquidation] = []
        self.alerts: list[str] = []

    def settle(self, time_ns: int) -> Snapshot:
        """Freeze the market and let the world react, once per moment."""
        if self._snapshot is None or self._settled_ns != time_ns:
            self._snapshot = self._state.freeze(time_ns)
            self._settled_ns = time_ns
            self._world.settle(self._snapshot)
            self._collect(self._snapshot)
        return self._snapshot

    def step(self, time_ns: int) -> None:
        """Let every agent decide and act in turn, then take a frame."""
        snapshot = self.settle(time_ns)
        decisions: list[Decision] = []
        for agent in self._agents:
            decision = agent.step(self._view(snapshot), time_ns)
            decisions.append(decision)
            for leg in () if decision.plan is None else decision.plan.legs:
                self.log.planned(leg)
            for receipt in self._act(decision, snapshot, time_ns):
                self.log.told(receipt, snapshot)
            self._collect(snapshot)
        self.frames.append(self._observe(self._view(snapshot), tuple(decisions)))

    def _view(self, snapshot: Snapshot) -> View:
        pending = self._world.pending()
        accounts = (
            *self._world.accounts(snapshot.time_ns),
            *in_transit(pending, snapshot.time_ns),
        )
        return View(
            time_ns=snapshot.time_ns,
            book=book(accounts, self._world.instruments),
            snapshot=snapshot,
            rulebooks=self._world.rulebooks,
            pending=pending,
        )

    def _collect(self, snapshot: Snapshot) -> None:
        receipts, liquidations, alerts = self._world.drain()
        for receipt in receipts:
            self.log.told(receipt, snapshot)
        self.liquidations += liquidations
        self.alerts += alerts
        if receipts or liquidations or alerts:
            self._hear(receipts, liquidations, alerts, snapshot.time_ns)
