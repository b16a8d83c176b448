"""The same desk planned in several ways, side by side: all means together, and each kind alone.

Whoever leaves least of the limits broken wins, and of those the cheapest. The winner by its kind is
joint where it uses both kinds of means; the runner-up is told with the reason why it lost.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome
from hedgerow.hedging import Offer
from hedgerow.instruments import Instrument
from hedgerow.limits import Limit, LimitState, Survey
from hedgerow.margin import Rulebook
from hedgerow.planning.beyond import conflicts_of
from hedgerow.planning.costs import (
    PLAIN_TERMS,
    JointTerms,
    LateUsd,
    ModeSwitch,
    SwapWay,
    route_name,
)
from hedgerow.planning.outcome import Joint, badness
from hedgerow.planning.records import RunnerUp
from hedgerow.planning.switches import joint_switching
from hedgerow.units import to_model

__all__ = ["SAME", "WAYS", "WayState", "compared", "runner_up", "states"]

# What each way of planning may use.
WAYS: Mapping[str, str] = {
    "joint": "trades and transfers together",
    "hedges": "trades alone",
    "unwinding": "trades that only make positions smaller",
    "collateral": "transfers alone",
    "switching": "switches of e-mode alone",
    "swapping": "swaps of collateral alone",
    "staying": "trades and transfers together, no switch of e-mode and no swap",
}
SAME = "comes to the same"
"""Why a way lost that is no rival: what it comes to is what the plan comes to."""
_CENT_USD = 0.01


class WayState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one way came to; costs are None where it came to nothing, and `message` says why.

    It also names what is unknown of its cost, and so not in it: `is_cost_partial` then. `unknown`
    are limits of which nobody knows after it whether they hold, or that expired; `unmet` says what
    the way could not plan, trade or move.
    """

    name: str
    uses: str
    legs_count: int
    cost_usd: float | None
    broken: tuple[LimitState, ...]
    message: str
    is_cost_partial: bool = False
    unknown: tuple[LimitState, ...] = ()
    unmet: tuple[Failure, ...] = ()


def compared(
    now: Survey,
    limits: Sequence[Limit],
    offers: Sequence[Offer],
    routes: Sequence[Route],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    *,
    terms: JointTerms = PLAIN_TERMS,
    late_usd: LateUsd = lambda route: 0.0,
    switches: Sequence[ModeSwitch] = (),
    swaps: Sequence[SwapWay] = (),
    late_after: Callable[[Survey], LateUsd] | None = None,
) -> dict[str, Outcome[Joint]]:
    """Plan in every way of `WAYS`; the joint plan is the best of what was found.

    Only ``joint`` and ``switching`` may make `switches`, ``joint`` and ``swapping`` `swaps`; ways
    that there is nothing for are left out. `late_after` is told at `joint_switching`.

    More means are more to search through, and in whole lots less may be found: then the joint plan
    is the one with fewer means.
    """
    shrinking = [each for each in (_shrinking(offer, now) for offer in offers) if each is not None]
    means: dict[str, tuple[Sequence[Offer], Sequence[Route]]] = {
        "joint": (offers, routes),
        "hedges": (offers, ()),
        "unwinding": (shrinking, ()),
        "collateral": ((), routes),
        "switching": ((), ()),
        "swapping": ((), ()),
        "staying": (offers, routes),
    }
    # Ways that there is nothing for, or that are the same as another.
    idle = [way for way, some in (("switching", switches), ("swapping", swaps)) if not some]
    idle += [] if switches or swaps else ["staying"]
    plans = {
        way: joint_switching(
            now,
            limits,
            *means[way],
            instruments,
            rulebooks,
            switches if way in ("joint", "switching") else (),
            swaps=swaps if way in ("joint", "swapping") else (),
            terms=terms,
            late_usd=late_usd,
            late_after=late_after,
        )
        for way in WAYS
        if way not in idle
    }
    known = [each for each in plans.values() if not isinstance(each, Failure)]
    if known:
        # Each of the others is a plan with all means that leaves some aside.
        plans["joint"] = min(known, key=badness)
    return plans


def runner_up(plans: Mapping[str, Outcome[Joint]]) -> RunnerUp | None:
    """Say which of the other ways was best, and why it lost to the joint one."""
    first = plans.get("joint")
    others = {
        way: each
        for way, each in plans.items()
        if way != "joint" and not isinstance(each, Failure) and each is not first
    }
    if not others or first is None or isinstance(first, Failure):
        return None
    # What only comes to the same is no rival, unless all the others do.
    rivals = {way: each for way, each in others.items() if _why(first, each) != SAME} or others
    way = min(rivals, key=lambda name: badness(rivals[name]))
    second = others[way]
    return RunnerUp(
        name=f"{way}: {WAYS[way]}",
        cost_expected_usd=round(second.cost_usd, 6),
        lost_because=_why(first, second),
        is_cost_partial=bool(second.uncounted),
    )


def states(plans: Mapping[str, Outcome[Joint]]) -> tuple[WayState, ...]:
    """Put what every way came to into a row."""
    rows = []
    for way, plan in plans.items():
        if isinstance(plan, Failure):
            rows.append(
                WayState(
                    name=way,
                    uses=WAYS[way],
                    legs_count=0,
                    cost_usd=None,
                    broken=(),
                    message=plan.message,
                )
            )
            continue
        conflicts = ", ".join(conflicts_of(plan))
        said = f"cannot hold together: {conflicts}" if conflicts else plan.remark
        uncounted = f"unknown and not in the cost: {', '.join(plan.uncounted)}"
        unknown = tuple(each for each in plan.after.limits if each.rung in ("unknown", "expired"))
        dark = f"nobody knows whether {_limits(len(unknown))} would hold" if unknown else ""
        rows.append(
            WayState(
                name=way,
                uses=WAYS[way],
                legs_count=sum(map(len, (plan.trades, plan.moves, plan.switches, plan.swaps))),
                cost_usd=round(plan.cost_usd, 6),
                broken=plan.broken,
                message="; ".join(filter(None, (said, dark, uncounted if plan.uncounted else ""))),
                is_cost_partial=bool(plan.uncounted),
                unknown=unknown,
                unmet=(*plan.unplanned, *plan.refused),
            )
        )
    return tuple(rows)


def _shrinking(offer: Offer, now: Survey) -> Offer | None:
    """Let an offer only close what the account holds of it; None where it holds nothing."""
    account = next(a for a in now.book.accounts if a.account_id == offer.account_id)
    held = to_model(account.quantity_contracts(offer.instrument_id))
    if held == 0.0:
        return None
    # The book stays whole: another account may trade in it too.
    return msgspec.structs.replace(
        offer,
        buys_contracts_max=max(-held, 0.0),
        sells_contracts_max=max(held, 0.0),
    )


def _why(first: Joint, second: Joint) -> str:
    left, kept = len(second.broken), len(first.broken)
    if badness(second)[:2] > badness(first)[:2]:
        names = "; ".join(f"{each.node} {each.metric}" for each in second.broken[:3])
        if left == kept:
            return f"leaves {_limits(left)} further broken than the plan does: {names}"
        return f"leaves {_limits(left)} broken where the plan leaves {kept}: {names}"
    more = second.cost_usd - first.cost_usd
    names = ", ".join(dict.fromkeys((*first.uncounted, *second.uncounted)))
    aside = f", left aside what is unknown: {names}" if names else ""
    if more > _CENT_USD:
        return f"costs {more:,.2f} USD more{aside}"
    if more < -_CENT_USD:
        return (
            f"is {-more:,.2f} USD cheaper by its own reckoning{aside}; done exactly the plan was "
            "no worse"
        )
    return f"costs the same by what is known{aside}" if _differs_unseen(first, second) else SAME


def _differs_unseen(first: Joint, second: Joint) -> bool:
    """Whether something of their costs is unknown, and they are not the same moves."""
    one, two = (
        (
            {
                (each.instrument_id, each.account_id, each.quantity_contracts)
                for each in plan.trades
            },
            {(route_name(each.route), each.quantity_coin) for each in plan.moves},
        )
        for plan in (first, second)
    )
    return bool(first.uncounted or second.uncounted) and one != two


def _limits(count: int) -> str:
    return "1 limit" if count == 1 else f"{count} limits"
