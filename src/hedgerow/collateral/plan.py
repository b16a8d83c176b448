"""Refill every buffer that has run low, along allowed routes, without emptying another.

Accounts are served nearest to liquidation first. How much is missing follows from the rulebook's
own figures: a deposit adds to equity (a lending supply only its threshold's share), a repayment
takes from the requirement. Amounts are exact; needs round up to the route's step, what a source can
give down.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from hedgerow.collateral.records import BufferPolicy, Move, Route, TransferPlan
from hedgerow.collateral.standing import (
    Purse,
    Standing,
    cover,
    credit,
    draw,
    owed_coin,
    spare_coin,
    standing_of,
    why_short,
)
from hedgerow.errors import Failure, Outcome
from hedgerow.limits import Survey, account_node
from hedgerow.margin import MarginReport, Rulebook, VenueTerms, require, terms_of
from hedgerow.portfolio import with_balance
from hedgerow.units import CENT_USD, percent, quantise, to_exact, to_model

__all__ = ["plan"]


def plan(
    policies: Iterable[BufferPolicy],
    routes: Sequence[Route],
    survey: Survey,
    rulebooks: dict[str, Rulebook],
    in_transit_coin: Sequence[tuple[str, str, Decimal, str]] = (),
    hedged: Mapping[str, Outcome[MarginReport]] = MappingProxyType({}),
    left_usd: Decimal | None = None,
) -> TransferPlan:
    """Find the moves that refill buffers.

    Parameters
    ----------
    routes
        In order of preference for each target; nothing moves along any other way.
    in_transit_coin
        ``(target account, asset, quantity_coin, use)`` already on the way, counted as arrived so
        that the same hole is not filled twice.
    hedged
        Requirements as they would be after hedges planned beside this, by node of the accounts
        that trade; those are filled up to their initial requirement too, or the hedge is refused.
    left_usd
        What the budget still allows in transfers today; moves are cut to fit. None is no cap.
    """
    policy_of = {policy.account_id: policy for policy in policies}
    unmet: list[Failure] = []
    standing: dict[str, Standing] = {}
    for account in survey.book.accounts:
        policy = policy_of.get(account.account_id)
        stands = standing_of(account, policy, survey, hedged)
        if isinstance(stands, Failure):
            if account.account_id in policy_of:
                unmet.append(stands)
        else:
            standing[account.account_id] = stands
    for target_id, asset, quantity, use in in_transit_coin:
        if target_id in standing:
            worth = _worth_ccy(standing[target_id], asset, use, quantity, survey, rulebooks)
            if not isinstance(worth, Failure):
                credit(standing[target_id], asset, use, quantity, worth)

    moves: list[Move] = []
    purse = Purse(left_usd)
    low = [
        stands
        for stands in standing.values()
        if stands.policy is not None and stands.is_low(stands.policy)
    ]
    # Least equity per requirement first: the account nearest to its liquidation is served first.
    for stands in sorted(low, key=lambda s: (cover(s), s.account.account_id)):
        moves.extend(_refill(stands, routes, standing, survey, rulebooks, unmet, purse))
    return TransferPlan(moves=tuple(moves), unmet=tuple(unmet))


def _refill(
    target: Standing,
    routes: Sequence[Route],
    standing: dict[str, Standing],
    survey: Survey,
    rulebooks: dict[str, Rulebook],
    unmet: list[Failure],
    purse: Purse,
) -> list[Move]:
    """Draw on the target's routes in order until it reaches its target use."""
    assert target.policy is not None
    moves: list[Move] = []
    for route in routes:
        if route.target_account_id != target.account.account_id:
            continue
        source = standing.get(route.source_account_id)
        if source is None or _is_filled(target, target.policy):
            continue
        move = _moved(target, target.policy, source, route, survey, rulebooks, purse)
        if isinstance(move, Failure):
            unmet.append(move)
        elif move is not None:
            moves.append(move)
    if not _is_filled(target, target.policy):
        use = target.use_frac
        shown = "unknown (no equity)" if use is None else percent(use)
        unmet.append(
            Failure(
                subject=target.account.account_id,
                reason="no_source",
                message=f"use stays at {shown}, wanted {percent(target.policy.target_use_frac)}: "
                + ("the day's budget is spent" if purse.is_short else why_short(target, routes)),
            )
        )
    return moves


def _moved(
    target: Standing,
    policy: BufferPolicy,
    source: Standing,
    route: Route,
    survey: Survey,
    rulebooks: dict[str, Rulebook],
    purse: Purse,
) -> Outcome[Move | None]:
    """Move along one route what the target lacks and the source can spare; None where nothing."""
    missing = _missing_ccy(target, policy, route)
    worth = _worth_ccy(target, route.asset, route.use, Decimal(1), survey, rulebooks)
    if not isinstance(worth, Failure):
        # Under a cap or a discount more of a coin counts for less: asked again for all of it.
        wanted = quantise(missing / worth, route.step_coin, "up")
        worth = _worth_ccy(target, route.asset, route.use, wanted, survey, rulebooks)
    if isinstance(worth, Failure):
        return worth
    wanted = quantise(missing / worth, route.step_coin, "up")
    quantity = min(wanted, spare_coin(source, route))
    if route.use == "repay":
        owed = owed_coin(target, route.asset, survey, rulebooks)
        if isinstance(owed, Failure):
            return owed
        quantity = min(quantity, quantise(owed, route.step_coin, "down"))
    if quantity <= 0:
        return None
    price_usd = Decimal(0)
    if route.fee_coin > 0 or purse.is_bounded:
        price = survey.snapshot.asset(route.asset)
        if isinstance(price, Failure):
            return price
        # As the guards count it: a cent too much rather than too little.
        price_usd = to_exact(price.price_usd, CENT_USD, "up")
    quantity = purse.pay_coin(quantity, price_usd, route.step_coin)
    if quantity <= 0:
        return None
    before = target.use_frac
    credit(target, route.asset, route.use, quantity, worth)
    draw(source, route, quantity)
    return Move(
        route=route,
        quantity_coin=quantity,
        use_before_frac=before,
        use_after_frac=target.use_frac,
        cost_expected_usd=to_model(route.fee_coin * price_usd),
    )


def _is_filled(target: Standing, policy: BufferPolicy) -> bool:
    return target.equity_ccy >= 0 and target.missing_ccy(policy.target_use_frac) <= 0


def _missing_ccy(target: Standing, policy: BufferPolicy, route: Route) -> Decimal:
    """Give what is missing, in the target's currency, of equity or of repayment."""
    if route.use != "repay":
        return target.missing_ccy(policy.target_use_frac)
    missing = target.requirement_ccy - policy.target_use_frac * target.equity_ccy
    if target.reach_frac > 1:
        headroom = target.equity_ccy - target.requirement_ccy
        missing = max(missing, target.target_headroom_ccy - headroom)
    return missing


def _worth_ccy(
    target: Standing,
    asset: str,
    use: str,
    quantity_coin: Decimal,
    survey: Survey,
    rulebooks: dict[str, Rulebook],
) -> Outcome[Decimal]:
    """Give what each of so many coins of an asset does for the target, in its currency."""
    rulebook = rulebooks.get(target.account.rulebook or "")
    if use == "balance":
        return _counted_ccy(target, asset, quantity_coin, survey, rulebook)
    terms = None if rulebook is None else terms_of(rulebook)
    threshold_frac = None if terms is None else terms.threshold_frac.get(asset)
    if terms is None or threshold_frac is None or (use != "repay" and threshold_frac == 0):
        return Failure(
            subject=target.account.account_id,
            reason="unsupported",
            message=f"{asset} cannot be used to {use} here",
        )
    price = _price_ccy(asset, target.currency, terms, survey)
    if isinstance(price, Failure) or use == "repay":
        return price
    return price * threshold_frac


def _counted_ccy(
    target: Standing, asset: str, quantity_coin: Decimal, survey: Survey, rulebook: Rulebook | None
) -> Outcome[Decimal]:
    """Ask the account's own rules what a deposit adds to its headroom, each coin of it."""
    account = target.account
    if rulebook is None and asset == target.currency:
        return Decimal(1)
    if rulebook is None or not terms_of(rulebook).counts(asset, account.currency):
        return Failure(
            subject=account.account_id,
            reason="unsupported",
            message=f"{asset} does not count as collateral in {target.currency} here",
        )
    before = survey.reports[account_node(account)]
    instruments = {terms.instrument_id: terms for terms in survey.book.instruments}
    filled = with_balance(account, asset, quantity_coin)
    after = require(filled, instruments, survey.snapshot, rulebook)
    for report in (before, after):
        if isinstance(report, Failure):
            return report
    assert not isinstance(before, Failure)
    assert not isinstance(after, Failure)
    added_ccy = after.headroom_ccy - before.headroom_ccy
    if target.must_open:
        initial_ccy = after.requirement_initial_ccy - before.requirement_initial_ccy
        added_ccy = min(added_ccy, after.equity_ccy - before.equity_ccy - initial_ccy)
    if added_ccy <= 0:
        return Failure(
            subject=account.account_id,
            reason="unsupported",
            message=f"more {asset} adds nothing to what counts under {rulebook.name}",
        )
    return added_ccy / quantity_coin


def _price_ccy(asset: str, currency: str, terms: VenueTerms, survey: Survey) -> Outcome[Decimal]:
    """Give what the lending market takes one coin for, in the currency it counts in."""
    price, unit = (
        Decimal(1) if each == "USD" or each in terms.at_par else survey.snapshot.oracle_usd(each)
        for each in (asset, currency)
    )
    if isinstance(price, Failure) or currency == "USD":
        return price
    return unit if isinstance(unit, Failure) else price / unit
