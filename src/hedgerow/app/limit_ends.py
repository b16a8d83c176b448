"""What in the limits of a desk file, and beside them, refers to what.

The same manner as `loose_ends`: on the file as it was written, in silence about shapes.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from hedgerow.app.name_meant import name_meant
from hedgerow.app.raw_tables import account_ends, by_id, named, number_of, tables_of
from hedgerow.app.stresses import stress_of
from hedgerow.errors import RequestRejected
from hedgerow.limits import KINDS, METRICS, Metric
from hedgerow.margin import Rulebook
from hedgerow.units import to_model

__all__ = ["limit_ends"]

# What only some metrics take, under its word in the file.
_ASKED = {"shocks": "shock", "horizon": "horizon"}


def limit_ends(raw: Mapping[str, Any], rulebooks: Mapping[str, Rulebook]) -> Iterator[str]:
    """Tell every mistake of limits, of the calls, and of what is stated for them."""
    coins = _coins(raw)
    for at, limit in tables_of(raw, "limits"):
        yield from _limit_ends(f"limits.[{at}]", limit, raw, rulebooks, coins)
    for key in ("vols", "backing"):
        for name in raw[key] if isinstance(raw.get(key), dict) else ():
            if name not in coins:
                yield f"{key}.{name}: nothing of the desk is in it; there are: {', '.join(coins)}"
    accounts = by_id(raw, "accounts")
    called = [c["account"] for _, c in tables_of(raw, "calls") if isinstance(c.get("account"), str)]
    for at, call in tables_of(raw, "calls"):
        where, name = f"calls.[{at}].account", call.get("account")
        yield from account_ends(where, name, accounts)
        account = named(name, accounts)
        if account is not None and account.get("rulebook") is None:
            yield f"{where}: {name} has no rulebook, hence no call"
        if called.count(str(name)) > 1:
            yield f"{where}: {name} has several ladders; it must have one"


def _limit_ends(
    where: str,
    limit: Mapping[str, Any],
    raw: Mapping[str, Any],
    rulebooks: Mapping[str, Rulebook],
    coins: Sequence[str],
) -> Iterator[str]:
    scope, written = limit.get("scope"), str(limit.get("metric"))
    # What follows a metric that is misspelt is told too, as of the one that was probably meant.
    meant = written if written in METRICS else name_meant(written, METRICS)
    metric = None if meant is None else METRICS[meant]
    supposed = "" if meant in (None, written) else f", if {meant!r} is meant"
    if isinstance(scope, str):
        for told in _scope_ends(where, scope, metric, raw, rulebooks, coins):
            yield told + supposed
    for key, asked in _ASKED.items():
        if key in limit and metric is not None and metric.asks != asked:
            takes = ", ".join(each for each, of in METRICS.items() if of.asks == asked)
            yield f"{where}.{key}: only {takes} takes one{supposed}"
    dollars = raw.get("dollars")
    for at, text in enumerate(_texts(limit.get("shocks"))):
        try:
            stress_of(text, coins, list(dollars) if isinstance(dollars, dict) else [])
        except RequestRejected as bad:
            yield f"{where}.shocks.[{at}]: {bad}"
    bounds = {key: number_of(limit.get(key)) for key in ("soft", "hard")}
    beyond = [
        f"{where}.{key}: {trouble}, was {bound}{supposed}"
        for key, bound in bounds.items()
        if metric and bound is not None and (trouble := metric.trouble_with(to_model(bound)))
    ]
    yield from beyond
    soft, hard = bounds["soft"], bounds["hard"]
    # A bound that is told already says nothing of their order.
    if soft is not None and hard is not None and metric is not None and not beyond:
        is_floor = metric.side == "floor"
        if soft < hard if is_floor else soft > hard:
            order = "above" if is_floor else "below"
            must = f"must lie {order} hard {hard}, to warn before it"
            yield f"{where}.soft: {must}, was {soft}{supposed}"


def _scope_ends(
    where: str,
    scope: str,
    metric: Metric | None,
    raw: Mapping[str, Any],
    rulebooks: Mapping[str, Rulebook],
    coins: Sequence[str],
) -> Iterator[str]:
    accounts = by_id(raw, "accounts")
    node_of = {name: f"desk/{a.get('venue')}/{name}" for name, a in accounts.items()}
    kind = "tree" if metric is None else metric.nodes
    if metric is None and any(_covers(scope, node) for node in _leaned_on(raw)):
        return  # of which kind it must be hangs on the metric
    if kind == "account":
        nodes = [node for name, node in node_of.items() if "rulebook" in accounts[name]]
    elif kind == "name":
        nodes = _leaned_on(raw)
    else:
        nodes = ["desk", *(f"coin/{coin}" for coin in coins)] if kind == "tree" else []
        for name, account in accounts.items():
            nodes += [f"desk/{account.get('venue')}", node_of[name]]
    nodes = list(dict.fromkeys(nodes))
    if any(_covers(scope, node, is_below=kind != "holder") for node in nodes):
        return
    bare = [name for name, node in node_of.items() if _covers(scope, node)]
    if bare and metric is not None and metric.is_of_account:
        told = f"{scope!r} names only accounts without a rulebook, which have no "
        yield f"{where}.scope: {told}{metric.title}; {_ruled(bare, accounts, rulebooks)}"
    else:
        there = ", ".join(nodes) or "none"
        yield f"{where}.scope: {scope!r} names no node; there are: {there}"


def _leaned_on(raw: Mapping[str, Any]) -> list[str]:
    """List who the desk leans on, and for each kind the one that is not known."""
    nodes = [f"venue/{a.get('venue')}" for a in by_id(raw, "accounts").values()]
    backing = raw.get("backing")
    said = [b for b in (backing or {}).values() if isinstance(b, dict)] if backing else []
    for kind in KINDS[1:]:
        nodes += [f"{kind}/{name}" for b in said if isinstance(name := b.get(kind), str)]
        nodes.append(f"{kind}/unknown")
    return nodes


def _texts(listed: Any) -> list[str]:
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def _ruled(
    bare: Sequence[str],
    accounts: Mapping[str, Mapping[str, Any]],
    rulebooks: Mapping[str, Rulebook],
) -> str:
    """Say what to write: which of these accounts may follow its venue, or that none's is known."""
    own = {name: v for name in bare if str(v := accounts[name].get("venue")) in rulebooks}
    if not own:
        return f"give one to {' or '.join(bare)}"
    return "write " + ", ".join(f"rulebook = {venue!r} at {name}" for name, venue in own.items())


def _covers(scope: str, node: str, *, is_below: bool = True) -> bool:
    """Match step by step; below an account there may be two steps more, underlying and expiry."""
    wanted, steps = scope.split("/"), node.split("/")
    if is_below and steps[0] == "desk" and len(steps) == 3:
        wanted = wanted[: 3 if len(wanted) <= 5 else None]
    return len(wanted) == len(steps) and all(map(fnmatchcase, steps, wanted))


def _coins(raw: Mapping[str, Any]) -> list[str]:
    """List every coin the file speaks of."""
    found: set[Any] = set()
    described = by_id(raw, "instruments")
    for key in ("movers", "dollars"):
        found |= set(raw[key]) if isinstance(raw.get(key), dict) else set()
    for _, terms in tables_of(raw, "instruments"):
        found |= {x for k in ("underlying", "asset") if isinstance(x := terms.get(k), str)}
    for _, account in tables_of(raw, "accounts"):
        balances = account.get("balances")
        found |= set(balances) if isinstance(balances, dict) else set()
        for _, position in tables_of(account, "positions"):
            name = position.get("instrument")
            if isinstance(name, str) and name not in described:
                found.add(name.split("-")[0].split("_")[0])
    return sorted(found)
