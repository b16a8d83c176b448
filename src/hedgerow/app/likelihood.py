"""What ``hedgerow solvency probability`` does: how likely accounts are liquidated, and by when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from hedgerow.app.amounts import read
from hedgerow.app.asked import heading_of, looked_at, opened, show
from hedgerow.app.margins import judged_nodes
from hedgerow.app.options import Source
from hedgerow.app.portfolio_model import (
    MODEL_FILE,
    packaged_covariance,
    packaged_degrees_count,
    packaged_tails,
)
from hedgerow.app.solvency_request import ProbabilityAsked
from hedgerow.app.verdict import status
from hedgerow.errors import Failure, Outcome, RequestRejected
from hedgerow.instruments import Instrument, LinearFuture, LinearPerpetual, LoanDebt, LoanSupply
from hedgerow.limits import Survey, account_node
from hedgerow.margin import Rulebook, require_across, terms_of
from hedgerow.market import Covariance, Dynamics, Factor, FactorMoves, Shock
from hedgerow.portfolio import Account
from hedgerow.reporting import builtins_of
from hedgerow.reporting.likelihoods import Likelihoods, any_of, likelihood_tables
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
    effective_count,
    headroom,
    least_frac,
    mixed_hits,
    over_times,
    pooled,
    regimes,
    spot_nodes,
    time_nodes_ns,
    ways_of,
)
from hedgerow.units import DAY_NS, YEAR_NS, to_model

__all__ = ["show_probability", "vols_of"]

_DAYS_PER_YEAR: Final = 365.0
_HORIZON_NS: Final = 30 * DAY_NS
# Logs of prices and of the second factor: as far as a month takes anybody. What is asked for at
# many times, or a cell at a time by an engine that has no model, is asked for on coarser grids.
_REACH_LOG: Final = 1.6
_SPOT_STEP_LOG: Final = 0.02
_SPOT_STEP_VOL_LOG: Final = 0.04
_SPOT_STEP_ENGINE_LOG: Final = 0.08
_SECOND_NODES_LOG: Final = np.linspace(-_REACH_LOG, _REACH_LOG, 33)


@dataclass(frozen=True, slots=True)
class _Judge:
    """What every account of a call is walked by."""

    state: Survey
    model: Covariance
    times_ns: tuple[int, ...]
    slippage_frac: float


@dataclass(frozen=True, slots=True, eq=False)
class _Walked:
    """An account that paths can be walked against, and what its liquidation costs."""

    node: str
    headroom: Headroom
    boundary: Boundary
    cost: LiquidationCost | None


def show_probability(source: Source, asked: ProbabilityAsked, *, as_json: bool) -> int:
    """Print the probability of a liquidation by horizon, of each account and of any of them."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    nodes = judged_nodes(state, asked.account)
    held = {account_node(one): one for one in state.book.accounts if account_node(one) in nodes}
    told = vols_of(asked.vols)
    ways = {node: _ways(one, state) for node, one in held.items()}
    _check_coins(told, ways.values())
    terms = state.book.terms
    contracts = [terms[each.instrument_id] for one in held.values() for each in one.positions]
    model = packaged_covariance()
    times_ns = time_nodes_ns(contracts, state.snapshot.time_ns, _HORIZON_NS)
    judge = _Judge(state, model, times_ns, asked.slippage_frac)
    found: dict[str, Outcome[_Walked]] = {}
    for node, one in held.items():
        report = state.reports[node]
        found[node] = (
            report
            if isinstance(report, Failure)
            else _walkable(one, ways[node], judge, desk.rulebooks[report.rulebook])
        )
    walked = [each for each in found.values() if not isinstance(each, Failure)]
    made = _likelihoods(walked, found, model, told, asked)
    assumed = _assumed(told, walked, _still(held.values(), state))
    shown = likelihood_tables(made, assumed, heading=heading_of(state))
    show(_payload(made), shown, as_json=as_json)
    return status(_troubles(made, found, state), is_quiet=as_json)


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
        if not vols[coin] > 0.0:
            raise RequestRejected(f"--vol {text}: a coin that never moves has no probability")
    return vols


def _ways(held: Account, state: Survey) -> tuple[Direction, ...]:
    return ways_of(held, state.book.terms, state.snapshot, {})


def _coins(ways: Iterable[Direction]) -> list[Direction]:
    return [way for way in ways if way.kind == "spot" and len(way.beta_frac) == 1]


def _check_coins(vols_frac: Mapping[str, float], ways: Iterable[Sequence[Direction]]) -> None:
    """Refuse the vol of a coin that nothing looked at hangs on: a misspelt one would be lost."""
    coins = sorted({name for each in ways for way in _coins(each) for name in way.beta_frac})
    for coin in vols_frac:
        if coin not in coins:
            there = ", ".join(coins) or "none"
            raise RequestRejected(f"--vol {coin}: nothing hangs on {coin}; there are: {there}")


def _walkable(
    held: Account, ways: Sequence[Direction], judge: _Judge, rulebook: Rulebook
) -> Outcome[_Walked]:
    """Work out where an account breaks over the two factors that it hangs on most."""
    state, model = judge.state, judge.model
    terms, snapshot = state.book.terms, state.snapshot
    coins = _coins(ways)
    has_vol = any(way.kind == "vol" for way in ways)
    has_time = any(way.kind == "time" for way in ways)
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
        spot_log=spot_nodes(_REACH_LOG, _spot_step_log(held, state, rulebook, has_vol=has_vol)),
        second_log=None if second is None else _SECOND_NODES_LOG,
        times_forward_ns=judge.times_ns if has_time else (0,),
    )
    if isinstance(rooms, Failure):
        return rooms
    return _Walked(
        node=account_node(held),
        headroom=rooms,
        # The same times for all, so that they can be pooled.
        boundary=over_times(boundary(rooms), np.array(judge.times_ns) / YEAR_NS),
        cost=_cost(held, terms, state, rulebook, judge.slippage_frac),
    )


def _spot_step_log(held: Account, state: Survey, rulebook: Rulebook, *, has_vol: bool) -> float:
    """Give how far apart nodes of the spot lie: farther where no model answers for an engine."""
    if not has_vol:
        return _SPOT_STEP_LOG
    judged = msgspec.structs.replace(held, rulebook=rulebook.name)
    asked = require_across(
        [judged], state.book.terms, state.snapshot, [Shock()], {rulebook.name: rulebook}
    )
    return _SPOT_STEP_VOL_LOG if asked.paths == ("model",) else _SPOT_STEP_ENGINE_LOG


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


def _dynamics(
    walked: Sequence[_Walked], model: Covariance, vols_frac: Mapping[str, float]
) -> tuple[Dynamics, ...]:
    """Give how all factors of the accounts move, by the packaged covariance or the vols told.

    In regimes of the vol, and with jumps whose variance is taken from it: a coin jumps as far as it
    moves otherwise.
    """
    tails = packaged_tails()
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
    moves = []
    for factor, n in zip(wanted, at, strict=True):
        vol_frac, loading = float(yearly[n]), 0.0
        if factor.kind == "spot":
            vol_frac = vols_frac.get(factor.name, vol_frac)
            loading, vol_frac = tails.loading_frac(vol_frac), tails.between_jumps_frac(vol_frac)
        moves.append(FactorMoves(factor=factor, vol_frac=vol_frac, jump_loading_frac=loading))
    return regimes(
        Dynamics(
            factors=tuple(moves),
            correlation_frac=np.asarray(model.correlation_frac)[np.ix_(at, at)],
            degrees_count=float(packaged_degrees_count()),
            jumps=tails.jumps,
        ),
        deviation_log=tails.vol_deviation_log,
        regimes_count=tails.regimes_count,
    )


def _likelihoods(
    walked: Sequence[_Walked],
    found: Mapping[str, Outcome[_Walked]],
    model: Covariance,
    vols_frac: Mapping[str, float],
    asked: ProbabilityAsked,
) -> Likelihoods:
    unknown = {node: each for node, each in found.items() if isinstance(each, Failure)}
    if not walked:
        return Likelihoods(
            horizons_years=HORIZONS_YEARS, nodes=(), hits=None, costs_known=(), wanted={},
            unknown=unknown,
        )  # fmt: skip
    dynamics = _dynamics(walked, model, vols_frac)
    hits = mixed_hits(
        dynamics,
        [*(each.boundary for each in walked), *(groups := _groups(walked))],
        paths_count=asked.paths_count,
        seed=asked.draw_seed,
        costs=[
            *(each.cost or LiquidationCost(notional_usd=0.0) for each in walked),
            *(LiquidationCost(notional_usd=0.0) for _ in groups),
        ],
        joined_index=range(len(walked), len(walked) + len(groups)),
    )
    wanted: dict[str, Outcome[CollateralWanted]] = {}
    if asked.survival_frac is not None:
        wanted = {
            each.node: collateral_wanted(
                dynamics,
                each.headroom,
                survival_frac=asked.survival_frac,
                horizon_years=DAY_NS / YEAR_NS,
                paths_count=asked.paths_count,
                seed=asked.draw_seed,
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
    groups: dict[tuple[Factor, Factor | None], list[Boundary]] = {}
    for each in walked:
        groups.setdefault((each.boundary.spot, each.boundary.second), []).append(each.boundary)
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
        rows["hit_effective_count"] = effective_count(
            hits.hit_frac[n], hits.hit_error_frac[n], hits.paths_count
        ).tolist()
        if found.costs_known[n]:
            rows["loss_usd"] = hits.loss_usd[n].tolist()
            rows["loss_error_usd"] = hits.loss_error_usd[n].tolist()
        wanted = found.wanted.get(node)
        accounts[node] = {
            **rows, **({} if wanted is None else {"wanted": builtins_of(wanted)})
        }  # fmt: skip
    either = any_of(found)
    return {
        "horizons_years": list(found.horizons_years),
        "accounts": accounts,
        "any_frac": either.frac.tolist(),
        "any_error_frac": either.error_frac.tolist(),
        "any_upper_frac": either.upper_frac.tolist(),
        "any_of": list(found.nodes),
        "any_without": list(found.unknown),
        "least_frac": least_frac(hits.paths_count),
        "paths_count": hits.paths_count,
        "steps_count": hits.steps_count,
        "seed": hits.seed,
    }


def _assumed(
    vols_frac: Mapping[str, float], walked: Sequence[_Walked], still: Sequence[str]
) -> str:
    used = {one.boundary.spot.name for one in walked}
    used |= {one.boundary.second.name for one in walked if one.boundary.second is not None}
    vols = ", ".join(f"{coin} {100.0 * vol:g} %" for coin, vol in vols_frac.items() if coin in used)
    but_vols = f", but yearly vols of {vols}" if vols else ""
    but_still = f", but not {', '.join(still)}, of which no rate is known" if still else ""
    return (
        f"Assumed: deviations and correlations of {MODEL_FILE}{but_vols}; {packaged_tails()}; "
        "Student's tails of "
        f"{packaged_degrees_count()} degrees by the hour; no drift, no funding; pegs and bases "
        "stand still, and dated futures do not expire; an option that has expired counts as what "
        f"it would pay at the price of the moment; loans grow at their last rates{but_still}."
    )


def _still(held: Iterable[Account], state: Survey) -> list[str]:
    """Name loans whose rate nobody gave: what is owed and lent stands still."""
    names: dict[str, None] = {}
    for one in held:
        for position in one.positions:
            loan = state.book.terms[position.instrument_id]
            if not isinstance(loan, LoanDebt | LoanSupply):
                continue
            index = state.snapshot.lending(loan.market, loan.asset)
            if isinstance(index, Failure):
                continue
            is_debt = isinstance(loan, LoanDebt)
            rate = index.borrow_frac_per_year if is_debt else index.supply_frac_per_year
            if rate is None:
                names[f"the {'debt' if is_debt else 'supply'} of {loan.asset}"] = None
    return list(names)


def _troubles(made: Likelihoods, found: Mapping[str, Outcome[_Walked]], state: Survey) -> list[str]:
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
        if isinstance(made.wanted.get(node), Failure):
            told.append(f"the collateral that {name} wants is unknown")
    return told
