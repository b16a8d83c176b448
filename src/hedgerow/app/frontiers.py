"""What ``hedgerow solvency frontier`` does: at what price, vol, basis, peg or day it breaks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hedgerow.app.amounts import read
from hedgerow.app.asked import heading_of, looked_at, opened, show
from hedgerow.app.margins import judged_nodes
from hedgerow.app.options import Source
from hedgerow.app.portfolio_model import packaged_covariance
from hedgerow.app.solvency_request import FrontierAsked
from hedgerow.app.verdict import status
from hedgerow.app.written import write_plot
from hedgerow.errors import DeskRejected, Failure, Outcome, RequestRejected
from hedgerow.instruments import (
    Instrument,
    InversePerpetual,
    LinearPerpetual,
    Option,
    PowerPerpetual,
    QuantoPerpetual,
    underlying_of,
)
from hedgerow.limits import Survey, account_node
from hedgerow.margin import Rulebook
from hedgerow.market import Covariance, Snapshot
from hedgerow.portfolio import Account
from hedgerow.reporting import builtins_of, frontier_tables, plane_svg
from hedgerow.reporting.frontiers import Searched
from hedgerow.solvency import (
    Direction,
    Frontier,
    ReverseStress,
    coins_moved,
    frontier,
    joint_of,
    plane,
    reverse_stress,
    ways_of,
)

__all__ = ["direction_of", "show_frontier"]

_KINDS = ("spot", "mark", "vol", "basis", "peg", "funding", "time")
_LEAD = "BTC"
_FUNDED = (LinearPerpetual, InversePerpetual, QuantoPerpetual)


def show_frontier(source: Source, asked: FrontierAsked, *, as_json: bool) -> int:
    """Print where every account breaks, along every direction asked for."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    nodes = judged_nodes(state, asked.account)
    model = packaged_covariance()
    betas = _betas(model)
    along = [_named_here(direction_of(each), state) for each in asked.along]
    found: dict[str, Outcome[Searched]] = {}
    likely: dict[str, Outcome[ReverseStress]] = {}
    for held in state.book.accounts:
        node = account_node(held)
        if node not in nodes:
            continue
        report = state.reports[node]
        if isinstance(report, Failure):
            found[node] = report
            continue
        rulebook = desk.rulebooks[report.rulebook]
        ways = along or ways_of(held, state.book.terms, state.snapshot, betas)
        found[node] = tuple(
            (each, frontier(held, state.book.terms, state.snapshot, rulebook, each))
            for each in ways
        )
        if asked.is_likeliest:
            likely[node] = _likeliest(held, state.book.terms, state.snapshot, rulebook, model)
    if asked.plot is not None:
        _draw(asked.plot, state, nodes, desk.rulebooks, betas, as_json=as_json)
    payload = {
        node: {
            **_written(each),
            **({"likeliest": builtins_of(likely[node])} if node in likely else {}),
        }
        for node, each in found.items()
    }
    shown = frontier_tables(
        found,
        _prices_usd(state),
        likely,
        _together(state, nodes, desk.rulebooks, betas),
        heading=heading_of(state),
    )
    show(payload, shown, as_json=as_json)
    told = _troubles(found, is_asked=bool(asked.along))
    for node, each in likely.items():
        if isinstance(each, Failure) or each.unknown:
            told.append(f"the likeliest breach of {node.split('/')[-1]} is unknown")
    return status(told, is_quiet=as_json)


def direction_of(text: str) -> Direction:
    """Read a direction as a person writes it.

    >>> direction_of("spot:BTC,ETH=1.5").title, direction_of("vol").title
    ('spot of BTC, ETH x 1.5', 'vol')

    Raises
    ------
    RequestRejected
        If it is none.
    """
    kind, _, names = text.partition(":")
    if kind not in _KINDS:
        raise RequestRejected(
            f"--along {text}: no {kind!r} to go along; write one of {', '.join(_KINDS)}, with "
            "names after a colon: spot:BTC, spot:BTC,ETH=1.3, mark:BTC-PERPETUAL, peg:USDC"
        )
    betas: dict[str, float] = {}
    for part in filter(None, (each.strip() for each in names.split(","))):
        name, equals, told = part.partition("=")
        if name in betas:
            raise RequestRejected(f"--along {text}: {name} is named twice; keep one")
        if kind == "funding" and not equals:
            raise RequestRejected(
                f"--along {text}: say the rate an interval, funding:{name}=0.01%, or funding alone "
                "for the rates last settled"
            )
        try:
            if kind == "funding":
                betas[name] = read(told, "funding_frac_per_interval")
            else:
                betas[name] = float(told) if equals else 1.0
        except ValueError as bad:
            what = "rate" if kind == "funding" else "beta"
            raise RequestRejected(f"--along {text}: {told!r} is no {what} of {name}") from bad
    try:
        return Direction(kind=kind, beta_frac=betas)  # type: ignore[arg-type]
    except ValueError as bad:
        raise RequestRejected(f"--along {text}: {bad}") from bad


def _named_here(direction: Direction, state: Survey) -> Direction:
    """Refuse a name that moves nothing of the desk: the account would look safe along it.

    Raises
    ------
    RequestRejected
        If a name is none of the kind that is to move.
    """
    snapshot, terms = state.snapshot, state.book.terms
    coins = coins_moved(tuple(terms.values()), state.book.accounts, snapshot)
    ways = [
        way
        for each in state.book.accounts
        for way in ways_of(each, terms, snapshot, {})
        if way.kind == "basis"
    ]
    known: Mapping[str, Sequence[str]] = {
        "spot": (*coins, *snapshot.dollars_usd),
        "basis": [name for way in ways for name in way.beta_frac],
        "mark": [name for name in terms if name in snapshot.quotes],
        "peg": (*snapshot.dollars_usd, *snapshot.stakings),
        "funding": [name for name, each in terms.items() if isinstance(each, _FUNDED)],
    }
    for name in direction.beta_frac:
        if name not in known[direction.kind]:
            there = ", ".join(sorted(set(known[direction.kind]))) or "none"
            raise RequestRejected(
                f"--along {direction.kind}: no {name} to move; there are: {there}"
            )
    return direction


def _together(
    state: Survey,
    nodes: Sequence[str],
    rulebooks: Mapping[str, Rulebook],
    betas: Mapping[str, float],
) -> tuple[Outcome[Frontier], ...]:
    """Search all accounts along one joint move of all coins of the desk: which of them binds."""
    terms, snapshot = state.book.terms, state.snapshot
    coins = coins_moved(tuple(terms.values()), state.book.accounts, snapshot)
    found: list[Outcome[Frontier]] = []
    for held in state.book.accounts:
        node = account_node(held)
        if node in nodes and coins:
            report = state.reports[node]
            found.append(
                report
                if isinstance(report, Failure)
                else frontier(
                    held, terms, snapshot, rulebooks[report.rulebook], joint_of(coins, betas)
                )
            )
    return tuple(found)


def _betas(model: Covariance) -> dict[str, float]:
    """Give every coin's beta in logs to the lead coin, of the packaged covariance."""
    spots = {each.name: n for n, each in enumerate(model.factors) if each.kind == "spot"}
    lead = spots[_LEAD]
    deviation, correlation = model.deviation_frac_per_period, model.correlation_frac
    return {
        coin: float(correlation[n, lead] * deviation[n] / deviation[lead])
        for coin, n in spots.items()
    }


def _likeliest(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
    model: Covariance,
) -> Outcome[ReverseStress]:
    """Ask for the likeliest breach over the factors that the packaged covariance knows."""
    ways = ways_of(account, instruments, snapshot, {})
    coins = {name for way in ways if way.kind == "spot" for name in way.beta_frac}
    # All vols move as one: by those of a coin in whose options the account is.
    vols = {
        underlying_of(instruments[each.instrument_id])
        for each in account.positions
        if isinstance(instruments[each.instrument_id], Option | PowerPerpetual)
    }
    at_hand = {
        kind: {each.name: n for n, each in enumerate(model.factors) if each.kind == kind}
        for kind in ("spot", "vol_level")
    }
    missing = sorted(coins - set(at_hand["spot"]))
    missing += [f"the vols of {coin}" for coin in sorted(vols - set(at_hand["vol_level"]))]
    if missing or not coins:
        named = ", ".join(missing) or "what it holds"
        return Failure(
            subject=account.account_id,
            reason="missing_data",
            message=f"no deviation of {named} is at hand, so no breach is the likeliest",
        )
    chosen = [
        (n, Direction(kind="spot", beta_frac={coin: 1.0}))
        for coin, n in at_hand["spot"].items()
        if coin in coins
    ]
    chosen += [
        (n, Direction(kind="vol")) for coin, n in at_hand["vol_level"].items() if coin in vols
    ][:1]
    at = [n for n, _ in chosen]
    return reverse_stress(
        account,
        instruments,
        snapshot,
        rulebook,
        [each for _, each in chosen],
        np.asarray(model.deviation_frac_per_period)[at] / np.sqrt(model.period_days),
        np.asarray(model.correlation_frac)[np.ix_(at, at)],
    )


def _prices_usd(state: Survey) -> dict[str, float]:
    prices: dict[str, float] = {}
    for name, terms in state.book.terms.items():
        coin = getattr(terms, "underlying", None) or getattr(terms, "asset", None)
        if coin is None:
            continue
        for asked, answer in (
            (name, state.snapshot.mark_usd(name, coin)),
            (coin, state.snapshot.spot_usd(coin)),
        ):
            if not isinstance(answer, Failure):
                prices.setdefault(asked, float(answer))
    for dollar, parity in state.snapshot.dollars_usd.items():
        prices.setdefault(dollar, float(parity))
    return prices


def _draw(
    plot: Path,
    state: Survey,
    nodes: Sequence[str],
    rulebooks: Mapping[str, Rulebook],
    betas: Mapping[str, float],
    *,
    as_json: bool,
) -> None:
    named = ", ".join(node.split("/")[-1] for node in nodes)
    if len(nodes) != 1:
        raise DeskRejected(f"--plot draws one account: name it with --account, of {named}")
    held = next(each for each in state.book.accounts if account_node(each) == nodes[0])
    report = state.reports[nodes[0]]
    if isinstance(report, Failure):
        raise DeskRejected(f"--plot: {report.message}")
    ways = ways_of(held, state.book.terms, state.snapshot, betas)
    if not ways or ways[0].kind != "spot":
        raise DeskRejected(f"--plot: {held.account_id} hangs on no coin's price")
    made = plane(
        held,
        state.book.terms,
        state.snapshot,
        rulebooks[report.rulebook],
        ways[0],
        Direction(kind="vol"),
    )
    if isinstance(made, Failure):
        raise DeskRejected(f"--plot: {made.message}")
    write_plot(plot, plane_svg(made), as_json=as_json)


def _written(found: Outcome[Searched]) -> dict[str, object]:
    if isinstance(found, Failure):
        return {"unknown": builtins_of(found)}
    rows = [
        {
            "direction": builtins_of(way),
            "unknown" if isinstance(each, Failure) else "frontier": builtins_of(each),
        }
        for way, each in found
    ]
    return {"frontiers": rows}


def _troubles(found: Mapping[str, Outcome[Searched]], *, is_asked: bool) -> list[str]:
    """Say what is broken, and what is unknown: a single direction only where it was asked for."""
    told: dict[str, None] = {}
    for node, searched in found.items():
        name = node.split("/")[-1]
        if isinstance(searched, Failure):
            told[f"the requirement of {name} is unknown"] = None
            continue
        for way, each in searched:
            if is_asked and (isinstance(each, Failure) or each.unknown):
                told[f"the frontier of {name} along {way.title} is unknown"] = None
            if isinstance(each, Frontier) and each.is_liquidatable:
                told[f"{name} is liquidatable"] = None
    return list(told)
