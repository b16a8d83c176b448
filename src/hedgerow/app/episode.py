"""One desk through one market: left alone, or with hedgerow acting and a journal beside it.

`_Scribe` is what hedgerow does and writes down while the market plays; without a journal there is
none, and the desk is left alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from hedgerow.app.agent_of import agent_of
from hedgerow.app.assumptions import assumptions
from hedgerow.app.budgets import guards_of
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market
from hedgerow.app.observe import frame
from hedgerow.app.watcher import Watcher
from hedgerow.execution import (
    Allowance,
    Decision,
    Exchange,
    Guards,
    Journal,
    Liquidation,
    Receipt,
    View,
    recover,
    spent_on_day,
    submit,
)
from hedgerow.limits import survey
from hedgerow.market import MarketState, Snapshot
from hedgerow.reporting import LiveView, run_label
from hedgerow.simulation import Action, Episode, Frame, News, OptionSpread, World, run

__all__ = ["play"]


def play(
    desk: Desk,
    market: Market,
    journal: Journal | None,
    *,
    is_quiet: bool,
    is_brief: bool = False,
) -> Episode:
    """Play the market once; without a journal the desk is left alone.

    A brief one looks at the whole desk only at its end: frames before it hold no more than what the
    agent said of the limits, and the journal none of them.
    """
    world = World(
        accounts=desk.accounts,
        instruments=desk.instruments,
        rulebooks=desk.rulebooks,
        routes=desk.routes,
        congestion=market.congestion,
        option_spread=OptionSpread(half_spread_vol_frac=desk.option_half_spread_vol_frac),
        option_depth=None if desk.planning is None else desk.planning.depth,
        swaps=desk.swaps,
    )
    scribe = None if journal is None else _Scribe(desk, world, journal, guards_of(desk))
    label = run_label(None if scribe is None else desk.mode)
    view = Watcher(None if is_quiet else LiveView(desk.name, label))

    def observe(seen: View, decisions: Sequence[Decision]) -> Frame:
        if is_brief and seen.time_ns < desk.end_ns:
            return _brief(seen.time_ns, decisions)
        now = frame(survey(seen.book, seen.snapshot, seen.rulebooks, desk.limits))
        if journal is not None:
            journal.append("observed", seen.time_ns, {"frame": now})
        return now

    def appraise(seen: View) -> float | None:
        return frame(survey(seen.book, seen.snapshot, seen.rulebooks, ())).equity_usd

    def watch(now: Frame, actions: Sequence[Action], liquidations: Sequence[Liquidation]) -> None:
        done_frac = (now.time_ns - desk.start_ns) / max(1, desk.end_ns - desk.start_ns)
        view.show(now, done_frac, actions, liquidations)

    with view:
        played = run(
            market.events(),
            name=desk.name,
            world=world,
            state=MarketState(ages=desk.ages, movers=desk.movers, dollars_usd=desk.dollars_usd),
            agents=() if scribe is None else (agent_of(desk, market),),
            act=_nothing_done if scribe is None else scribe.act,
            observe=observe,
            hear=_nothing_heard if scribe is None else scribe.hear,
            appraise=appraise,
            allow=_anything if scribe is None else scribe.allow,
            watch=watch,
            mode=desk.mode,
            step_ns=desk.step_ns,
            start_ns=desk.start_ns,
            end_ns=desk.end_ns,
            assumptions=assumptions(desk, market),
        )
    if not _is_funding_told(desk, market):
        return msgspec.structs.replace(played, funding_usd=None)
    return played


def _brief(time_ns: int, decisions: Sequence[Decision]) -> Frame:
    return Frame(
        time_ns=time_ns,
        prices_usd={},
        equity_usd=None,
        exposures={},
        accounts=(),
        limits=decisions[-1].limits if decisions else (),
        missing=(),
        option_age_ns_max=None,
    )


def _is_funding_told(desk: Desk, market: Market) -> bool:
    """Whether funding could be counted: a recording of it, a generated market, or none to pay."""
    return market.seed is not None or desk.recording.funding is not None or not desk.perpetuals


@dataclass(frozen=True, slots=True)
class _Scribe:
    """Carries decisions out, and writes into the journal what was heard."""

    desk: Desk
    exchange: Exchange
    journal: Journal
    guards: Guards

    def act(self, decision: Decision, snapshot: Snapshot, time_ns: int) -> Iterable[Receipt]:
        if decision.plan is None:
            return ()
        # What an earlier leg became is asked first: an order whose outcome is unknown holds up
        # every other in its instrument.
        known = recover(self.journal, self.exchange, time_ns)
        return *known, *submit(
            decision.plan,
            mode=self.desk.mode,
            exchange=self.exchange,
            journal=self.journal,
            guards=self.guards,
            instruments=self.desk.instruments,
            snapshot=snapshot,
            time_ns=time_ns,
        )

    def hear(self, news: News, time_ns: int) -> None:
        journal = self.journal
        for receipt in news.receipts:
            # What was answered at once, `submit` has written; what arrives later is written here.
            if receipt.status == "credited":
                journal.append("credited", receipt.time_ns, {"receipt": receipt}, receipt.client_id)
        if not (news.settlements or news.liquidations or news.alerts):
            return
        with journal.batch():
            for settlement in news.settlements:
                journal.append("settlement", settlement.time_ns, {"settlement": settlement})
            for liquidation in news.liquidations:
                journal.append("liquidation", liquidation.time_ns, {"liquidation": liquidation})
            for alert in news.alerts:
                journal.append("alert", time_ns, {"message": alert})

    def allow(self, time_ns: int) -> Allowance:
        if not self.desk.has_budget:
            return _anything(time_ns)
        spent = spent_on_day(self.journal, time_ns)
        return Allowance(
            order_usd_max=self.desk.order_usd_max,
            orders_usd=self.desk.orders_usd_per_day - spent.orders_usd,
            transfers_usd=self.desk.transfers_usd_per_day - spent.transfers_usd,
        )


def _nothing_done(decision: Decision, snapshot: Snapshot, time_ns: int) -> Iterable[Receipt]:
    return ()


def _nothing_heard(news: News, time_ns: int) -> None:
    return None


def _anything(time_ns: int) -> Allowance:
    """Without a budget, proposals are as large as they need to be."""
    return Allowance()
