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
from functools import partial

import msgspec

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging import Offer
from hedgerow.instruments import Instrument
from hedgerow.limits import Limit, Survey, account_node, survey
from hedgerow.margin import Rulebook, switch_refusal
from hedgerow.planning.costs import (
    PLAIN_TERMS,
    ChosenSwap,
    JointTerms,
    LateUsd,
    ModeSwitch,
    SwapWay,
)
from hedgerow.planning.joint import joint
from hedgerow.planning.outcome import Joint, badness
from hedgerow.planning.swaps import after_swap, swap_of, swap_refusal, swappable_coin
from hedgerow.portfolio import book
from hedgerow.units import quantise

__all__ = ["after_switches", "joint_switching"]

# Each size of a swap that is tried is a whole plan: seven find one to a thirty-second of what may
# be given. Quarters come first, for a plan need not get better the more is given: all of it may be
# too much. Then the step below the best of them is halved, for less of a swap costs less.
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
    late_usd: LateUsd = lambda route: 0.0,
    late_after: Callable[[Survey], LateUsd] | None = None,
) -> Outcome[Joint]:
    """Plan as `joint` does, and with every switch and swap that may be made first.

    Parameters
    ----------
    switches
        What may be chosen; nothing else is. Its rulebooks are among `rulebooks`.
    swaps
        Which collateral may be given for which; sizes tried are quarters of what is supplied, or of
        what may be given at once, and then halves of the step below the best of them.
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

    def first(switches: Sequence[ModeSwitch], swaps: Sequence[ChosenSwap]) -> Outcome[Survey]:
        return after_switches(now, limits, instruments, rulebooks, switches, swaps)

    search = _Search(best, now, planned, first)
    for account_id in dict.fromkeys(each.account_id for each in switches):
        search.switch([each for each in switches if each.account_id == account_id])
    for way in swaps:
        account = now.book.account(way.account_id)
        most = swappable_coin(way, account, now.snapshot, instruments, rulebooks)
        if isinstance(most, Failure):
            search.refused.append(most)
            continue
        if way.quantity_coin_max is not None:
            most = min(most, way.quantity_coin_max)
        priced = partial(
            swap_of,
            way,
            account=account,
            snapshot=now.snapshot,
            instruments=instruments,
            rulebooks=rulebooks,
        )
        search.swap(way, most, priced)
    told = tuple(dict.fromkeys((*search.best.refused, *search.refused)))
    return replace(search.best, refused=told)


class _Search:
    """The best plan so far, and what has been refused on the way to it."""

    def __init__(
        self,
        best: Joint,
        now: Survey,
        planned: Callable[[Survey], Outcome[Joint]],
        first: Callable[[Sequence[ModeSwitch], Sequence[ChosenSwap]], Outcome[Survey]],
    ) -> None:
        self.best, self._now, self._planned, self._first = best, now, planned, first
        self.refused: list[Failure] = []

    def switch(self, ways: Sequence[ModeSwitch]) -> None:
        """Try every category of one account."""
        for way in ways:
            if way.rulebook == self._now.book.account(way.account_id).rulebook:
                continue
            others = (kept for kept in self.best.switches if kept.account_id != way.account_id)
            found = self._tried((*others, way), self.best.swaps)
            if isinstance(found, Failure):
                self.refused.append(found)

    def swap(
        self, way: SwapWay, most_coin: Decimal, priced: Callable[[Decimal], Outcome[ChosenSwap]]
    ) -> None:
        """Try a few sizes of one swap; a refusal is told where no size of it was kept."""
        refused: list[Failure] = []

        def is_kept(size_coin: Decimal) -> bool:
            size = quantise(size_coin, way.step_coin, "down")
            if size <= 0:
                return False
            swap = priced(size)
            others = (kept for kept in self.best.swaps if kept.way != way)
            outcome = (
                swap
                if isinstance(swap, Failure)
                else self._tried(self.best.switches, (*others, swap))
            )
            if isinstance(outcome, Failure):
                refused.append(outcome)
                return False
            return outcome

        kept = [part for part in range(1, _PARTS + 1) if is_kept(most_coin * part / _PARTS)]
        if not kept:
            self.refused += refused[:1]
            return
        step, size = most_coin / _PARTS, most_coin * kept[-1] / _PARTS
        for _ in range(_HALVINGS):
            step /= 2
            size -= step if is_kept(size - step) else 0

    def _tried(
        self, switches: tuple[ModeSwitch, ...], swaps: tuple[ChosenSwap, ...]
    ) -> Outcome[bool]:
        """Plan from there, and keep the plan where it is better; say whether it is."""
        state = self._first(switches, swaps)
        found = state if isinstance(state, Failure) else self._planned(state)
        if isinstance(found, Failure):
            return found
        first_usd = sum(each.cost_usd for each in switches) + sum(each.cost_usd for each in swaps)
        found = replace(
            found,
            before=self._now,
            switches=switches,
            swaps=swaps,
            cost_usd=found.cost_usd + first_usd,
            bound_usd=found.bound_usd + first_usd,
        )
        if badness(found) >= badness(self.best):
            return False
        self.best = found
        return True


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
    for account_id in (
        *(each.account_id for each in switches),
        *(each.way.account_id for each in swaps),
    ):
        report = now.reports.get(account_node(accounts[account_id]))
        if isinstance(report, Failure):
            return report  # too old, or by a rulebook that is not at hand: nobody knows how it is
    for switch in switches:
        account = accounts[switch.account_id]
        if account.rulebook is None:
            return Failure(
                subject=switch.account_id,
                reason="unsupported",
                message="no rulebook judges it, so it has no category to switch",
            )
        refusal = switch_refusal(
            account,
            instruments,
            now.snapshot,
            rulebooks[account.rulebook],
            rulebooks[switch.rulebook],
        )
        if refusal is not None:
            return refusal
        accounts[switch.account_id] = msgspec.structs.replace(account, rulebook=switch.rulebook)
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
