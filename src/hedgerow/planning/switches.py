"""Plans in which accounts of lending markets first join another category (e-mode), or leave one.

Categories are few and each of them changes what everything else is worth to the account. So for one
account after the other every category that it may choose is tried in place of its own: the desk is
surveyed with it, the rest is planned from there, and the best plan is kept, its gas counted. Of
categories of several accounts not every combination is tried. A choice that the protocol refuses as
the account stands is no choice, and is told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging import Offer
from hedgerow.instruments import Instrument
from hedgerow.limits import Limit, Survey, survey
from hedgerow.margin import Rulebook, switch_refusal
from hedgerow.planning.costs import PLAIN_TERMS, JointTerms, ModeSwitch
from hedgerow.planning.joint import Joint, badness, joint
from hedgerow.portfolio import book

__all__ = ["after_switches", "joint_switching"]


def joint_switching(
    now: Survey,
    limits: Sequence[Limit],
    offers: Sequence[Offer],
    routes: Sequence[Route],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    switches: Sequence[ModeSwitch],
    *,
    terms: JointTerms = PLAIN_TERMS,
    late_usd: Callable[[Route], float] = lambda route: 0.0,
    late_after: Callable[[Survey], Callable[[Route], float]] | None = None,
) -> Outcome[Joint]:
    """Plan as `joint` does, and with every switch that may be made first.

    Parameters
    ----------
    switches
        What may be chosen; nothing else is. Its rulebooks are among `rulebooks`.
    late_after
        What `late_usd` is on a desk that has switched, which is further from a liquidation or
        nearer to one; where it is not given, the same.

    Raises
    ------
    OutOfDomain
        If a switch names an account that the desk does not have, or a rulebook that is not there.
    """
    _refuse_strangers(now, rulebooks, switches)

    def planned(state: Survey) -> Outcome[Joint]:
        late = late_usd if late_after is None or state is now else late_after(state)
        return joint(
            state,
            limits,
            offers,
            routes,
            instruments,
            rulebooks,
            terms=terms,
            late_usd=late,
        )

    best = planned(now)
    if isinstance(best, Failure) or not (best.broken or best.trades or best.moves):
        return best
    refused: list[Failure] = []
    for account_id in dict.fromkeys(each.account_id for each in switches):
        held = now.book.account(account_id).rulebook
        for each in switches:
            if each.account_id != account_id or each.rulebook == held:
                continue
            wanted = (*(kept for kept in best.switches if kept.account_id != account_id), each)
            state = after_switches(now, limits, instruments, rulebooks, wanted)
            if isinstance(state, Failure):
                refused.append(state)
                continue
            found = planned(state)
            if isinstance(found, Failure):
                refused.append(found)
                continue
            gas_usd = sum(one.gas_usd for one in wanted)
            found = replace(
                found,
                before=now,
                switches=wanted,
                cost_usd=found.cost_usd + gas_usd,
                bound_usd=found.bound_usd + gas_usd,
            )
            if badness(found) < badness(best):
                best = found
    return replace(best, refused=tuple(dict.fromkeys((*best.refused, *refused))))


def after_switches(
    now: Survey,
    limits: Sequence[Limit],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    switches: Sequence[ModeSwitch],
) -> Outcome[Survey]:
    """Survey the desk with switches made; the failure says which one is not to be."""
    accounts = {each.account_id: each for each in now.book.accounts}
    for each in switches:
        account = accounts[each.account_id]
        if account.rulebook is None:
            return Failure(
                subject=each.account_id,
                reason="unsupported",
                message="no rulebook judges it, so it has no category to switch",
            )
        refusal = switch_refusal(
            account,
            instruments,
            now.snapshot,
            rulebooks[account.rulebook],
            rulebooks[each.rulebook],
        )
        if refusal is not None:
            return refusal
        accounts[each.account_id] = msgspec.structs.replace(account, rulebook=each.rulebook)
    return survey(
        book(accounts.values(), instruments), now.snapshot, rulebooks, limits, known=[now]
    )


def _refuse_strangers(
    now: Survey, rulebooks: Mapping[str, Rulebook], switches: Sequence[ModeSwitch]
) -> None:
    known = [each.account_id for each in now.book.accounts]
    for each in switches:
        if each.account_id not in known:
            raise OutOfDomain(
                f"account_id of a switch is {each.account_id!r}; the accounts are: "
                f"{', '.join(known)}"
            )
        if each.rulebook not in rulebooks:
            raise OutOfDomain(
                f"rulebook of the switch of {each.account_id} is {each.rulebook!r}, which is not "
                "at hand"
            )
