"""What ``hedgerow calls show`` does: put every account on its ladder, and print the open calls."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from hedgerow.app.asked import heading_of, looked_at, opened, show
from hedgerow.app.desk import Desk
from hedgerow.app.margins import judged_nodes
from hedgerow.app.memory import recalled
from hedgerow.app.options import Source
from hedgerow.app.verdict import status
from hedgerow.collateral import Route
from hedgerow.collateral.standing import spare_coin, standing_of
from hedgerow.errors import Failure
from hedgerow.instruments import LoanDebt
from hedgerow.limits import (
    CallRoute,
    Look,
    OnLadder,
    Survey,
    account_node,
    inputs_hash,
    on_ladder,
    open_calls,
)
from hedgerow.margin import rulebooks_at
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.reporting import builtins_of, call_tables
from hedgerow.units import SECOND_NS, percent, to_model

__all__ = ["show_calls"]

_RAY = 10**27
# The least amount of an account's currency that a call is told in: a cent of dollars, a satoshi.
_STEP_DOLLAR, _STEP_COIN = Decimal("0.01"), Decimal("0.00000001")


def show_calls(source: Source, *, account: str | None, previous: Path | None, as_json: bool) -> int:
    """Print where accounts stand, by where they stood, and what they need."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    nodes = judged_nodes(state, account)
    before = {each.account_id: each for each in recalled(previous, "ladder", OnLadder, at_ns)}
    policy_of = {each.account_id: each for each in desk.calls}
    found: dict[str, OnLadder] = {}
    without = []
    for held in state.book.accounts:
        if account_node(held) not in nodes:
            continue
        policy = policy_of.get(held.account_id)
        if policy is None:
            without.append(held.account_id)
            continue
        look = _look(held, state, desk)
        found[held.account_id] = on_ladder(
            policy, before.get(held.account_id), look, _routes(desk, state, held.account_id)
        )
    used = inputs_hash(
        state.book,
        state.snapshot,
        desk.limits,
        rulebooks_at(desk.rulebooks, at_ns),
        (*desk.calls, *desk.routes, *desk.buffers, desk.chance),
    )
    calls = open_calls(found)
    assumed = _assumed(desk, state, list(found))
    payload = {
        "time_ns": at_ns,
        "inputs_hash": used,
        "ladder": [builtins_of(each) for each in found.values()],
        "calls": builtins_of(calls),
        "without_a_ladder": without,
        "assumptions": assumed,
    }
    shown = call_tables(
        list(found.values()),
        calls,
        without,
        time_ns=at_ns,
        heading=heading_of(state),
        assumptions=assumed,
    )
    show(payload, shown, as_json=as_json)
    told = [
        *_troubles(list(found.values())),
        *(
            f"{each} is liquidatable and has no ladder of calls"
            for each in without
            if _is_liquidatable(state, each)
        ),
    ]
    return status(told, is_quiet=as_json)


def _assumed(desk: Desk, state: Survey, account_ids: Sequence[str]) -> list[str]:
    """Say by which vol an account's prices are taken to move, on which its deadline hangs."""
    said = []
    for account_id in account_ids:
        coins = state.seen.coins_of(state.book.account(account_id))
        vol = desk.chance.vol_of(account_id, coins)
        if not coins:
            continue
        if isinstance(vol, Failure):
            said.append(f"{account_id}: probability and deadline are unknown: {vol.message}.")
        else:
            largest = "" if len(coins) == 1 else "the largest vol of "
            said.append(
                f"{account_id}: a vol of {percent(vol)} a year, {largest}{', '.join(coins)}."
            )
    if said:
        said.append(
            "Probabilities and deadlines hang on these vols, those of [vols] or else of the package"
            f", and on {desk.chance.said}."
        )
    return said


def _is_liquidatable(state: Survey, account_id: str) -> bool:
    report = state.reports[account_node(state.book.account(account_id))]
    return not isinstance(report, Failure) and report.is_liquidatable


def _look(account: Account, state: Survey, desk: Desk) -> Look:
    report = state.reports[account_node(account)]
    is_dollar = account.currency == "USD" or account.currency in state.snapshot.dollars_usd
    debt = _debt_asset(account, state)
    if debt is not None:
        is_dollar = debt in state.snapshot.dollars_usd
    return Look(
        seen=state.seen,
        account=account,
        rulebook=None if isinstance(report, Failure) else desk.rulebooks[report.rulebook],
        chance=desk.chance,
        step_ccy=_STEP_DOLLAR if is_dollar else _STEP_COIN,
        debt_asset=debt,
    )


def _debt_asset(account: Account, state: Survey) -> str | None:
    """Name what most is owed of, in dollars; None where nothing is owed."""
    owed: dict[str, float] = {}
    for position in account.positions:
        terms = state.book.terms[position.instrument_id]
        if not isinstance(terms, LoanDebt) or position.quantity_contracts >= 0:
            continue
        index = state.snapshot.lending(terms.market, terms.asset)
        # Only which of them to name: what nobody can price is asked for last.
        grown = 0.0 if isinstance(index, Failure) else index.borrow_index_ray / _RAY
        worth_usd = grown * _price_usd(terms.asset, state.snapshot)
        owed.setdefault(terms.asset, 0.0)
        owed[terms.asset] -= to_model(position.quantity_contracts) * worth_usd
    return max(owed, key=lambda asset: owed[asset], default=None)


def _price_usd(asset: str, snapshot: Snapshot) -> float:
    """Give what the protocol believes an asset is worth, else the market; zero where neither."""
    answer = snapshot.oracle_usd(asset)
    if not isinstance(answer, Failure):
        return to_model(answer)
    price = snapshot.asset(asset)
    return 0.0 if isinstance(price, Failure) else price.price_usd


def _routes(desk: Desk, state: Survey, account_id: str) -> Sequence[CallRoute]:
    """Give the ways to an account, in order of preference, at the latency that the desk states."""
    return [
        CallRoute(
            name=f"{each.source_account_id} to {each.target_account_id}",
            asset=each.asset,
            use=each.use,
            step_coin=each.step_coin,
            latency_p99_s=each.latency_ns / SECOND_NS,
            spare_coin=_spare_coin(each, desk, state),
        )
        for each in desk.routes
        if each.target_account_id == account_id
    ]


def _spare_coin(route: Route, desk: Desk, state: Survey) -> Decimal | None:
    """Give what the source of a route can send, as the desk's own transfers are cut to it."""
    (source,) = [a for a in state.book.accounts if a.account_id == route.source_account_id]
    buffers = (each for each in desk.buffers if each.account_id == source.account_id)
    stands = standing_of(source, next(buffers, None), state, {})
    return None if isinstance(stands, Failure) else spare_coin(stands, route)


def _troubles(found: Sequence[OnLadder]) -> list[str]:
    told = []
    for each in found:
        if each.rung == "liquidated":
            told.append(f"{each.account_id} is liquidatable")
        elif each.rung == "unknown":
            told.append(f"the ladder of {each.account_id} is unknown")
        if each.call is not None:
            told.append(f"{each.account_id} is called for")
    return told
