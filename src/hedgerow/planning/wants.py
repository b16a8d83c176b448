"""What the limits of a desk want of a plan: figures in ranges, and accounts that hold under shocks.

Limits on exposures and on losses under shocks are linear in what is traded: each becomes an `Ask`,
with what one contract of every offer adds to it. Limits on an account (use, distance, probability
of liquidation) become demands: after the plan the account shall need at most a stated share of its
equity under a stated shock. A distance of 15 % is a demand to hold at 15 % down and at 15 % up; a
probability within a horizon is the distance that has it. What holds today is wanted as well, so
that mending one limit breaks no other; so is what a limit says of a coin or an account that the
desk holds nothing of yet, and an offer would.

A limit that is unknown or expired cannot be planned for and is handed back; so is a broken one on a
metric that no leg of a plan changes in a known way. What is unknown is asked to stay where it is,
for nobody knows which way is better.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.hedging import INSIDE_FRAC, Ask, Effects
from hedgerow.limits import (
    METRICS,
    Given,
    Limit,
    LimitState,
    Stress,
    Survey,
    covers,
    distance_at,
)
from hedgerow.limits.seen import Seen
from hedgerow.market import NO_SHOCK, Shock
from hedgerow.solvency import DISTANCE_FRAC_MAX
from hedgerow.units import percent

__all__ = ["KEPT_FRAC", "Demand", "Wants", "given_of", "profits_of", "stresses_of", "wants"]

Floats = NDArray[np.float64]

# What is only on the way stops a little inside a hard limit, as a plan does inside a soft one.
_INSIDE_HARD_FRAC = 0.99
# Where not all can hold, what holds today gives way so much less than what is broken anyway.
KEPT_FRAC = 0.01


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """An account shall need at most `use_frac` of its equity under a shock.

    `is_initial` asks for the initial requirement. `is_on_the_way` is wanted before anything has
    arrived: what is on its way to the account does not count then. What `is_kept` holds today, as
    far as it was measured; by what little it seems to lack it may go on lacking.
    """

    node: str
    name: str
    shock: Shock
    use_frac: float
    is_initial: bool = False
    is_on_the_way: bool = False
    is_kept: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Wants:
    """What the limits want of a plan: `asks` of the desk's figures, and `demands` of its accounts.

    A delta of 120 that may be 100 at most is an ask for -95 to 95. An offer of which a contract
    adds 2 to it has a 2 in that ask's row of `figure_per_contract` (asks, offers). A use of 75 %
    that may be 60 % at most is a demand to need at most 57 % of equity. `states` are the limits
    that asks are of, one for each ask; `unplanned` is what is not planned for, and why.
    """

    asks: tuple[Ask, ...]
    states: tuple[LimitState, ...]
    figure_per_contract: Floats
    demands: tuple[Demand, ...]
    unplanned: tuple[Failure, ...]


def stresses_of(limits: Sequence[Limit]) -> tuple[Stress, ...]:
    """List every shock that a limit on losses names, once.

    Raises
    ------
    OutOfDomain
        If two that differ have one name.
    """
    found: dict[str, Stress] = {}
    for limit in limits:
        if METRICS[limit.metric].mended_by == "losses":
            for each in limit.given.stresses:
                if found.setdefault(each.name, each) != each:
                    raise OutOfDomain(f"two shocks of the limits are called {each.name!r}")
    return tuple(found.values())


def wants(
    now: Survey,
    limits: Sequence[Limit],
    effect: Effects,
    coins: Sequence[str],
    *,
    tighter_frac: Mapping[tuple[str, str], float] | None = None,
    filled: Collection[str] = (),
) -> Wants:
    """Say what a plan shall bring about.

    Parameters
    ----------
    now
        The desk, judged by these limits.
    effect
        What one contract of each offer does, under the shocks of `stresses_of` too.
    coins
        All that the desk may come to hold: a distance is a move of all of them together, also of
        those that an account holds only after a plan.
    tighter_frac
        By node and metric, by what factor a distance is to be wanted larger than its limit says:
        more than one where an earlier plan, done exactly, fell short of it.
    filled
        Accounts, by node, that may trade and be sent something: between the two no hard limit that
        they keep may break.
    """
    asks: list[Ask] = []
    states: list[LimitState] = []
    rows: list[Floats] = []
    demands: list[Demand] = []
    unplanned: list[Failure] = []
    to_come = _to_come(now, limits, effect)
    for state in (*now.limits, *to_come):
        given = given_of(state, limits)
        mended_by = METRICS[state.metric].mended_by
        if state.rung in ("unknown", "expired"):
            unplanned.extend(_untold(state))
            for name, row in _effects_on(state, given, effect):
                asks.append(_unmoved_ask(state, name, is_loss=mended_by == "losses"))
                states.append(state)
                rows.append(row)
        elif mended_by in _ACCOUNT:
            reach_frac = (tighter_frac or {}).get((state.node, state.metric), 1.0)
            for at in _bounds(state, is_filled=state.node in filled):
                asked = _ACCOUNT[mended_by](_Case(state, at, now.seen, given, coins, reach_frac))
                if isinstance(asked, Failure):
                    unplanned.append(asked)
                    break
                demands.extend(asked)
        elif mended_by == "losses":
            for stress, profit_usd in zip(
                given.stresses, profits_of(now.seen, given, state.node), strict=True
            ):
                asks.append(_loss_ask(state, -profit_usd, stress))
                states.append(state)
                rows.append(-effect.profit_usd(stress.name, state.node))
        elif mended_by == "exposure" and (_is_exposure(state, now) or state in to_come):
            asks.append(_exposure_ask(state))
            states.append(state)
            rows.append(effect.exposure_of(state.node, state.metric))
        elif state.rung in ("soft", "hard"):
            unplanned.append(_unmended(state))
    return Wants(
        asks=tuple(asks),
        states=tuple(states),
        figure_per_contract=np.array(rows) if rows else np.zeros((0, len(effect.offers))),
        demands=tuple(each for at, each in enumerate(demands) if each not in demands[:at]),
        unplanned=tuple(unplanned),
    )


def _to_come(now: Survey, limits: Sequence[Limit], effect: Effects) -> tuple[LimitState, ...]:
    """Judge what is not there yet, and would be after a trade: nothing of it, so far within."""
    held = {row.node for row in now.exposures.rows}
    new = [node for node in effect.nodes if node not in held]
    time_ns = now.snapshot.time_ns
    return tuple(
        LimitState(
            node=node,
            metric=limit.metric,
            value_frac_usd_or_coin=0.0,
            soft_frac_usd_or_coin=limit.soft_frac_usd_or_coin,
            hard_frac_usd_or_coin=limit.hard_frac_usd_or_coin,
            rung="calm",
            message="nothing is there now",
            of=limit.given.said,
            owner=limit.owner,
            expires_ns=limit.expires_ns,
        )
        for limit in limits
        if METRICS[limit.metric].mended_by in ("exposure", "losses")
        and (limit.expires_ns is None or time_ns < limit.expires_ns)
        for node in new
        if covers(limit.scope, node)
    )


def profits_of(seen: Seen, given: Given, node: str) -> list[float]:
    """Give what a node gains under each shock, in USD; what is not there gains nothing."""
    gained = seen.profits(given.stresses)
    if node not in gained.nodes:
        return [0.0] * len(given.stresses)
    return [float(each) for each in gained.profit_usd[:, gained.nodes.index(node)]]


def given_of(state: LimitState, limits: Sequence[Limit]) -> Given:
    """Give what was stated for the limit that a state is of."""
    for limit in limits:
        if (
            limit.metric == state.metric
            and limit.given.said == state.of
            and limit.owner == state.owner
            and limit.soft_frac_usd_or_coin == state.soft_frac_usd_or_coin
            and limit.hard_frac_usd_or_coin == state.hard_frac_usd_or_coin
            and covers(limit.scope, state.node)
        ):
            return limit.given
    raise AssertionError(f"{state.node} {state.metric} is the state of no limit")


def _untold(state: LimitState) -> list[Failure]:
    """Say why a limit is not planned for, once for each reason."""
    # A limit that expired is too old to go by, whether or not its number is known.
    lapsed = Failure(subject=state.node, reason="stale_data", message=state.message)
    # Of a state that was written before reasons were kept only the words are left.
    why = state.missing or (
        Failure(subject=state.node, reason="missing_data", message=state.message),
    )
    return [
        Failure(
            subject=state.node,
            reason=each.reason,
            message=f"{state.metric} is {state.rung}, not planned for: {each.message}",
        )
        for each in ((lapsed,) if state.rung == "expired" else why)
    ]


def _unmended(state: LimitState) -> Failure:
    return Failure(
        subject=state.node,
        reason="unsupported",
        message=f"{state.metric} is broken and no leg of a plan is known to mend it",
    )


def _is_exposure(state: LimitState, now: Survey) -> bool:
    row = now.exposures.row(state.node)
    return not isinstance(row, Failure) and getattr(row, state.metric, None) is not None


def _exposure_ask(state: LimitState) -> Ask:
    value, bound = state.value_frac_usd_or_coin, INSIDE_FRAC * state.soft_frac_usd_or_coin
    assert value is not None, "a limit with a rung of its own has a value"
    # What is calm may move as far as its soft limit; what is beyond comes back inside.
    wide = max(bound, min(abs(value), state.soft_frac_usd_or_coin))
    far = bound if state.rung in ("soft", "hard") else wide
    return Ask(
        name=_name(state),
        now_figure=value,
        low_figure=-far,
        high_figure=far,
        scale_figure=_scale(state, abs(value)),
    )


def _loss_ask(state: LimitState, loss_usd: float, stress: Stress) -> Ask:
    bound = INSIDE_FRAC * state.soft_frac_usd_or_coin
    if state.rung not in ("soft", "hard"):
        bound = max(bound, min(loss_usd, state.soft_frac_usd_or_coin))
    return Ask(
        name=f"{_name(state)}: {stress.name}",
        now_figure=loss_usd,
        high_figure=bound,
        scale_figure=_scale(state, abs(loss_usd)),
    )


def _effects_on(state: LimitState, given: Given, effect: Effects) -> Iterator[tuple[str, Floats]]:
    """Give what each offer does to what is unknown: to an exposure, to a loss under each shock."""
    mended_by = METRICS[state.metric].mended_by
    if state.rung == "expired":
        return
    if mended_by == "losses":
        for stress in given.stresses:
            yield f": {stress.name}", -effect.profit_usd(stress.name, state.node)
    elif mended_by == "exposure":
        yield "", effect.exposure_of(state.node, state.metric)


def _unmoved_ask(state: LimitState, name: str, *, is_loss: bool) -> Ask:
    """Ask that what nobody knows stays as it is, but for so much as plans stay inside of bounds.

    Of a loss, that it grows no more than that. It weighs as what is broken does, not as what is
    kept: an account that is about to be liquidated may close what it holds.
    """
    room = (1.0 - INSIDE_FRAC) * state.soft_frac_usd_or_coin
    return Ask(
        name=f"{_name(state)}{name}, which nobody knows and nothing may move",
        now_figure=0.0,
        low_figure=-np.inf if is_loss else -room,
        high_figure=room,
        scale_figure=state.soft_frac_usd_or_coin or 1.0,
    )


def _scale(state: LimitState, value: float) -> float:
    """Give the size that an excess is counted in; the larger it is, the sooner a bound gives way.

    It is the bound, or what is there (`value`) where the bound is zero; a hundredth of it where the
    limit holds today. Of two bounds of 1,000 USD, 100 beyond the broken one and 1 beyond the one
    that holds are both a tenth.
    """
    soft = state.soft_frac_usd_or_coin or value or 1.0
    return soft if state.rung in ("soft", "hard") else soft * KEPT_FRAC


class _Bound(NamedTuple):
    """How far an account may go, in the unit of its limit, and how that is to be taken."""

    value_frac: float
    is_on_the_way: bool
    is_kept: bool


def _bounds(state: LimitState, *, is_filled: bool) -> list[_Bound]:
    """Give the bound that a plan shall bring an account inside of, and the one on the way there."""
    soft_frac, hard_frac = state.soft_frac_usd_or_coin, state.hard_frac_usd_or_coin
    is_broken = state.rung in ("soft", "hard")
    near_frac = _inside(state, soft_frac, INSIDE_FRAC, is_free=is_broken)
    bounds = [_Bound(near_frac, False, not is_broken)]
    if is_filled and state.rung != "hard":
        far_frac = _inside(state, hard_frac, _INSIDE_HARD_FRAC, is_free=False)
        bounds.append(_Bound(far_frac, True, True))
    return bounds


def _inside(state: LimitState, bound_frac: float, inside_frac: float, *, is_free: bool) -> float:
    """Stop a little inside a bound; what is between the two already may stay where it is."""
    value_frac = state.value_frac_usd_or_coin
    is_floor = METRICS[state.metric].side == "floor"
    wanted_frac = bound_frac / inside_frac if is_floor else bound_frac * inside_frac
    if is_free or value_frac is None:
        return wanted_frac
    if is_floor:
        return min(wanted_frac, max(value_frac, bound_frac))
    return max(wanted_frac, min(value_frac, bound_frac))


class _Case(NamedTuple):
    """One bound of one account's limit, the market and the coins it is judged by.

    `reach_frac` is by what factor a distance is wanted larger than the bound says.
    """

    state: LimitState
    at: _Bound
    seen: Seen
    given: Given
    coins: Sequence[str]
    reach_frac: float


def _use(case: _Case) -> list[Demand]:
    return [_demand(_name(case.state), case.state, case.at, NO_SHOCK, case.at.value_frac)]


def _distance(case: _Case) -> list[Demand]:
    return _hold_at(case, min(case.at.value_frac * case.reach_frac, DISTANCE_FRAC_MAX))


def _chance(case: _Case) -> list[Demand] | Failure:
    state, given = case.state, case.given
    if given.chance is None:
        return Failure(
            subject=state.node,
            reason="missing_data",
            message="no vol is known, so no probability can be planned for",
        )
    held = case.seen.coins_of(case.seen.account(state.node))
    found = distance_at(given.chance, held, case.at.value_frac, given.horizon_ns)
    if isinstance(found, Failure):
        return found
    if found is None:
        return Failure(
            subject=state.node,
            reason="unsupported",
            message=f"no distance up to {percent(DISTANCE_FRAC_MAX, 0)} is as unlikely as "
            f"{percent(case.at.value_frac, 2)}",
        )
    return _hold_at(case, min(found * case.reach_frac, DISTANCE_FRAC_MAX))


def _hold_at(case: _Case, distance_frac: float) -> list[Demand]:
    """Ask an account to stand a joint fall and a joint rise of all coins."""
    return [
        _demand(
            f"{_name(case.state)} at {percent(move, sign=True)}",
            case.state,
            case.at,
            Shock(spot_factor_frac=dict.fromkeys(case.coins, 1.0 + move)),
            1.0,
        )
        for move in (-distance_frac, distance_frac)
    ]


def _demand(name: str, state: LimitState, at: _Bound, shock: Shock, use_frac: float) -> Demand:
    return Demand(
        node=state.node,
        name=f"{name}, before anything arrives" if at.is_on_the_way else name,
        shock=shock,
        use_frac=use_frac,
        is_on_the_way=at.is_on_the_way,
        is_kept=at.is_kept,
    )


def _name(state: LimitState) -> str:
    said = f" ({state.of})" if state.of else ""
    return f"{state.node} {state.metric}{said}"


_ACCOUNT: Mapping[str | None, Callable[[_Case], list[Demand] | Failure]] = {
    "use": _use,
    "distance": _distance,
    "chance": _chance,
}
