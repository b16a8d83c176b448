"""Refill every buffer that has run low, along allowed routes, without emptying another.

Accounts are served nearest to liquidation first. How much is missing follows from the rulebook's
own figures: a deposit adds to equity (a lending supply only its threshold's share), a repayment
takes from the requirement. Amounts are exact; needs round up to the route's step, what a source can
give down.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.collateral.records import BufferPolicy, Move, Route, TransferPlan
from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import LoanDebt
from hedgerow.limits import Survey, account_node
from hedgerow.margin import LendingRulebook, MarginReport, Rulebook
from hedgerow.portfolio import Account
from hedgerow.units import quantise, to_model

__all__ = ["plan"]

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

    @property
    def use_frac(self) -> Decimal | None:
        return self.requirement_ccy / self.equity_ccy if self.equity_ccy > 0 else None

    def is_low(self, policy: BufferPolicy) -> bool:
        if self.requirement_ccy == 0:
            return self.equity_ccy < 0
        return self.equity_ccy <= 0 or self.requirement_ccy > (
            policy.trigger_use_frac * self.equity_ccy
        )


def plan(
    policies: Iterable[BufferPolicy],
    routes: Sequence[Route],
    survey: Survey,
    rulebooks: dict[str, Rulebook],
    in_transit: Sequence[tuple[str, str, Decimal, str]] = (),
) -> TransferPlan:
    """Find the moves that refill buffers.

    Parameters
    ----------
    routes
        In order of preference for each target; nothing moves along any other way.
    in_transit
        ``(target account, asset, quantity_coin, use)`` already on the way, counted as arrived so
        that the same hole is not filled twice.
    """
    policy_of = {policy.account_id: policy for policy in policies}
    unmet: list[Failure] = []
    standing: dict[str, _Standing] = {}
    for account in survey.book.accounts:
        stands = _stand(account, policy_of.get(account.account_id), survey)
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
    low = [
        stands
        for stands in standing.values()
        if stands.policy is not None and stands.is_low(stands.policy)
    ]
    # Least equity per requirement first: the account nearest to its liquidation is served first.
    for stands in sorted(low, key=lambda s: (_cover(s), s.account.account_id)):
        moves.extend(_refill(stands, routes, standing, survey, rulebooks, unmet))
    return TransferPlan(moves=tuple(moves), unmet=tuple(unmet))


def _stand(account: Account, policy: BufferPolicy | None, survey: Survey) -> Outcome[_Standing]:
    if account.rulebook is None:
        report: Outcome[MarginReport] | None = None
    else:
        report = survey.reports[account_node(account)]
    if isinstance(report, Failure):
        return Failure(
            subject=account.account_id,
            reason=report.reason,
            message=f"requirement unknown, buffer cannot be judged: {report.message}",
        )
    return _Standing(
        account=account,
        policy=policy,
        equity_ccy=Decimal(0) if report is None else report.equity_ccy,
        requirement_ccy=Decimal(0) if report is None else report.requirement_maintenance_ccy,
        requirement_initial_ccy=Decimal(0) if report is None else report.requirement_initial_ccy,
        currency=account.currency if report is None else report.currency,
        drawn_coin={},
        repaid_coin={},
    )


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
        fee_usd = _fee_usd(route, survey)
        if isinstance(fee_usd, Failure):
            unmet.append(fee_usd)
            continue
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
                "no route has more to give",
            )
        )
    return moves


def _is_filled(target: _Standing, policy: BufferPolicy) -> bool:
    return target.requirement_ccy <= policy.target_use_frac * target.equity_ccy


def _missing_ccy(target: _Standing, policy: BufferPolicy, route: Route) -> Decimal:
    """Give what is missing, in the target's currency, of equity or of repayment."""
    if route.use == "repay":
        return target.requirement_ccy - policy.target_use_frac * target.equity_ccy
    return target.requirement_ccy / policy.target_use_frac - target.equity_ccy


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


def _fee_usd(route: Route, survey: Survey) -> Outcome[float]:
    if route.fee_coin == 0:
        return 0.0
    price = survey.snapshot.asset(route.asset)
    if isinstance(price, Failure):
        return price
    return to_model(route.fee_coin) * price.price_usd
