"""One session: a desk, a market, the same episode without and with hedgerow, a journal, a report.

What leaves is written to a folder beside the wanted one and moved into place when the session is
whole, so that an error leaves nothing half-written behind.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType

import msgspec

from hedgerow.agents import DeskAgent
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market, open_market
from hedgerow.app.observe import frame
from hedgerow.app.screen import wide_console
from hedgerow.app.verdict import status, troubles_of_run
from hedgerow.errors import DeskRejected
from hedgerow.execution import (
    Allowance,
    Decision,
    Guards,
    Header,
    Journal,
    Liquidation,
    Receipt,
    View,
    spent_on_day,
    submit,
)
from hedgerow.execution import Route as AllowedRoute
from hedgerow.limits import survey
from hedgerow.margin import Rulebook
from hedgerow.market import MarketState, Snapshot
from hedgerow.reporting import LiveView, report_html, run_builtins, run_label, summary_tables
from hedgerow.simulation import Action, Episode, Frame, News, OptionSpread, World, run
from hedgerow.units import date_utc

__all__ = ["run_session"]

_DRAW_EVERY_S = 0.25


def run_session(
    *,
    desk_path: Path | None,
    data: Path | None,
    out: Path,
    seed: int | None,
    compare: bool,
    as_json: bool,
) -> int:
    """Run a desk to the end of its market and write ``journal.db`` and ``report.html`` into `out`.

    Returns
    -------
    int
        0, or 1 when an account was liquidated under hedgerow at any time, or when at the end one
        may be liquidated, a hard limit is broken, or something that must be known is not.

    Raises
    ------
    HedgerowError
        Whatever is wrong with desk, data or output; nothing is written then.
    """
    desk, market = open_market(desk_path, data, seed)
    with _staged(out) as folder:
        is_again = (out / "journal.db").exists()
        episodes: list[Episode] = []
        if compare:
            episodes.append(_episode(desk, market, None, is_quiet=as_json))
        header = Header(
            desk_digest=desk.digest,
            rulebooks_digest=_rulebooks_digest(desk),
            data_name=market.name,
            data_digest=market.digest,
            seed=market.seed or 0,
            mode=desk.mode,
        )
        with Journal.create(folder / "journal.db", header, time_ns=desk.start_ns) as journal:
            episodes.append(_episode(desk, market, journal, is_quiet=as_json))
            journal.append("end", desk.end_ns, {"frames_count": len(episodes[-1].frames)})
            head, rows_count = journal.head, journal.rows_count
        seed_told = {} if market.seed is None else {"Seed": str(market.seed)}
        page = report_html(
            episodes,
            title=desk.name,
            journal_head=head,
            meta={"Market": market.name, **seed_told, "Desk file": desk.digest},
        )
        (folder / "report.html").write_text(page, encoding="utf-8")
    if as_json:
        answer = run_builtins(episodes, head)
        answer["journal"] = {"rows": rows_count, "chain_head": head}
        sys.stdout.write(json.dumps(answer, sort_keys=True) + "\n")
    else:
        console = wide_console()
        console.print(summary_tables(episodes), highlight=False, crop=False)
        console.print(
            f"\njournal  {out / 'journal.db'}  ({rows_count:,} rows, chain head {head})\n"
            f"report   {out / 'report.html'}  (open it in a browser; it needs no network)",
            highlight=False,
            soft_wrap=True,
        )
        if is_again:
            sys.stderr.write(f"the journal and report of an earlier run in {out} were replaced\n")
    return status(troubles_of_run(episodes[-1]), is_quiet=as_json)


def _episode(desk: Desk, market: Market, journal: Journal | None, *, is_quiet: bool) -> Episode:
    """Play the market once; without a journal the desk is left alone."""
    world = World(
        accounts=desk.accounts,
        instruments=desk.instruments,
        rulebooks=desk.rulebooks,
        routes=desk.routes,
        congestion=market.congestion,
        option_spread=OptionSpread(half_spread_vol_frac=desk.option_half_spread_vol_frac),
    )
    agent = DeskAgent(
        limits=desk.limits,
        hedges=desk.hedges,
        buffers=desk.buffers,
        routes=desk.routes,
        perpetuals=desk.perpetuals,
        assumptions=market.statements,
    )
    guards = Guards(
        order_usd_max=desk.order_usd_max,
        orders_usd_per_day=desk.orders_usd_per_day,
        transfers_usd_per_day=desk.transfers_usd_per_day,
        price_collar_frac=desk.price_collar_frac,
        routes=tuple(
            AllowedRoute(
                source_account_id=route.source_account_id,
                target_account_id=route.target_account_id,
                asset=route.asset,
                use=route.use,
            )
            for route in desk.routes
        ),
    )
    is_guarded = journal is not None
    label = run_label(desk.mode if is_guarded else None)
    view = _Watcher(None if is_quiet else LiveView(desk.name, label))

    def act(decision: Decision, snapshot: Snapshot, time_ns: int) -> Iterable[Receipt]:
        if journal is None or decision.plan is None:
            return ()
        return submit(
            decision.plan,
            mode=desk.mode,
            exchange=world,
            journal=journal,
            guards=guards,
            instruments=desk.instruments,
            snapshot=snapshot,
            time_ns=time_ns,
        )

    def hear(news: News, time_ns: int) -> None:
        if journal is None:
            return
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

    def observe(seen: View, decisions: Sequence[Decision]) -> Frame:
        now = frame(survey(seen.book, seen.snapshot, seen.rulebooks, desk.limits))
        if journal is not None:
            journal.append("observed", seen.time_ns, {"frame": now})
        return now

    def watch(now: Frame, actions: Sequence[Action], liquidations: Sequence[Liquidation]) -> None:
        done_frac = (now.time_ns - desk.start_ns) / max(1, desk.end_ns - desk.start_ns)
        view.show(now, done_frac, actions, liquidations)

    def appraise(seen: View) -> float | None:
        return frame(survey(seen.book, seen.snapshot, seen.rulebooks, ())).equity_usd

    def allow(time_ns: int) -> Allowance:
        if journal is None or not desk.has_budget:
            return Allowance()  # without a budget, proposals are as large as they need to be
        spent = spent_on_day(journal, time_ns)
        return Allowance(
            order_usd_max=desk.order_usd_max,
            orders_usd=desk.orders_usd_per_day - spent.orders_usd,
            transfers_usd=desk.transfers_usd_per_day - spent.transfers_usd,
        )

    with view:
        return run(
            market.events(),
            name=desk.name,
            world=world,
            state=MarketState(ages=desk.ages, movers=desk.movers, dollars_usd=desk.dollars_usd),
            agents=(agent,) if is_guarded else (),
            act=act,
            observe=observe,
            hear=hear,
            appraise=appraise,
            allow=allow,
            watch=watch,
            mode=desk.mode,
            step_ns=desk.step_ns,
            start_ns=desk.start_ns,
            end_ns=desk.end_ns,
            assumptions=_statements(desk, market),
        )


def _used_rulebooks(desk: Desk) -> tuple[Rulebook, ...]:
    names = {account.rulebook for account in desk.accounts if account.rulebook is not None}
    return tuple(desk.rulebooks[name] for name in sorted(names))


def _rulebooks_digest(desk: Desk) -> str:
    encoded = msgspec.json.encode(_used_rulebooks(desk), order="deterministic")
    return sha256(encoded).hexdigest()


def _statements(desk: Desk, market: Market) -> tuple[str, ...]:
    """Say everything a report must say it assumed."""
    said = list(market.statements)
    for asset, price in desk.dollars_usd.items():
        said.append(f"{asset} is taken at {price} USD throughout.")
    said.append(OptionSpread(half_spread_vol_frac=desk.option_half_spread_vol_frac).statement())
    said.append(
        "Between option snapshots each vol stays with its strike and each forward moves with the "
        "perpetual; such marks are estimates and carry their age."
    )
    for rulebook in _used_rulebooks(desk):
        said.append(
            f"Rulebook {rulebook.name} (its figures: {rulebook.confidence}). "
            f"{rulebook.confidence_note}"
        )
        if rulebook.as_of > date_utc(desk.start_ns):
            said.append(
                f"Rulebook {rulebook.name} is known to hold from {rulebook.as_of}, later than the "
                f"start of this run ({date_utc(desk.start_ns)}); it is taken to have held before."
            )
    return tuple(said)


class _Watcher:
    """Shows every frame to the view, which is drawn no more often than an eye can follow."""

    def __init__(self, view: LiveView | None) -> None:
        self._view = view
        self._started_s = time.monotonic()
        self._drawn_s = 0.0

    def __enter__(self) -> "_Watcher":
        if self._view is not None:
            self._view.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._view is not None:
            self._view.__exit__(kind, error, trace)

    def show(
        self,
        now: Frame,
        progress_frac: float,
        actions: Sequence[Action],
        liquidations: Sequence[Liquidation],
    ) -> None:
        """See this frame, and draw it unless one was drawn a moment ago."""
        if self._view is None:
            return
        # Every one: what a log says of a day must not depend on how fast the machine is.
        self._view.see(now, actions=actions, liquidations=liquidations)
        now_s = time.monotonic()
        if now_s - self._drawn_s < _DRAW_EVERY_S and progress_frac < 1.0:
            return
        self._drawn_s = now_s
        self._view.draw(progress_frac=progress_frac, elapsed_s=now_s - self._started_s)


@contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """Give a folder to write to; its files move into `out` when all went well, and only then."""
    if out.exists() and not out.is_dir():
        raise DeskRejected(f"--out {out} is not a folder")
    for name in ("journal.db", "report.html"):  # both, before the first is moved
        target = out / name
        if target.is_dir():
            raise DeskRejected(f"{target} is a folder; name another --out, or move it away")
    # Beside the wanted folder, or where the folders on the way to it will begin.
    beside = next(parent for parent in out.absolute().parents if parent.exists())
    try:
        folder = Path(tempfile.mkdtemp(prefix=".hedgerow-", dir=beside))
    except OSError as bad:
        raise DeskRejected(f"--out {out}: cannot write there: {bad.strerror}") from bad
    try:
        yield folder
        out.mkdir(parents=True, exist_ok=True)
        for made in sorted(folder.iterdir()):
            made.replace(out / made.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
