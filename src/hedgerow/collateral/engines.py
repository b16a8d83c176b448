"""Ask the margin engines what transfers do to an account: to the last digit, or as a curve.

What a coin is worth as collateral is not a table of ours: the account's own rules are asked at
several amounts, so that discounts by tiers, caps, portfolio offsets, thresholds of lending markets
and repayments all come out as they count. Between two amounts the curve is the chord, which lies
below whatever bends down, and where it bends up the flatter slope goes on: never more than the
engine says, wherever it was asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from hedgerow.collateral.problem import Tier
from hedgerow.errors import Failure, Outcome
from hedgerow.limits import Survey, Use, arrived
from hedgerow.margin import MarginReport, Rulebook, require, terms_of
from hedgerow.market import NO_SHOCK, Shock
from hedgerow.portfolio import Account, with_balance
from hedgerow.units import to_model

__all__ = ["NOW", "Asked", "Changes", "Measure", "Point", "tiers_of"]

# The scenario that is no scenario.
NOW = "now"
Changes: TypeAlias = tuple[tuple[str, Use, Decimal], ...]  # asset, use, coins
# A chord misses at most a 512th of what the way is worth; one more asks twice for each bend.
_DEPTH_COUNT = 6
# A stretch bent by less, over what it gains, is straight: above the last bits of a float (1e-16 of
# what an account is worth, of which a stretch may be a millionth), below any tier of a haircut.
_STRAIGHT_FRAC = 1e-9
# Where answers end is found to a 65,536th of the way: of 4,000 coins, to a sixteenth of one.
_HALVINGS_COUNT = 16


class Point(NamedTuple):
    """So many coins more, or less where negative, and what they do to a level."""

    coin: Decimal
    level_ccy: Decimal


@dataclass(frozen=True, slots=True)
class Measure:
    """What is read off a report: equity above a multiple of a requirement."""

    is_initial: bool
    use_frac: Decimal

    def level_ccy(self, report: MarginReport) -> Decimal:
        """Give equity above the requirement at this use; negative where there is not enough."""
        return report.equity_ccy - self.wanted_ccy(report)

    def wanted_ccy(self, report: MarginReport) -> Decimal:
        """Give the equity that is wanted."""
        if self.is_initial:
            return report.requirement_initial_ccy
        return report.requirement_maintenance_ccy / self.use_frac


@dataclass(slots=True, eq=False)
class Asked:
    """The engines of a desk, now and in scenarios; what was asked once is not asked again."""

    survey: Survey
    rulebooks: Mapping[str, Rulebook]
    scenarios: Mapping[str, Shock]
    _kept: dict[tuple[str, str, Changes], Outcome[MarginReport]] = field(default_factory=dict)

    def report(
        self, account: Account, changes_coin: Changes, scenario: str = NOW
    ) -> Outcome[MarginReport]:
        """Give what an account must hold once some coins have come, or (negative) gone."""
        key = (account.account_id, scenario, tuple(each for each in changes_coin if each[2] != 0))
        if key not in self._kept:
            self._kept[key] = self._required(account, key[2], scenario)
        return self._kept[key]

    def _required(
        self, account: Account, changes_coin: Changes, scenario: str
    ) -> Outcome[MarginReport]:
        rulebook = self.rulebooks.get(account.rulebook or "")
        if rulebook is None:
            return Failure(
                subject=account.account_id,
                reason="missing_data",
                message=f"rulebook {account.rulebook} is not at hand",
            )
        terms, now = self.survey.book.terms, self.survey.snapshot
        market = terms_of(rulebook).market
        changed: Outcome[Account] = account
        for asset, use, coin in changes_coin:
            assert not isinstance(changed, Failure)
            if use == "balance":
                changed = with_balance(changed, asset, coin)
            else:
                changed = arrived(changed, asset, use, coin, now, terms, market=market)
            if isinstance(changed, Failure):
                return changed
        assert not isinstance(changed, Failure)
        snapshot = now.shocked(self.scenarios.get(scenario, NO_SHOCK))
        return require(changed, terms, snapshot, rulebook)

    def curve(
        self,
        account: Account,
        asset: str,
        use: Use,
        *,
        out_coin: Decimal,
        in_coin: Decimal,
        measure: Measure,
        scenario: str,
        also_coin: tuple[Decimal, ...] = (),
    ) -> Outcome[list[Point]]:
        """Give what changes of one pile do to a level: points from all out to all in.

        They end earlier where the engine has no answer beyond, as where a discount is known only up
        to an amount; a failure where it has none at all.

        Parameters
        ----------
        out_coin, in_coin
            How much may leave the pile and how much may come, neither of them negative.
        also_coin
            Changes at which to ask besides: what leaves is negative, as a `Point` has it.
        """
        gained_ccy: dict[Decimal, Decimal] = {}
        now = self.report(account, (), scenario)
        if isinstance(now, Failure):
            return now

        def at(coin: Decimal) -> Outcome[Decimal]:
            if coin not in gained_ccy:
                report = self.report(account, ((asset, use, coin),), scenario)
                if isinstance(report, Failure):
                    return report
                gained_ccy[coin] = measure.level_ccy(report) - measure.level_ccy(now)
            return gained_ccy[coin]

        low_coin, high_coin = (_reached(at, end) for end in (-out_coin, in_coin))
        ends = [
            each
            for each in sorted({low_coin, Decimal(0), high_coin, *also_coin})
            if low_coin <= each <= high_coin
        ]
        pieces = [(near, far, 0) for near, far in pairwise(ends)]
        for coin in ends:
            level = at(coin)
            if isinstance(level, Failure):
                return level
        while pieces:
            near, far, depth = pieces.pop()
            middle = (near + far) / 2
            level = at(middle)
            if isinstance(level, Failure):
                return level
            chord = (gained_ccy[near] + gained_ccy[far]) / 2
            bent = abs(to_model(level - chord))
            if bent > _STRAIGHT_FRAC * max(1.0, abs(to_model(gained_ccy[far] - gained_ccy[near]))):
                if depth < _DEPTH_COUNT:
                    pieces += [(near, middle, depth + 1), (middle, far, depth + 1)]
            else:
                del gained_ccy[middle]
        return [Point(coin, level) for coin, level in sorted(gained_ccy.items())]


def _reached(at: Callable[[Decimal], Outcome[Decimal]], end_coin: Decimal) -> Decimal:
    """Give how far towards an end there are answers, to a small part of the way."""
    if not isinstance(at(end_coin), Failure):
        return end_coin
    known, unknown = Decimal(0), end_coin
    for _ in range(_HALVINGS_COUNT):
        middle = (known + unknown) / 2
        if isinstance(at(middle), Failure):
            unknown = middle
        else:
            known = middle
    return known


def tiers_of(points: Sequence[Point]) -> tuple[tuple[Tier, ...], Decimal | None]:
    """Write a curve as tiers that never count more than it, and say from where on it falls.

    Returns
    -------
    tiers, most_coin
        Tiers from the first point on. Beyond `most_coin` more would harm; None where it never does.
    """
    pieces = [(near.coin >= 0, far.coin - near.coin, near, far) for near, far in pairwise(points)]
    coming: list[Tier] = []
    most_coin, flattest, reached_coin = None, None, Decimal(0)
    for is_coming, width_coin, near, far in pieces:
        if not is_coming or most_coin is not None:
            continue
        slope = _slope(near, far)
        flattest = slope if flattest is None else min(flattest, slope)
        if flattest < 0:
            most_coin = reached_coin
        else:
            coming.append(
                Tier(width_coin=to_model(width_coin), worth_ccy_per_coin=to_model(flattest))
            )
            reached_coin += width_coin
    steepest = coming[0].worth_ccy_per_coin if coming else 0.0
    going: list[Tier] = []
    for is_coming, width_coin, near, far in reversed(pieces):
        if not is_coming:
            steepest = max(steepest, to_model(_slope(near, far)))
            going.append(Tier(width_coin=to_model(width_coin), worth_ccy_per_coin=steepest))
    return (*reversed(going), *coming), most_coin


def _slope(near: Point, far: Point) -> Decimal:
    """Give what each coin between two points counts for."""
    return (far.level_ccy - near.level_ccy) / (far.coin - near.coin)
