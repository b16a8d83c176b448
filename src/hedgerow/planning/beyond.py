"""What stands beyond its limit after a plan: at what, since when, and why the plan leaves it there.

Why is told as far as it is known: a leg was left out of the order; nothing that the plan may use
acts on the limit; the programme that chose the plan says that
not all can hold; it foretold that the limit would hold, and done exactly it does not. Of what a
plan changed it is never said that nothing acts on it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isclose
from typing import NamedTuple

import numpy as np

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Reason
from hedgerow.exposure import Place, aggregate, node_profits
from hedgerow.hedging import INSIDE_FRAC, Effects, Offer, effects
from hedgerow.instruments import Instrument
from hedgerow.limits import METRICS, Limit, LimitState, account_node
from hedgerow.limits.judge import levels_passed
from hedgerow.limits.records import Key
from hedgerow.planning.costs import ModeSwitch, SwapWay, route_name
from hedgerow.planning.outcome import Joint
from hedgerow.planning.purses import is_fence
from hedgerow.planning.wants import given_of, stresses_of
from hedgerow.portfolio import Account, book, with_balance
from hedgerow.pricing import value
from hedgerow.solvency import coins_moved
from hedgerow.solving import EXCESS_FRAC_MAX
from hedgerow.units import percent

__all__ = [
    "BEYOND",
    "INSIDE_STATEMENT",
    "Allowed",
    "conflicts_of",
    "left_beyond",
    "names_of",
    "outside_frac",
    "says_less",
]

BEYOND = ("soft", "hard", "unknown", "expired")
"""Rungs at which a limit does not hold, or nobody knows that it does."""
INSIDE_STATEMENT = (
    "A plan aims a little inside a soft bound that is broken now: at "
    f"{percent(INSIDE_FRAC, 0)} of a ceiling, and at a floor over that. So of a use of at most "
    f"60 % it aims at {percent(0.6 * INSIDE_FRAC)}, of a distance of at least 20 % at "
    f"{percent(0.2 / INSIDE_FRAC)}. Where whole lots, or what legs do done exactly, fall short of "
    "that, inside the bound itself is enough; what stands between the two already may stay there."
)
_BROKEN = ("soft", "hard")
_WORST_FIRST = ("hard", "unknown", "expired", "soft")
# Of a figure: what differs by less is the same, summed in another order.
_SAME_FRAC = 1e-9
_REFUSALS_TOLD = 3
_ALONE = "alone"


@dataclass(frozen=True, slots=True, eq=False)
class Allowed:
    """All that a plan might use: offers to trade, routes, switches of e-mode, swaps."""

    offers: Sequence[Offer]
    routes: Sequence[Route]
    switches: Sequence[ModeSwitch] = ()
    swaps: Sequence[SwapWay] = ()


class _Why(NamedTuple):
    reason: Reason
    message: str


def outside_frac(state: LimitState) -> float:
    """Say how far a limit is beyond soft, over its bound: zero inside, infinite without a figure.

    Of a limit at zero it is the figure itself, as there is nothing to compare it with. A limit that
    nobody renewed is as far outside as its figure: it may be inside, and still does not hold.
    """
    if state.rung not in BEYOND:
        return 0.0
    value, soft = state.value_frac_usd_or_coin, state.soft_frac_usd_or_coin
    # Who has no equity has no use of it: as far outside as what nobody knows.
    if value is None:
        return float("inf")
    if METRICS[state.metric].side == "floor":
        return max(0.0, 1.0 - value / soft)
    return max(0.0, abs(value) / soft - 1.0) if soft else abs(value)


def left_beyond(
    chosen: Joint,
    after: Sequence[LimitState],
    allowed: Allowed,
    limits: Sequence[Limit],
    instruments: Mapping[str, Instrument],
    *,
    is_cut: bool,
) -> tuple[Failure, ...]:
    """Name every limit that does not hold after a plan.

    Parameters
    ----------
    after
        The limits after what is left of the plan.
    is_cut
        Whether legs that were chosen are left out of it.

    Returns
    -------
    tuple of Failure
        Worst first, one for each limit, and of one that is unknown for each reason; the subject is
        the node.
    """
    left = [each for each in after if each.rung in BEYOND]
    left.sort(key=lambda each: _WORST_FIRST.index(each.rung))
    was = {each.key: each for each in chosen.before.limits}
    asker = _Asker(chosen, allowed, limits, instruments, is_cut=is_cut)
    return tuple(
        Failure(
            subject=each.node,
            reason=why.reason,
            message=f"{_stands(each)}; {_origin(each, was.get(each.key))}; {why.message}",
        )
        for each in left
        for why in asker.why(each)
    )


def conflicts_of(chosen: Joint) -> tuple[str, ...]:
    """Name the bounds that cannot hold together; none where a search's own fence is one of them.

    Beyond the fence they might: nobody looked.
    """
    return () if any(map(is_fence, chosen.conflicts)) else chosen.conflicts


def says_less(unplanned: Failure, after: Sequence[LimitState]) -> bool:
    """Say whether it is of a limit that `left_beyond` names too, with its bounds beside."""
    return any(
        each.rung in BEYOND
        and each.node == unplanned.subject
        and unplanned.message.startswith(f"{each.metric} is ")
        for each in after
    )


class _Asker:
    """Why limits stay broken; what trades do to them is worked out once, where it is asked."""

    def __init__(
        self,
        chosen: Joint,
        allowed: Allowed,
        limits: Sequence[Limit],
        instruments: Mapping[str, Instrument],
        *,
        is_cut: bool,
    ) -> None:
        self._chosen, self._allowed, self._limits = chosen, allowed, limits
        self._instruments, self._is_cut = instruments, is_cut
        self._then = {each.key: each.rung for each in chosen.after.limits}
        self._was = {each.key: each for each in chosen.before.limits}
        self._accounts = {each.account_id: each for each in chosen.before.book.accounts}
        self._refused = {each.subject: each for each in chosen.refused}
        self._effects: Effects | None = None
        self._held_for: dict[tuple[Key, str], bool] = {}

    def why(self, state: LimitState) -> tuple[_Why, ...]:
        """Say why a limit is left where it is: of what nobody knows every reason."""
        if state.rung in _BROKEN:
            return (self._why_broken(state),)
        if state.rung == "expired":
            # One that is hard is planned for, and is expired again where it is less than that.
            was = self._was.get(state.key)
            is_planned = was is not None and was.rung in _BROKEN and self._is_planned(state)
            lead = "" if is_planned else "not planned for: "
            return (_Why("stale_data", lead + state.message),)
        told = [_Why(each.reason, f"not planned for: {each.message}") for each in state.missing]
        # Of a state that was written before reasons were kept only the words are left.
        return tuple(told) or (_Why("missing_data", f"not planned for: {state.message}"),)

    def _why_broken(self, state: LimitState) -> _Why:
        """Give the first of the reasons that holds."""
        if self._is_cut and self._then.get(state.key) not in BEYOND:
            return _Why("unsupported", "legs that it needs were left out, which are named too")
        mended_by = METRICS[state.metric].mended_by
        if mended_by is None:
            told = "what legs do to it is not foretold, so no plan is made to keep it"
            return _Why("unsupported", told)
        is_of_tree = mended_by in ("exposure", "losses")
        beside = self._beside_trades(state) if is_of_tree else ""
        without = self._untraded(state, beside) if is_of_tree else self._unreached(state)
        if without is not None:
            return without
        too = f"; {beside} too" if beside else ""
        chosen = self._chosen
        if any(_is_of(each, state) for each in chosen.conflicts):
            return self._why_conflict(state, too)
        if not self._is_planned(state):
            return self._why_without_bound(state)
        if not (chosen.trades or chosen.moves):
            told = "the search found no plan for it"
            if chosen.switches or chosen.swaps:
                told = "after switches and swaps the search found nothing more for it"
            return _Why("not_converged", f"{told}: {chosen.remark}{too}")
        ended = "the search ended there"
        if fences := [each.name for each in chosen.shadows if is_fence(each.name)]:
            nodes = dict.fromkeys(each.split()[0] for each in fences)
            ended += f" (it went no further on {', '.join(nodes)})"
        if chosen.excess_frac <= EXCESS_FRAC_MAX:
            told = "the plan was to keep it by what each move does alone; done exactly it does not"
            return _Why("not_converged", f"{told}, and {ended}{too}")
        # Where others cannot hold, what gives way for whole lots is not told from what they take.
        told = "" if chosen.conflicts else "in whole lots no plan was found that holds all; "
        return _Why("not_converged", f"{told}{ended}{too}")

    def _why_conflict(self, state: LimitState, too: str) -> _Why:
        """Say that the programme found no way to keep it."""
        conflicts = self._chosen.conflicts
        others = [each for each in conflicts if not (_is_of(each, state) or is_fence(each))]
        beside = f" together with {', '.join(others)}" if others else ""
        # A move whose effect on some account is unknown was held at nothing: so what does not
        # suffice is never all that may be done.
        known = "by what is known of each move alone"
        if fenced := ", ".join(each.split()[0] for each in conflicts if is_fence(each)):
            told = f"as far as the search went on {fenced} it does not hold{beside}, {known}"
            return _Why("not_converged", told + too)
        if others:
            return _Why("unsupported", f"{known} it cannot hold{beside}{too}")
        told = (
            "of what may be traded and moved all that could be judged does not suffice, by what "
            f"each move does alone{too}"
        )
        if any(each.reason != "no_source" for each in self._chosen.refused):
            told += "; what was refused is named too"
        return _Why("unsupported", told)

    def _why_without_bound(self, state: LimitState) -> _Why:
        """Say that no row of the programme was of it, with the reason where one was told."""
        own = [
            each.message
            for each in self._chosen.unplanned
            if each.subject == state.node and not each.message.startswith(f"{state.metric} is ")
        ]
        told = f": {'; '.join(own)}" if own else ""
        return _Why("unsupported", f"it was not planned for{told}")

    def _is_planned(self, state: LimitState) -> bool:
        """Say whether some row of the programme was of it."""
        chosen = self._chosen
        names = [*(each.name for each in chosen.asks), *(each.name for each in chosen.demands)]
        return any(_is_of(each, state) for each in names)

    def _is_changed(self, state: LimitState) -> bool:
        """Say whether the plan moved it, so that something acts on it."""
        was = self._was.get(state.key)
        return was is None or was.rung != state.rung or not _is_same(was, state)

    def _unreached(self, state: LimitState) -> _Why | None:
        """Say that nothing which may be used acts on an account; None where something does."""
        if self._is_changed(state):
            return None
        held = self._account_at(state.node)
        allowed = self._allowed
        routes = [each for each in allowed.routes if each.target_account_id == held]
        others = [
            *(each.account_id for each in allowed.offers),
            *(each.account_id for each in allowed.switches),
            *(each.account_id for each in allowed.swaps),
        ]
        if held in others:
            return None
        if not routes:
            return _Why(
                "no_source",
                "no route leads to it, and nothing may be traded, switched or swapped there",
            )
        if all(route_name(each) in self._refused for each in routes):
            return _Why("no_source", f"no route to it may be used: {self._why_refused(routes)}")
        return None

    def _why_refused(self, routes: Sequence[Route]) -> str:
        why = list(dict.fromkeys(self._refused[route_name(each)].message for each in routes))
        more = len(why) - _REFUSALS_TOLD
        return "; ".join(why[:_REFUSALS_TOLD]) + (f"; and {more} more" if more > 0 else "")

    def _untraded(self, state: LimitState, beside: str) -> _Why | None:
        """Say that nothing planned for acts on what a limit sums; None where something does."""
        moving = [each for each in self._allowed.routes if self._is_moved(state, each)]
        if self._is_traded(state) or any(route_name(each) not in self._refused for each in moving):
            return None
        kept = {each.name for each in self._effect().offers}
        unknown = [
            each.name
            for each in self._allowed.offers
            if each.name not in kept and self._holds(state.node, each.account_id)
        ]
        if unknown:
            told = f"what {', '.join(unknown)} would do to it is not known"
            return _Why("unsupported", f"{beside}; {told}" if beside else told)
        if beside:
            return _Why("unsupported", f"only {beside}")
        if self._is_changed(state):
            return None
        if moving:
            told = self._why_refused(moving)
            return _Why("no_source", f"no route that acts on it may be used: {told}")
        return _Why("unsupported", "nothing that may be traded, moved or swapped acts on it")

    def _beside_trades(self, state: LimitState) -> str:
        """Name what else acts on what a limit sums, and how far that is planned for."""
        is_swapped = any(
            self._holds(state.node, each.account_id)
            and (self._is_held_for(state, each.asset) or self._is_held_for(state, each.asset_take))
            for each in self._allowed.swaps
        )
        return "swaps may act on it, of which a few sizes are tried" if is_swapped else ""

    def _is_moved(self, state: LimitState, route: Route) -> bool:
        """Say whether a route, with something to give, leads into or out of a limit's node."""
        source, target = (
            self._holds(state.node, each)
            for each in (route.source_account_id, route.target_account_id)
        )
        refused = self._refused.get(route_name(route))
        if source == target or (refused is not None and refused.reason == "no_source"):
            return False
        account = self._accounts[route.source_account_id]
        has_some = account.balance_coin(route.asset) > route.fee_coin
        return has_some and self._is_held_for(state, route.asset)

    def _holds(self, node: str, account_id: str) -> bool:
        """Say whether some of an account may lie in a node of the tree."""
        place, account = Place.of(node), self._accounts.get(account_id)
        return (
            place is not None
            and account is not None
            and place.venue in (None, account.venue)
            and place.account_id in (None, account_id)
        )

    def _is_held_for(self, state: LimitState, asset: str) -> bool:
        """Say it of a limit and an asset, worked out once."""
        at = state.key, asset
        if at not in self._held_for:
            self._held_for[at] = self._moves_with(state, asset)
        return self._held_for[at]

    def _moves_with(self, state: LimitState, asset: str) -> bool:
        """Say whether holding an asset, anywhere in a node, changes what its limit is on.

        A coin of it is booked alone, valued and summed as the desk is. What has no price is not
        moved, and changes nothing.
        """
        place, now = Place.of(state.node), self._chosen.before
        if place is None:
            return False
        empty = Account(
            account_id=_ALONE,
            venue=_ALONE,
            currency="USD",
            rulebook=None,
            positions=(),
            balances=(),
            time_observed_ns=now.snapshot.time_ns,
        )
        booked = book([with_balance(empty, asset, Decimal(1))], self._instruments)
        node = Place(_ALONE, _ALONE, place.coin, place.expiry).node
        if METRICS[state.metric].mended_by == "exposure":
            row = aggregate(booked, value(booked, now.snapshot), now.snapshot).row(node)
            return not isinstance(row, Failure) and bool(getattr(row, state.metric))
        shocks = [each.on(self._coins()) for each in given_of(state, self._limits).stresses]
        gained = node_profits(booked, now.snapshot, shocks, (node,)).profit_usd
        return bool(np.any(np.nan_to_num(gained) != 0.0))

    def _is_traded(self, state: LimitState) -> bool:
        """Say whether a contract of some offer changes what a limit is on."""
        found = self._effect()
        if METRICS[state.metric].mended_by == "exposure":
            return bool(np.any(found.exposure_of(state.node, state.metric) != 0.0))
        stresses = given_of(state, self._limits).stresses
        return any(
            bool(np.any(found.profit_usd(each.name, state.node) != 0.0)) for each in stresses
        )

    def _effect(self) -> Effects:
        if self._effects is None:
            snapshot, stresses = self._chosen.before.snapshot, stresses_of(self._limits)
            self._effects = effects(self._allowed.offers, snapshot, stresses, self._coins())
        return self._effects

    def _coins(self) -> tuple[str, ...]:
        now = self._chosen.before
        return tuple(coins_moved(self._instruments.values(), now.book.accounts, now.snapshot))

    def _account_at(self, node: str) -> str | None:
        accounts = self._accounts.values()
        return next((each.account_id for each in accounts if account_node(each) == node), None)


def _is_of(name: str, state: LimitState) -> bool:
    """Say whether a bound of a programme is of a limit, as `wants` names them."""
    own = f"{state.node} {state.metric}" + (f" ({state.of})" if state.of else "")
    return name == own or name.startswith((f"{own} at ", f"{own}: ", f"{own}, "))


def _is_same(was: LimitState, state: LimitState) -> bool:
    """Say whether a limit is at the figure that it was at."""
    before, now = was.value_frac_usd_or_coin, state.value_frac_usd_or_coin
    if before is None or now is None:
        return before == now
    return isclose(before, now, rel_tol=_SAME_FRAC)


def _stands(state: LimitState) -> str:
    bounds = (state.soft_frac_usd_or_coin, state.hard_frac_usd_or_coin)
    soft, hard = (_told(state, bound) for bound in bounds)
    said = f" ({state.of})" if state.of else ""
    at = ""
    if state.value_frac_usd_or_coin is not None:
        at = f" at {_now(state)}"
    elif state.rung in _BROKEN:
        at = ", with no equity left,"
    return f"{state.metric}{said} is {state.rung}{at} against {soft} (soft) and {hard} (hard)"


def _origin(state: LimitState, was: LimitState | None) -> str:
    """Say whether the plan broke a limit, or found it so."""
    if was is None:
        return "the plan brought it about: nothing was there before"
    if was.rung not in BEYOND:
        return f"the plan broke it: it was {was.rung} at {_now(was)}"
    if was.rung not in _BROKEN and was.value_frac_usd_or_coin is None:
        return "the plan found it so" if was.rung == state.rung else f"it was {was.rung} before"
    if _is_same(was, state):
        return "the plan found it so"
    return f"the plan found it {was.rung} at {_now(was)} and {_way(was, state)}"


def _way(was: LimitState, state: LimitState) -> str:
    """Say which way a plan moves a figure that was beyond its bound, or whose limit expired."""
    if _is_inside(state):
        return "leaves it inside its bounds" if _is_inside(was) else "brings it inside its bounds"
    before, after = outside_frac(was), outside_frac(state)
    if after == before:
        return "leaves it as far outside"
    return "brings it nearer" if after < before else "takes it further"


def _is_inside(state: LimitState) -> bool:
    """Say whether the figure of a limit that does not hold is inside soft: nobody renewed it."""
    value, side = state.value_frac_usd_or_coin, METRICS[state.metric].side
    if state.rung != "expired" or value is None:
        return False
    return not levels_passed(side, (state.soft_frac_usd_or_coin,), value)


def _now(state: LimitState) -> str:
    """Write where a limit stands: of a distance, the move that liquidates with its sign."""
    value = state.value_frac_usd_or_coin
    if value is None:
        return "no equity" if state.rung == "hard" else "no figure"
    if state.toward in ("fall", "rise"):
        return percent(-value if state.toward == "fall" else value, 2, sign=True)
    return _told(state, value)


def _told(state: LimitState, value: float) -> str:
    if state.metric.endswith("_frac"):
        return percent(value, 2)
    unit = METRICS[state.metric].unit
    return f"{value:,.2f} {unit}" if unit.startswith("USD") else f"{value:,.6f} {unit}"


def names_of(states: Collection[LimitState]) -> str:
    """Name limits as tables do, each once."""
    names = dict.fromkeys(f"{each.node} {METRICS[each.metric].title}" for each in states)
    return ", ".join(names)
