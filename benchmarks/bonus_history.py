"""Which liquidation bonus stood when, learnt from liquidations alone and never from later ones.

Governance changes bonuses, and a rulebook knows one day. A liquidation shows the bonus it was paid:
what was seized over what was repaid, both at the protocol's prices. That ratio is a whole number of
basis points unless one of the recorded prices is not the one that was used, so a ratio that is not
whole shows nothing. One that is whole by chance does not move a history either: a bonus is believed
once so many events in a row, of different moments, show it. It then holds from the next moment on,
so that no event is ever explained by itself or by what came after.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

import msgspec

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.margin.liquidation_call import LiquidationCall

__all__ = [
    "CONFIRMATIONS_COUNT",
    "BonusHistory",
    "learn_bonuses",
    "shown_bonus_bps",
]

# Two: one price that fits by chance is common among thousands of events, two in a row are not.
CONFIRMATIONS_COUNT = 2

_BPS = 10_000
# A whole number to a hundredth of a basis point: a millionth of the ratio. Amounts in smallest
# units and prices with many digits give it far better; chance hits it once in fifty.
_WHOLE_BPS = Fraction(1, 100)


class BonusHistory(msgspec.Struct, frozen=True, kw_only=True):
    """The bonuses of one collateral: each is known after its time, until the next one is.

    Attributes
    ----------
    times_ns
        Of the events by which each bonus was believed; rising.
    bonuses_bps
        As many, 10,500 for a bonus of 5 %.
    """

    collateral: str
    times_ns: tuple[int, ...]
    bonuses_bps: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.times_ns) != len(self.bonuses_bps):
            raise ValueError(
                f"a bonus for each time, were {len(self.bonuses_bps)} for {len(self.times_ns)}"
            )
        if list(self.times_ns) != sorted(set(self.times_ns)):
            raise ValueError(f"times_ns must rise, were {self.times_ns}")

    def bonus_bps(self, time_ns: int) -> Outcome[int]:
        """Give the bonus that events before this time had shown; a `Failure` where none had."""
        at = bisect_left(self.times_ns, time_ns)
        if at == 0:
            return Failure(
                subject=self.collateral,
                reason="missing_data",
                message="too few earlier liquidations show its bonus",
            )
        return self.bonuses_bps[at - 1]


def shown_bonus_bps(call: LiquidationCall) -> int | None:
    """Give the bonus a liquidation shows, or None where it shows none.

    None where its ratio is not whole to a hundredth of a basis point, or not above 10,000: the
    protocol accepts no bonus that takes less than was repaid.
    """
    ratio_bps = call.ratio_bps()
    # To the nearest, since it is measured and not owed; a half would be no whole number anyway.
    whole_bps = round(ratio_bps)
    is_whole = abs(ratio_bps - whole_bps) <= _WHOLE_BPS
    return whole_bps if is_whole and whole_bps > _BPS else None


def learn_bonuses(
    calls: Iterable[LiquidationCall], *, confirmations_count: int = CONFIRMATIONS_COUNT
) -> Mapping[str, BonusHistory]:
    """Learn the bonuses of every collateral that events show, by collateral.

    Parameters
    ----------
    calls
        In order of time.
    confirmations_count
        How many events in a row must show a bonus before it is believed, those that show nothing
        left out. Events of one moment share their prices and count once.

    Raises
    ------
    OutOfDomain
        If time runs backwards or no confirmation is asked for.
    """
    if confirmations_count < 1:
        raise OutOfDomain(f"confirmations_count must be at least 1, was {confirmations_count}")
    shown: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    last_ns: int | None = None
    for call in calls:
        if last_ns is not None and call.time_ns < last_ns:
            raise OutOfDomain(f"liquidations must be in order of time, {call.time_ns} is too late")
        last_ns = call.time_ns
        bonus_bps = shown_bonus_bps(call)
        moments = shown[call.collateral]
        if bonus_bps is not None and (not moments or moments[-1][0] != call.time_ns):
            moments.append((call.time_ns, bonus_bps))
    return {
        collateral: _believed(collateral, moments, confirmations_count)
        for collateral, moments in shown.items()
    }


def _believed(
    collateral: str, moments: list[tuple[int, int]], confirmations_count: int
) -> BonusHistory:
    changes: list[tuple[int, int]] = []
    run_count, run_bps = 0, 0
    for time_ns, bonus_bps in moments:
        run_count = run_count + 1 if bonus_bps == run_bps else 1
        run_bps = bonus_bps
        is_news = not changes or changes[-1][1] != bonus_bps
        if run_count >= confirmations_count and is_news:
            changes.append((time_ns, bonus_bps))
    return BonusHistory(
        collateral=collateral,
        times_ns=tuple(time_ns for time_ns, _ in changes),
        bonuses_bps=tuple(bonus_bps for _, bonus_bps in changes),
    )
