"""What ``hedgerow solvency probability`` does: how likely accounts are liquidated, and by when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hedgerow.app.amounts import read
from hedgerow.app.asked import heading_of, looked_at, opened, show
from hedgerow.app.margins import judged_nodes
from hedgerow.app.options import Source
from hedgerow.app.portfolio_model import MODEL_FILE, packaged_covariance, packaged_degrees_count
from hedgerow.app.verdict import status
from hedgerow.errors import Failure, Outcome, RequestRejected
from hedgerow.instruments import Instrument, LinearFuture, LinearPerpetual
from hedgerow.limits import Survey, account_node
from hedgerow.margin import Rulebook, terms_of
from hedgerow.market import Covariance, Dynamics, Factor, FactorMoves
from hedgerow.portfolio import Account
from hedgerow.reporting import builtins_of
from hedgerow.reporting.likelihoods import Likelihoods, likelihood_tables
from hedgerow.solvency import (
    HORIZONS_YEARS,
    Boundary,
    CollateralWanted,
    Direction,
    Driven,
    Headroom,
    LiquidationCost,
    boundary,
    collateral_wanted,
    headroom,
    path_hits,
    pooled,
    spot_nodes,
    ways_of,
)
from hedgerow.units import DAY_NS, YEAR_NS, to_model

__all__ = ["show_probability", "vols_of"]

_DAYS_PER_YEAR: Final = 365.0
# Logs of prices and of the second factor: as far as a month takes anybody. Options decay, so that
# their boundary is asked after a week and a month too, on a coarser grid of prices.
_SPOT_NODES_LOG: Final = {False: spot_nodes(1.6, 0.02), True: spot_nodes(1.6, 0.04)}
_SECOND_NODES_LOG: Final = np.linspace(-1.6, 1.6, 33)
_TIMES_NS: Final = {False: (0,), True: (0, 7 * DAY_NS, 30 * DAY_NS)}


@dataclass(frozen=True, slots=True, eq=False)
class _Walked:
    """An account that paths can be walked against, and what its liquidation costs."""

    node: str
    headroom: Headroom
    boundary: Boundary
    cost: LiquidationCost | None


def show_probability(
    source: Source,
    *,
    account: str | None,
    vol: Sequence[str],
    survival_frac: float | None,
    slippage_frac: float,
    paths_count: int,
    draw_seed: int,
    as_json: bool,
) -> int:
    """Print the probability of a liquidation by horizon, of each account and of any of them."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    nodes = judged_nodes(state, account)
    model, told = packaged_covariance(), vols_of(vol)
    found: dict[str, Outcome[_Walked]] = {}
    for held in state.book.accounts:
        node = account_node(held)
        if node in nodes:
            report = state.reports[node]
            found[node] = (
                report
                if isinstance(report, Failure)
                else _walkable(held, state, desk.rulebooks[report.rulebook], model, slippage_frac)
            )
    walked = [each for each in found.values() if not isinstance(each, Failure)]
    made = _likelihoods(walked, found, model, told, survival_frac, paths_count, draw_seed)
    shown = likelihood_tables(made, _assumed(told), heading=heading_of(state))
    show(_payload(made), shown, as_json=as_json)
    return status(_troubles(found, state), is_quiet=as_json)


def vols_of(texts: Sequence[str]) -> dict[str, float]:
    """Read yearly vols of coins.

    >>> vols_of(["BTC=60%", "ETH=0.8"])
    {'BTC': 0.6, 'ETH': 0.8}

    Raises
    ------
    RequestRejected
        If one is none, or not positive.
    """
    vols: dict[str, float] = {}
    for text in texts:
        coin, equals, amount = text.partition("=")
        if not equals or not coin:
            raise RequestRejected(f"--vol {text}: write a coin and its yearly vol, such as BTC=60%")
        try:
            vols[coin] = read(amount, "vol_frac")
        except ValueError as bad:
            raise RequestRejected(f"--vol {text}: {bad}") from bad
    return vols


def _walkable(
    held: Account, state: Survey, rulebook: Rulebook, model: Covariance, slippage_frac: float
) -> Outcome[_Walked]:
    """Work out where an account breaks over the two factors that it hangs on most."""
    terms, snapshot = state.book.terms, state.snapshot
    ways = ways_of(held, terms, snapshot, {})
    coins = [way for way in ways if way.kind == "spot" and len(way.beta_frac) == 1]
    has_vol = any(way.kind == "vol" for way in ways)
    known = {(each.kind, each.name) for each in model.factors}
    names = [next(iter(way.beta_frac)) for way in coins]
    missing = [name for name in names if ("spot", name) not in known]
    if missing or not names or len(names) + has_vol > 2:
        why = (
            f"no deviation of {', '.join(missing)} is at hand"
            if missing
            else "it hangs on no coin's price"
            if not names
            else f"it hangs on {', '.join(names)}{' and vols' if has_vol else ''}, and paths are "
            "walked over two of them"
        )
        return Failure(
            subject=held.account_id,
            reason="missing_data" if missing else "unsupported",
            message=f"no probability for {held.account_id}: {why}",
        )
    first = Driven(factor=Factor(kind="spot", name=names[0]), direction=coins[0])
    second = None
    if has_vol:
        second = Driven(
            factor=Factor(kind="vol_level", name=names[0]), direction=Direction(kind="vol")
        )
    elif len(names) == 2:
        second = Driven(factor=Factor(kind="spot", name=names[1]), direction=coins[1])
    rooms = headroom(
        held,
        terms,
        snapshot,
        rulebook,
        spot=first,
        second=second,
        spot_log=_SPOT_NODES_LOG[has_vol],
        second_log=None if second is None else _SECOND_NODES_LOG,
        times_forward_ns=_TIMES_NS[has_vol],
    )
    if isinstance(rooms, Failure):
        return rooms
    return _Walked(
        node=account_node(held),
        headroom=rooms,
        boundary=boundary(rooms),
        cost=_cost(held, terms, state, rulebook, slippage_frac),
    )


def _cost(
    held: Account,
    terms: Mapping[str, Instrument],
    state: Survey,
    rulebook: Rulebook,
    slippage_frac: float,
) -> LiquidationCost | None:
    """Give what closing everything costs; None where fees or positions are of another kind."""
    charges = terms_of(rulebook).charges
    if charges is None:
        return None
    notional_usd = 0.0
    for position in held.positions:
        contract = terms[position.instrument_id]
        if not isinstance(contract, LinearPerpetual | LinearFuture):
            return None
        mark = state.snapshot.mark_usd(contract.instrument_id, contract.underlying)
        if isinstance(mark, Failure):
            return None
        size = position.quantity_contracts * contract.multiplier_coin_per_contract
        notional_usd += abs(to_model(size * mark))
    return LiquidationCost(
        notional_usd=notional_usd,
        penalty_frac=to_model(charges.fee_taker_frac + charges.fee_liquidation_frac),
        slippage_frac=slippage_frac,
    )


def _dynamics(walked: Sequence[_Walked], model: Covariance, told: Mapping[str, float]) -> Dynamics:
    """Give how all factors of the accounts move, by the packaged covariance or the vols told."""
    wanted = dict.fromkeys(
        factor
        for each in walked
        for factor in (each.boundary.spot, each.boundary.second)
        if factor is not None
    )
    at = [model.factors.index(factor) for factor in wanted]
    yearly = np.asarray(model.deviation_frac_per_period) * np.sqrt(
        _DAYS_PER_YEAR / model.period_days
    )
    return Dynamics(
        factors=tuple(
            FactorMoves(
                factor=factor,
                vol_frac=told.get(factor.name, float(yearly[n]))
                if factor.kind == "spot"
                else float(yearly[n]),
            )
            for factor, n in zip(wanted, at, strict=True)
        ),
        correlation_frac=np.asarray(model.correlation_frac)[np.ix_(at, at)],
        degrees_frac=float(packaged_degrees_count()),
    )


def _likelihoods(
    walked: Sequence[_Walked],
    found: Mapping[str, Outcome[_Walked]],
    model: Covariance,
    told: Mapping[str, float],
    survival_frac: float | None,
    paths_count: int,
    draw_seed: int,
) -> Likelihoods:
    unknown = {node: each for node, each in found.items() if isinstance(each, Failure)}
    if not walked:
        return Likelihoods(
            horizons_years=HORIZONS_YEARS, nodes=(), hits=None, costs_known=(), wanted={},
            unknown=unknown,
        )  # fmt: skip
    dynamics = _dynamics(walked, model, told)
    hits = path_hits(
        dynamics,
        [*(each.boundary for each in walked), *(groups := _groups(walked))],
        paths_count=paths_count,
        seed=draw_seed,
        costs=[
            *(each.cost or LiquidationCost(notional_usd=0.0) for each in walked),
            *(LiquidationCost(notional_usd=0.0) for _ in groups),
        ],
        joined_index=range(len(walked), len(walked) + len(groups)),
    )
    wanted: dict[str, Outcome[CollateralWanted]] = {}
    if survival_frac is not None:
        wanted = {
            each.node: collateral_wanted(
                dynamics,
                each.headroom,
                survival_frac=survival_frac,
                horizon_years=DAY_NS / YEAR_NS,
                paths_count=max(1_000, paths_count // 10),
                seed=draw_seed,
                step_years=HORIZONS_YEARS[0],
            )
            for each in walked
        }
    return Likelihoods(
        horizons_years=HORIZONS_YEARS,
        nodes=tuple(each.node for each in walked),
        hits=hits,
        costs_known=tuple(each.cost is not None for each in walked),
        wanted=wanted,
        unknown=unknown,
    )


def _groups(walked: Sequence[_Walked]) -> list[Boundary]:
    """Pool accounts that hang on the same factors, so that any of them is met exactly."""
    groups: dict[tuple[Factor, Factor | None, int], list[Boundary]] = {}
    for each in walked:
        one = each.boundary
        groups.setdefault((one.spot, one.second, len(one.times_years)), []).append(one)
    return [pooled(each, "any of them") for each in groups.values()]


def _payload(found: Likelihoods) -> dict[str, object]:
    accounts: dict[str, object] = {
        node: {"unknown": builtins_of(each)} for node, each in found.unknown.items()
    }
    hits = found.hits
    if hits is None:
        return {"accounts": accounts}
    for n, node in enumerate(found.nodes):
        rows = {
            name: getattr(hits, name)[n].tolist()
            for name in (
                "hit_frac", "hit_error_frac", "lower_frac", "upper_frac", "left_frac",
            )
        }  # fmt: skip
        if found.costs_known[n]:
            rows["loss_usd"] = hits.loss_usd[n].tolist()
            rows["loss_error_usd"] = hits.loss_error_usd[n].tolist()
        wanted = found.wanted.get(node)
        accounts[node] = {
            **rows, **({} if wanted is None else {"wanted": builtins_of(wanted)})
        }  # fmt: skip
    return {
        "horizons_years": list(found.horizons_years),
        "accounts": accounts,
        "any_frac": hits.any_frac.tolist(),
        "any_error_frac": hits.any_error_frac.tolist(),
        "paths_count": hits.paths_count,
        "steps_count": hits.steps_count,
        "seed": hits.seed,
    }


def _assumed(told: Mapping[str, float]) -> str:
    vols = ", ".join(f"{coin} {100.0 * vol:g} %" for coin, vol in told.items())
    return (
        f"Assumed: deviations and correlations of {MODEL_FILE}"
        f"{f', but yearly vols of {vols}' if vols else ''}; Student's tails of "
        f"{packaged_degrees_count()} degrees by the hour; no drift, no funding; pegs and bases "
        "stand still."
    )


def _troubles(found: Mapping[str, Outcome[_Walked]], state: Survey) -> list[str]:
    told = []
    for node, each in found.items():
        name = node.split("/")[-1]
        report = state.reports[node]
        if isinstance(report, Failure):
            told.append(f"the requirement of {name} is unknown")
        elif report.is_liquidatable:
            told.append(f"{name} is liquidatable")
        elif isinstance(each, Failure):
            told.append(f"the probability of {name} is unknown")
    return told
