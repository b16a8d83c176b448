"""From chosen moves to a plan: legs in an order that breaks no hard limit on the way.

Transfers leave first, because they take time; trades follow, each time the one after which the desk
stands best: no hard limit broken that was not, and every account that traded with its initial
requirement, counting nothing that is still on its way. Where no order of whole trades keeps to
that, they are cut into four and ordered again. What is still beyond a hard limit between two legs
is said in `unmet`, with the leg.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hedgerow.errors import Failure
from hedgerow.hedging import ChosenTrade, Offer, crossing_and_fee_usd
from hedgerow.instruments import Instrument, Option, lot_of, settlement_of
from hedgerow.limits import Limit, Survey, account_node, survey
from hedgerow.margin import MarginReport, Rulebook
from hedgerow.planning.costs import ChosenMove
from hedgerow.planning.done import traded_at_cost
from hedgerow.planning.joint import Joint
from hedgerow.planning.plan import stamp
from hedgerow.planning.records import (
    BoundPrice,
    CostKind,
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
# Costs and prices are written to a millionth, so that a last bit changes no byte of the journal.
_DECIMALS = 6


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
    trades = path.ordered(chosen.trades)
    time_ns = now.snapshot.time_ns
    legs: list[Leg] = []
    for move in chosen.moves:
        legs.append(_transfer(move, f"{stamp(time_ns)}-{len(legs)}"))
    offers = {(each.instrument_id, each.account_id): each for each in chosen.offers}
    for trade in trades:
        own = offers[trade.instrument_id, trade.account_id]
        legs.append(_order(trade, own, now, f"{stamp(time_ns)}-{len(legs)}", slippage_frac))
    return Plan(
        plan_id=stamp(time_ns),
        time_ns=time_ns,
        expires_ns=time_ns + valid_ns,
        legs=tuple(legs),
        cost_expected_usd=round(chosen.cost_usd, _DECIMALS),
        limits_before=now.limits,
        limits_after=chosen.after.limits,
        assumptions=assumptions,
        unmet=(*chosen.unplanned, *chosen.refused, *path.trouble),
        costs=_costs(chosen),
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
    """The desk from leg to leg: transfers have left and not arrived, trades are done one by one."""

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
        self._hard = {state.key for state in self._now.limits if state.rung == "hard"}
        self.trouble: tuple[Failure, ...] = ()
        accounts = {each.account_id: each for each in self._now.book.accounts}
        for move in chosen.moves:
            route = move.route
            source = accounts[route.source_account_id]
            gone = -move.quantity_coin - route.fee_coin
            accounts[route.source_account_id] = with_balance(source, route.asset, gone)
        self._start = accounts

    def ordered(self, trades: Sequence[ChosenTrade]) -> list[ChosenTrade]:
        """Order trades; cut them where whole ones cannot be ordered."""
        whole, trouble = self._greedy(list(trades))
        if not trouble:
            return whole
        cut, still = self._greedy([piece for each in trades for piece in self._pieces(each)])
        if still:
            self.trouble = tuple(still)
            return whole
        return cut

    def _greedy(self, left: list[ChosenTrade]) -> tuple[list[ChosenTrade], list[Failure]]:
        accounts, done, trouble = dict(self._start), [], []
        while left:
            tried = [self._after(accounts, each) for each in left]
            objections = [
                self._objections(after, each) for after, each in zip(tried, left, strict=True)
            ]
            at = min(range(len(left)), key=lambda k: (len(objections[k]), k))
            accounts = tried[at]
            trouble += objections[at]
            done.append(left.pop(at))
        # What is objected to at the very end is what the plan as a whole leaves, and said there.
        return done, trouble

    def _after(self, accounts: Mapping[str, Account], each: ChosenTrade) -> dict[str, Account]:
        own = self._offers[each.instrument_id, each.account_id]
        lot = lot_of(own.terms)
        assert lot is not None
        quantity = to_exact(each.quantity_contracts, lot, "half_up")
        after = dict(accounts)
        cost_usd = each.crossing_usd + each.fee_usd
        after[each.account_id] = traded_at_cost(
            after[each.account_id], own, quantity, self._now.snapshot, cost_usd
        )
        return after

    def _objections(self, accounts: Mapping[str, Account], each: ChosenTrade) -> list[Failure]:
        then = survey(
            book(accounts.values(), self._instruments),
            self._now.snapshot,
            self._rulebooks,
            self._limits,
        )
        told = [
            _objection(each, f"{state.node} {state.metric} is beyond hard: {state.message}")
            for state in then.limits
            if state.rung == "hard" and state.key not in self._hard
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

    def _pieces(self, each: ChosenTrade) -> list[ChosenTrade]:
        own = self._offers[each.instrument_id, each.account_id]
        lot = lot_of(own.terms)
        assert lot is not None
        whole = to_exact(each.quantity_contracts, lot, "half_up")
        small = quantise(abs(whole) / _PIECES, lot, "down") * (1 if whole > 0 else -1)
        sizes = [small] * (_PIECES - 1) + [whole - small * (_PIECES - 1)]
        pieces, done, paid = [], Decimal(0), (0.0, 0.0)
        for size in sizes:
            if size == 0:
                continue
            done += size
            share = to_model(size) / each.quantity_contracts
            # The first pieces take the best of the book.
            crossing, fee = crossing_and_fee_usd(own, to_model(done))
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


def _objection(each: ChosenTrade, message: str) -> Failure:
    return Failure(
        subject=f"{each.instrument_id} on {each.account_id}",
        reason="unsupported",
        message=f"between legs {message}",
    )


def _costs(chosen: Joint) -> tuple[CostKind, ...]:
    trades, moves = chosen.trades, chosen.moves
    kinds: dict[str, float] = {
        "crossing": sum(each.crossing_usd for each in trades),
        "fee": sum(each.fee_usd for each in trades) + sum(each.fee_usd for each in moves),
        "carry": sum(each.carry_usd for each in trades),
        "ticket": sum(each.ticket_usd for each in trades),
        "capital": sum(each.capital_usd for each in moves),
        "late": sum(each.late_usd for each in moves),
    }
    return tuple(
        CostKind(kind=kind, cost_expected_usd=round(cost, _DECIMALS))  # type: ignore[arg-type]
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
    trade: ChosenTrade, own: Offer, now: Survey, client_id: str, slippage_frac: float
) -> Order:
    lot = lot_of(own.terms)
    assert lot is not None
    quantity = to_exact(trade.quantity_contracts, lot, "half_up")
    paid = now.snapshot.asset(settlement_of(own.terms))
    assert not isinstance(paid, Failure), "an offer is priced in what it settles in"
    limit, limit_ccy = _limit_price(own, quantity, trade, slippage_frac, paid.price_usd)
    return Order(
        client_id=client_id,
        account_id=trade.account_id,
        venue=own.venue,
        instrument_id=trade.instrument_id,
        quantity_contracts=quantity,
        price_limit_usd=limit,
        cost_expected_usd=round(trade.cost_usd, _DECIMALS),
        reason=f"{trade.crossing_usd + trade.fee_usd:,.2f} USD beyond the mark; with the other "
        "legs the cheapest way back inside every limit",
        price_limit_ccy=limit_ccy,
    )


def _limit_price(
    own: Offer, quantity: Decimal, trade: ChosenTrade, slippage_frac: float, paid_usd: float
) -> tuple[Decimal, Decimal | None]:
    """Give the worst price accepted, in dollars, and for an option in what it is quoted in."""
    sign = 1 if quantity > 0 else -1
    terms = own.terms
    if not isinstance(terms, Option):
        raw = own.price_mark_ccy * (1.0 + sign * slippage_frac)
        return quantise(digits_of(raw), terms.tick_usd, "down" if sign > 0 else "up"), None
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
