"""Plans in which lending accounts first join another category (e-mode), or swap collateral.

Categories are few and each of them changes what everything else is worth to the account. So for one
account after the other every category that it may choose is tried in place of its own: the desk is
surveyed with it, the rest is planned from there, and the best plan is kept, its gas counted. Of
categories of several accounts not every combination is tried. A choice that the protocol refuses as
the account stands is no choice, and is told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import msgspec

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging import Offer
from hedgerow.instruments import Instrument
from hedgerow.limits import Limit, Survey, survey
from hedgerow.margin import Rulebook, switch_refusal
from hedgerow.planning.costs import PLAIN_TERMS, ChosenSwap, JointTerms, ModeSwitch, SwapWay
from hedgerow.planning.joint import Joint, badness, joint
from hedgerow.planning.swaps import after_swap, swap_of, swap_refusal, swappable_coin
from hedgerow.portfolio import Account, book
from hedgerow.units import quantise

__all__ = ["after_switches", "joint_switching"]

_PARTS = 4
_HALVINGS = 3


def joint_switching(
    now: Survey,
    limits: Sequence[Limit],
    offers: Sequence[Offer],
    routes: Sequence[Route],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    switches: Sequence[ModeSwitch],
    *,
    swaps: Sequence[SwapWay] = (),
    terms: JointTerms = PLAIN_TERMS,
    late_usd: Callable[[Route], float] = lambda route: 0.0,
    late_after: Callable[[Survey], Callable[[Route], float]] | None = None,
) -> Outcome[Joint]:
    """Plan as `joint` does, and with every switch and swap that may be made first.

    Parameters
    ----------
    switches
        What may be chosen; nothing else is. Its rulebooks are among `rulebooks`.
    swaps
        Which collateral may be given for which; sizes tried are quarters of what is supplied, and
        then halves of the step below the best of them.
    late_after
        What `late_usd` is on a desk that has switched or swapped, and so is further from a
        liquidation or nearer to one; where it is not given, the same.

    Raises
    ------
    OutOfDomain
        If a switch names an account that the desk does not have, or a rulebook that is not there.
    """
    _refuse_strangers(now, rulebooks, switches, swaps)

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

    def tried(chosen: tuple[ModeSwitch, ...], given: tuple[ChosenSwap, ...]) -> bool:
        """Plan from there, and keep the plan where it is better; say whether it is."""
        nonlocal best
        state = after_switches(now, limits, instruments, rulebooks, chosen, given)
        found = state if isinstance(state, Failure) else planned(state)
        if isinstance(found, Failure):
            refused.append(found)
            return False
        first_usd = sum(one.cost_usd for one in chosen) + sum(one.cost_usd for one in given)
        found = replace(
            found,
            before=now,
            switches=chosen,
            swaps=given,
            cost_usd=found.cost_usd + first_usd,
            bound_usd=found.bound_usd + first_usd,
        )
        assert isinstance(best, Joint), "it was looked at before anything was tried"
        if badness(found) < badness(best):
            best = found
            return True
        return False

    for account_id in dict.fromkeys(each.account_id for each in switches):
        held = now.book.account(account_id).rulebook
        for each in switches:
            if each.account_id == account_id and each.rulebook != held:
                others = (kept for kept in best.switches if kept.account_id != account_id)
                tried((*others, each), best.swaps)
    for way in swaps:
        account = now.book.account(way.account_id)
        most = swappable_coin(way, account, now.snapshot, instruments, rulebooks)

        def swapped(quantity_coin: Decimal, way: SwapWay = way, account: Account = account) -> bool:
            assert isinstance(best, Joint), "it was looked at before anything was tried"
            size = quantise(quantity_coin, way.step_coin, "down")
            if size <= 0:
                return False
            swap = swap_of(way, size, account, now.snapshot, instruments, rulebooks)
            if isinstance(swap, Failure):
                refused.append(swap)
                return False
            return tried(best.switches, (*(e for e in best.swaps if e.way != way), swap))

        kept = [part for part in range(1, _PARTS + 1) if swapped(most * part / _PARTS)]
        if kept:
            step, size = most / _PARTS, most * kept[-1] / _PARTS
            for _ in range(_HALVINGS):
                step /= 2
                size -= step if swapped(size - step) else 0
    return replace(best, refused=tuple(dict.fromkeys((*best.refused, *refused))))


def after_switches(
    now: Survey,
    limits: Sequence[Limit],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    switches: Sequence[ModeSwitch],
    swaps: Sequence[ChosenSwap] = (),
) -> Outcome[Survey]:
    """Survey the desk with switches and swaps made; the failure says which one is not to be."""
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
    for swap in swaps:
        account = accounts[swap.way.account_id]
        refusal = swap_refusal(account, swap, now.snapshot, instruments, rulebooks)
        if refusal is not None:
            return refusal
        found = after_swap(account, swap, now.snapshot, instruments, rulebooks)
        assert not isinstance(found, Failure), "it was not refused"
        accounts[swap.way.account_id] = found
    return survey(
        book(accounts.values(), instruments), now.snapshot, rulebooks, limits, known=[now]
    )


def _refuse_strangers(
    now: Survey,
    rulebooks: Mapping[str, Rulebook],
    switches: Sequence[ModeSwitch],
    swaps: Sequence[SwapWay],
) -> None:
    known = [each.account_id for each in now.book.accounts]
    for what, account_id in (
        *(("switch", each.account_id) for each in switches),
        *(("swap", each.account_id) for each in swaps),
    ):
        if account_id not in known:
            raise OutOfDomain(
                f"account_id of a {what} is {account_id!r}; the accounts are: {', '.join(known)}"
            )
    for each in switches:
        if each.rulebook not in rulebooks:
            raise OutOfDomain(
                f"rulebook of the switch of {each.account_id} is {each.rulebook!r}, which is not "
                "at hand"
            )
