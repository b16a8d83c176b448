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
from hedgerow.execution import (
    Agent,
    Allowance,
    Decision,
    Liquidation,
    Mode,
    Receipt,
    View,
    in_transit,
)
from hedgerow.market import MarketEvent, MarketState, Snapshot
from hedgerow.portfolio import book
from hedgerow.simulation.actions import ActionLog
from hedgerow.simulation.records import Action, Episode, Frame, News, Settlement
from hedgerow.simulation.undone import UndoneLog
from hedgerow.simulation.world import World
from hedgerow.units import format_ns

__all__ = ["Act", "Allow", "Appraise", "Hear", "Observe", "Watch", "run"]

# Sends what a decision asks for, and gives back what is known of it: receipts of the world, and
# rejections by guards that stopped a leg before it was sent.
Act: TypeAlias = Callable[[Decision, Snapshot, int], Iterable[Receipt]]
# Says what the budget still allows at a time.
Allow: TypeAlias = Callable[[int], Allowance]
# Hears what the world did, as it happens, and at what time.
Hear: TypeAlias = Callable[[News, int], None]
# Makes a frame of the desk after the agents acted.
Observe: TypeAlias = Callable[[View, Sequence[Decision]], Frame]
# Told every frame, and all actions and liquidations of the run so far.
Watch: TypeAlias = Callable[[Frame, Sequence[Action], Sequence[Liquidation]], None]
# Values the desk in dollars; None where it cannot.
Appraise: TypeAlias = Callable[[View], float | None]


def run(
    events: Iterable[MarketEvent],
    *,
    name: str,
    world: World,
    state: MarketState,
    agents: Sequence[Agent],
    act: Act,
    observe: Observe,
    hear: Hear = lambda news, time_ns: None,
    appraise: Appraise = lambda view: None,
    allow: Allow = lambda time_ns: Allowance(),
    watch: Watch | None = None,
    mode: Mode = "auto",
    step_ns: int,
    start_ns: int,
    end_ns: int,
    assumptions: Sequence[str] = (),
) -> Episode:
    """Run one episode from `start_ns` to `end_ns`, both included.

    Parameters
    ----------
    events
        In order of time. Those before `start_ns` only fill the market; those after `end_ns` are not
        taken.
    agents
        None at all gives the episode without hedgerow.
    act, observe, hear, watch
        See `Act`, `Observe`, `Hear` and `Watch`.
    appraise
        Asked once, for the opening accounts in the market of `start_ns`, before anything was
        settled or done: so a run with agents and one without start from the same value.
    allow
        Asked before every agent, so that a plan fits the budget that would else refuse it.
    mode
        What `act` lets the agents do. Unless it is ``auto``, `act` sends nothing and the legs of
        every plan are kept as proposals.

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
    recorder = _Recorder(world, state, agents, act, observe, hear, appraise, allow, watch, mode)
    steps = _steps(start_ns, end_ns, step_ns)
    step = next(steps, None)
    events_count = 0
    for time_ns, batch in groupby(events, key=lambda event: event.time_ns):
        while step is not None and step < time_ns:
            recorder.step(step)
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
        mode=mode if agents else None,
        equity_start_usd=recorder.equity_start_usd,
        undone=recorder.undone.rows(),
        settlements=tuple(recorder.settlements),
        outflows=world.outflows(),
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
        appraise: Appraise,
        allow: Allow,
        watch: Watch | None,
        mode: Mode,
    ) -> None:
        self._world = world
        self._state = state
        self._agents = agents
        self._act = act
        self._observe = observe
        self._watch = watch
        self._hear = hear
        self._appraise = appraise
        self._allow = allow
        self._mode = mode
        self._settled_ns: int | None = None
        self._snapshot: Snapshot | None = None
        self.log = ActionLog(world.instruments)
        self.undone = UndoneLog()
        self.equity_start_usd: float | None = None
        self.frames: list[Frame] = []
        self.liquidations: list[Liquidation] = []
        self.settlements: list[Settlement] = []
        self.alerts: list[str] = []

    def settle(self, time_ns: int) -> Snapshot:
        """Freeze the market and let the world react, once per moment."""
        if self._snapshot is None or self._settled_ns != time_ns:
            is_opening = self._snapshot is None
            self._snapshot = self._state.freeze(time_ns)
            self._settled_ns = time_ns
            if is_opening:
                self.equity_start_usd = self._appraise(self._view(self._snapshot))
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
            self._plan(decision, time_ns)
            for receipt in self._act(decision, snapshot, time_ns):
                self._told(receipt, snapshot)
            self._collect(snapshot)
        if self._mode != "auto":
            plans = (decision.plan for decision in decisions if decision.plan is not None)
            self.log.proposed((leg for plan in plans for leg in plan.legs), time_ns)
        self.frames.append(self._observe(self._view(snapshot), tuple(decisions)))
        if self._watch is not None:
            self._watch(self.frames[-1], self.log.actions(), tuple(self.liquidations))

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
            rulebooks=dict(self._world.rulebooks),
            pending=pending,
            allowance=self._allow(snapshot.time_ns),
        )

    def _plan(self, decision: Decision, time_ns: int) -> None:
        """Remember what a decision is about to send, and what it could not do."""
        if decision.plan is None:
            return
        for failure in decision.plan.unmet:
            self.undone.unmet(failure, time_ns)
        for leg in decision.plan.legs:
            self.log.planned(leg)

    def _told(self, receipt: Receipt, snapshot: Snapshot) -> None:
        leg = self.log.leg(receipt.client_id)
        if receipt.status == "waiting":  # it was not sent, so it is no action
            if leg is not None:
                self.undone.waits(leg, receipt.message, snapshot.time_ns)
            return
        self.log.told(receipt, snapshot)
        if receipt.status == "rejected" and leg is not None:
            self.undone.refused(leg, receipt.message, snapshot.time_ns)

    def _collect(self, snapshot: Snapshot) -> None:
        news = self._world.drain()
        for receipt in news.receipts:
            self._told(receipt, snapshot)
        self.liquidations += news.liquidations
        self.settlements += news.settlements
        self.alerts += news.alerts
        if news:
            self._hear(news, snapshot.time_ns)
