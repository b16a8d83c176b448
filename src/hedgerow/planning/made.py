"""From a `Joint`, the moves that were chosen, to the `Plan` that is made of them.

Moves become legs in the order of `planning.sequence`, each with what it waits for. One transfer and
a trade that needs its margin become two legs, the second of which waits for the first.

What cannot be done without breaking a hard limit between two legs is left out, and said in `unmet`;
the limits after are those of what is left. Told what a plan was allowed to use, each leg says which
limits it serves, `unmet` names every limit that does not hold after the plan, and why, and a plan
that trades options tells the Greeks before and after.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from hedgerow.errors import Failure
from hedgerow.hedging import ChosenTrade, Offer
from hedgerow.instruments import Instrument, Option, lot_of, settlement_of
from hedgerow.limits import Limit, LimitState, Survey
from hedgerow.margin import Rulebook
from hedgerow.planning.beyond import BEYOND, Allowed, conflicts_of, left_beyond, names_of, says_less
from hedgerow.planning.bound_prices import bound_prices
from hedgerow.planning.costs import PLAIN_TERMS, ChosenMove, ChosenSwap, ModeSwitch
from hedgerow.planning.greek_changes import greek_changes
from hedgerow.planning.outcome import Joint
from hedgerow.planning.records import (
    CostKind,
    CostName,
    GreekChange,
    Leg,
    Order,
    Plan,
    RunnerUp,
    Swap,
    Switch,
    Transfer,
    stamp,
)
from hedgerow.planning.sequence import Act, Step, ordered, surveys
from hedgerow.planning.serving import served
from hedgerow.units import digits_of, exact_lots, quantise, to_model

__all__ = ["made"]

# Costs and prices are written to a millionth, so that a last bit changes no byte of the journal.
_DECIMALS = 6
_CENT_USD = 0.01
# Of what an option was reckoned to cost beyond its mark: books of options move by a spread at once.
_SPREADS = 2.0
# What a swap takes at the least is told in such steps, down: a promise of a digit more is none.
_TAKE_STEP_COIN = Decimal("1e-8")


def made(
    chosen: Joint,
    limits: Sequence[Limit],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    *,
    assumptions: tuple[str, ...],
    valid_ns: int,
    slippage_frac: float = PLAIN_TERMS.slippage_frac,
    runner_up: RunnerUp | None = None,
    allowed: Allowed | None = None,
) -> Plan:
    """Write what was chosen as a plan.

    Parameters
    ----------
    valid_ns
        How long it may still be executed; the market moves on.
    slippage_frac
        How far beyond the last price its cost was worked out with an order may still fill, as a
        fraction of the mark.
    allowed
        All that the plan might use. With it a plan tells what a person asks of it: which limits
        each leg serves, which do not hold after it and why, and Greeks before and after. That takes
        two surveys a leg.
    """
    now = chosen.before
    steps, after, trouble, is_whole = ordered(chosen, limits, instruments, rulebooks)
    time_ns = now.snapshot.time_ns
    acts = [step.act for step in steps]
    cost_usd = sum(
        each.known_usd if isinstance(each, ChosenTrade | ChosenMove) else each.cost_usd
        for each in acts
    )
    unplanned, told = chosen.unplanned, _Told(holds=not any(each.rung in BEYOND for each in after))
    if allowed is not None:
        surveyed = surveys(chosen, acts, limits, instruments, rulebooks)
        told = _Told(
            serves=served(len(acts), surveyed),
            left=left_beyond(chosen, after, allowed, limits, instruments, is_cut=not is_whole),
            greeks=greek_changes(
                [instruments[each.instrument_id] for each in acts if isinstance(each, ChosenTrade)],
                now.exposures,
                surveyed(range(len(acts))).exposures,
            ),
        )
        unplanned = tuple(each for each in unplanned if not says_less(each, after))
    return Plan(
        plan_id=stamp(time_ns),
        time_ns=time_ns,
        expires_ns=time_ns + valid_ns,
        legs=_legs(steps, chosen, told, slippage_frac),
        cost_expected_usd=round(cost_usd, _DECIMALS),
        limits_before=now.limits,
        limits_after=after,
        assumptions=(*assumptions, *_uncounted(acts)),
        unmet=(*told.left, *unplanned, *chosen.refused, *trouble),
        costs=_costs(acts),
        prices=bound_prices(chosen),
        conflicts=conflicts_of(chosen),
        runner_up=runner_up,
        greeks=told.greeks,
    )


class _Told(NamedTuple):
    """What is told of a plan beside its legs: for each leg which limits it serves, None where not.

    `holds` is whether every limit does after it, for what is said where that is all.
    """

    serves: tuple[tuple[LimitState, ...], ...] | None = None
    left: tuple[Failure, ...] = ()
    greeks: tuple[GreekChange, ...] = ()
    holds: bool = False

    def why(self, act: Act, leg_index: int) -> str:
        """Say what a leg is for, as the end of its reason."""
        if self.serves is not None:
            names = names_of(self.serves[leg_index])
            return f"; for {names}" if names else "; no limit needs it by itself"
        if isinstance(act, ChosenTrade):
            way = "way back inside every limit" if self.holds else (
                "that was found, and not every limit holds after it"
            )  # fmt: skip
            return f"; with the other legs the cheapest {way}"
        if isinstance(act, ChosenMove):
            return ", the cheapest way to what it must hold" if self.holds else (
                ", the cheapest that was found, and not every limit holds after it"
            )  # fmt: skip
        return "; with it the rest of the plan is cheaper, or better"


def _legs(
    steps: Sequence[Step],
    chosen: Joint,
    told: _Told,
    slippage_frac: float,
) -> tuple[Leg, ...]:
    """Write each step as a leg, with the client ids of those it waits for."""
    now, offers = chosen.before, _by_place(chosen.offers)
    legs: list[Leg] = []
    reached_contracts: dict[tuple[str, bool], float] = {}
    for act, waits_for_index in steps:
        client_id = f"{stamp(now.snapshot.time_ns)}-{len(legs)}"
        waits_for = tuple(legs[at].client_id for at in waits_for_index)
        why = told.why(act, len(legs))
        if isinstance(act, ModeSwitch):
            legs.append(_switch(act, now, client_id, waits_for, why))
        elif isinstance(act, ChosenSwap):
            legs.append(_swap(act, client_id, waits_for, why, slippage_frac))
        elif isinstance(act, ChosenMove):
            legs.append(_transfer(act, client_id, waits_for, why))
        else:
            own = offers[act.instrument_id, act.account_id]
            side = act.instrument_id, act.quantity_contracts > 0
            taken = reached_contracts.get(side, 0.0) + abs(act.quantity_contracts)
            reached_contracts[side] = taken
            legs.append(_order(act, own, now, client_id, waits_for, why, slippage_frac, taken))
    return tuple(legs)


def _by_place(offers: Sequence[Offer]) -> dict[tuple[str, str], Offer]:
    return {(each.instrument_id, each.account_id): each for each in offers}


def _uncounted(acts: Sequence[Act]) -> tuple[str, ...]:
    """Say of what funding is not known, and so not in the cost."""
    names = dict.fromkeys(
        each.instrument_id
        for each in acts
        if isinstance(each, ChosenTrade) and each.carry_usd is None
    )
    return tuple(f"The funding of {name} is unknown and not in the cost." for name in names)


def _costs(acts: Sequence[Act]) -> tuple[CostKind, ...]:
    """Split what all acts cost by its kinds."""
    trades = [each for each in acts if isinstance(each, ChosenTrade)]
    moves = [each for each in acts if isinstance(each, ChosenMove)]
    swaps = [each for each in acts if isinstance(each, ChosenSwap)]
    switches = [each for each in acts if isinstance(each, ModeSwitch)]
    unknown: dict[CostName, bool] = {
        "carry": any(each.carry_usd is None for each in trades),
        "late": any(each.late_usd is None for each in moves),
    }
    kinds: dict[CostName, float] = {
        "crossing": sum(each.crossing_usd for each in trades)
        + sum(each.crossing_usd for each in swaps),
        "fee": sum(each.fee_usd for each in trades)
        + sum(each.fee_usd for each in swaps)
        + sum(each.fee_usd for each in moves),
        "carry": sum(each.carry_usd for each in trades if each.carry_usd is not None),
        "ticket": sum(each.ticket_usd for each in trades),
        "capital": sum(each.capital_usd for each in moves),
        "late": sum(each.late_usd for each in moves if each.late_usd is not None),
        "gas": sum(each.gas_usd for each in switches) + sum(each.way.gas_usd for each in swaps),
    }
    parts = []
    for kind, cost in kinds.items():
        # A part of which nothing is known is no part of zero.
        known = round(cost, _DECIMALS) or None
        is_lacking = unknown.get(kind, False)
        if known is not None or is_lacking:
            parts.append(CostKind(kind=kind, cost_expected_usd=known, is_partial=is_lacking))
    return tuple(parts)


def _switch(
    act: ModeSwitch,
    now: Survey,
    client_id: str,
    waits_for: tuple[str, ...],
    why: str,
) -> Switch:
    held = now.book.account(act.account_id).rulebook
    return Switch(
        client_id=client_id,
        account_id=act.account_id,
        rulebook=act.rulebook,
        cost_expected_usd=round(act.gas_usd, _DECIMALS),
        reason=f"from the category of {held}{why}",
        waits_for=waits_for,
    )


def _swap(
    act: ChosenSwap, client_id: str, waits_for: tuple[str, ...], why: str, slippage_frac: float
) -> Swap:
    least = act.quantity_take_coin * (1 - digits_of(slippage_frac))
    return Swap(
        client_id=client_id,
        account_id=act.way.account_id,
        asset=act.way.asset,
        asset_take=act.way.asset_take,
        quantity_coin=act.quantity_coin,
        quantity_take_coin_min=quantise(least, _TAKE_STEP_COIN, "down"),
        cost_expected_usd=round(act.cost_usd, _DECIMALS),
        reason=f"{act.quantity_take_coin:f} {act.way.asset_take} are expected for it{why}",
        waits_for=waits_for,
    )


def _transfer(move: ChosenMove, client_id: str, waits_for: tuple[str, ...], why: str) -> Transfer:
    route = move.route
    late = (
        "" if move.late_usd is not None else " by what is known; what being late there costs is not"
    )
    return Transfer(
        client_id=client_id,
        source_account_id=route.source_account_id,
        target_account_id=route.target_account_id,
        asset=route.asset,
        quantity_coin=move.quantity_coin,
        use=route.use,
        cost_expected_usd=round(move.known_usd, _DECIMALS),
        reason=f"{route.use} for {route.target_account_id}{why}{late}",
        fee_coin=route.fee_coin,
        waits_for=waits_for,
    )


def _order(
    trade: ChosenTrade,
    own: Offer,
    now: Survey,
    client_id: str,
    waits_for: tuple[str, ...],
    why: str,
    slippage_frac: float,
    reached_contracts: float,
) -> Order:
    lot = lot_of(own.terms)
    assert lot is not None
    quantity_contracts = exact_lots(trade.quantity_contracts, lot)
    paid = now.snapshot.asset(settlement_of(own.terms))
    assert not isinstance(paid, Failure), "an offer is priced in what it settles in"
    if isinstance(own.terms, Option):
        limit, limit_ccy = _limit_of_option(
            own, quantity_contracts, trade, slippage_frac, paid.price_usd
        )
    else:
        limit = _limit_usd(own, quantity_contracts, now, slippage_frac, reached_contracts)
        limit_ccy = None
    return Order(
        client_id=client_id,
        account_id=trade.account_id,
        venue=own.venue,
        instrument_id=trade.instrument_id,
        quantity_contracts=quantity_contracts,
        price_limit_usd=limit,
        cost_expected_usd=round(trade.known_usd, _DECIMALS),
        reason=_cost_words(trade) + why,
        price_limit_ccy=limit_ccy,
        waits_for=waits_for,
    )


def _cost_words(trade: ChosenTrade) -> str:
    """Say of what the cost of a trade is made, so that its parts add up to it."""
    said = f"{trade.crossing_usd + trade.fee_usd:,.2f} USD beyond the mark"
    if trade.carry_usd is None:
        said += ", without its funding while held, which is unknown"
    elif abs(trade.carry_usd) >= _CENT_USD:
        way = "paid" if trade.carry_usd > 0 else "received"
        said += f", {trade.carry_usd:+,.2f} of funding {way} while held"
    if trade.ticket_usd:
        said += f", {trade.ticket_usd:+,.2f} a ticket"
    return said


def _limit_usd(
    own: Offer,
    quantity_contracts: Decimal,
    now: Survey,
    slippage_frac: float,
    reached_contracts: float,
) -> Decimal:
    """Give the worst price accepted: beyond the mark, or the last level its cost was reckoned with.

    `reached_contracts` are all that the plan has taken of that side of the book by then.
    """
    terms, is_buy = own.terms, quantity_contracts > 0
    assert not isinstance(terms, Option)
    sign = 1 if is_buy else -1
    raw = own.price_mark_ccy * (1.0 + sign * slippage_frac)
    # Towards the mark: no order may fill beyond the slippage that a person allowed.
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
    own: Offer,
    quantity_contracts: Decimal,
    trade: ChosenTrade,
    slippage_frac: float,
    price_paid_usd: float,
) -> tuple[Decimal, Decimal]:
    """Give the worst price accepted, in dollars and in what the option is quoted in.

    `price_paid_usd` is what one coin is worth that the option pays in.
    """
    sign, terms = 1 if quantity_contracts > 0 else -1, own.terms
    assert isinstance(terms, Option)
    coins = to_model(abs(quantity_contracts) * terms.multiplier_coin_per_contract)
    # Of an option a share of the mark may be less than its spread: what was reckoned with counts.
    reckoned = trade.crossing_usd / price_paid_usd / coins if coins else 0.0
    beyond = _SPREADS * max(reckoned, 0.0) + slippage_frac * own.price_mark_ccy
    # Away from the mark, other than of a perpetual: a tick may be much of an option's price, and a
    # limit a tick short of what was reckoned with would fill nothing.
    raw = max(own.price_mark_ccy + sign * beyond, to_model(terms.tick_ccy))
    limit = max(
        quantise(digits_of(raw), terms.tick_ccy, "up" if sign > 0 else "down"), terms.tick_ccy
    )
    dollars = quantise(
        limit * digits_of(price_paid_usd), Decimal("0.01"), "up" if sign > 0 else "down"
    )
    return max(dollars, Decimal("0.01")), limit
