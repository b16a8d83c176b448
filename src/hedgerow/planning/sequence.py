"""In which order to do what was chosen, and what each step has to wait for.

The desk is surveyed exactly after every step: transfers have left their source and not arrived,
trades are done. No step may break a hard limit that held before (or make one unknown), leave one
that was hard further outside than it was and will be, leave an account that trades or sends short
of its initial requirement, send what is not there yet, pay for an option with it, or make a switch
or a swap that the protocol refuses. Where no step is left that may go at once, what is on its way
is waited for. The search takes steps in the order of switches, swaps, transfers, trades and goes
back where it is stuck; it looks at a bounded number of orders. Where no order of whole trades will
do they are cut into four; what then still cannot be done is left out, and said.

A step waits for another when, without it, the step would break something: alone, with everything
else done that comes before it, or with nothing done of what one account was to do. What waits for a
transfer waits for its arrival.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from hedgerow.errors import Failure
from hedgerow.exposure import Place
from hedgerow.hedging import ChosenTrade
from hedgerow.instruments import Instrument, Option, lot_of, settlement_of
from hedgerow.limits import Limit, LimitState, Survey, account_node, arrived, lending_market, survey
from hedgerow.margin import MarginReport, Rulebook, switch_refusal
from hedgerow.planning.costs import ChosenMove, ChosenSwap, ModeSwitch, route_name
from hedgerow.planning.done import traded_at_cost
from hedgerow.planning.outcome import Joint, is_further_out
from hedgerow.planning.pieces import pieces
from hedgerow.planning.swaps import after_swap, swap_refusal
from hedgerow.portfolio import Account, book, with_balance
from hedgerow.units import exact_lots

__all__ = ["Act", "Ordered", "Step", "ordered", "surveys"]

Act: TypeAlias = ModeSwitch | ChosenSwap | ChosenMove | ChosenTrade

# No account of a person is called so: what is on its way between two of them.
_TRANSIT = "(in transit)"
# A search that always goes straight on looks at no more than n (n + 1) desks; so many more are left
# for going back where it is stuck.
_LOOKS_MORE = 50

_Set: TypeAlias = frozenset[int]


class Step(NamedTuple):
    """One act, and which earlier steps must be done before it."""

    act: Act
    waits_for_index: tuple[int, ...]


class Ordered(NamedTuple):
    """Steps in order, every limit after all of them, what was left out and why, whether any was."""

    steps: tuple[Step, ...]
    after: tuple[LimitState, ...]
    trouble: tuple[Failure, ...]
    is_whole: bool


def ordered(
    chosen: Joint,
    limits: Sequence[Limit],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Ordered:
    """Order what was chosen; cut trades where whole ones cannot be ordered."""
    whole: list[Act] = [*chosen.switches, *chosen.swaps, *chosen.moves, *chosen.trades]
    path = _Path(chosen, whole, limits, instruments, rulebooks)
    path.search()
    if path.is_whole:
        return path.answer(chosen.after.limits)
    cut: list[Act] = [*chosen.switches, *chosen.swaps, *chosen.moves, *pieces(chosen)]
    path = _Path(chosen, cut, limits, instruments, rulebooks)
    path.search()
    return path.answer(chosen.after.limits if path.is_whole else None)


def surveys(
    chosen: Joint,
    acts: Sequence[Act],
    limits: Sequence[Limit],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Callable[[Collection[int]], Survey]:
    """Survey the desk with some of the acts done, by their places, and all of them arrived."""
    return _Path(chosen, acts, limits, instruments, rulebooks).arrived


class _Path:
    """The desk from step to step; acts are numbered.

    What is on its way is the desk's as ever, and nobody's margin: it counts in an account that no
    venue can liquidate, whose own nodes are not judged.
    """

    def __init__(
        self,
        chosen: Joint,
        acts: Sequence[Act],
        limits: Sequence[Limit],
        instruments: Mapping[str, Instrument],
        rulebooks: Mapping[str, Rulebook],
    ) -> None:
        self._now, self._limits, self._acts = chosen.before, limits, acts
        self._instruments, self._rulebooks = instruments, rulebooks
        self._offers = {(each.instrument_id, each.account_id): each for each in chosen.offers}
        self._was = {state.key: state for state in self._now.limits}
        self._will_be = {state.key: state for state in chosen.after.limits}
        self._moves_index = frozenset(
            k for k, act in enumerate(acts) if isinstance(act, ChosenMove)
        )
        self._surveys: dict[tuple[_Set, _Set], Survey] = {}
        self._dead: set[tuple[_Set, _Set]] = set()
        self._looks_left = len(acts) * (len(acts) + 1) + _LOOKS_MORE
        # The longest way found: acts in order, and which transfers had arrived before each.
        self._order_index: list[int] = []
        self._come_index: list[_Set] = []

    @property
    def is_whole(self) -> bool:
        return len(self._order_index) == len(self._acts)

    def arrived(self, some_index: Collection[int]) -> Survey:
        """Survey the desk with some of the acts done, and what they move arrived."""
        return self._survey(frozenset(some_index), frozenset(some_index))

    def search(self) -> None:
        """Look for an order of all acts; the longest one found is kept."""
        self._extend([], [], frozenset())

    def _extend(self, order_index: list[int], come_index: list[_Set], here_index: _Set) -> bool:
        if len(order_index) > len(self._order_index):
            self._order_index, self._come_index = list(order_index), list(come_index)
        if self.is_whole:
            return True
        done_index = frozenset(order_index)
        if (done_index, here_index) in self._dead:
            return False
        for k in range(len(self._acts)):
            if k in done_index or self._looks_left <= 0:
                continue
            self._looks_left -= 1
            if self._objections(k, done_index, here_index):
                continue
            if self._extend([*order_index, k], [*come_index, here_index], here_index):
                return True
        late = (done_index & self._moves_index) - here_index
        if late and not self._broken(self._survey(done_index, here_index | late)):
            return self._extend(order_index, come_index, here_index | late)
        self._dead.add((done_index, here_index))
        return False

    def answer(self, after: tuple[LimitState, ...] | None) -> Ordered:
        """Give what was found; `after` None surveys the desk after what is left."""
        done_index = frozenset(self._order_index)
        trouble: list[Failure] = []
        if after is None:
            after = self._survey(done_index, done_index & self._moves_index).limits
            here_index = self._come_index[-1] if self._come_index else frozenset()
            here_index |= done_index & self._moves_index
            for k in range(len(self._acts)):
                if k not in done_index:
                    trouble += self._left_out(k, self._objections(k, done_index, here_index))
        waits = self._waits()
        place = {k: at for at, k in enumerate(self._order_index)}
        steps = tuple(
            Step(self._acts[k], tuple(sorted(place[j] for j in waits[k])))
            for k in self._order_index
        )
        said = tuple(dict.fromkeys((*trouble, *self._arrivals())))
        return Ordered(steps, after, said, self.is_whole)

    def _waits(self) -> dict[int, _Set]:
        """Find for every act what must be done before it; no more than leads to all of it."""
        direct_index: dict[int, _Set] = {}
        whole_index: dict[int, _Set] = {}  # with what those wait for in turn
        for at, k in enumerate(self._order_index):
            before_index = self._order_index[:at]
            direct_index[k] = self._waits_of(k, before_index, self._come_index[at], whole_index)
            implied_index = frozenset[int]().union(*(whole_index[j] for j in direct_index[k]))
            direct_index[k] -= implied_index
            whole_index[k] = direct_index[k] | implied_index
        return direct_index

    def _waits_of(
        self, k: int, before_index: Sequence[int], here_index: _Set, whole_index: Mapping[int, _Set]
    ) -> _Set:
        """Find what an act must wait for, of all that is done before it in the order.

        First which arrivals: none, if it may go without; else those of `here_index` that it cannot
        do without, dropped one by one. Then which acts: each is left out in turn, the latest first,
        with all that waits for it, and is waited for where the act may not go so. `whole_index`
        says what earlier acts wait for, by themselves and through others.
        """
        waited_index: _Set = frozenset()
        if self._is_stopped(k, before_index, waited_index, whole_index):
            waited_index = here_index
            for j in sorted(here_index):
                fewer_index = waited_index - {j}
                if not self._is_stopped(k, before_index, fewer_index, whole_index):
                    waited_index = fewer_index
        for j in reversed(before_index):
            if j in _with_waits(waited_index, whole_index):
                continue
            others_index = [i for i in before_index if i != j and j not in whole_index[i]]
            if self._is_stopped(k, others_index, waited_index, whole_index):
                waited_index |= {j}
        waited_index = self._with_whole_accounts(k, before_index, waited_index, whole_index)
        # What is waited for alone may not do where acts help each other: then all is waited for.
        if self._is_stopped(k, (), waited_index, whole_index):
            return frozenset(before_index)
        return waited_index

    def _with_whole_accounts(
        self,
        k: int,
        before_index: Sequence[int],
        waited_index: _Set,
        whole_index: Mapping[int, _Set],
    ) -> _Set:
        """Add what an act must wait for so that all other acts of any one account may fail.

        Their account may be closed to them, and each of them alone would not be missed. The first
        of them is waited for until the act may go, for later ones wait for more.
        """
        actors = list(dict.fromkeys(_actor(self._acts[j]) for j in before_index))
        at = 0
        while at < len(actors):
            gone_index = {j for j in before_index if _actor(self._acts[j]) == actors[at]}
            gone_index -= _with_waits(waited_index, whole_index)
            left_index = [
                j for j in before_index if j not in gone_index and not gone_index & whole_index[j]
            ]
            if gone_index and self._is_stopped(k, left_index, waited_index, whole_index):
                waited_index |= {next(j for j in before_index if j in gone_index)}
                # With more to wait for, other acts fail together than those that were tried.
                at = 0
            else:
                at += 1
        return waited_index

    def _is_stopped(
        self,
        k: int,
        others_index: Collection[int],
        waited_index: _Set,
        whole_index: Mapping[int, _Set],
    ) -> bool:
        """Say whether an act may not go with these done and those it waits for.

        What it waits for has arrived where it is a transfer, and so has what all of them wait for;
        of the others only what they wait for themselves has.
        """
        waited_index = _with_waits(waited_index, whole_index)
        come_index = waited_index.union(*(whole_index[j] for j in others_index))
        done_index = waited_index.union(others_index)
        return bool(self._objections(k, done_index, come_index & self._moves_index))

    def _arrivals(self) -> list[Failure]:
        """Say where what arrives early breaks a limit that the legs after it would keep."""
        said: list[Failure] = []
        for at, k in enumerate(self._order_index[:-1]):
            done_index = frozenset(self._order_index[: at + 1])
            if not done_index & self._moves_index:
                continue
            said += [
                Failure(
                    subject=self._name(k),
                    reason="unsupported",
                    message=f"should what is on its way arrive before the legs after this one, "
                    f"{_words(state)}",
                )
                for state in self._broken(self._survey(done_index, done_index & self._moves_index))
            ]
        return said

    def _objections(self, k: int, done_index: _Set, here_index: _Set) -> list[str]:
        """Say what speaks against doing an act next, with some done and some of it arrived."""
        then = self._survey(done_index | {k}, here_index)
        said = [_words(state) for state in self._broken(then)]
        act = self._acts[k]
        if isinstance(act, ModeSwitch | ChosenSwap):
            refusal = self._refusal(self._accounts(done_index, here_index), act)
            return said if refusal is None else [refusal.message, *said]
        acting = _actor(act)
        node = next(account_node(each) for each in then.book.accounts if each.account_id == acting)
        if isinstance(act, ChosenMove):
            asset, needed = act.route.asset, act.quantity_coin + act.route.fee_coin
            held = self._accounts(done_index, here_index)[acting].balance_coin(asset)
            if held < needed:
                said.append(f"{acting} holds {held:f} {asset}, less than {needed:f}")
        else:
            said += self._unpaid(act, then)
        before, after = self._now.reports.get(node), then.reports.get(node)
        if isinstance(after, MarginReport) and isinstance(before, MarginReport):
            lack, lacked = (
                report.requirement_initial_ccy - report.equity_ccy for report in (after, before)
            )
            # A venue lets nothing leave an account that lacks anything.
            if lack > 0 and (lack > lacked or isinstance(act, ChosenMove)):
                said.append(f"{acting} lacks {lack} {after.currency}")
        return said

    def _unpaid(self, act: ChosenTrade, then: Survey) -> list[str]:
        """Say where an option is bought with coins that are not there, as `purses` have none to.

        What only makes a position smaller is always taken (`capped`).
        """
        terms = self._offers[act.instrument_id, act.account_id].terms
        account, coin = then.book.account(act.account_id), settlement_of(terms)
        is_opening = account.quantity_contracts(act.instrument_id) > 0
        if not isinstance(terms, Option) or act.quantity_contracts < 0 or not is_opening:
            return []
        # An account that owed coins before the plan may buy with what it sells.
        was_coin = self._now.book.account(act.account_id).balance_coin(coin)
        left_coin = account.balance_coin(coin)
        if left_coin >= 0 or left_coin >= was_coin:
            return []
        return [f"{act.account_id} has not the {coin} that it costs"]

    def _broken(self, then: Survey) -> list[LimitState]:
        """List the limits that are hard or unknown and were not before the plan.

        What was hard may stand no further outside between legs than before or after all of them.
        """
        found = []
        for state in then.limits:
            if state.rung not in ("hard", "unknown") or _is_transit(state.node):
                continue
            was, will_be = self._was.get(state.key), self._will_be.get(state.key)
            is_new = was is None or was.rung != state.rung
            if is_new or is_further_out(state, [each for each in (was, will_be) if each]):
                found.append(state)
        return found

    def _survey(self, done_index: _Set, here_index: _Set) -> Survey:
        key = done_index, here_index & done_index
        if key not in self._surveys:
            self._surveys[key] = survey(
                book(self._accounts(*key).values(), self._instruments),
                self._now.snapshot,
                self._rulebooks,
                self._limits,
                known=[self._now, *self._surveys.values()],
            )
        return self._surveys[key]

    def _accounts(self, done_index: _Set, here_index: _Set) -> dict[str, Account]:
        accounts = {each.account_id: each for each in self._now.book.accounts}
        for k in sorted(done_index):
            act = self._acts[k]
            if isinstance(act, ModeSwitch):
                account = accounts[act.account_id]
                accounts[act.account_id] = msgspec.structs.replace(account, rulebook=act.rulebook)
            elif isinstance(act, ChosenSwap):
                account = accounts[act.way.account_id]
                found = after_swap(
                    account, act, self._now.snapshot, self._instruments, self._rulebooks
                )
                assert not isinstance(found, Failure), "it was swapped when it was chosen"
                accounts[act.way.account_id] = found
            elif isinstance(act, ChosenMove):
                self._move(accounts, act, has_arrived=k in here_index)
            else:
                self._trade(accounts, act)
        return accounts

    def _refusal(
        self, accounts: Mapping[str, Account], act: ModeSwitch | ChosenSwap
    ) -> Failure | None:
        """Say why the protocol would not let it."""
        seen, instruments, rulebooks = self._now.snapshot, self._instruments, self._rulebooks
        if isinstance(act, ChosenSwap):
            account = accounts[act.way.account_id]
            return swap_refusal(account, act, seen, instruments, rulebooks)
        account = accounts[act.account_id]
        assert account.rulebook is not None, "it was switched when it was chosen"
        now, then = rulebooks[account.rulebook], rulebooks[act.rulebook]
        return switch_refusal(account, instruments, seen, now, then)

    def _move(self, accounts: dict[str, Account], act: ChosenMove, *, has_arrived: bool) -> None:
        route = act.route
        gone = -act.quantity_coin - route.fee_coin
        accounts[route.source_account_id] = with_balance(
            accounts[route.source_account_id], route.asset, gone
        )
        if not has_arrived:
            sent = accounts.get(_TRANSIT) or _transit(self._now.snapshot.time_ns)
            accounts[_TRANSIT] = with_balance(sent, route.asset, act.quantity_coin)
            return
        filled = arrived(
            accounts[route.target_account_id],
            route.asset,
            route.use,
            act.quantity_coin,
            self._now.snapshot,
            self._instruments,
            market=lending_market(accounts[route.target_account_id], self._rulebooks),
        )
        assert not isinstance(filled, Failure), "it arrived when it was chosen"
        accounts[route.target_account_id] = filled

    def _trade(self, accounts: dict[str, Account], act: ChosenTrade) -> None:
        own = self._offers[act.instrument_id, act.account_id]
        lot = lot_of(own.terms)
        assert lot is not None
        accounts[act.account_id] = traded_at_cost(
            accounts[act.account_id],
            own,
            exact_lots(act.quantity_contracts, lot),
            self._now.snapshot,
            act.crossing_usd + act.fee_usd,
        )

    def _left_out(self, k: int, said: Sequence[str]) -> list[Failure]:
        return [
            Failure(
                subject=self._name(k),
                reason="unsupported",
                message=f"left out, for between legs {each}",
            )
            for each in said or ("no order was found in which it breaks no hard limit",)
        ]

    def _name(self, k: int) -> str:
        act = self._acts[k]
        if isinstance(act, ChosenMove):
            return route_name(act.route)
        if isinstance(act, ChosenSwap):
            return f"{act.way.asset} for {act.way.asset_take} on {act.way.account_id}"
        if isinstance(act, ModeSwitch):
            return f"{act.account_id} to {act.rulebook}"
        return f"{act.instrument_id} on {act.account_id}"


def _actor(act: Act) -> str:
    """Name the account that does an act."""
    if isinstance(act, ChosenMove):
        return act.route.source_account_id
    return act.way.account_id if isinstance(act, ChosenSwap) else act.account_id


def _words(state: LimitState) -> str:
    return f"{state.node} {state.metric} is {state.rung}: {state.message}"


def _with_waits(some_index: Collection[int], whole_index: Mapping[int, _Set]) -> _Set:
    """Add to some acts all that they wait for."""
    return frozenset(some_index).union(*(whole_index[j] for j in some_index))


def _is_transit(node: str) -> bool:
    place = Place.of(node)
    return place is not None and place.venue == _TRANSIT


def _transit(time_ns: int) -> Account:
    return Account(
        account_id=_TRANSIT,
        venue=_TRANSIT,
        currency="USD",
        rulebook=None,
        positions=(),
        balances=(),
        time_observed_ns=time_ns,
    )
