"""In which order to do what was chosen, and what each step has to wait for.

The desk is surveyed exactly after every step: transfers have left their source and not arrived,
trades are done. No step may break a hard limit that held before (or make one unknown), leave an
account that trades or sends short of its initial requirement, send what is not there yet, or make
a switch or a swap that the protocol refuses. Where no step is left that may go at once, what is on
its way is waited for. The search takes steps in the order of switches, swaps, transfers, trades and
goes back where it is stuck; it looks at a bounded number of orders. Where no order of whole trades
will do they are cut into four; what then still cannot be done is left out, and said.

A step waits for another when, without it, the step would break something: alone, or with everything
else done that comes before it. What waits for a transfer waits for its arrival.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias

import msgspec

from hedgerow.errors import Failure
from hedgerow.hedging import ChosenTrade, Offer, crossing_and_fee_usd
from hedgerow.instruments import Instrument, lot_of
from hedgerow.limits import Limit, LimitState, Survey, account_node, arrived, lending_market, survey
from hedgerow.margin import MarginReport, Rulebook, switch_refusal
from hedgerow.planning.costs import ChosenMove, ChosenSwap, ModeSwitch, route_name
from hedgerow.planning.done import traded_at_cost
from hedgerow.planning.joint import Joint
from hedgerow.planning.swaps import after_swap, swap_refusal
from hedgerow.portfolio import Account, book, with_balance
from hedgerow.units import exact_lots, quantise, to_model

__all__ = ["Act", "Ordered", "Step", "ordered"]

Act: TypeAlias = ModeSwitch | ChosenSwap | ChosenMove | ChosenTrade

_PIECES = 4
# No account of a person is called so: what is on its way between two of them.
_TRANSIT = "(in transit)"
# A search that always goes straight on looks at no more than n (n + 1) desks.
_LOOKS_MORE = 50

_Set: TypeAlias = frozenset[int]


class Step(NamedTuple):
    """One act, and which earlier steps must be done before it."""

    act: Act
    waits_for_index: tuple[int, ...]


class Ordered(NamedTuple):
    """Steps in order, every limit after all of them, and what was left out and why."""

    steps: tuple[Step, ...]
    after: tuple[LimitState, ...]
    trouble: tuple[Failure, ...]


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
        return path.told(chosen.after.limits)
    cut: list[Act] = [*chosen.switches, *chosen.swaps, *chosen.moves, *_pieces(chosen)]
    path = _Path(chosen, cut, limits, instruments, rulebooks)
    path.search()
    return path.told(chosen.after.limits if path.is_whole else None)


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
        self._was = {state.key: state.rung for state in self._now.limits}
        self._moves = frozenset(k for k, act in enumerate(acts) if isinstance(act, ChosenMove))
        self._surveys: dict[tuple[_Set, _Set], Survey] = {}
        self._dead: set[tuple[_Set, _Set]] = set()
        self._looks_left = len(acts) * (len(acts) + 1) + _LOOKS_MORE
        # The longest way found: acts in order, and which transfers had arrived before each.
        self._order: list[int] = []
        self._come: list[_Set] = []

    @property
    def is_whole(self) -> bool:
        return len(self._order) == len(self._acts)

    def search(self) -> None:
        """Look for an order of all acts; the longest one found is kept."""
        self._extend([], [], frozenset())

    def _extend(self, order: list[int], come: list[_Set], here: _Set) -> bool:
        if len(order) > len(self._order):
            self._order, self._come = list(order), list(come)
        if self.is_whole:
            return True
        done = frozenset(order)
        if (done, here) in self._dead:
            return False
        for k in range(len(self._acts)):
            if k in done or self._looks_left <= 0:
                continue
            self._looks_left -= 1
            if self._objections(k, done, here):
                continue
            if self._extend([*order, k], [*come, here], here):
                return True
        late = (done & self._moves) - here
        if late and not self._broken(self._survey(done, here | late)):
            return self._extend(order, come, here | late)
        self._dead.add((done, here))
        return False

    def told(self, after: tuple[LimitState, ...] | None) -> Ordered:
        """Tell what was found; `after` None surveys the desk after what is left."""
        done = frozenset(self._order)
        trouble: list[Failure] = []
        if after is None:
            after = self._survey(done, done & self._moves).limits
            here = self._come[-1] if self._come else frozenset()
            here |= done & self._moves
            for k in range(len(self._acts)):
                if k not in done:
                    trouble += self._left_out(k, self._objections(k, done, here))
        waits = self._waits()
        place = {k: at for at, k in enumerate(self._order)}
        steps = tuple(
            Step(self._acts[k], tuple(sorted(place[j] for j in waits[k]))) for k in self._order
        )
        return Ordered(steps, after, tuple(dict.fromkeys((*trouble, *self._arrivals()))))

    def _waits(self) -> dict[int, _Set]:
        """Find for every act what must be done before it; no more than leads to all of it."""
        direct: dict[int, _Set] = {}
        whole: dict[int, _Set] = {}  # with what those wait for in turn
        for at, k in enumerate(self._order):
            before = self._order[:at]
            direct[k] = self._waits_of(k, before, self._come[at], whole)
            implied = frozenset[int]().union(*(whole[j] for j in direct[k]))
            direct[k] -= implied
            whole[k] = direct[k] | implied
        return direct

    def _waits_of(
        self, k: int, before: Sequence[int], here: _Set, whole: Mapping[int, _Set]
    ) -> _Set:
        def closed(some: Collection[int]) -> _Set:
            return frozenset(some).union(*(whole[j] for j in some))

        def objects(rest: Collection[int], waited: _Set) -> bool:
            """Whether it may not go with these done; what they wait for has come."""
            come = closed(waited).union(*(whole[j] for j in rest)) & self._moves
            return bool(self._objections(k, frozenset(rest) | closed(waited), come))

        waited: _Set = frozenset()
        if objects(before, waited):
            waited = here
            for j in sorted(here):
                if not objects(before, waited - {j}):
                    waited -= {j}
        for j in reversed(before):
            if j in closed(waited):
                continue
            rest = [i for i in before if i != j and j not in whole[i]]
            if objects(rest, waited):
                waited |= {j}
        return frozenset(before) if objects((), waited) else waited

    def _arrivals(self) -> list[Failure]:
        """Say where what arrives early breaks a limit that the legs after it would keep."""
        said: list[Failure] = []
        for at, k in enumerate(self._order[:-1]):
            done = frozenset(self._order[: at + 1])
            if not done & self._moves:
                continue
            said += [
                Failure(
                    subject=self._name(k),
                    reason="unsupported",
                    message=f"should what is on its way arrive before the legs after this one, "
                    f"{_told(state)}",
                )
                for state in self._broken(self._survey(done, done & self._moves))
            ]
        return said

    def _objections(self, k: int, done: _Set, here: _Set) -> list[str]:
        """Say what speaks against doing an act next, with some done and some of it arrived."""
        then = self._survey(done | {k}, here)
        said = [_told(state) for state in self._broken(then)]
        act = self._acts[k]
        if isinstance(act, ModeSwitch | ChosenSwap):
            refusal = self._refusal(self._accounts(done, here), act)
            return said if refusal is None else [refusal.message, *said]
        acting = act.route.source_account_id if isinstance(act, ChosenMove) else act.account_id
        node = next(account_node(each) for each in then.book.accounts if each.account_id == acting)
        if isinstance(act, ChosenMove):
            asset, needed = act.route.asset, act.quantity_coin + act.route.fee_coin
            held = self._accounts(done, here)[acting].balance_coin(asset)
            if held < needed:
                said.append(f"{acting} holds {held:f} {asset}, less than {needed:f}")
        before, after = self._now.reports.get(node), then.reports.get(node)
        if isinstance(after, MarginReport) and isinstance(before, MarginReport):
            lack, lacked = (
                report.requirement_initial_ccy - report.equity_ccy for report in (after, before)
            )
            # A venue lets nothing leave an account that lacks anything.
            if lack > 0 and (lack > lacked or isinstance(act, ChosenMove)):
                said.append(f"{acting} lacks {lack} {after.currency}")
        return said

    def _broken(self, then: Survey) -> list[LimitState]:
        """List the limits that are hard or unknown and were not before the plan."""
        return [
            state
            for state in then.limits
            if state.rung in ("hard", "unknown")
            and self._was.get(state.key) != state.rung
            and state.node.split("/")[1:2] != [_TRANSIT]
        ]

    def _survey(self, done: _Set, here: _Set) -> Survey:
        key = done, here & done
        if key not in self._surveys:
            self._surveys[key] = survey(
                book(self._accounts(*key).values(), self._instruments),
                self._now.snapshot,
                self._rulebooks,
                self._limits,
                known=[self._now, *self._surveys.values()],
            )
        return self._surveys[key]

    def _accounts(self, done: _Set, here: _Set) -> dict[str, Account]:
        accounts = {each.account_id: each for each in self._now.book.accounts}
        for k in sorted(done):
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
                self._move(accounts, act, has_arrived=k in here)
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


def _told(state: LimitState) -> str:
    return f"{state.node} {state.metric} is {state.rung}: {state.message}"


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


def _pieces(chosen: Joint) -> list[ChosenTrade]:
    """Cut every trade into four, as far as its lots allow."""
    offers = {(each.instrument_id, each.account_id): each for each in chosen.offers}
    pieces: list[ChosenTrade] = []
    taken: dict[tuple[str, bool], float] = {}
    for each in chosen.trades:
        side = each.instrument_id, each.quantity_contracts > 0
        pieces += _cut(each, offers[each.instrument_id, each.account_id], taken.get(side, 0.0))
        taken[side] = taken.get(side, 0.0) + abs(each.quantity_contracts)
    return pieces


def _cut(each: ChosenTrade, own: Offer, taken_contracts: float) -> list[ChosenTrade]:
    lot = lot_of(own.terms)
    assert lot is not None
    whole = exact_lots(each.quantity_contracts, lot)
    small = quantise(abs(whole) / _PIECES, lot, "down") * (1 if whole > 0 else -1)
    sizes = [small] * (_PIECES - 1) + [whole - small * (_PIECES - 1)]
    pieces, done, paid = [], Decimal(0), (0.0, 0.0)
    for size in sizes:
        if size == 0:
            continue
        done += size
        share = to_model(size) / each.quantity_contracts
        # The first pieces take the best of the book.
        crossing, fee = crossing_and_fee_usd(own, to_model(done), taken_contracts)
        pieces.append(
            ChosenTrade(
                instrument_id=each.instrument_id,
                account_id=each.account_id,
                quantity_contracts=to_model(size),
                crossing_usd=crossing - paid[0],
                fee_usd=fee - paid[1],
                carry_usd=None if each.carry_usd is None else each.carry_usd * share,
                ticket_usd=each.ticket_usd,
            )
        )
        paid = crossing, fee
    return pieces
