"""From chosen moves to a plan: legs in an order that breaks no hard limit on the way.

Transfers leave first, because they take time; trades follow, each time the one after which the desk
stands best: no hard limit broken that was not, and every account that traded with its initial
requirement, counting nothing that is still on its way. Where no order of whole trades keeps to
that, they are cut into four and ordered again. What then still would break a hard limit between two
legs is left out, and said in `unmet`; the limits after are those of what is left.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hedgerow.errors import Failure
from hedgerow.hedging import ChosenTrade, Offer, crossing_and_fee_usd
from hedgerow.instruments import Instrument, Option, lot_of, settlement_of
from hedgerow.limits import Limit, LimitState, Survey, account_node, arrived, lending_market, survey
from hedgerow.margin import MarginReport, Rulebook
from hedgerow.planning.costs import ChosenMove
from hedgerow.planning.done import traded_at_cost
from hedgerow.planning.joint import Joint
from hedgerow.planning.lots import exact_lots
from hedgerow.planning.plan import stamp
from hedgerow.planning.records import (
    BoundPrice,
    CostKind,
    CostName,
    Leg,
    Order,
    Plan,
    RunnerUp,
    Transfer,
)
from hedgerow.portfolio import Account, book, with_balance
from hedgerow.units import digits_of, quantise, to_exact, to_model

__all__ = ["made"]

_PIECES = 4
# No account of a person is called so: what is on its way between two of them.
_TRANSIT = "(in transit)"
# Costs and prices are written to a millionth, so that a last bit changes no byte of the journal.
_DECIMALS = 6
_CENT_USD = 0.01


def made(
    chosen: Joint,
    limits: Sequence[Limit],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    *,
    assumptions: tuple[str, ...],
    valid_ns: int,
    slippage_frac: float = 0.01,
    runner_up: RunnerUp | None = None,
) -> Plan:
    """Write a plan.

    Parameters
    ----------
    valid_ns
        How long it may still be executed; the market moves on.
    slippage_frac
        How far beyond the last price its cost was worked out with an order may still fill, as a
        fraction of the mark.
    """
    now = chosen.before
    path = _Path(chosen, limits, instruments, rulebooks)
    trades, after = path.ordered()
    time_ns = now.snapshot.time_ns
    legs: list[Leg] = []
    for move in chosen.moves:
        legs.append(_transfer(move, f"{stamp(time_ns)}-{len(legs)}"))
    offers = {(each.instrument_id, each.account_id): each for each in chosen.offers}
    reached: dict[tuple[str, bool], float] = {}
    for trade in trades:
        own = offers[trade.instrument_id, trade.account_id]
        side = trade.instrument_id, trade.quantity_contracts > 0
        reached[side] = reached.get(side, 0.0) + abs(trade.quantity_contracts)
        name = f"{stamp(time_ns)}-{len(legs)}"
        legs.append(_order(trade, own, now, name, slippage_frac, reached[side]))
    cost_usd = sum(each.cost_usd for each in trades) + sum(each.cost_usd for each in chosen.moves)
    return Plan(
        plan_id=stamp(time_ns),
        time_ns=time_ns,
        expires_ns=time_ns + valid_ns,
        legs=tuple(legs),
        cost_expected_usd=round(cost_usd, _DECIMALS),
        limits_before=now.limits,
        limits_after=after,
        assumptions=(*assumptions, *_uncounted(trades, offers)),
        unmet=(*chosen.unplanned, *chosen.refused, *path.trouble),
        costs=_costs(trades, chosen.moves),
        prices=tuple(
            BoundPrice(
                name=each.name,
                saved_usd_per_figure=round(each.price_usd_per_figure, _DECIMALS),
            )
            for each in chosen.shadows
        ),
        conflicts=chosen.conflicts,
        runner_up=runner_up,
    )


class _Path:
    """The desk from leg to leg: transfers have left and not arrived, trades are done one by one.

    What is on its way is the desk's as ever, and nobody's margin: it counts in an account that no
    venue can liquidate, whose own nodes are not judged.
    """

    def __init__(
        self,
        chosen: Joint,
        limits: Sequence[Limit],
        instruments: Mapping[str, Instrument],
        rulebooks: Mapping[str, Rulebook],
    ) -> None:
        self._now, self._limits = chosen.before, limits
        self._instruments, self._rulebooks = instruments, rulebooks
        self._offers = {(each.instrument_id, each.account_id): each for each in chosen.offers}
        self._was = {state.key: state.rung for state in self._now.limits}
        self._chosen = chosen
        self.trouble: tuple[Failure, ...] = ()
        accounts = {each.account_id: each for each in self._now.book.accounts}
        for move in chosen.moves:
            sent = accounts.get(_TRANSIT) or _transit(self._now.snapshot.time_ns)
            accounts[_TRANSIT] = with_balance(sent, move.route.asset, move.quantity_coin)
            route = move.route
            source = accounts[route.source_account_id]
            gone = -move.quantity_coin - route.fee_coin
            accounts[route.source_account_id] = with_balance(source, route.asset, gone)
        self._start = accounts

    def ordered(self) -> tuple[list[ChosenTrade], tuple[LimitState, ...]]:
        """Order trades; cut them where whole ones cannot be ordered; leave out what never can.

        Returns
        -------
        tuple
            The trades in order, and every limit after them and the transfers.
        """
        trades = list(self._chosen.trades)
        done, _, trouble = self._greedy(trades)
        if not trouble:
            return done, self._chosen.after.limits
        done, accounts, trouble = self._greedy(self._pieces())
        if not trouble:
            return done, self._chosen.after.limits
        self.trouble = tuple(dict.fromkeys(trouble))
        return done, self._arrived(accounts)

    def _greedy(
        self, left: list[ChosenTrade]
    ) -> tuple[list[ChosenTrade], dict[str, Account], list[Failure]]:
        accounts = dict(self._start)
        done: list[ChosenTrade] = []
        while left:
            tried = [self._after(accounts, each) for each in left]
            objections: list[list[Failure]] = []
            for after, each in zip(tried, left, strict=True):
                objections.append(self._objections(after, each))
                if not objections[-1]:
                    break
            if objections[-1]:
                return done, accounts, [each for several in objections for each in several]
            at = len(objections) - 1
            accounts = tried[at]
            done.append(left.pop(at))
        return done, accounts, []

    def _arrived(self, accounts: Mapping[str, Account]) -> tuple[LimitState, ...]:
        after = {name: each for name, each in accounts.items() if name != _TRANSIT}
        for move in self._chosen.moves:
            route = move.route
            filled = arrived(
                after[route.target_account_id],
                route.asset,
                route.use,
                move.quantity_coin,
                self._now.snapshot,
                self._instruments,
                market=lending_market(after[route.target_account_id], self._rulebooks),
            )
            assert not isinstance(filled, Failure), "it arrived when it was chosen"
            after[route.target_account_id] = filled
        return self._survey(after).limits

    def _survey(self, accounts: Mapping[str, Account]) -> Survey:
        return survey(
            book(accounts.values(), self._instruments),
            self._now.snapshot,
            self._rulebooks,
            self._limits,
        )

    def _after(self, accounts: Mapping[str, Account], each: ChosenTrade) -> dict[str, Account]:
        own = self._offers[each.instrument_id, each.account_id]
        lot = lot_of(own.terms)
        assert lot is not None
        quantity = exact_lots(each.quantity_contracts, lot)
        after = dict(accounts)
        cost_usd = each.crossing_usd + each.fee_usd
        after[each.account_id] = traded_at_cost(
            after[each.account_id], own, quantity, self._now.snapshot, cost_usd
        )
        return after

    def _objections(self, accounts: Mapping[str, Account], each: ChosenTrade) -> list[Failure]:
        then = self._survey(accounts)
        told = [
            _objection(each, f"{state.node} {state.metric} is {state.rung}: {state.message}")
            for state in then.limits
            if state.rung in ("hard", "unknown")
            and self._was.get(state.key) != state.rung
            and state.node.split("/")[1:2] != [_TRANSIT]
        ]
        node = account_node(accounts[each.account_id])
        before, after = self._now.reports.get(node), then.reports.get(node)
        if isinstance(after, MarginReport) and isinstance(before, MarginReport):
            lack, lacked = (
                report.requirement_initial_ccy - report.equity_ccy for report in (after, before)
            )
            if lack > 0 and lack > lacked:
                told.append(_objection(each, f"{each.account_id} lacks {lack} {after.currency}"))
        return told

    def _pieces(self) -> list[ChosenTrade]:
        pieces: list[ChosenTrade] = []
        taken: dict[tuple[str, bool], float] = {}
        for each in self._chosen.trades:
            side = each.instrument_id, each.quantity_contracts > 0
            pieces += self._cut(each, taken.get(side, 0.0))
            taken[side] = taken.get(side, 0.0) + abs(each.quantity_contracts)
        return pieces

    def _cut(self, each: ChosenTrade, taken_contracts: float) -> list[ChosenTrade]:
        own = self._offers[each.instrument_id, each.account_id]
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
                    carry_usd=each.carry_usd * share,
                    ticket_usd=each.ticket_usd,
                )
            )
            paid = crossing, fee
        return pieces


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


def _objection(each: ChosenTrade, message: str) -> Failure:
    return Failure(
        subject=f"{each.instrument_id} on {each.account_id}",
        reason="unsupported",
        message=f"left out, for between legs {message}",
    )


def _uncounted(
    trades: Sequence[ChosenTrade], offers: Mapping[tuple[str, str], Offer]
) -> tuple[str, ...]:
    """Say of what funding is not known, and so not in the cost."""
    names = dict.fromkeys(
        each.instrument_id
        for each in trades
        if offers[each.instrument_id, each.account_id].carry_usd_per_day is None
    )
    return tuple(f"The funding of {name} is unknown and not in the cost." for name in names)


def _costs(trades: Sequence[ChosenTrade], moves: Sequence[ChosenMove]) -> tuple[CostKind, ...]:
    kinds: dict[CostName, float] = {
        "crossing": sum(each.crossing_usd for each in trades),
        "fee": sum(each.fee_usd for each in trades) + sum(each.fee_usd for each in moves),
        "carry": sum(each.carry_usd for each in trades),
        "ticket": sum(each.ticket_usd for each in trades),
        "capital": sum(each.capital_usd for each in moves),
        "late": sum(each.late_usd for each in moves),
    }
    return tuple(
        CostKind(kind=kind, cost_expected_usd=round(cost, _DECIMALS))
        for kind, cost in kinds.items()
        if round(cost, _DECIMALS) != 0.0
    )


def _transfer(move: ChosenMove, client_id: str) -> Transfer:
    route = move.route
    return Transfer(
        client_id=client_id,
        source_account_id=route.source_account_id,
        target_account_id=route.target_account_id,
        asset=route.asset,
        quantity_coin=move.quantity_coin,
        use=route.use,
        cost_expected_usd=round(move.cost_usd, _DECIMALS),
        reason=f"{route.use} for {route.target_account_id}, the cheapest way to what it must hold",
    )


def _order(
    trade: ChosenTrade,
    own: Offer,
    now: Survey,
    client_id: str,
    slippage_frac: float,
    reached_contracts: float,
) -> Order:
    lot = lot_of(own.terms)
    assert lot is not None
    quantity = exact_lots(trade.quantity_contracts, lot)
    paid = now.snapshot.asset(settlement_of(own.terms))
    assert not isinstance(paid, Failure), "an offer is priced in what it settles in"
    if isinstance(own.terms, Option):
        limit, limit_ccy = _limit_of_option(own, quantity, trade, slippage_frac, paid.price_usd)
    else:
        limit, limit_ccy = _limit_usd(own, quantity, now, slippage_frac, reached_contracts), None
    return Order(
        client_id=client_id,
        account_id=trade.account_id,
        venue=own.venue,
        instrument_id=trade.instrument_id,
        quantity_contracts=quantity,
        price_limit_usd=limit,
        cost_expected_usd=round(trade.cost_usd, _DECIMALS),
        reason=f"{_cost_words(trade)}; with the other legs the cheapest way back inside every "
        "limit",
        price_limit_ccy=limit_ccy,
    )


def _cost_words(trade: ChosenTrade) -> str:
    """Say of what the cost of a trade is made, so that its parts add up to it."""
    said = f"{trade.crossing_usd + trade.fee_usd:,.2f} USD beyond the mark"
    if abs(trade.carry_usd) >= _CENT_USD:
        way = "paid" if trade.carry_usd > 0 else "received"
        said += f", {trade.carry_usd:+,.2f} of funding {way} while held"
    if trade.ticket_usd:
        said += f", {trade.ticket_usd:+,.2f} a ticket"
    return said


def _limit_usd(
    own: Offer, quantity: Decimal, now: Survey, slippage_frac: float, reached_contracts: float
) -> Decimal:
    """Give the worst price accepted: beyond the mark, or the last level its cost was reckoned with.

    `reached_contracts` are all that the plan has taken of that side of the book by then.
    """
    terms, is_buy = own.terms, quantity > 0
    assert not isinstance(terms, Option)
    sign = 1 if is_buy else -1
    raw = own.price_mark_ccy * (1.0 + sign * slippage_frac)
    limit = quantise(digits_of(raw), terms.tick_usd, "down" if is_buy else "up")
    ladder = now.snapshot.ladder(terms.instrument_id)
    assert not isinstance(ladder, Failure), "an offer was priced by it"
    left = reached_contracts
    levels = ladder.asks if is_buy else ladder.bids
    for rung, level in zip(own.buys if is_buy else own.sells, levels, strict=True):
        limit = max(limit, level.price_usd) if is_buy else min(limit, level.price_usd)
        left -= rung.width_contracts
        if left <= 0.0:
            break
    return limit


def _limit_of_option(
    own: Offer, quantity: Decimal, trade: ChosenTrade, slippage_frac: float, paid_usd: float
) -> tuple[Decimal, Decimal]:
    """Give the worst price accepted, in dollars and in what the option is quoted in."""
    sign, terms = 1 if quantity > 0 else -1, own.terms
    assert isinstance(terms, Option)
    coins = to_model(abs(quantity) * terms.multiplier_coin_per_contract)
    # Of an option a share of the mark may be less than its spread: what was reckoned with counts.
    reckoned = trade.crossing_usd / paid_usd / coins if coins else 0.0
    beyond = 2.0 * max(reckoned, 0.0) + slippage_frac * own.price_mark_ccy
    raw = max(own.price_mark_ccy + sign * beyond, to_model(terms.tick_ccy))
    limit = max(
        quantise(digits_of(raw), terms.tick_ccy, "up" if sign > 0 else "down"), terms.tick_ccy
    )
    dollars = to_exact(to_model(limit) * paid_usd, Decimal("0.01"), "up" if sign > 0 else "down")
    return max(dollars, Decimal("0.01")), limit
