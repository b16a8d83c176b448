"""Refill every buffer that has run low, along allowed routes, without emptying another.

Accounts are served nearest to liquidation first. How much is missing follows from the rulebook's
own figures: a deposit adds to equity (a lending supply only its threshold's share), a repayment
takes from the requirement. Amounts are exact; needs round up to the route's step, what a source can
give down.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from hedgerow.collateral.records import BufferPolicy, Move, Route, TransferPlan
from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import LoanDebt
from hedgerow.limits import Survey, account_node
from hedgerow.margin import LendingRulebook, MarginReport, Rulebook
from hedgerow.portfolio import Account
from hedgerow.units import quantise, to_exact, to_model

__all__ = ["plan"]

_FACTOR_STEP = Decimal("0.001")
_CENT_USD = Decimal("0.01")
_BPS = 10_000
_RAY = 10**27


@dataclass(slots=True)
class _Standing:
    """One account's figures while moves are being chosen; moves change them."""

    account: Account
    policy: BufferPolicy | None
    equity_ccy: Decimal
    requirement_ccy: Decimal
    requirement_initial_ccy: Decimal
    currency: str
    drawn_coin: dict[str, Decimal]
    repaid_coin: dict[str, Decimal]
    reach: Decimal  # how many times its present headroom the account shall have
    must_open: bool  # whether a hedge is planned here, which needs the initial requirement
    target_headroom_ccy: Decimal = Decimal(0)

    @property
    def use_frac(self) -> Decimal | None:
        return self.requirement_ccy / self.equity_ccy if self.equity_ccy > 0 else None

    def is_low(self, policy: BufferPolicy) -> bool:
        """Whether use is past its trigger, a hedge lacks margin, or liquidation is too near."""
        if self.requirement_ccy == 0:
            return self.equity_ccy < 0
        return (
            self.equity_ccy <= 0
            or self.requirement_ccy > policy.trigger_use_frac * self.equity_ccy
            or self.missing_ccy(Decimal(1)) > 0
        )

    def missing_ccy(self, use_frac: Decimal) -> Decimal:
        """Give the equity missing for a use, for the initial requirement, and for distance."""
        kinds = [self.requirement_ccy / use_frac - self.equity_ccy]
        if self.must_open:
            kinds.append(self.requirement_initial_ccy - self.equity_ccy)
        if self.reach > 1:
            kinds.append(self.target_headroom_ccy - (self.equity_ccy - self.requirement_ccy))
        return max(kinds)


def plan(
    policies: Iterable[BufferPolicy],
    routes: Sequence[Route],
    survey: Survey,
    rulebooks: dict[str, Rulebook],
    in_transit: Sequence[tuple[str, str, Decimal, str]] = (),
    hedged: Mapping[str, Outcome[MarginReport]] = MappingProxyType({}),
    left_usd: Decimal | None = None,
) -> TransferPlan:
    """Find the moves that refill buffers.

    Parameters
    ----------
    routes
        In order of preference for each target; nothing moves along any other way.
    in_transit
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
    standing: dict[str, _Standing] = {}
    for account in survey.book.accounts:
        policy = policy_of.get(account.account_id)
        stands = _stand(account, policy, survey, hedged)
        if isinstance(stands, Failure):
            if account.account_id in policy_of:
                unmet.append(stands)
        else:
            standing[account.account_id] = stands
    for target_id, asset, quantity, use in in_transit:
        if target_id in standing:
            worth = _worth_ccy(standing[target_id], asset, use, survey, rulebooks)
            if not isinstance(worth, Failure):
                _credit(standing[target_id], asset, use, quantity, worth)

    moves: list[Move] = []
    purse = _Purse(left_usd)
    low = [
        stands
        for stands in standing.values()
        if stands.policy is not None and stands.is_low(stands.policy)
    ]
    # Least equity per requirement first: the account nearest to its liquidation is served first.
    for stands in sorted(low, key=lambda s: (_cover(s), s.account.account_id)):
        moves.extend(_refill(stands, routes, standing, survey, rulebooks, unmet, purse))
    return TransferPlan(moves=tuple(moves), unmet=tuple(unmet))


class _Purse:
    """What the budget still allows in transfers today."""

    def __init__(self, left_usd: Decimal | None) -> None:
        self._left_usd = left_usd

        self.is_short = False

    @property
    def is_bounded(self) -> bool:
        return self._left_usd is not None

    def pay_coin(self, wanted_coin: Decimal, price_usd: Decimal, step_coin: Decimal) -> Decimal:
        """Pay for as much of what is wanted as there is budget for, and give that."""
        if self._left_usd is None:
            return wanted_coin
        most = quantise(max(self._left_usd, Decimal(0)) / price_usd, step_coin, "down")
        self.is_short = self.is_short or most < wanted_coin
        paid = min(wanted_coin, most)
        self._left_usd -= paid * price_usd
        return paid


def _stand(
    account: Account,
    policy: BufferPolicy | None,
    survey: Survey,
    hedged: Mapping[str, Outcome[MarginReport]],
) -> Outcome[_Standing]:
    stands = _Standing(
        account=account,
        policy=policy,
        equity_ccy=Decimal(0),
        requirement_ccy=Decimal(0),
        requirement_initial_ccy=Decimal(0),
        currency=account.currency,
        drawn_coin={},
        repaid_coin={},
        reach=Decimal(1),
        must_open=False,
    )
    if account.rulebook is None:
        return stands
    node = account_node(account)
    now = survey.reports[node]
    after = hedged.get(node, now)
    for report in (now, after):
        if isinstance(report, Failure):
            return Failure(
                subject=account.account_id,
                reason=report.reason,
                message=f"requirement unknown, buffer cannot be judged: {report.message}",
            )
    assert not isinstance(now, Failure)
    assert not isinstance(after, Failure)
    # The worse of before and after a hedge: it may be filled, or refused.
    stands.equity_ccy = min(now.equity_ccy, after.equity_ccy)
    stands.requirement_ccy = max(now.requirement_maintenance_ccy, after.requirement_maintenance_ccy)
    stands.requirement_initial_ccy = max(now.requirement_initial_ccy, after.requirement_initial_ccy)
    stands.currency = now.currency
    stands.must_open = node in hedged
    stands.reach = _reach(account, survey)
    stands.target_headroom_ccy = stands.reach * max(now.headroom_ccy, Decimal(0))
    return stands


def _reach(account: Account, survey: Survey) -> Decimal:
    """Give by what factor headroom must grow to leave a hard distance limit for the soft one.

    Headroom is about proportional to distance, so an account that breaks after 5 % and shall after
    15 % needs three times its headroom. One where no hard distance limit is broken.
    """
    factor = Decimal(1)
    for state in survey.limits:
        is_own = state.node == account_node(account) and state.metric == "distance_spot_frac"
        if is_own and state.rung == "hard" and state.value_frac_or_usd:
            wanted = to_exact(state.soft_frac_or_usd / state.value_frac_or_usd, _FACTOR_STEP, "up")
            factor = max(factor, wanted)
    return factor


def _cover(stands: _Standing) -> Decimal:
    """Give equity per requirement; an account that only owes has none."""
    if stands.requirement_ccy == 0:
        return Decimal("-Infinity")
    return stands.equity_ccy / stands.requirement_ccy


def _refill(
    target: _Standing,
    routes: Sequence[Route],
    standing: dict[str, _Standing],
    survey: Survey,
    rulebooks: dict[str, Rulebook],
    unmet: list[Failure],
    purse: "_Purse",
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
        worth = _worth_ccy(target, route.asset, route.use, survey, rulebooks)
        if isinstance(worth, Failure):
            unmet.append(worth)
            continue
        wanted = quantise(_missing_ccy(target, target.policy, route) / worth, route.step_coin, "up")
        quantity = min(wanted, _spare_coin(source, route))
        if route.use == "repay":
            owed = _owed_coin(target, route.asset, survey)
            quantity = min(quantity, quantise(owed, route.step_coin, "down"))
        if quantity <= 0:
            continue
        price_usd = Decimal(0)
        if route.fee_coin > 0 or purse.is_bounded:
            price = survey.snapshot.asset(route.asset)
            if isinstance(price, Failure):
                unmet.append(price)
                continue
            # As the guards count it: a cent too much rather than too little.
            price_usd = to_exact(price.price_usd, _CENT_USD, "up")
        quantity = purse.pay_coin(quantity, price_usd, route.step_coin)
        if quantity <= 0:
            continue
        fee_usd = to_model(route.fee_coin * price_usd)
        before = target.use_frac
        _credit(target, route.asset, route.use, quantity, worth)
        _draw(source, route, quantity)
        moves.append(
            Move(
                route=route,
                quantity_coin=quantity,
                use_before_frac=before,
                use_after_frac=target.use_frac,
                cost_expected_usd=fee_usd,
            )
        )
    if not _is_filled(target, target.policy):
        use = target.use_frac
        shown = "unknown (no equity)" if use is None else f"{use:.1%}"
        unmet.append(
            Failure(
                subject=target.account.account_id,
                reason="no_source",
                message=f"use stays at {shown}, wanted {target.policy.target_use_frac:.1%}: "
                + ("the day's budget is spent" if purse.is_short else "no route has more to give"),
            )
        )
    return moves


def _is_filled(target: _Standing, policy: BufferPolicy) -> bool:
    return target.equity_ccy >= 0 and target.missing_ccy(policy.target_use_frac) <= 0


def _missing_ccy(target: _Standing, policy: BufferPolicy, route: Route) -> Decimal:
    """Give what is missing, in the target's currency, of equity or of repayment."""
    if route.use != "repay":
        return target.missing_ccy(policy.target_use_frac)
    missing = target.requirement_ccy - policy.target_use_frac * target.equity_ccy
    if target.reach > 1:
        headroom = target.equity_ccy - target.requirement_ccy
        missing = max(missing, target.target_headroom_ccy - headroom)
    return missing


def _worth_ccy(
    target: _Standing, asset: str, use: str, survey: Survey, rulebooks: dict[str, Rulebook]
) -> Outcome[Decimal]:
    """Give what one coin of an asset does for the target, in the target's currency."""
    if use == "balance":
        if asset == target.currency:
            return Decimal(1)
        return Failure(
            subject=target.account.account_id,
            reason="unsupported",
            message=f"{asset} does not count as collateral in {target.currency} here",
        )
    rulebook = rulebooks.get(target.account.rulebook or "")
    if not isinstance(rulebook, LendingRulebook) or asset not in rulebook.reserves:
        return Failure(
            subject=target.account.account_id,
            reason="unsupported",
            message=f"{asset} cannot be used to {use} here",
        )
    price = survey.snapshot.oracle_usd(asset)
    if isinstance(price, Failure):
        return price
    if use == "repay":
        return price
    return price * rulebook.reserves[asset].liquidation_threshold_bps / _BPS


def _owed_coin(target: _Standing, asset: str, survey: Survey) -> Decimal:
    """Give what the target still owes of one asset; a repayment can do no more than that."""
    owed = -target.repaid_coin.get(asset, Decimal(0))
    for position in target.account.positions:
        terms = survey.book.instrument(position.instrument_id)
        if isinstance(terms, LoanDebt) and terms.asset == asset:
            index = survey.snapshot.lending(terms.market, asset)
            if not isinstance(index, Failure):
                owed -= position.quantity_contracts * index.borrow_index_ray / _RAY
    return max(owed, Decimal(0))


def _spare_coin(source: _Standing, route: Route) -> Decimal:
    """Give what the source can spare of the route's asset, its own buffer and the fee left in."""
    held = source.account.balance_coin(route.asset) - source.drawn_coin.get(route.asset, Decimal(0))
    spare = held - route.fee_coin
    if source.account.rulebook is not None:
        # Venues let withdraw only what stays above the initial requirement; we also keep our own
        # buffer, at the use we would refill the source to.
        keep = source.requirement_initial_ccy
        if source.policy is not None:
            keep = max(keep, source.requirement_ccy / source.policy.target_use_frac)
        free = source.equity_ccy - keep
        if route.asset != source.currency:
            free = Decimal(0)
        spare = min(spare, free - route.fee_coin)
    return quantise(max(spare, Decimal(0)), route.step_coin, "down")


def _credit(target: _Standing, asset: str, use: str, quantity: Decimal, worth_ccy: Decimal) -> None:
    if use == "repay":
        target.repaid_coin[asset] = target.repaid_coin.get(asset, Decimal(0)) + quantity
        target.requirement_ccy = max(Decimal(0), target.requirement_ccy - quantity * worth_ccy)
    else:
        target.equity_ccy += quantity * worth_ccy


def _draw(source: _Standing, route: Route, quantity: Decimal) -> None:
    total = quantity + route.fee_coin
    drawn = source.drawn_coin.get(route.asset, Decimal(0))
    source.drawn_coin[route.asset] = drawn + total
    if source.account.rulebook is not None:
        source.equity_ccy -= total
