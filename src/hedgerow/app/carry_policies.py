"""One holding of a carry under one policy: sold at the start, left at the end or before.

The short leg is sold and bought back by orders at its venue, which charges, funds and liquidates it
by its rules; spot lies elsewhere and cannot be margin. Whoever leaves early is played once to see
when, and again until then: an agent decides from what it is shown, and remembers nothing. After a
liquidation the holding is left at the next look.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from msgspec import structs

from hedgerow.agents import DeskAgent, HedgeAgent
from hedgerow.app.carry_holdings import CarryPath, Legs, Window
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market
from hedgerow.app.hedge_backtest import HedgeTerms, followed
from hedgerow.app.nearest import Nearest
from hedgerow.execution import Agent, Decision, View
from hedgerow.hedging import HedgePolicy
from hedgerow.reporting.backtests import HedgeRun
from hedgerow.risk import FULL_LINES, TAYLOR_LINES, Explained, ExplainRow, Method, RunStep
from hedgerow.units import to_model

__all__ = ["CARRY_POLICIES", "Carried", "CarryPolicy", "CarryRules", "carried"]

CarryPolicy: TypeAlias = Literal["spot", "held", "buffered", "stopped", "unpaid"]
CARRY_POLICIES: Final[tuple[CarryPolicy, ...]] = get_args(CarryPolicy)

_METHODS: Final[tuple[Method, ...]] = ("taylor", "full")


class CarryRules(NamedTuple):
    """When ``stopped`` and ``unpaid`` leave, how often anybody looks, and how steps are cut."""

    stop_use_frac: float
    unpaid_over_ns: int
    look_ns: int
    every_ns: int


class Carried(NamedTuple):
    """What one holding came to, its steps those of the whole window; flat once it was left."""

    run: HedgeRun
    left_ns: int
    refills_count: int
    nearest: Nearest


@dataclass(frozen=True, slots=True, eq=False)
class _Leaving:
    """Whoever holds, until it is time to leave; then the short is bought back."""

    holding: Agent
    out: HedgeAgent
    leave_ns: int

    def step(self, view: View, time_ns: int) -> Decision:
        """Ask the one whose time it is."""
        agent: Agent = self.out if time_ns >= self.leave_ns else self.holding
        return agent.step(view, time_ns)


@dataclass(slots=True, eq=False)
class _Watch:
    """What is noted at looks: use of the margin, the first time at a stop, refills that left."""

    legs: Legs
    stop_use_frac: float
    nearest: Nearest = field(default_factory=Nearest)
    stop_ns: int | None = None
    refills_count: int = 0
    _reserve_coin: Decimal | None = None

    def look(self, view: View) -> None:
        """Note them."""
        use = self.nearest.look(view).get(self.legs.perpetual_account.account_id)
        if use is not None and use >= self.stop_use_frac and self.stop_ns is None:
            self.stop_ns = view.time_ns
        for account in view.book.accounts:
            if account.account_id == self.legs.wallet.account_id:
                now = account.balance_coin(self.legs.perpetual.settlement)
                self.refills_count += self._reserve_coin is not None and now < self._reserve_coin
                self._reserve_coin = now


def carried(
    policy: CarryPolicy,
    desk: Desk,
    market: Market,
    legs: Legs,
    quantity_coin: Decimal,
    window: Window,
    path: CarryPath,
    rules: CarryRules,
) -> Carried:
    """Play one holding; the desk is sized, its window that of the holding."""
    leave_ns = _unpaid_ns(path, window, rules) if policy == "unpaid" else window.end_ns
    if leave_ns == window.start_ns:
        return Carried(_flat(policy, legs, window, rules), leave_ns, 0, Nearest())
    while True:
        watch = _Watch(legs, rules.stop_use_frac)
        run = followed(
            desk,
            market,
            policy,
            _agents(policy, desk, legs, quantity_coin, leave_ns),
            HedgeTerms(look_ns=rules.look_ns),
            start_ns=window.start_ns,
            end_ns=leave_ns,
            every_ns=rules.every_ns,
            looked=watch.look,
        )
        sooner_ns = leave_ns
        if policy == "stopped" and watch.stop_ns is not None:
            sooner_ns = min(sooner_ns, watch.stop_ns)
        for each in run.liquidated:
            past = -(-(each.time_ns - window.start_ns) // rules.look_ns) * rules.look_ns
            sooner_ns = min(sooner_ns, window.start_ns + past)
        # At the very start nothing is left yet that could be left.
        sooner_ns = max(sooner_ns, window.start_ns + rules.look_ns)
        if sooner_ns >= leave_ns:
            whole = _whole(run, _flat(policy, legs, window, rules))
            return Carried(whole, leave_ns, watch.refills_count, watch.nearest)
        leave_ns = sooner_ns


def _agents(
    policy: CarryPolicy, desk: Desk, legs: Legs, quantity_coin: Decimal, leave_ns: int
) -> tuple[Agent, ...]:
    if policy == "spot":
        return ()
    plain = structs.replace(
        legs.hedge, band="fixed", band_min_coin=0.0, budget=None, risk_aversion_per_usd=None
    )
    holding: Agent = HedgeAgent((plain,), desk.perpetuals)
    if policy == "buffered":
        holding = DeskAgent(
            limits=(),
            hedges=(plain,),
            buffers=desk.buffers,
            routes=desk.routes,
            perpetuals=desk.perpetuals,
            assumptions=(),
        )
    out = HedgeAgent((_bought_back(plain, quantity_coin),), desk.perpetuals)
    return (_Leaving(holding, out, leave_ns),)


def _bought_back(hedge: HedgePolicy, quantity_coin: Decimal) -> HedgePolicy:
    """Aim at the delta of spot alone, which is that without a short."""
    return structs.replace(hedge, target_delta_coin=to_model(quantity_coin))


def _unpaid_ns(path: CarryPath, window: Window, rules: CarryRules) -> int:
    """Give the first look at which shorts paid over the time before; the end if there is none."""
    for time_ns in range(window.start_ns, window.end_ns, rules.look_ns):
        if path.paid_frac(time_ns, rules.unpaid_over_ns) < 0.0:
            return time_ns
    return window.end_ns


def _flat(policy: str, legs: Legs, window: Window, rules: CarryRules) -> HedgeRun:
    """Give the steps of a window in which nothing was held."""
    starts = range(window.start_ns, window.end_ns, rules.every_ns)
    cuts = [(at, min(at + rules.every_ns, window.end_ns)) for at in starts]
    steps = tuple(
        RunStep(
            start_ns=start_ns,
            end_ns=end_ns,
            profit_usd=0.0,
            fees_usd=0.0,
            spread_usd=0.0,
            funding_usd=0.0,
            liquidations_usd=0.0,
            trades_count=0,
        )
        for start_ns, end_ns in cuts
    )
    coin = legs.hedge.underlying
    return HedgeRun(
        policy=policy,
        steps=steps,
        explained={
            method: tuple(_nothing(start_ns, end_ns, method) for start_ns, end_ns in cuts)
            for method in _METHODS
        },
        delta_coin={coin: (0.0,) * len(cuts)},
        hedge_coin={coin: (0.0,) * len(cuts)},
        liquidated=(),
        troubles=(),
    )


def _nothing(start_ns: int, end_ns: int, method: Method) -> Explained:
    lines = TAYLOR_LINES if method == "taylor" else FULL_LINES
    row = ExplainRow(
        node="desk",
        actual_usd=0.0,
        lines_usd=dict.fromkeys(lines, 0.0),
        unexplained_usd=0.0,
        ticks_usd=0.0,
        move_frac=None,
        missing=(),
    )
    return Explained(start_ns=start_ns, end_ns=end_ns, method=method, marks="model", rows=(row,))


def _whole(run: HedgeRun, flat: HedgeRun) -> HedgeRun:
    """Follow the steps played by flat ones; the last one played ends where its step does."""
    count = len(run.steps)
    end_ns = flat.steps[count - 1].end_ns
    steps = (*run.steps[:-1], structs.replace(run.steps[-1], end_ns=end_ns))
    assert [each.start_ns for each in steps] == [each.start_ns for each in flat.steps[:count]]
    return HedgeRun(
        policy=run.policy,
        steps=(*steps, *flat.steps[count:]),
        explained={
            method: (
                *each[:-1],
                structs.replace(each[-1], end_ns=end_ns),
                *flat.explained[method][count:],
            )
            for method, each in run.explained.items()
        },
        delta_coin={
            coin: (*each, *flat.delta_coin[coin][count:]) for coin, each in run.delta_coin.items()
        },
        hedge_coin={
            coin: (*each, *flat.hedge_coin[coin][count:]) for coin, each in run.hedge_coin.items()
        },
        liquidated=run.liquidated,
        troubles=run.troubles,
    )
