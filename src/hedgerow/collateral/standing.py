"""How accounts stand while moves between them are being chosen: what each lacks, and can spare.

A deposit adds to equity (a lending supply only its threshold's share), a repayment takes from the
requirement, and what is drawn is gone from its source at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.collateral.records import BufferPolicy, Route
from hedgerow.errors import Failure, Outcome
from hedgerow.limits import METRICS, Survey, account_node, loan_held_coin
from hedgerow.margin import MarginReport, Rulebook
from hedgerow.portfolio import Account
from hedgerow.units import quantise, to_exact

__all__ = [
    "Purse",
    "Standing",
    "cover",
    "credit",
    "draw",
    "owed_coin",
    "spare_coin",
    "standing_of",
    "why_short",
]

_FACTOR_STEP = Decimal("0.001")


@dataclass(slots=True)
class Standing:
    """One account's figures while moves are being chosen; moves change them."""

    account: Account
    policy: BufferPolicy | None
    equity_ccy: Decimal
    requirement_ccy: Decimal
    requirement_initial_ccy: Decimal
    currency: str
    drawn_coin: dict[str, Decimal]
    repaid_coin: dict[str, Decimal]
    reach_frac: Decimal  # how many times its present headroom the account shall have
    must_open: bool  # whether a hedge is planned here, which needs the initial requirement
    target_headroom_ccy: Decimal = Decimal(0)

    @property
    def use_frac(self) -> Decimal | None:
        """Requirement over equity; None without equity."""
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
        if self.reach_frac > 1:
            kinds.append(self.target_headroom_ccy - (self.equity_ccy - self.requirement_ccy))
        return max(kinds)


class Purse:
    """What the budget still allows in transfers today."""

    def __init__(self, left_usd: Decimal | None) -> None:
        self._left_usd = left_usd

        self.is_short = False

    @property
    def is_bounded(self) -> bool:
        """Whether there is a budget at all."""
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


def standing_of(
    account: Account,
    policy: BufferPolicy | None,
    survey: Survey,
    hedged: Mapping[str, Outcome[MarginReport]],
) -> Outcome[Standing]:
    """Give how an account stands now, at the worse of before and after a hedge planned for it.

    Returns
    -------
    Standing or Failure
        The failure of its requirement, before or after: then its buffer cannot be judged.
    """
    stands = Standing(
        account=account,
        policy=policy,
        equity_ccy=Decimal(0),
        requirement_ccy=Decimal(0),
        requirement_initial_ccy=Decimal(0),
        currency=account.currency,
        drawn_coin={},
        repaid_coin={},
        reach_frac=Decimal(1),
        must_open=False,
    )
    node = account_node(account)
    if account.rulebook is None and node not in survey.reports:
        return stands
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
    stands.reach_frac = _reach(account, survey)
    stands.target_headroom_ccy = stands.reach_frac * max(now.headroom_ccy, Decimal(0))
    return stands


def _reach(account: Account, survey: Survey) -> Decimal:
    """Give by what factor headroom must grow to leave a hard distance limit for the soft one.

    Headroom is about proportional to distance, so an account that breaks after 5 % and shall after
    15 % needs three times its headroom. One where no hard distance limit is broken.
    """
    factor = Decimal(1)
    for state in survey.limits:
        is_distance = METRICS[state.metric].mended_by == "distance"
        is_own = state.node == account_node(account) and is_distance
        if is_own and state.rung == "hard" and state.value_frac_usd_or_coin:
            wanted = to_exact(
                state.soft_frac_usd_or_coin / state.value_frac_usd_or_coin, _FACTOR_STEP, "up"
            )
            factor = max(factor, wanted)
    return factor


def cover(stands: Standing) -> Decimal:
    """Give equity per requirement; an account that only owes has none."""
    if stands.requirement_ccy == 0:
        return Decimal("-Infinity")
    return stands.equity_ccy / stands.requirement_ccy


def owed_coin(
    target: Standing, asset: str, survey: Survey, rulebooks: Mapping[str, Rulebook]
) -> Outcome[Decimal]:
    """Give what the target still owes of one asset; a repayment can do no more than that.

    A failure where that is unknown, of which nothing is repaid.
    """
    owed = loan_held_coin(
        target.account, asset, survey.snapshot, survey.book.terms, rulebooks, is_debt=True
    )
    if isinstance(owed, Failure):
        return Failure(
            subject=target.account.account_id,
            reason=owed.reason,
            message=f"nobody knows how much {asset} it owes, so none is repaid: {owed.message}",
        )
    return max(owed - target.repaid_coin.get(asset, Decimal(0)), Decimal(0))


def spare_coin(source: Standing, route: Route) -> Decimal:
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


def credit(
    target: Standing, asset: str, use: str, quantity_coin: Decimal, worth_ccy: Decimal
) -> None:
    """Count a move as arrived: a repayment lowers the requirement, anything else adds equity."""
    if use == "repay":
        target.repaid_coin[asset] = target.repaid_coin.get(asset, Decimal(0)) + quantity_coin
        target.requirement_ccy = max(Decimal(0), target.requirement_ccy - quantity_coin * worth_ccy)
    else:
        target.equity_ccy += quantity_coin * worth_ccy


def draw(source: Standing, route: Route, quantity_coin: Decimal) -> None:
    """Count a move and its fee as gone from its source."""
    total = quantity_coin + route.fee_coin
    drawn = source.drawn_coin.get(route.asset, Decimal(0))
    source.drawn_coin[route.asset] = drawn + total
    if source.account.rulebook is not None:
        source.equity_ccy -= total


def why_short(target: Standing, routes: Sequence[Route]) -> str:
    """Say why routes do not fill an account: none leads there, or none has more to give."""
    name = target.account.account_id
    if any(route.target_account_id == name for route in routes):
        return "no route has more to give"
    return "no route leads to it"
